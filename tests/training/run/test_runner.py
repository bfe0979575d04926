"""What every training script does alike."""

from __future__ import annotations

import argparse
import errno
import json
import shutil
import signal

import numpy as np
import pytest

pytest.importorskip("keras", reason="runs train Keras models")
pytest.importorskip("matplotlib", reason="runs draw with it")

import keras

import batchwarp
from batchwarp import ops
from batchwarp.console.errors import UsageError
from batchwarp.console.files import write_json
from batchwarp.training.data.part import Part
from batchwarp.training.results import machine
from batchwarp.training.run import runner
from batchwarp.training.scripts import options

# Not ours to mend: TensorFlow's tensors, and what Keras says of its old format.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

X = np.random.default_rng(0).integers(0, 256, (24, 6, 5, 1), np.uint8)
Y = np.arange(24) % 2


def parsed(folder, *arguments):
    parser = argparse.ArgumentParser()
    options.add_common(
        parser, data="", epochs=2, batch_size=8, least_images=8, out="batchwarp-example"
    )
    return parser.parse_args([*arguments, "--out", str(folder)])


def start(folder, *arguments, script="example", classes=("no", "yes"), **settings):
    return runner.Run(
        script, "Example", parsed(folder, *arguments), classes=classes, settings=settings
    )


def record_of(folder):
    return json.loads((folder / "run.json").read_text())


def history_of(folder):
    return json.loads((folder / "history.json").read_text())


def build():
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 5, 1)),
            layers.Flatten(),
            layers.Dropout(0.3, seed=1),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    # Compiling the graph of a step takes longer than all steps here.
    model.compile(
        optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"], run_eagerly=True
    )
    return model


def flow(seed=5, **arguments):
    datagen = batchwarp.ImageDataGenerator(rescale=1 / 255, **arguments)
    return datagen.flow(X, Y, batch_size=8, seed=seed)


def part(name="test"):
    datagen = batchwarp.ImageDataGenerator(rescale=1 / 255)
    return Part(name, datagen.flow(X, Y, batch_size=8, shuffle=False), Y, [f"{i}" for i in Y])


def test_run_leaves_what_it_promises(tmp_path, capsys):
    folder = tmp_path / "a" / "b"
    with start(folder, "--h5", "--seed", "3", data="drawn") as run:
        assert record_of(folder)["status"] == "running"
        run.outcome.draw_batch(batchwarp.ImageDataGenerator(), X[:4], Y[:4])
        run.outcome.draw_variants(batchwarp.ImageDataGenerator(rotation_range=5), X[0], count=3)
        model = run.fitting.model(build)
        run.fitting.fit(model, flow(), epochs=2, validation_data=part().flow)
        saved = run.outcome.evaluate([part("training"), part("test")])
    np.testing.assert_array_equal(saved.get_weights()[0], model.get_weights()[0])
    record = record_of(folder)
    assert record["script"] == "example"
    assert record["status"] == "finished"
    settings = record["settings"]
    assert settings["seed"] == 3
    assert settings["data"] == "drawn"
    assert settings["classes"] == ["no", "yes"]
    assert settings["rescale"] == pytest.approx(1 / 255)
    assert settings["parameters"] == 31
    assert settings["versions"]["batchwarp"] == batchwarp.__version__
    assert settings["versions"]["backend"] == keras.backend.backend()
    assert settings["processor"] == machine.processor()  # as the report names it
    results = record["results"]
    assert set(results["parts"]) == {"training", "test"}
    assert results["epochs"] == 2
    assert results["seconds_per_epoch"] > 0
    assert results["generator_images_per_second"] > 0
    assert 0 <= results["waiting"] <= 1
    assert "wait" in results["steps"]
    assert results["steps"] in (folder / "report.html").read_text(encoding="utf-8")
    history = history_of(folder)
    assert set(history) == {
        *("accuracy", "loss", "val_accuracy", "val_loss"),
        *("seconds", "waiting"),
    }
    assert all(len(values) == 2 for values in history.values())
    names = {path.name for path in folder.iterdir()}
    assert names >= {
        *("run.json", "history.json", "report.html", "model.keras", "model.h5"),
        *("curves.png", "before-after.png", "variants.png", "confusion.png", "misclassified.csv"),
    }
    assert ("misclassified.png" in names) == (results["parts"]["test"]["accuracy"] < 1)
    output = capsys.readouterr().out
    for expected in ("31 parameters", "test accuracy", "time per epoch", str(folder)):
        assert expected in output
    assert np.isfinite(
        keras.models.load_model(folder / "model.h5").predict(X / 255, verbose=0)
    ).all()


def test_failure_is_in_the_record(tmp_path):
    def fail():
        with start(tmp_path) as run:
            run.record.add(loss=1.5)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert record_of(tmp_path)["status"] == "failed"
    assert record_of(tmp_path)["results"] == {"loss": 1.5}


def test_results_of_an_earlier_run_are_removed_and_other_files_are_not(tmp_path):
    for name in ("model.keras", "curves.png", "history.json", "report.html", "mine.txt"):
        (tmp_path / name).write_text("old")
    start(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"run.json", "mine.txt"}


def test_folder_that_cannot_be_made_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"argument --out: cannot write to .*file"):
        start(tmp_path / "file" / "folder")


def iterations(folder):
    return int(keras.models.load_model(folder / "model.keras").optimizer.iterations)


def interrupt_in(epoch, when):
    """Returns a callback that gets Ctrl-C in an epoch, numbered from 1."""

    def interrupt(*_, **__):
        if run_epoch[0] == epoch:
            signal.raise_signal(signal.SIGINT)

    run_epoch = [0]
    return keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda number, _: run_epoch.__setitem__(0, number + 1),
        **{when: interrupt},
    )


@pytest.mark.slow
@pytest.mark.parametrize(("when", "epochs"), [("on_train_batch_end", 1), ("on_epoch_end", 2)])
def test_ctrl_c_keeps_what_is_complete_and_goes_on_to_the_report(tmp_path, when, epochs, capsys):
    def interrupted():
        with start(tmp_path) as run:
            model = run.fitting.model(build)
            run.fitting.fit(model, flow(), epochs=9, callbacks=[interrupt_in(2, when)])
            run.fitting.fit(model, flow(), epochs=12)  # is passed over
            run.outcome.evaluate([part()])

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert record_of(tmp_path)["status"] == "interrupted"
    assert record_of(tmp_path)["results"]["epochs"] == epochs
    assert len(history_of(tmp_path)["loss"]) == epochs
    assert iterations(tmp_path) == 3 * epochs
    assert (tmp_path / "curves.png").stat().st_size > 1000
    assert (tmp_path / "report.html").stat().st_size > 1000
    assert f"model of epoch {epochs}" in capsys.readouterr().out


def test_ctrl_c_in_the_first_epoch_saves_the_model_and_the_report(tmp_path):
    def interrupted():
        with start(tmp_path) as run:
            callbacks = [interrupt_in(1, "on_train_batch_end")]
            run.fitting.fit(run.fitting.model(build), flow(), epochs=9, callbacks=callbacks)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert record_of(tmp_path)["status"] == "interrupted"
    assert (tmp_path / "report.html").exists()
    assert keras.models.load_model(tmp_path / "model.keras").count_params() == 31


def test_ctrl_c_waits_for_the_end_of_a_step(tmp_path):
    def interrupted():
        with start(tmp_path) as run:
            callbacks = [interrupt_in(1, "on_train_batch_begin")]
            run.fitting.fit(run.fitting.model(build), flow(), epochs=9, callbacks=callbacks)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert iterations(tmp_path) == 1


AUGMENT = {
    "rotation_range": 20,
    "width_shift_range": 0.2,
    "operations": [ops.Brightness(0.9), ops.Invert(p=0.5)],
}
BEST = {"monitor": "val_loss", "mode": "min"}


def train(folder, epochs, *arguments, best=None, steps=None):
    keras.utils.set_random_seed(1)
    callbacks = [keras.callbacks.ReduceLROnPlateau(patience=1, monitor="loss", min_delta=10)]
    with start(folder, *arguments, "--epochs", str(epochs)) as run:
        model = run.fitting.model(build)
        run.fitting.fit(
            model,
            flow(**AUGMENT),
            epochs=epochs,
            steps=steps,
            callbacks=callbacks,
            best=best,
            validation_data=part().flow,
        )
        run.outcome.evaluate([part()])
    return history_of(folder)


@pytest.fixture(scope="module")
def two_epochs(without_pictures, tmp_path_factory):
    """The folder of a finished run of two epochs, of which tests make copies."""
    folder = tmp_path_factory.mktemp("run") / "two-epochs"
    with without_pictures():
        train(folder, 2)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("best", "steps"), [(None, None), (BEST, 2)], ids=["last", "best-of-limited"]
)
def test_resumed_run_is_the_run_that_was_not_interrupted(
    blank_pictures, two_epochs, tmp_path, best, steps
):
    whole = train(tmp_path / "whole", 4, best=best, steps=steps)
    if best is None:
        shutil.copytree(two_epochs, tmp_path / "parts")
    else:
        train(tmp_path / "parts", 2, best=best, steps=steps)
    parts = train(tmp_path / "parts", 4, "--resume", best=best, steps=steps)
    # Keras ends an epoch more, of the two batches that it reads to see what they are like.
    ended = 4 if steps is None else 5
    for name in ("whole", "parts"):
        assert record_of(tmp_path / name)["state"]["passes"] == ended
    assert set(whole) == set(parts)
    for name in set(whole) - {"seconds", "waiting"}:
        np.testing.assert_allclose(parts[name], whole[name], rtol=1e-4, err_msg=name)
    # Steps of a batch of eight, and callbacks that remember how long nothing got better.
    assert len(set(whole["learning_rate"])) == 3
    for name in ("model.keras", "last.keras"):
        assert (tmp_path / "parts" / name).exists() == (best is not None or name == "model.keras")


def test_resuming_a_finished_run_makes_its_report_again(blank_pictures, two_epochs, tmp_path):
    folder = shutil.copytree(two_epochs, tmp_path / "run")
    before = record_of(folder)["results"]
    (folder / "report.html").unlink()
    train(folder, 2, "--resume")
    assert (folder / "report.html").exists()
    assert record_of(folder)["results"] == before


def test_what_cannot_be_resumed_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"--resume: .*no run .*no run\.json"):
        start(tmp_path / "none", "--resume")
    with start(tmp_path, "--seed", "4", data="here"):
        pass
    set_history(tmp_path, {"loss": [1.0]})
    with pytest.raises(UsageError, match="there is no model"):
        start(tmp_path, "--resume", "--seed", "4", data="here")
    with pytest.raises(UsageError, match="its run had seed 4, not 5"):
        start(tmp_path, "--resume", "--seed", "5", data="here")
    with pytest.raises(UsageError, match="its run had data 'here', not 'there'"):
        start(tmp_path, "--resume", "--seed", "4", data="there")
    with pytest.raises(UsageError, match="one of example, not of other"):
        start(tmp_path, "--resume", script="other")
    for strange in ([1.0], {"loss": 1.0}, {"loss": [1.0], "accuracy": []}, {"loss": ["1.0"]}):
        set_history(tmp_path, strange)
        with pytest.raises(UsageError, match=r"run\.json is damaged"):
            start(tmp_path, "--resume", "--seed", "4", data="here")
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(UsageError, match=r"run\.json is damaged"):
        start(tmp_path, "--resume", "--seed", "4", data="here")


def set_history(folder, history):
    record = record_of(folder)
    record["state"]["history"] = history
    write_json(folder / "run.json", record)


def test_names_that_are_no_utf_8_are_kept(tmp_path):
    name = "pictures\udcff 猫"
    with start(tmp_path, data=name):
        pass
    assert record_of(tmp_path)["settings"]["data"] == name
    with start(tmp_path, "--resume", data=name):
        pass


def test_killed_run_is_gone_on_with(blank_pictures, tmp_path):
    before = train(tmp_path, 1, best=BEST)
    # Killed while writing the next epoch's files.
    (tmp_path / "history.json").write_text("{")
    (tmp_path / ".last-unfinished.keras").write_bytes(b"PK")
    history = train(tmp_path, 2, "--resume", best=BEST)
    assert len(history["loss"]) == 2
    assert history["loss"][:1] == before["loss"]
    assert not list(tmp_path.glob(".*"))


def test_run_without_a_complete_epoch_begins_anew(blank_pictures, two_epochs, tmp_path, capsys):
    def interrupted():
        with start(tmp_path) as run:
            callbacks = [interrupt_in(1, "on_train_batch_end")]
            run.fitting.fit(
                run.fitting.model(build), flow(**AUGMENT), epochs=1, callbacks=callbacks
            )

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    resumed = train(tmp_path, 1, "--resume")
    assert "beginning anew" in capsys.readouterr().out
    whole = history_of(two_epochs)
    np.testing.assert_allclose(resumed["loss"], whole["loss"][:1], rtol=1e-4)


class Killed(Exception):
    """Ends a run as a kill would, of which the run learns nothing."""


def kill_in(folder, epoch, step, **arguments):
    """Runs until a step of the epoch has ended, and leaves what a kill would leave."""
    at = [0]

    def count(batch, logs):
        if batch == step and at[0] == epoch:
            raise Killed

    def next_epoch(number, logs):
        at[0] = number

    killer = keras.callbacks.LambdaCallback(on_epoch_begin=next_epoch, on_train_batch_begin=count)
    run = start(folder, "--epochs", "3")
    with pytest.raises(Killed):
        fit_three(run, [killer], **arguments)


def fit_three(run, callbacks=(), **arguments):
    keras.utils.set_random_seed(1)
    plateau = keras.callbacks.ReduceLROnPlateau(patience=1, monitor="loss", min_delta=10)
    run.fitting.fit(
        run.fitting.model(build),
        flow(**AUGMENT),
        epochs=3,
        callbacks=[plateau, *callbacks],
        validation_data=part().flow,
        **arguments,
    )


@pytest.mark.parametrize(("epoch", "steps"), [(0, None), (1, None), (1, 2)])
def test_a_run_that_was_killed_goes_on_in_the_epoch(
    blank_pictures, tmp_path, monkeypatch, capsys, epoch, steps
):
    monkeypatch.setattr("batchwarp.training.run.fitting._LEAST_STEPS", 1)
    with start(tmp_path / "whole") as run:
        fit_three(run, steps=steps)
    step = (steps or 3) - 1
    kill_in(tmp_path / "parts", epoch, step, steps=steps)
    assert (tmp_path / "parts" / "epoch.checkpoint").is_file()
    capsys.readouterr()
    with start(tmp_path / "parts", "--resume") as run:
        fit_three(run, steps=steps)
    assert f"Going on in epoch {epoch + 1}, after step {step}\n" in capsys.readouterr().out
    whole, parts = history_of(tmp_path / "whole"), history_of(tmp_path / "parts")
    assert set(whole) == set(parts)
    for name in set(whole) - {"seconds", "waiting"}:
        np.testing.assert_allclose(parts[name], whole[name], rtol=1e-5, err_msg=name)
    models = [
        keras.models.load_model(tmp_path / name / "model.keras") for name in ("whole", "parts")
    ]
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)
    assert not (tmp_path / "parts" / "epoch.checkpoint").exists()


def test_an_epoch_of_another_recipe_begins_anew(blank_pictures, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("batchwarp.training.run.fitting._LEAST_STEPS", 1)
    kill_in(tmp_path, 1, 2)
    monkeypatch.setitem(AUGMENT, "rotation_range", 5)
    with start(tmp_path, "--resume") as run:
        fit_three(run)
    said = capsys.readouterr().out
    assert "Beginning epoch 2 anew: `state` is of another generator: `rotation_range` was" in said
    assert len(history_of(tmp_path)["loss"]) == 3


def test_full_disk_is_a_usage_error(blank_pictures, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    model = build()
    monkeypatch.setattr(type(model), "save", fail)
    with pytest.raises(UsageError, match=r"the run in .* has ended: .*No space left on device"):
        train(tmp_path, 1)
    assert record_of(tmp_path)["status"] == "failed"
    assert not list(tmp_path.glob(".*"))


def test_damaged_model_is_a_usage_error(blank_pictures, two_epochs, tmp_path):
    folder = shutil.copytree(two_epochs, tmp_path / "run")
    (folder / "model.keras").write_bytes(b"PK no archive")
    with pytest.raises(UsageError, match=r"model\.keras: cannot be loaded as a Keras model"):
        train(folder, 3, "--resume")


def test_threads_that_the_core_refuses_are_a_usage_error(monkeypatch):
    def refuse(n):
        raise ValueError(f"`n` must be at most 4, received: {n}")

    monkeypatch.setattr(batchwarp.runtime, "set_num_threads", refuse)
    with pytest.raises(UsageError, match="argument --threads: `n` must be at most 4"):
        runner.prepare(argparse.Namespace(seed=0, threads=5))
