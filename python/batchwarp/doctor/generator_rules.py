"""Which of Keras' surprises hit a generator, its flows, and what is done with them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from batchwarp.doctor.code import UNKNOWN, Code, Flow, Generator, constant, number
from batchwarp.doctor.documents import Document
from batchwarp.doctor.findings import Finding

__all__ = ["findings"]

_STATISTICS = ("featurewise_center", "featurewise_std_normalization", "zca_whitening")
# What Keras draws for an image only if it is asked for: it moves all numbers behind it.
_DRAWN_IF_ON = ("brightness_range", "channel_shift_range")
_OF_BYTES = (255, 256)
_FAR = 8  # so many assignments are followed


def findings(document: Document, code: Code) -> Iterator[Finding]:
    """Yields what there is to say of generators and flows.

    Args:
        document: The script.
        code: The script.
    """
    for generator in code.generators:
        yield from _shifts(generator)
        yield from _geometry(generator)
        yield from _values(generator)
    for flow in code.flows:
        yield from _scaled_before(code, flow)
        yield from _validation(code, flow)
    yield from _fits(document, code)
    yield from _pairs(code)
    yield from _steps(code)


def _shifts(generator: Generator) -> Iterator[Finding]:
    width, height = (generator.value(f"{name}_shift_range") for name in ("width", "height"))
    line = generator.call.lineno
    for name, value in (("width_shift_range", width), ("height_shift_range", height)):
        if not isinstance(value, int) or isinstance(value, bool) or value == 0:
            continue
        what = (
            "an integer of 1 shifts by no pixel at all"
            if value == 1
            else f"an integer draws whole pixels, from {1 - value} to {value - 1}"
        )
        yield Finding(
            generator.arguments[name].lineno,
            "integer-shift",
            f"`{name}={value}`: {what}",
            f"a float draws from a range: `{name}={value}.0` up to {value} pixels, or a fraction "
            "of the size below 1",
        )
    if generator.is_whole and _differ(width, height):
        yield Finding(
            line,
            "swapped-shifts",
            "`width_shift_range` moves images along their height, and `height_shift_range` along "
            "their width",
            "swap the two numbers; or leave both out, for `operations=[ops.Affine(shift=(x, y))]`",
        )


def _differ(one: Any, other: Any) -> bool:
    return UNKNOWN not in (one, other) and (one or 0) != (other or 0)


def _geometry(generator: Generator) -> Iterator[Finding]:
    shear, zoom = generator.value("shear_range"), generator.value("zoom_range")
    if shear not in (None, 0):
        yield Finding(
            generator.arguments["shear_range"].lineno,
            "shear-scales",
            "`shear_range` is in degrees, and scales images along one axis, too",
            "`operations=[ops.Affine(shear=...)]` leaves their size alone",
        )
    if isinstance(zoom, list) and len(zoom) == 2 and zoom != [1, 1]:
        yield Finding(
            generator.arguments["zoom_range"].lineno,
            "zoom-out",
            "`zoom_range`: factors above 1 make what is seen smaller, and both directions are "
            "drawn by themselves, so that proportions change",
            "`operations=[ops.Affine(zoom=(low, high))]` enlarges above 1 and keeps proportions",
        )
    if generator.value("fill_mode") == "wrap":
        yield Finding(
            generator.arguments["fill_mode"].lineno,
            "wrap",
            '`fill_mode="wrap"` repeats images after one pixel less than their size',
            '`fill_mode="grid-wrap"` repeats them as they are',
        )


def _values(generator: Generator) -> Iterator[Finding]:
    function = generator.arguments.get("preprocessing_function")
    rescale = generator.value("rescale")
    if function is not None and number(rescale) and rescale not in (0, 1):
        yield Finding(
            generator.arguments["rescale"].lineno,
            "rescaled-twice",
            "`rescale` comes after `preprocessing_function`, whose values are multiplied again",
            "leave `rescale` out, unless the function expects that",
        )


def _scaled_before(code: Code, flow: Flow) -> Iterator[Finding]:
    """Looks for images from 0 to 1 among what expects bytes."""
    x = flow.arguments.get("x")
    if flow.method != "flow" or x is None or not _is_scaled(code, x):
        return
    generator, line = flow.generator, flow.call.lineno
    if "brightness_range" in generator.arguments:
        yield Finding(
            line,
            "brightness-of-0-to-1",
            "`brightness_range` goes through 8 bits: images from 0 to 1 become black",
            "give bytes and `rescale=1/255`; or `operations=[ops.Brightness(...)], "
            "value_range=(0, 1)` in place of it",
        )
    shift = generator.value("channel_shift_range")
    if number(shift) and shift >= 1:
        yield Finding(
            line,
            "channel-shift-of-0-to-1",
            f"`channel_shift_range={shift}` is in units of the pixels, which are from 0 to 1: "
            "images become black or white",
            f"`channel_shift_range={shift}/255`; or give bytes and `rescale=1/255`",
        )
    rescale = generator.value("rescale")
    if number(rescale) and 0 < rescale < 0.1:
        yield Finding(
            line,
            "scaled-twice",
            "images are divided before, and again by `rescale`",
            "give them as they are: bytes take a quarter of the memory",
        )


def _is_scaled(code: Code, node: ast.expr, depth: int = 0) -> bool:
    """Whether a division by 255 is seen on the way of an expression."""
    if depth > _FAR:
        return False
    if isinstance(node, ast.BinOp):
        by = _number(node.right)
        if isinstance(node.op, ast.Div) and by in _OF_BYTES:
            return True
        return isinstance(node.op, ast.Mult) and by is not None and abs(by * 255 - 1) < 0.01
    for other in code.nodes:  # x /= 255
        if (
            isinstance(other, ast.AugAssign)
            and isinstance(node, ast.Name)
            and isinstance(other.target, ast.Name)
            and other.target.id == node.id
            and isinstance(other.op, ast.Div)
            and other.lineno <= node.lineno
            and _number(other.value) in _OF_BYTES
        ):
            return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if code.dotted(node.func.value) is None:  # x.reshape(...)
            return _is_scaled(code, node.func.value, depth + 1)
        return bool(node.args) and _is_scaled(code, node.args[0], depth + 1)  # np.expand_dims(x, 3)
    value = code.assigned(node) if isinstance(node, (ast.Name, ast.Attribute)) else None
    if value is None or value is node or value.lineno > node.lineno:
        return False
    return _is_scaled(code, value, depth + 1)


def _number(node: ast.expr) -> float | None:
    value = constant(node)
    return float(value) if number(value) else None


def _validation(code: Code, flow: Flow) -> Iterator[Finding]:
    generator, random = flow.generator, flow.generator.random
    if flow.value("subset") == "validation":
        if random and "validation_augment" not in generator.arguments:
            yield Finding(
                flow.call.lineno,
                "augmented-validation",
                f"validation images are augmented like the others ({', '.join(random)})",
                "`validation_augment=False` of the generator",
            )
        if flow.method == "flow" and "split" not in generator.arguments:
            yield Finding(
                flow.call.lineno,
                "first-for-validation",
                "the first images are for validation, in the order in which they are given",
                '`split="stratified"` of the generator takes the same share of each class, by '
                "chance"
                if "y" in flow.arguments
                else "bring them, and what belongs to them, into a random order before",
            )
    elif random and flow.value("subset") is None and _is_for_validation(code, flow):
        yield Finding(
            flow.call.lineno,
            "augmented-validation",
            f"validation images come from a generator that augments ({', '.join(random)})",
            "a second generator without these arguments",
        )


def _is_for_validation(code: Code, flow: Flow) -> bool:
    """Whether a flow is given to `fit` as `validation_data`, or to `evaluate`."""
    for call in code.calls:
        if not isinstance(call.func, ast.Attribute):
            continue
        given = [keyword.value for keyword in call.keywords if keyword.arg == "validation_data"]
        if call.func.attr in ("evaluate", "evaluate_generator"):
            given += call.args[:1]
        if any(code.flow_of(node) is flow for node in given):
            return True
    return False


def _fits(document: Document, code: Code) -> Iterator[Finding]:
    """Looks for statistics that are computed too late, or never."""
    for generator in code.generators:
        names = [name for name in _STATISTICS if generator.value(name) is True]
        flows = [flow for flow in code.flows if flow.generator is generator]
        if not names or not flows:
            continue
        fits = [
            call
            for call in code.calls
            if isinstance(call.func, ast.Attribute)
            and call.func.attr in ("fit", "fit_from")
            and code.generator_of(call.func.value) is generator
        ]
        first = min(flows, key=lambda flow: flow.call.lineno).call
        which = ", ".join(f"`{name}`" for name in names)
        if not fits and not _sets_statistics(code):
            yield Finding(
                first.lineno,
                "without-fit",
                f"{which} needs statistics, which nothing here computes: images stay as they are",
                "`generator.fit(x)` before; or `generator.fit_from(flow)`, which reads files, too",
            )
        elif (
            fits
            and min(call.lineno for call in fits) > first.lineno
            and _same_scope(code, first, fits[0])
        ):
            yield Finding(
                fits[0].lineno,
                "fit-after-flow",
                f"{which} takes effect only after this `fit`, which is behind the flow of "
                f"{document.place_in_words(first.lineno)}",
                "call `fit` before batches are taken",
            )


def _sets_statistics(code: Code) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and node.attr in ("mean", "std", "zca_whitening_matrix", "principal_components")
        for node in code.nodes
    )


def _same_scope(code: Code, one: ast.AST, other: ast.AST) -> bool:
    def scope(node: ast.AST) -> ast.AST | None:
        inner = None
        for function in code.nodes:
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(
                part is node for part in ast.walk(function)
            ):
                inner = function
        return inner

    return scope(one) is scope(other)


def _pairs(code: Code) -> Iterator[Finding]:
    """Looks at flows of images and masks that go side by side."""
    for call in code.calls:
        if not isinstance(call.func, ast.Name) or call.func.id != "zip" or len(call.args) < 2:
            continue
        flows = [flow for node in call.args if (flow := code.flow_of(node)) is not None]
        if len(flows) < 2:
            continue
        instead = "one flow moves both: `flow_from_directory(images, masks=folder)`, or "
        instead += "`flow(x, masks=masks)`; masks keep their classes"
        for one, other in combinations(flows, 2):
            text = _parting(one, other)
            if text:
                yield Finding(call.lineno, "unseeded-masks", text, instead)
                break
        else:
            yield Finding(
                call.lineno,
                "masks-interpolated",
                "images and masks in two flows: masks are interpolated, which makes values that "
                "are no class, unless `interpolation_order=0` is set for theirs",
                instead,
            )


def _parting(one: Flow, other: Flow) -> str:
    """Returns why two flows do not do the same, or an empty string."""
    seeds = [flow.arguments.get("seed") for flow in (one, other)]
    if None in seeds:
        return "one of the flows that go side by side has no seed: masks move by other numbers"
    values = [flow.value("seed") for flow in (one, other)]
    if UNKNOWN not in values and values[0] != values[1]:
        return f"flows that go side by side have different seeds, {values[0]} and {values[1]}"
    random = [set(flow.generator.random) for flow in (one, other)]
    differ = [name for name in _DRAWN_IF_ON if (name in random[0]) != (name in random[1])]
    if differ and one.generator.is_whole and other.generator.is_whole:
        return f"only one of the flows draws for `{differ[0]}`: from the second image on they part"
    return ""


def _steps(code: Code) -> Iterator[Finding]:
    for call in code.calls:
        for keyword in call.keywords:
            value = keyword.value
            if keyword.arg not in ("steps_per_epoch", "validation_steps", "steps"):
                continue
            if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Div):
                continue
            yield Finding(
                value.lineno,
                "steps",
                f"`{keyword.arg}` is a fraction, which Keras 3 refuses or rounds",
                "leave it out: a flow has a length; or divide by `//`",
            )
