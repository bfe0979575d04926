import pandas as pd
from keras.preprocessing.image import ImageDataGenerator  # doctor: import

df = pd.read_csv("labels.csv")
gen = ImageDataGenerator(rescale=1.0 / 255.0, fill_mode="wrap", rotation_range=5)  # doctor: wrap
train = gen.flow_from_dataframe(df, "images", x_col="id", y_col="label", class_mode="raw")
model.fit(train, steps_per_epoch=train.n / train.batch_size, epochs=10)  # doctor: steps
