"""Warnings: they point at the user's line, whichever thread they are about, and may be errors."""

from __future__ import annotations

import contextlib
import inspect
import threading
import warnings

import cv2
import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp import runtime
from batchwarp.files import opencv
from keras_reference import noise

X = noise((8, 6, 5, 1))
NOT_FIT = "specifies `featurewise_center`, but it hasn't been fit"


def unfitted(**arguments):
    return batchwarp.ImageDataGenerator(featurewise_center=True, **arguments)


class Subclass(batchwarp.ImageDataGenerator):
    """What users do: one method of their own, and the original for the rest."""

    line = 0

    def standardize(self, x):
        self.line = inspect.currentframe().f_lineno + 1
        return super().standardize(x)


@contextlib.contextmanager
def pointing_here(message):
    """Checks that all warnings of a block in a test, one at least, are about its first line."""
    line = inspect.stack()[2].lineno + 1
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    places = {(one.filename, one.lineno) for one in caught if message in str(one.message)}
    assert places == {(__file__, line)}, [str(one) for one in caught]


@pytest.fixture
def four_threads():
    before = runtime.get_num_threads()
    runtime.set_num_threads(4)
    yield
    runtime.set_num_threads(before)


@pytest.fixture
def folder(tmp_path):
    """A folder with one large image, as far as Pillow is concerned, among eight."""
    for number in range(8):
        name = tmp_path / "images" / f"{number}.png"
        name.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((9 if number == 5 else 4, 7), 10 * number, np.uint8)).save(name)
    return tmp_path


@pytest.fixture
def small_limit(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)  # for more, Pillow warns


@pytest.mark.parametrize("prefetch", [0, 2])
def test_next_and_index(prefetch):
    flow = unfitted().flow(X, batch_size=2, prefetch=prefetch)
    for _ in range(5):  # the batches that are made ahead, too
        with pointing_here(NOT_FIT):
            next(flow)
    with pointing_here(NOT_FIT):
        flow[1]
    with pointing_here(NOT_FIT):
        list(zip(range(2), flow, strict=False))


def test_methods_of_a_generator():
    generator = unfitted()
    with pointing_here(NOT_FIT):
        generator.standardize(X[0].copy())
    with pointing_here("1, 3 or 4 channels"):
        generator.fit(noise((3, 4, 4, 2)))
    with pointing_here("overrides setting of `featurewise_center`"):
        batchwarp.ImageDataGenerator(featurewise_std_normalization=True, featurewise_center=False)
    with pointing_here("expected either 1, 3"):
        generator.flow(noise((3, 4, 4, 2)))


def test_folders(folder):
    generator = batchwarp.ImageDataGenerator()
    with pointing_here("no folder in"):
        generator.flow_from_directory(folder, classes=["images", "none"], target_size=(4, 4))
    with pointing_here("does not support RGBA"):
        batchwarp.image.save_img(folder / "rgba.jpg", noise((3, 4, 4)))


@pytest.mark.parametrize("prefetch", [0, 2])
def test_a_subclass_of_the_user(prefetch):
    generator = Subclass(featurewise_center=True)
    flow = generator.flow(X, batch_size=4, prefetch=prefetch)
    for _ in range(3):
        with pytest.warns(UserWarning, match=NOT_FIT) as caught:
            next(flow)
        assert {(one.filename, one.lineno) for one in caught} == {(__file__, generator.line)}


@pytest.mark.parametrize("prefetch", [0, 2])
def test_a_function_of_the_user(prefetch):
    other = unfitted()
    lines = set()

    def function(image):
        lines.add(inspect.currentframe().f_lineno + 1)
        return other.standardize(image)

    generator = batchwarp.ImageDataGenerator(preprocessing_function=function)
    with pytest.warns(UserWarning, match=NOT_FIT) as caught:
        next(generator.flow(X, batch_size=4, prefetch=prefetch))
    assert {(one.filename, one.lineno) for one in caught} == {(__file__, line) for line in lines}


def test_threads_that_decode(four_threads, folder, monkeypatch):
    for number in range(8):
        Image.new("RGB", (5, 4)).save(folder / "images" / f"{number}.jpg")
        (folder / "images" / f"{number}.png").unlink()
    opencv.library()  # makes OpenCV's first call, which decodes nothing
    original = cv2.imdecode
    generator = batchwarp.ImageDataGenerator()
    with monkeypatch.context() as patch:
        patch.setenv("BATCHWARP_JPEG", "opencv")
        patch.setattr(cv2, "imdecode", lambda *arguments: original(*arguments) ^ 1)
        for prefetch in (0, 1):
            opencv.agrees_with_pillow.cache_clear()
            flow = generator.flow_from_directory(folder, target_size=(4, 4), prefetch=prefetch)
            with pointing_here("other pixels than Pillow"):
                next(flow)
            next(flow)  # it is said once
    opencv.agrees_with_pillow.cache_clear()  # not before: a thread reads ahead, and would ask again


def test_a_data_set_points_at_the_line_that_asked_for_it():
    pytest.importorskip("tensorflow")
    flow = unfitted().flow(X, batch_size=2)
    line = inspect.currentframe().f_lineno + 1
    dataset = flow.to_tf_dataset()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert len(list(dataset)) == 4
    assert {(one.filename, one.lineno) for one in caught} == {(__file__, line)}


@pytest.mark.parametrize("prefetch", [0, 3])
@pytest.mark.parametrize("action", ["default", "module", "once"])
def test_a_loop_warns_as_often_as_python_shows_a_warning(prefetch, action):
    flow = unfitted().flow(X, batch_size=2, prefetch=prefetch)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        for _ in range(6):
            next(flow)
        flow[0]
    assert len(caught) == {"default": 2, "module": 1, "once": 1}[action]


@pytest.mark.parametrize("prefetch", [0, 2])
def test_an_error_that_the_user_made_of_a_warning_comes_out_of_next(prefetch):
    generator = unfitted()
    flow = generator.flow(X, batch_size=2, shuffle=False, prefetch=prefetch)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            with pytest.raises(UserWarning, match=NOT_FIT):
                next(flow)
        generator.fit(X)
        flow.prefetch = 0  # what was made before `fit` is given up
        np.testing.assert_allclose(next(flow), X[4:6] - generator.mean, rtol=1e-6)


@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("on_error", ["raise", "skip", "zeros"])
@pytest.mark.parametrize("color_mode", ["grayscale", "unchanged"])
@pytest.mark.parametrize("cache", [None, "memory"])
def test_so_does_an_error_of_a_thread_that_decodes(
    four_threads, folder, small_limit, prefetch, on_error, color_mode, cache
):
    arguments = {
        "target_size": (4, 7),
        "color_mode": color_mode,
        "class_mode": None,
        "shuffle": False,
        "batch_size": 4,
        "on_error": on_error,
        "cache": cache,
        "prefetch": prefetch,
    }
    flow = batchwarp.ImageDataGenerator().flow_from_directory(folder, **arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            batch = next(flow)
            np.testing.assert_array_equal(batch[:, 0, 0, 0], [0, 10, 20, 30])
            with pytest.raises(Image.DecompressionBombWarning):
                next(flow)
    assert flow.errors == []
    next(flow)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flow.prefetch = 0
        np.testing.assert_array_equal(next(flow)[:, 0, 0, 0], [40, 50, 60, 70])


def test_a_block_that_ctrl_c_has_kept_from_its_end_collects_no_more():
    from batchwarp import _warnings

    lost = []
    block = _warnings.collected(lost)

    def interrupted():
        block.__enter__()

    interrupted()
    with pytest.warns(UserWarning, match="after it"):
        _warnings.warn("after it")
    assert lost == []


def test_what_is_collected_is_issued_where_it_is_asked_for():
    from batchwarp import _warnings

    caught = []

    def work():
        with _warnings.collected(caught), _warnings.collected(caught):
            inner()

    def inner():  # stands for the user's, being outside of the package
        _warnings.warn("from a thread", RuntimeWarning)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    with pytest.warns(RuntimeWarning, match="from a thread") as shown:
        _warnings.issue(caught)
    assert shown[0].lineno == inner.__code__.co_firstlineno + 1
    assert not caught
    _warnings.issue(caught)
