from keras.src.legacy.preprocessing.image import ImageDataGenerator, NumpyArrayIterator  # doctor: import
import keras


class Trainer:
    def __init__(self, x, y):
        self.datagen = ImageDataGenerator(featurewise_center=True)
        self.x, self.y = x, y

    def batches(self):
        return self.datagen.flow(self.x, self.y, batch_size=64)  # doctor: without-fit
