import tensorflow as tf

data_augmentation = tf.keras.Sequential([
    tf.keras.layers.experimental.preprocessing.RandomFlip("horizontal_and_vertical"),  # doctor: layer
    tf.keras.layers.experimental.preprocessing.RandomRotation(0.2),  # doctor: layer
    tf.keras.layers.RandomBrightness(factor),  # doctor: layer
])
