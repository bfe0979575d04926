"""How a worker reports an epoch and goes on from it, with a Ray that keeps what it is given."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from batchwarp import ImageDataGenerator
from batchwarp.callbacks import DataCheckpoint
from batchwarp.callbacks.archive import write_archive
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


class Died(Exception):
    """Ends a training as the death of a worker does."""


def dies_at(keras, epoch, step):
    places = []

    def die(batch, **_):
        if places[-1] == epoch and batch == step:
            raise Died

    return keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, *_, **__: places.append(epoch), on_train_batch_begin=die
    )


def fit(keras, epochs, draws="keyed", callbacks=(), keep=(), **options):
    model, batches = model_of(keras), flow(draws)
    report = Report(model, batches, keep=keep, **options)
    history = model.fit(
        batches,
        epochs=epochs,
        initial_epoch=report.initial_epoch,
        callbacks=[*callbacks, *keep, report.callback],
        verbose=0,
    )
    return report, history.history["loss"]


def places(train):
    return [(one["epoch"], one["step"]) for one in train.reported]


@pytest.mark.parametrize("draws", ["keyed", "keras"])
def test_training_goes_on_as_if_nobody_had_died(keras, train, draws):
    _, wanted = fit(keras, 4, draws)
    reported, train.reported, train.latest = train.reported, [], None
    train.folder /= "again"
    first, before = fit(keras, 2, draws)
    second, after = fit(keras, 4, draws)  # with dropout and moments of where it was
    assert (first.initial_epoch, second.initial_epoch) == (0, 2)
    np.testing.assert_allclose(before, wanted[:2], rtol=1e-6)
    np.testing.assert_allclose(after, wanted, rtol=1e-6)  # with what was before
    assert places(train) == [(1, 0), (2, 0), (3, 0), (4, 0)]
    np.testing.assert_allclose(
        [one["loss"] for one in train.reported], [one["loss"] for one in reported], rtol=1e-6
    )


@pytest.mark.parametrize("draws", ["keyed", "keras"])
def test_training_goes_on_within_an_epoch(keras, train, draws):
    _, wanted = fit(keras, 3, draws)
    train.reported, train.latest = [], None
    train.folder /= "again"
    early = [keras.callbacks.EarlyStopping("loss", patience=9) for _ in range(3)]
    for place, one in zip([(0, 2), (1, 2)], early, strict=False):
        with pytest.raises(Died):
            fit(keras, 3, draws, [dies_at(keras, *place)], [one], every=2)
    report, losses = fit(keras, 3, draws, keep=[early[2]], every=2)
    assert report.initial_epoch == 1
    np.testing.assert_allclose(losses, wanted, rtol=1e-6)
    # Of three steps. Where the end of an epoch comes next, only that is reported.
    assert places(train) == [(0, 2), (1, 0), (1, 2), (2, 0), (2, 2), (3, 0)]
    assert early[2].best == pytest.approx(min(wanted))


def test_one_format(keras, train, tmp_path):
    """What `Report` has left, `DataCheckpoint` goes on with."""
    _, wanted = fit(keras, 3)
    train.reported, train.latest = [], None
    train.folder /= "again"
    with pytest.raises(Died):
        fit(keras, 3, callbacks=[dies_at(keras, 1, 2)], every=1)
    path = train.latest.folder / "training.batchwarp"
    model, batches = model_of(keras), flow()
    history = model.fit(
        batches, epochs=3, callbacks=[DataCheckpoint(path, batches, 100)], verbose=0
    )
    np.testing.assert_allclose(history.history["loss"], wanted, rtol=1e-6)


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
    with pytest.raises(ValueError, match=r"another model: .*kernel was float32 of shape \[36, 2\]"):
        Report(model_of(keras, units=3), flow())


def test_workers_that_do_not_agree(keras, train):
    train.rank, train.first = 1, flow(seed=3).described_alike()
    message = "`seed` of the flow .* same in all processes. Received: 2 in process 1, and 3 in proc"
    with pytest.raises(ValueError, match=message):
        Report(model_of(keras), flow())


def test_checkpoints_that_are_refused(keras, train):
    fit(keras, 1)
    file = train.latest.folder / "training.batchwarp"
    with pytest.raises(ValueError, match="`flow` should be that of the checkpoint, which has one"):
        Report(model_of(keras))
    with pytest.raises(ValueError, match="`seed` was 2 and is 3"):
        Report(model_of(keras), flow(seed=3))
    with pytest.raises(ValueError, match="`keep` should have as many callbacks as for the save, 0"):
        fit(keras, 2, keep=[keras.callbacks.EarlyStopping("loss")])
    write_archive(file, {"format": 2}, [])
    with pytest.raises(ValueError, match="its format is 2, and this batchwarp knows 1"):
        fit(keras, 2)
    file.unlink()
    with pytest.raises(ValueError, match=r"The checkpoint is none of `batchwarp.ray.Report`: it"):
        fit(keras, 2)


def test_arguments(keras, train):
    model = model_of(keras)
    with pytest.raises(ValueError, match="`every` should be an integer of at least 1"):
        Report(model, flow(), every=0)
    with pytest.raises(ValueError, match="`every` should be `None` where there is no `flow`"):
        Report(model, every=5)
    with pytest.raises(TypeError, match="`flow` should be a flow as from"):
        Report(model, [X])
    plain = ImageDataGenerator().flow(X, Y, batch_size=4)
    with pytest.raises(ValueError, match="`flow` should have a `seed`"):
        Report(model, plain, every=5)
    Report(model, plain)
    report = Report(model, flow())
    with pytest.raises(ValueError, match="`Report` needs epochs that are passes of its flow"):
        model.fit(flow(), steps_per_epoch=2, callbacks=[report.callback], verbose=0)
