"""Digits from a table of pixels, split by another library before they are augmented."""

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from tensorflow.keras.preprocessing.image import ImageDataGenerator  # doctor: import

table = pd.read_csv("train.csv")
labels = table.pop("label")
images = table.values.reshape(-1, 28, 28).astype("float32") / 255.0

images = np.expand_dims(images, -1)
x_train, x_val, y_train, y_val = train_test_split(images, labels, test_size=0.1, random_state=2)
x_train, x_test, y_train, y_test = train_test_split(x_train, y_train, test_size=0.1)

datagen = ImageDataGenerator(rotation_range=10, brightness_range=(0.8, 1.2))
flow = datagen.flow(x_train, y_train, batch_size=64)  # doctor: brightness-of-0-to-1
# Of numbers that are no images nothing is known.
other = datagen.flow(np.asarray(table), batch_size=64)
