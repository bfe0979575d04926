from keras.preprocessing.image import ImageDataGenerator  # doctor: import

datagen = ImageDataGenerator(zoom_range=[0.8, 1.2])  # doctor: zoom-out
a = datagen.flow(X, batch_size=4, seed=1)
b = datagen.flow(M, batch_size=4, seed=2)
train = zip(a, b)  # doctor: unseeded-masks
