"""A small training that is killed at a step; a program, started by `test_data_checkpoint.py`.

It takes a JSON object of options, and appends to a file what it sees, a line for each batch:
epoch, step and a hash of the batch. At its end it writes weights and history to another one.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
from pathlib import Path

import keras
import numpy as np

from batchwarp import ImageDataGenerator, ops
from batchwarp.callbacks import DataCheckpoint

options = json.loads(sys.argv[1])
folder = Path(options["folder"])
keras.utils.set_random_seed(3)
if not options.get("first", True):
    random.seed(99)  # another process may have drawn other numbers until here
    np.random.seed(99)

x = np.random.default_rng(0).integers(0, 256, (23, 8, 8, 1), dtype=np.uint8)
y = np.arange(23) % 3
generator = ImageDataGenerator(
    rotation_range=30,
    rescale=1 / 255,
    draws=options["draws"],
    operations=[ops.Affine(shift=0.2)] if options["operations"] else (),
)
flow = generator.flow(x, y, 4, seed=5)
flow.workers = options.get("workers", 1)
flow.use_multiprocessing = options.get("processes", False)

# Where the training is, for the lines of `train_step`.
where = {"epoch": -1, "step": -1}


class Model(keras.Sequential):
    def train_step(self, *arguments):  # of JAX a state comes before
        data = arguments[-1]
        digest = hashlib.md5(np.asarray(data[0]).tobytes()).hexdigest()
        with (folder / "seen.txt").open("a") as file:
            file.write(f"{where['epoch']} {where['step']} {digest}\n")
        return super().train_step(*arguments)


class Killer(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):  # noqa: ARG002
        where["epoch"] = epoch

    def on_train_batch_begin(self, batch, logs=None):  # noqa: ARG002
        where["step"] = batch

    def on_train_batch_end(self, batch, logs=None):  # noqa: ARG002
        if [where["epoch"], batch] == options.get("kill"):
            os.kill(os.getpid(), signal.SIGKILL)


model = Model(
    [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(2, 3),
        keras.layers.BatchNormalization(),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(3),
    ]
)
model.compile(
    keras.optimizers.Adam(0.01),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
    run_eagerly=True,
)
early = keras.callbacks.EarlyStopping("loss", patience=10)
checkpoint = DataCheckpoint(folder / "checkpoint", flow, every=options["every"], keep=[early])
history = model.fit(
    flow.to_tf_dataset() if options["dataset"] else flow,
    epochs=3,
    callbacks=[early, checkpoint, Killer()],
    shuffle=options.get("shuffle", not options["dataset"]),
    verbose=0,
)
np.savez(
    folder / "weights.npz",
    *model.get_weights(),
    *map(keras.ops.convert_to_numpy, model.optimizer.variables),
)
result = {"history": history.history, "epoch": history.epoch, "best": float(early.best)}
(folder / "result.json").write_text(json.dumps(result))
