"""`batchwarp preview` with operations: the pictures, what was drawn for them, what is refused."""

from __future__ import annotations

import contextlib
import io
import json
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("matplotlib", reason="it draws the picture")

import image_files
from batchwarp import Augment, ops
from batchwarp.cli import main, preview_result

RECIPE = ["--operation", "Affine(rotation=20)", "--operation", "Hue(0.1, p=1/2)"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The picture goes to the current folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def photo(tmp_path):
    return image_files.save(tmp_path / "photo", "png", image_files.picture(120, 130))


@pytest.fixture
def folder(tmp_path):
    for number in range(5):
        image = image_files.picture(21, 17, number)
        image_files.save(tmp_path / "data" / "ab"[number % 2] / str(number), "png", image)
    return tmp_path / "data"


@pytest.fixture
def seen(monkeypatch):
    """The images that are shown, in the order in which they are made."""
    images = []
    add = preview_result.Pictures.add

    def spy(self, image):
        images.append(image)
        add(self, image)

    monkeypatch.setattr(preview_result.Pictures, "add", spy)
    return images


def described(arguments, capsys):
    assert main(["preview", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def executed(result):
    """Runs the lines of Python that the command gives."""
    names = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec("\n".join(result["python"]), names)
    return names


@pytest.mark.parametrize(
    "more",
    [
        "",
        "--data-format channels_first --dtype float64 --interpolation-order 3",
        "--fill-mode constant --cval 9 --dtype uint8",
    ],
)
def test_the_lines_of_python_give_the_same_batch(more, photo, seen, capsys):
    arguments = [photo, *RECIPE, "--count", "3", "--seed", "5", *more.split()]
    result = described(arguments, capsys)
    names = executed(result)
    batch, x = names["batch"], names["x"]
    if "channels_first" in more:
        batch, x = batch.transpose(0, 2, 3, 1), x.transpose(0, 2, 3, 1)
    original, *images = seen
    assert np.array_equal(original, x[0])
    assert images[0].dtype == batch.dtype
    assert np.array_equal(np.stack(images), batch)
    assert Augment.from_config(result["recipe"]) == names["aug"]
    assert (names["aug"].seed, names["aug"].value_range) == (5, (0, 255))


def test_a_folder(folder, seen, capsys):
    arguments = [folder, *RECIPE, "--count", "4", "--target-size", "30", "40", "--shuffle"]
    result = described([*arguments, "--seed", "3"], capsys)
    names = executed(result)
    assert np.array_equal(np.stack(seen[1::2]), names["batch"])
    files = [variant["file"].replace("\\", "/") for variant in result["variants"]]
    assert files == names["keys"]
    # What is drawn for a file belongs to its path alone.
    other = described([*arguments, "--seed", "3", "--count", "2"], capsys)
    assert other["variants"] == result["variants"][:2]


def test_subsets_of_a_folder(folder, capsys):
    arguments = [folder, *RECIPE, "--validation-split", "0.4", "--target-size", "9", "9"]
    found = [
        {variant["file"] for variant in described([*arguments, *more], capsys)["variants"]}
        for more in (["--subset", "training"], ["--subset", "validation"], [])
    ]
    assert found[0] | found[1] == found[2]
    assert not found[0] & found[1]


def test_the_parameters_are_those_that_were_drawn(photo, seen, capsys):
    """Done again with what was drawn in the place of ranges, the images are the same."""
    arguments = [photo, *RECIPE, "--count", "6", "--seed", "5"]
    result = described(arguments, capsys)
    x, *images = seen
    acted = set()
    for variant, image in zip(result["variants"], images, strict=True):
        steps = {step["step"]: step["numbers"] for step in variant["parameters"]}
        assert [step["place"] for step in variant["parameters"]] == list(range(len(steps)))
        again = [ops.Affine(rotation=(steps["affine"]["rotation"],) * 2)]
        again += [ops.Hue((steps["hue"]["hue"],) * 2)] if "hue" in steps else []
        acted.add(len(again))
        made = Augment(*again, seed=0, value_range=(0, 255))(x[np.newaxis])[0]
        np.testing.assert_allclose(made, image, atol=1e-3)
    assert acted == {1, 2}


def test_the_table(photo, capsys):
    operations = [
        "RandomCrop(99)",
        "SomeOf(2, ChannelShift(), Grayscale(), Contrast(0.5))",
        "Invert(p=0.5, name='invert')",
        "Brightness((1, 1))",
    ]
    arguments = [photo, "--count", "5", "--seed", "2"]
    for one in operations:
        arguments += ["--operation", one]
    assert main(["preview", *map(str, arguments)]) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split() == ["RandomCrop", "SomeOf", "Invert", "Brightness"]
    places = [heading.index(name) for name in heading.split()]
    rows = [[line[a:b].strip() for a, b in pairwise([*places, None])] for line in lines[:5]]
    result = described(arguments, capsys)
    for row, variant in zip(rows, result["variants"], strict=True):
        drawn = [step for step in variant["parameters"] if step["place"] == 1]
        assert row[1].count(",") == max(0, sum(len(step["numbers"]) for step in drawn) - 1)
        assert row[2] in ("invert 1", "-")
        assert row[3] == "-"
    assert {row[2] for row in rows} == {"invert 1", "-"}
    assert lines[5].startswith("angles in degrees")


def test_mixtures_are_in_the_table(folder, seen, capsys):
    arguments = [
        folder,
        "--operation",
        "MixUp(1, num_classes=10)",
        "--operation",
        "CutMix(1, num_classes=2, p=0.5)",
        "--seed",
        "1",
    ]
    arguments += ["--target-size", "20", "24"]
    assert main(["preview", *map(str, arguments)]) == 0
    assert capsys.readouterr().out.split("\n")[0].split() == ["MixUp,", "CutMix", "file"]
    result = described(arguments, capsys)
    assert np.array_equal(np.stack(seen[-9::2]), executed(result)["batch"])
    mixtures = [step for variant in result["variants"] for step in variant["parameters"]]
    assert mixtures
    for step in mixtures:
        assert step["step"] == "mixed"
        assert all(0 < share <= 1 for share in step["numbers"].values())


def test_step_by_step(photo, seen, capsys):
    operations = ["Affine(rotation=20)", "Brightness(0.5)", "Contrast(0.5)", "Hue(0.2)"]
    arguments = [photo, "--count", "2", "--seed", "2", "--fused", "off"]
    for one in operations:
        arguments += ["--operation", one]
    result = described(arguments, capsys)
    _, *images = seen
    fused, steps, differences = images[::3], images[1::3], images[2::3]
    aug = executed(result)["aug"]
    assert aug.fused
    config = {**aug.get_config(), "fused": False}
    x = np.repeat(seen[0][np.newaxis], 2, axis=0)
    assert np.array_equal(np.stack(fused), aug(x, keys=[0, 1]))
    assert np.array_equal(np.stack(steps), Augment.from_config(config)(x, keys=[0, 1]))
    assert result["largest_difference"] == np.max(differences)
    assert np.max(differences) == np.abs(np.subtract(fused, steps, dtype=np.float64)).max() < 0.01
    assert main(["preview", *map(str, arguments)]) == 0
    assert "largest difference between fused and step by step: " in capsys.readouterr().out
    with Image.open("preview.png") as picture:
        three = picture.height
    assert described([*arguments, "--fused", "on"], capsys)["recipe"] == result["recipe"]
    with Image.open("preview.png") as picture:
        assert three - picture.height == 2 * (120 + 2)


def test_a_recipe_has_its_own_settings(photo, tmp_path, capsys):
    aug = Augment(ops.Flip(), ops.Normalize(127.5, 127.5), seed=9, order=0, fill_mode="reflect")
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps(aug.get_config()), encoding="utf-8")
    arguments = [photo, "--recipe", recipe, "--count", "2"]
    result = described(arguments, capsys)
    assert result["seed"] == 9
    assert executed(result)["aug"] == Augment.from_config(
        {**aug.get_config(), "value_range": [0, 255]}
    )
    given = described([*arguments, "--seed", "3", "--fill-mode", "wrap"], capsys)
    assert (given["seed"], given["recipe"]["fill_mode"]) == (3, "wrap")
    # Values without a natural range.
    assert result["black"] == pytest.approx(-1, abs=0.1)


def test_images_of_16_bits(tmp_path, capsys):
    path = image_files.save(tmp_path / "deep", "png-16")
    arguments = [path, "--color-mode", "grayscale", "--operation", "Invert()", "--count", "1"]
    result = described(arguments, capsys)
    assert result["recipe"]["value_range"] == [0, 65535]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("--rotation-range 5", "--rotation-range: is for ImageDataGenerator and does not go with"),
        ("--rescale 1/255", "--rescale: is for ImageDataGenerator"),
        ("--no-validation-augment", "--no-validation-augment: is for ImageDataGenerator"),
        ("--color-mode grayscale", "`Hue()` needs images of 3 channels"),
        ("--operation RandomCrop(200)", "`RandomCrop"),
        ("--operation Heu()", "--operation: there is no operation 'Heu'; did you mean 'Hue'?"),
        ("--dtype int8", "--dtype: `dtype` should be"),
        ("--fill-mode edge", "--fill-mode: invalid choice: 'edge'"),
        ("--recipe x.json", "--recipe: not allowed with argument --operation"),
        ("--shuffle", "--shuffle: give a folder"),
    ],
)
def test_wrong_options_are_named(typed, message, photo, capsys):
    assert main(["preview", str(photo), "--operation", "Hue()", *typed.split()]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert [path.name for path in photo.parent.iterdir()] == [photo.name]


def test_images_that_do_not_fit_into_memory(photo, monkeypatch, capsys):
    def full(*_, **__):
        raise MemoryError("Unable to allocate an array of shape (20, 200000, 200000, 3)")

    monkeypatch.setattr(Augment, "__call__", full)
    assert main(["preview", str(photo), "--operation", "Resize(200000)"]) == 2
    assert "do not fit into memory: Unable to allocate" in capsys.readouterr().err


def test_options_that_need_operations_or_none(photo, folder, capsys):
    assert main(["preview", str(photo), "--fused", "off"]) == 2
    assert "--fused: needs --operation or --recipe" in capsys.readouterr().err
    assert main(["preview", str(folder), "--operation", "Hue()", "--fit-samples", "3"]) == 2
    assert "--fit-samples: operations need no statistics" in capsys.readouterr().err
