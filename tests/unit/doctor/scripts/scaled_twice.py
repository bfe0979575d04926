import numpy as np
from tensorflow.keras.preprocessing.image import ImageDataGenerator  # doctor: import

X = np.load("faces.npy")
X = X * (1.0 / 255)
gen = ImageDataGenerator(rescale=1 / 255.0, horizontal_flip=True)
it = gen.flow(X, batch_size=32)  # doctor: scaled-twice
