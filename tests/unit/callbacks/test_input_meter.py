"""Steps are measured as they are: by a clock of the tests', and once by sleeping."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

import numpy as np
import pytest

from batchwarp import ImageDataGenerator, _phases
from batchwarp.callbacks import InputMeter
from batchwarp.callbacks.input_trace import Trace
from image_files import picture, save

SIZE = (8, 6, 3)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 10**9

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += round(seconds * 1e9)


def flow(count=24, batch_size=4, **options):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (count, *SIZE), dtype=np.uint8)
    generator = ImageDataGenerator(rotation_range=20, rescale=1 / 255, **options)
    return generator.flow(x, np.arange(count) % 3, batch_size=batch_size, seed=1)


@pytest.fixture
def model(keras):
    keras.utils.set_random_seed(3)
    made = keras.Sequential(
        [keras.layers.Input(SIZE), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    made.compile("adam", loss, metrics=["accuracy"])
    return made


@pytest.fixture
def clocked(model):
    """A meter with a clock of its own, as `fit` has it, and that clock."""
    meters = []

    def make(backend="jax", **options):
        meter, clock = InputMeter(verbose=False, **options), Clock()
        meter._now = clock
        model.make_train_function()
        meter.set_model(model)
        meter.set_params({"verbose": 0})
        meter.on_train_begin()
        meters.append(meter)
        meter._fetches_inside = backend == "tensorflow"
        return meter, clock

    yield make
    for meter in meters:
        meter.on_train_end()


def epoch(meter, clock, number, waits, step=0.1, at_once=1):
    """Runs an epoch of a backend that fetches data before a step."""
    meter.on_epoch_begin(number)
    for at, wait in enumerate(waits):
        clock.sleep(wait)
        meter.on_train_batch_begin(at * at_once)
        clock.sleep(step)
        meter.on_train_batch_end((at + 1) * at_once - 1)
    meter.on_epoch_end(number)


def test_what_lies_between_steps_is_waiting(clocked):
    meter, clock = clocked()
    epoch(meter, clock, 0, [5.0, 0.02, 0.04, 0.03])
    epoch(meter, clock, 1, [0.3, 0.1, 0.1, 0.1])
    first, second = meter.epochs
    assert (first.steps, second.steps) == (3, 4)  # the very first one compiles
    assert first.share == pytest.approx(0.09 / 0.39)
    assert second.share == pytest.approx(0.6 / 1.0)
    assert meter.figures.share == pytest.approx(0.69 / 1.39)


def test_steps_that_are_executed_at_once(clocked):
    meter, clock = clocked()
    epoch(meter, clock, 0, [0.1, 0.1, 0.1], step=0.4, at_once=4)
    assert meter.epochs[0].steps == 8
    assert meter.epochs[0].share == pytest.approx(0.2)


def test_what_tensorflow_fetches_within_a_step_is_waiting(clocked):
    meter, clock = clocked("tensorflow")
    for number in range(2):
        meter.on_epoch_begin(number)
        clock.sleep(0.2)  # until the data set has begun
        for at in range(3):
            meter.on_train_batch_begin(at)
            begin = clock()
            clock.sleep(0.06)
            meter._wait(begin, clock())
            clock.sleep(0.04)
            meter.on_train_batch_end(at)
            clock.sleep(0.01)  # Keras'
        meter.on_epoch_end(number)
    first, second = meter.epochs
    assert first.waited == pytest.approx(2 * 0.06)
    assert first.seconds == pytest.approx(2 * 0.11)
    assert second.waited == pytest.approx(0.2 + 3 * 0.06)
    assert second.seconds == pytest.approx(0.2 + 3 * 0.11 - 0.01)


def test_validation_is_neither_waiting_nor_making(clocked):
    meter, clock = clocked()
    training, validation = flow(), flow()
    meter.on_epoch_begin(0)
    for at in range(3):
        next(training)
        meter.on_train_batch_begin(at)
        clock.sleep(0.1)
        meter.on_train_batch_end(at)
    meter.on_test_begin()
    for _ in range(3):
        next(validation)
    clock.sleep(7.0)
    meter.on_test_end()
    meter.on_epoch_end(0)
    (figures,) = meter.epochs
    assert figures.batches == figures.steps == 2
    assert figures.seconds == pytest.approx(0.2)


def test_only_batches_of_its_flow_count(clocked):
    mine, other = flow(), flow()
    for which in (mine, other):
        meter, clock = clocked(flow=which)
        meter.on_epoch_begin(0)
        for at in range(3):
            next(mine)
            meter.on_train_batch_begin(at)
            clock.sleep(0.1)
            meter.on_train_batch_end(at)
        meter.on_epoch_end(0)
        assert meter.epochs[0].batches == (2 if which is mine else 0)


def test_batches_that_were_all_made_ahead_are_known(clocked):
    meter, clock = clocked()
    source = flow()
    meter.on_epoch_begin(0)
    for _ in range(3):
        next(source)
    for at in range(3):
        meter.on_train_batch_begin(at)
        clock.sleep(0.1)
        meter.on_train_batch_end(at)
    meter.on_epoch_end(0)
    assert meter.epochs[0].batches == 3
    assert meter.epochs[0].steps == 2


def weights(model):
    return [np.array(value) for value in model.get_weights()]


def fitted(model, data, **options):
    callbacks = options.pop("callbacks", [])
    model.fit(data, epochs=2, verbose=0, callbacks=callbacks, shuffle=False, **options)
    return weights(model)


@pytest.mark.parametrize("at_once", [1, 3, 4])
@pytest.mark.parametrize("kind", ["flow", "dataset", "arrays"])
def test_a_training_is_the_same(keras, model, kind, at_once):
    def run(callbacks):
        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        copy.compile("adam", model.loss, metrics=["accuracy"], steps_per_execution=at_once)
        source = flow()
        if kind == "arrays":
            return fitted(copy, source.x / 255, y=source.y, batch_size=4, callbacks=callbacks)
        data = source if kind == "flow" else source.to_tf_dataset()
        return fitted(copy, data, callbacks=callbacks)

    meter = InputMeter(verbose=False)
    for one, other in zip(run([]), run([meter]), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(meter.epochs) == 2
    assert meter.epochs[1].steps == 6
    assert (meter.figures.batches > 0) == (kind != "arrays")
    assert ("of flows of batchwarp alone" in meter.verdict) == (kind == "arrays")


def test_data_that_ends_early(model):
    """Keras says so, as without a meter."""
    meter = InputMeter(verbose=False)
    with pytest.warns(UserWarning, match="ran out of data"):
        model.fit(
            flow(count=12).to_tf_dataset(),
            steps_per_epoch=5,
            verbose=0,
            shuffle=False,
            callbacks=[meter],
        )
    assert meter.epochs[0].steps == 2


def test_a_model_is_left_as_it_was(model):
    train = model.make_train_function() or model.train_function
    before = _phases.is_recording()
    fitted(model, flow(), callbacks=[InputMeter(verbose=False)])
    assert model.train_function is train
    assert _phases.is_recording() == before


def test_a_training_that_failed_is_forgotten(keras, model):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, *_, **__):
            raise RuntimeError("mine")

    meter = InputMeter(verbose=False)
    with pytest.raises(RuntimeError, match="mine"):
        model.fit(flow(), verbose=0, callbacks=[meter, Stop()])
    fitted(model, flow(), callbacks=[meter])
    assert [one.steps for one in meter.epochs] == [5, 6]
    assert not hasattr(model.train_function, "_batchwarp_untimed")


@pytest.mark.skipif("keras_backend() != 'tensorflow'", reason="only there Keras fetches inside")
def test_a_train_function_of_the_users_is_refused(keras, model):
    model.make_train_function()
    model.train_function = lambda _: {}
    with pytest.raises(ValueError, match="Keras' own `train_function`"):
        model.fit(flow(), verbose=0, callbacks=[InputMeter(verbose=False)])


def keras_backend():
    return sys.modules["keras"].config.backend()


def test_lines_are_printed(model, capsys):
    fitted(model, flow(), callbacks=[InputMeter()])
    first, second, both = capsys.readouterr().out.splitlines()
    assert first.startswith("Epoch 1: ")
    assert second.startswith("Epoch 2: ")
    assert both.startswith("All 2 epochs: ")


def test_files(tmp_path, model):
    (tmp_path / "images" / "one").mkdir(parents=True)
    for number in range(8):
        save(tmp_path / "images" / "one" / str(number), "jpeg", picture(seed=number))
    generator = ImageDataGenerator(rotation_range=20)
    source = generator.flow_from_directory(
        tmp_path / "images", target_size=SIZE[:2], batch_size=2, class_mode="sparse"
    )
    paths = {
        "json": tmp_path / "input.json",
        "picture": tmp_path / "input.png",
        "trace": tmp_path / "trace.json",
    }
    meter = InputMeter(source, verbose=False, **paths)
    fitted(model, source, callbacks=[meter])
    assert sorted(path.name for path in tmp_path.glob("*.*")) == [
        "input.json",
        "input.png",
        "trace.json",
    ]
    assert json.loads(paths["json"].read_text()) == meter.report()
    assert len(meter.report()["epochs"]) == 2
    assert meter.report()["setting"]["bytes_to_cache"] == 8 * 8 * 6 * 3
    events = json.loads(paths["trace"].read_text())["traceEvents"]
    drawn = {event["name"] for event in events if event["ph"] == "X"}
    assert drawn >= {"wait", "step", "batch", "read", "decode", "warp"}
    assert all(event["dur"] >= 0 and event["ts"] >= 0 for event in events if event["ph"] == "X")
    threads = {event["tid"]: event["args"]["name"] for event in events if event["ph"] == "M"}
    assert {event["tid"] for event in events} == threads.keys()
    assert threads[0] == "the loop"


def test_a_trace_has_an_end(monkeypatch):
    monkeypatch.setattr("batchwarp.callbacks.input_trace._MOST", 3)
    trace = Trace()
    for number in range(5):
        trace.step("wait", number, number + 1)
    content = trace.content()
    assert sum(event["ph"] == "X" for event in content["traceEvents"]) == 3
    assert content["otherData"] == {"events left out": 2}


def test_bound_of_a_model(model):
    meter, source = InputMeter(verbose=False), flow()
    fitted(model, source, callbacks=[meter])
    others = [*model.optimizer.variables, *model.metrics_variables]
    before, history = [one.numpy() for one in others], model.history
    assert any(one.any() for one in before[-3:])  # of the metrics
    mine = weights(model)
    seconds = meter.bound(model, source[0], steps=3)
    assert seconds > 0
    assert meter.report()["seconds_per_step_of_one_batch"] == seconds
    assert "on one batch in memory a step takes" in meter.verdict
    after = [*(one.numpy() for one in others), *weights(model)]
    for one, other in zip([*before, *mine], after, strict=True):
        np.testing.assert_array_equal(one, other)
    assert model.history is history


def test_bound_of_a_model_that_was_never_trained(keras, model):
    mine = weights(model)
    assert InputMeter(verbose=False).bound(model, flow()[0], steps=2) > 0
    for one, other in zip(mine, weights(model), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not any(one.numpy().any() for one in model.metrics_variables)
    with pytest.raises(ValueError, match="`model` should be built and compiled"):
        InputMeter(verbose=False).bound(keras.Sequential([keras.layers.Dense(1)]), flow()[0])


def test_bound_of_a_step():
    meter, clock, called = (
        InputMeter(verbose=False, synchronize=lambda: clock.sleep(0.5)),
        Clock(),
        [],
    )
    meter._now = clock

    def step():
        called.append(1)
        clock.sleep(9.0 if len(called) == 1 else 1.0)

    assert meter.bound(step=step, steps=4) == pytest.approx(1.5)
    assert len(called) == 5


@pytest.mark.parametrize(
    "arguments", [{}, {"model": 1}, {"batch": 1}, {"step": len, "model": 1, "batch": 1}]
)
def test_bound_of_nothing(arguments):
    with pytest.raises(ValueError, match="either `model` and `batch` should be given, or `step`"):
        InputMeter(verbose=False).bound(**arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"flow": [1]}, TypeError, "`flow` should be a flow.*Received: list"),
        ({"json": "x.txt"}, ValueError, r"`json` should be a .json file.*Received: 'x.txt'"),
        ({"picture": "x.json"}, ValueError, r"`picture` should be a .png or .svg file"),
        ({"trace": "nowhere/x.json"}, ValueError, "in a folder that exists"),
        ({"trace": 3}, ValueError, "`trace` should be"),
        ({"synchronize": 3}, TypeError, "`synchronize` should be a function"),
        ({"verbose": "no"}, ValueError, "`verbose`"),
    ],
)
def test_arguments(arguments, error, said):
    with pytest.raises(error, match=said):
        InputMeter(**arguments)


def test_loops_over_a_flow():
    source, before = flow(), (_phases.is_recording(), _phases.is_awaited())
    with InputMeter(source, verbose=False) as meter:
        for _ in range(2):
            for number in range(6):
                batch = next(source) if number % 2 else source[number]
                assert len(batch[0]) == 4
            meter.end_epoch()
    assert [one.steps for one in meter.epochs] == [5, 6]
    assert [one.batches for one in meter.epochs] == [5, 6]
    assert 0 < meter.figures.share <= 1
    assert (_phases.is_recording(), _phases.is_awaited()) == before


def test_loops_of_which_the_block_is_the_epoch(capsys):
    source = flow()
    with InputMeter(source):
        for _ in range(3):
            next(source)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("Epoch 1: ")


def test_loops_that_ask_for_nothing(capsys):
    with InputMeter(flow()) as meter:
        pass
    assert "for batch in meter.watch(loader)" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match=r"`end_epoch` should .* each pass over `watch"):
        meter.end_epoch()


def test_any_loader_is_watched():
    """A device that is busy for 0.2 s more is waited for before it is waiting."""
    clock = Clock()
    meter = InputMeter(verbose=False, synchronize=lambda: clock.sleep(0.2))
    meter._now = clock

    def loader():
        for number in range(4):
            clock.sleep(0.3)
            yield number

    with meter:
        for _ in range(2):
            for _ in meter.watch(loader()):
                clock.sleep(0.5)
    first, second = meter.epochs
    assert (first.steps, second.steps) == (3, 4)
    assert first.share == second.share == pytest.approx(0.3)


def test_a_watched_flow_is_measured_once():
    source = flow()
    with InputMeter(source, verbose=False) as meter:
        for number, _ in enumerate(meter.watch(source)):
            if number == 5:
                break
    assert meter.epochs[0].steps == meter.epochs[0].batches == 5


def test_threads_of_others_do_not_wait_for_this_loop():
    """Those of `prefetch` ask for batches, too."""
    generator = ImageDataGenerator()
    source = generator.flow(np.zeros((24, *SIZE), np.uint8), batch_size=4, prefetch=2)
    with InputMeter(source, verbose=False) as meter:
        for _ in range(6):
            next(source)
    assert meter.epochs[0].steps == 5


PLAIN = """
import sys
import numpy as np
from batchwarp import ImageDataGenerator
from batchwarp.callbacks import InputMeter
flow = ImageDataGenerator().flow(np.zeros((8, 4, 4, 3), np.uint8), batch_size=2)
with InputMeter(flow) as meter:
    for _ in range(4):
        next(flow)
assert meter.epochs[0].steps == 3
assert not {"keras", "tensorflow", "matplotlib"} & set(sys.modules)
try:
    meter.on_batch_end
except TypeError as error:
    print(error)
"""


def test_loops_need_no_keras():
    done = subprocess.run([sys.executable, "-c", PLAIN], capture_output=True, text=True, check=True)
    assert "should be made after Keras is imported" in done.stdout


READ, STEP, STEPS = 0.9, 0.6, 5  # seconds, against which all else is little


class Sleeper:
    """Sleeps, and knows how long it has slept, since a machine may wake it late."""

    def __init__(self, seconds):
        self.seconds, self.slept = seconds, []

    def __call__(self, *arguments):
        begin = time.perf_counter()
        time.sleep(self.seconds)
        self.slept.append(time.perf_counter() - begin)
        return arguments[0] if arguments else None


@pytest.mark.slow
def test_a_reader_and_a_loop_that_sleep():
    read, step = Sleeper(READ), Sleeper(STEP)
    source = flow(count=STEPS, batch_size=1, preprocessing_function=read)
    with InputMeter(source, verbose=False) as meter:
        for _ in range(STEPS):
            next(source)
            step()
    expected = sum(read.slept[1:]) / sum(read.slept[1:] + step.slept[1:])
    assert meter.figures.share == pytest.approx(expected, abs=0.03)
    assert meter.figures.parts()["function"] == pytest.approx(expected, abs=0.03)


@pytest.mark.slow
def test_a_reader_and_a_model_that_sleep(keras, model):
    """What is no step of the model's is waiting; on TensorFlow that is less than reading takes."""
    read, step, busy, moments = Sleeper(READ), Sleeper(STEP), [], []
    train = type(model).train_step

    class Sleeping(type(model)):
        def train_step(self, *arguments):
            begin = time.perf_counter()
            step()
            logs = train(self, *arguments)
            busy.append(time.perf_counter() - begin)
            return logs

    def note(*_, **__):
        moments.append(time.perf_counter())

    model.__class__ = Sleeping
    model.compile("sgd", model.loss, run_eagerly=True)
    source = flow(count=STEPS, batch_size=1, preprocessing_function=read)
    meter = InputMeter(source, verbose=False)
    noting = keras.callbacks.LambdaCallback(on_epoch_begin=note, on_train_batch_end=note)
    model.fit(source, epochs=2, verbose=0, callbacks=[noting, meter])
    second = moments[STEPS + 1 :]  # its begin, and the ends of its steps
    expected = 1 - sum(busy[STEPS:]) / (second[-1] - second[0])
    assert meter.epochs[1].share == pytest.approx(expected, abs=0.03)
    # Of a usual step: what a busy machine does to one of them must not decide.
    usual = 1 - statistics.median(busy[STEPS:]) / statistics.median(np.diff(second))
    apart = READ / (READ + STEP)
    ahead = keras_backend() == "tensorflow"
    assert (usual < apart - 0.1) == ahead
