"""A plain loop of PyTorch on a card: batches of a `DataLoader` with torchvision v2, and ours."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import batchwarp
from batchwarp.training.scripts.cats_dogs import AUGMENTATION
from benchmarks.harness.machine import cores
from benchmarks.harness.photos import CLASSES, photos

from .findings import NotRunError
from .headline import SEED, decoded, on_device, passed
from .task import Task

WORKERS = 16
HEADER = ("batches from", "s an epoch", "images/s", "waiting", "× DataLoader")
LOADER = "DataLoader"

Batch = tuple[Any, Any]
Epoch = Callable[[], Iterable[Batch]]


class Photographs:
    """A data set as PyTorch has them: a file decoded by Pillow, augmented by torchvision v2.

    Args:
        folder: with a folder for each class.
        side: height and width of the images.
    """

    def __init__(self, folder: Path, side: int) -> None:
        import torch
        from torchvision.transforms import v2

        self._files = [
            (path, label)
            for label, name in enumerate(CLASSES)
            for path in sorted((folder / name).glob("*.jpg"))
        ]
        shift, zoom = AUGMENTATION["width_shift_range"], AUGMENTATION["zoom_range"]
        self._transform = v2.Compose(
            [
                v2.ToImage(),
                v2.Resize((side, side), antialias=True),
                v2.RandomHorizontalFlip(),
                v2.RandomVerticalFlip(),
                v2.RandomAffine(
                    AUGMENTATION["rotation_range"],
                    (shift, shift),
                    (1 - zoom, 1 + zoom),
                    interpolation=v2.InterpolationMode.BILINEAR,
                ),
                v2.ToDtype(torch.float32, scale=True),
            ]
        )

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, row: int) -> Batch:
        from PIL import Image

        path, label = self._files[row]
        with Image.open(path) as picture:
            return self._transform(picture.convert("RGB")), label


def loader(folder: Path, side: int, batch_size: int) -> Epoch:
    """Returns the epochs of a `DataLoader` with a worker for each core, up to `WORKERS`."""
    import torch

    made: Iterable[Batch] = torch.utils.data.DataLoader(
        Photographs(folder, side),
        batch_size=batch_size,
        shuffle=True,
        num_workers=min(WORKERS, cores()),
        pin_memory=torch.cuda.is_available(),
        persistent_workers=True,
        prefetch_factor=4,
        drop_last=True,
    )
    return lambda: made


def epochs_of(flow: Any, device: str) -> Epoch:
    """Returns the epochs of a flow, as tensors on the device, channels first."""
    import torch

    def batches() -> Iterator[Batch]:
        for _ in range(flow.n // flow.batch_size):
            x, y = next(flow)
            images = x if isinstance(x, torch.Tensor) else torch.from_numpy(x)
            yield images.to(device, non_blocking=True).permute(0, 3, 1, 2), torch.as_tensor(y)

    return batches


@dataclass(frozen=True)
class Sizes:
    """What is trained on: `count` photographs of `side` × `side` in batches of `batch_size`."""

    side: int
    batch_size: int
    count: int


def resnet(task: Task) -> None:
    """A ResNet-50 with random weights, bfloat16 where there is a card."""
    import torch

    dry = task.settings.dry_run
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not dry:
        raise NotRunError("PyTorch sees no card")
    sizes = Sizes(32, 4, 16) if dry else Sizes(224, 64, 768)
    step = training_step(device, small=dry)
    with photos(sizes.count) as (folder, kind):
        task.findings.note(
            f"{sizes.count} JPEG files, {kind}; PyTorch {torch.__version__} on {device}, "
            f"{min(WORKERS, cores())} workers of the DataLoader, as many threads of batchwarp. The "
            "card is waited for after each step, so that waiting is what a batch takes after that."
        )
        seconds: dict[str, float] = {}
        for name, make in ways(task, folder, sizes, device).items():
            if task.left < 4:
                task.findings.missing(name, "the time was over")
                continue
            with task.findings.part(name):
                epoch = make()
                timed(epoch, step)  # workers, threads, first touch
                seconds[name], waited, steps = timed(epoch, step)
                trained = steps * sizes.batch_size
                rate = trained / seconds[name]
                compared = f"{seconds[LOADER] / seconds[name]:.2f}" if LOADER in seconds else ""
                cells = [f"{seconds[name]:.2f}", f"{rate:,.0f}", f"{waited / seconds[name]:.0%}"]
                task.findings.row(
                    f"{'ResNet-18' if dry else 'ResNet-50'}, {sizes.side}×{sizes.side}×3, "
                    f"batches of {sizes.batch_size}, {trained} images an epoch",
                    HEADER,
                    [name, *cells, compared],
                )
                task.findings.figure(name, {"seconds": seconds[name], "waited": waited})


def training_step(device: str, *, small: bool) -> Callable[[Batch], None]:
    """Returns what trains a network on a batch, and waits for it.

    Args:
        device: `"cuda"` or `"cpu"`.
        small: whether it is a ResNet-18 on one thread, for a dry run.
    """
    import torch
    from torchvision import models

    if small:
        torch.set_num_threads(1)  # which wait for each other for longer than they compute
    model = models.resnet18() if small else models.resnet50()
    model = model.to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    loss = torch.nn.CrossEntropyLoss()

    def step(batch: Batch) -> None:
        images = batch[0].to(device, non_blocking=True, memory_format=torch.channels_last)
        labels = batch[1].to(device, torch.long, non_blocking=True)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            value = loss(model(images), labels)
        value.backward()
        optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()

    return step


def ways(task: Task, folder: Path, sizes: Sizes, device: str) -> dict[str, Callable[[], Epoch]]:
    """Returns what makes the epochs of each contender, by its name in the table."""
    side, batch_size = sizes.side, sizes.batch_size
    settings = {"rescale": 1 / 255, **AUGMENTATION}

    def ours(**options: Any) -> Any:
        with redirect_stdout(io.StringIO()):
            return batchwarp.ImageDataGenerator(**settings).flow_from_directory(
                str(folder),
                target_size=(side, side),
                class_mode="binary",
                batch_size=batch_size,
                seed=SEED,
                **options,
            )

    def on_card() -> Any:
        x, y = decoded(folder, side)
        return batchwarp.ImageDataGenerator(**settings).flow(
            x, y, batch_size=batch_size, seed=SEED, device="cuda", framework="torch"
        )

    def same() -> Epoch:
        first = next(iter(epochs_of(ours(), device)()))
        return lambda: [first] * (sizes.count // batch_size)

    return {
        "the same batch each time": same,
        LOADER: lambda: loader(folder, side, batch_size),
        "batchwarp, next()": lambda: epochs_of(ours(), device),
        "batchwarp, prefetch=4": lambda: epochs_of(ours(prefetch=4), device),
        "batchwarp, cached in memory": lambda: epochs_of(
            passed(ours(cache="memory", prefetch=4)), device
        ),
        'batchwarp, device="cuda", decoded before': lambda: epochs_of(
            on_device(task, on_card), device
        ),
    }


def timed(epoch: Epoch, step: Callable[[Batch], None]) -> tuple[float, float, int]:
    """Trains an epoch; returns its seconds, those of waiting for batches, and its steps."""
    start = time.perf_counter()
    waited, steps = 0.0, 0
    batches = iter(epoch())
    while True:
        asked = time.perf_counter()
        batch = next(batches, None)
        waited += time.perf_counter() - asked
        if batch is None:
            return time.perf_counter() - start, waited, steps
        step(batch)
        steps += 1
