"""Which module of the package may import which, read off the sources.

All imports count: at the top, within functions, and for types only. A circle that hides behind one
of the latter is a circle.
"""

from __future__ import annotations

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent.parent / "python" / "batchwarp"

# From the bottom up: a module imports from its own part and from the layers below. What any part
# may use stands at the bottom, and knows itself.
COMMON = ("_*", "errors", "runtime")
LAYERS = (
    COMMON,
    ("ops",),
    ("targets",),
    # What happens to images, and how they come out of files.
    ("augment", "files"),
    ("annotations",),
    ("cuda",),
    # Batches.
    ("iterators",),
    ("flows",),
    ("generator",),
    # What users import.
    ("callbacks",),
    ("grain", "image", "ray", "torch"),
    ("",),
    # Programs, which are users themselves.
    ("console", "doctor"),
    ("training",),
    ("training.data", "training.networks"),
    ("training.results",),
    ("training.run",),
    ("training.scripts",),
    ("cli",),
    ("__main__",),
)

# Imported where they are used: optional, slow to import, or both.
LATE = {
    "PIL",
    "absl",
    "cv2",
    "fsspec",
    "grain",
    "h5py",
    "jax",
    "jinja2",
    "keras",
    "matplotlib",
    "ml_dtypes",
    "pandas",
    "pycocotools",
    "ray",
    "rich",
    "scipy",
    "tensorflow",
    "torch",
    "yaml",
}

# Underscored names that are others' to give: Keras' own, which its users override and call,
# NumPy's, Python's, and PyTorch's, which has no public name for it.
KERAS = {
    "_get_batches_of_transformed_samples",
    "_initial_epoch",
    "_set_index_array",
    "_symbolic_build",
    "_validation_split",
}
NUMPY = {"_bit_generator", "_rand"}
PYTHON = {
    "_ArgumentGroup",
    "_SubParsersAction",
    "_at_fork_reinit",
    "_getframe",
    "_replace",
}
TORCH = {"_get_default_store"}


def modules() -> dict[str, ast.Module]:
    """The package's modules by their names, parsed."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


MODULES = modules()
EXTENSIONS = {"batchwarp._core", "batchwarp._cuda"}


def imported(node: ast.AST) -> list[tuple[str, str | None]]:
    """Pairs of a module and a name of it, or `None`, that a node imports."""
    if isinstance(node, ast.Import):
        return [(alias.name, None) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.module is not None, "imports are absolute"
        return [(node.module, alias.name) for alias in node.names]
    return []


def target(module: str, name: str | None) -> str:
    """The module that is meant by `from module import name`."""
    whole = f"{module}.{name}"
    return whole if whole in MODULES or whole in EXTENSIONS else module


def edges() -> dict[str, set[str]]:
    """For each module those of the package that it imports."""
    return {
        source: {
            found
            for node in ast.walk(tree)
            for pair in imported(node)
            if (found := target(*pair)) in MODULES
        }
        for source, tree in MODULES.items()
    }


def part(module: str) -> str:
    """The folder or module directly in the package, or in training, that a module is or is in."""
    _, name, inner, *_ = [*module.split("."), "", ""]
    return f"{name}.{inner}" if name == "training" and inner else name


def layer(name: str) -> int:
    """The number of a part's layer."""
    for number, names in enumerate(LAYERS):
        if name in names or ("_*" in names and name.startswith("_") and name != "__main__"):
            return number
    raise AssertionError(f"{name} belongs to no layer")


def may_import(source: str, found: str) -> bool:
    own, other = layer(source), layer(found)
    return other < own or source == found or LAYERS[own] == COMMON == LAYERS[other]


def functions(tree: ast.Module) -> list[ast.AST]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def test_no_circle():
    try:
        TopologicalSorter(edges()).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(reversed(error.args[1])))


def test_layers():
    wrong = [
        f"{source} imports {found}"
        for source, others in edges().items()
        for found in sorted(others)
        if not may_import(part(source), part(found))
    ]
    assert wrong == []


def test_late_imports_are_of_other_packages():
    late = {
        (source, module)
        for source, tree in MODULES.items()
        for function in functions(tree)
        for node in ast.walk(function)
        for module, _ in imported(node)
    }
    inside = sorted(f"{source}: {module}" for source, module in late if "batchwarp" in module)
    assert inside == []
    outside = {module.partition(".")[0] for _, module in late}
    assert outside - set(sys.stdlib_module_names) == LATE


def assigned(tree: ast.Module, name: str) -> ast.expr | None:
    """The value of a name at the top of a module, or `None`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return node.value
    return None


# Which names packages import when they are asked for, and from which of their modules.
LAZY = {
    package: ast.literal_eval(table)
    for package, tree in MODULES.items()
    if (table := assigned(tree, "_MODULES")) is not None
}


def test_packages_with_names_that_are_imported_when_asked_for():
    assert LAZY.keys() == {"batchwarp", "batchwarp.iterators", "batchwarp.ops"}


@pytest.mark.parametrize("package", LAZY)
def test_names_are_imported_from_where_type_checkers_look(package):
    """A package imports such a name when it is asked for it; the rules here see the others."""
    (block,) = (
        node
        for node in MODULES[package].body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    shown = {
        alias.name: target(node.module, alias.name)
        for node in block.body
        for alias in node.names
        if alias.asname == alias.name  # offered to who imports the package, and not only used
    }
    assert shown == {name: f"{package}.{module}" for name, module in LAZY[package].items()}


def at_import(tree: ast.Module) -> list[ast.AST]:
    """What runs when a module is imported, so far as it is no function that this calls."""
    nodes, found = list(tree.body), []
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes.extend(node.orelse)
        elif not isinstance(node, (ast.FunctionDef, ast.Lambda)):
            found.append(node)
            nodes.extend(ast.iter_child_nodes(node))
    return found


def test_what_is_imported_when_asked_for_asks_for_nothing_itself_then():
    """Two threads would wait for each other, each with a lock that the other one wants."""
    reached = {f"{package}.{module}" for package in LAZY for module in LAZY[package].values()}
    imports = edges()
    while more := {found for module in reached for found in imports[module]} - reached:
        reached |= more
    asking = [
        f"{source} imports {name} from {module}"
        for source in sorted(reached)
        for node in at_import(MODULES[source])
        for module, name in imported(node)
        if name in LAZY.get(module, ())
    ]
    assert len(reached) > 100
    assert asking == []


def test_no_private_module_of_another_package_is_imported():
    """A module `_x` of a package is that package's; those of the package itself are all parts'."""
    wrong = []
    for source, tree in MODULES.items():
        for node in ast.walk(tree):
            for module, name in imported(node):
                if module.partition(".")[0] != "batchwarp":
                    continue
                found = target(module, name)
                private = [part for part in found.split(".")[2:] if part.startswith("_")]
                if private and not source.startswith(found.rpartition(".")[0]):
                    wrong.append(f"{source} imports {found}")
                if name and found == module and name.startswith("_") and not name.endswith("__"):
                    wrong.append(f"{source} imports {name} from {module}")
    assert wrong == []


def own_names(tree: ast.Module) -> set[str]:
    """What a module defines: functions, classes, and attributes of whatever it assigns them to."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def is_own(node: ast.Attribute) -> bool:
    """Whether it is an attribute of the object or class itself, or inherited by it."""
    value = node.value
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id == "super"
    return isinstance(value, ast.Name) and value.id in ("self", "cls")


@pytest.mark.parametrize("name", MODULES)
def test_no_private_name_of_another_module_is_used(name):
    tree = MODULES[name]
    known = own_names(tree) | KERAS | NUMPY | PYTHON | TORCH
    used = {
        f"line {node.lineno}: {node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and not is_own(node)
        and node.attr not in known
    }
    # A class may take up what its base has: `Iterator._transient | {…}`.
    bases = {
        ast.unparse(base)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in bases:
            used.discard(f"line {node.lineno}: {node.attr}")
    assert used == set()
