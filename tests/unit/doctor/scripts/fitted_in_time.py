from keras.preprocessing.image import ImageDataGenerator  # doctor: import

x = open_images()
datagen = ImageDataGenerator(zca_whitening=True)
datagen.fit(x)
for batch in datagen.flow(x, batch_size=9):
    break
