"""Gradients with each of Keras' backends, which has a way of its own to compute them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from batchwarp.console.frameworks import load_keras

__all__ = ["with_gradient"]

# From a tensor to a scalar, which is derived, and whatever else is of interest.
Function = Callable[[Any], tuple[Any, Any]]


def with_gradient(function: Function) -> Function:
    """Returns a function that computes the gradient of another one.

    Args:
        function: Function of one tensor that returns a tuple of a scalar tensor and of further
            tensors. It may be traced: it is made of Keras layers and `keras.ops`.

    Returns:
        Function of one tensor that returns a tuple of the scalar's gradient with respect to it, a
        tensor of the same shape, and of the further tensors.
    """
    makers = {"tensorflow": _with_tensorflow, "torch": _with_torch, "jax": _with_jax}
    return makers[load_keras().backend.backend()](function)


def _with_tensorflow(function: Function) -> Function:
    import tensorflow as tf

    def derived(x: Any) -> tuple[Any, Any]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            value, others = function(x)
        return tape.gradient(value, x, unconnected_gradients="zero"), others

    # Traced, so that the gradients of the weights, which nobody wants, are not computed.
    graph = tf.function(derived, autograph=False)

    @functools.cache
    def traced(shape: tuple[int, ...], dtype: Any) -> Function:
        # Called by itself, `graph` would warn of many traces where a program has many functions.
        concrete: Function = graph.get_concrete_function(tf.TensorSpec(shape, dtype))
        return concrete

    return lambda x: traced(tuple(x.shape), x.dtype)(x)


def _with_torch(function: Function) -> Function:
    import torch

    def derived(x: Any) -> tuple[Any, Any]:
        x = x.detach().requires_grad_(True)
        value, others = function(x)
        (gradient,) = torch.autograd.grad(value, x, materialize_grads=True)
        return gradient, others

    return derived


def _with_jax(function: Function) -> Function:
    import jax

    # Not compiled: the compiler would compute whatever does not depend on the tensor, slowly.
    return jax.grad(function, has_aux=True)  # type: ignore[no-any-return, unused-ignore]
