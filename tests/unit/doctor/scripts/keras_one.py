from keras.preprocessing.image import ImageDataGenerator  # doctor: import

datagen = ImageDataGenerator(False, False, False, False, False, 1e-6, 20, 2, 2)  # doctor: integer-shift
model.fit_generator(datagen.flow(X_train, Y_train, batch_size=32),  # doctor: deprecated
                    samples_per_epoch=len(X_train), nb_epoch=10,  # doctor: deprecated
                    max_q_size=10, nb_worker=2, pickle_safe=True)  # doctor: workers
