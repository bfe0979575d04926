"""Functions and subclasses of users find what they would find under Keras."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import batchwarp
from batchwarp import _random
from keras_reference import assert_close, keras_image, noise, pair, quiet, take

AUGMENT = {"rotation_range": 25, "width_shift_range": 0.1, "horizontal_flip": True}
X = noise((11, 6, 7, 3))


def both(arguments, **flow):
    results = []
    for generator in pair(**arguments):
        np.random.seed(3)
        results.append(take(generator.flow(X, batch_size=4, **flow), 7))
    return results


def assert_same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a, b)


def in_place(x):
    x /= 127.5
    x -= 1.0
    return x


FUNCTIONS = {
    "new array": lambda x: x / 127.5 - 1,
    "in place": in_place,
    "view": lambda x: x[..., ::-1],
    "itself": lambda x: x,
    "double": lambda x: x.astype("float64") * 1.5,
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS.keys())
@pytest.mark.parametrize("seed", [None, 5])
@pytest.mark.parametrize("more", [{}, {"samplewise_center": True, "rescale": 0.5}])
def test_functions(function, seed, more):
    arguments = {**AUGMENT, **more, "preprocessing_function": function}
    assert_same(*both(arguments, seed=seed))


def test_a_function_sees_the_dtype_of_the_batch_and_one_image():
    seen = []

    def function(x):
        seen.append((x.shape, x.dtype, x.flags.writeable))
        return x

    generator = batchwarp.ImageDataGenerator(preprocessing_function=function, dtype="float64")
    next(generator.flow(X, batch_size=4))
    assert seen == [((6, 7, 3), np.float64, True)] * 4


def test_a_function_is_called_once_for_each_image():
    calls = []
    generator = batchwarp.ImageDataGenerator(
        preprocessing_function=lambda x: calls.append(1) or x, rotation_range=9
    )
    iterator = generator.flow(X, batch_size=4, seed=1)
    for _ in range(6):
        next(iterator)
    assert len(calls) == 22


def drawing(x):
    return x + np.random.normal() if np.random.rand() < 0.5 else x * np.random.uniform(0.5, 1)


def drawing_sometimes(x):
    return x + np.random.randint(9) if x.mean() > 128 else x


@pytest.mark.parametrize("function", [drawing, drawing_sometimes])
@pytest.mark.parametrize("seed", [None, 5])
@pytest.mark.parametrize("more", [{}, {"height_shift_range": 3}])
def test_functions_that_draw(function, seed, more):
    """Keras' draws and the function's alternate, image by image."""
    arguments = {**AUGMENT, **more, "preprocessing_function": function}
    assert_same(*both(arguments, seed=seed))
    states = []
    for generator in pair(**arguments):
        np.random.seed(3)
        take(generator.flow(X, batch_size=4), 4)
        states.append(np.random.get_state(legacy=False))
    np.testing.assert_equal(states[0], states[1])


@pytest.mark.parametrize("function", [drawing, np.negative], ids=["draws", "does not draw"])
@pytest.mark.parametrize("seed", [None, 1])
def test_functions_are_called_once_per_image(function, seed):
    calls = []

    def counted(x):
        calls.append(1)
        return function(x)

    generator = batchwarp.ImageDataGenerator(rotation_range=9, preprocessing_function=counted)
    flow = generator.flow(X, batch_size=4, seed=seed)
    counts = []
    for _ in range(3):
        calls.clear()
        next(flow)
        counts.append(len(calls))
    assert counts == [4, 4, 3]


def test_threads_with_a_function_do_not_share_draws():
    """Images of one shape and many threads: no two of them may come out alike."""
    x = np.repeat(np.random.RandomState(0).rand(1, 16, 16, 1) * 255, 256, axis=0)
    generator = batchwarp.ImageDataGenerator(rotation_range=90, preprocessing_function=np.negative)
    iterator = generator.flow(x, batch_size=8, shuffle=False)
    with ThreadPoolExecutor(4) as threads:
        batches = list(threads.map(lambda i: iterator[i], range(32)))
    images = np.concatenate(batches).reshape(256, -1)
    assert len(np.unique(images, axis=0)) == 256


def test_a_function_that_starts_to_draw_after_the_first_batch():
    """The one case that is not Keras': it draws from the global state, and nothing fails."""
    calls = []

    def late(x):
        calls.append(1)
        return drawing(x) if len(calls) > 4 else x

    generator = batchwarp.ImageDataGenerator(rotation_range=9, preprocessing_function=late)
    flow = generator.flow(X, batch_size=4, seed=1)
    next(flow)
    np.random.seed(5)
    next(flow)
    assert np.random.rand() != np.random.RandomState(5).rand()


def test_drawing_functions_with_a_seed_leave_the_global_state_alone():
    np.random.seed(3)
    state = np.random.get_state(legacy=False)
    generator = batchwarp.ImageDataGenerator(preprocessing_function=drawing)
    iterator = generator.flow(X, batch_size=4, seed=1)
    first = [next(iterator) for _ in range(4)]
    np.testing.assert_equal(np.random.get_state(legacy=False), state)
    again = generator.flow(X, batch_size=4, seed=1)
    for images in first:
        np.testing.assert_array_equal(next(again), images)


@pytest.mark.parametrize("draws", [False, True])
def test_an_exception_in_a_function(draws):
    class OwnError(Exception):
        pass

    failing = [True]

    def function(x):
        if draws:
            np.random.rand()
        if failing[0]:
            raise OwnError("the user's own message")
        return x

    np.random.seed(3)
    state = np.random.get_state(legacy=False)
    generator = batchwarp.ImageDataGenerator(preprocessing_function=function)
    iterator = generator.flow(X, batch_size=4, seed=1)
    with pytest.raises(OwnError, match=r"^the user's own message$"):
        next(iterator)
    if not draws:
        np.testing.assert_equal(np.random.get_state(legacy=False), state)
    failing[0] = False
    assert next(iterator).shape == (4, 6, 7, 3)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda x: x[..., :1], r"\(6, 7, 3\).*returned ndarray of shape \(6, 7, 1\)"),
        (lambda _: None, r"returned NoneType of shape \(\)"),
        (lambda _: 1.0, r"returned float of shape \(\)"),
        (lambda x: x[None], r"returned ndarray of shape \(1, 6, 7, 3\)"),
    ],
)
def test_a_result_of_another_shape(result, message):
    generator = batchwarp.ImageDataGenerator(preprocessing_function=result)
    with pytest.raises(ValueError, match=r"`preprocessing_function` should return.*" + message):
        next(generator.flow(X))


def subclasses(body):
    """Returns subclasses of our generator and of Keras', with the same methods."""
    return [
        type("Own", (base,), body(base))
        for base in (batchwarp.ImageDataGenerator, keras_image().ImageDataGenerator)
    ]


def own_transform(base):
    def get_random_transform(self, img_shape, seed=None):
        parameters = base.get_random_transform(self, img_shape, seed)
        parameters["theta"] = float(np.random.choice([0, 90, 180, 270]))
        return parameters

    return {"get_random_transform": get_random_transform}


def own_application(base):
    def apply_transform(self, x, transform_parameters):
        x = base.apply_transform(self, x, transform_parameters)
        x[:2, :2] = np.random.randint(0, 256)
        return x

    return {"apply_transform": apply_transform}


def own_standardisation(base):
    def standardize(self, x):
        return base.standardize(self, x) * 2 + np.random.rand()

    return {"standardize": standardize}


def own_random_transform(base):
    def random_transform(self, x, seed=None):
        return base.random_transform(self, x, seed) + np.random.rand()

    return {"random_transform": random_transform}


@pytest.mark.parametrize("body", [own_transform, own_application, own_standardisation])
@pytest.mark.parametrize("seed", [None, 5])
def test_overridden_methods(body, seed):
    results = []
    for cls in subclasses(body):
        np.random.seed(3)
        iterator = cls(**AUGMENT, rescale=0.5).flow(X, batch_size=4, seed=seed)
        results.append(take(iterator, 7))
    assert_same(*results)


def test_overridden_methods_with_a_seed_leave_the_global_state_alone():
    cls, _ = subclasses(own_standardisation)
    np.random.seed(3)
    state = np.random.get_state(legacy=False)
    next(cls(**AUGMENT).flow(X, seed=5))
    np.testing.assert_equal(np.random.get_state(legacy=False), state)


@pytest.mark.parametrize("body", [own_transform, own_application, own_random_transform])
@pytest.mark.parametrize("seed", [None, 5])
def test_overridden_methods_in_fit(body, seed):
    means = []
    for cls in subclasses(body):
        generator = cls(**AUGMENT, featurewise_center=True, rescale=0.5)
        np.random.seed(3)
        with quiet():
            generator.fit(X, augment=True, rounds=2, seed=seed)
        means.append(generator.mean)
    np.testing.assert_allclose(*means, rtol=1e-5)


def test_a_method_set_on_the_object():
    results = []
    for generator in pair(**AUGMENT):
        original = generator.get_random_transform
        generator.get_random_transform = lambda shape, seed=None, f=original: {
            **f(shape, seed),
            "tx": 1.0,
        }
        results.append(take(generator.flow(X, seed=2), 2))
    assert_same(*results)


def test_a_method_that_changes_the_shape():
    class Own(batchwarp.ImageDataGenerator):
        def standardize(self, x):
            return x[:, :, :1]

    with pytest.raises(ValueError, match=r"`Own` should keep the shape of images, \(6, 7, 3\)"):
        next(Own().flow(X))


@pytest.mark.parametrize("seed", [None, 5])
def test_iterators_of_users(seed):
    def body(base):
        def _get_batches_of_transformed_samples(self, index_array):
            return np.random.rand(len(index_array)), index_array

        return {"_get_batches_of_transformed_samples": _get_batches_of_transformed_samples}

    results = []
    for base in (batchwarp.image.Iterator, keras_image().Iterator):
        np.random.seed(3)
        iterator = type("Own", (base,), body(base))(10, 4, True, seed)
        results.append([*take(iterator, 4), iterator[1]])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])


@pytest.mark.parametrize("seed", [None, 5])
def test_array_iterators_of_users(seed):
    """A common pattern: take Keras' batch and add something random to it."""

    def body(base):
        def _get_batches_of_transformed_samples(self, index_array):
            images = base._get_batches_of_transformed_samples(self, index_array)
            return images + np.random.rand()

        return {"_get_batches_of_transformed_samples": _get_batches_of_transformed_samples}

    results = []
    for module, generator in zip((batchwarp.image, keras_image()), pair(**AUGMENT), strict=True):
        np.random.seed(3)
        cls = type("Own", (module.NumpyArrayIterator,), body(module.NumpyArrayIterator))
        results.append(take(cls(X, None, generator, batch_size=4, shuffle=True, seed=seed), 7))
    assert_same(*results)


def test_an_iterator_without_its_method():
    message = "does not implement `_get_batches_of_transformed_samples`"
    for prefetch in (0, 1):
        iterator = batchwarp.image.Iterator(4, 2, False, None, prefetch=prefetch)
        with pytest.raises(NotImplementedError, match=message):
            next(iterator)
    with pytest.raises(NotImplementedError):  # the same as Keras'
        next(keras_image().Iterator(4, 2, False, None))


def test_attributes_that_change_take_effect():
    """One iterator, its generator changed between batches, against Keras."""

    def changes(generator):
        generator.rotation_range = 40
        yield
        generator.width_shift_range = 1
        yield
        generator.width_shift_range = 1.0
        yield
        generator.height_shift_range = [1, 2]
        yield
        generator.height_shift_range[0] = 3
        yield
        generator.zoom_range[0] = 0.5
        yield
        generator.fill_mode = "reflect"
        yield
        generator.interpolation_order = 0
        yield
        generator.rescale = 1 / 255
        yield
        generator.horizontal_flip = True
        yield
        generator.preprocessing_function = lambda x: x + 1
        yield
        generator.preprocessing_function = None
        generator.samplewise_center = True
        yield
        generator.featurewise_center = True
        generator.fit(X)
        yield
        generator.mean[...] = 0.5
        yield
        generator.mean = 0.25
        yield
        generator.mean = np.linspace(0, 1, 126).reshape(6, 7, 3)
        yield
        generator.mean[0, 0, 0] = 100.0
        yield
        generator.brightness_range = (0.5, 0.5)
        yield
        generator.channel_shift_range = 0.1
        yield

    results = []
    for generator in pair():
        iterator = generator.flow(X, batch_size=4, seed=6)
        with quiet():
            results.append([next(iterator) for _ in changes(generator)])
    for a, b in zip(*results, strict=True):
        assert_close(a, b, levels=2, share=0.02)


def test_a_function_that_waits_for_other_threads_of_the_same_iterator(monkeypatch):
    """Threads wait for each other's functions in the first batch, but not for ever."""
    monkeypatch.setattr(_random, "PATIENCE", 0.2)
    barrier = threading.Barrier(2, timeout=20)
    generator = batchwarp.ImageDataGenerator(
        preprocessing_function=lambda x: (barrier.wait(), x)[1]
    )
    iterator = generator.flow(X[:2], batch_size=1, seed=1)

    def run():
        threads = [threading.Thread(target=next, args=(iterator,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

    with pytest.warns(RuntimeWarning, match="goes on without waiting"):
        run()
    assert not barrier.broken
