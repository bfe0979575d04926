from keras.preprocessing import image  # doctor: import
import numpy as np

img = image.load_img("elephant.jpg", target_size=(224, 224))
x = np.expand_dims(image.img_to_array(img), axis=0)
datagen = image.ImageDataGenerator(rotation_range=30)
