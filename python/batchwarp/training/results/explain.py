"""What a convolutional model sees: activations, patterns of its filters, and Grad-CAM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.console.frameworks import load_keras
from batchwarp.training.networks.layers import (
    NamedLayer,
    activation_name,
    inner_layers,
    last_layer,
    listening,
    run_up_to,
    without_activation,
)
from batchwarp.training.results.gradients import with_gradient

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from batchwarp.training.results.saved import SavedModel

__all__ = ["FilterPatterns", "activations", "filter_patterns", "grad_cam", "picture_layers"]

# Patterns that are grown at the same time: the memory of a large model grows with them.
_AT_ONCE = 16
_STEP = 0.02  # of the range of the pixels
_NOISE = 0.1  # likewise, from the lowest to the highest pixel of the beginning
# The padding of the convolutions before shows at the edges of an activation.
_EDGE = 2


@dataclass(frozen=True)
class FilterPatterns:
    """Pictures that filters of a layer respond to.

    Attributes:
        images: Array `(filters, height, width, channels)` of float32 in the range that the model
            takes, or a little out of it.
        before: How strongly each filter responds to the noise that its pattern began as, the mean
            of its output before the activation; array `(filters,)`.
        after: How strongly it responds to its pattern.
    """

    images: NDArray[np.float32]
    before: NDArray[np.float32]
    after: NDArray[np.float32]


def picture_layers(saved: SavedModel) -> dict[str, tuple[NamedLayer, tuple[int, int, int]]]:
    """Finds the layers of a model whose output is pictures.

    Args:
        saved: The model.

    Returns:
        The layers in the order in which they are called, each with height, width and channels of
        its output, by their names.
    """
    layers = {named.name: named for named in inner_layers(saved.model)}
    black = np.zeros((1, *saved.size, saved.channels), np.float32)
    with listening(layers.values()) as outputs:
        _call(saved, saved.in_layout(black))
    found = {}
    for name, output in outputs.items():
        shape = tuple(getattr(output, "shape", ()))
        if len(shape) == 4:
            channels_last = (*shape[2:], shape[1]) if saved.channels_first else shape[1:]
            height, width, channels = map(int, channels_last)
            found[name] = layers[name], (height, width, channels)
    return found


def activations(
    saved: SavedModel, image: NDArray[np.float32], layers: Sequence[NamedLayer]
) -> dict[str, NDArray[np.float32]]:
    """Computes what layers put out for a picture.

    Args:
        saved: The model.
        image: Array of float32 as the model takes it, with a first axis of length 1.
        layers: Layers of the model whose output is pictures.

    Returns:
        Arrays `(height, width, channels)` of float32 by the layers' names.
    """
    with listening(layers) as outputs:
        _call(saved, image)
    return {name: saved.channels_last(output)[0] for name, output in outputs.items()}


def filter_patterns(
    saved: SavedModel, named: NamedLayer, filters: int, *, steps: int, seed: int
) -> FilterPatterns:
    """Grows pictures that the first filters of a layer respond to, by gradient ascent.

    Each begins as grey noise and is changed in steps of equal size in the direction in which the
    filter's mean response, before the activation, rises most.

    Args:
        saved: The model.
        named: One of its layers whose output is pictures.
        filters: How many filters, at least 1 and at most as many as the layer has.
        steps: Number of steps.
        seed: Seed of the noise.

    Returns:
        The patterns.
    """
    ops = load_keras().ops
    noise = np.random.RandomState(seed)
    pixels = 255 * saved.rescale
    ascents: list[_Ascent] = []
    for begin in range(0, filters, _AT_ONCE):
        chosen = np.arange(begin, min(begin + _AT_ONCE, filters))
        shape = (len(chosen), *saved.size, saved.channels)
        start = pixels * (0.5 + _NOISE * (noise.random_sample(shape) - 0.5))
        x = ops.convert_to_tensor(saved.in_layout(start.astype(np.float32)))
        ascents.append(_ascend(saved, named, chosen, x, steps=steps, step=_STEP * pixels))
    images, before, after = (np.concatenate(parts) for parts in zip(*ascents, strict=True))
    return FilterPatterns(images, before, after)


# Images, responses before and responses after.
_Ascent = tuple["NDArray[np.float32]", "NDArray[np.float32]", "NDArray[np.float32]"]


def _ascend(
    saved: SavedModel,
    named: NamedLayer,
    chosen: NDArray[np.int64],
    x: Any,
    *,
    steps: int,
    step: float,
) -> _Ascent:
    """Changes pictures so that filters, one for each picture, respond to them."""
    ops = load_keras().ops

    def response(pictures: Any) -> tuple[Any, Any]:
        with without_activation(named.layer):
            output = ops.cast(run_up_to(saved.model, named, pictures), "float32")
        if saved.channels_first:
            output = ops.moveaxis(output, 1, -1)
        height, width, channels = output.shape[1:]
        rows, columns = _inner(height), _inner(width)
        means = ops.mean(output[:, rows, columns], axis=(1, 2))
        each = ops.sum(means * ops.one_hot(chosen, channels), axis=1)
        return ops.sum(each), each

    derived = with_gradient(response)
    before = None
    for _ in range(steps):
        gradient, now = derived(x)
        before = now if before is None else before
        length = ops.sqrt(ops.mean(gradient * gradient, axis=(1, 2, 3), keepdims=True))
        x = x + step * gradient / ops.maximum(length, 1e-12)
    after = response(x)[1]
    return (
        saved.channels_last(x),
        _array(after if before is None else before),
        _array(after),
    )


def _inner(length: int) -> slice:
    """Returns what is left of a side without its edges, all of it if that would be too little."""
    return slice(_EDGE, length - _EDGE) if length >= 3 * _EDGE else slice(None)


def grad_cam(
    saved: SavedModel,
    image: NDArray[np.float32],
    named: NamedLayer,
    number: int,
    where: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Computes where a picture speaks for a class, as Grad-CAM does.

    The channels of a layer are added up, each weighted by the mean derivative of the class' score
    with respect to it. The score is the logarithm of the odds of the class. What softmax is applied
    to would do for one class only: softmax looks at differences between classes, and of a model
    that is sure all of them may rise or fall together, which leaves the map blank. Of a model that
    makes masks, it is the sum of those of pixels, as in Seg-Grad-CAM.

    Args:
        saved: The model.
        image: Array of float32 as the model takes it, with a first axis of length 1.
        named: One of its layers whose output is pictures.
        number: The class.
        where: Array `(height, width)` of the size of a mask that the model makes: of which pixels
            the class is looked for.

    Returns:
        Array `(height, width)` of the size of the layer's output, float32: 0 where nothing speaks
        for the class, 1 where most does. It is zero throughout if nothing does anywhere.
    """
    ops = load_keras().ops
    x = ops.convert_to_tensor(image)
    last = last_layer(saved.model)
    independent = activation_name(last) == "sigmoid"

    def score(shift: Any) -> tuple[Any, Any]:
        with (
            without_activation(last),
            listening([named], {named.name: shift}) as outputs,
        ):
            scores = saved.model(x, training=False)
        if where is None:
            return _log_odds(scores[0], number, independent), outputs[named.name]
        of_pixels = ops.moveaxis(scores, 1, -1) if saved.channels_first else scores
        odds = _log_odds(of_pixels[0], number, independent)
        return ops.sum(ops.where(where, odds, 0.0)), outputs[named.name]

    shift = ops.zeros_like(run_up_to(saved.model, named, x))
    gradient, output = (saved.channels_last(t)[0] for t in with_gradient(score)(shift))
    heat = np.maximum(output @ gradient.mean(axis=(0, 1)), 0)
    highest = heat.max()
    return np.asarray(heat / highest if highest > 0 else heat, np.float32)


def _log_odds(scores: Any, number: int, independent: bool) -> Any:
    """Returns the logarithm of the odds of a class.

    Args:
        scores: Tensor `(..., k)` of what the last activation is applied to; one score is that of
            class 1.
        number: The class.
        independent: Whether a picture may be of several classes, as with sigmoid.
    """
    ops = load_keras().ops
    if scores.shape[-1] == 1:
        return scores[..., 0] if number else -scores[..., 0]
    if independent:
        return scores[..., number]
    others = ops.concatenate([scores[..., :number], scores[..., number + 1 :]], axis=-1)
    return scores[..., number] - ops.logsumexp(others, axis=-1)


def _call(saved: SavedModel, image: NDArray[np.float32]) -> None:
    saved.model(load_keras().ops.convert_to_tensor(image), training=False)


def _array(tensor: Any) -> NDArray[np.float32]:
    return np.asarray(load_keras().ops.convert_to_numpy(tensor), np.float32)
