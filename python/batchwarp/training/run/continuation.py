"""Going on with a training as if it had never stopped."""

from __future__ import annotations

import base64
import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from batchwarp.console.frameworks import load_keras

__all__ = [
    "callback_states",
    "continue_flow",
    "random_states",
    "restore_callbacks",
    "restore_random_states",
]

# What EarlyStopping, ModelCheckpoint and ReduceLROnPlateau remember from one epoch to the next.
_REMEMBERED = ("best", "best_epoch", "cooldown_counter", "wait")


def callback_states(callbacks: Sequence[Any]) -> list[dict[str, float]]:
    """Returns what callbacks remember, for JSON.

    Args:
        callbacks: Keras callbacks.

    Returns:
        One dictionary for each of them.
    """
    return [
        {
            name: float(value)
            for name in _REMEMBERED
            if isinstance(value := getattr(callback, name, None), (int, float))
        }
        for callback in callbacks
    ]


def restore_callbacks(callbacks: Sequence[Any], states: Sequence[Mapping[str, float]]) -> None:
    """Gives callbacks back what they remembered; to be called when training has begun.

    Args:
        callbacks: The same callbacks, in the same order.
        states: What `callback_states` has returned.
    """
    for callback, state in zip(callbacks, states, strict=False):
        for name, value in state.items():
            setattr(callback, name, int(value) if name != "best" else value)


def continue_flow(flow: Any, batches_seen: int, passes: int | None) -> None:
    """Makes a flow with a seed go on after an epoch; to be called when training has begun.

    Keras' iterators seed each batch with its number, and draw the order of an epoch with what the
    last batch of the epoch before has left. So that batch is made once more.

    Args:
        flow: An iterator of batchwarp or of Keras, with a seed.
        batches_seen: Its `total_batches_seen` at the end of the epoch.
        passes: Its `passes`; None for a flow that does not count them.
    """
    flow.total_batches_seen = batches_seen - 1
    flow[len(flow) - 1]
    flow.on_epoch_end()
    if passes is not None:
        flow.passes = passes


def random_states(model: Any) -> dict[str, Any]:
    """Returns what the random layers of a model will draw next, which Keras does not save.

    Args:
        model: A Keras model.

    Returns:
        For JSON: "layers", the state of each layer with a seed generator, such as Dropout; "torch",
        those of PyTorch's own generators, from which Keras' layers draw there.
    """
    convert = load_keras().ops.convert_to_numpy
    return {
        "layers": [convert(generator.state).tolist() for generator in _seed_generators(model)],
        "torch": [
            base64.b64encode(generator.get_state().numpy().tobytes()).decode("ascii")
            for generator in _torch_generators()
        ],
    }


def restore_random_states(model: Any, states: Mapping[str, Any]) -> None:
    """Makes the random layers of a model go on where they were; called when training has begun.

    Args:
        model: The same model, built.
        states: What `random_states` has returned.
    """
    for generator, state in zip(_seed_generators(model), states["layers"], strict=False):
        generator.state.assign(np.asarray(state, generator.state.dtype))
    for generator, text in zip(_torch_generators(), states["torch"], strict=False):
        # A copy, since PyTorch warns of arrays that cannot be written to.
        state = np.frombuffer(base64.b64decode(text), np.uint8).copy()
        generator.set_state(importlib.import_module("torch").from_numpy(state))


def _torch_generators() -> list[Any]:
    """Returns PyTorch's generators of the processor and of each GPU; none for other backends."""
    if load_keras().backend.backend() != "torch":
        return []
    torch = importlib.import_module("torch")
    return [
        torch.default_generator,
        *(torch.cuda.default_generators if torch.cuda.is_available() else ()),
    ]


def _seed_generators(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _seed_generators(layer)
        elif (generator := getattr(layer, "seed_generator", None)) is not None:
            yield generator
