"""Random settings: whatever Keras makes of them, we make of them."""

from __future__ import annotations

import numpy as np
import pytest

from keras_reference import assert_close, noise, pair, take

MODES = ("nearest", "constant", "reflect", "wrap", "mirror", "grid-wrap", "grid-constant")


def maybe(random, probability, value):
    return value if random.rand() < probability else None


def random_setting(number):
    """Returns arguments for the generator, for `flow`, and the data, drawn from one number."""
    random = np.random.RandomState(1000 + number)
    first = random.rand() < 0.3
    arguments = {
        "rotation_range": maybe(random, 0.6, float(random.uniform(1, 180))),
        "width_shift_range": maybe(random, 0.6, float(random.uniform(0.01, 0.5))),
        "height_shift_range": maybe(random, 0.6, float(random.uniform(0.01, 0.5))),
        "shear_range": maybe(random, 0.4, float(random.uniform(1, 40))),
        "zoom_range": maybe(random, 0.5, [float(random.uniform(0.5, 1)), 1.4]),
        "channel_shift_range": maybe(random, 0.3, float(random.uniform(1, 100))),
        "brightness_range": maybe(random, 0.2, [0.4, 1.0]),
        "horizontal_flip": maybe(random, 0.5, True),
        "vertical_flip": maybe(random, 0.5, True),
        "rescale": maybe(random, 0.5, 1 / 255),
        "samplewise_center": maybe(random, 0.2, True),
        "samplewise_std_normalization": maybe(random, 0.2, True),
        "featurewise_center": maybe(random, 0.2, True),
        "featurewise_std_normalization": maybe(random, 0.2, True),
        "data_format": "channels_first" if first else "channels_last",
        "fill_mode": MODES[number % len(MODES)],
        "cval": float(random.uniform(-20, 260)),
        "interpolation_order": int(random.choice([0, 1, 1, 1, 2, 3, 4, 5])),
    }
    shifts = random.randint(0, 10)
    if shifts == 0:
        arguments["width_shift_range"] = int(random.randint(1, 6))
    elif shifts == 1:
        arguments["height_shift_range"] = [-3, 1, 2]
    elif shifts == 2:
        arguments["width_shift_range"] = [0.1, 0.25]
    elif shifts == 3:
        arguments["height_shift_range"] = float(random.uniform(1, 6))
    arguments = {name: value for name, value in arguments.items() if value is not None}
    if "shear_range" in arguments:
        # A shear alone puts pixels exactly on the edge: test_image_functions has a test for these.
        arguments.setdefault("rotation_range", 1.0)
    if "samplewise_std_normalization" in arguments and "constant" in arguments["fill_mode"]:
        # An image that is nearly all `cval` has next to no deviation to be divided by.
        arguments["fill_mode"] = "reflect"
    count = int(random.randint(3, 9))
    height, width = (int(value) for value in random.randint(4, 29, 2))
    channels = int(random.choice([1, 3, 4]))
    if first and "brightness_range" in arguments:
        del arguments["brightness_range"]  # Keras needs its global setting for that: see below
    shape = (channels, height, width) if first else (height, width, channels)
    dtype = str(random.choice(["uint8", "uint8", "float32", "float64", "uint16", "int64"]))
    flow = {
        "batch_size": int(random.randint(1, count + 2)),
        "shuffle": bool(random.rand() < 0.6),
        "seed": maybe(random, 0.6, int(random.randint(0, 1000))),
    }
    return arguments, flow, noise((count, *shape), dtype, number)


@pytest.mark.parametrize("number", range(160))
def test_random_settings(number):
    arguments, flow, x = random_setting(number)
    y = np.arange(len(x))
    ours, theirs = pair(**arguments)
    if ours.featurewise_center or ours.featurewise_std_normalization:
        ours.fit(x)
        theirs.fit(x)
    iterators = [generator.flow(x, y, **flow) for generator in (ours, theirs)]
    batches = 2 * len(iterators[0]) + 1  # two passes and the first of a third, partial ones too
    results = []
    for iterator in iterators:
        np.random.seed(number)
        results.append(take(iterator, batches))
    quantised = "brightness_range" in arguments
    for (our_x, our_y), (their_x, their_y) in zip(*results, strict=True):
        np.testing.assert_array_equal(our_y, their_y)
        assert_close(our_x, their_x, levels=2 if quantised else 0, share=0.05 if quantised else 0.0)
