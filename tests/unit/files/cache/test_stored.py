"""Flows of files with a cache: what they share, and that batches are the same as without one."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

import batchwarp
from cache_files import LONG_AGO
from image_files import SIZE, save_numbered, solid


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
    return [next(flow) for _ in range(3 * len(flow))]


def is_cached(flow):
    """Whether the cache has all images of a flow."""
    return bool(flow._files.find(np.arange(flow.samples)).all())


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


def of_numbers(folder, **options):
    return of_table(folder, range(10), **options)


def sizes_of(cache):
    return [path.stat().st_size for path in sorted(cache.iterdir()) if path.suffix == ".bwdata"]


def with_masks(folder, **options):
    for number in range(10):
        solid(folder / "masks" / "ab"[number % 2] / f"{number}.png", number + 100)
    for path in folder.rglob("*.png"):
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    generator = batchwarp.ImageDataGenerator(rotation_range=20)
    return generator.flow_from_directory(
        folder,
        target_size=SIZE,
        batch_size=4,
        seed=3,
        classes=["a", "b"],
        class_mode=None,
        masks=folder / "masks",
        **options,
    )


# Images of 90 bytes, and masks of as many: room for 4 or 2 of 10 samples.
@pytest.mark.parametrize("limit", [360, "0.36KB"])
@pytest.mark.parametrize("where", ["memory", "disk"])
@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize("prefetch", [0, 1])
def test_a_bound_changes_no_batch(old, tmp_path, limit, where, masks, prefetch):
    make = with_masks if masks else of_numbers
    cache = "memory" if where == "memory" else tmp_path / "cached"
    flow, plain = make(old, cache=cache, cache_limit=limit, prefetch=prefetch), make(old)
    for made, expected in zip(all_of(flow), all_of(plain), strict=True):
        for one, other in zip(made, expected, strict=True):
            np.testing.assert_array_equal(one, other)
    kept = flow._files.find(np.arange(10)).sum()
    assert 0 < kept <= (2 if masks else 4)
    if where == "disk":
        assert sizes_of(cache) == ([180, 180] if masks else [360])


def test_a_bound_without_room(old, tmp_path):
    for cache in ("memory", tmp_path / "cached"):
        with pytest.raises(ValueError, match=r"`cache_limit` should.*90 bytes.*: 89 bytes"):
            of_table(old, range(10), cache=cache, cache_limit=89)
        with pytest.raises(ValueError, match=r"`cache_limit` should.*180 bytes"):
            with_masks(old, cache=cache, cache_limit=179)


def test_two_flows_with_a_bound_share_what_there_is(old, tmp_path):
    cache = tmp_path / "cached"
    first = of_table(old, range(5), cache=cache, cache_limit=360)
    second = of_table(old, range(5, 10), cache=cache)
    all_of(first)
    all_of(second)
    assert first._files.find(np.arange(5)).tolist() == [True] * 4 + [False]
    assert second._files.find(np.arange(5)).all()
    third = of_table(old, range(10), cache=cache, cache_limit=360)
    assert third._files.find(np.arange(10)).sum() == 9
