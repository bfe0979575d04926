from tensorflow.keras.preprocessing.image import ImageDataGenerator  # doctor: import

image_datagen = ImageDataGenerator(rotation_range=20, brightness_range=[0.8, 1.2])
mask_datagen = ImageDataGenerator(rotation_range=20)


def batches(x, masks):
    image_flow = image_datagen.flow(x, batch_size=8, seed=7)
    mask_flow = mask_datagen.flow(masks, batch_size=8, seed=7)
    for image_batch, mask_batch in zip(image_flow, mask_flow):  # doctor: unseeded-masks
        yield image_batch, mask_batch
