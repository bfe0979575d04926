"""The code base keeps its own rules: layers, signatures, the stub, one version."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

import batchwarp
from batchwarp import _core, image, runtime
from keras_reference import keras_image

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "batchwarp"
TEXTS = (".py", ".pyi", ".toml", ".txt", ".cpp", ".hpp", ".h", ".json", ".yml", ".yaml")


def files(folder, *suffixes):
    return [path for path in sorted(folder.rglob("*")) if path.suffix in suffixes]


EXTENSIONS = {
    "bounding_box_format",
    "box_labels_col",
    "boxes",
    "boxes_col",
    "cache",
    "cache_format",
    "cache_limit",
    "device",
    "draws",
    "drop_remainder",
    "exif_transpose",
    "grayscale",
    "formats",
    "framework",
    "handover",
    "integer_classes",
    "keep_aspect_ratio",
    "keypoint_pairs",
    "keypoints",
    "keypoints_col",
    "label_separator",
    "mask_col",
    "mask_classes",
    "mask_fill",
    "masks",
    "max_boxes",
    "min_area",
    "min_visibility",
    "on_error",
    "operations",
    "prefetch",
    "remove_outside",
    "scaled_decode",
    "shard",
    "split",
    "split_seed",
    "validation_augment",
    "value_range",
}


def parameters(function):
    """Names, kinds and defaults without our extensions; annotations are ours alone."""
    return [
        (parameter.name, parameter.kind, parameter.default)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name not in EXTENSIONS or parameter.kind is not parameter.KEYWORD_ONLY
    ]


METHODS = [
    "__init__",
    "flow",
    "flow_from_directory",
    "flow_from_dataframe",
    "standardize",
    "get_random_transform",
    "apply_transform",
    "random_transform",
    "fit",
]


@pytest.mark.parametrize("name", METHODS)
def test_signatures_of_the_generator(name):
    theirs = keras_image().ImageDataGenerator
    assert parameters(getattr(batchwarp.ImageDataGenerator, name)) == parameters(
        getattr(theirs, name)
    )


@pytest.mark.parametrize(
    "name", ["DataFrameIterator", "DirectoryIterator", "Iterator", "NumpyArrayIterator"]
)
def test_signatures_of_the_iterators(name):
    theirs = getattr(keras_image(), name)
    assert parameters(getattr(image, name).__init__) == parameters(theirs.__init__)


# Keras has dropped `list_pictures` of the older `keras_preprocessing`.
FUNCTIONS = [name for name in image.__all__ if name[0].islower() and name != "list_pictures"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_of_the_image_functions(name, keras):
    theirs = getattr(keras_image(), name, None) or getattr(keras.preprocessing.image, name)
    assert parameters(getattr(image, name)) == parameters(theirs)


def test_every_public_name_of_keras_is_there(keras):
    """What `tf.keras.preprocessing.image` has, `batchwarp.image` has, too."""
    theirs = {name for name in vars(keras.preprocessing.image) if not name.startswith("_")}
    theirs |= {
        name
        for name, value in vars(keras_image()).items()
        if getattr(value, "__module__", "") == keras_image().__name__
        and not name.startswith("_")
        and name != "BatchFromFilesMixin"
    }
    assert theirs - set(image.__all__) == set()


def test_public_attributes_of_the_generator():
    ours = vars(batchwarp.ImageDataGenerator())
    theirs = vars(keras_image().ImageDataGenerator())
    assert {name: ours[name] for name in ours.keys() - EXTENSIONS} == theirs


def test_public_attributes_of_iterators():
    from keras_reference import noise, pair

    ours, theirs = (vars(generator.flow(noise((2, 4, 4, 1)))) for generator in pair())
    assert {name for name in theirs.keys() - ours.keys() if not name.startswith("_")} == set()
    for name in ("workers", "use_multiprocessing", "max_queue_size"):  # properties, in Keras
        assert ours[name] == theirs[f"_{name}"]


def test_one_version():
    version = metadata.version("batchwarp")
    assert batchwarp.__version__ == version
    assert _core.__version__ == version
    assert runtime.build_config()["version"] == version
    assigned = re.compile(rf"version\W{{0,8}}{re.escape(version)}\b", re.IGNORECASE)
    holders = [
        path.relative_to(ROOT).as_posix()
        for folder in (PACKAGE, ROOT / "cpp", ROOT / "benchmarks")
        for path in files(folder, *TEXTS)
        # Figures tell the version that they were measured with.
        if path.parent != ROOT / "benchmarks" / "results"
        and ROOT / "benchmarks" / "results" / "hardware" not in path.parents
        and assigned.search(path.read_text(encoding="utf-8"))
    ]
    holders += [
        path.name
        for path in sorted(ROOT.iterdir())
        if (path.suffix in TEXTS or path.name == "CMakeLists.txt")
        and assigned.search(path.read_text(encoding="utf-8"))
    ]
    assert holders == ["pyproject.toml"]


def stub():
    return ast.parse((PACKAGE / "_core.pyi").read_text(encoding="utf-8"))


def named(body):
    names = {}
    for node in body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names[node.target.id] = node
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names[node.name] = node
    return names


def public(names):
    return {name for name in names if not name.startswith("_")} | {"__version__"} & set(names)


def documented_parameters(function):
    """Names of the parameters in the signature that pybind11 writes into the docstring."""
    first = function.__doc__.splitlines()[0]
    inside = first[first.index("(") + 1 : first.rindex(")")]
    depth, names, start = 0, [], 0
    for position, character in enumerate(f"{inside},"):
        depth += character in "([{"
        depth -= character in ")]}"
        if character == "," and depth == 0:
            names.append(re.split(r"[:=]", inside[start:position])[0].strip())
            start = position + 1
    return [name for name in names if name not in ("", "*", "/", "self")]


def stub_parameters(node):
    arguments = node.args
    names = [argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)]
    return [name for name in names if name != "self"]


def test_the_stub_has_the_names_of_the_core():
    assert public(named(stub().body)) == public(vars(_core))


def test_the_stub_has_the_signatures_of_the_core():
    for name, node in named(stub().body).items():
        if isinstance(node, ast.FunctionDef):
            assert stub_parameters(node) == documented_parameters(getattr(_core, name)), name


def test_the_stub_has_the_members_of_the_plan():
    members = named(named(stub().body)["Plan"].body)
    assert public(members) == {name for name in vars(_core.Plan) if not name.startswith("_")}
    accepted = documented_parameters(_core.Plan.__init__)
    assert stub_parameters(members["__init__"]) == accepted
    assert public(members) == {*accepted, "columns", "target_height", "target_width"}
    plan = _core.Plan(height=2, width=3, channels=4)
    assert (plan.height, plan.width, plan.channels) == (2, 3, 4)


def test_every_function_of_the_runtime_is_documented():
    for name in runtime.__all__:
        assert "Returns:" in getattr(runtime, name).__doc__ or name.startswith("set_")


@pytest.mark.parametrize(
    "path", files(PACKAGE, ".py"), ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
def test_imports_at_the_top_are_light(path):
    """What is imported with a module is imported by all who import it."""
    light = set(sys.stdlib_module_names) | {"numpy", "batchwarp", "__future__"}
    if {"training", "cli"} & set(path.relative_to(PACKAGE).parts):
        light |= {"PIL"}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            assert {alias.name.partition(".")[0] for alias in node.names} <= light
        elif isinstance(node, ast.ImportFrom):
            assert node.level or node.module.partition(".")[0] in light


def test_pybind11_stays_in_the_bindings():
    for path in files(ROOT / "cpp", ".cpp", ".hpp", ".h"):
        if "bindings" not in path.parts:
            assert "pybind11" not in path.read_text(encoding="utf-8"), path


def test_no_check_is_switched_off_wholesale():
    blanket = re.compile(r"#\s*type:\s*ignore(?!\[)|#\s*noqa(?!:)|#\s*ruff:\s*noqa")
    for path in files(ROOT / "python", ".py", ".pyi") + files(ROOT / "tests", ".py"):
        if path.name != Path(__file__).name:
            assert not blanket.search(path.read_text(encoding="utf-8")), path


def test_nothing_is_left_to_do():
    # An abstract method says which class lacks it; without words it is only unfinished.
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b|\braise NotImplementedError(?!\((?!\)))")
    for folder in (ROOT / "python", ROOT / "cpp"):
        for path in files(folder, ".py", ".pyi", ".cpp", ".hpp", ".h"):
            assert not marks.search(path.read_text(encoding="utf-8")), path


def test_the_package_is_typed():
    assert (PACKAGE / "py.typed").exists()
