"""Files and functions stay short enough to be read at once, and tests lie where modules do."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "batchwarp"

LONGEST_FILE = 500
LONGEST_FUNCTION = 60  # lines of its body, without the docstring

PYTHON = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])
CPP = sorted(
    path
    for folder in ("src", "include", "bindings")
    for path in (ROOT / "cpp" / folder).rglob("*")
    if path.suffix in {".cpp", ".hpp", ".inl", ".cu", ".cuh"}
)


def from_root(path):
    return path.relative_to(ROOT).as_posix()


def body_lines(function):
    """Returns of how many lines the body of a function is, without its docstring."""
    body = function.body[ast.get_docstring(function, clean=False) is not None :]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def cpp_blocks(lines):
    """Yields declaration, number and lines of what has braces outside functions, or in a class.

    clang-format sees to it that a block ends below the first letter of its declaration.
    """
    opens = re.compile(r"\{( +//.*)?$")
    for indent in ("", " " * 4):
        begins, ends = (
            re.compile(indent + r"[^\s}#/:]"),
            re.compile(indent + r"\}(?! +// namespace)"),
        )
        for last, line in enumerate(lines):
            if ends.match(line):
                first = next(number for number in range(last)[::-1] if begins.match(lines[number]))
                opening = next(
                    number for number in range(first, last) if opens.search(lines[number])
                )
                yield " ".join(lines[first : opening + 1]), first + 1, last - opening - 1


def test_files_are_short():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in [*PYTHON, *CPP]}
    assert len(lines) > 300
    assert [from_root(path) for path in lines if lines[path] > LONGEST_FILE] == []


def test_functions_are_short():
    longer = [
        f"{from_root(path)}:{node.lineno}: {node.name}"
        for path in PYTHON
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and body_lines(node) > LONGEST_FUNCTION
    ]
    assert longer == []


def test_functions_of_cpp_are_short():
    no_function = re.compile(
        r"\s*(template <.*> )?(namespace|struct|class|enum|union|extern)\b|.*= \{$"
    )
    lines = {
        f"{from_root(path)}:{number}: {declaration}": count
        for path in CPP
        for declaration, number, count in cpp_blocks(path.read_text(encoding="utf-8").splitlines())
        if not no_function.match(declaration)
    }
    assert len(lines) > 500
    assert [name for name in lines if lines[name] > LONGEST_FUNCTION] == []


def modules(folder, name):
    """Yields the files of which `test_NAME.py` in a folder of unit tests may be the test."""
    for prefix in ("", "_"):
        for end in (".py", ".pyi"):
            yield folder / f"{prefix}{name}{end}"
    if folder.name == name:
        yield folder / "__init__.py"


def test_unit_tests_are_named_after_modules():
    unit = ROOT / "tests" / "unit"
    paths = sorted(unit.rglob("test_*.py"))
    assert len(paths) > 30
    lost = [
        from_root(path)
        for path in paths
        if not any(
            module.exists()
            for module in modules(
                PACKAGE / path.parent.relative_to(unit), path.stem.removeprefix("test_")
            )
        )
    ]
    assert lost == []
