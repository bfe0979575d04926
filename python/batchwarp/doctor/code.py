"""What names stand for in a script, and which generators and flows it makes; nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "UNKNOWN",
    "Code",
    "Flow",
    "Generator",
    "arguments_of",
    "constant",
    "key_of",
    "name_in_image",
    "number",
]


class _Unknown:
    """What only running the script would tell."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN = _Unknown()

# Wherever Keras has had it.
_IMAGE = re.compile(
    r"(?:tensorflow\.(?:python\.|compat\.v[12]\.|_api\.v2\.)*)?"
    r"(?:keras|tf_keras|keras_preprocessing)(?:\.src|\.api|\.legacy|\._tf_keras\.keras)*"
    r"(?:\.preprocessing)?\.image(?:\.(\w+))?$"
)
_OURS = ("batchwarp.ImageDataGenerator", "batchwarp.image.ImageDataGenerator")
_SPLITTERS = tuple(
    f"sklearn.{module}.train_test_split" for module in ("model_selection", "cross_validation")
)
_DEEP = 8  # so many dictionaries within each other are looked into
_FLOWS = ("flow", "flow_from_directory", "flow_from_dataframe")

# Those of Keras, in order.
_GENERATOR = (
    "featurewise_center",
    "samplewise_center",
    "featurewise_std_normalization",
    "samplewise_std_normalization",
    "zca_whitening",
    "zca_epsilon",
    "rotation_range",
    "width_shift_range",
    "height_shift_range",
    "brightness_range",
    "shear_range",
    "zoom_range",
    "channel_shift_range",
    "fill_mode",
    "cval",
    "horizontal_flip",
    "vertical_flip",
    "rescale",
    "preprocessing_function",
    "data_format",
    "validation_split",
)
_OF_A_FLOW = {
    "flow": ("x", "y", "batch_size", "shuffle", "sample_weight", "seed"),
    "flow_from_directory": (
        "directory",
        "target_size",
        "color_mode",
        "classes",
        "class_mode",
        "batch_size",
        "shuffle",
        "seed",
    ),
    "flow_from_dataframe": ("dataframe", "directory", "x_col", "y_col", "weight_col"),
}
_AUGMENTING = (
    "rotation_range",
    "width_shift_range",
    "height_shift_range",
    "brightness_range",
    "shear_range",
    "zoom_range",
    "channel_shift_range",
    "horizontal_flip",
    "vertical_flip",
)


def name_in_image(dotted: str | None) -> str | None:
    """Returns the name of Keras' `preprocessing.image` that a dotted one is, `""` for all of it."""
    match = _IMAGE.match(dotted or "")
    if match is None or dotted in ("keras.image", "tensorflow.keras.image"):
        return None
    return match[1] or ""


def _is_generator(dotted: str | None) -> bool:
    """Whether a name is Keras' generator, or ours, which does the same."""
    return name_in_image(dotted) == "ImageDataGenerator" or dotted in _OURS


@dataclass(frozen=True)
class Generator:
    """A call of `ImageDataGenerator`.

    Attributes:
        call: Its node.
        arguments: Dictionary of nodes by names, those that are known.
        is_whole: Boolean, whether these are all.
    """

    call: ast.Call
    arguments: Mapping[str, ast.expr]
    is_whole: bool

    def value(self, name: str) -> Any:
        """Returns an argument's value, `None` if it is not given."""
        node = self.arguments.get(name)
        return None if node is None else constant(node)

    @property
    def random(self) -> list[str]:
        """Names of the arguments that augment."""
        return [name for name in _AUGMENTING if _is_on(self.value(name))]


@dataclass(frozen=True)
class Flow:
    """A call of one of the methods `flow...`.

    Attributes:
        call: Its node.
        method: Name of the method.
        generator: What it is a method of.
        arguments: As of `Generator`.
    """

    call: ast.Call
    method: str
    generator: Generator
    arguments: Mapping[str, ast.expr]

    def value(self, name: str) -> Any:
        """Returns an argument's value, `None` if it is not given."""
        node = self.arguments.get(name)
        return None if node is None else constant(node)


class Code:
    """A script.

    Args:
        tree: Its syntax tree.

    Attributes:
        nodes: List of all nodes of the tree.
        imported: Dictionary from names to what they were imported as, with dots.
        generators: List of `Generator`.
        flows: List of `Flow`.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.nodes = list(ast.walk(tree))
        self.imported: dict[str, str] = {}
        self._assigned: dict[str, list[tuple[int, ast.expr]]] = {}
        self._note_names()
        calls = [node for node in self.nodes if isinstance(node, ast.Call)]
        self.calls = sorted(calls, key=lambda call: (call.lineno, call.col_offset))
        self.generators = [
            self._generator(call) for call in self.calls if _is_generator(self.dotted(call.func))
        ]
        self.flows = list(self._flows())

    def _note_names(self) -> None:
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for name in node.names:
                    if name.asname:
                        self.imported[name.asname] = name.name
                    else:
                        top = name.name.partition(".")[0]
                        self.imported[top] = top
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for name in node.names:
                    self.imported[name.asname or name.name] = f"{node.module}.{name.name}"
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    self._assign(target, node.value)
            elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
                self._assign(node.target, node.value)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
                for one, its in zip(target.elts, value.elts, strict=True):
                    self._assign(one, its)
            elif isinstance(value, ast.Call) and self.dotted(value.func) in _SPLITTERS:
                for at, one in enumerate(target.elts):
                    if at // 2 < len(value.args):  # each argument becomes two
                        self._assign(one, value.args[at // 2])
            return
        name = key_of(target)
        if name is not None:
            self._assigned.setdefault(name, []).append((target.lineno, value))

    def assigned(self, node: ast.expr) -> ast.expr | None:
        """Returns what was assigned to a name last before it is used, or `None`."""
        values = self._assigned.get(key_of(node) or "", [])
        # In `x = f(x)`, the name in the call is what `x` was before.
        values = [one for one in values if not _contains(one[1], node)]
        before = [value for line, value in values if line <= node.lineno]
        return before[-1] if before else (values[0][1] if values else None)

    def dotted(self, node: ast.expr, seen: tuple[str, ...] = ()) -> str | None:
        """Returns a name with all that it was imported as, `"tensorflow.keras.layers"`.

        Args:
            node: The name.
            seen: Names on the way to it, which stand for what they are looked up for.
        """
        if isinstance(node, ast.Attribute):
            before = self.dotted(node.value, seen)
            return None if before is None else f"{before}.{node.attr}"
        if not isinstance(node, ast.Name):
            return None
        if node.id in self.imported:
            return self.imported[node.id]
        value = None if node.id in seen else self.assigned(node)
        if isinstance(value, ast.Attribute):  # layers = keras.layers
            return self.dotted(value, (*seen, node.id))
        return None

    def _generator(self, call: ast.Call) -> Generator:
        arguments, is_whole = arguments_of(call, _GENERATOR, self)
        return Generator(call, arguments, is_whole)

    def _call_of(self, node: ast.expr) -> ast.expr | None:
        """Returns the call that an expression is, or that was assigned to it."""
        return node if isinstance(node, ast.Call) else self.assigned(node)

    def generator_of(self, node: ast.expr) -> Generator | None:
        """Returns the generator that an expression is."""
        call = self._call_of(node)
        return next((one for one in self.generators if one.call is call), None)

    def flow_of(self, node: ast.expr) -> Flow | None:
        """Returns the flow that an expression is."""
        call = self._call_of(node)
        return next((one for one in self.flows if one.call is call), None)

    def _flows(self) -> Iterator[Flow]:
        for call in self.calls:
            function = call.func
            if not isinstance(function, ast.Attribute) or function.attr not in _FLOWS:
                continue
            generator = self.generator_of(function.value)
            if generator is not None:
                arguments, _ = arguments_of(call, _OF_A_FLOW[function.attr], self)
                yield Flow(call, function.attr, generator, arguments)


def _contains(whole: ast.expr, part: ast.expr) -> bool:
    """Whether a node is within another one, by where they stand."""
    begins = (whole.lineno, whole.col_offset) <= (part.lineno, part.col_offset)
    assert whole.end_lineno is not None
    assert part.end_lineno is not None
    ends = (part.end_lineno, part.end_col_offset or 0) <= (
        whole.end_lineno,
        whole.end_col_offset or 0,
    )
    return begins and ends


def key_of(node: ast.expr) -> str | None:
    """Returns a name or an attribute of one as a string, `"self.generator"`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = key_of(node.value)
        return None if before is None else f"{before}.{node.attr}"
    return None


def arguments_of(
    call: ast.Call, order: Sequence[str], code: Code | None = None, depth: int = 0
) -> tuple[dict[str, ast.expr], bool]:
    """Returns the arguments of a call by their names.

    Args:
        call: The call.
        order: Sequence of strings, the names of positional ones.
        code: The script, where dictionaries that are passed with `**` are found.
        depth: Integer, how many dictionaries this is within.

    Returns:
        Tuple of a dictionary of nodes, and whether these are all.
    """
    found: dict[str, ast.expr] = {}
    is_whole = True
    for at, argument in enumerate(call.args):
        if isinstance(argument, ast.Starred) or at >= len(order):
            is_whole = False
            break
        found[order[at]] = argument
    for keyword in call.keywords:
        if keyword.arg is not None:
            found[keyword.arg] = keyword.value
            continue
        items = _items(keyword.value, code, depth + 1)
        if items is None:
            is_whole = False
        else:
            found.update(items)
    return found, is_whole


def _items(node: ast.expr, code: Code | None, depth: int) -> dict[str, ast.expr] | None:
    """Returns what a dictionary holds, if its keys are known."""
    if depth > _DEEP:
        return None
    value: ast.expr | None = node
    if not isinstance(node, (ast.Dict, ast.Call)):
        value = None if code is None else code.assigned(node)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict":
        items, is_whole = arguments_of(value, (), code, depth)
        return items if is_whole else None
    if not isinstance(value, ast.Dict):
        return None
    found = {}
    for key, its in zip(value.keys, value.values, strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            return None
        found[key.value] = its
    return found


def constant(node: ast.expr) -> Any:
    """Returns the value of numbers, strings, sequences of them and arithmetic; else `UNKNOWN`."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.Tuple, ast.List)):
        return [constant(item) for item in node.elts]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = constant(node.operand)
        if isinstance(value, (int, float)):
            return -value if isinstance(node.op, ast.USub) else value
        return UNKNOWN
    if isinstance(node, ast.BinOp):
        return _computed(node)
    return UNKNOWN


def _computed(node: ast.BinOp) -> Any:
    left, right = constant(node.left), constant(node.right)
    if not isinstance(left, (int, float)) or not isinstance(right, (int, float)):
        return UNKNOWN
    try:
        if isinstance(node.op, ast.Div):
            return left / right
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.FloorDiv):
            return left // right
    except (ZeroDivisionError, OverflowError):
        pass
    return UNKNOWN


def number(value: Any) -> bool:
    """Whether a value is a number, and no boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_on(value: Any) -> bool:
    if value is UNKNOWN:
        return True
    if isinstance(value, list):
        return any(item is UNKNOWN or item != 1 for item in value)
    return bool(value)
