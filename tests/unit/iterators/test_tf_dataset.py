"""`to_tf_dataset`: the same batches as from the iterator, by another way into `fit`."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import batchwarp
from keras_reference import noise

X, Y = noise((11, 6, 5, 1)), np.arange(11)
AUGMENT = {"rotation_range": 20, "zoom_range": 0.2, "horizontal_flip": True}


@pytest.fixture(scope="module")
def tf(keras):
    return pytest.importorskip("tensorflow")


def flow(x=X, y=Y, function=None, **arguments):
    generator = batchwarp.ImageDataGenerator(**AUGMENT, preprocessing_function=function)
    return generator.flow(x, y, **{"batch_size": 4, "seed": 1, **arguments})


def leaves(batch):
    """The arrays of a batch, in order, however they are nested."""
    if isinstance(batch, dict):
        return [array for key in sorted(batch) for array in leaves(batch[key])]
    if isinstance(batch, (tuple, list)):
        return [array for part in batch for array in leaves(part)]
    return [np.asarray(batch)]


def assert_same(ours, expected):
    for a, b in zip(leaves(ours), leaves(expected), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def linear_model(keras, shape=(6, 5, 1)):
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [keras.layers.Input(shape), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(1e-7))
    return model


@settings(deadline=None, max_examples=25)
@given(
    n=st.integers(0, 150),
    batch_size=st.sampled_from([1, 2, 7, 32, 200]),
    shuffle=st.booleans(),
    others=st.integers(0, 2),
    labelled=st.booleans(),
    weighted=st.booleans(),
    dtype=st.sampled_from(["float32", "float16", "uint8"]),
)
def test_passes_are_those_of_the_iterator(
    tf, n, batch_size, shuffle, others, labelled, weighted, dtype
):
    images = noise((n, 3, 4, 1))
    extra = [np.arange(n) * 10.0, np.arange(2 * n).reshape(n, 2)][:others]
    generator = batchwarp.ImageDataGenerator(**AUGMENT, dtype=dtype)
    ours, expected = (
        generator.flow(
            (images, extra) if others else images,
            np.arange(n) if labelled else None,
            batch_size,
            shuffle,
            np.linspace(0, 1, n) if weighted else None,
            seed=5,
        )
        for _ in range(2)
    )
    data = ours.to_tf_dataset()
    assert data.cardinality() == len(ours)
    assert data.element_spec is not None
    for _ in range(2):
        batches = list(data)
        assert len(batches) == len(ours)
        for batch in batches:
            assert_same(batch, next(expected))
        assert ours.total_batches_seen == expected.total_batches_seen
        assert ours.batch_index == expected.batch_index


def test_the_specification(tf):
    images, labels = flow().to_tf_dataset().element_spec
    assert images == tf.TensorSpec((None, 6, 5, 1), tf.float32)
    assert labels == tf.TensorSpec((None,), tf.int64)
    alone = flow(y=None).to_tf_dataset().element_spec
    assert alone == tf.TensorSpec((None, 6, 5, 1), tf.float32)


def test_tensorflow_does_not_tune_unless_it_is_told_to(tf):
    dataset = flow().to_tf_dataset()
    assert dataset.options().autotune.enabled is False
    mapped = dataset.map(lambda x, y: (x + 1, y), num_parallel_calls=tf.data.AUTOTUNE)
    expected = flow()
    for x, _ in mapped.prefetch(tf.data.AUTOTUNE):
        np.testing.assert_array_equal(x, next(expected)[0] + 1)
    told = tf.data.Options()
    told.autotune.enabled = True
    assert dataset.with_options(told).options().autotune.enabled is True


def test_without_a_seed(tf):
    ours, expected = flow(seed=None), flow(seed=None)
    data = ours.to_tf_dataset()
    np.random.seed(3)
    batches = list(data)
    np.random.seed(3)
    for batch in batches:
        assert_same(batch, next(expected))


def test_making_a_data_set_draws_nothing_and_calls_nothing(tf, tmp_path):
    def function(image):
        raise LookupError("called")

    state = np.random.get_state()[1].copy()
    ours = flow(function=function, seed=None, save_to_dir=tmp_path)
    ours.to_tf_dataset()
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert (ours.total_batches_seen, ours.batch_index, list(tmp_path.iterdir())) == (0, 0, [])


def test_what_is_read_ahead_never_shows(tf):
    """Passes that are left early count as whole ones."""
    ours, expected = flow(), flow()
    data = ours.to_tf_dataset()
    for _ in data.take(1):
        pass
    for _ in range(len(expected)):
        next(expected)
    assert ours.total_batches_seen == len(expected)
    for batch in data:
        assert_same(batch, next(expected))
    assert_same(next(ours), next(expected))


def drawing(image):
    return image + np.random.rand()


class Own(batchwarp.ImageDataGenerator):
    def standardize(self, x):
        return super().standardize(x) + np.random.rand()


@pytest.mark.parametrize("kind", ["function", "drawing function", "own method", "saved"])
def test_users_code(tf, kind, tmp_path):
    flows = []
    for number in range(2):
        generator = (Own if kind == "own method" else batchwarp.ImageDataGenerator)(**AUGMENT)
        if "function" in kind:
            generator.preprocessing_function = np.negative if kind == "function" else drawing
        folder = tmp_path / str(number)
        folder.mkdir()
        saved = folder if kind == "saved" else None
        flows.append(generator.flow(X, Y, batch_size=2, seed=1, save_to_dir=saved))
    ours, expected = flows
    data = ours.to_tf_dataset()
    for _ in range(2):
        for batch in data:
            assert_same(batch, next(expected))
    names = [sorted(path.name for path in folder.iterdir()) for folder in tmp_path.iterdir()]
    assert names[0] == names[1]
    assert bool(names[0]) == (kind == "saved")


class Numbers(batchwarp.image.Iterator):
    def _get_batches_of_transformed_samples(self, index_array):
        return {"numbers": index_array * 1.5, "pair": [index_array, (np.random.rand(),) * 0]}


def test_an_iterator_of_ones_own(tf):
    ours, expected = Numbers(10, 4, True, 3), Numbers(10, 4, True, 3)
    data = ours.to_tf_dataset()
    assert set(data.element_spec) == {"numbers", "pair"}
    for batch in data:
        assert_same(batch, next(expected))


def test_labels_of_other_types(tf):
    names = np.array([f"label {i}" for i in range(11)])
    batches = list(flow(y=names, shuffle=False).to_tf_dataset())
    assert [name.decode() for _, labels in batches for name in labels.numpy()] == list(names)
    big_endian = Y.astype(">i2")
    batches = list(flow(y=big_endian, shuffle=False).to_tf_dataset())
    assert np.concatenate([labels.numpy() for _, labels in batches]).tolist() == Y.tolist()
    with pytest.raises(TypeError, match=r"TensorFlow has no dtype for.*datetime64\[D\]"):
        flow(y=np.zeros(11, "datetime64[D]")).to_tf_dataset()


@pytest.mark.parametrize("shuffle", [False, True])
def test_fit(keras, tf, shuffle):
    data, expected = flow(shuffle=shuffle).to_tf_dataset(), flow(shuffle=shuffle)
    ours, theirs = linear_model(keras), linear_model(keras)
    start = ours.get_weights()[0]
    assert len(ours.fit(data, epochs=3, verbose=0, shuffle=False).history["loss"]) == 3
    for _ in range(3 * len(expected)):
        theirs.train_on_batch(*next(expected))
    learnt, wanted = (model.get_weights()[0] - start for model in (ours, theirs))
    assert np.abs(wanted).max() > 0
    np.testing.assert_allclose(learnt, wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max())


def test_fit_with_steps(keras, tf):
    """Steps go on through passes, and epochs have as many as were asked for."""
    seen = []
    steps = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, **_logs: seen.append(batch)
    )
    data = flow().to_tf_dataset()
    model = linear_model(keras)
    model.fit(data, epochs=2, verbose=0, shuffle=False, callbacks=[steps])
    assert seen == [0, 1, 2] * 2
    seen.clear()
    model.fit(
        data.repeat(), epochs=2, steps_per_epoch=4, verbose=0, shuffle=False, callbacks=[steps]
    )
    assert seen == [0, 1, 2, 3] * 2


def test_fit_with_several_inputs(keras, tf):
    """Keras' own way does not take the list that such a flow gives."""
    left, right = keras.layers.Input((6, 5, 1)), keras.layers.Input((2,))
    joined = keras.layers.Concatenate()([keras.layers.Flatten()(left), right])
    model = keras.Model([left, right], keras.layers.Dense(1)(joined))
    model.compile(loss="mse")
    data = flow(x=(X, np.ones((11, 2)))).to_tf_dataset()
    assert len(model.fit(data, epochs=2, verbose=0, shuffle=False).history["loss"]) == 2


def test_evaluate_and_predict(keras, tf):
    model = linear_model(keras)
    data = flow(shuffle=False).to_tf_dataset()
    assert np.isfinite(model.evaluate(data, verbose=0))
    assert model.predict(flow(y=None).to_tf_dataset(), verbose=0).shape == (11, 1)


def test_an_error_in_a_function_reaches_fit(keras, tf):
    def function(image):
        if function.calls == 6:
            raise LookupError("the seventh image")
        function.calls += 1
        return image

    function.calls = 0
    model = linear_model(keras)
    data = flow(function=function).to_tf_dataset()
    with pytest.raises(tf.errors.OpError, match="LookupError: the seventh image"):
        model.fit(data, verbose=0, shuffle=False)
    function.calls = 100
    model.fit(data, verbose=0, shuffle=False)


def test_nothing_is_left_of_an_iteration_that_is_abandoned(tf):
    before = set(threading.enumerate())
    ours = flow(batch_size=1)
    data = ours.to_tf_dataset()
    batches = iter(data)
    kept = next(batches)[0]
    values = kept.numpy().copy()
    iterator = weakref.ref(ours)
    del ours, data, batches
    gc.collect()
    assert iterator() is None
    np.testing.assert_array_equal(kept, values)
    assert set(threading.enumerate()) <= before | {
        thread for thread in threading.enumerate() if isinstance(thread, threading._DummyThread)
    }


STATUS = Path("/proc/self/statm")


@pytest.mark.skipif(not STATUS.exists(), reason="this system does not tell a process's memory")
def test_two_thousand_batches_need_the_memory_of_a_few(tf):
    def pages():
        return int(STATUS.read_text().split()[1])

    ours = flow(noise((64, 64, 64, 3)), np.arange(64), batch_size=5)  # 13 batches of 240 kB
    batches = iter(ours.to_tf_dataset().repeat())
    for _ in range(500):
        next(batches)

    def growth():
        before = pages()
        for _ in range(2000):
            next(batches)
        return (pages() - before) * 4096

    # All batches together are 480 MB. TensorFlow's allocator may still grow, but only once.
    assert growth() < 40 << 20 or growth() < 40 << 20
    assert ours._buffers.idle_bytes < 64 << 20


def test_tensorflow_is_missing():
    code = """
        import sys
        sys.modules.update(keras=None, tensorflow=None)
        import numpy as np, batchwarp
        flow = batchwarp.ImageDataGenerator().flow(np.zeros((2, 3, 3, 1)))
        try:
            flow.to_tf_dataset()
        except ImportError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "pip install 'batchwarp[train]'" in done.stdout, done.stderr
    assert "`to_tf_dataset` needs TensorFlow" in done.stdout


@pytest.mark.parametrize("seed", [None, 3])
def test_batches_after_an_error_in_the_first_ones(tf, seed):
    fails = [True]

    def function(image):
        if fails and image[0, 0, 0] < 11:
            fails.clear()
            raise RuntimeError("out of luck")
        return image

    x = np.arange(40.0, dtype="float32").reshape(40, 1, 1, 1) + 10
    fails.clear()  # `to_tf_dataset` tries the function
    generator = batchwarp.ImageDataGenerator(preprocessing_function=function)
    flow = generator.flow(x, batch_size=2, seed=seed)
    order = [next(flow).ravel() for _ in range(20)]
    again = generator.flow(x, batch_size=2, seed=seed)
    dataset = iter(again.to_tf_dataset())
    fails.append(True)
    x[:] = np.where(np.isin(x, order[0]), 10, x) if seed else 10
    with pytest.raises(tf.errors.UnknownError, match="out of luck"):
        next(dataset)
    found = [next(dataset).numpy().ravel() for _ in range(12)]
    assert again.total_batches_seen == 20
    if seed is not None:
        np.testing.assert_array_equal(found, order[8:])
    else:
        assert np.shape(found) == (12, 2)
