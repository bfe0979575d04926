"""How long the CUDA kernels should take, on paper: what they move and execute, and what cards do.

Each kernel takes as long as whichever of its limits takes longest: the memory's bandwidth, the
instructions that the processors can issue, those that need the double-precision unit, or, where a
thread reads a few values and then the next ones, waiting for these. The kernels of a batch follow
each other.
The processor meanwhile queues the next batch, and may be the slower of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from .batches import Shape

# What no data sheet has, in seconds. Published measurements give 3 to 5 µs for a launch, and 0.1 to
# 0.2 µs for loads from the second-level cache, which holds the coefficients of a small batch.
LAUNCH = 4e-6
LOAD_LATENCY = 0.15e-6

THREADS = 256  # of a block
TILE = 32  # rows and columns that a block works on
WARP = 32  # threads that execute an instruction together, needed or not
BLOCKS_AT_ONCE = 4  # on a processor, of a filter or a merge: 64 registers a thread at most
FETCHED = 8  # samples that a filter loads before it needs the first of them
UPLOAD = 32748  # bytes of parameters that a launch carries, with CUDA 13
TASK = 128  # bytes of parameters of an image
RANGE, MOMENTS = 8, 24  # bytes that are known of a tile
PADDING = 12  # on each side, of coefficients; fill mode `nearest`
ITEM = {"uint8": 1, "float16": 2, "float32": 4}
FLOAT = ITEM["float32"]

# What is done: the warp with bilinear weights alone; with channel shift and brightness; with
# samplewise statistics; the warp with cubic splines.
WARP_ONLY, COLOR, SAMPLEWISE, CUBIC = "warp", "color", "samplewise", "order 3"
STEPS = (WARP_ONLY, COLOR, SAMPLEWISE, CUBIC)


@dataclass(frozen=True)
class Card:
    """A graphics card as its maker describes it.

    Attributes:
        name: what it is called.
        bandwidth: of its memory, bytes a second.
        float32: operations a second, a fused multiply-add counted as two.
        float64: likewise, in double precision.
        processors: streaming multiprocessors.
        conversions: to and from 64-bit types, as a part of the additions in double precision that
            it does in the same time.
        source: where these figures are from.
        reported: its name as the driver has it.
    """

    name: str
    bandwidth: float
    float32: float
    float64: float
    processors: int
    conversions: float
    source: str
    reported: str = ""

    @property
    def instructions(self) -> float:
        """Instructions of single threads in a second."""
        # All of these cards issue as many as they have units for single precision, whose fused
        # operations are quoted as two.
        return self.float32 / 2

    @property
    def doubles(self) -> float:
        """Additions, multiplications and comparisons in double precision, in a second."""
        return self.float64 / 2


CARDS = (
    Card(
        "RTX 4090",
        1008e9,
        82.6e12,
        82.6e12 / 64,
        128,
        1,
        "NVIDIA Ada GPU Architecture, white paper",
        "NVIDIA GeForce RTX 4090",
    ),
    Card(
        "L4",
        300e9,
        30.3e12,
        30.3e12 / 64,
        58,
        1,
        "NVIDIA L4 Tensor Core GPU, data sheet",
        "NVIDIA L4",
    ),
    Card(
        "H100 SXM",
        3350e9,
        67e12,
        34e12,
        132,
        1 / 4,
        "NVIDIA H100 Tensor Core GPU, data sheet",
        "NVIDIA H100 80GB HBM3",
    ),
    Card(
        "H200 SXM",
        4800e9,
        67e12,
        34e12,
        132,
        1 / 4,
        "NVIDIA H200 Tensor Core GPU, data sheet",
        "NVIDIA H200",
    ),
)


@dataclass(frozen=True)
class Count:
    """Instructions that one thread executes.

    Attributes:
        all: of every kind.
        float32: additions and multiplications in single precision; a fused one is two.
        float64: additions, multiplications and comparisons in double precision.
        conversions: to and from double precision and 64-bit integers.
    """

    all: float
    float32: float = 0
    float64: float = 0
    conversions: float = 0

    def __add__(self, other: Count) -> Count:
        return Count(
            self.all + other.all,
            self.float32 + other.float32,
            self.float64 + other.float64,
            self.conversions + other.conversions,
        )

    def __mul__(self, times: float) -> Count:
        return Count(
            self.all * times,
            self.float32 * times,
            self.float64 * times,
            self.conversions * times,
        )


NOTHING = Count(0)


@dataclass(frozen=True)
class Code:
    """A kernel that works on tiles, by what its threads execute.

    Attributes:
        thread: once; what not all warps of a block do, on average.
        pixel: for every pixel, beside its values.
        value: for every value of a pixel.
        half: for every value, on top, if it is stored as float16.
    """

    thread: Count
    pixel: Count
    value: Count
    half: Count = NOTHING


# Counted along the path of a warped pixel inside of a uint8 image, fill mode `nearest`, in the
# machine code that nvcc 13.0 makes for compute capability 8.9 (`.ci/count_cuda_instructions`, which
# CONTRIBUTING.md explains). To be counted again when the kernels change.
HALF = Count(18)
CODES = {
    "warp": Code(Count(106, 0, 2, 2), Count(168, 6), Count(64, 14), HALF),
    "warp, to be continued": Code(Count(171, 0, 2, 2), Count(185, 6), Count(51, 12)),
    "load": Code(Count(94), Count(60.5), Count(10.5, 1)),
    "spline": Code(Count(98, 0, 2, 2), Count(356, 92), Count(176, 42), HALF),
    "colors": Code(Count(105, 2), Count(36), Count(67, 4), HALF),
    "moments": Code(Count(267, 2, 12, 2), Count(95), Count(34, 0, 4, 2)),
    "samplewise": Code(Count(96, 0.5, 3, 0.25), Count(25.5), Count(29.5, 4), HALF),
}
# One block for each image; its warps share the rounds of a reduction.
MERGE_RANGES, MERGE_MOMENTS = Count(91), Count(126, 1, 14)
# Both directions of a pole: once for a line, whose first values are sums, and for every value.
FILTER_LINE, FILTER_VALUE = Count(540, 40), Count(12.9, 4)
START_READS = 5  # of these sums: 16 of 19 terms are loaded at once


@dataclass(frozen=True)
class Kernel:
    """One launch, as work.

    Attributes:
        bytes: read and written, once each, as if no cache kept anything for a later kernel.
        executed: instructions of all threads, those of idle lanes included.
        blocks: of threads.
        reads: of one thread that each wait for the one before; what is loaded together is one.
    """

    bytes: float
    executed: Count
    blocks: int
    reads: int = 0

    def seconds(self, card: Card) -> dict[str, float]:
        """Returns how long it takes on a card, by limit."""
        busy = min(1, self.blocks / card.processors)
        doubles = self.executed.float64 + self.executed.conversions / card.conversions
        rounds = ceil(self.blocks / (BLOCKS_AT_ONCE * card.processors))
        return {
            "memory": self.bytes / card.bandwidth,
            "issue": self.executed.all / (card.instructions * busy),
            "double": doubles / (card.doubles * busy),
            "wait": self.reads * LOAD_LATENCY * rounds,
        }


def rounded_up(n: int, step: int) -> int:
    """Returns the first multiple of `step` that is not below `n`."""
    return ceil(n / step) * step


def tiles_of(shape: Shape) -> int:
    """Returns how many tiles an image has."""
    return ceil(shape.height / TILE) * ceil(shape.width / TILE)


def tiled(name: str, shape: Shape, read: int, write: int, target: str = "float32") -> Kernel:
    """Returns the work of a kernel that gives each tile of each image a block.

    Args:
        name: one of `CODES`.
        shape: of the images that it writes.
        read: bytes of a value that it reads.
        write: bytes of a value that it writes.
        target: type of what it writes.
    """
    code = CODES[name]
    blocks = shape.n * tiles_of(shape)
    lanes = shape.n * shape.height * rounded_up(shape.width, WARP)
    value = code.value + (code.half if target == "float16" else NOTHING)
    executed = code.thread * (blocks * THREADS) + (code.pixel + value * shape.channels) * lanes
    return Kernel(shape.elements * (read + write), executed, blocks)


def filtering(shape: Shape, length: int) -> Kernel:
    """Returns the work of one pole along the axis of `length` samples, there and back."""
    groups, rest = divmod(length - 1, FETCHED)
    lines = shape.elements // length // shape.n  # of an image
    blocks = shape.n * ceil(lines / THREADS)
    lanes = shape.n * rounded_up(lines, WARP)
    executed = (FILTER_LINE + FILTER_VALUE * length) * lanes
    reads = START_READS + 2 * (groups + rest)
    return Kernel(shape.elements * 4 * FLOAT, executed, blocks, reads)


def merging(count: Count, shape: Shape, size: int) -> Iterator[Kernel]:
    """Yields what puts `size` bytes of each tile together, if an image has more than one."""
    tiles = tiles_of(shape)
    if tiles > 1:
        moved = shape.n * (tiles + 1) * size
        yield Kernel(moved, count * (shape.n * THREADS), shape.n, ceil(tiles / THREADS))


@dataclass(frozen=True)
class Estimate:
    """Seconds that a batch takes, and what most of them are for."""

    seconds: float
    limit: str


@dataclass(frozen=True)
class Workload:
    """What a batch is and what is done to it.

    Attributes:
        shape: of its images and their type.
        target: type of the result.
        steps: what is done, one of `STEPS`.
    """

    shape: Shape
    target: str
    steps: str

    def __str__(self) -> str:
        return f"{self.steps}, {self.shape.n} × {self.shape} to {self.target}"

    def kernels(self) -> Iterator[Kernel]:
        """Yields the launches that do the work, without those that bring the parameters."""
        read, write = ITEM[self.shape.dtype], ITEM[self.target]
        if self.steps == WARP_ONLY:
            yield tiled("warp", self.shape, read, write, self.target)
        elif self.steps == CUBIC:
            padded = self._padded()
            yield tiled("load", padded, read, FLOAT)
            yield filtering(padded, padded.height)
            yield filtering(padded, padded.width)
            yield tiled("spline", self.shape, FLOAT, write, self.target)
        else:
            yield tiled("warp, to be continued", self.shape, read, FLOAT)
            yield from merging(MERGE_RANGES, self.shape, RANGE)
            if self.steps == SAMPLEWISE:
                yield tiled("moments", self.shape, FLOAT, FLOAT)
                yield from merging(MERGE_MOMENTS, self.shape, MOMENTS)
                yield tiled("samplewise", self.shape, FLOAT, write, self.target)
            else:
                yield tiled("colors", self.shape, FLOAT, write, self.target)

    def _padded(self) -> Shape:
        height, width = (n + 2 * PADDING for n in (self.shape.height, self.shape.width))
        return Shape(self.shape.n, height, width, self.shape.channels, self.shape.dtype)

    @property
    def launches(self) -> int:
        """How many kernels are queued, those that bring the parameters included."""
        of_channels, of_images = 1, ceil(self.shape.n * TASK / UPLOAD)
        return of_channels + of_images + sum(1 for _ in self.kernels())

    @property
    def bytes(self) -> float:
        """Read and written by all kernels."""
        return sum(kernel.bytes for kernel in self.kernels())

    @property
    def executed(self) -> Count:
        """Instructions of all kernels."""
        return sum((kernel.executed for kernel in self.kernels()), NOTHING)

    def floor(self, card: Card) -> float:
        """Returns seconds that no way of queuing and no cache can save: bytes and operations."""
        limits = ("memory", "issue", "double")
        return sum(max(kernel.seconds(card)[name] for name in limits) for kernel in self.kernels())

    def estimate(self, card: Card) -> Estimate:
        """Returns how long it takes on a card, batch after batch."""
        shares: dict[str, float] = {}
        for kernel in self.kernels():
            seconds, limit = max((time, name) for name, time in kernel.seconds(card).items())
            shares[limit] = shares.get(limit, 0) + seconds
        on_card = Estimate(sum(shares.values()), max(shares, key=lambda name: shares[name]))
        queuing = Estimate(LAUNCH * self.launches, "launch")
        return max(on_card, queuing, key=lambda estimate: estimate.seconds)
