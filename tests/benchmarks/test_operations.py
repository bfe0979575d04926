"""`operations`: what its figures are called, which way of a library counts, how threads share."""

from __future__ import annotations

import importlib
import threading

import numpy as np
import pytest

from batchwarp import ops

operations = importlib.import_module("batchwarp.benchmarks.operations")
ours = importlib.import_module("batchwarp.benchmarks.harness.recipes.ours")
recipes = importlib.import_module("batchwarp.benchmarks.harness.recipes")
work = importlib.import_module("batchwarp.benchmarks.harness.recipes.work")


def timed(**seconds):
    return {name.replace("_", ", "): {"median": median} for name, median in seconds.items()}


@pytest.fixture
def cases():
    alone = {
        operations.COPY: 1e-3,
        operations.KERAS_A: 4e-3,
        operations.DRAWS: 8e-6,
        "A": 4e-3,
        "B": 5e-3,
    }
    return [
        {
            "case": operations.ALONE,
            "images": 2,
            "timings": {name: {"median": seconds} for name, seconds in alone.items()},
        },
        {
            "case": "B",
            "images": 2,
            "timings": timed(
                batchwarp=4e-3, AlbumentationsX_loop=80e-3, AlbumentationsX_pool=60e-3, augrs=40e-3
            ),
        },
    ]


def test_ratios_are_to_what_their_names_say(cases):
    found = operations.metrics(cases)
    assert found == pytest.approx(
        {
            "copies/keras-A": 4,
            "copies/A": 4,
            "copies/B": 5,
            "keras-A/A": 1,
            "keras-A/B": 1.25,
            "A/A": 1,
            "A/B": 1.25,
            "draws/B": 8,
            "peer/AlbumentationsX/B": 15,  # in the faster of its ways
            "peer/augrs/B": 10,
        }
    )


def test_the_tables_tell_what_differs_and_what_is_missing(cases):
    present = {"AlbumentationsX", "augrs"}
    text = operations.text(cases, [peer for peer in recipes.PEERS if peer.name not in present])
    (row,) = (line for line in text.splitlines() if line.startswith("| AlbumentationsX"))
    assert "30,000 (15.0)" in row
    for peer in recipes.PEERS:
        if peer.name in present:
            assert f"- {peer.name}: {peer.threads}." in text
            assert all(words in text for words in peer.differs.values())
        else:
            assert f"not measured: {peer.name} ({peer.distribution} is not installed)" in text


@pytest.mark.parametrize("peer", recipes.PEERS, ids=lambda peer: peer.name)
def test_every_library_says_how_it_has_its_threads_and_what_it_does_otherwise(peer):
    keys = [recipe.key for recipe in work.RECIPES]
    assert peer.threads
    assert set(peer.recipes) <= set(keys)
    assert set(peer.differs) <= {"", *peer.recipes}


def test_recipes_are_all_or_those_that_are_asked_for():
    assert [one.key for one in operations.chosen(None, False)] == [one.key for one in work.RECIPES]
    assert [one.key for one in operations.chosen(["C", "A"], False)] == ["A", "C"]


@pytest.mark.parametrize("name", ops.__all__)
def test_every_operation_is_measured_and_does_something(name):
    operation = ours.each(work.TINY)[name]
    assert type(operation).__name__ == name
    x = operations.source_of(operations.Shape(8, work.TINY, work.TINY, 3, "uint8"))
    made = ours.alone(operation, x).run()
    images = made["images"] if isinstance(made, dict) else made
    assert images.shape != x.shape or np.abs(images - x.astype(np.float32)).mean() > 0.1


def test_operations_are_compared_with_a_copy(cases):
    timings = {operations.COPY: {"median": 1e-3}, "Hue": {"median": 3e-3}}
    cases.append({"case": operations.EACH, "images": 2, "timings": timings})
    assert operations.metrics(cases)["copies/Hue"] == pytest.approx(3)
    text = operations.text(cases, [])
    (row,) = (line for line in text.splitlines() if line.startswith("| Hue"))
    assert [cell.strip() for cell in row.split("|")[1:-1]] == ["Hue", "1,500.0", "3.00"]


def test_small_recipes_are_small():
    (recipe,) = operations.chosen(["D"], tiny=False)
    assert recipe.source == (375, 500)
    assert operations.shape_of(recipe.tiny(), tiny=True).elements < 10_000


def test_image_by_image_has_each_image_done_once_in_either_way():
    images = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1) * np.ones((1, 2, 2, 3), np.uint8)
    out = np.zeros(images.shape, np.float32)
    threads, library = set(), []

    def make():
        def transform(image):
            threads.add(threading.current_thread())
            return 10 * image

        return transform

    ways = work.image_by_image(make, images, out, library.append)
    for name, own in (("loop", work.THREADS), ("pool", 1)):
        out[...] = 0
        threads.clear()
        ways[name].prepare()
        assert library.pop() == own
        ways[name].run()
        np.testing.assert_array_equal(out, 10.0 * images)
        assert (threading.current_thread() in threads) == (name == "loop")


def test_an_error_in_a_thread_is_not_lost():
    def make():
        def transform(image):
            raise ValueError("on purpose")

        return transform

    images = np.zeros((4, 1, 1, 3), np.uint8)
    pool = work.image_by_image(make, images, np.zeros(images.shape, np.float32))["pool"]
    with pytest.raises(ValueError, match="on purpose"):
        pool.run()
