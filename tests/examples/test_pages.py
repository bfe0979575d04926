"""The pages of the site: their code runs, and what they say of other libraries' names is so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from batchwarp import ImageDataGenerator, ops
from batchwarp.doctor import albumentations_rules, layer_rules, read
from batchwarp.doctor.code import arguments_of
from batchwarp.doctor.equivalents import Given

DOCS = Path(__file__).parents[2] / "docs"


def blocks(name):
    text = (DOCS / name).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def rows(name):
    """Cells of all tables of a page, without the headings."""
    text = (DOCS / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def codes(name):
    """Pairs of the code of another library and of ours, where each is one."""
    return [
        (theirs[1:-1], ours[1:-1])
        for theirs, ours, *_ in rows(name)
        if "`" not in theirs[1:-1] and "`" not in ours[1:-1] and "..." not in ours + theirs
    ]


def evaluated(code):
    return eval(code, {"ops": ops})


def named(module, table, code, tmp_path):
    """What the doctor names in place of a call."""
    path = tmp_path / "script.py"
    path.write_text(code)
    call = ast.parse(code).body[0].value
    arguments, _ = arguments_of(call, table[call.func.id][0])
    return module.equivalent(call.func.id, Given(read(path), arguments))


RUN = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.glob("*/*.md"))


@pytest.mark.parametrize("name", [name for name in RUN if blocks(name)])
def test_code_runs(name):
    names = {}
    for block in blocks(name):
        exec(compile(block, name, "exec"), names)


def test_the_recipe_of_the_first_page_runs(capsys):
    exec(blocks("start.md")[-1], {})
    assert capsys.readouterr().out


@pytest.mark.parametrize(("layer", "operation"), codes("moving/keras-layers.md"))
def test_layers_of_keras(layer, operation, keras, tmp_path):
    assert named(layer_rules, layer_rules.LAYERS, layer, tmp_path) == operation
    eval(f"layers.{layer}", {"layers": keras.layers})
    evaluated(operation)


@pytest.mark.parametrize(("transform", "operation"), codes("moving/albumentations.md"))
def test_transforms_of_albumentations(transform, operation, tmp_path):
    if not operation.startswith("ops.") or "[" in transform:
        return  # policies, and words
    table = albumentations_rules.TRANSFORMS
    assert named(albumentations_rules, table, transform, tmp_path) == operation
    evaluated(operation)


@pytest.mark.parametrize(("transform", "operation"), codes("moving/torchvision.md"))
def test_transforms_of_torchvision(transform, operation):
    if operation.startswith("ops.Normalize"):
        return
    evaluated(operation)
    try:
        from torchvision.transforms import v2
    except ImportError:  # which is there where peers are measured
        return
    eval(f"v2.{transform}", {"v2": v2})


@pytest.mark.filterwarnings("ignore")  # of other libraries, about what a test does with them
@pytest.mark.parametrize(("theirs", "ours"), [row[:2] for row in rows("moving/tf-data.md")])
def test_rows_of_tf_data(theirs, ours, keras, tmp_path):
    tf = pytest.importorskip("tensorflow", reason="it has the data sets")
    for number in range(32):
        path = tmp_path / "images" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((9, 8, 3), number, np.uint8)).save(path)
    x, y = np.zeros((4, 16, 16, 3), np.float32), np.arange(4)
    names = {"x": x, "y": y, "h": 8, "w": 9, "size": (8, 8), "folder": str(tmp_path / "images")}
    names |= {"n": 4, "count": 2, "index": 0, "image": x[0], "seed": (1, 2)}
    names |= {"augment": lambda image: image, "AUTOTUNE": tf.data.AUTOTUNE, "tf": tf}
    names |= {"Dataset": tf.data.Dataset, "ops": ops, "ImageDataGenerator": ImageDataGenerator}
    names["image_dataset_from_directory"] = keras.utils.image_dataset_from_directory

    code = re.match(r"`([^`]+)`", theirs)[1]
    made = eval(f"Dataset.range(4){code}" if code.startswith(".") else code, dict(names))
    assert made is not None
    in_theirs = re.findall(r"`([^`]+)`", theirs)[1:]
    assert all(hasattr(tf.image, name.split(".")[-1]) for name in in_theirs)

    for code in re.findall(r"`([^`]+)`", ours):
        if code.startswith(("ops.", "ImageDataGenerator")):
            assert eval(code, dict(names)) is not None
        elif code.startswith("flow(...,"):
            eval(f"ImageDataGenerator().{code.replace('...', 'x, y')}", dict(names))
        elif code == "operations=[...]":
            ImageDataGenerator(operations=[])
        elif "=" in code:
            options = {"seed": 1, **eval(f"dict({code})", dict(names))}
            if options.get("cache") == "folder" or "cache_format" in options:
                options["cache"] = str(tmp_path / "cache" / "+".join(options))
            ImageDataGenerator().flow_from_directory(names["folder"], **options)
        else:
            flow = ImageDataGenerator().flow_from_directory(names["folder"])
            eval(code, {"flow": flow, "to_tf_dataset": flow.to_tf_dataset})


def test_every_layer_that_the_doctor_knows_is_on_the_page():
    page = {theirs.split("(")[0] for theirs, *_ in rows("moving/keras-layers.md")}
    missing = {name for name in layer_rules.LAYERS if f"`{name}" not in page}
    assert missing <= {"Normalization"}  # in the text


def test_every_operation_has_its_place_in_the_reference():
    text = (DOCS / "api" / "operations.md").read_text(encoding="utf-8")
    assert set(re.findall(r"autoclass:: (\w+)", text)) == set(ops.__all__)
