"""The format of a store: what is in it is believed if all of it is sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchwarp.files.cache import layout
from cache_files import LONG_AGO, data_of, fill, filled, found, opened, write_image


@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, b"bwcache\n", b"bwcache\n\xff\0\0\0"])
def test_garbage_is_replaced(content, folder, paths):
    path = filled(folder, paths)
    path.write_bytes(content)
    cache = opened(folder, paths)
    assert found(cache, paths) == []
    fill(cache, paths)
    cache.close()
    assert found(opened(folder, paths), paths) == list(range(6))


def test_a_file_with_other_settings_in_its_header_is_replaced(folder, paths):
    path = filled(folder, paths)
    other = opened(folder, paths, settings={"color_mode": "grayscale"})
    other_path = other.path
    other.close()
    path.replace(other_path)
    other = opened(folder, paths, settings={"color_mode": "grayscale"})
    assert (other.find(np.arange(6)) == -1).all()
    fill(other, paths)
    assert other.complete


def test_another_version_is_replaced(folder, paths, monkeypatch):
    monkeypatch.setattr(layout, "VERSION", 3)
    filled(folder, paths)
    monkeypatch.undo()
    assert found(opened(folder, paths), paths) == []


words = st.integers(0, 2**64 - 1)
signed = st.integers(-(2**63), 2**63 - 1)


@given(
    st.tuples(words, words),
    st.tuples(signed, signed),
    words,
    st.tuples(words, words),
    st.integers(0, 2**40),
    words,
)
def test_one_record_has_the_seal_of_many(path_hash, signature, crc32, place, position, salt):
    content = layout.sealed(path_hash, signature, crc32, place, position, salt)
    record = np.frombuffer(content, layout.RECORD)
    assert record["seal"] == layout.seals(record, np.array([position]), salt)
    assert tuple(record["path"][0]) == path_hash
    assert (record["size"][0], record["mtime_ns"][0]) == signature
    assert (record["crc32"][0], record["offset"][0], record["length"][0]) == (crc32, *place)


def test_a_voided_record_never_holds():
    record = np.frombuffer(layout.VOIDED, layout.RECORD)
    for position in range(100):
        assert record["seal"] != layout.seals(record, np.array([position]), 5 * position)


flips = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=6)


@pytest.fixture
def sound(tmp_path, paths):
    """The contents of a full store's files, and its parts: header, records, pixels."""
    index = filled(tmp_path / "sound", paths)
    contents = {path.name: path.read_bytes() for path in (index, data_of(index))}
    parts = [(index.name, 0, 400), (index.name, 4096, 6 * 64), (data_of(index).name, 0, 6 * 105)]
    return contents, parts


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(part=st.integers(0, 2), flips=flips, cut=st.none() | st.floats(0, 1))
def test_a_damaged_store_never_gives_wrong_pixels(part, flips, cut, sound, paths, folder):
    contents, parts = sound
    name, start, length = parts[part]
    torn = bytearray(contents[name])
    for place, mask in flips:
        torn[start + int(place * length)] ^= mask
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    torn = torn if cut is None else torn[: int(cut * len(torn))]
    for other, content in (contents | {name: torn}).items():
        (folder / other).write_bytes(content)
    for _ in range(2):
        cache = opened(folder, paths)
        before = found(cache, paths)
        if not flips and cut is None:
            assert before == list(range(6))
        fill(cache, paths)
        assert found(cache, paths) == list(range(6))
        cache.close()
    assert len(list(folder.iterdir())) == 2


def test_an_index_without_its_data_is_replaced(folder, paths):
    data_of(filled(folder, paths)).unlink()
    cache = opened(folder, paths)
    assert found(cache, paths) == []
    fill(cache, paths)
    assert found(opened(folder, paths), paths) == list(range(6))


def test_a_record_that_was_altered_does_not_hold(folder, paths):
    """Its pixels are as they were, but the image has changed since: only the seal tells."""
    path = filled(folder, paths)
    content = path.read_bytes()
    before, after = (time.to_bytes(8, "little") for time in (LONG_AGO, LONG_AGO + 2**20))
    assert content.count(before) == 6
    path.write_bytes(content.replace(before, after))
    for image in paths[:3]:
        write_image(Path(image), mtime_ns=LONG_AGO + 2**20)
    assert found(opened(folder, paths), paths) == []
