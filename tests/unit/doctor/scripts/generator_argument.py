from keras.preprocessing.image import ImageDataGenerator  # doctor: import

gen = ImageDataGenerator(width_shift_range=1, height_shift_range=1)  # doctor: integer-shift
model.fit_generator(generator=gen.flow(x, y), epochs=2, workers=1)  # doctor: deprecated, workers
predictions = model.predict_generator(gen.flow(x, shuffle=False), verbose=1)  # doctor: deprecated
