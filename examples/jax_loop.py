"""
A loop of JAX
=============

Batches go to all devices, a part to each, ahead of the step that needs them.

On a processor alone, `XLA_FLAGS=--xla_force_host_platform_device_count=2` makes two devices of it.
"""

from collections import deque
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from batchwarp import ImageDataGenerator

# %%
# Put your own images here: (n, height, width, channels), uint8 or float.
rng = np.random.default_rng(0)
x = rng.integers(0, 120, (1000, 32, 32, 3), dtype=np.uint8)
y = rng.integers(0, 3, 1000)
for channel in range(3):
    x[y == channel, 8:24, 8:24, channel] += 100

# %%
# `prefetch` makes batches in a thread; each has a whole number of images for every device.
datagen = ImageDataGenerator(rotation_range=20, horizontal_flip=True, rescale=1 / 255)
flow = datagen.flow(x, y, batch_size=40, seed=1, prefetch=2, drop_remainder=True)

# %%
# Copies of the next batches go on while the devices compute.
mesh = Mesh(np.array(jax.devices()), ("batch",))
parts = NamedSharding(mesh, PartitionSpec("batch"))  # an equal part of each batch
everywhere = NamedSharding(mesh, PartitionSpec())  # the weights, whole


def on_devices(count: int = 2) -> Iterator[tuple[jax.Array, jax.Array]]:
    """Yields the batches of a pass; the copies of the next ones go on meanwhile."""
    waiting: deque[tuple[jax.Array, jax.Array]] = deque()
    for _ in range(len(flow)):
        waiting.append(jax.device_put(next(flow), parts))  # returns before the copy is done
        if len(waiting) > count:
            yield waiting.popleft()
    yield from waiting


# %%
# A small network, and its training.
def outputs(weights: dict[str, jax.Array], images: jax.Array) -> jax.Array:
    """Returns the logits of a small network."""
    maps = jax.lax.conv_general_dilated(
        images, weights["kernel"], (2, 2), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return jax.nn.relu(maps + weights["bias"]).mean((1, 2)) @ weights["dense"]


def loss(weights: dict[str, jax.Array], images: jax.Array, labels: jax.Array) -> jax.Array:
    """Returns the cross-entropy of a batch."""
    scores = jax.nn.log_softmax(outputs(weights, images))
    return -jnp.take_along_axis(scores, labels[:, None], 1).mean()


def step(
    weights: dict[str, jax.Array],
    momentum: dict[str, jax.Array],
    images: jax.Array,
    labels: jax.Array,
) -> tuple[dict[str, jax.Array], dict[str, jax.Array], jax.Array]:
    """Trains on a batch; returns weights, momentum and how many labels were right."""
    gradients = jax.grad(loss)(weights, images, labels)
    momentum = jax.tree.map(lambda m, g: 0.9 * m + g, momentum, gradients)
    right = (outputs(weights, images).argmax(1) == labels).sum()
    return jax.tree.map(lambda w, m: w - 0.3 * m, weights, momentum), momentum, right


weights = {
    "kernel": jnp.asarray(rng.normal(0, 0.2, (3, 3, 3, 8)), jnp.float32),
    "bias": jnp.zeros(8),
    "dense": jnp.asarray(rng.normal(0, 0.3, (8, 3)), jnp.float32),
}
weights = jax.device_put(weights, everywhere)
momentum = jax.tree.map(jnp.zeros_like, weights)
train = jax.jit(step)

for epoch in range(4):
    right = 0
    for images, labels in on_devices():
        weights, momentum, correct = train(weights, momentum, images, labels)
        right += int(correct)
    share = images.addressable_shards[0].data.shape[0]
    print(f"epoch {epoch + 1}: {share} images a device, accuracy: {right / len(x):.3f}")
