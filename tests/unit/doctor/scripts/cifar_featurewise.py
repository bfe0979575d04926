import keras
from keras.datasets import cifar10
from keras.preprocessing.image import ImageDataGenerator  # doctor: import

(x_train, y_train), (x_test, y_test) = cifar10.load_data()
x_train = x_train.astype("float32")
datagen = ImageDataGenerator(
    featurewise_center=True,
    featurewise_std_normalization=True,
    width_shift_range=0.1,
    height_shift_range=0.1,
    horizontal_flip=True,
)
flow = datagen.flow(x_train, y_train, batch_size=128)
datagen.fit(x_train)  # doctor: fit-after-flow
model = keras.models.load_model("resnet.h5")
model.fit(flow, epochs=200, workers=4)  # doctor: workers
