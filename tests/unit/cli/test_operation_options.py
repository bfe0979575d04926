"""Operations as options: what is parsed, what is refused, and that nothing is evaluated."""

from __future__ import annotations

import argparse
import json

import pytest

from batchwarp import Augment, ops
from batchwarp.cli.operation_options import add_operation_options, operation, recipe_arguments
from batchwarp.console.errors import UsageError


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    add_operation_options(parser)
    return parser.parse_args(list(map(str, arguments)))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Hue(0.1)", ops.Hue(0.1)),
        (" ops.Hue(delta=(-.1, .2), mode='hsv', p=1/4) ", ops.Hue((-0.1, 0.2), "hsv", p=0.25)),
        ("batchwarp.ops.Invert()", ops.Invert()),
        ("Affine(rotation=+20, shift=[.1, 0])", ops.Affine(20, shift=(0.1, 0))),
        ("Resize(96, antialias=False)", ops.Resize(96, antialias=False)),
        ("Hue(name=None)", ops.Hue()),
        ("Normalize((1, 2, 3), -(-4))", ops.Normalize((1, 2, 3), 4)),
        (
            "SomeOf((0, 1), OneOf(Hue(.1), Invert(), weights=(1, 2)), Flip())",
            ops.SomeOf((0, 1), ops.OneOf(ops.Hue(0.1), ops.Invert(), weights=(1, 2)), ops.Flip()),
        ),
    ],
)
def test_calls_are_parsed(text, made):
    assert operation(text) == made
    assert operation(repr(made)) == made


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Heu(0.1)",
            "there is no operation 'Heu'; did you mean 'Hue'? Accepted are Affine, AugMix",
        ),
        ("colorjitter()", "did you mean 'ColorJitter'?"),
        ("zzz()", "there is no operation 'zzz'. Accepted are Affine"),
        ("from_config({})", "there is no operation 'from_config'"),
        ("Hue(dleta=1)", "`Hue` has no argument 'dleta'; did you mean 'delta'? Accepted are delta"),
        ("Hue(0.1, 'hsv', 1)", "`Hue`: too many positional arguments. Accepted are delta, mode"),
        ("Hue(0.1, delta=0.1)", "`Hue`: multiple values for argument 'delta'"),
        ("Normalize(1)", "`Normalize`: missing a required argument: 'std'"),
        ("Hue(0.7)", "`delta` of `Hue` should be a number N of turns of the colour wheel"),
        ("Hue(Invert())", "`delta` of `Hue` should be"),
        ("OneOf()", "`OneOf` should have at least one operation"),
        ("OneOf(0.1)", "`operations` of `OneOf` should be operations of `batchwarp.ops`"),
        ("OneOf(Crop(3))", "there is no operation 'Crop'"),
        ("Hue", "'Hue' is an operation's name: write Hue(...)"),
        ("0.1", "'0.1' is no operation; write, for example, Hue(0.1)"),
        ("", "is not Python"),
        ("Hue(0.1", "'Hue(0.1' is not Python"),
        ("Hue(0.1); Flip()", "is not Python"),
        ("Hue(1/0)", "'1/0' in 'Hue(1/0)' is neither a number"),
        ("Hue(-'a')", "\"'a'\" in \"Hue(-'a')\" is not a number"),
        ("Hue(-True)", "'True' in 'Hue(-True)' is not a number"),
        ("Hue(1j)", "'1j' in 'Hue(1j)' is neither a number"),
        ("Hue(0.1 + 0.1)", "'0.1 + 0.1' in 'Hue(0.1 + 0.1)' is neither a number"),
        ("Hue(2**9)", "'2**9' in 'Hue(2**9)' is neither a number"),
        ("Hue(delta)", "'delta' in 'Hue(delta)' is neither a number"),
        ("Hue(*[0.1])", "write the arguments one by one, without stars"),
        ("Hue(**{'delta': 0.1})", "write the arguments one by one, without stars"),
        ("lambda: Hue(0.1)", "is neither a number"),
        ("Hue(__import__('os').getcwd())", "there is no operation \"__import__('os').getcwd\""),
        ("Hue.from_arguments({}, None)", "there is no operation 'Hue.from_arguments'"),
        ("OneOf(" * 2000 + ")" * 2000, ""),
    ],
)
def test_what_is_no_operation_is_refused(text, message):
    with pytest.raises(argparse.ArgumentTypeError) as error:
        operation(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_operations_keep_their_order():
    options = parsed("--operation", "Flip()", "--operation", "Hue(0.2)")
    assert recipe_arguments(options) == {"operations": [ops.Flip(), ops.Hue(0.2)]}
    assert recipe_arguments(parsed()) is None


RECIPE = Augment(ops.Flip(), ops.Hue(0.2, p=0.5), seed=4, order=3)


@pytest.mark.parametrize(
    ("config", "more"),
    [
        (RECIPE.get_config(), {"seed": 4, "order": 3}),
        ([one.get_config() for one in RECIPE.operations], {}),
    ],
)
def test_recipes_are_read(config, more, tmp_path):
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    arguments = recipe_arguments(parsed("--recipe", path))
    assert arguments["operations"] == list(RECIPE.operations)
    assert more.items() <= arguments.items()


def test_one_operation_is_a_recipe(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_text('{"operation": "Invert"}', encoding="utf-8")
    assert recipe_arguments(parsed("--recipe", path)) == {"operations": [ops.Invert()]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON: "),
        ("", "is not JSON: "),
        ("[" * 100_000, "is nested too deeply"),
        ("[]", "there are no operations in it"),
        ('{"seed": 3}', "there are no operations in it"),
        ("3", "`config` should be a dictionary"),
        ('[{"operation": "Heu"}]', '"operation" should be one of'),
        ('[{"operation": "Hue", "dleta": 1}]', "`config` of `Hue` has the unknown key 'dleta'"),
        ('[{"operation": "Hue", "delta": "a"}]', "`delta` of `Hue` should be"),
        ('[{"operation": "Normalize", "mean": 1}]', "should have the key 'std'"),
        ('[["Hue", 0.1]]', "`config` should be a dictionary"),
        ('{"operations": [], "sead": 1}', "`config` has the unknown key 'sead'"),
        ('{"operations": 1}', '"operations" should be a list'),
        ('{"operations": [], "seed": -1}', "`seed` should be"),
    ],
)
def test_errors_name_the_file(text, message, tmp_path):
    path = tmp_path / "recipe.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        recipe_arguments(parsed("--recipe", path))
    assert str(error.value).startswith(f"--recipe: {path}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(UsageError, match=r"missing\.json: No such file"):
        recipe_arguments(parsed("--recipe", tmp_path / "missing.json"))
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"binary\.json: is not JSON"):
        recipe_arguments(parsed("--recipe", binary))
