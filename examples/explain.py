"""
What happened to an image
=========================

A flow says what it drew for each image, or is going to draw; `Augment.replay` does it again.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import cbook
from PIL import Image

from batchwarp import Augment, ImageDataGenerator, ops

# %%
# A photograph that comes with matplotlib, four times. Put your own images here: (n, height, width,
# channels), uint8 or float.
with Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as file:
    photograph = np.asarray(file.convert("RGB").crop((0, 0, 512, 512)).resize((160, 160)))
x = np.stack([photograph] * 4)

datagen = ImageDataGenerator(
    rotation_range=25,
    zoom_range=(0.8, 1.1),
    horizontal_flip=True,
    operations=[ops.Hue(0.15, p=0.6), ops.Erase(p=0.4, value=127)],
)
flow = datagen.flow(x, batch_size=4, seed=4)

# %%
# It can be asked at any time, of any batch; the flow stays where it is. `to_dict()` is for JSON.
explanation = flow.explain(epoch=0, position=0)
print(explanation)

# %%
# The same pixels, from the explanation alone: the batch that the flow gives.
batch = next(flow)
samples = [image.sample for image in explanation.images]
again = Augment.replay(explanation, x[samples])
print(f"the greatest difference: {np.abs(batch - again).max()}")

_, axes = plt.subplots(2, 4, figsize=(8, 4.4), layout="constrained")
for column, (before, after) in enumerate(zip(x[samples], again, strict=True)):
    axes[0, column].imshow(before)
    axes[1, column].imshow(after / 255)
    axes[0, column].set_title(f"sample {samples[column]}")
for axis in axes.flat:
    axis.set_axis_off()
plt.show()
