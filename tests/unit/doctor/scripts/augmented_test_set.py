from tensorflow.keras.preprocessing.image import ImageDataGenerator  # doctor: import

gen = ImageDataGenerator(shear_range=10)  # doctor: shear-scales
train = gen.flow_from_directory("train")
test = gen.flow_from_directory("test", shuffle=False)  # doctor: augmented-validation
model.fit(train, epochs=3)
model.evaluate_generator(test, steps=10)  # doctor: deprecated
