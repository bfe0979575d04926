"""Whatever the system refuses, and whenever: the right batch, or an error that says what it was.

Each call of the package to start a thread, to open, read or map a file, to rename one, to allocate
or to decode fails in turn, once or from then on, while a flow makes some batches. Memory that was
not written is poisoned. What is required:

- a batch is that of a flow that nothing happened to, at the same place;
- or there is an error that has the fault's words, in itself or in what it was raised from;
- what did not start is made up for by what did, with one warning;
- nothing hangs, and once the fault is over, batches are right again, those from caches, too.

By default only some of the calls fail, the first ones and then fewer and fewer. With the
environment variable `BATCHWARP_ALL_FAULTS=1` all do, which takes minutes.
"""

from __future__ import annotations

import faulthandler
import os
import shutil
import warnings

import numpy as np
import pytest

import batchwarp
from batchwarp import ops, runtime
from batchwarp.files import libjpeg, opencv, reader, threads
from fault_injection import INJECTED, Fault, names_it, points, poison_memory
from image_files import save
from keras_reference import noise

POINTS = points()
ALL = os.environ.get("BATCHWARP_ALL_FAULTS") == "1"
BATCHES = 5
# Elsewhere, `on_error` must not pass over any file.
OF_THE_FILE = {"Image.open, damage", "os.read", "os.fstat"}
AUGMENT = {"rotation_range": 20, "horizontal_flip": True, "rescale": 1 / 255}
ANY_SIZE = {**AUGMENT, "operations": [ops.RandomResizedCrop((7, 6))]}
X = noise((10, 9, 8, 3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Ten images of several kinds and sizes, old enough for caches to trust their times."""
    folder = tmp_path_factory.mktemp("images")
    kinds = ("jpeg", "png", "jpeg-grey", "bmp", "jpeg-progressive")
    for number in range(10):
        path = save(folder / "ab"[number % 2] / str(number), kinds[number % len(kinds)])
        os.utime(path, (1_500_000_000 + number,) * 2)
    return folder


class Scenario:
    """A flow of which batches are taken, one after the other.

    Args:
        make: Function of the folders of images and of the cache that returns the flow.
        cached: Whether the cache is full at the beginning.
    """

    def __init__(self, make, cached=False):
        self.make = make
        self.cached = cached

    @staticmethod
    def take(flow):
        """Returns the number of a batch and the batch."""
        batch = next(flow)
        return flow.total_batches_seen, batch


class Fit(Scenario):
    @staticmethod
    def take(flow):
        generator = batchwarp.ImageDataGenerator(featurewise_center=True)
        generator.fit_from(flow)
        return 0, (generator.mean,)


def arrays(**options):
    def make(folder, cache, on_error):
        generator = batchwarp.ImageDataGenerator(**AUGMENT)
        return generator.flow(X, np.arange(10), batch_size=4, seed=1, **options)

    return make


def files(generator=AUGMENT, **options):
    def make(folder, cache, on_error):
        given = {"cache": cache} if options.get("cache") == "folder" else {}
        made = {
            "target_size": (7, 6), "interpolation": "bilinear", "batch_size": 4, "seed": 1,
            "class_mode": "sparse", "on_error": on_error, **options, **given,
        }  # fmt: skip
        return batchwarp.ImageDataGenerator(**generator).flow_from_directory(folder, **made)

    return make


SCENARIOS = {
    "arrays": Scenario(arrays()),
    "arrays, prefetch": Scenario(arrays(prefetch=2)),
    "files": Scenario(files()),
    "files with a function": Scenario(files({"preprocessing_function": lambda image: image / 2})),
    "files, prefetch": Scenario(files(prefetch=2)),
    "files of any size": Scenario(files(ANY_SIZE, target_size=None, interpolation="nearest")),
    "cache in memory": Scenario(files(cache="memory")),
    "cache in a folder": Scenario(files(cache="folder")),
    "cache in a folder, prefetch": Scenario(files(cache="folder", prefetch=1)),
    "encoded files in a folder": Scenario(files(cache="folder", cache_format="encoded")),
    "a full cache": Scenario(files(cache="folder"), cached=True),
    "fit_from": Fit(files({})),
}


@pytest.fixture(autouse=True)
def _three_threads_and_no_hanging():
    before = runtime.get_num_threads()
    runtime.set_num_threads(3)
    faulthandler.dump_traceback_later(120, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
    runtime.set_num_threads(before)


@pytest.fixture(scope="module")
def prepared(folder, tmp_path_factory):
    """For each scenario the batches by their numbers, and a folder with its cache, full or not."""
    found = {}

    def prepare(name):
        if name not in found:
            scenario = SCENARIOS[name]
            cache = tmp_path_factory.mktemp("cache")
            flow = scenario.make(folder, str(cache), "raise")
            expected = dict(scenario.take(flow) for _ in range(3 * BATCHES))
            del flow
            if not scenario.cached:
                shutil.rmtree(cache)
            found[name] = expected, cache
        return found[name]

    return prepare


def numbers(lasting):
    """Yields which calls fail; the caller stops when there are no more."""
    number = 1
    while True:
        yield number
        number += 1 if ALL else max(1, number if lasting else number // 2)


def same(batch, expected):
    return all(np.array_equal(a, b) for a, b in zip(batch, expected, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_in_turn(name, point, folder, prepared, tmp_path, monkeypatch):
    expected, full = prepared(name)
    libjpeg.unavailable_reason()
    opencv.agrees_with_pillow()
    if point.startswith("imdecode"):
        monkeypatch.setenv("BATCHWARP_JPEG", "opencv")
    poison_memory(monkeypatch)
    for lasting in (False, True):
        for number in numbers(lasting):
            cache = tmp_path / f"{number}-{lasting}"
            if full.exists():
                shutil.copytree(full, cache)
            before = _inodes(cache)
            with monkeypatch.context() as patch:
                helpers = threads._Helpers()
                patch.setattr(threads, "_helpers", helpers)
                fault = Fault(patch, *POINTS[point], number, lasting)
                try:
                    _run(SCENARIOS[name], folder, str(cache), expected, fault, point)
                except BaseException as error:
                    raise AssertionError(f"call {number}, lasting: {lasting}") from error
                helpers.end()
            if not fault.fired:
                break
            if SCENARIOS[name].cached:
                assert _inodes(cache) == before, f"the cache was replaced, {number}"
                _check_cache(SCENARIOS[name], folder, str(cache), expected, monkeypatch)
        if number == 1:
            break  # there are no such calls


def _inodes(folder):
    return {path.name: path.stat().st_ino for path in folder.glob("*")}


def _attempt(function, *arguments):
    """Returns a function's result and `None`, or `None` and its error."""
    try:
        return function(*arguments), None
    except Exception as error:  # noqa: BLE001 - whether it may be is to be found out
        return None, error


def _run(scenario, folder, cache, expected, fault, point):
    on_error = "raise" if point in OF_THE_FILE else "skip"
    flow, errors = None, []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for turn in range(BATCHES + 3):
            fault.over = turn >= BATCHES
            if flow is None:
                flow, error = _attempt(scenario.make, folder, cache, on_error)
            if flow is not None:
                taken, error = _attempt(scenario.take, flow)
            if error is not None:
                assert fault.fired, error
                assert names_it(error), repr(error)
                # Afterwards, only in place of batches that were made ahead.
                assert not fault.over or turn - BATCHES < flow.prefetch, error
                errors.append(error)
            else:
                number, batch = taken
                assert same(batch, expected[number]), f"other pixels, {number}"
    about = [str(one.message) for one in caught if issubclass(one.category, RuntimeWarning)]
    assert all(INJECTED in text for text in about), about
    assert len(about) <= 1
    if point.startswith("Thread.start"):
        assert not errors
        # What is said of a batch that was made ahead comes with that batch.
        assert len(about) == bool(fault.fired) or (flow.prefetch and not about)


def _check_cache(scenario, folder, cache, expected, monkeypatch):
    """A fault that has passed has not cost what was in the cache."""
    decoded = []
    original = reader.decode
    with monkeypatch.context() as patch:
        patch.setattr(reader, "decode", lambda *a: decoded.append(a[1]) or original(*a))
        flow = scenario.make(folder, cache, "raise")
        for _ in range(3):
            number, batch = scenario.take(flow)
            assert same(batch, expected[number])
    assert len(decoded) <= 1, decoded


@pytest.mark.parametrize("point", ["pool", "os.open", "make_files", "Thread.start"])
def test_a_data_set(point, folder, prepared, monkeypatch):
    tf = pytest.importorskip("tensorflow")
    expected, _ = prepared("files")
    poison_memory(monkeypatch)
    dataset = files()(folder, None, "skip").to_tf_dataset()
    monkeypatch.setattr(threads, "_helpers", threads._Helpers())
    with monkeypatch.context() as patch, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fault = Fault(patch, *POINTS[point], 1)
        batches, error = _attempt(list, dataset.as_numpy_iterator())
    assert fault.fired
    if point == "Thread.start":
        assert [INJECTED in str(one.message) for one in caught] == [True]
        assert all(same(batch, expected[number]) for number, batch in enumerate(batches, 1))
    else:
        assert isinstance(error, tf.errors.OpError)
        assert INJECTED in str(error)
    for number, batch in enumerate(dataset.as_numpy_iterator(), 4):
        assert same(batch, expected[number])
