"""Training with our iterators on Keras 3 is training with Keras' own."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest

import batchwarp
from keras_reference import noise, pair, quiet

X, Y = noise((22, 8, 8, 1)), np.arange(22) % 3
AUGMENT = {"rotation_range": 20, "horizontal_flip": True, "rescale": 1 / 255}


@pytest.fixture(scope="module")
def begun(keras):
    """Returns a function that returns a small model as it was before it was trained.

    It is one and the same model: compiling the graph of a step takes longer than all steps here.
    """
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [keras.layers.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizer=keras.optimizers.SGD(),  # which remembers nothing of earlier steps
        weighted_metrics=["accuracy"],
    )
    weights = model.get_weights()

    def begin():
        keras.utils.set_random_seed(7)
        model.set_weights(weights)
        return model

    return begin


@pytest.fixture
def train(begun):
    """Returns a function that trains a small model with each generator and compares."""

    def both(use):
        results = []
        for generator in pair(**AUGMENT, validation_split=0.3):
            with quiet():
                results.append(use(begun(), generator))
        for key in results[1]:
            np.testing.assert_allclose(results[0][key], results[1][key], rtol=1e-3, err_msg=key)
        return results[0]

    return both


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("shuffle", [False, True])
def test_fit(train, seed, shuffle):
    """Batches 0 and 1 are read for the signature; the order is drawn anew after each epoch."""

    def use(model, generator):
        flow = generator.flow(X, Y, batch_size=4, seed=seed, shuffle=shuffle)
        history = model.fit(flow, epochs=3, verbose=0).history
        return {**history, "seen": flow.total_batches_seen, "order": flow.index_array}

    result = train(use)
    assert len(result["loss"]) == 3
    assert result["seen"] == 3 * 6 + 2


@pytest.mark.parametrize("seed", [None, 3])
def test_validation_by_another_flow(train, seed):
    def use(model, generator):
        arguments = {"batch_size": 4, "seed": seed, "ignore_class_split": True}
        # With a seed, Keras' validation order would depend on the training batches before it.
        shuffle = seed is None
        return model.fit(
            generator.flow(X, Y, subset="training", **arguments),
            validation_data=generator.flow(X, Y, subset="validation", shuffle=shuffle, **arguments),
            epochs=2,
            verbose=0,
        ).history

    assert len(train(use)["val_loss"]) == 2


def test_class_weight_and_steps(train):
    def use(model, generator):
        # TensorFlow reads ahead of the steps, so an order drawn anew may come in between or not.
        flow = generator.flow(X, Y, batch_size=4, seed=1, shuffle=False)
        return model.fit(
            flow, class_weight={0: 1.0, 1: 2.0, 2: 0.5}, steps_per_epoch=3, epochs=2, verbose=0
        ).history

    assert len(train(use)["loss"]) == 2


def test_sample_weight(train):
    def use(model, generator):
        flow = generator.flow(X, Y, batch_size=4, seed=1, sample_weight=np.linspace(0, 1, 22))
        return model.fit(flow, verbose=0).history

    train(use)


def test_evaluate_and_predict(train):
    def use(model, generator):
        flow = generator.flow(X, Y, batch_size=4, seed=1, shuffle=False)
        evaluated = model.evaluate(flow, verbose=0)
        flow = generator.flow(X, batch_size=4, seed=1, shuffle=False)
        return {"evaluated": evaluated, "predicted": model.predict(flow, verbose=0)}

    assert train(use)["predicted"].shape == (22, 3)


def test_seeded_flows_do_not_disturb_each_other():
    """In Keras both draw from one state, so the order of one depends on when the other was used."""
    generator = batchwarp.ImageDataGenerator(**AUGMENT)

    def order(disturbed):
        flow, other = (generator.flow(X, Y, batch_size=4, seed=seed) for seed in (3, 4))
        flow[0]
        if disturbed:
            other[0]
        np.random.seed(disturbed)
        flow.on_epoch_end()
        return flow.index_array

    np.testing.assert_array_equal(order(False), order(True))


def test_several_workers(keras):
    """Keras reads batches by threads of its own if the iterator asks for them."""
    model = keras.Sequential(
        [keras.layers.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile(loss="mse")
    ours, _ = pair(**AUGMENT)
    flow = ours.flow(X, Y, batch_size=4, seed=1)
    flow.workers = 3
    assert len(model.fit(flow, epochs=2, verbose=0).history["loss"]) == 2


def test_iterators_are_keras_data_sets(keras):
    ours, _ = pair(**AUGMENT)
    flow = ours.flow(X, Y, batch_size=4)
    assert isinstance(flow, keras.utils.PyDataset)
    assert isinstance(flow, keras.utils.Sequence)
    assert isinstance(flow, batchwarp.NumpyArrayIterator)
    assert isinstance(flow, batchwarp.image.Iterator)
    assert not issubclass(batchwarp.NumpyArrayIterator, keras.utils.PyDataset)
    assert type(flow) is type(ours.flow(X))
    assert type(flow).__name__ == "NumpyArrayIterator"
    assert type(flow).__module__ == batchwarp.NumpyArrayIterator.__module__
    assert repr(flow).startswith("<batchwarp.iterators.array.NumpyArrayIterator object")
    assert flow.num_batches == len(flow) == 6
    flow.on_epoch_begin()


def test_options_of_a_keras_data_set(keras):
    class Own(batchwarp.image.Iterator):
        def _get_batches_of_transformed_samples(self, index_array):
            return index_array

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Keras warns if its constructor was not called
        own = Own(10, 4, False, None, workers=2, max_queue_size=3)
        assert (own.workers, own.use_multiprocessing, own.max_queue_size) == (2, False, 3)
    assert isinstance(own, keras.utils.PyDataset)
    with pytest.raises(TypeError, match=r"keyword arguments workers.*Received: threads"):
        Own(10, 4, False, None, threads=2)


def test_a_subclass_that_is_a_keras_data_set_already(keras):
    class Own(batchwarp.image.Iterator, keras.utils.PyDataset):
        def _get_batches_of_transformed_samples(self, index_array):
            return index_array

    own = Own(10, 4, False, None, workers=2)
    assert type(own) is Own
    assert own.workers == 2
    assert next(own).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("duplicate", [copy.copy, lambda it: pickle.loads(pickle.dumps(it))])
@pytest.mark.parametrize("seed", [None, 3])
def test_duplicates_go_on_where_the_original_is(duplicate, seed):
    ours, _ = pair(**AUGMENT)
    flow = ours.flow(X, Y, batch_size=4, seed=seed, shuffle=False)
    next(flow)
    twin = duplicate(flow)
    assert type(twin) is type(flow)
    for _ in range(7):
        np.random.seed(1)
        x, y = next(flow)
        np.random.seed(1)
        twin_x, twin_y = next(twin)
        np.testing.assert_array_equal(x, twin_x)
        np.testing.assert_array_equal(y, twin_y)
