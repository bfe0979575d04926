from tensorflow.keras.applications.resnet50 import ResNet50, preprocess_input
from tensorflow.keras.preprocessing.image import ImageDataGenerator  # doctor: import

datagen = ImageDataGenerator(
    preprocessing_function=preprocess_input,
    rescale=1.0 / 255,  # doctor: rescaled-twice
    horizontal_flip=True,
    validation_split=0.2,
)
train = datagen.flow_from_directory("photos", target_size=(224, 224), subset="training")
valid = datagen.flow_from_directory("photos", target_size=(224, 224), subset="validation")  # doctor: augmented-validation
