from tensorflow.keras.preprocessing.image import *  # doctor: import
from tensorflow.keras.layers import *
