import numpy as np
from tensorflow.keras.preprocessing.image import ImageDataGenerator  # doctor: import

X = np.load("faces.npy").astype("float32")
X /= 255
gen = ImageDataGenerator(brightness_range=[0.2, 1.0])
it = gen.flow(X, batch_size=32)  # doctor: brightness-of-0-to-1
