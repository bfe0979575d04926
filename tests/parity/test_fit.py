"""`fit` and the standardisation, against Keras."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from keras_reference import assert_close, noise, pair, quiet, take

BOTH = {"featurewise_center": True, "featurewise_std_normalization": True}
AUGMENT = {
    "rotation_range": 25,
    "width_shift_range": 0.1,
    "height_shift_range": [-1, 2],
    "channel_shift_range": 5.0,
    "horizontal_flip": True,
}


def fitted(x, arguments, **fit):
    generators = pair(**arguments)
    for generator in generators:
        np.random.seed(4)
        with quiet():
            generator.fit(x, **fit)
    return generators


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "int64", "bool"])
@pytest.mark.parametrize("rescale", [None, 1 / 255, -2.0])
def test_moments(data_format, dtype, rescale):
    shape = (20, 9, 8, 3) if data_format == "channels_last" else (20, 3, 9, 8)
    x = noise(shape) > 127 if dtype == "bool" else noise(shape).astype(dtype)
    ours, theirs = fitted(x, {**BOTH, "rescale": rescale, "data_format": data_format})
    for name in ("mean", "std"):
        a, b = getattr(ours, name), getattr(theirs, name)
        assert a.shape == b.shape
        assert a.dtype == b.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=2e-5)
    # A mean that is 1e-5 off shows in images divided by a small deviation: that is not this test's.
    theirs.mean, theirs.std = ours.mean, ours.std
    x = x.astype("float32")
    assert_close(take(ours.flow(x, seed=1), 1)[0], take(theirs.flow(x, seed=1), 1)[0])


@pytest.mark.parametrize("seed", [None, 6])
@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize("rescale", [None, 1 / 255])
def test_augmented_moments(seed, rounds, rescale):
    x = noise((13, 9, 8, 3))
    arguments = {**BOTH, **AUGMENT, "rescale": rescale}
    ours, theirs = fitted(x, arguments, augment=True, rounds=rounds, seed=seed)
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-5)
    np.testing.assert_allclose(ours.std, theirs.std, rtol=1e-5)


def test_unseeded_augmentation_leaves_the_global_state_where_keras_does():
    states = []
    for generator in pair(**AUGMENT):
        np.random.seed(4)
        with quiet():
            generator.fit(noise((13, 9, 8, 3)), augment=True, rounds=2)
        states.append(np.random.get_state(legacy=False))
    np.testing.assert_equal(states[0], states[1])


def test_brightness_after_rescaling_is_black():
    """A quirk of Keras: `fit` rescales before it augments, and brightness truncates."""
    arguments = {"featurewise_center": True, "rescale": 1 / 300, "brightness_range": (0.5, 1.0)}
    for generator in fitted(noise((5, 6, 7, 3)), arguments, augment=True):
        assert not generator.mean.any()


def test_a_large_mean_is_not_lost():
    """Keras adds up in float32. Here is what that costs it, and that it costs us nothing."""
    x = np.full((280, 280, 280, 1), 0.6, dtype="float32")
    expected = float(np.float32(0.6))
    generator = batchwarp.ImageDataGenerator(**BOTH)
    generator.fit(x)
    assert generator.mean.item() == pytest.approx(expected, rel=1e-7)
    assert generator.std.item() < 1e-6


def test_the_data_is_not_changed():
    x = noise((6, 5, 4, 3), "float32")
    before = x.copy()
    for augment in (False, True):
        generator = batchwarp.ImageDataGenerator(**BOTH, **AUGMENT, rescale=0.5)
        generator.fit(x, augment=augment)
        np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("augment", [False, True])
def test_whitening_of_more_images_than_values(augment):
    x = noise((200, 4, 5, 3), "float32")
    arguments = {"zca_whitening": True, "zca_epsilon": 1e-2, "featurewise_center": True}
    if augment:
        arguments.update(horizontal_flip=True)
    ours, theirs = fitted(x, arguments, augment=augment)
    scale = np.abs(theirs.zca_whitening_matrix).max()
    np.testing.assert_allclose(
        ours.zca_whitening_matrix / scale, theirs.zca_whitening_matrix / scale, atol=1e-4
    )
    batches = [take(generator.flow(x, seed=1), 2) for generator in (ours, theirs)]
    for a, b in zip(*batches, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)
    # The point of it: whitened images have unit covariance.
    flat = next(ours.flow(x, batch_size=200, shuffle=False)).reshape(200, -1)
    if not augment:
        np.testing.assert_allclose(flat.T @ flat / 200, np.eye(60), atol=2e-2)


def test_whitening_of_fewer_images_than_values():
    """The null space is noise in Keras, too: only what the images span can be compared."""
    x = noise((12, 4, 5, 3), "float32")
    ours, theirs = fitted(x, {"zca_whitening": True, "zca_epsilon": 1.0})
    matrices = [generator.zca_whitening_matrix for generator in (ours, theirs)]
    centred = (x - ours.mean).reshape(12, -1)
    np.testing.assert_allclose(centred @ matrices[0], centred @ matrices[1], atol=2e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rank", [3, 4])
@pytest.mark.parametrize(
    "arguments",
    [
        {"rescale": 1 / 255},
        {"samplewise_center": True},
        {"samplewise_std_normalization": True},
        {**BOTH, "rescale": 0.5},
        {**BOTH, "samplewise_center": True, "samplewise_std_normalization": True},
        {"zca_whitening": True, "zca_epsilon": 1e-1},
        {"preprocessing_function": lambda x: x / 2 + 1, "rescale": 2.0},
    ],
)
def test_standardize(dtype, rank, arguments):
    ours, theirs = fitted(noise((50, 3, 4, 3), "float32"), arguments)
    images = noise((5, 3, 4, 3), seed=9).astype(dtype)
    images = images[0] if rank == 3 else images
    mine, reference = images.copy(), images.copy()
    a, b = ours.standardize(mine), theirs.standardize(reference)
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-3)
    assert a.dtype == b.dtype
    # In place wherever Keras is.
    np.testing.assert_allclose(mine, reference, rtol=1e-4, atol=1e-3)
    assert (a is mine) == (b is reference)


@pytest.mark.parametrize("value", [0.1, 100.7])
def test_an_image_of_one_value_has_no_deviation(value):
    """Keras' mean of many equal numbers is a little off, and the division by 1e-6 shows it."""
    x = np.full((2, 50, 50, 3), value, "float32")
    generator = batchwarp.ImageDataGenerator(
        samplewise_center=True, samplewise_std_normalization=True
    )
    assert not next(generator.flow(x)).any()


UNFITTED = ["featurewise_center", "featurewise_std_normalization", "zca_whitening"]


@pytest.mark.parametrize("setting", UNFITTED)
def test_a_missing_fit_warns(setting):
    x = noise((2, 3, 4, 3), "float32")
    settings = {name: name == setting for name in UNFITTED}
    for generator in pair(**settings):
        # Settings imply each other, so one alone is switched on afterwards.
        for name, value in settings.items():
            setattr(generator, name, value)
        for call in (
            lambda g=generator: g.standardize(x.copy()),
            lambda g=generator: take(g.flow(x), 1),
        ):
            with pytest.warns(UserWarning, match=f"specifies `{setting}`, but it hasn't"):
                call()


@pytest.mark.parametrize(
    "arguments",
    [
        {"zca_whitening": True},
        {"zca_whitening": True, "featurewise_center": True, "featurewise_std_normalization": True},
        {"featurewise_std_normalization": True},
        {"samplewise_std_normalization": True},
        {"samplewise_std_normalization": True, "samplewise_center": True},
        {"zca_whitening": True, "featurewise_std_normalization": True},
    ],
)
def test_settings_that_imply_others(arguments):
    ours, theirs = pair(**arguments)
    for name in (*UNFITTED, "samplewise_center", "samplewise_std_normalization"):
        assert getattr(ours, name) == getattr(theirs, name)


def test_implied_settings_warn():
    with pytest.warns(
        UserWarning, match="`zca_whitening`, which overrides setting of `featurewise_center`"
    ):
        batchwarp.ImageDataGenerator(zca_whitening=True)
    with pytest.warns(UserWarning, match="overrides setting of `samplewise_center`"):
        batchwarp.ImageDataGenerator(samplewise_std_normalization=True)


SHAPES = [(), (1,), (3,), (1, 1, 3), (6, 5, 3), (6, 1, 1), (5, 3), (1, 5, 1)]


@pytest.mark.parametrize("mean", SHAPES)
@pytest.mark.parametrize("std", SHAPES)
def test_statistics_that_the_user_sets(mean, std):
    """Whatever can be broadcast to an image works: scalars, per channel, per pixel."""
    x = noise((7, 6, 5, 3))
    random = np.random.RandomState(2)
    values = random.uniform(100, 140, mean), random.uniform(40, 60, std)
    results = []
    for generator in pair(**BOTH, rescale=0.5, samplewise_center=True):
        generator.mean, generator.std = values
        results.append(take(generator.flow(x, seed=3), 2))
    for a, b in zip(*results, strict=True):
        assert_close(a, b)


def test_statistics_per_channel_with_channels_first():
    x = noise((7, 3, 6, 5))
    results = []
    for generator in pair(**BOTH, data_format="channels_first"):
        generator.mean = np.array([100.0, 120, 140]).reshape(3, 1, 1)
        generator.std = np.linspace(40, 60, 5)  # along the width: not per channel
        results.append(take(generator.flow(x, seed=3), 2))
    for a, b in zip(*results, strict=True):
        assert_close(a, b)


@pytest.mark.parametrize("name", ["mean", "std"])
@pytest.mark.parametrize("value", [np.zeros(4), np.zeros((1, 1, 1, 3)), np.zeros((5, 6, 3))])
def test_statistics_that_do_not_fit(name, value):
    x = noise((7, 6, 5, 3))
    for generator in pair(**BOTH):
        generator.mean = generator.std = 1.0
        setattr(generator, name, value)
        with pytest.raises(ValueError, match="broadcast"), quiet():
            next(generator.flow(x))


def test_statistics_that_are_not_finite():
    generator = batchwarp.ImageDataGenerator(**BOTH)
    generator.mean, generator.std = np.array([1, np.nan, 3]), 1.0
    with pytest.raises(ValueError, match="`mean` should hold finite numbers only"):
        next(generator.flow(noise((7, 6, 5, 3))))


@pytest.mark.parametrize("channels", [2, 5])
def test_fit_warns_of_other_numbers_of_channels(channels):
    for generator in pair(**BOTH):
        with pytest.warns(UserWarning, match=rf"1, 3 or 4 channels.*\({channels} channels\)"):
            generator.fit(noise((4, 5, 6, channels)))


def test_fit_wants_rank_4():
    for generator in pair(**BOTH):
        with pytest.raises(ValueError, match=r"should have rank 4\. Got array with shape"):
            generator.fit(noise((5, 6, 3)))


@pytest.mark.parametrize(
    ("x", "fit", "message"),
    [
        (np.zeros((0, 4, 4, 3)), {}, "at least one image"),
        (np.full((2, 4, 4, 3), np.nan), {}, "finite numbers only"),
        (np.full((2, 4, 4, 3), np.inf), {}, "finite numbers only"),
        (np.zeros((2, 4, 4, 3)), {"augment": True, "rounds": 0}, "`rounds` should be an integer"),
        (np.zeros((2, 4, 4, 3)), {"augment": True, "rounds": 1.5}, "`rounds` should be an integer"),
        (np.zeros((2, 4, 4, 3)), {"seed": -1}, r"[Ss]eed"),
    ],
)
def test_fit_refuses(x, fit, message):
    generator = batchwarp.ImageDataGenerator(**BOTH)
    with pytest.raises(ValueError, match=message):
        generator.fit(x, **fit)


def test_fit_wants_numbers():
    generator = batchwarp.ImageDataGenerator(**BOTH)
    with pytest.raises(TypeError, match="`x` should hold real numbers"):
        generator.fit(np.zeros((2, 4, 4, 3), dtype=complex))


def test_fit_takes_lists():
    generator = batchwarp.ImageDataGenerator(**BOTH)
    generator.fit([[[[1.0], [3.0]]]])
    assert generator.mean.item() == 2.0
    assert generator.std.item() == 1.0


def test_whitening_for_another_size():
    generator = batchwarp.ImageDataGenerator(zca_whitening=True, featurewise_center=True)
    generator.fit(noise((20, 2, 2, 1)))
    with pytest.raises(ValueError, match=r"`zca_whitening_matrix` of shape \(4, 4\) does not fit"):
        next(generator.flow(noise((2, 2, 3, 1))))


@pytest.mark.parametrize(
    "arranged",
    [
        np.asfortranarray,
        lambda x: x.transpose(0, 2, 1, 3),
        lambda x: np.ascontiguousarray(x.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1),
        lambda x: np.broadcast_to(x[:1], x.shape),
        lambda x: x[::-1, ::2, :, ::-1],
    ],
    ids=["Fortran", "transposed", "from channels first", "broadcast", "strided"],
)
@pytest.mark.parametrize("augment", [False, True])
def test_moments_of_arrays_in_any_order(arranged, augment):
    x = arranged(noise((20, 8, 8, 3)).astype("uint8"))
    ours, theirs = fitted(x, BOTH, augment=augment)
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-5)
    np.testing.assert_allclose(ours.std, theirs.std, rtol=1e-5)
