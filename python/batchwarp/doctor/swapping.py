"""The edits that make a script use batchwarp, and no batch another one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from batchwarp import image
from batchwarp.doctor.code import Code, key_of, name_in_image
from batchwarp.doctor.documents import Document, Edit
from batchwarp.doctor.findings import Finding

__all__ = ["Swap", "swapped"]

_OLD_CALLS = {
    "fit_generator": "fit",
    "evaluate_generator": "evaluate",
    "predict_generator": "predict",
}
_OLD_NAMES = {"generator": "x", "nb_epoch": "epochs", "nb_val_samples": "validation_steps"}
_WORKERS = (
    "workers",
    "use_multiprocessing",
    "max_queue_size",
    "max_q_size",
    "nb_worker",
    "pickle_safe",
)
_CALLS = ("fit", "evaluate", "predict", *_OLD_CALLS)


@dataclass
class Swap:
    """What is to be changed, and what is said of it."""

    findings: list[Finding] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    wants_import: bool = False


def swapped(document: Document, code: Code) -> Swap:
    """Returns the edits that a script needs to use batchwarp.

    Args:
        document: The script.
        code: What is known of it.
    """
    swap = Swap()
    for node in code.nodes:
        if isinstance(node, ast.ImportFrom):
            _from(document, node, swap)
        elif isinstance(node, ast.Import):
            _import(document, node, swap)
    _attributes(document, code, swap)
    if swap.wants_import and code.imported.get("batchwarp") != "batchwarp":
        _add_import(code, swap)
    for call in code.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in _CALLS:
            _training_call(document, call, swap)
    return swap


def _note(swap: Swap, line: int, old: str, new: str) -> None:
    swap.findings.append(
        Finding(line, "import", f"`{old}` is Keras' own", f"`{new}` gives the same batches")
    )


def _from(document: Document, node: ast.ImportFrom, swap: Swap) -> None:
    module = node.module or ""
    if node.level:
        return
    names = [name.name for name in node.names]
    if name_in_image(module) == "":  # from keras.preprocessing.image import ...
        ours = [name for name in names if name == "*" or name in image.__all__]
        if not ours:
            return
        target = "batchwarp" if set(names) == {"ImageDataGenerator"} else "batchwarp.image"
    elif "image" in names and name_in_image(f"{module}.image") == "":
        ours, target = ["image"], "batchwarp"
    else:
        return
    start, end = document.span(node)
    if len(ours) == len(names):
        text = document.text_of(node)
        new = re.sub(r"^from\s+[\w.]+\s+import", f"from {target} import", text, count=1)
    else:
        kept = [_alias(name) for name in node.names if name.name not in ours]
        taken = [_alias(name) for name in node.names if name.name in ours]
        indent = " " * start[1]
        new = (
            f"from {module} import {', '.join(kept)}\n"
            f"{indent}from {target} import {', '.join(taken)}"
        )
    swap.edits.append(Edit(start, end, new))
    _note(swap, node.lineno, f"from {module} import {', '.join(ours)}", f"from {target} import ...")


def _alias(name: ast.alias) -> str:
    return f"{name.name} as {name.asname}" if name.asname else name.name


def _import(document: Document, node: ast.Import, swap: Swap) -> None:
    ours = [name for name in node.names if name.asname and name_in_image(name.name) == ""]
    if not ours or len(ours) < len(node.names):
        return  # without `as`, what is used is an attribute
    start, end = document.span(node)
    new = "import " + ", ".join(f"batchwarp.image as {name.asname}" for name in ours)
    swap.edits.append(Edit(start, end, new))
    _note(swap, node.lineno, f"import {ours[0].name}", new)


def _attributes(document: Document, code: Code, swap: Swap) -> None:
    """Replaces `tf.keras.preprocessing.image.X`, wherever it stands in full."""
    inner: set[int] = set()
    for node in code.nodes:  # from the outside in
        if not isinstance(node, ast.Attribute) or id(node) in inner:
            continue
        name = name_in_image(code.dotted(node))
        if name is None or not isinstance(node.ctx, ast.Load) or not _is_in_full(code, node):
            continue
        if name and name not in image.__all__:
            continue
        inner.update(id(part) for part in ast.walk(node))
        new = "batchwarp.image" + (f".{name}" if name else "")
        if name == "ImageDataGenerator":
            new = "batchwarp.ImageDataGenerator"
        start, end = document.span(node)
        swap.edits.append(Edit(start, end, new))
        swap.wants_import = True
        _note(swap, node.lineno, key_of(node) or name, new)


def _is_in_full(code: Code, node: ast.Attribute) -> bool:
    """Whether a chain of names begins above the module, so that no import line replaces it."""
    root: ast.expr = node
    while isinstance(root, ast.Attribute):
        root = root.value
    return isinstance(root, ast.Name) and name_in_image(code.dotted(root)) is None


def _add_import(code: Code, swap: Swap) -> None:
    imports = [
        node
        for node in code.nodes
        if isinstance(node, (ast.Import, ast.ImportFrom)) and node.col_offset == 0
    ]
    imports = [node for node in imports if getattr(node, "module", "") != "__future__"]
    if imports:
        first = min(imports, key=lambda node: node.lineno)
        position = (first.lineno, 0)
        swap.edits.append(Edit(position, position, "import batchwarp\n"))


def _training_call(document: Document, call: ast.Call, swap: Swap) -> None:
    function = call.func
    assert isinstance(function, ast.Attribute)
    name = function.attr
    if name in _OLD_CALLS:
        _, end = document.span(function)
        swap.edits.append(Edit((end[0], end[1] - len(name)), end, _OLD_CALLS[name]))
        swap.findings.append(
            Finding(
                end[0],
                "deprecated",
                f"`{name}` went away with Keras 3",
                f"`{_OLD_CALLS[name]}` takes flows",
            )
        )
        for keyword in call.keywords:
            if keyword.arg in _OLD_NAMES:
                start, _ = document.span(keyword)
                end = (start[0], start[1] + len(keyword.arg))
                swap.edits.append(Edit(start, end, _OLD_NAMES[keyword.arg]))
            elif keyword.arg == "samples_per_epoch":
                swap.findings.append(
                    Finding(
                        keyword.value.lineno,
                        "deprecated",
                        "`samples_per_epoch` is of Keras 1",
                        "leave it out: a flow has a length; or `steps_per_epoch`, in batches",
                    )
                )
    removed = [keyword for keyword in call.keywords if keyword.arg in _WORKERS]
    if removed:
        names = ", ".join(f"`{keyword.arg}`" for keyword in removed)
        swap.edits.extend(_without(document, call, removed))
        swap.findings.append(
            Finding(
                removed[0].value.lineno,
                "workers",
                f"{names} of `{name}` went away with Keras 3",
                "leave it out: the core has threads of its own; `prefetch=2` of a flow makes "
                "batches beside the training",
            )
        )


def _without(document: Document, call: ast.Call, removed: list[ast.keyword]) -> Iterator[Edit]:
    """Yields the edits that take arguments out of a call."""
    arguments: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    arguments.sort(key=lambda one: (one.lineno, one.col_offset))
    spans = [document.span(one) for one in arguments]
    kept = [at for at, one in enumerate(arguments) if one not in removed]
    last = kept[-1] if kept else -1
    for at, one in enumerate(arguments):
        if one in removed and at < last:
            yield Edit(spans[at][0], spans[at + 1][0], "")
    if last < len(arguments) - 1:
        start = spans[last][1] if kept else spans[0][0]
        yield Edit(start, spans[-1][1], "")
