"""Operations of `batchwarp.ops` as options of a command: as Python writes them, or as JSON."""

from __future__ import annotations

import argparse
import ast
import difflib
import inspect
from collections.abc import Collection
from pathlib import Path
from typing import Any

from batchwarp import ops
from batchwarp.console.recipes import read_recipe
from batchwarp.ops.recipe import RecipeOperation

__all__ = ["add_operation_options", "operation", "recipe_arguments"]


def add_operation_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say what is done to images, as in `batchwarp.Augment`."""
    group = parser.add_argument_group(
        "operations, as in batchwarp.Augment",
        "in place of the arguments of ImageDataGenerator; of those only the ones of sampling, "
        "arrays and subsets go with them",
    )
    source = group.add_mutually_exclusive_group()
    source.add_argument(
        "--operation",
        dest="operations",
        type=operation,
        action="append",
        metavar="CALL",
        help="an operation of batchwarp.ops as Python writes it, for example 'Hue(0.1)'; again for "
        f"one that follows it: {', '.join(ops.__all__)}",
    )
    source.add_argument(
        "--recipe",
        type=Path,
        metavar="FILE.json",
        help="operations from a file: what Augment.get_config gives, or a list of what "
        "get_config of operations gives",
    )
    group.add_argument(
        "--fused",
        choices=("on", "off"),
        help="off: also show the images as they are when each colour operation passes over them "
        "by itself, and the difference (default: on)",
    )


def operation(text: str) -> RecipeOperation:
    """Parses an operation as Python writes it, such as `OneOf(Hue(0.1), Invert(), p=0.5)`.

    Nothing is evaluated: there are the names of `batchwarp.ops`, numbers and their fractions,
    strings, `True`, `False`, `None`, tuples and lists.

    Args:
        text: The call.

    Raises:
        argparse.ArgumentTypeError: If it is something else, or the operation does not accept it.
    """
    try:
        made = _value(ast.parse(text.strip(), mode="eval").body, text)
        if not isinstance(made, RecipeOperation):
            raise ValueError(f"{text!r} is no operation; write, for example, Hue(0.1)")
    except SyntaxError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not Python ({error.msg}); write, for example, Hue(0.1)"
        ) from None
    except (TypeError, ValueError, RecursionError, MemoryError) as error:
        raise argparse.ArgumentTypeError(" ".join(str(error).split())) from None
    return made


def _value(node: ast.expr, text: str) -> Any:
    """Returns what an expression is, of the few kinds that arguments have."""
    match node:
        case ast.Call():
            return _called(node, text)
        case ast.Constant(value=value) if isinstance(value, (int, float, str, type(None))):
            return value
        case ast.Tuple(elts=items):
            return tuple(_value(item, text) for item in items)
        case ast.List(elts=items):
            return [_value(item, text) for item in items]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand, text)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _number(operand, text)
        case ast.BinOp(op=ast.Div(), left=left, right=right):
            divisor = _number(right, text)
            if divisor:
                return _number(left, text) / divisor
    source = ast.get_source_segment(text.strip(), node) or text
    if isinstance(node, ast.Name) and node.id in ops.__all__:
        raise ValueError(f"{source!r} is an operation's name: write {source}(...)")
    raise ValueError(
        f"{source!r} in {text!r} is neither a number, string, True, False, None, a tuple or list "
        "of such, nor an operation"
    )


def _number(node: ast.expr, text: str) -> int | float:
    value = _value(node, text)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{ast.unparse(node)!r} in {text!r} is not a number")
    return value


def _called(node: ast.Call, text: str) -> RecipeOperation:
    """Returns the operation that a call makes."""
    kind = _class(node.func)
    if any(isinstance(one, ast.Starred) for one in node.args) or None in _keywords(node):
        raise ValueError(f"{ast.unparse(node)!r}: write the arguments one by one, without stars")
    signature = inspect.signature(kind)
    accepted = [one.name for one in kind.arguments()]
    for name in _keywords(node):
        if name not in accepted:
            raise ValueError(
                f"`{kind.__name__}` has no argument {name!r}{_closest(str(name), accepted)}"
            )
    arguments = [_value(one, text) for one in node.args]
    named = {str(word.arg): _value(word.value, text) for word in node.keywords}
    try:
        signature.bind(*arguments, **named)
    except TypeError as error:
        raise ValueError(
            f"`{kind.__name__}`: {error}. Accepted are {', '.join(accepted)}"
        ) from None
    return kind(*arguments, **named)


def _keywords(node: ast.Call) -> list[str | None]:
    return [word.arg for word in node.keywords]


def _class(node: ast.expr) -> type[RecipeOperation]:
    """Returns the class that a name means, with or without `ops.` before it."""
    name = ast.unparse(node)
    for prefix in ("batchwarp.ops.", "ops."):
        name = name.removeprefix(prefix)
    if name not in ops.__all__:
        raise ValueError(f"there is no operation {name!r}{_closest(name, ops.__all__)}")
    made: type[RecipeOperation] = getattr(ops, name)
    return made


def _closest(name: str, accepted: Collection[str]) -> str:
    """Returns what to say after a name that there is not: the closest one, and all of them."""
    lower = {one.lower(): one for one in accepted}
    close = difflib.get_close_matches(name.lower(), lower, 1)
    hint = f"; did you mean {lower[close[0]]!r}?" if close else "."
    return f"{hint} Accepted are {', '.join(accepted)}"


def recipe_arguments(options: argparse.Namespace) -> dict[str, Any] | None:
    """Returns the arguments of `Augment` that `--operation` or `--recipe` say.

    Args:
        options: Parsed options.

    Returns:
        Dictionary with the operations as a list under `"operations"`; `None` if there is neither.

    Raises:
        UsageError: If the file cannot be read, or holds no recipe.
    """
    if options.operations:
        return {"operations": options.operations}
    if options.recipe is None:
        return None
    return read_recipe(options.recipe)
