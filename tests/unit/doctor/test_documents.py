"""Notebooks, and files that are no Python."""

from __future__ import annotations

import json

import pytest

from batchwarp.doctor import DocumentError, examine, read


def notebook(tmp_path, *cells, indent=1):
    path = tmp_path / "book.ipynb"
    content = {
        "cells": [
            {"cell_type": kind, "metadata": {}, "source": source, "outputs": []}
            for kind, source in cells
        ],
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(content, indent=indent, ensure_ascii=False) + "\n")
    return path


def test_a_notebook_is_changed_cell_by_cell(tmp_path):
    path = notebook(
        tmp_path,
        ("markdown", ["# Title\n", "from keras.preprocessing import image"]),
        ("code", ["!pip install keras\n", "from keras.preprocessing.image import load_img\n"]),
        ("code", "%matplotlib inline\nimport numpy as np"),
        ("code", ["gen.fit?\n", "model.fit(x, workers=3)"]),
    )
    one = examine(read(path))
    places = [one.document.place(finding.line) for finding in one.findings]
    assert places == ["cell 2, line 2", "cell 4, line 2"]
    again = json.loads(one.document.bytes_with(one.changed))
    before = json.loads(path.read_text())
    assert again["cells"][1]["source"] == [
        "!pip install keras\n",
        "from batchwarp.image import load_img\n",
    ]
    assert again["cells"][3]["source"] == ["gen.fit?\n", "model.fit(x)"]
    for at in (0, 2):
        assert again["cells"][at] == before["cells"][at]
    assert "cell 2" in one.document.diff(one.changed, "book.ipynb")


@pytest.mark.parametrize("indent", [1, 2, "\t"])
def test_what_does_not_change_in_a_notebook_stays_byte_for_byte(tmp_path, indent):
    path = notebook(tmp_path, ("code", ["é = 1\n", "x = 2"]), indent=indent)
    assert read(path).bytes_with({}) == path.read_bytes()


def test_cells_in_other_languages(tmp_path):
    path = notebook(
        tmp_path,
        ("code", "%%bash\nfrom keras.preprocessing import image"),
        ("code", "%%time\nfrom keras.preprocessing import image"),
        ("code", "files = !ls\nfor f in files:\n    !cat {f}"),
        ("code", "print 'two'"),
        ("code", "x = await f()"),
    )
    one = examine(read(path))
    assert [one.document.place(finding.line) for finding in one.findings] == ["cell 2, line 2"]
    assert one.document.unread == ["cell 4 is no Python, or none that this Python reads"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.py", b"print 'two'\n", "line 1"),
        ("a.py", b"x = '\xff'\n", "no Python"),
        ("a.py", b"x = 1\0\n", "no Python"),
        ("a.ipynb", b"{}", "no notebook"),
        ("a.ipynb", b"[1]", "no notebook"),
        ("a.ipynb", b'{"cells": [{"cell_type": "code"}]}', "no notebook"),
        ("a.ipynb", b"\xff", "no notebook"),
    ],
)
def test_files_that_are_no_python(tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DocumentError, match=reason):
        read(path)


@pytest.mark.parametrize("name", ["a.py", "a.ipynb"])
def test_empty_files(tmp_path, name):
    path = tmp_path / name
    path.write_text("" if name == "a.py" else '{"cells": [], "nbformat": 4}')
    one = examine(read(path))
    assert not one.findings
    assert not one.changed


def test_what_is_said_of_a_notebook_names_cells(tmp_path):
    path = notebook(
        tmp_path,
        ("code", "from batchwarp import ImageDataGenerator\n"),
        ("markdown", "Statistics"),
        (
            "code",
            "g = ImageDataGenerator(featurewise_center=True)\nflow = g.flow(x)\ng.fit(x)\n",
        ),
    )
    one = examine(read(path))
    [finding] = one.findings
    assert finding.kind == "fit-after-flow"
    assert "the flow of cell 3, line 2" in finding.text


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_notebook_ends_as_it_did(tmp_path, end):
    path = notebook(tmp_path, ("code", ["from keras.preprocessing import image"]))
    before = path.read_text().rstrip() + end
    path.write_bytes(before.encode())
    one = examine(read(path))
    after = before.replace("keras.preprocessing", "batchwarp")
    assert one.document.bytes_with(one.changed) == after.encode()
