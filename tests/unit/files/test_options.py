"""Options of files: they are in every signature that users see, and arrive."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp.files.options import Decoding, FileOptions
from batchwarp.iterators import DataFrameIterator, DirectoryIterator, NumpyArrayIterator

NAMES = {field.name for field in fields(FileOptions)}
GENERATOR = batchwarp.ImageDataGenerator
FLOWS = [
    (GENERATOR.flow_from_directory, DirectoryIterator),
    (GENERATOR.flow_from_dataframe, DataFrameIterator),
]
# A value other than the default of each.
OTHERS = {
    "target_size": (5, 7),
    "color_mode": "rgba",
    "interpolation": "box",
    "keep_aspect_ratio": True,
    "exif_transpose": True,
    "scaled_decode": True,
    "cache": "folder",
    "cache_limit": 2000,
    "cache_format": "encoded",
    "on_error": "zeros",
    "formats": (".png",),
}


@pytest.mark.parametrize(("method", "iterator"), FLOWS)
def test_every_option_is_in_the_signatures(method, iterator):
    for function in (method, iterator.__init__):
        assert inspect.signature(function).parameters.keys() >= NAMES


@pytest.mark.parametrize(("method", "iterator"), [(GENERATOR.flow, NumpyArrayIterator), *FLOWS])
def test_iterators_take_what_the_generator_passes_on(method, iterator):
    passed = inspect.signature(method).parameters
    taken = inspect.signature(iterator.__init__).parameters
    # `device` makes another iterator, `kwargs` are options that do nothing.
    assert passed.keys() - taken.keys() <= {"device", "framework", "kwargs"}
    own = {"image_data_generator", "data_format", "dtype"}
    assert taken.keys() - passed.keys() <= own
    for name in NAMES & passed.keys():
        assert passed[name].default == taken[name].default, name


def test_every_option_arrives(tmp_path):
    (tmp_path / "a").mkdir()
    Image.fromarray(np.zeros((9, 8, 3), np.uint8)).save(tmp_path / "a" / "0.png")
    assert OTHERS.keys() == NAMES
    others = OTHERS | {"cache": tmp_path / "a" / "cache"}
    flow = GENERATOR().flow_from_directory(tmp_path, **others)
    assert flow._options == FileOptions(**others)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"filename": ["0.png"], "class": ["a"]})
    flow = GENERATOR().flow_from_dataframe(frame, tmp_path / "a", **others)
    assert flow._options == FileOptions(**others)


def test_they_are_checked_once_and_stay():
    options = FileOptions([4, np.int64(5)], keep_aspect_ratio=1, formats="WebP")
    assert options.target_size == (4, 5)
    assert options.keep_aspect_ratio is True
    assert options.formats == (".webp",)
    with pytest.raises(FrozenInstanceError):
        options.target_size = (1, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target_size": (0, 4)}, "`target_size` should be a tuple of two integers"),
        ({"color_mode": "hsv"}, "Invalid color mode: hsv"),
        ({"interpolation": "area"}, "Invalid interpolation method area"),
        ({"color_mode": "palette", "interpolation": "box"}, 'needs `interpolation="nearest"`'),
        ({"exif_transpose": "no"}, "`exif_transpose` should be a boolean"),
        ({"on_error": "ignore"}, '`on_error` should be "raise", "skip" or "zeros"'),
        ({"cache_limit": 5}, "`cache_limit` is for a `cache`. Received: 5"),
        ({"cache_format": "jpeg"}, '`cache_format` should be "decoded" or "encoded".*jpeg'),
        ({"cache_format": "encoded"}, r'`cache_format="encoded"` is for.*cache=None'),
        ({"cache": "memory", "cache_format": "encoded"}, r"is for a `cache` that.*'memory'"),
        ({"cache": "memory", "cache_limit": 0}, "`cache_limit` should be a number.*Received: 0"),
        ({"formats": []}, "`formats` should be a sequence of file name extensions"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        FileOptions(**{"target_size": (4, 4), **arguments})
    if arguments.keys() <= {field.name for field in fields(Decoding)}:
        with pytest.raises(ValueError, match=message):
            Decoding(**{"target_size": (4, 4), **arguments})


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (1, 1),
        (np.int64(5000), 5000),
        ("4GB", 4 * 10**9),
        ("512 MiB", 512 * 2**20),
        ("1.5kb", 1500),
        (" 7 b ", 7),
        ("2TiB", 2**41),
    ],
)
def test_numbers_of_bytes(value, count):
    assert FileOptions((4, 4), cache="memory", cache_limit=value).cache_limit == count


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "4", "GB", "-4GB", "4GiBs", "4 XB", "0MB", ()])
def test_what_is_no_number_of_bytes(value):
    with pytest.raises(ValueError, match=r"`cache_limit` should be a number of bytes.*Received: "):
        FileOptions((4, 4), cache="memory", cache_limit=value)


def test_encoded_files_are_of_any_size():
    assert FileOptions(None, cache="folder", cache_format="encoded").cache == "folder"
    with pytest.raises(ValueError, match="`cache` needs images of one size"):
        FileOptions(None, cache="folder")
