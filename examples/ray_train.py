"""
Several machines: Ray, Keras on JAX
===================================

Ray starts the workers, Keras trains on JAX, each makes its part of a batch.

`pip install 'batchwarp[ray]'`. On one machine as it stands; with a Ray cluster, `ray.init()` joins
it, and `STORAGE` has to be a folder or bucket that all of its machines see.
"""

import os
import sys
from pathlib import Path

import numpy as np
import ray
from ray import train
from ray.train import CheckpointConfig, FailureConfig, RunConfig, ScalingConfig
from ray.train.v2.jax import JaxTrainer

WORKERS, EPOCHS = 2, 4
STORAGE = Path(sys.argv[1] if len(sys.argv) > 1 else "ray_results").absolute()


def train_on_a_worker(settings: dict[str, int]) -> None:
    """What each worker does; all of them do the same, but for their part of the batches."""
    import keras  # here, after Ray has set the environment of the worker

    import batchwarp

    batchwarp.ray.start_jax()
    # The flow gives each worker its part: Keras shall not divide it once more.
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    keras.utils.set_random_seed(1)  # the same weights in all workers

    # Put your own images here: on a disk that all machines have, or copied to each of them.
    rng = np.random.default_rng(0)
    x = rng.integers(0, 120, (960, 28, 28, 1), dtype=np.uint8)
    y = rng.integers(0, 2, 960)
    x[y == 0, 4:24, 12:16] = 255
    x[y == 1, 12:16, 4:24] = 255
    generator = batchwarp.ImageDataGenerator(
        rotation_range=15, zoom_range=0.1, rescale=1 / 255, draws="keyed"
    )
    # `batch_size` is that of a worker; batches are those of one process with batch_size * workers.
    flow = generator.flow(x, y, batch_size=settings["batch_size"], seed=1, shard="auto")

    model = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            keras.layers.Conv2D(8, 5, activation="relu"),
            keras.layers.GlobalMaxPooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.Adam(0.01)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    # Keeps each epoch, and steps with `every=`; after a worker has died, goes on from there.
    report = batchwarp.ray.Report(model, flow)
    model.fit(
        flow,
        epochs=settings["epochs"],
        initial_epoch=report.initial_epoch,
        callbacks=[report.callback],
        shuffle=False,  # the flow has an order of its own, which all workers agree about
        verbose=2 if train.get_context().get_world_rank() == 0 else 0,
    )


if __name__ == "__main__":
    ray.init(include_dashboard=False)
    on_cards = ray.cluster_resources().get("GPU", 0) >= WORKERS
    environment = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cuda" if on_cards else "cpu"}
    trainer = JaxTrainer(
        train_on_a_worker,
        train_loop_config={"batch_size": 32 // WORKERS, "epochs": EPOCHS},
        scaling_config=ScalingConfig(num_workers=WORKERS, use_gpu=on_cards),
        run_config=RunConfig(
            storage_path=os.fspath(STORAGE),
            worker_runtime_env={"env_vars": environment},
            failure_config=FailureConfig(max_failures=2),
            checkpoint_config=CheckpointConfig(num_to_keep=1),
        ),
    )
    result = trainer.fit()
    ray.shutdown()
    print(f"epoch {result.metrics['epoch']}: accuracy: {result.metrics['accuracy']:.3f}")
    print(f"checkpoint: {result.checkpoint.path}")
