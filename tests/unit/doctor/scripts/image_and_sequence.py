from tensorflow.keras.preprocessing import image, sequence, text as texts  # doctor: import

generator = image.ImageDataGenerator(vertical_flip=True)
padded = sequence.pad_sequences([[1, 2], [3]])
