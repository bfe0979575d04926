import numpy as np
from keras.preprocessing.image import ImageDataGenerator  # doctor: import

datagen = ImageDataGenerator(featurewise_center=True)
datagen.mean = np.array([123.68, 116.779, 103.939])
train = datagen.flow_from_directory("train", class_mode="categorical")
