from tensorflow.keras.preprocessing.image import ImageDataGenerator  # doctor: import

train_images, test_images = train_images / 255.0, test_images / 255.0
augment = ImageDataGenerator(brightness_range=(0.5, 1.5), channel_shift_range=20)
flow = augment.flow(train_images, train_labels)  # doctor: brightness-of-0-to-1, channel-shift-of-0-to-1
