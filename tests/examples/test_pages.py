"""The pages of the site: their code runs, and what they say of other libraries' names is so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from batchwarp import ops
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


def test_every_layer_that_the_doctor_knows_is_on_the_page():
    page = {theirs.split("(")[0] for theirs, *_ in rows("moving/keras-layers.md")}
    missing = {name for name in layer_rules.LAYERS if f"`{name}" not in page}
    assert missing <= {"Normalization"}  # in the text


def test_every_operation_has_its_place_in_the_reference():
    text = (DOCS / "api" / "operations.md").read_text(encoding="utf-8")
    assert set(re.findall(r"autoclass:: (\w+)", text)) == set(ops.__all__)
