"""The layers of a Keras model, however deep they are nested, and what goes through them.

Layers are listened to where they are called. So it does not matter how a model is put together, and
a layer of a model within a model is as good as any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from batchwarp.console.frameworks import load_keras

__all__ = [
    "NamedLayer",
    "activation_name",
    "inner_layers",
    "last_layer",
    "listening",
    "run_up_to",
    "without_activation",
]


@dataclass(frozen=True)
class NamedLayer:
    """A layer that contains no others.

    Attributes:
        name: Its name, after those of the models that it is in: `"vgg16/block5_conv3"`.
        layer: The `keras.Layer`.
    """

    name: str
    layer: Any

    @property
    def is_convolution(self) -> bool:
        """Whether it is a convolution of pictures."""
        layers = load_keras().layers
        kinds = (layers.Conv2D, layers.Conv2DTranspose, layers.SeparableConv2D)
        return isinstance(self.layer, (*kinds, layers.DepthwiseConv2D))

    @property
    def is_pooling(self) -> bool:
        """Whether it makes pictures smaller."""
        layers = load_keras().layers
        return isinstance(self.layer, (layers.MaxPooling2D, layers.AveragePooling2D))


def inner_layers(model: Any) -> list[NamedLayer]:
    """Lists the layers of a model and of the models in it.

    Args:
        model: A built Keras model.

    Returns:
        The layers, but no models and no inputs, in the order of `model.layers`, each once.
    """
    found: dict[int, NamedLayer] = {}
    _collect(model, "", found)
    return list(found.values())


def _collect(model: Any, prefix: str, found: dict[int, NamedLayer]) -> None:
    for layer in model.layers:
        name = prefix + layer.name
        if hasattr(layer, "layers"):
            _collect(layer, f"{name}/", found)
        elif not isinstance(layer, load_keras().layers.InputLayer):
            found.setdefault(id(layer), NamedLayer(name, layer))


def last_layer(model: Any) -> Any:
    """Returns the layer or operation that a model's output comes from, of nested models, too."""
    last = model
    while True:
        # A functional model consists of operations, some of which are layers.
        parts = getattr(last, "operations", None) or getattr(last, "layers", None)
        if not parts:
            return last
        last = parts[-1]


def activation_name(layer: Any) -> str:
    """Returns the name of a layer's activation, or of the layer if it is one: `"softmax"`."""
    activation = getattr(layer, "activation", None) or layer
    return str(getattr(activation, "__name__", type(activation).__name__)).lower()


@contextmanager
def listening(
    layers: Iterable[NamedLayer], shifts: Mapping[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """Keeps what layers put out when their model is called in the block.

    Args:
        layers: The layers. Of one that is called several times the first output is kept.
        shifts: Tensors to add to the outputs of layers, by their names. The derivative with respect
            to a shift is that with respect to the output.

    Yields:
        The outputs by the layers' names, in the order of the calls; empty as the block begins.
    """
    outputs: dict[str, Any] = {}

    def heard(named: NamedLayer) -> Any:
        call = named.layer.call

        def call_and_keep(*arguments: Any, **more: Any) -> Any:
            output = call(*arguments, **more)
            if named.name in outputs:
                return output
            if shifts and named.name in shifts:
                output = output + shifts[named.name]
            outputs[named.name] = output
            return output

        return call_and_keep

    with ExitStack() as stack:
        for named in layers:
            stack.enter_context(_calling(named.layer, heard(named)))
        yield outputs


class _Reached(BaseException):
    """Ends the call of a model; no error, so that Keras does not add to its message."""

    def __init__(self, output: Any) -> None:
        super().__init__()
        self.output = output


def run_up_to(model: Any, named: NamedLayer, images: Any) -> Any:
    """Calls a model for the output of one of its layers, and computes nothing behind it.

    Args:
        model: A Keras model.
        named: One of its layers.
        images: Tensor of what the model takes.

    Returns:
        The layer's output, a tensor.

    Raises:
        ValueError: If the model does not use the layer.
    """
    call = named.layer.call

    def call_and_end(*arguments: Any, **more: Any) -> Any:
        raise _Reached(call(*arguments, **more))

    with _calling(named.layer, call_and_end):
        try:
            model(images, training=False)
        except _Reached as reached:
            return reached.output
    raise ValueError(f"The model does not use its layer {named.name!r}.")


@contextmanager
def without_activation(layer: Any) -> Iterator[None]:
    """Leaves out a layer's activation in the block; a layer that is one lets everything through.

    Where an activation is saturated its gradient is zero, and tells nothing.
    """
    keras = load_keras()
    activation = getattr(layer, "activation", None)
    if activation is None and activation_name(layer) in ("softmax", "sigmoid"):
        activation = layer
    if activation is None:
        yield
    elif isinstance(activation, keras.Operation):
        with _calling(activation, lambda x, *_, **__: x):
            yield
    else:
        layer.activation = keras.activations.linear
        try:
            yield
        finally:
            layer.activation = activation


@contextmanager
def _calling(layer: Any, function: Any) -> Iterator[None]:
    """Puts a function in the place of a layer's `call` in the block."""
    layer.call = function
    try:
        yield
    finally:
        del layer.call  # the method of its class shows again
