"""What `--recipe` names, and what it refuses."""

from __future__ import annotations

import argparse
import json

import pytest

from batchwarp import Augment, ops
from batchwarp.console.errors import UsageError
from batchwarp.training.scripts.recipes import add_recipe, chosen_recipe

KERAS = {"rotation_range": 20, "horizontal_flip": True}


def chosen(*arguments, shape=(32, 32, 3), **options):
    parser = argparse.ArgumentParser()
    add_recipe(parser)
    parser.add_argument("--generator", default="batchwarp")
    return chosen_recipe(parser.parse_args(list(map(str, arguments))), KERAS, shape, **options)


@pytest.fixture
def file(tmp_path):
    def write(config):
        path = tmp_path / "recipe.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("arguments", [[], ["--recipe", "keras"]])
def test_what_the_tutorial_does(arguments):
    recipe = chosen(*arguments)
    assert recipe.arguments == KERAS
    assert recipe.settings == {"recipe": "keras", "augmentation": KERAS}


@pytest.mark.parametrize("arguments", [["--no-augment"], ["--recipe", "none"]])
@pytest.mark.parametrize("generator", ["batchwarp", "keras"])
def test_nothing(arguments, generator):
    recipe = chosen(*arguments, "--generator", generator)
    assert recipe.arguments == {}
    assert recipe.settings == {"recipe": "none", "augmentation": None}


@pytest.mark.parametrize(
    ("name", "policy"),
    [("randaugment", ops.RandAugment()), ("trivialaugment", ops.TrivialAugment())],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_policies(name, policy, channels):
    recipe = chosen("--recipe", name, shape=(28, 28, channels))
    assert recipe.arguments == {
        "operations": (ops.Flip(), policy),
        "value_range": (0, 255),
    }
    assert recipe.settings == {
        "recipe": name,
        "augmentation": {"operations": ["Flip()", repr(policy)]},
    }


def test_a_file(file):
    augment = Augment(
        ops.Flip(), ops.RandomCrop(32, padding=4), seed=3, fill_mode="reflect", order=0
    )
    path = file(augment.get_config())
    recipe = chosen("--recipe", path)
    sampling = {"fill_mode": "reflect", "cval": 0.0, "interpolation_order": 0}
    assert recipe.arguments == {
        "operations": augment.operations,
        "value_range": (0, 255),
        **sampling,
    }
    operations = ["Flip()", "RandomCrop(32, padding=4)"]
    assert recipe.settings == {
        "recipe": str(path),
        "augmentation": {**sampling, "operations": operations},
    }


def test_a_short_file(file):
    recipe = chosen("--recipe", file([{"operation": "Hue"}]))
    assert recipe.arguments == {"operations": (ops.Hue(),), "value_range": (0, 255)}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ([], "there are no operations in it"),
        ({"seed": 1}, "there are no operations in it"),
        ([{"operation": "Heu"}], "Received: 'Heu'"),
        ([{"operation": "Resize", "size": 16}], "should be 32 x 32 after it.* Received: 16 x 16"),
        ([{"operation": "RandomCrop", "size": 48}], "at most 32 x 32"),
        ([{"operation": "Normalize", "mean": 0, "std": 1}], r"Normalize\(0, 1\) is not for train"),
        (
            [{"operation": "MixUp", "num_classes": 2}],
            r"MixUp\(num_classes=2\) is for cats-dogs only",
        ),
        (
            {"operations": [{"operation": "Invert"}], "value_range": [0, 1]},
            r'"value_range" should be null or \[0\.0, 255\.0\].* Received: \[0, 1\]',
        ),
    ],
)
def test_files_that_do_not_fit(config, message, file):
    path = file(config)
    with pytest.raises(UsageError, match=message) as error:
        chosen("--recipe", path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_mixing(file):
    recipe = chosen("--recipe", "randaugment+mixup", mixed_classes=2)
    mixup = ops.MixUp(num_classes=2)
    assert recipe.mixes
    assert recipe.arguments["operations"] == (ops.Flip(), ops.RandAugment(), mixup)
    path = file([{"operation": "CutMix", "num_classes": 3}])
    assert chosen("--recipe", path, mixed_classes=3).operations == (ops.CutMix(num_classes=3),)
    with pytest.raises(UsageError, match=r"`num_classes` of CutMix\(num_classes=3\) should be 2"):
        chosen("--recipe", path, mixed_classes=2)
    with pytest.raises(UsageError, match=r"MixUp\(\) is for cats-dogs only"):
        chosen("--recipe", "randaugment+mixup")


def test_pictures_that_do_not_fit(file):
    with pytest.raises(UsageError, match="3 channels"):
        chosen("--recipe", file([{"operation": "Hue"}]), shape=(28, 28, 1))


@pytest.mark.parametrize("name", ["randaugmnet", "RandAugment", "", "a/b"])
def test_names_that_there_are_not(name):
    with pytest.raises(
        UsageError, match="should be none, keras, randaugment, trivialaugment, rand"
    ):
        chosen("--recipe", name)


def test_masks_move_with_pictures(file):
    operations = [{"operation": "Affine", "rotation": 20}, {"operation": "Hue"}]
    assert chosen("--recipe", file(operations), masks=True).operations
    path = file([{"operation": "AugMix"}])
    assert chosen("--recipe", path).operations
    with pytest.raises(UsageError, match=r"`masks` cannot be given beside AugMix") as error:
        chosen("--recipe", path, masks=True)
    assert str(path) in str(error.value)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(UsageError, match=r"missing\.json: No such file"):
        chosen("--recipe", tmp_path / "missing.json")
    with pytest.raises(UsageError, match="Is a directory"):
        chosen("--recipe", tmp_path)


def test_keras_generator_has_no_operations(file):
    for name in ("randaugment", file([{"operation": "Hue"}])):
        with pytest.raises(UsageError, match="Keras' generator has no operations"):
            chosen("--recipe", name, "--generator", "keras")


def test_one_way_to_say_it(capsys):
    with pytest.raises(SystemExit):
        chosen("--no-augment", "--recipe", "randaugment")
    assert "not allowed with" in capsys.readouterr().err
