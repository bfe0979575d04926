import keras
from keras import layers

augmentation = keras.Sequential(
    [
        layers.RandomFlip("horizontal"),  # doctor: layer
        layers.RandomRotation(0.1),  # doctor: layer
        layers.RandomZoom(0.2),  # doctor: layer
        layers.RandomContrast(0.3),  # doctor: layer
        layers.RandomTranslation(0.1, 0.2),  # doctor: layer
        keras.layers.RandAugment(num_ops=3),  # doctor: layer
    ]
)
inputs = keras.Input((180, 180, 3))
x = augmentation(inputs)
outputs = layers.Dense(1)(layers.Flatten()(x))
