"""Training as workers of Ray do it, and a single process without it; each leaves what it has seen.

Ray sends these functions by value: its workers need not find this file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

IMAGES, SIZE = 48, 8
STEPS = 4  # of an epoch


def place():
    """Which worker this is, and of how many."""
    if "ray.train" not in sys.modules:
        return 0, 1
    context = sys.modules["ray.train"].get_context()
    return context.get_world_rank(), context.get_world_size()


class Diary:
    """What a process has seen, a line for each batch and each loss, in a file of its own."""

    def __init__(self, config):
        self.folder = Path(config["folder"])
        self.rank, _ = place()
        self.kill = config.get("kill")
        self.every = config.get("every")

    def write(self, **entry):
        with (self.folder / f"{self.rank}.jsonl").open("a") as file:
            file.write(f"{json.dumps(entry)}\n")

    def batch(self, number, index, images, labels):
        digests = [
            hashlib.sha256(image.tobytes() + label.tobytes()).hexdigest()[:16]
            for image, label in zip(images, labels, strict=True)
        ]
        self.write(number=number, index=index, images=digests)

    def may_die(self, epoch, step):
        """Dies, once, as if the machine had lost its power, when Ray has got all checkpoints."""
        marker = self.folder / "died"
        if self.kill != [self.rank, epoch, step] or marker.exists():
            return
        deadline = time.monotonic() + 60
        reports = epoch
        if self.every:  # and at the end of an epoch
            reports = epoch * -(-STEPS // self.every) + step // self.every
        while self.known_checkpoints() < reports:
            assert time.monotonic() < deadline, "Ray has not taken the checkpoints"
            time.sleep(0.1)
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)

    def known_checkpoints(self):
        """How many checkpoints Ray has written down that there are."""
        for path in self.folder.glob("results/*/checkpoint_manager_snapshot.json"):
            with contextlib.suppress(json.JSONDecodeError):  # it is being written
                return len(json.loads(path.read_text())["checkpoint_results"])
        return 0


def flow_of(config):
    import numpy as np

    from batchwarp import ImageDataGenerator, ops

    rng = np.random.default_rng(0)
    x = rng.integers(0, 120, (IMAGES, SIZE, SIZE, 3), dtype=np.uint8)
    y = np.arange(IMAGES) // 3 % 2
    x[y == 1, ..., 0] += 100  # which is to be learnt
    generator = ImageDataGenerator(
        rotation_range=30,
        rescale=1 / 255,
        draws="keyed",
        operations=[ops.Flip(0.5), ops.Brightness(0.2)],
    )
    return generator.flow(x, y, batch_size=config["batch_size"], seed=5, shard="auto")


def keras_loop(config):
    """`model.fit` on JAX."""
    import keras

    import batchwarp

    assert keras.backend.backend() == "jax"
    diary = Diary(config)
    _, count = place()
    if "ray.train" in sys.modules:
        batchwarp.ray.start_jax()
        keras.distribution.set_distribution(
            keras.distribution.DataParallel(auto_shard_dataset=False)
        )
        assert keras.distribution.distribution().num_processes == count
    keras.utils.set_random_seed(3)
    flow = flow_of(config)

    class Noted(type(flow)):
        def __getitem__(self, index):
            number = self.passes
            batch = super().__getitem__(index)
            if batch[0].any():  # it is to be trained on, or looked at
                diary.batch(number, index, *batch)
            return batch

    flow.__class__ = Noted
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    epochs = []
    note = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, *_, **__: epochs.append(epoch),
        on_train_batch_begin=lambda step, *_, **__: diary.may_die(epochs[-1], step),
        on_train_batch_end=lambda step, logs: diary.write(
            epoch=epochs[-1], step=step, loss=float(logs["loss"])
        ),
    )
    callbacks, first = [note], 0
    if "ray.train" in sys.modules:
        report = batchwarp.ray.Report(model, flow, config.get("every"))
        callbacks.append(report.callback)
        first = report.initial_epoch
    model.fit(flow, epochs=config["epochs"], initial_epoch=first, callbacks=callbacks, verbose=0)


def torch_loop(config):
    """A plain loop of PyTorch."""
    import tempfile

    import torch

    diary = Diary(config)
    train = sys.modules.get("ray.train")
    torch.manual_seed(3)
    torch.set_num_threads(1)
    flow = flow_of(config)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(4, 2),
    )
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    first = 0
    if train and (checkpoint := train.get_checkpoint()):
        with checkpoint.as_directory() as folder:
            state = torch.load(Path(folder) / "state.pt")
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = flow.passes = state["epoch"]
    parallel = torch.nn.parallel.DistributedDataParallel(model) if train else model
    for epoch in range(first, config["epochs"]):
        total = 0.0
        for step in range(len(flow)):
            number = flow.passes
            images, labels = next(flow)
            diary.batch(number, step, images, labels)
            diary.may_die(epoch, step)
            outputs = parallel(torch.from_numpy(images).permute(0, 3, 1, 2))
            loss = torch.nn.functional.cross_entropy(outputs, torch.from_numpy(labels))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss = loss.detach()
            if train:
                torch.distributed.all_reduce(loss)
                loss /= torch.distributed.get_world_size()
            total += float(loss)
            diary.write(epoch=epoch, step=step, loss=total / (step + 1))
        if not train:
            continue
        if diary.rank:
            train.report({"loss": total})
            continue
        with tempfile.TemporaryDirectory() as folder:
            state = {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "epoch": epoch + 1,
            }
            torch.save(state, Path(folder) / "state.pt")
            train.report({"loss": total}, checkpoint=train.Checkpoint.from_directory(folder))


def data_loop(config):
    """Batches of a Ray dataset for each epoch, which other tasks have augmented."""
    train = sys.modules["ray.train"]
    diary = Diary(config)
    for epoch in range(config["epochs"]):
        shard = train.get_dataset_shard(f"epoch {epoch}")
        rows = 0
        for batch in shard.iter_torch_batches(batch_size=5):
            rows += len(batch["image"])
            for number, image in zip(batch["number"], batch["image"], strict=True):
                digest = hashlib.sha256(image.numpy().tobytes()).hexdigest()[:16]
                diary.write(epoch=epoch, number=int(number), image=digest)
        train.report({"rows": rows})


if __name__ == "__main__":
    globals()[sys.argv[1]](json.loads(sys.argv[2]))
