"""Flows of files: what is refused, files that cannot be read, folders that change, memory."""

from __future__ import annotations

import contextlib
import gc
import pickle
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

import batchwarp
from image_files import SIZE, flow, picture, save, solid, values


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target_size": (0, 5)}, r"`target_size` should be.*\(0, 5\)"),
        ({"target_size": 5}, "`target_size` should be.*5"),
        ({"target_size": (5,)}, "`target_size` should be"),
        ({"target_size": (5, 5, 3)}, "`target_size` should be"),
        ({"target_size": ("a", 5)}, "`target_size` should be"),
        ({"on_error": "ignore"}, '`on_error` should be "raise", "skip" or "zeros".*ignore'),
        ({"on_error": None}, "`on_error` should be"),
        ({"interpolation": "area"}, "Invalid interpolation method area.*nearest"),
        ({"interpolation": None}, "Invalid interpolation method None"),
        ({"color_mode": "bgr"}, "Invalid color mode: bgr.*unchanged"),
        ({"formats": []}, r"`formats` should be.*\[\]"),
        ({"formats": ["png", ""]}, "`formats` should be"),
        ({"formats": [3]}, "`formats` should be"),
        ({"classes": "ab"}, "`classes` should be.*'ab'"),
        ({"prefetch": -1}, "`prefetch` should be"),
        ({"batch_size": 0}, "`batch_size` should be"),
        ({"seed": -1}, "`seed` should be"),
        ({"subset": "both"}, "Invalid subset name: both"),
    ],
)
def test_what_is_refused(numbered, arguments, message):
    with pytest.raises(ValueError, match=message):
        flow(numbered, **arguments)


@pytest.mark.parametrize("below", [(".cache",), ("cache", "images")])
def test_a_cache_that_would_be_a_class(numbered, below):
    cache = numbered.joinpath(*below)
    with pytest.raises(ValueError, match=r"`cache` should not be .* takes it for a class.*cache"):
        flow(numbered, cache=cache)
    assert not (numbered / below[0]).exists()
    assert flow(numbered, cache=cache, classes=["a", "b"]).num_classes == 2
    shutil.rmtree(numbered / below[0])
    assert flow(numbered, cache=numbered / "a" / "cache").num_classes == 2
    assert flow(numbered, cache="memory").num_classes == 2


@pytest.fixture(params=[1, 4], ids=["1 thread", "4 threads"])
def _threads(request):
    before = batchwarp.runtime.get_num_threads()
    batchwarp.runtime.set_num_threads(request.param)
    yield
    batchwarp.runtime.set_num_threads(before)


def damage(folder, *numbers):
    """Makes files unreadable; returns their paths."""
    paths = [folder / "ab"[number % 2] / f"{number}.png" for number in numbers]
    for path in paths:
        path.write_bytes(path.read_bytes()[:45])
    return [str(path) for path in paths]


@pytest.mark.usefixtures("_threads")
def test_an_error_names_the_file_and_is_raised_here(numbered):
    (bad,) = damage(numbered, 4)
    iterator = flow(numbered)
    for _ in range(2):
        with pytest.raises(batchwarp.ImageFileError, match="truncated") as caught:
            next(iterator)
        assert caught.value.path == bad
        assert threading.current_thread() is threading.main_thread()
        assert values(next(iterator)[0]) == [8, 1, 3, 5]
        assert values(next(iterator)[0]) == [7, 9]
    with pytest.raises(batchwarp.ImageFileError, match="truncated"):
        iterator[0]
    assert values(iterator[1][0]) == [8, 1, 3, 5]
    assert [(error.path, error.reason) for error in iterator.errors] == [(bad, caught.value.reason)]


def test_an_error_comes_in_place_of_its_batch_with_prefetch(numbered):
    (bad,) = damage(numbered, 1)
    iterator = flow(numbered, prefetch=3)
    assert values(next(iterator)[0]) == [0, 2, 4, 6]
    with pytest.raises(batchwarp.ImageFileError) as caught:
        next(iterator)
    assert caught.value.path == bad
    assert values(next(iterator)[0]) == [7, 9]
    assert [error.path for error in iterator.errors] == [bad]


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("prefetch", [0, 2])
def test_skipping_takes_the_next_sample_with_its_label(numbered, prefetch):
    bad = damage(numbered, 2, 4, 9)
    iterator = flow(numbered, on_error="skip", prefetch=prefetch, batch_size=5)
    for _ in range(2):
        images, labels = next(iterator)
        assert values(images) == [0, 6, 6, 6, 8]
        assert labels.tolist() == [0] * 5
        images, labels = next(iterator)
        assert values(images) == [1, 3, 5, 7, 0]  # behind the last one comes the first
        assert labels.tolist() == [1, 1, 1, 1, 0]
    assert [error.path for error in iterator.errors] == bad
    assert iterator.n == iterator.samples == 10


def test_skipping_with_weights_and_targets(numbered):
    pd = pytest.importorskip("pandas")
    names = [f"{'ab'[number % 2]}/{number}.png" for number in range(10)]
    frame = pd.DataFrame({"filename": names, "y": np.arange(10) / 2, "w": np.arange(10) * 3})
    damage(numbered, 3)
    iterator = batchwarp.ImageDataGenerator().flow_from_dataframe(
        frame, numbered, y_col="y", weight_col="w", class_mode="raw", shuffle=False,
        target_size=SIZE, batch_size=5, on_error="skip",
    )  # fmt: skip
    images, targets, weights = next(iterator)
    assert values(images) == [0, 1, 2, 4, 4]
    assert (targets * 2).tolist() == values(images)
    assert (weights / 3).tolist() == values(images)


@pytest.mark.usefixtures("_threads")
def test_zeros_in_place_of_a_file(numbered):
    bad = damage(numbered, 2, 9)
    iterator = flow(numbered, on_error="zeros", batch_size=10)
    images, labels = next(iterator)
    assert values(images) == [0, 0, 4, 6, 8, 1, 3, 5, 7, 0]
    assert not images[[1, 9]].any()
    assert labels.tolist() == [0] * 5 + [1] * 5
    assert [error.path for error in iterator.errors] == bad


def test_no_file_can_be_read(numbered):
    damage(numbered, *range(10))
    for on_error in ("raise", "skip"):
        with pytest.raises(batchwarp.ImageFileError, match="truncated"):
            next(flow(numbered, on_error=on_error))
    assert not next(flow(numbered, on_error="zeros"))[0].any()
    with pytest.raises(batchwarp.ImageFileError):
        next(flow(numbered, color_mode="unchanged"))
    iterator = flow(numbered, on_error="skip")
    with pytest.raises(batchwarp.ImageFileError):
        next(iterator)
    assert len(iterator.errors) == 10


def test_skipping_draws_the_same_numbers(numbered):
    """A bad file moves neither the order nor what happens to the other images."""
    generator = {"rotation_range": 90, "zoom_range": 0.5, "brightness_range": (0.5, 1.5)}
    arguments = {"on_error": "skip", "shuffle": True, "seed": 3, "batch_size": 10}
    images, labels = next(flow(numbered, generator, **arguments))
    order = np.random.RandomState(3).permutation(10)
    row = order.tolist().index(2)  # file 4; the next sample is file 6
    damage(numbered, 4)
    skipped, skipped_labels = next(flow(numbered, generator, **arguments))
    others = np.arange(10) != row
    np.testing.assert_array_equal(skipped[others], images[others])
    np.testing.assert_array_equal(skipped_labels, labels)
    assert skipped[row].any()


def test_noted_errors_keep_no_memory(numbered):
    """A traceback has the file's content and the batch in its frames."""
    damage(numbered, 0, 8)
    for on_error in ("raise", "skip", "zeros"):
        iterator = flow(numbered, on_error=on_error, batch_size=1)
        for _ in range(5):
            with contextlib.suppress(batchwarp.ImageFileError):
                next(iterator)
        assert len(iterator.errors) == 2
        assert all(error.__traceback__ is error.__cause__ is None for error in iterator.errors)


def test_errors_survive_pickling(numbered):
    damage(numbered, 0)
    iterator = flow(numbered, on_error="zeros")
    next(iterator)
    twin = pickle.loads(pickle.dumps(iterator))
    assert [str(error) for error in twin.errors] == [str(error) for error in iterator.errors]
    damage(numbered, 2)
    next(twin), next(twin), next(twin)
    assert (len(twin.errors), len(iterator.errors)) == (2, 1)


def test_a_folder_that_changes(numbered):
    iterator = flow(numbered, on_error="skip")
    assert values(next(iterator)[0]) == [0, 2, 4, 6]
    (numbered / "a" / "8.png").unlink()
    solid(numbered / "a" / "9.png", 99)  # comes too late
    shutil.copy(numbered / "b" / "7.png", numbered / "b" / "1.png")
    assert values(next(iterator)[0]) == [7, 7, 3, 5]
    shutil.rmtree(numbered / "b")
    assert values(next(iterator)[0]) == [0, 0]
    reasons = {Path(error.path).name: error.reason for error in iterator.errors}
    assert reasons["8.png"] == "No such file or directory"
    raising = flow(numbered)
    (numbered / "a" / "0.png").unlink()
    with pytest.raises(batchwarp.ImageFileError, match=r"0\.png: No such file") as caught:
        next(raising)
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_how_files_are_decoded_is_settled_when_the_flow_is_made(numbered):
    expected = next(flow(numbered, shuffle=False, class_mode=None))
    changed = flow(numbered, shuffle=False, class_mode=None)
    changed.color_mode, changed.interpolation, changed.dtype = "grayscale", "box", "float64"
    changed.keep_aspect_ratio, changed.target_size = True, (3, 3)
    found = next(changed)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    changed.batch_size = 2
    assert len(next(changed)) == 2


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "class").mkdir()
    rng = np.random.default_rng(0)
    for number in range(5):
        pixels = rng.integers(0, 256, (9 + number, 12, 3), np.uint8)
        batchwarp.image.save_img(tmp_path / "class" / f"{number}.png", pixels, scale=False)
    return tmp_path


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_images_made_one_by_one_are_those_of_a_batch(folder, data_format):
    generator = batchwarp.ImageDataGenerator(
        rotation_range=30, zoom_range=0.2, rescale=1 / 255, data_format=data_format
    )
    flows = [
        generator.flow_from_directory(
            folder, target_size=(11, 13), batch_size=5, seed=3, class_mode=None, cache=cache
        )
        for cache in (None, "memory")
    ]
    flows[1]._stored(np.arange(5))  # all are in the cache: its batches come from one call
    for _ in range(3):
        np.testing.assert_array_equal(*map(next, flows))


def test_a_generator_without_augmentation_of_files(folder):
    generator = batchwarp.ImageDataGenerator(preprocessing_function=lambda image: image + 1)
    options = {"target_size": (9, 12), "shuffle": False, "class_mode": None}
    plain = batchwarp.ImageDataGenerator().flow_from_directory(folder, **options)
    flow = generator.flow_from_directory(folder, **options)
    expected = next(plain) + 1
    for _ in range(2):  # the first batch is made in turn
        np.testing.assert_array_equal(next(flow), expected)


def test_images_are_read_as_they_are_for_statistics(numbered):
    chunks = list(flow(numbered, {"rescale": 5.0}).raw_chunks(3))
    assert [len(chunk) for chunk in chunks] == [3, 3, 3, 1]
    assert values(np.concatenate(chunks)) == [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]


# Thousands of batches need no more memory and no more open files than some.

BATCHES = 2000
LIMIT = 4 * 2**20  # 2 kB for each batch, less than the image in it


@pytest.fixture(scope="module")
def readable(tmp_path_factory):
    path = tmp_path_factory.mktemp("images")
    for number in range(40):
        kind = ("jpeg", "png", "jpeg-cmyk", "png-16")[number % 4]
        save(path / "a" / f"{number:02}", kind, picture(20, 20, number))
    return path


@pytest.fixture(scope="module")
def damaged(readable, tmp_path_factory):
    path = tmp_path_factory.mktemp("damaged")
    for file in sorted((readable / "a").iterdir()):
        (path / "a").mkdir(exist_ok=True)
        (path / "a" / file.name).write_bytes(file.read_bytes()[:-40])
    return path


def open_files(process):
    return process.num_fds() if hasattr(process, "num_fds") else process.num_handles()


def growth(take, batches):
    """Returns by how many bytes and open files the process grows in so many batches."""
    psutil = pytest.importorskip("psutil", reason="tells memory and open files")
    process = psutil.Process()
    for _ in range(batches // 5):
        take()
    gc.collect()
    before = process.memory_info().rss, open_files(process)
    for _ in range(batches):
        take()
    gc.collect()
    return process.memory_info().rss - before[0], open_files(process) - before[1]


def assert_no_growth(take, batches=BATCHES):
    memory, files = growth(take, batches)
    if memory > LIMIT:  # the allocator may still have been growing; a leak does so again
        memory, files = growth(take, batches)
    assert memory <= LIMIT
    assert files < 10  # other threads of this process may open some


ARGUMENTS = {"target_size": (20, 20), "batch_size": 1, "shuffle": True, "seed": 1}


@pytest.fixture
def two_threads():
    before = batchwarp.runtime.get_num_threads()
    batchwarp.runtime.set_num_threads(2)
    yield
    batchwarp.runtime.set_num_threads(before)


@pytest.mark.parametrize("prefetch", [0, 2])
def test_memory_of_batches(readable, two_threads, prefetch):
    iterator = flow(readable, {"rotation_range": 20}, prefetch=prefetch, **ARGUMENTS)
    assert_no_growth(lambda: next(iterator))


@pytest.mark.parametrize(("on_error", "prefetch"), [("raise", 0), ("zeros", 2)])
def test_memory_of_errors(damaged, two_threads, on_error, prefetch):
    iterator = flow(damaged, prefetch=prefetch, on_error=on_error, **ARGUMENTS)

    def take():
        with contextlib.suppress(batchwarp.ImageFileError):
            next(iterator)

    assert_no_growth(take)
    assert len(iterator.errors) == 40


def test_memory_of_iterators(readable, two_threads, capsys):
    """New ones, each dropped in the middle of an epoch."""

    def take():
        next(flow(readable, prefetch=1, **ARGUMENTS))
        capsys.readouterr()

    assert_no_growth(take, BATCHES // 5)
