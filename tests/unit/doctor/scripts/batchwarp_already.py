import batchwarp
from batchwarp import ImageDataGenerator, ops

datagen = ImageDataGenerator(operations=[ops.Flip()])
aug = batchwarp.Augment(ops.Flip())
