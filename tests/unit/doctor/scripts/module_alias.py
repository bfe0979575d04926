import keras.preprocessing.image as kimg  # doctor: import

gen = kimg.ImageDataGenerator(height_shift_range=4)  # doctor: integer-shift, swapped-shifts
