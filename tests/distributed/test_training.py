"""What several workers of Ray train, one of them killed on the way, is what one process trains."""

from __future__ import annotations

import collections
import functools
import hashlib
import importlib
import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import batchwarp
import worker_loops as loops
from batchwarp import ops

EPOCHS, SAMPLES = 3, 12  # of a step, of all workers together
ENVIRONMENT = {
    "KERAS_BACKEND": "jax",
    "JAX_PLATFORMS": "cpu",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "OMP_NUM_THREADS": "1",
}

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own


@pytest.fixture(scope="module")
def train(ray):
    train = pytest.importorskip("ray.train", reason="it starts the workers")
    ray.cloudpickle.register_pickle_by_value(loops)
    yield train
    ray.cloudpickle.unregister_pickle_by_value(loops)


class Seen:
    """What processes have left in a folder.

    Attributes:
        images: For each pass and step, the images of all workers side by side.
        begun: How often each epoch was begun.
        losses: For each epoch and step, the loss.
        said: For each epoch and step, the loss each time that Keras has named it.
    """

    def __init__(self, folder, workers):
        self.images, self.losses = {}, {}
        self.begun = collections.Counter()
        self.said = collections.defaultdict(list)
        for rank in range(workers):
            images = {}
            for line in (folder / f"{rank}.jsonl").read_text().splitlines():
                entry = json.loads(line)
                if "loss" in entry:
                    self.begun[entry["epoch"]] += entry["step"] == rank == 0
                    self.losses.setdefault((entry["epoch"], entry["step"]), entry["loss"])
                    if rank == 0:
                        self.said[entry["epoch"], entry["step"]].append(entry["loss"])
                    continue
                place = entry["number"], entry["index"]
                # A step that is done again has the same images.
                assert images.setdefault(place, entry["images"]) == entry["images"]
            for place, one in images.items():
                self.images.setdefault(place, []).extend(one)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What one process sees that trains by a loop."""

    @functools.cache
    def run(loop):
        folder = tmp_path_factory.mktemp("alone")
        config = {"folder": str(folder), "batch_size": SAMPLES, "epochs": EPOCHS}
        command = [sys.executable, loops.__file__, loop.__name__, json.dumps(config)]
        subprocess.run(command, check=True, env={**os.environ, **ENVIRONMENT}, timeout=200)
        return Seen(folder, 1)

    return run


def trainer_of(loop):
    if loop is loops.torch_loop:
        return importlib.import_module("ray.train.torch").TorchTrainer
    return importlib.import_module("ray.train.v2.jax").JaxTrainer


def run(train, folder, loop, workers, kill, **options):
    """Trains with some workers, one of which may be killed; returns what they have seen."""
    config = {"folder": str(folder), "batch_size": SAMPLES // workers, "epochs": EPOCHS}
    trainer_of(loop)(
        loop,
        train_loop_config={**config, "kill": kill, **options},
        scaling_config=train.ScalingConfig(num_workers=workers),
        run_config=train.RunConfig(
            storage_path=str(folder / "results"),
            worker_runtime_env={"env_vars": ENVIRONMENT},
            failure_config=train.FailureConfig(max_failures=1 if kill else 0),
        ),
    ).fit()
    assert (folder / "died").exists() == bool(kill)
    return Seen(folder, workers)


def check(seen, wanted):
    assert len(wanted.images) == EPOCHS * loops.STEPS == EPOCHS * loops.IMAGES // SAMPLES
    assert seen.images == wanted.images
    assert seen.losses.keys() == wanted.losses.keys()
    losses = [seen.losses[place] for place in sorted(wanted.losses)]
    np.testing.assert_allclose(losses, [wanted.losses[one] for one in sorted(wanted.losses)], 1e-4)
    assert losses[-1] < losses[0]


# The next test has Keras' loop going on, too.
@pytest.mark.parametrize(
    ("loop", "workers", "kill"),
    [
        (loops.torch_loop, 2, [1, 1, 2]),
        pytest.param(loops.keras_loop, 2, [1, 1, 2], marks=pytest.mark.slow),
        pytest.param(loops.torch_loop, 3, None, marks=pytest.mark.slow),
        pytest.param(loops.keras_loop, 3, None, marks=pytest.mark.slow),
    ],
)
def test_batches_and_losses_are_those_of_one_process(train, alone, tmp_path, loop, workers, kill):
    pytest.importorskip({"keras_loop": "jax", "torch_loop": "torch"}[loop.__name__])
    seen = run(train, tmp_path, loop, workers, kill)
    check(seen, alone(loop))
    # What a checkpoint has is not done again.
    died_in = kill[1] if kill else None
    assert seen.begun == {epoch: 1 + (epoch == died_in) for epoch in range(EPOCHS)}


def test_workers_go_on_within_the_epoch(train, alone, tmp_path):
    pytest.importorskip("jax")
    seen = run(train, tmp_path, loops.keras_loop, 2, [1, 1, 2], every=2)
    check(seen, alone(loops.keras_loop))
    first, saved = (seen.losses[1, step] for step in range(2))
    # The first two steps have passed a second time, and nothing was trained.
    assert seen.said[1, 0] == [first, saved]
    assert seen.said[1, 1] == [saved, saved]
    assert [len(seen.said[1, step]) for step in (2, 3)] == [1, 1]


def test_other_tasks_augment_what_workers_train_on(train, tmp_path):
    pytest.importorskip("torch", reason="the workers train with it")
    data = pytest.importorskip("ray.data", reason="it has the datasets")
    x = np.random.default_rng(1).integers(0, 256, (30, 9, 9, 3), dtype=np.uint8)
    recipe = ops.Affine(rotation=40), ops.Flip(0.5)
    rows = data.from_items([{"image": one, "number": i} for i, one in enumerate(x)])
    augment = batchwarp.ray.Augment(*recipe, seed=7, key_column="number")
    datasets = {
        f"epoch {epoch}": rows.map_batches(
            augment, fn_kwargs={"epoch": epoch}, batch_format="numpy", batch_size=4
        )
        for epoch in range(2)
    }
    trainer_of(loops.torch_loop)(
        loops.data_loop,
        train_loop_config={"folder": str(tmp_path), "epochs": 2},
        scaling_config=train.ScalingConfig(num_workers=2),
        run_config=train.RunConfig(storage_path=str(tmp_path / "results")),
        datasets=datasets,
    ).fit()
    lines = [(tmp_path / f"{rank}.jsonl").read_text().splitlines() for rank in range(2)]
    assert all(lines)  # both have had some
    entries = [json.loads(line) for line in itertools.chain(*lines)]
    plain = batchwarp.Augment(*recipe, seed=7, dtype="uint8")
    for epoch in range(2):
        found = {one["number"]: one["image"] for one in entries if one["epoch"] == epoch}
        wanted = plain(x, keys=range(30), epoch=epoch)
        digests = [hashlib.sha256(image.tobytes()).hexdigest()[:16] for image in wanted]
        assert found == dict(enumerate(digests))
    assert len(entries) == 60
