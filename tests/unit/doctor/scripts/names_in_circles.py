"""Names that are made of themselves, and of each other."""

from tensorflow.keras.preprocessing.image import ImageDataGenerator  # doctor: import

node = graph.root
while node.next:
    node = node.next
    node = node.parent.child
node.visit()

first = second.value
second = first.value
second.call()

options = dict(rotation_range=20)
options = dict(**options, zoom_range=0.1)
options = dict(**options, horizontal_flip=True)
loop = dict(**spool, shear_range=5)
spool = dict(**loop)
train = ImageDataGenerator(**options, validation_split=0.1).flow(x, y, subset="training")
other = ImageDataGenerator(**spool)
