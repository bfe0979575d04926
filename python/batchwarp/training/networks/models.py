"""The models of the training scripts, uncompiled.

Keras is imported by the functions, not by the module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batchwarp.console.frameworks import load_keras

if TYPE_CHECKING:
    from batchwarp.training.networks.bases import Base

__all__ = [
    "FASHION_MNIST_PARAMETERS",
    "asl",
    "cats_dogs",
    "fashion_mnist",
    "mnist",
    "ox",
    "segmentation",
    "transfer",
]

# Trainable parameters of each variant: a change of the architecture does not go unnoticed.
FASHION_MNIST_PARAMETERS = {"a": 3_989_642, "b": 241_546, "c": 5_240_842, "d": 5_240_842}


def asl() -> Any:
    """Builds the model that reads letters of American Sign Language.

    Returns:
        A `keras.Sequential` from `(n, 28, 28, 1)` to class probabilities, `(n, 24)`.
    """
    keras = load_keras()
    layers = keras.layers
    same = {"padding": "same", "activation": "relu"}
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(75, 3, **same),
            layers.BatchNormalization(),
            layers.MaxPooling2D(padding="same"),
            layers.Conv2D(50, 3, **same),
            layers.Dropout(0.2),
            layers.BatchNormalization(),
            layers.MaxPooling2D(padding="same"),
            layers.Conv2D(25, 3, **same),
            layers.BatchNormalization(),
            layers.MaxPooling2D(padding="same"),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(24, activation="softmax"),
        ],
        name="asl",
    )


def mnist() -> Any:
    """Builds the model that reads handwritten digits.

    Returns:
        A `keras.Sequential` from `(n, 28, 28, 1)` to class probabilities, `(n, 10)`.
    """
    keras = load_keras()
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="mnist",
    )


def ox(height: int, width: int) -> Any:
    """Builds the LeNet-like model that tells O from X.

    Args:
        height: Height of the pictures in pixels, at least 6.
        width: Width of the pictures in pixels, at least 6.

    Returns:
        A `keras.Sequential` from `(n, height, width, 1)` to the probability of X, `(n, 1)`.
    """
    keras = load_keras()
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((height, width, 1)),
            layers.Conv2D(32, 2, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 2, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid"),
        ],
        name="ox",
    )


def cats_dogs(height: int, width: int) -> Any:
    """Builds the model that tells cats from dogs.

    Args:
        height: Height of the photographs in pixels, at least 22.
        width: Width of the photographs in pixels, at least 22.

    Returns:
        A `keras.Sequential` from `(n, height, width, 3)` to the probability of a dog, `(n, 1)`.
    """
    keras = load_keras()
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((height, width, 3)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid"),
        ],
        name="cats_dogs",
    )


def segmentation(height: int, width: int, classes: int) -> Any:
    """Builds a small U-Net, which says for each pixel of a picture what it belongs to.

    Args:
        height: Height of the pictures in pixels, a multiple of 8.
        width: Width of the pictures in pixels, a multiple of 8.
        classes: Number of classes, the background among them.

    Returns:
        A `keras.Model` from `(n, height, width, 3)` to class probabilities,
        `(n, height, width, classes)`.
    """
    keras = load_keras()
    layers = keras.layers

    def convolved(x: Any, filters: int, times: int) -> Any:
        for _ in range(times):
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
            # With Keras' momentum, its averages would take several epochs of so few steps.
            x = layers.BatchNormalization(momentum=0.9)(x)
            x = layers.Activation("relu")(x)
        return x

    # At full size, where a convolution costs most, there is one only.
    levels = [(8, 1), (16, 2), (32, 2)]
    x = pixels = keras.Input((height, width, 3))
    passed_by = []
    for filters, times in levels:
        x = convolved(x, filters, times)
        passed_by.append(x)
        x = layers.MaxPooling2D()(x)
    x = convolved(x, 64, 2)
    for filters, times in reversed(levels):
        x = layers.Conv2DTranspose(filters, 2, strides=2)(x)
        x = convolved(layers.Concatenate()([passed_by.pop(), x]), filters, times)
    probabilities = layers.Conv2D(classes, 1, activation="softmax")(x)
    return keras.Model(pixels, probabilities, name="segmentation")


def transfer(base: Base, classes: int) -> Any:
    """Builds a model that puts what a trained network has learnt to another use.

    The base is frozen.

    Args:
        base: The convolutional base.
        classes: Number of classes, at least 2.

    Returns:
        A `keras.Model` from `(n, height, width, 3)`, 0 to 1, to the probability of the second
        class, `(n, 1)`, or of each of more than two, `(n, classes)`. The layers after the base
        begin with "flatten".
    """
    keras = load_keras()
    layers = keras.layers
    base.network.trainable = False
    pixels = keras.Input(base.network.input_shape[1:])
    features = base.network(base.preprocessing(pixels))
    x = layers.Flatten(name="flatten")(features)
    x = layers.Dense(256, activation="relu")(x)
    if classes == 2:
        probabilities = layers.Dense(1, activation="sigmoid")(x)
    else:
        probabilities = layers.Dense(classes, activation="softmax")(x)
    return keras.Model(pixels, probabilities, name="transfer")


def fashion_mnist(variant: str) -> Any:
    """Builds one of the four models for Fashion-MNIST.

    Args:
        variant: "a": convolutions only; "b": with pooling and dropout; "c": in the style of VGG;
            "d": the same as "c", to be trained with augmented pictures in addition.

    Returns:
        A `keras.Sequential` from `(n, 28, 28, 1)` to class probabilities, `(n, 10)`.

    Raises:
        ValueError: If there is no such variant.
        RuntimeError: If the model does not have the number of parameters it must have.
    """
    if variant not in FASHION_MNIST_PARAMETERS:
        raise ValueError(f'`variant` must be "a", "b", "c" or "d", received: {variant!r}')
    keras = load_keras()
    layers = keras.layers
    if variant == "a":
        stack = [
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
        ]
    elif variant == "b":
        stack = [
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(128, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
        ]
    else:
        stack = [
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.5),
            layers.Conv2D(128, 3, padding="same", activation="relu"),
            layers.Conv2D(256, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.5),
        ]
    model = keras.Sequential(
        [keras.Input((28, 28, 1)), *stack, layers.Dense(10, activation="softmax")],
        name=f"fashion_mnist_{variant}",
    )
    expected = FASHION_MNIST_PARAMETERS[variant]
    if model.count_params() != expected:
        raise RuntimeError(
            f"Model {variant} must have {expected:,} parameters and has {model.count_params():,}."
        )
    return model
