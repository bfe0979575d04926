import tensorflow as tf

ImageDataGenerator = tf.keras.preprocessing.image.ImageDataGenerator  # doctor: import
datagen = ImageDataGenerator(horizontal_flip=True)
history = model.fit(
    workers=8,  # doctor: workers
    use_multiprocessing=True,
    x=datagen.flow(x_train, y_train),  # the pictures
    epochs=5,
    max_queue_size=20,
)
