"""How long does real training take, and how much of it is waiting? Keras on a card."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import batchwarp
from batchwarp.console.frameworks import keras_generator_class, load_keras
from batchwarp.training.data.errors import DatasetError
from batchwarp.training.data.sign_mnist import CLASSES, load_sign_mnist
from batchwarp.training.networks import models
from batchwarp.training.run.timing import EpochClock, timed_batches
from batchwarp.training.scripts import asl as asl_script
from batchwarp.training.scripts import cats_dogs as cats_dogs_script
from benchmarks.harness.images import images
from benchmarks.harness.photos import photos

from .backend import sees_a_card, use
from .findings import NotRunError
from .task import CARD, Task

SEED = 1
WARM = 4  # steps before the clock runs: compilation, first touch, threads
KERAS, OURS, DEVICE = "Keras' generator", "batchwarp", 'batchwarp, device="cuda"'
CACHED = "batchwarp, cached in memory"
SAME = "the same batch each time"
HEADER = ("batches from", "s an epoch", "images/s", "waiting", "× Keras", "loss")


class Same:
    """A flow that makes one batch and gives it again and again: training that never waits."""

    def __init__(self, flow: Any) -> None:
        self._batch = flow[0]
        self._length = len(flow)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, _: int) -> Any:
        return self._batch

    def on_epoch_end(self) -> None:
        """Has nothing to shuffle."""


def train(
    task: Task,
    title: str,
    build: Callable[[], Any],
    flows: Mapping[str, Callable[[], Any]],
    images_an_epoch: int,
) -> None:
    """Trains the same model on the batches of each flow, an epoch of each.

    Args:
        task: whose findings take it.
        title: what it is.
        build: makes the compiled model.
        flows: makes the flows, by name. One that cannot be made here is listed.
        images_an_epoch: how many there are.
    """
    keras = load_keras()
    keras.utils.set_random_seed(SEED)
    model = build()
    state: list[NDArray[Any]] = []
    seconds: dict[str, float] = {}
    for name, make in flows.items():
        if task.left < 4:
            task.findings.missing(name, "the time was over")
            continue
        with task.findings.part(name):
            model.fit(timed_batches(make(), EpochClock(), WARM), epochs=1, verbose=0)
            # The optimizer's and dropout's as well. They are there after the first step.
            variables = [*model.variables, *model.optimizer.variables]
            state = state or [keras.ops.convert_to_numpy(variable) for variable in variables]
            for variable, value in zip(variables, state, strict=True):
                variable.assign(value)
            flow = make()  # another one: the first has drawn random numbers
            keras.utils.set_random_seed(SEED)
            clock = EpochClock()
            history = model.fit(
                timed_batches(flow, clock), epochs=1, verbose=0, callbacks=[clock.callback]
            )
            times = clock.epoch()
            loss = float(history.history["loss"][-1])
            seconds[name] = times["seconds"]
            waiting = times.get("waiting", 0.0)
            task.findings.figure(name, {**times, "loss": loss, "images": images_an_epoch})
            compared = f"{seconds[KERAS] / seconds[name]:.2f}" if KERAS in seconds else ""
            task.findings.row(
                title,
                HEADER,
                [
                    name,
                    f"{seconds[name]:.2f}",
                    f"{images_an_epoch / seconds[name]:,.0f}",
                    f"{waiting:.0%}",
                    compared,
                    f"{loss:.4f}",
                ],
            )


def begin(task: Task) -> str:
    """Chooses Keras' backend for this process, and takes it down."""
    backend = use(task.settings)
    keras = load_keras()
    on = "the card" if sees_a_card(backend) else "the processor"
    task.findings.note(f"Keras {keras.__version__} with {backend}, on {on}; seed {SEED} for all.")
    return backend


def on_device(task: Task, make: Callable[[], Any]) -> Any:
    """Returns a flow on the card, or says why there is none."""
    if task.device() != CARD:
        task.findings.figure("device", "an emulation by the processor, which has no speed")
    return make()


def asl(task: Task) -> None:
    """ASL letters: small images from memory."""
    begin(task)
    keras = load_keras()
    try:
        data = load_sign_mnist(None)
        x, y = data.x_train, data.y_train
    except DatasetError:
        task.findings.note("Generated pictures: Sign Language MNIST is not there.")
        x = images(64 if task.settings.dry_run else 27_455, 28, 28, 1, "uint8")
        y = (np.arange(len(x)) % len(CLASSES)).astype(np.uint8)
    if task.settings.dry_run:
        x, y = x[:64], y[:64]
    labels = keras.utils.to_categorical(y, len(CLASSES))
    settings = {"rescale": 1 / 255, **asl_script.AUGMENTATION}

    def flow(generator: Any, **options: Any) -> Any:
        return generator(**settings).flow(x, labels, batch_size=32, seed=SEED, **options)

    def build() -> Any:
        model = models.asl()
        model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
        return model

    ours = partial(flow, batchwarp.ImageDataGenerator)
    flows: dict[str, Callable[[], Any]] = {
        SAME: lambda: Same(ours()),
        KERAS: lambda: flow(keras_generator_class()),
        OURS: ours,
        DEVICE: lambda: on_device(task, partial(ours, device="cuda")),
        f"{OURS}, prefetch=2": partial(ours, prefetch=2),
    }
    train(task, f"ASL letters, {len(x):,} images of 28×28×1, batches of 32", build, flows, len(x))


def from_files(
    task: Task, title: str, build: Callable[[], Any], side: int, batch_size: int, count: int
) -> None:
    """Trains on JPEG files of two classes.

    Args:
        task: whose findings take it.
        title: what it is.
        build: makes the compiled model.
        side: height and width of the images.
        batch_size: images of a step.
        count: how many files.
    """
    settings = {"rescale": 1 / 255, **cats_dogs_script.AUGMENTATION}
    common = {"class_mode": "binary", "batch_size": batch_size, "seed": SEED}
    with photos(count) as (folder, kind):
        task.findings.note(f"{count} JPEG files, {kind}; two classes.")

        def flow(generator: Any, **options: Any) -> Any:
            with redirect_stdout(io.StringIO()):
                return generator(**settings).flow_from_directory(
                    str(folder), target_size=(side, side), **common, **options
                )

        ours = partial(flow, batchwarp.ImageDataGenerator)

        arrays = cache(partial(decoded, folder, side))

        def device() -> Any:
            x, y = arrays()
            return batchwarp.ImageDataGenerator(**settings).flow(
                x, y, batch_size=batch_size, seed=SEED, device="cuda"
            )

        flows: dict[str, Callable[[], Any]] = {
            SAME: lambda: Same(ours()),
            KERAS: lambda: flow(keras_generator_class()),
            OURS: ours,
            CACHED: lambda: passed(ours(cache="memory")),
            f"{DEVICE}, decoded before": lambda: on_device(task, device),
        }
        train(
            task,
            f"{title}, {count} files as {side}×{side}×3, batches of {batch_size}",
            build,
            flows,
            count,
        )


def decoded(folder: Path, side: int) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """Returns all images of a folder with their classes, in the order of the files."""
    with redirect_stdout(io.StringIO()):
        flow = batchwarp.ImageDataGenerator(dtype="uint8").flow_from_directory(
            str(folder), target_size=(side, side), class_mode="binary", shuffle=False
        )
    batches = [flow[index] for index in range(len(flow))]
    x = np.concatenate([batch[0] for batch in batches]).astype(np.uint8)
    return x, np.concatenate([batch[1] for batch in batches])


def passed(flow: Any) -> Any:
    """Returns a flow after a pass, which fills its cache; its batches are those of a new one."""
    for index in range(len(flow)):
        flow[index]
    flow.reset()
    # What seeds are counted from; and the order, which is drawn from the first of them.
    flow.total_batches_seen, flow.index_array = 0, None
    return flow


def cats_dogs(task: Task) -> None:
    """Cats and dogs: the tutorials' model on photographs."""
    begin(task)
    keras = load_keras()
    side = 48 if task.settings.dry_run else cats_dogs_script.SIZE[0]

    def build() -> Any:
        model = models.cats_dogs(side, side)
        model.compile(
            optimizer=keras.optimizers.Adam(1e-4), loss="binary_crossentropy", metrics=["accuracy"]
        )
        return model

    from_files(task, "Cats and dogs", build, side, 20, 40 if task.settings.dry_run else 600)


def resnet(task: Task) -> None:
    """A ResNet-50 with random weights at the size that it was made for."""
    if task.settings.dry_run:
        raise NotRunError("to compile it takes longer than all of a dry run")
    begin(task)
    keras = load_keras()
    side = 224

    def build() -> Any:
        model = keras.applications.ResNet50(
            weights=None, classes=1, input_shape=(side, side, 3), classifier_activation="sigmoid"
        )
        model.compile(optimizer="sgd", loss="binary_crossentropy")
        return model

    from_files(task, "ResNet-50", build, side, 32, 256)
