"""Models with several outputs or inputs: `fit` takes the flows that hold lists, as Keras gives."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import batchwarp
from image_files import SIZE, frame_flow, solid

pd = pytest.importorskip("pandas", reason="dataframes are pandas'")

N = 6
IMAGES = np.arange(N * 8 * 7 * 3, dtype="float32").reshape(N, 8, 7, 3) / 1000
OTHERS = np.arange(2 * N, dtype="float32").reshape(N, 2) / 10


@pytest.fixture
def flows(tmp_path):
    for number in range(N):
        solid(tmp_path / f"{number}.png", number, SIZE)
    frame = pd.DataFrame(
        {
            "filename": [f"{number}.png" for number in range(N)],
            "age": np.arange(N) / 4,
            "box": [[number, 1, 2] for number in range(N)],
            "weight": np.arange(N) / 2,
        }
    )
    arguments = {"y_col": ["age", "box"], "class_mode": "multi_output", "batch_size": 4}
    return lambda **more: frame_flow(tmp_path, frame, {"rescale": 0.1}, **arguments, **more)


def two_outputs(keras):
    keras.utils.set_random_seed(3)
    inputs = keras.Input((*SIZE, 3))
    flat = keras.layers.Flatten()(inputs)
    model = keras.Model(inputs, [keras.layers.Dense(1)(flat), keras.layers.Dense(3)(flat)])
    model.compile(loss=["mse", "mse"], optimizer=keras.optimizers.SGD(1e-3), run_eagerly=True)
    return model


def two_inputs(keras):
    keras.utils.set_random_seed(3)
    inputs = [keras.Input((8, 7, 3)), keras.Input((2,))]
    flat = keras.layers.Concatenate()([keras.layers.Flatten()(inputs[0]), inputs[1]])
    model = keras.Model(inputs, keras.layers.Dense(1)(flat))
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(1e-3), run_eagerly=True)
    return model


@pytest.mark.parametrize(
    "options", [{}, {"weight_col": "weight", "cache": "memory"}, {"prefetch": 2}]
)
@pytest.mark.parametrize("workers", [1, 2])
def test_outputs(keras, flows, options, workers):
    def made():
        flow = flows(**options)
        flow.workers = workers
        return flow

    model, expected = two_outputs(keras), two_outputs(keras)
    validation = {"validation_data": made()} if not options else {}
    history = model.fit(made(), epochs=2, shuffle=False, verbose=0, **validation).history
    assert all(np.isfinite(losses).all() for losses in history.values())
    flow = made()
    for _ in range(2):
        for images, labels, *weights in (flow[0], flow[1]):
            assert isinstance(labels, list)
            expected.train_on_batch(images, labels, *([weights] * 2 for weights in weights))
    for ours, theirs in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-6)


def test_other_loops(keras, flows):
    model = two_outputs(keras)
    assert np.isfinite(model.evaluate(flows(weight_col="weight"), verbose=0)).all()
    assert [part.shape for part in model.predict(flows(), verbose=0)] == [(N, 1), (N, 3)]


@pytest.fixture
def forgotten_session(keras):
    """TensorFlow's default graph keeps the generators of `fit`, and so the flow and its thread."""
    yield
    keras.backend.clear_session()
    gc.unfreeze()  # the graph may be older than the tests
    gc.collect()
    gc.freeze()


def test_the_user_sees_lists(keras, flows, forgotten_session):
    """They are what Keras' own iterators give."""
    flow = flows(prefetch=1)
    two_outputs(keras).fit(flow, verbose=0)
    assert isinstance(next(flow)[1], list)
    assert isinstance(flow[0][1], list)


def test_data_sets_of_tensorflow(keras, flows):
    pytest.importorskip("tensorflow")
    history = two_outputs(keras).fit(flows().to_tf_dataset(), shuffle=False, verbose=0).history
    expected = two_outputs(keras).fit(flows(), shuffle=False, verbose=0).history
    assert history["loss"] == pytest.approx(expected["loss"])


@pytest.mark.parametrize("others", [OTHERS, [OTHERS]], ids=["array", "list"])
@pytest.mark.parametrize("weights", [None, np.ones(N)], ids=["plain", "weighted"])
def test_inputs(keras, others, weights):
    def made():
        return batchwarp.ImageDataGenerator().flow(
            (IMAGES, others), np.arange(N) / 6, batch_size=4, shuffle=False, sample_weight=weights
        )

    model = two_inputs(keras)
    history = model.fit(made(), validation_data=made(), verbose=0).history
    assert np.isfinite(history["loss"] + history["val_loss"]).all()
    expected = model.evaluate([IMAGES, OTHERS], np.arange(N) / 6, batch_size=4, verbose=0)
    assert model.evaluate(made(), verbose=0) == pytest.approx(expected, rel=1e-5)
    assert model.predict(made(), verbose=0).shape == (N, 1)
    assert isinstance(made()[0][0], list)
    assert isinstance(next(made())[0], list)
