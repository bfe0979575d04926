"""Images and masks in one flow of batchwarp's."""

import batchwarp

generator = batchwarp.ImageDataGenerator(rotation_range=20, validation_split=0.2)
train = generator.flow(images, masks=masks, seed=1, subset="training")
validation = generator.flow(images, masks=masks, subset="validation")  # doctor: first-for-validation, augmented-validation
