"""
A loop of Lightning
===================

A flow for training and one for validation, of one generator.
"""

import lightning
import numpy as np
import torch

from batchwarp import ImageDataGenerator
from batchwarp.torch import IterableDataset

# %%
# Put your own images here: (n, height, width, channels), uint8 or float.
rng = np.random.default_rng(0)
x = rng.integers(0, 120, (1000, 32, 32, 3), dtype=np.uint8)
y = rng.integers(0, 3, 1000)
for channel in range(3):
    x[y == channel, 8:24, 8:24, channel] += 100

datagen = ImageDataGenerator(
    rotation_range=20,
    rescale=1 / 255,
    validation_split=0.2,
    validation_augment=False,
    draws="keyed",
)


# %%
# Each process of several makes its part of the batches.
class Shapes(lightning.LightningDataModule):  # type: ignore[misc]
    """Batches of both subsets; each process of several makes its part of them."""

    def batches(self, subset: str) -> torch.utils.data.DataLoader:
        """Returns the batches of a subset: `batch_size=None`, since the flow makes them whole."""
        flow = datagen.flow(x, y, batch_size=50, seed=1, subset=subset, shard="auto")
        return torch.utils.data.DataLoader(IterableDataset(flow), batch_size=None)

    def train_dataloader(self) -> torch.utils.data.DataLoader:
        """Returns the batches to train on; each epoch is the next pass of the flow."""
        return self.batches("training")

    def val_dataloader(self) -> torch.utils.data.DataLoader:
        """Returns the batches to validate on, which are the same in each epoch."""
        return self.batches("validation")


# %%
# The model and its training know nothing of it.
class Network(lightning.LightningModule):  # type: ignore[misc]
    """A small network for images of three classes."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 3, stride=2),
            torch.nn.ReLU(),
            torch.nn.AdaptiveAvgPool2d(1),
            torch.nn.Flatten(),
            torch.nn.Linear(8, 3),
        )

    def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
        """Returns the loss of a batch."""
        images, labels = batch
        return torch.nn.functional.cross_entropy(self.layers(images), labels)

    def validation_step(self, batch: list[torch.Tensor], _: int) -> None:
        """Notes how many images of a batch are seen right."""
        images, labels = batch
        right = (self.layers(images).argmax(1) == labels).float().mean()
        self.log("val_accuracy", right, batch_size=len(labels))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Returns the optimizer."""
        return torch.optim.Adam(self.parameters(), 0.02)


lightning.seed_everything(0, verbose=False)  # the same weights to start with in each run
trainer = lightning.Trainer(
    max_epochs=4, logger=False, enable_checkpointing=False, enable_progress_bar=False
)
trainer.fit(Network(), datamodule=Shapes())
print(f"val_accuracy: {float(trainer.callback_metrics['val_accuracy']):.3f}")
