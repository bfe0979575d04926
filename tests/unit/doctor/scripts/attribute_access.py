from __future__ import annotations

import tensorflow as tf

datagen = tf.keras.preprocessing.image.ImageDataGenerator(horizontal_flip=True)  # doctor: import
picture = tf.keras.preprocessing.image.load_img("cat.png", target_size=(64, 64))  # doctor: import
x = tf.keras.preprocessing.image.img_to_array(picture)  # doctor: import
batch = next(datagen.flow(x[None], batch_size=1))
