"""A training that is killed and started again is the one that was not."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from batchwarp import ImageDataGenerator
from batchwarp.callbacks import DataCheckpoint
from batchwarp.callbacks.archive import read_archive, write_archive

PROGRAM = Path(__file__).parent / "killed_training.py"
STEPS, EPOCHS = 6, 3
# How many trainings are killed at random; by hand, 20.
KILLED = int(os.environ.get("BATCHWARP_KILLED", "2"))


def run(folder, **options):
    """Runs the training; returns the exit status."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error::UserWarning",
            PROGRAM,
            json.dumps({"folder": str(folder), **options}),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def seen(folder):
    """The batches that were trained on, in order: for each epoch and step, the latest one."""
    lines = (line.split() for line in (folder / "seen.txt").read_text().splitlines())
    return {(int(epoch), int(step)): digest for epoch, step, digest in lines}


_unbroken = {}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """Function that returns the folder of a training with some options that was not killed."""

    def find(**options):
        key = json.dumps(options)
        if key not in _unbroken:
            folder = tmp_path_factory.mktemp("unbroken")
            assert run(folder, every=1000, **options) == 0
            assert not (folder / "checkpoint").exists()
            assert len(seen(folder)) == STEPS * EPOCHS
            _unbroken[key] = folder
        return _unbroken[key]

    return find


def check(folder, whole, *kills, every, **options):
    """Kills a training at some steps, and compares what it has become in the end."""
    for kill in [*map(list, kills), None]:
        # Before anything was saved, the same program begins in the same way.
        first = not (folder / "checkpoint").exists()
        status = run(folder, kill=kill, every=every, first=first, **options)
        assert status == (-signal.SIGKILL if kill else 0)
    assert seen(folder) == seen(whole)
    weights, wanted = np.load(folder / "weights.npz"), np.load(whole / "weights.npz")
    assert weights.files == wanted.files
    for name in weights.files:
        np.testing.assert_allclose(weights[name], wanted[name], rtol=0, atol=1e-6)
    result, expected = (json.loads((one / "result.json").read_text()) for one in (folder, whole))
    assert result["epoch"] == expected["epoch"]
    assert result["best"] == pytest.approx(expected["best"], abs=1e-6)
    for name, values in expected["history"].items():
        assert result["history"][name] == pytest.approx(values, abs=1e-6)


WAYS = {
    "positions": {"draws": "keras", "operations": False, "dataset": False},
    "keyed positions": {"draws": "keyed", "operations": True, "dataset": False},
    "data set": {"draws": "keras", "operations": True, "dataset": True},
    "workers": {"draws": "keyed", "operations": True, "dataset": False, "workers": 3},
    "in order": {"draws": "keras", "operations": False, "dataset": False, "shuffle": False},
}


@pytest.mark.parametrize(
    ("way", "kills", "every"),
    [
        ("positions", [(1, 3)], 1),
        ("data set", [(1, 4)], 2),
        ("keyed positions", [(0, 5)], 1),
    ],
)
def test_killed(way, kills, every, unbroken, tmp_path):
    options = WAYS[way]
    check(tmp_path / "broken", unbroken(**options), *kills, every=every, **options)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(KILLED))
def test_killed_at_random_steps(number, unbroken, tmp_path):
    chance = random.Random(number)
    options = list(WAYS.values())[number % len(WAYS)]
    kills = sorted(divmod(step, STEPS) for step in chance.sample(range(18), chance.randint(1, 3)))
    every = chance.randint(1, 4)
    check(tmp_path / "broken", unbroken(**options), *kills, every=every, **options)


# In this process.

X = np.random.default_rng(0).integers(0, 256, (10, 4, 4, 1), dtype=np.uint8)
Y = np.arange(10) % 3


def small_model(keras, units=3, *, built=True):
    model = keras.Sequential([keras.Input((4, 4, 1))] if built else [])
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(units))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def small_flow(draws="keyed", seed=0, **arguments):
    return ImageDataGenerator(draws=draws).flow(X, Y, 2, seed=seed, **arguments)


class Stop(Exception):
    """Ends a training as an error would."""


@pytest.fixture
def broken(keras, tmp_path):
    """The file of a training that has ended in the third step of its second epoch."""
    path = tmp_path / "checkpoint"
    flow, epochs = small_flow(), []

    def stop(batch, logs):
        if epochs[-1] == 1 and batch == 2:
            raise Stop

    last = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, *_, **__: epochs.append(epoch), on_train_batch_end=stop
    )
    with pytest.raises(Stop):
        small_model(keras).fit(
            flow, epochs=3, verbose=0, callbacks=[DataCheckpoint(path, flow, every=1), last]
        )
    return path


def steps_of(keras, calls):
    return keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: calls.append((batch, logs["loss"])),
        on_epoch_begin=lambda epoch, _: calls.append(epoch),
    )


def test_what_other_callbacks_see(keras, broken):
    flow, calls = small_flow(), []
    model = small_model(keras)
    checkpoint = DataCheckpoint(broken, flow, every=100)
    history = model.fit(flow, epochs=3, verbose=0, callbacks=[checkpoint, steps_of(keras, calls)])
    steps = [call if isinstance(call, int) else call[0] for call in calls]
    assert steps == [1, 0, 1, 2, 3, 4, 2, 0, 1, 2, 3, 4]
    losses = [call[1] for call in calls[1:6]]
    assert losses[0] == losses[1] == losses[2] != losses[3]
    assert history.epoch == [0, 1, 2]
    assert len(history.history["loss"]) == 3
    assert not broken.exists()
    model.fit(flow, epochs=1, verbose=0, callbacks=[checkpoint, steps_of(keras, calls)])
    assert calls[12] == 0  # another `fit` of the same model begins with its own first epoch


def test_a_file_that_is_kept(keras, tmp_path):
    path, flow = tmp_path / "checkpoint", small_flow()
    checkpoint = DataCheckpoint(str(path), flow, every=7, delete=False)
    small_model(keras).fit(flow, epochs=3, verbose=0, callbacks=[checkpoint])
    content, _ = read_archive(path)
    assert (content["epoch"], content["step"]) == (2, 4)  # 14 of 15 steps
    assert [one.name for one in tmp_path.iterdir()] == ["checkpoint"]


def test_early_stopping(keras, broken):
    flow = small_flow()
    early = keras.callbacks.EarlyStopping("loss")
    with pytest.raises(ValueError, match="`keep` should have as many callbacks as for the save, 0"):
        small_model(keras).fit(
            flow,
            epochs=3,
            verbose=0,
            callbacks=[early, DataCheckpoint(broken, flow, every=1, keep=[early])],
        )


def test_files_of_others(keras, broken):
    def refused(match, model, flow, **arguments):
        before = model.get_weights()
        with pytest.raises(ValueError, match=match):
            model.fit(flow, verbose=0, callbacks=[DataCheckpoint(broken, flow)], **arguments)
        for one, other in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(one, other)

    model = small_model(keras)
    refused("another model: .*kernel was float32 of shape", small_model(keras, 4), small_flow())
    refused("`seed` was 0 and is 1", model, small_flow(seed=1))
    refused(
        "another data set: `labels`",
        model,
        ImageDataGenerator(draws="keyed").flow(X, Y + 1, 2, seed=0),
    )
    refused("an epoch 3", model, small_flow(), steps_per_epoch=3)
    refused("needs a model that is built", small_model(keras, built=False), small_flow())
    broken.write_bytes(broken.read_bytes()[:-100])
    refused("is no checkpoint of batchwarp", model, small_flow())
    write_archive(broken, {"format": 2}, [])
    refused("its format is 2", model, small_flow())


def test_arguments(keras, tmp_path):
    flow = small_flow()
    with pytest.raises(ValueError, match="`path` should be a file in a folder that exists"):
        DataCheckpoint(tmp_path / "nowhere" / "checkpoint", flow)
    with pytest.raises(TypeError, match="`flow` should be a flow as from"):
        DataCheckpoint(tmp_path / "checkpoint", flow.to_tf_dataset())
    with pytest.raises(ValueError, match="`flow` should have a `seed`"):
        DataCheckpoint(tmp_path / "checkpoint", small_flow("keras", None))
    with pytest.raises(ValueError, match="`every` should be an integer of at least 1"):
        DataCheckpoint(tmp_path / "checkpoint", flow, every=0)
    with pytest.raises(ValueError, match="`delete` should be a boolean"):
        DataCheckpoint(tmp_path / "checkpoint", flow, delete="yes")
    assert isinstance(DataCheckpoint(tmp_path / "checkpoint", flow), keras.callbacks.Callback)
    flow = small_flow("keras")
    flow.workers = 2
    with pytest.warns(RuntimeWarning, match="With `workers` above 1 and the draws of Keras"):
        small_model(keras).fit(
            flow, verbose=0, callbacks=[DataCheckpoint(tmp_path / "checkpoint", flow)]
        )


def test_a_disk_that_is_full_leaves_the_old_file(broken, monkeypatch):
    before = broken.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_archive(broken, {}, [np.zeros(3)])
    assert broken.read_bytes() == before
    assert [one.name for one in broken.parent.iterdir()] == [broken.name]


def test_importing_needs_no_keras():
    program = (
        "import sys, batchwarp.callbacks\n"
        "assert not {'keras', 'tensorflow', 'torch', 'jax'} & set(sys.modules)\n"
        "sys.modules['keras'] = None\n"
        "try:\n"
        "    batchwarp.callbacks.DataCheckpoint('x', None)\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "callbacks need Keras, which cannot be imported" in done.stdout
