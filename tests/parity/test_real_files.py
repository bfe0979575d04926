"""Files from cameras, and odd and broken ones: pixels as Keras sees them."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pytest

from batchwarp.errors import ImageFileError
from batchwarp.files.options import Decoding
from batchwarp.files.reader import load
from image_files import flow
from keras_reference import assert_same_batches, pair

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif("BATCHWARP_DATA" not in os.environ, reason="BATCHWARP_DATA is not set"),
]
ROOT = Path(os.environ.get("BATCHWARP_DATA", ""))


def as_keras_reads_it(keras, path, color_mode, size, interpolation):
    """Returns Keras' pixels, or the error of whatever type that loading or using them raises."""
    try:
        image = keras.utils.load_img(path, color_mode, size, interpolation)
        return keras.utils.img_to_array(image)
    except Exception as error:  # noqa: BLE001 - of all kinds
        return error


@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
@pytest.mark.parametrize("interpolation", ["nearest", "lanczos"])
def test_odd_and_broken_files(keras, color_mode, interpolation):
    paths = sorted((ROOT / "nasty").iterdir())
    assert len(paths) >= 32
    bad = 0
    for path in paths:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's about palettes with transparency
            expected = as_keras_reads_it(keras, path, color_mode, (40, 50), interpolation)
            loaded = load(str(path), Decoding((40, 50), color_mode, interpolation), 0)
        if isinstance(expected, Exception):
            bad += 1
            assert type(loaded.error) is ImageFileError, path
            assert loaded.error.path == str(path)
        else:
            np.testing.assert_array_equal(loaded.image, expected, err_msg=str(path))
    assert 5 <= bad <= 10


def test_every_way_of_reading_ends():
    for path in sorted((ROOT / "nasty").iterdir()):
        for scaled in (False, True):
            for color_mode in ("rgb", "unchanged"):
                options = Decoding(
                    (7, 9), color_mode, "box", True, exif_transpose=True, scaled_decode=scaled
                )
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    loaded = load(str(path), options, 0)
                assert (loaded.image is None) == (type(loaded.error) is ImageFileError)


def test_an_epoch_with_bad_files(tmp_path):
    (tmp_path / "class").symlink_to(ROOT / "nasty", target_is_directory=True)
    iterator = flow(tmp_path, target_size=(40, 50), on_error="skip", batch_size=8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sizes = [len(next(iterator)[0]) for _ in range(len(iterator))]
    assert sum(sizes) == iterator.n
    assert len(iterator.errors) >= 5


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_photographs(interpolation):
    pd = pytest.importorskip("pandas", reason="takes some of the files")
    folder = ROOT / "cats_dogs" / "train"
    names = [
        path.relative_to(folder).as_posix()
        for label in ("cats", "dogs")
        for path in sorted((folder / label).iterdir())[:100]
    ]
    frame = pd.DataFrame({"filename": names, "class": [name[:4] for name in names]})
    iterators = [
        generator.flow_from_dataframe(
            frame, folder, target_size=(150, 150), interpolation=interpolation, shuffle=False
        )
        for generator in pair()
    ]
    assert iterators[0].n == 200
    assert_same_batches(iterators, len(iterators[0]), exact=True)
