"""How a worker reports an epoch and goes on from it, with a Ray that keeps what it is given."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from batchwarp import ImageDataGenerator
from batchwarp.ray import Report

X = np.random.default_rng(0).random((12, 6, 6, 1), dtype=np.float32)
Y = np.arange(12) % 2


class Checkpoint:
    def __init__(self, folder):
        self.folder = folder

    @contextmanager
    def as_directory(self):
        yield str(self.folder)

    @classmethod
    def from_directory(cls, folder):
        return cls(Path(folder))


class Train:
    """`ray.train`, as a worker sees it."""

    Checkpoint = Checkpoint

    def __init__(self, folder, rank=0):
        self.folder, self.rank = folder, rank
        self.reported = []
        self.latest = None
        self.first = None  # what the first worker sends, if it is another one

    def get_context(self):
        return SimpleNamespace(get_world_rank=lambda: self.rank, get_world_size=lambda: 2)

    def get_checkpoint(self):
        return self.latest

    def report(self, metrics, checkpoint=None):
        self.reported.append(metrics)
        if checkpoint is not None:
            kept = self.folder / str(len(self.reported))
            shutil.copytree(checkpoint.folder, kept)
            self.latest = Checkpoint(kept)


@pytest.fixture
def train(monkeypatch, tmp_path):
    module = Train(tmp_path)
    monkeypatch.setitem(
        sys.modules,
        "ray.train.collective",
        SimpleNamespace(broadcast_from_rank_zero=lambda data: module.first or data),
    )
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(train=module))
    monkeypatch.setitem(sys.modules, "ray.train", module)
    return module


def model_of(keras, units=2):
    keras.utils.set_random_seed(1)
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), layers.Flatten(), layers.Dropout(0.5), layers.Dense(units)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.1), loss)
    return model


def flow(draws="keyed", seed=2):
    generator = ImageDataGenerator(rotation_range=30, draws=draws)
    return generator.flow(X, Y, batch_size=4, seed=seed)


def fit(keras, epochs, draws="keyed"):
    model, batches = model_of(keras), flow(draws)
    report = Report(model, batches)
    history = model.fit(
        batches,
        epochs=epochs,
        initial_epoch=report.initial_epoch,
        callbacks=[report.callback],
        verbose=0,
    )
    return report, history.history["loss"]


@pytest.mark.parametrize("draws", ["keyed", "keras"])
def test_training_goes_on_as_if_nobody_had_died(keras, train, draws):
    _, wanted = fit(keras, 4, draws)
    reported, train.reported, train.latest = train.reported, [], None
    train.folder /= "again"
    first, before = fit(keras, 2, draws)
    second, after = fit(keras, 4, draws)  # with dropout and moments of where it was
    assert (first.initial_epoch, second.initial_epoch) == (0, 2)
    np.testing.assert_allclose([*before, *after], wanted, rtol=1e-6)
    assert [one["epoch"] for one in train.reported] == [1, 2, 3, 4]
    np.testing.assert_allclose(
        [one["loss"] for one in train.reported], [one["loss"] for one in reported], rtol=1e-6
    )


def test_only_the_first_worker_keeps_the_model(keras, train):
    train.rank = 1
    fit(keras, 1)
    assert train.latest is None
    assert len(train.reported) == 1


def test_without_a_flow(keras, train):
    model = model_of(keras)
    report = Report(model)
    model.fit(X, Y, epochs=1, callbacks=[report.callback], verbose=0)
    assert Report(model_of(keras)).initial_epoch == 1


def test_models_that_are_refused(keras, train):
    with pytest.raises(ValueError, match="`model` should be a Keras model that is compiled, and"):
        Report(keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Flatten()]))
    unbuilt = keras.Sequential([keras.layers.Dense(2)])
    unbuilt.compile("sgd", "mse")
    with pytest.raises(ValueError, match="`model` should be a Keras model that is compiled, and"):
        Report(unbuilt)
    fit(keras, 1)
    with pytest.raises(ValueError, match=r"`model` should be that of the checkpoint.*\(36, 2\)"):
        Report(model_of(keras, units=3))


def test_workers_that_do_not_agree(keras, train):
    train.rank, train.first = 1, flow(seed=3).described_alike()
    message = "`seed` of the flow .* same in all processes. Received: 2 in process 1, and 3 in proc"
    with pytest.raises(ValueError, match=message):
        Report(model_of(keras), flow())


def test_a_checkpoint_of_a_later_version(keras, train):
    fit(keras, 1)
    file = train.latest.folder / "state.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 2}))
    with pytest.raises(ValueError, match="The checkpoint is of format 2, which this version"):
        fit(keras, 2)
