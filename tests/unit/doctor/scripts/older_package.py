from keras_preprocessing.image import ImageDataGenerator, array_to_img, list_pictures  # doctor: import

for name in list_pictures("pictures"):
    print(name)
