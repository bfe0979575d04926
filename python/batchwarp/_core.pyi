from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

_Rows: TypeAlias = NDArray[np.float32] | NDArray[np.float64]
_Beside: TypeAlias = tuple[NDArray[np.uint8], Plan, NDArray[np.int64], NDArray[np.uint8]]

__version__: Final[str]
OPERATIONS: Final[tuple[Operation, ...]]
PARAM_COLUMNS: Final[tuple[str, ...]]
FILL_MODES: Final[tuple[str, ...]]
INTERPOLATIONS: Final[tuple[str, ...]]

class Operation:
    @property
    def name(self) -> str: ...
    @property
    def scope(self) -> str: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def neutral(self) -> tuple[float, ...]: ...
    @property
    def ranges(self) -> tuple[tuple[float, float], ...]: ...
    @property
    def settings(self) -> tuple[str, ...]: ...
    @property
    def needs(self) -> tuple[str, ...]: ...
    def takes(self, channels: int) -> bool: ...

class Plan:
    def __init__(
        self,
        *,
        height: int,
        width: int,
        channels: int,
        data_format: str = "channels_last",
        interpolation_order: int = 1,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        rescale: float = 1.0,
        samplewise_center: bool = False,
        samplewise_std: bool = False,
        mean: NDArray[np.float64] | None = None,
        std: NDArray[np.float64] | None = None,
        steps: Sequence[tuple[str, Mapping[str, Any]]] | None = None,
        value_range: tuple[float, float] = (0.0, 255.0),
        fused: bool = True,
        policies: Sequence[tuple[str, int, int, int, int, Mapping[str, Any]]] = (),
        where: Sequence[tuple[int, int, int, int]] | None = None,
        mixture: Mapping[str, Any] | None = None,
        round_bytes: bool = False,
    ) -> None: ...
    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def channels(self) -> int: ...
    @property
    def target_height(self) -> int: ...
    @property
    def target_width(self) -> int: ...
    @property
    def data_format(self) -> str: ...
    @property
    def interpolation_order(self) -> int: ...
    @property
    def fill_mode(self) -> str: ...
    @property
    def cval(self) -> float: ...
    @property
    def value_range(self) -> tuple[float, float]: ...
    @property
    def fused(self) -> bool: ...
    @property
    def round_bytes(self) -> bool: ...
    @property
    def rescale(self) -> float: ...
    @property
    def samplewise_center(self) -> bool: ...
    @property
    def samplewise_std(self) -> bool: ...
    @property
    def mean(self) -> NDArray[np.float64] | None: ...
    @property
    def std(self) -> NDArray[np.float64] | None: ...
    @property
    def steps(self) -> tuple[tuple[str, dict[str, Any]], ...]: ...
    @property
    def policies(self) -> tuple[tuple[str, int, int, int, int, dict[str, Any]], ...]: ...
    @property
    def where(self) -> tuple[tuple[int, int, int, int], ...] | None: ...
    @property
    def mixture(self) -> dict[str, Any] | None: ...
    @property
    def columns(self) -> tuple[str, ...]: ...

class ParameterDraws:
    def __init__(
        self, columns: Sequence[tuple[str, float, float, float, bool, int, Sequence[float]]]
    ) -> None: ...
    def from_stream(
        self, random: np.random.RandomState, count: int
    ) -> NDArray[np.float64] | None: ...
    def by_key(
        self, operation: int, samples: NDArray[np.uint64], epoch: int, seed: int
    ) -> NDArray[np.float64] | None: ...

class Attributes:
    def __init__(
        self,
        checks: tuple[
            tuple[object | None, tuple[str, ...], tuple[object, ...], tuple[str, ...]], ...
        ],
    ) -> None: ...
    def are_unchanged(self, first: object) -> bool: ...

def permutation(random: np.random.RandomState, count: int) -> NDArray[np.int64]: ...

class BatchMaker:
    def __init__(
        self,
        plan: Plan,
        draws: ParameterDraws | None,
        own: Sequence[int] | None,
        operation: int,
        shape: Sequence[int],
        dtype: np.dtype[Any],
    ) -> None: ...
    def make(
        self,
        pool: BufferPool,
        src: NDArray[Any],
        indices: NDArray[np.int64],
        random: np.random.RandomState | None,
        first: int,
        epoch: int,
        seed: int,
    ) -> NDArray[Any]: ...
    def make_part(
        self,
        pool: BufferPool,
        src: NDArray[Any],
        order: NDArray[np.int64],
        begin: int,
        count: int,
        random: np.random.RandomState | int | None,
        others: tuple[NDArray[Any], ...],
        first: int,
        epoch: int,
        seed: int,
    ) -> tuple[NDArray[Any], ...]: ...

class Descriptor:
    def __init__(self, number: int) -> None: ...
    @property
    def number(self) -> int: ...
    def close(self) -> None: ...
    def close_copy(self) -> None: ...

class BufferPool:
    def __init__(self) -> None: ...
    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]: ...
    @property
    def idle_bytes(self) -> int: ...

def augment_batch(
    src: NDArray[Any],
    indices: NDArray[np.int64] | None,
    params: NDArray[np.float64] | None,
    plan: Plan,
    dst: NDArray[Any],
    *,
    threads: int = 0,
    beside: Sequence[_Beside] = (),
) -> None: ...
def augment_keyed(
    src: NDArray[Any],
    indices: NDArray[np.int64] | None,
    samples: NDArray[np.uint64],
    epoch: int,
    seed: int,
    plan: Plan,
    dst: NDArray[Any],
    *,
    threads: int = 0,
    beside: Sequence[_Beside] = (),
) -> None: ...
def draw(plan: Plan, samples: NDArray[np.uint64], epoch: int, seed: int) -> NDArray[np.float64]: ...
def uniform(
    samples: NDArray[np.uint64], epoch: int, seed: int, operation: int, numbers: Sequence[int]
) -> NDArray[np.float64]: ...
def map_points(
    plan: Plan,
    params: NDArray[np.float64] | None,
    starts: NDArray[np.int64],
    points: NDArray[np.float64],
) -> NDArray[np.float64]: ...
def map_boxes(
    plan: Plan,
    params: NDArray[np.float64] | None,
    starts: NDArray[np.int64],
    boxes: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def see_points(
    plan: Plan,
    params: NDArray[np.float64] | None,
    starts: NDArray[np.int64],
    points: _Rows,
    room: int,
    only_inside: bool,
) -> NDArray[np.float32]: ...
def see_boxes(
    plan: Plan,
    params: NDArray[np.float64] | None,
    starts: NDArray[np.int64],
    boxes: _Rows,
    before: NDArray[np.float64] | None,
    least_area: float,
    least_part: float,
    room: int,
    moves_up: bool,
    bounding_box_format: str,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]: ...

class Places:
    def see(
        self,
        plan: Plan,
        params: NDArray[np.float64] | None,
        least_area: float,
        least_part: float,
        max_boxes: int | None,
        only_inside: bool,
    ) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]: ...

def take_places(boxes: Any, keypoints: Any, images: int) -> Places | None: ...
def take_boxes(boxes: _Rows) -> tuple[_Rows, int]: ...
def first_reversed(boxes: _Rows) -> int: ...
def first_infinite(points: _Rows) -> int: ...
def gather_rows(items: Any, columns: int) -> tuple[NDArray[Any], NDArray[np.int64], int] | None: ...
def mirrored(plan: Plan, params: NDArray[np.float64] | None, count: int) -> NDArray[np.bool_]: ...
def add_others(
    images: NDArray[Any],
    others: NDArray[Any],
    partners: NDArray[np.int64],
    shares: NDArray[np.float64],
) -> None: ...
def paste_others(
    images: NDArray[Any],
    others: NDArray[Any],
    partners: NDArray[np.int64],
    rectangles: NDArray[np.int64],
) -> None: ...
def philox(counter: Sequence[int], key: Sequence[int]) -> list[int]: ...
def affine_matrices(
    params: NDArray[np.float64], height: int, width: int
) -> NDArray[np.float64]: ...
def resize(
    src: NDArray[np.uint8],
    dst: NDArray[np.uint8],
    interpolation: str,
    box: tuple[int, int, int, int] | None = None,
    *,
    pillow: tuple[int, int] = (13, 0),
) -> None: ...

class FileDecoding:
    def __init__(
        self,
        *,
        size: tuple[int, int],
        channels: int,
        interpolation: str,
        keep_aspect_ratio: bool,
        exif_transpose: bool,
        scaled_decode: bool,
        pillow: tuple[int, int],
        max_pixels: int,
    ) -> None: ...

class PlansBySize:
    def __init__(self, most: int, params: int = 0) -> None: ...
    def add(
        self,
        plan: Plan,
        columns: Sequence[int] = (),
        factors: Sequence[float] = (),
        before: Plan | None = None,
        between: np.dtype[Any] = ...,
    ) -> None: ...

def make_sized_files(
    paths: Sequence[Any],
    decoding: FileDecoding,
    plans: PlansBySize,
    samples: NDArray[np.uint64],
    epoch: int,
    seed: int,
    dst: NDArray[Any],
    *,
    channels_first: bool,
    timed: bool = False,
    contents: Sequence[bytes | None] | None = None,
    orientations: Sequence[int] = (),
    params: NDArray[np.float64] | None = None,
) -> tuple[
    int, tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64] | None
]: ...
def make_files(
    paths: Sequence[Any],
    decoding: FileDecoding,
    images: NDArray[np.uint8] | None = None,
    plan: Plan | None = None,
    params: NDArray[np.float64] | None = None,
    dst: NDArray[Any] | None = None,
    *,
    threads: int = 0,
    timed: bool = False,
    described: bool = True,
    contents: Sequence[bytes | None] | None = None,
    orientations: Sequence[int] = (),
) -> tuple[
    int,
    tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]] | None,
    NDArray[np.int64] | None,
]: ...
def ordinary_jpeg(data: bytes) -> tuple[int, int, int] | None: ...
def jpeg_orientation(data: bytes) -> int | None: ...
def use_libjpeg(path: str | bytes) -> str: ...
def libjpeg_version() -> str: ...
def covering_scale(part: tuple[int, int], target: tuple[int, int]) -> int: ...
def decode_jpeg(
    data: bytes,
    dst: NDArray[np.uint8],
    *,
    grey: bool = False,
    scale: int = 8,
    window: tuple[int, int, int, int] = (0, 0, 0, 0),
    rows: NDArray[np.int64] | None = None,
    columns: NDArray[np.int64] | None = None,
) -> bool: ...
def luma(src: NDArray[np.uint8], dst: NDArray[np.uint8]) -> None: ...
def get_num_threads() -> int: ...
def set_num_threads(n: int) -> None: ...
def usable_processors() -> int: ...
def simd_tier() -> str: ...
def simd_tiers() -> tuple[str, ...]: ...
def build_config() -> dict[str, str]: ...
def read_environment() -> None: ...
