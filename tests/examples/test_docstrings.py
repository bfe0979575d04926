"""Each public name has an example in its docstring, and what the examples print is so."""

from __future__ import annotations

import doctest
import importlib
import inspect
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp import ops

# What docs/api/index.md says that examples take for granted.
GIVEN = {
    "ImageDataGenerator": batchwarp.ImageDataGenerator,
    "Path": Path,
    "batchwarp": batchwarp,
    "np": np,
    "ops": ops,
}
# Those of other libraries' modules run where these are installed.
MODULES = {
    "batchwarp": None,
    "batchwarp.callbacks": "keras",
    "batchwarp.doctor": None,
    "batchwarp.errors": None,
    "batchwarp.grain": "grain",
    "batchwarp.image": None,
    "batchwarp.ops": None,
    "batchwarp.ray": "ray",
    "batchwarp.runtime": None,
    "batchwarp.torch": "torch",
}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def public_names():
    """Pairs of a module's and an object's name; methods that make flows are public names, too."""
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            found = getattr(module, name)
            if inspect.isclass(found) or inspect.isfunction(found):
                yield module_name, name
    for name, method in inspect.getmembers(batchwarp.ImageDataGenerator, inspect.isfunction):
        if name.startswith(("flow", "fit", "get_config")):
            assert method.__doc__
            yield "batchwarp", f"ImageDataGenerator.{name}"
    for name in ("plan", "replay"):
        yield "batchwarp", f"Augment.{name}"
    for name in ("explain", "load_state_dict", "to_tf_dataset"):
        yield "batchwarp.image", f"NumpyArrayIterator.{name}"


NAMES = sorted(public_names())


def found(module_name, name):
    result = importlib.import_module(module_name)
    for part in name.split("."):
        result = getattr(result, part)
    return result


def examples(module_name, name):
    module = importlib.import_module(module_name)
    public = {one: getattr(module, one) for one in module.__all__ if one != "__version__"}
    text = inspect.cleandoc(found(module_name, name).__doc__)
    label = f"{module_name}.{name}"
    return doctest.DocTestParser().get_doctest(text, {**GIVEN, **public}, label, None, 0)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Photographs in folders, and what belongs to them, in the working directory."""
    random = np.random.RandomState(0)
    boxes = []
    for number in range(6):
        path = tmp_path / "data" / "train" / ("cats", "dogs")[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.randint(0, 256, (40, 50, 3), np.uint8)).save(path)
        boxes.append({"id": number, "image_id": number, "category_id": 1, "bbox": [5, 6, 20, 10]})
        label = tmp_path / "labels" / f"{number}.txt"
        label.parent.mkdir(exist_ok=True)
        label.write_text("0 0.5 0.5 0.25 0.5\n")
        copy = tmp_path / "images" / f"{number}.jpg"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (tmp_path / "photograph.jpg").write_bytes((tmp_path / "images" / "0.jpg").read_bytes())
    instances = {
        "images": [
            {"id": number, "file_name": f"{number}.jpg", "height": 40, "width": 50}
            for number in range(6)
        ],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [{**one, "area": 200, "iscrowd": 0} for one in boxes],
    }
    (tmp_path / "instances.json").write_text(json.dumps(instances))
    (tmp_path / "train.py").write_text(
        "from keras.preprocessing.image import ImageDataGenerator\n"
        "datagen = ImageDataGenerator(rotation_range=20)\n"
    )
    monkeypatch.chdir(tmp_path)
    np.random.seed(0)


@pytest.mark.parametrize(("module_name", "name"), NAMES)
def test_examples(module_name, name, files):
    test = examples(module_name, name)
    assert test.examples, f"{module_name}.{name} has no example in its docstring"
    if library := MODULES[module_name]:
        pytest.importorskip(library)
    said = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries that examples import
        failed, _ = doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=said.append)
    assert not failed, "".join(said)


def test_that_most_examples_show_a_result():
    """An example without one cannot be wrong."""
    shown = [any(one.want for one in examples(*pair).examples) for pair in NAMES]
    assert sum(shown) > 0.9 * len(NAMES)
