"""Loaders of image files that batchwarp is compared with, each at what comes nearest to the work.

Two works: JPEG files to 150×150 by the nearest pixel, then rotation, shifts, zoom and a flip, as
float32 of 0 to 1; and a random window of each file, antialiased, to 224×224. All have as many
threads or processes as batchwarp, and begin each pass from nothing: what is made ahead is made
while the clock runs.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from . import loaders
from .batches import THREADS
from .peers import inverse_maps
from .readers import AUGMENTED, BATCH, CROP, SIZE, exhaust, paths_of
from .timing import Contender

AUGMENT, CROPPED = "augmented", "random crop"
SCALE, RATIO = (0.08, 1.0), (3 / 4, 4 / 3)  # of random windows, as torchvision's and ours


@dataclass(frozen=True)
class FilePeer:
    """A loader, and how to use it.

    Attributes:
        name: as tables show it.
        distribution: what must be installed; its version is reported.
        process: peers of one name share a process; see `peers.Peer`.
        make: for each work that it can do, takes a folder, returns what makes a pass over it.
        differs: for each work that it does otherwise, how.
        less: likewise, for what is less than the work.
        broken: returns why it cannot be used where it is installed, or nothing if it can.
    """

    name: str
    distribution: str
    process: str
    make: Mapping[str, Callable[[Path], Contender]]
    differs: Mapping[str, str] = field(default_factory=dict)
    less: Mapping[str, str] = field(default_factory=dict)
    broken: Callable[[], str] = str

    def lacks(self) -> str:
        """Returns why it cannot be measured, or nothing if it can."""
        try:
            metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return f"{self.distribution} is not installed"
        return self.broken()


def _pass(batches: Callable[[], Iterable[Any]]) -> Contender:
    """Returns a pass over what a function returns anew each time."""
    return Contender(lambda: exhaust(batches()))


def _archive(folder: Path) -> str:
    """Returns the path of a .tar beside a folder, with its files."""
    path = folder.parent / f"{folder.name}.tar"
    if not path.exists():
        with tarfile.open(path, "w") as archive:
            for name in paths_of(folder):
                data = Path(name).read_bytes()
                member = tarfile.TarInfo(str(Path(name).relative_to(folder)).replace("/", "_"))
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return str(path)


def turboloader_augmented(folder: Path) -> Contender:
    """Its transforms on each image, stacked and scaled as it tells users to."""
    import turboloader

    height, width = SIZE
    shift, zoom = AUGMENTED["width_shift_range"], AUGMENTED["zoom_range"]
    steps = (
        turboloader.Resize(width, height, turboloader.InterpolationMode.NEAREST)
        | turboloader.RandomHorizontalFlip(0.5)
        | turboloader.RandomAffine(AUGMENTED["rotation_range"], shift, shift, 1 - zoom, 1 + zoom)
    )
    loader = turboloader.DataLoader(
        _archive(folder), batch_size=BATCH, num_workers=THREADS, shuffle=True, transform=steps
    )

    def batches() -> Iterable[Any]:
        for samples in loader:
            yield np.stack([sample["image"] for sample in samples]).astype(np.float32) / 255

    return _pass(batches)


def turboloader_resized(folder: Path) -> Contender:
    """Its fast path, which resizes and does nothing else."""
    import turboloader

    loader = turboloader.DataLoader(
        _archive(folder),
        batch_size=BATCH,
        num_workers=THREADS,
        shuffle=True,
        image_size=SIZE,
        output_format="numpy",
    )
    return _pass(lambda: loader)


def turboloader_cropped(folder: Path) -> Contender:
    """Its fast path with random windows, of which it decodes no more."""
    import turboloader

    loader = turboloader.DataLoader(
        _archive(folder),
        batch_size=BATCH,
        num_workers=THREADS,
        shuffle=True,
        image_size=CROP,
        output_format="numpy",
        antialias=True,
        train_aug=True,
    )
    return _pass(lambda: loader)


def spdl_broken() -> str:
    """Returns why SPDL decodes nothing: it brings no FFmpeg."""
    import spdl.io

    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "jpeg")
    try:
        spdl.io.load_image(picture.getvalue())
    except Exception as error:  # noqa: BLE001 - whatever it raises
        return f"it finds no FFmpeg, {type(error).__name__}"
    return ""


def spdl_resized(folder: Path) -> Contender:
    """A pipeline of `load_image_batch`, a batch to a thread.

    It takes a tenth of a second to stop, with nothing left to do: the clock does not run then.
    """
    import spdl.io
    from spdl.pipeline import PipelineBuilder

    paths = paths_of(folder)
    batches = [paths[start : start + BATCH] for start in range(0, len(paths), BATCH)]
    height, width = SIZE
    resize = f"scale=w={width}:h={height}:flags=neighbor,format=pix_fmts=rgb24"
    started: list[Any] = []

    def load(some: list[str]) -> Any:
        buffer = spdl.io.load_image_batch(some, width=None, height=None, filter_desc=resize)
        return spdl.io.to_numpy(buffer).astype(np.float32) / 255

    def run() -> None:
        builder = PipelineBuilder().add_source(batches).pipe(load, concurrency=THREADS)
        pipeline = builder.add_sink(THREADS).build(num_threads=THREADS)
        started.append(pipeline)
        pipeline.start()
        for _ in batches:
            pipeline.get_item(timeout=60)

    def finish() -> None:
        while started:
            started.pop().stop()

    return Contender(run, finish=finish)


def _torch_loader(transform: Any, folder: Path) -> Contender:
    import torch

    dataset = loaders.Files(folder, transform)
    loader = torch.utils.data.DataLoader(
        dataset,
        batch_size=BATCH,
        shuffle=True,
        num_workers=THREADS,
        persistent_workers=True,
    )
    return _pass(lambda: loader)


def torch_augmented(folder: Path) -> Contender:
    """A `DataLoader` of as many workers as batchwarp has threads, torchvision v2 in them."""
    import torch

    v2 = loaders.torchvision()
    shift, zoom = AUGMENTED["width_shift_range"], AUGMENTED["zoom_range"]
    steps = [
        v2.ToImage(),
        v2.Resize(SIZE, v2.InterpolationMode.NEAREST),
        v2.RandomHorizontalFlip(),
        v2.RandomAffine(
            AUGMENTED["rotation_range"],
            (shift, shift),
            (1 - zoom, 1 + zoom),
            interpolation=v2.InterpolationMode.BILINEAR,
        ),
        v2.ToDtype(torch.float32, scale=True),
    ]
    return _torch_loader(v2.Compose(steps), folder)


def torch_cropped(folder: Path) -> Contender:
    """The same, of random windows."""
    import torch

    v2 = loaders.torchvision()
    steps = [
        v2.ToImage(),
        v2.RandomResizedCrop(CROP, SCALE, RATIO, antialias=True),
        v2.ToDtype(torch.float32, scale=True),
    ]
    return _torch_loader(v2.Compose(steps), folder)


def _dali(graph: Callable[[Any], Any], folder: Path) -> Contender:
    """Returns a pass of a pipeline for the processor, without read-ahead; see `peers`."""
    from nvidia.dali import fn, pipeline_def

    count = len(paths_of(folder))

    def whole() -> tuple[Any, Any]:
        files, labels = fn.readers.file(file_root=str(folder), random_shuffle=True, seed=1)
        return graph(files), labels

    made = pipeline_def(
        whole,
        batch_size=BATCH,
        num_threads=THREADS,
        device_id=None,
        prefetch_queue_depth=1,
        exec_async=False,
        exec_pipelined=False,
    )
    built = made()
    built.build()

    def run() -> None:
        for _ in range(-(-count // BATCH)):
            built.run()

    return Contender(run)


def dali_augmented(folder: Path) -> Contender:
    """Decoding, `resize` and `warp_affine`, whose maps NumPy draws."""
    from nvidia.dali import fn, types

    rng = np.random.default_rng(1)
    height, width = SIZE

    def matrices() -> Any:
        maps = inverse_maps(rng, BATCH, height, width)
        flips = rng.random(BATCH) < 0.5
        maps[flips, :, 2] += maps[flips, :, 0] * (width - 1)
        maps[flips, :, 0] *= -1
        return maps.astype(np.float32)

    def graph(files: Any) -> Any:
        images = fn.decoders.image(files, device="cpu")
        images = fn.resize(images, size=SIZE, interp_type=types.INTERP_NN, antialias=False)
        maps = fn.external_source(source=matrices, batch=True)
        moved = fn.warp_affine(images, maps, interp_type=types.INTERP_LINEAR, dtype=types.FLOAT)
        return moved * np.float32(1 / 255)

    return _dali(graph, folder)


def dali_cropped(folder: Path) -> Contender:
    """`image_random_crop`, which decodes no more than the window, and `resize`."""
    from nvidia.dali import fn, types

    def graph(files: Any) -> Any:
        images = fn.decoders.image_random_crop(
            files, device="cpu", random_area=SCALE, random_aspect_ratio=RATIO, seed=1
        )
        sized = fn.resize(images, size=(CROP, CROP), antialias=True, dtype=types.FLOAT)
        return sized * np.float32(1 / 255)

    return _dali(graph, folder)


FILE_PEERS = (
    FilePeer(
        "turboloader",
        "turboloader",
        "plain",
        {AUGMENT: turboloader_augmented, CROPPED: turboloader_cropped},
        {
            AUGMENT: "reads a .tar, and fills with zeros beyond the edges",
            CROPPED: "reads a .tar, and mirrors half of the images",
        },
    ),
    FilePeer(
        "turboloader, resized only",
        "turboloader",
        "plain",
        {AUGMENT: turboloader_resized},
        less={AUGMENT: "does not augment"},
    ),
    FilePeer(
        "SPDL, resized only",
        "spdl",
        "plain",
        {AUGMENT: spdl_resized},
        less={AUGMENT: "does not augment"},
        broken=spdl_broken,
    ),
    FilePeer(
        "DataLoader, torchvision v2",
        "torchvision",
        "torch",
        {AUGMENT: torch_augmented, CROPPED: torch_cropped},
        {AUGMENT: "fills with zeros beyond the edges"},
    ),
    FilePeer(
        "DALI, processor",
        "nvidia-dali-cuda120",
        "dali",
        {AUGMENT: dali_augmented, CROPPED: dali_cropped},
    ),
)
