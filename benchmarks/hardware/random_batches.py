"""Random batches, made on a card and on the processor: every step, mode, order, type and layout."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core, cuda

from .findings import Findings, WrongError

SEED = 20_000
SOURCES = ("uint8", "uint16", "float16", "float32")
TARGETS = ("float32", "float16", "uint8")
SIDES = (1, 2, 3, 8, 17, 31, 32, 33, 64, 65, 100)
MOST_VALUES = 60_000  # of a batch, so that there are many
SHOWN = 5  # failures

# What single precision explains, in levels of 0 to 255: with splines of few taps and of many.
ROUNDING, SPLINES = 2e-3, 5e-3
# The colour steps truncate to 8 bits, so that a difference of 1e-5 can become a level; brightness
# stretches what splines overshoot, and multiplies it. That happens to few values.
LEVELS, SHARE = 5.0, 0.01
STEP = 0.1  # what counts as such a level; statistics that follow move the other values by less
FLAT = 1.0  # an image with a smaller range has rounding in place of content

_COLOR = ("channel_shift_intensity", "brightness")


@dataclass(frozen=True)
class Batch:
    """A batch and what is done to it, drawn from a seed.

    Attributes:
        source: the images, with strides of any kind.
        options: arguments of `Plan`.
        params: a row for each image of the batch, or None.
        indices: which images.
        target: type of the result.
        text: all of this in words.
    """

    source: NDArray[Any]
    options: dict[str, Any]
    params: NDArray[np.float64] | None
    indices: NDArray[np.int64]
    target: str
    text: str

    @property
    def colored(self) -> bool:
        """Whether there is a step through 8 bits."""
        if self.params is None:
            return False
        columns = [_core.PARAM_COLUMNS.index(name) for name in _COLOR]
        return bool(np.isfinite(self.params[:, columns]).any())


def draw(seed: int) -> Batch:
    """Draws a batch; the same seed gives the same one."""
    rng = np.random.default_rng(seed)
    height, width = (int(n) for n in rng.choice(SIDES, 2))
    channels = int(rng.choice((1, 2, 3, 4, 5)))
    count = int(np.clip(MOST_VALUES // (height * width * channels), 1, 6))
    first = bool(rng.integers(2))
    dtype, target = str(rng.choice(SOURCES)), str(rng.choice(TARGETS))
    shape = (channels, height, width) if first else (height, width, channels)
    source = rng.integers(0, 256, (count + 1, *shape)).astype(dtype)
    layout = str(rng.choice(("whole", "crop", "turned")))
    if layout == "crop":
        wider = np.zeros((*source.shape[:-1], source.shape[-1] + 2), dtype)
        wider[..., 1:-1] = source
        source = wider[..., 1:-1]
    elif layout == "turned":
        source = np.ascontiguousarray(np.moveaxis(source, -1, 1))
        source = np.moveaxis(source, 1, -1)
    order = int(rng.integers(6))
    mode = str(rng.choice(_core.FILL_MODES))
    options: dict[str, Any] = {
        "height": height,
        "width": width,
        "channels": channels,
        "data_format": "channels_first" if first else "channels_last",
        "interpolation_order": order,
        "fill_mode": mode,
        "cval": float(rng.choice((0, 17, 255))),
    }
    if target != "uint8":  # whose values are 0 to 255: standardisation is for floats
        options |= _standardization(rng, channels)
    params = _params(rng, count, height, width) if rng.random() < 0.95 else None
    text = (
        f"seed {seed}: {count} of {height}×{width}×{channels}, {dtype} to {target}, "
        f"{options['data_format']}, {layout}, order {order}, {mode}"
    )
    return Batch(source, options, params, rng.permutation(count + 1)[:count], target, text)


def _standardization(rng: np.random.Generator, channels: int) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if rng.random() < 0.4:
        options["rescale"] = 1 / 255
    if rng.random() < 0.3:
        options["mean"] = rng.uniform(0, 1, channels)
        options["std"] = rng.uniform(0.5, 2, channels)
    if rng.random() < 0.3:
        options["samplewise_center"] = True
        options["samplewise_std"] = bool(rng.integers(2))
    return options


def _params(rng: np.random.Generator, count: int, height: int, width: int) -> NDArray[np.float64]:
    wild = rng.random() < 0.3
    angle, shift, zoom = (180.0, 1.5, 3.0) if wild else (30.0, 0.2, 1.3)
    drawn = {
        "theta": rng.uniform(-angle, angle, count),
        "tx": rng.uniform(-shift, shift, count) * height,
        "ty": rng.uniform(-shift, shift, count) * width,
        "shear": rng.uniform(-20, 20, count) * (rng.random() < 0.5),
        "zx": rng.uniform(1 / zoom, zoom, count),
        "zy": rng.uniform(1 / zoom, zoom, count),
        "flip_horizontal": rng.integers(0, 2, count),
        "flip_vertical": rng.integers(0, 2, count),
        "channel_shift_intensity": np.full(count, np.nan),
        "brightness": np.full(count, np.nan),
    }
    if rng.random() < 0.3:
        drawn["channel_shift_intensity"] = rng.uniform(-60, 60, count)
    if rng.random() < 0.3:
        drawn["brightness"] = rng.uniform(0.3, 1.7, count)
    params = np.zeros((count, len(_core.PARAM_COLUMNS)))
    for name, values in drawn.items():
        params[:, _core.PARAM_COLUMNS.index(name)] = values
    return params


def on_processor(batch: Batch, *, colors: bool = True, target: str, **changes: Any) -> NDArray[Any]:
    """Returns the batch as the processor makes it.

    Args:
        batch: the batch.
        colors: whether the colour steps are done.
        target: type of the result.
        changes: what is otherwise in the plan.
    """
    params = batch.params
    if params is not None and not colors:
        params = params.copy()
        params[:, [_core.PARAM_COLUMNS.index(name) for name in _COLOR]] = np.nan
    out = np.zeros((len(batch.indices), *batch.source.shape[1:]), target)
    plan = _core.Plan(**(batch.options | changes))
    _core.augment_batch(batch.source, batch.indices, params, plan, out)
    return out


@dataclass(frozen=True)
class Verdict:
    """How two results differ.

    Attributes:
        text: in words, by too much; empty: not so.
        stepped: share of the values that differ by more than rounding, where colour steps allow it.
    """

    text: str = ""
    stepped: float = 0.0


def difference(batch: Batch) -> Verdict:
    """Makes a batch on both and compares them."""
    made = cuda.augment_batch(
        cuda.upload(batch.source),
        batch.params,
        _core.Plan(**batch.options),
        indices=batch.indices,
        dtype=batch.target,
    )
    return judge(made.numpy(), on_processor(batch, target=batch.target), batch)


def judge(got: NDArray[Any], want: NDArray[Any], batch: Batch) -> Verdict:
    """Compares the result of a card with the processor's."""
    whole = (1, 2, 3)
    plain: dict[str, Any] = dict.fromkeys(("mean", "std"))
    plain |= dict.fromkeys(("samplewise_center", "samplewise_std"), False)
    range_of = np.ptp(
        on_processor(batch, colors=False, target="float32", **plain, rescale=1.0), whole
    )
    content = range_of >= FLAT
    if not content.any():
        return Verdict()
    # What a level of 0 to 255 has become in the result.
    level = np.full(len(want), batch.options.get("rescale", 1.0))
    if batch.options.get("samplewise_std"):
        level /= on_processor(batch, target="float32", **plain).std(whole) + 1e-6
    if (std := batch.options.get("std")) is not None:
        level /= np.min(std)
    level = level[content, None, None, None]
    ours, theirs = got[content].astype(np.float64), want[content].astype(np.float64)
    off = np.abs(ours - theirs) / level
    accepted = np.full(off.shape, SPLINES if batch.options["interpolation_order"] > 1 else ROUNDING)
    if batch.target == "float16":
        accepted += 1.01 * np.spacing(np.abs(want[content])).astype(np.float64) / level
    elif batch.target == "uint8":
        accepted += 1
    beyond = np.where(np.isfinite(off), off - accepted, np.inf)
    worst = float(beyond.max())
    text = f"differs by {off.max():g} of 255" if worst > (LEVELS if batch.colored else 0) else ""
    return Verdict(text, float((beyond > STEP).mean()) if batch.colored else 0.0)


def compare(findings: Findings, seconds: float, seed: int) -> None:
    """Compares one random batch after the other.

    Args:
        findings: where their number goes.
        seconds: how long.
        seed: of the first one.

    Raises:
        WrongError: if some differ, with the first of them.
    """
    start, wrong, count = time.monotonic(), [], 0
    stepped = []
    while time.monotonic() - start < seconds or not count:
        batch = draw(seed + count)
        verdict = difference(batch)
        if verdict.text:
            wrong.append(f"{batch.text}: {verdict.text}")
        if batch.colored:
            stepped.append(verdict.stepped)
        count += 1
    share = sum(stepped) / len(stepped) if stepped else 0.0
    findings.figures({"batches": count, "that differ": len(wrong), "values off by a level": share})
    if wrong:
        raise WrongError("\n".join([f"{len(wrong)} of {count} differ:", *wrong[:SHOWN]]))
    if share > SHARE:
        raise WrongError(f"{share:.1%} of the values differ after colour steps, {SHARE:.0%} may")
