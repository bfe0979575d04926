"""
Masks, boxes and keypoints, seen
================================

One call moves all three with an image; colours change in the image alone.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import cbook
from PIL import Image

from batchwarp import Augment, ops

# %%
# A photograph that comes with matplotlib, with a mask of the face, its box and the eyes. Boxes are
# left, top, right, bottom, and keypoints x, y, in pixels.
SIDE, IMAGES = 200, 4
with Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as file:
    square = file.convert("RGB").crop((0, 0, 512, 512))
photograph = np.asarray(square.resize((SIDE, SIDE)))
rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
face = ((rows - 0.43) / 0.25) ** 2 + ((columns - 0.5) / 0.17) ** 2 < 1
images = np.stack([photograph] * IMAGES)
masks = np.stack([face.astype(np.uint8)] * IMAGES)
boxes = [np.array([[0.33, 0.18, 0.67, 0.68]], np.float32) * SIDE] * IMAGES
keypoints = [np.array([[0.43, 0.4], [0.56, 0.4]], np.float32) * SIDE] * IMAGES

# %%
# Where an image is mirrored, `keypoint_pairs` swaps the left eye and the right one.
augment = Augment(
    ops.Affine(rotation=25, zoom=0.15, shear=10),
    ops.Perspective(0.3),
    ops.Flip(horizontal=0.5),
    ops.ColorJitter(brightness=0.3, saturation=0.5, hue=0.1),
    seed=1,
    dtype="uint8",
    keypoint_pairs=[(0, 1)],
)
made = augment(images, keys=range(IMAGES), masks=masks, boxes=boxes, keypoints=keypoints)

# %%
# Above what goes in, below what comes out.
_, axes = plt.subplots(2, IMAGES, figsize=(8, 4.2), layout="constrained")
given = {"images": images, "masks": masks, "boxes": boxes, "keypoints": keypoints}
for line, batch in zip(axes, (given, made), strict=True):
    for axis, image, mask, box, eyes in zip(line, *batch.values(), strict=True):
        axis.imshow(image)
        axis.contour(mask, levels=[0.5], colors="cyan", linewidths=1)
        for left, top, right, bottom in box:
            axis.plot([left, right, right, left, left], [top, top, bottom, bottom, top], "gold")
        axis.scatter(eyes[:, 0], eyes[:, 1], c=["lime", "red"], s=14)
        axis.set_axis_off()
plt.show()
