"""What files can do to an iterator: errors, folders that change, threads and processes."""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import batchwarp
from batchwarp.files import threads
from image_files import SIZE, flow, picture, save, save_numbered, solid, values


@pytest.fixture(params=[1, 4], ids=["1 thread", "4 threads"])
def _threads(request):
    before = batchwarp.runtime.get_num_threads()
    batchwarp.runtime.set_num_threads(request.param)
    yield
    batchwarp.runtime.set_num_threads(before)


@pytest.fixture
def numbered(tmp_path):
    return save_numbered(tmp_path)


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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe(tmp_path):
    solid(tmp_path / "a" / "1.png", 1)
    os.mkfifo(tmp_path / "a" / "pipe.jpg")
    with pytest.raises(batchwarp.ImageFileError, match=r"pipe\.jpg: not a regular file"):
        next(flow(tmp_path))
    images, _ = next(flow(tmp_path, on_error="skip"))
    assert values(images) == [1, 1]


def test_folders_named_like_images(tmp_path):
    pd = pytest.importorskip("pandas")
    solid(tmp_path / "a" / "folder.jpg" / "2.png", 2)
    assert flow(tmp_path).filenames == [str(Path("a", "folder.jpg", "2.png"))]
    frame = pd.DataFrame({"filename": ["a/folder.jpg"]})
    iterator = batchwarp.ImageDataGenerator().flow_from_dataframe(
        frame, tmp_path, class_mode=None, validate_filenames=False
    )
    with pytest.raises(batchwarp.ImageFileError, match=r"folder\.jpg: (not a reg|Permission|Is a)"):
        next(iterator)


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="everything may be read by this user"
)
def test_files_that_may_not_be_read(numbered):
    path = numbered / "a" / "2.png"
    path.chmod(0)
    with pytest.raises(batchwarp.ImageFileError, match=r"2\.png: Permission denied"):
        next(flow(numbered))


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


def test_a_folder_that_changes_while_it_is_listed(numbered):
    """Files come and go; every listing is of files that were there, in order."""
    stop = threading.Event()

    def work():
        number = 0
        while not stop.is_set():
            path = numbered / "a" / f"new{number % 50}" / "x.png"
            if path.exists():
                shutil.rmtree(path.parent)
            else:
                solid(path, 200, (1, 1))
            number += 1

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(20):
            iterator = flow(numbered, on_error="skip")
            assert {f"b/{n}.png" for n in (1, 3, 5, 7, 9)} <= {
                name.replace(os.sep, "/") for name in iterator.filenames
            }
            for _ in range(len(iterator)):
                images, labels = next(iterator)
                assert len(images) == len(labels)
    finally:
        stop.set()
        worker.join()


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege on Windows")
def test_symbolic_links_without_end(numbered):
    (numbered / "a" / "up").symlink_to("..")
    (numbered / "a" / "same").symlink_to(".")
    (numbered / "b" / "other").symlink_to("../a")
    names = [name.replace(os.sep, "/") for name in flow(numbered, follow_links=True).filenames]
    plain = [f"{'ab'[number % 2]}/{number}.png" for number in (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)]
    assert [name for name in names if "other" not in name] == plain
    assert "b/other/0.png" in names
    assert len(names) < 40
    assert [name.replace(os.sep, "/") for name in flow(numbered).filenames] == plain


# Threads and processes


def our_threads():
    return {thread for thread in threading.enumerate() if "batchwarp" in thread.name}


@pytest.mark.parametrize("prefetch", [0, 2])
def test_an_iterator_dropped_in_the_middle(numbered, monkeypatch, prefetch):
    """What it leaves are the threads that all iterators share."""
    monkeypatch.setattr(threads, "_helpers", threads._Helpers())
    others = our_threads()
    before = batchwarp.runtime.get_num_threads()
    batchwarp.runtime.set_num_threads(3)
    try:
        for _ in range(5):
            iterator = flow(numbered, prefetch=prefetch)
            next(iterator)
            del iterator
    finally:
        batchwarp.runtime.set_num_threads(before)
    gc.collect()
    end = time.monotonic() + 30
    while any("prefetch" in thread.name for thread in our_threads() - others):
        assert time.monotonic() < end
        time.sleep(0.001)
    assert len(our_threads() - others) <= 2


def run(code, *arguments):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "BATCHWARP_NUM_THREADS": "3"},
    )


PREPARE = """
    import os, signal, sys, threading, time
    sys.modules["keras"] = None
    import numpy as np
    import batchwarp

    def flow(**arguments):
        generator = batchwarp.ImageDataGenerator(rotation_range=9)
        return generator.flow_from_directory(
            sys.argv[1], (300, 300), batch_size=10, seed=1, interpolation="lanczos", **arguments
        )
"""


@pytest.mark.parametrize("prefetch", [0, 3])
def test_the_interpreter_ends_in_the_middle_of_an_epoch(numbered, prefetch):
    code = f"""
    next(flow(prefetch={prefetch}))
    it = flow(prefetch=3)
    next(it)
    """
    done = run(PREPARE + code, numbered)
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("scaled", [False, True])
def test_a_forked_child_reads_files(tmp_path, scaled):
    for number in range(4):
        save(tmp_path / "a" / str(number), "jpeg", picture(700, 640, number))
    code = f"""
    ours, expected = flow(scaled_decode={scaled}), flow(scaled_decode={scaled})
    next(ours)
    child = os.fork()
    if child == 0:
        signal.alarm(50)
        next(ours)
        sys.exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    done = run(PREPARE + code, tmp_path)
    assert (done.stdout.split()[-1:], done.returncode) == (["0"], 0), done.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals are sent to a process by itself")
@pytest.mark.parametrize("prefetch", [0, 2])
def test_ctrl_c(numbered, prefetch):
    code = f"""
    it = flow(prefetch={prefetch})
    expected = next(flow())
    next(it)
    for _ in range(5):
        timer = threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT))
        try:
            timer.start()  # in here: under load it fires before this returns
            while True:
                next(it)
        except KeyboardInterrupt:
            timer.join()
    assert all(len(part) == 10 for part in next(it))
    print("ends")
    """
    done = run(PREPARE + code, numbered)
    assert (done.stdout.split()[-1:], done.returncode) == (["ends"], 0), done.stderr


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
