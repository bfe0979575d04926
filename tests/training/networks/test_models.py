"""The models of the training scripts."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the models are Keras models")

from batchwarp.training.networks import models


@pytest.mark.parametrize(
    ("variant", "parameters"),
    [("a", 3_989_642), ("b", 241_546), ("c", 5_240_842), ("d", 5_240_842)],
)
def test_fashion_mnist_models_have_the_published_number_of_parameters(variant, parameters):
    model = models.fashion_mnist(variant)
    assert model.count_params() == parameters
    assert model.input_shape == (None, 28, 28, 1)
    assert model.output_shape == (None, 10)


def test_unknown_fashion_mnist_model_is_an_error():
    with pytest.raises(ValueError, match=r"`variant` must be .*received: 'e'"):
        models.fashion_mnist("e")


def test_changed_architecture_is_noticed(monkeypatch):
    monkeypatch.setitem(models.FASHION_MNIST_PARAMETERS, "b", 241_547)
    with pytest.raises(RuntimeError, match="241,547 parameters and has 241,546"):
        models.fashion_mnist("b")


def test_segmentation_model_has_a_probability_of_each_class_for_each_pixel():
    model = models.segmentation(24, 32, 5)
    assert model.input_shape == (None, 24, 32, 3)
    assert model.output_shape == (None, 24, 32, 5)
    probabilities = np.asarray(model.predict_on_batch(np.zeros((2, 24, 32, 3))))
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, rtol=1e-5)


def test_ox_model_is_a_lenet_with_one_probability():
    model = models.ox(38, 46)
    names = [type(layer).__name__ for layer in model.layers]
    assert names == [
        "Conv2D",
        "MaxPooling2D",
        "Conv2D",
        "MaxPooling2D",
        "Flatten",
        "Dense",
        "Dropout",
        "Dense",
    ]
    assert model.layers[0].kernel_size == (2, 2)
    assert model.input_shape == (None, 38, 46, 1)
    assert model.output_shape == (None, 1)
