from tensorflow.keras.preprocessing.image import ImageDataGenerator  # doctor: import

images = ImageDataGenerator(horizontal_flip=True).flow_from_directory("images", class_mode=None)
masks = ImageDataGenerator(horizontal_flip=True).flow_from_directory("masks", class_mode=None)
pairs = zip(images, masks)  # doctor: unseeded-masks
