"""Flows of files with a cache: what they share, and that batches are the same as without one."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

import batchwarp
from cache_files import LONG_AGO
from image_files import SIZE, save_numbered


@pytest.fixture
def old(tmp_path):
    """A folder of ten files whose pixels are their numbers, and whose times caches trust."""
    folder = save_numbered(tmp_path / "numbered")
    for path in folder.glob("*/*.png"):
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    return folder


def subset(folder, name, **options):
    generator = batchwarp.ImageDataGenerator(rotation_range=20, validation_split=0.4)
    return generator.flow_from_directory(
        folder, target_size=SIZE, batch_size=3, seed=3, subset=name, classes=["a", "b"], **options
    )


def of_table(folder, rows, **options):
    pd = pytest.importorskip("pandas")
    names = [f"{'ab'[row % 2]}/{row}.png" for row in rows]
    return batchwarp.ImageDataGenerator().flow_from_dataframe(
        pd.DataFrame({"filename": names}),
        folder,
        target_size=SIZE,
        batch_size=4,
        shuffle=False,
        class_mode=None,
        **options,
    )


def all_of(flow):
    return [next(flow) for _ in range(2 * len(flow))]


def is_cached(flow):
    """Whether the cache has all images of a flow."""
    return bool((flow._files.find(np.arange(flow.samples)) >= 0).all())


def test_subsets_and_folds_share_a_store(old, tmp_path):
    """Whatever list of files a flow has: what another one has decoded is found."""
    cache = tmp_path / "cached"
    wanted = [all_of(subset(old, name)) for name in ("training", "validation")]
    train, validation = (subset(old, name, cache=cache) for name in ("training", "validation"))
    for flow, batches in zip((train, validation), wanted, strict=True):
        for made, expected in zip(all_of(flow), batches, strict=True):
            np.testing.assert_array_equal(made[0], expected[0])
    assert len(list(cache.iterdir())) == 2
    for fold in (range(5), range(3, 10), [9, 0, 4]):
        flow = of_table(old, fold, cache=cache)
        assert is_cached(flow)
        images = np.concatenate([next(flow) for _ in range(len(flow))])
        np.testing.assert_array_equal(images[:, 0, 0, 0], list(fold))


def test_a_flow_finds_what_another_decodes_meanwhile(old, tmp_path):
    cache = tmp_path / "cached"
    first, second = (of_table(old, range(10), cache=cache) for _ in range(2))
    batches = all_of(first)
    assert is_cached(second)
    for made, expected in zip(all_of(second), batches, strict=True):
        np.testing.assert_array_equal(made, expected)


def test_flows_in_threads_fill_one_store(old, tmp_path):
    cache = tmp_path / "cached"
    flows = [of_table(old, range(first, 10), cache=cache) for first in range(6)]
    failures = []

    def work(flow, first):
        try:
            images = np.concatenate([next(flow) for _ in range(len(flow))])
            np.testing.assert_array_equal(images[:, 0, 0, 0], np.arange(first, 10))
        except BaseException as error:  # noqa: BLE001 - the test must hear of all
            failures.append(error)

    threads = [
        threading.Thread(target=work, args=(flow, first)) for first, flow in enumerate(flows)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(flows[0]._files.cache._store) == 10
