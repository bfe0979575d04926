from tensorflow.keras.preprocessing.image import ImageDataGenerator  # doctor: import

datagen = ImageDataGenerator(rescale=1 / 255, validation_split=0.1)
valid = datagen.flow_from_directory("photos", subset="validation")
