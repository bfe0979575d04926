"""Results of earlier versions, kept in files: a change of any number is a decision.

`pytest --regen-golden tests/golden` writes the files and the manifest anew.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import batchwarp

HERE = Path(__file__).parent
MANIFEST = HERE / "manifest.json"

CASES = {
    "geometry": {"rotation_range": 30, "width_shift_range": 0.1, "zoom_range": [0.8, 1.3]},
    "shear-constant": {
        "rotation_range": 5,
        "shear_range": 20,
        "fill_mode": "constant",
        "cval": 99.0,
    },
    "reflect-cubic": {"rotation_range": 180, "fill_mode": "reflect", "interpolation_order": 3},
    "wrap-quintic": {"height_shift_range": 0.4, "fill_mode": "wrap", "interpolation_order": 5},
    "order-0": {"rotation_range": 45, "interpolation_order": 0, "fill_mode": "grid-wrap"},
    "integer-shifts": {
        "width_shift_range": 3,
        "height_shift_range": [-2, 1],
        "vertical_flip": True,
    },
    "colour": {"channel_shift_range": 50.0, "brightness_range": (0.5, 1.5)},
    "samplewise": {
        "rotation_range": 10,
        "horizontal_flip": True,
        "samplewise_center": True,
        "samplewise_std_normalization": True,
    },
    "featurewise": {
        "rescale": 1 / 255,
        "featurewise_center": True,
        "featurewise_std_normalization": True,
    },
    "channels-first": {"rotation_range": 30, "data_format": "channels_first", "dtype": "float64"},
}


def images():
    """Returns uint8 images, 9×7 in colour; the generator of NumPy is as stable as the file."""
    return np.random.RandomState(2024).randint(0, 256, (6, 9, 7, 3)).astype("uint8")


def result(arguments):
    """Returns three batches and their indices: a pass with a partial batch, one of the next."""
    generator = batchwarp.ImageDataGenerator(**arguments)
    x = images()
    if generator.data_format == "channels_first":
        x = x.transpose(0, 3, 1, 2)
    if generator.featurewise_center:
        generator.fit(x)
    flow = generator.flow(x, np.arange(len(x)), batch_size=4, seed=11)
    batches = [next(flow) for _ in range(3)]
    return {
        "images": np.concatenate([batch for batch, _ in batches]),
        "indices": np.concatenate([labels for _, labels in batches]),
    }


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def manifest(request):
    if request.config.getoption("--regen-golden"):
        cases = {}
        for name, arguments in CASES.items():
            path = HERE / f"{name}.npz"
            np.savez_compressed(path, **result(arguments))
            cases[name] = {"arguments": arguments, "sha256": digest(path)}
        text = json.dumps({"batchwarp": batchwarp.__version__, "cases": cases}, indent=2)
        MANIFEST.write_text(text + "\n", encoding="utf-8")
    return json.loads(MANIFEST.read_text(encoding="utf-8"))["cases"]


def test_the_manifest_lists_the_files(manifest):
    assert manifest.keys() == CASES.keys()
    assert {path.stem for path in HERE.glob("*.npz")} == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_the_file_is_the_one_in_the_manifest(manifest, name):
    assert digest(HERE / f"{name}.npz") == manifest[name]["sha256"]
    assert json.loads(json.dumps(CASES[name])) == manifest[name]["arguments"]


@pytest.mark.parametrize("name", CASES)
def test_the_result_is_the_one_in_the_file(manifest, name):
    received = result(CASES[name])
    with np.load(HERE / f"{name}.npz") as expected:
        np.testing.assert_array_equal(received["indices"], expected["indices"])
        assert received["images"].dtype == expected["images"].dtype
        tolerance = 1e-3 / 255 * max(1.0, np.abs(expected["images"]).max())
        difference = np.abs(received["images"] - expected["images"])
        off = difference > tolerance
        # Brightness truncates to whole levels, of which one may be missed.
        assert off.mean() <= (0.002 if "brightness_range" in CASES[name] else 0)
        assert difference.max() <= max(tolerance, 2.0 * off.any())
