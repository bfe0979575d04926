"""`batchwarp.Augment`: operations, done to arrays of images."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core, _forks, _keras
from batchwarp._arguments import boolean, integer
from batchwarp._arrays import CORE_INPUTS, CORE_OUTPUTS, as_array, rank_hint
from batchwarp.augment.explanation import Explanation
from batchwarp.augment.keys import Keys, numbers_of, one_epoch, one_seed, sample_numbers
from batchwarp.augment.labels import checked_labels
from batchwarp.augment.plan_table import PlanTable, rows_of
from batchwarp.augment.recipe import Recipe, checked_range, from_configs, value_range_of
from batchwarp.ops.recipe import TARGETS, ImageSpec, RecipeOperation
from batchwarp.ops.sampling import check_warp_options
from batchwarp.targets import Move, Stack, TargetOptions, Targets, masks_beside, places_of
from batchwarp.targets.beside import batch_shape

__all__ = ["Augment"]

# Plans of so many sizes and dtypes are kept.
_PLANS = 128

_taking = threading.RLock()


@_forks.call_after_fork
def _renew_lock() -> None:
    _forks.renew(_taking)


@dataclass(frozen=True, repr=False, init=False)
class Augment:
    """Operations that are done to arrays of images, the same way on every machine.

    Masks, boxes and keypoints that are given with images move with them.

    What happens to an image depends on the seed, the epoch and the image's key alone: not on its
    batch, its place in it, threads or processes. Without keys, images are numbered from the first
    one on that the object has ever got, so that each call augments anew.

    All operations that move pixels are one map, by which the image is read once; colours come after
    it, in their order, and `MixUp` and `CutMix` last. Objects never change, but for the number of
    images that they have got; they compare, pickle (with that number) and repeat as Python.

    Args:
        *operations: Operations of `batchwarp.ops`, in their order.
        seed: Integer from 0 to 2⁶⁴ - 1; `None` draws one, which the object keeps.
        fill_mode: What is seen beyond an image's edges, one of SciPy's modes, as in
            `ImageDataGenerator`: `"nearest"`, `"reflect"`, `"constant"`, `"wrap"`, ...
        cval: Number, the value beyond the edges where `fill_mode` is `"constant"`.
        order: Integer from 0 to 5, of the spline by which images are read: 0 is nearest, 1 linear.
        dtype: Dtype of the results: `"uint8"`, `"float16"`, `"float32"` or `"float64"`. Integers
            are cut off, not rounded, as in Keras, and are refused together with
            `Normalize` and `Standardize`.
        value_range: Pair (low, high), between what values images are, which is what strengths are
            fractions of. `None` is (0, 255) for uint8 and (0, 65535) for uint16; for
            floating-point images it must be given where an operation depends on it.
        fused: Boolean; if false, each colour operation passes over the pixels by itself. That is
            slower and means the same, up to rounding.
        data_format: `"channels_last"` or `"channels_first"`; `None` is Keras' global one.
        mask_fill: Integer, the value of masks beyond the edges where `fill_mode` is constant.
        mask_classes: Integer; masks are made one-hot, of so many classes and the dtype of the
            images. Where `mask_fill` is none of them, a pixel of that value has none.
        bounding_box_format: Format of boxes, one of those of `keras.utils.bounding_boxes`:
            `"xyxy"`, `"yxyx"`, `"xywh"`, `"center_xywh"`, `"center_yxhw"`, and of the first four
            those with `"rel_"` in front.
        max_boxes: Integer, for how many boxes there is room beside each image: those that are
            left, from the first one on. `None`: for as many as were given, each in its place.
        min_area: Number, the square pixels that have to be left of a box, or it is dropped.
        min_visibility: Number from 0 to 1, the part of a box that has to be within the image.
        keypoint_pairs: Sequence of pairs of indices: which keypoints change places in an image
            that is mirrored, such as the left and the right eye.
        remove_outside: Boolean; if true, keypoints outside of the image become nan.

    Raises:
        ValueError: If an argument is not as above, or an operation stands where it cannot.
        TypeError: If something is no operation.

    Example:
        >>> augment = Augment(ops.Flip(), ops.Affine(rotation=20), ops.Hue(0.05), seed=7)
        >>> images, masks = np.zeros((2, 32, 32, 3), np.uint8), np.ones((2, 32, 32), np.uint8)
        >>> augment(images, keys=[10, 11], epoch=3).shape
        (2, 32, 32, 3)
        >>> sorted(augment(images, masks=masks))
        ['images', 'masks']
    """

    operations: tuple[RecipeOperation, ...]
    seed: int
    fill_mode: str
    cval: float
    order: int
    dtype: str
    value_range: tuple[float, float] | None
    fused: bool
    data_format: str
    mask_fill: int
    mask_classes: int | None
    bounding_box_format: str
    max_boxes: int | None
    min_area: float
    min_visibility: float
    keypoint_pairs: tuple[tuple[int, int], ...] | None
    remove_outside: bool
    _recipe: Recipe = field(compare=False)
    _targets: TargetOptions = field(compare=False)
    _plans: dict[Any, _core.Plan] = field(compare=False)
    _buffers: _core.BufferPool = field(compare=False)
    _taken: int = field(compare=False)

    def __init__(
        self,
        *operations: RecipeOperation,
        seed: int | None = None,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        order: int = 1,
        dtype: Any = "float32",
        value_range: tuple[float, float] | None = None,
        fused: bool = True,
        data_format: str | None = None,
        mask_fill: int = 0,
        mask_classes: int | None = None,
        bounding_box_format: str = "xyxy",
        max_boxes: int | None = None,
        min_area: float = 0.0,
        min_visibility: float = 0.0,
        keypoint_pairs: Sequence[Sequence[int]] | None = None,
        remove_outside: bool = False,
    ) -> None:
        targets = TargetOptions.among(locals())
        recipe = Recipe("Augment", operations)
        fill_mode, cval, order = check_warp_options(fill_mode, cval, order)
        self._set(
            operations=operations,
            seed=secrets.randbits(64) if seed is None else one_seed(seed),
            fill_mode=fill_mode,
            cval=cval,
            order=order,
            dtype=_output_dtype(dtype, recipe),
            value_range=checked_range(value_range),
            fused=boolean("fused", fused),
            data_format=_keras.standardize_data_format(data_format),
            **vars(targets),
            _taken=0,
        )
        self._prepare(recipe)

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _prepare(self, recipe: Recipe) -> None:
        """Makes what is neither compared nor pickled."""
        targets = TargetOptions.among(vars(self))
        self._set(_recipe=recipe, _targets=targets, _plans={}, _buffers=_core.BufferPool())

    def __getstate__(self) -> dict[str, Any]:
        return {**self._arguments(), "operations": self.operations, "_taken": self._taken}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._set(**state)
        self._prepare(Recipe("Augment", self.operations))

    def _arguments(self) -> dict[str, Any]:
        names = (one.name for one in fields(self) if one.compare and one.name != "operations")
        return {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        written = [repr(one) for one in self.operations]
        defaults = {**_DEFAULTS, "data_format": _keras.image_data_format()}
        for name, value in self._arguments().items():
            if name == "seed" or value != defaults[name]:
                written.append(f"{name}={value!r}")
        return f"Augment({', '.join(written)})"

    def get_config(self) -> dict[str, Any]:
        """Describes the object in types that JSON has, for `from_config`.

        Returns:
            Dictionary of the constructor's arguments. How many images there have been is not in it.
        """
        config = self._arguments()
        if self.value_range is not None:
            config["value_range"] = list(self.value_range)
        if self.keypoint_pairs is not None:
            config["keypoint_pairs"] = list(map(list, self.keypoint_pairs))
        config["operations"] = [one.get_config() for one in self.operations]
        return config

    @classmethod
    def from_config(cls, config: Any) -> Augment:
        """Makes an object that was described by `get_config`.

        Args:
            config: Dictionary; what is missing gets its default.

        Returns:
            An `Augment`.

        Raises:
            ValueError: If a key is unknown, or its value is none that the constructor takes.
        """
        if not isinstance(config, Mapping):
            raise ValueError(f"`config` should be a dictionary. Received: {config!r}")
        accepted = ("operations", "seed", *_DEFAULTS, "data_format")
        unknown = [key for key in config if key not in accepted]
        if unknown:
            raise ValueError(
                f"`config` has the unknown key {unknown[0]!r}. Accepted are "
                f"{', '.join(map(repr, accepted))}"
            )
        arguments = dict(config)
        operations = from_configs(arguments.pop("operations", ()))
        return cls(*operations, **arguments)

    @overload
    def __call__(
        self,
        x: Any,
        keys: Any = None,
        epoch: int = 0,
        labels: None = None,
        *,
        masks: None = None,
        boxes: None = None,
        keypoints: None = None,
    ) -> NDArray[Any]: ...

    @overload
    def __call__(
        self,
        x: Any,
        keys: Any = None,
        epoch: int = 0,
        labels: Any = None,
        *,
        masks: Any = None,
        boxes: Any = None,
        keypoints: Any = None,
    ) -> dict[str, Any]: ...

    def __call__(
        self,
        x: Any,
        keys: Any = None,
        epoch: int = 0,
        labels: Any = None,
        *,
        masks: Any = None,
        boxes: Any = None,
        keypoints: Any = None,
    ) -> NDArray[Any] | dict[str, Any]:
        """Augments images, and what is given with them.

        Args:
            x: Array `(n, height, width, channels)`, or `(n, channels, height, width)` for
                `"channels_first"`, of uint8, uint16, float16, float32 or float64.
            keys: What the images are called: array or sequence of `n` integers or strings. `None`
                numbers them on from the images of earlier calls.
            epoch: Integer from 0 to 2³² - 1; another one augments the same keys anew.
            labels: Array of `n` integers or booleans, or `(n, classes)` floats, which `MixUp` and
                `CutMix` need; integers and booleans with their `num_classes`.
            masks: Array `(n, height, width)`, or of rank 4 with channels where images have theirs,
                of integers or booleans; or a dictionary of such arrays.
            boxes: Array `(n, k, 4)`, or a list of `n` arrays `(k_i, 4)`; or a dictionary of
                such, as `"boxes"`, and of `"labels"`, `(n, k)` or a list. Four times -1 is no box.
                Boxes are edges: the image reaches from 0 to its width.
            keypoints: Array `(n, k, 2)` of x and y, or a list of `n` arrays `(k_i, 2)`; nan is no
                keypoint. The centre of the first pixel is (0, 0).

        Returns:
            Array of `n` images of the constructor's dtype. With anything beside `x` it is a
            dictionary: `"images"`; `"labels"`, floats `(n, classes)` if `MixUp` or `CutMix` is
            among the operations; `"masks"` in their dtype, or one-hot in that of the images;
            `"boxes"` float32 `(n, k, 4)`, -1 for those that are not seen, as their labels are, in a
            dictionary as they were; and `"keypoints"` float32 `(n, k, 2)`.

        Raises:
            ValueError: If an operation cannot be done to such images, or an argument is not as
                above.
            TypeError: If the images are of another dtype, or keys neither integers nor strings, or
                masks are of floats.
        """
        x = as_array("x", x, stack=True)
        if x.ndim != 4:
            raise ValueError(
                f"`x` should be an array of rank 4. Received shape: {x.shape}{rank_hint(x)}"
            )
        plan = self._plan(x.shape[1:], x.dtype)
        epoch = one_epoch(epoch)
        mixing = self._recipe.mixing
        # Masks are pasted without labels, too.
        with_labels = [] if labels is None and masks is not None else [one for one, _ in mixing]
        weights = checked_labels(with_labels, labels, len(x))
        images = self._buffers.empty(batch_shape(len(x), plan), np.dtype(self.dtype))
        targets = places = beside = None
        if not (masks is None and boxes is None and keypoints is None):
            given = zip(TARGETS, (masks, boxes, keypoints), strict=True)
            names = [name for name, value in given if value is not None]
            self._recipe.check_targets(names)
            if masks is None:
                places = places_of(boxes, keypoints, len(x), self._targets)
            elif len(names) == 1 and not mixing:
                beside = masks_beside(masks, len(x), plan, self._targets, self._buffers)
            if places is None and beside is None:
                targets = self._checked_targets(x, masks, boxes, keypoints)
        samples = self._take(len(x)) if keys is None else sample_numbers(keys, len(x))
        made: dict[str, Any] = {"images": images}
        if beside is not None:
            made["masks"] = beside.moved
        if targets is None and places is None:
            parts = () if beside is None else (beside.part,)
            _core.augment_keyed(x, None, samples, epoch, self.seed, plan, images, beside=parts)
        else:
            rows = _core.draw(plan, samples, epoch, self.seed)
            params = rows if rows.size else None
            # First what has just been checked, which is near yet.
            if places is not None:
                made |= places.move([Move(plan, params)])
            elif targets is not None:
                made |= targets.move([Move(plan, params)], None, self._buffers)
            _core.augment_batch(x, None, params, plan, images)
        if mixing:
            planes = [np.moveaxis(images, 1 if self.data_format == "channels_first" else 3, -1)]
            if targets is not None:
                planes += targets.planes(made)
            weights = self._mix(planes, weights, samples, epoch)
        if weights is not None:
            made["labels"] = weights
        return made if len(made) > 1 else images

    def _checked_targets(self, x: NDArray[Any], masks: Any, boxes: Any, keypoints: Any) -> Targets:
        """Returns what moves with images."""
        stack = Stack(len(x), *self._spec(x.shape[1:])[:2], self.data_format, np.dtype(self.dtype))
        return Targets(self._targets, stack, masks, boxes, keypoints)

    def _plan(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> _core.Plan:
        """Returns the plan for images of one shape and dtype."""
        plan = self._plans.get((shape, dtype))
        if plan is not None:
            return plan
        if dtype not in CORE_INPUTS:
            raise TypeError(
                "`x` should be of dtype uint8, uint16, float16, float32 or float64. "
                f"Received: {dtype}"
            )
        if 0 in shape:
            raise ValueError(f"`x` should hold images with pixels. Received shape: {shape}")
        plan = self._recipe.plan(
            self._spec(shape),
            owner="Augment",
            value_range=value_range_of(dtype, self.value_range),
            data_format=self.data_format,
            fill_mode=self.fill_mode,
            cval=self.cval,
            interpolation_order=self.order,
            fused=self.fused,
        )
        if len(self._plans) >= _PLANS:
            self._plans.clear()
        self._plans[shape, dtype] = plan
        return plan

    def _spec(self, shape: tuple[int, ...]) -> ImageSpec:
        """Returns what an operation is told of images of a shape."""
        last = self.data_format == "channels_last"
        height, width, channels = shape if last else (*shape[1:], shape[0])
        return ImageSpec(height, width, channels)

    def _take(self, count: int) -> NDArray[np.uint64]:
        """Returns the numbers of the next images."""
        with _taking:
            first = self._taken
            self._set(_taken=first + count)
        return np.arange(first, first + count, dtype=np.uint64)

    def _mix(
        self,
        planes: list[NDArray[Any]],
        weights: NDArray[Any] | None,
        samples: NDArray[np.uint64],
        epoch: int,
    ) -> NDArray[Any] | None:
        """Mixes finished images in place, and returns what their labels become.

        Args:
            planes: The images, and then their masks, all of rank 4 with channels last.
            weights: The labels, or `None`.
            samples: What the images are called.
            epoch: Integer.
        """
        for operation, number in self._recipe.mixing:
            uniform, active = numbers_of(operation, number, Keys(samples, epoch, self.seed))
            shares, partners = operation.shares_and_partners(uniform, active, len(samples))
            kept, *_ = [operation.mix(one, one, shares, partners, uniform) for one in planes]
            if weights is not None:
                share = kept.astype(weights.dtype)[:, None]
                weights = weights + (1 - share) * (weights[partners] - weights)
        return weights

    @staticmethod
    def replay(explanation: Explanation | Mapping[str, Any], x: Any) -> NDArray[Any]:
        """Does to images what was done to the images of a batch.

        Args:
            explanation: What `flow.explain` has returned, or its `to_dict()`.
            x: Array `(n, height, width, channels)`, or `(n, channels, height, width)`, in the
                layout of the flow's generator: the batch's images as they are stored, or others.

        Returns:
            Array of `n` images of the flow's dtype: of the same images the same pixels.

        Raises:
            ValueError: If there are more or fewer images than in the explanation, or these were
                mixed with others.

        Example:
            >>> flow = ImageDataGenerator(operations=[ops.Hue(0.2)]).flow(
            ...     np.full((4, 8, 8, 3), 99, np.uint8), batch_size=2, shuffle=False, seed=1
            ... )
            >>> explanation = flow.explain(epoch=0, position=0)
            >>> again = Augment.replay(explanation, np.full((2, 8, 8, 3), 99, np.uint8))
            >>> np.allclose(again, next(flow))
            True
        """
        if not isinstance(explanation, Explanation):
            explanation = Explanation.from_dict(explanation)
        x = as_array("x", x, stack=True)
        if x.ndim != 4:
            raise ValueError(
                f"`x` should be an array of rank 4. Received shape: {x.shape}{rank_hint(x)}"
            )
        if x.dtype not in CORE_INPUTS:
            raise TypeError(
                "`x` should be of dtype uint8, uint16, float16, float32 or float64. "
                f"Received: {x.dtype}"
            )
        return explanation.again(x)

    def plan(self, shape: tuple[int, int, int], dtype: Any = "uint8") -> PlanTable:
        """Returns what is done to images of one shape, and what it costs.

        Args:
            shape: Tuple of three integers, the shape of one image.
            dtype: The dtype of the images.

        Returns:
            A table, which prints as text.

        Raises:
            ValueError: If an operation cannot be done to such images.
            TypeError: If they are of another dtype than calls take.

        Example:
            >>> augment = Augment(ops.Flip(), ops.Affine(rotation=20), ops.Hue(0.05))
            >>> print(augment.plan((32, 32, 3), np.uint8))
            operations                   are done as ...
            Flip(), Affine(rotation=20)  one map, by which images are read once with order 1 ...
            Hue(0.05)                    one run: a matrix for each image, clamped at its end ...
        """
        if not isinstance(shape, (tuple, list)) or len(shape) != 3:
            raise ValueError(f"`shape` should be a tuple of three integers. Received: {shape!r}")
        extents = tuple(integer("shape", extent, 1) for extent in shape)
        self._plan(extents, np.dtype(dtype))  # raises whatever a call would
        return rows_of(self.operations, self._spec(extents), self.order, self.fused)


_DEFAULTS = {
    "fill_mode": "nearest",
    "cval": 0.0,
    "order": 1,
    "dtype": "float32",
    "value_range": None,
    "fused": True,
    **asdict(TargetOptions()),
}


def _output_dtype(dtype: Any, recipe: Recipe) -> str:
    made = _keras.standardize_dtype("float32" if dtype is None else dtype)
    if made not in CORE_OUTPUTS:
        raise ValueError(
            f'`dtype` should be "uint8", "float16", "float32" or "float64". Received: {dtype!r}'
        )
    if made.kind == "u" and recipe.is_last is not None:
        raise ValueError(
            f"`dtype` should be a floating-point dtype beside {recipe.is_last!r}. "
            f"Received: {dtype!r}"
        )
    return made.name
