from tensorflow.keras.preprocessing.image import ImageDataGenerator  # doctor: import

datagen = ImageDataGenerator(rotation_range=15, validation_split=0.1)
model.fit(
    datagen.flow(x, y, subset="training"),
    validation_data=datagen.flow(x, y, subset="validation"),  # doctor: augmented-validation, first-for-validation
    epochs=5,
)
