"""`batchwarp predict` reads tables as spreadsheets and other programs save them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from batchwarp.training.results.predict import _read_table

MODEL = SimpleNamespace(size=(1, 2), channels=1)
PLAIN = "label,pixel1,pixel2\n7,1,2\n8,254,255\n"


def read(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return _read_table(path, MODEL)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r\n\r\n"),
        PLAIN.replace("\n", "\n\n", 1),
        "\n" + PLAIN.replace("\n", "\n  \n\n"),
        PLAIN.rstrip("\n"),
        '"label","pixel1","pixel2"\n"7","1","2"\n"8","254","255"\n',
        '"label","pixel1","pixel2"\n\n"7","1","2"\n\n"8","254","255"\n\n',
        'label,pixel1,pixel2\n"a, b",1,2\n"say ""c""",254,255\n',
        'label,pixel1,pixel2\n"two\nlines",1,2\n8,"254",255\n',
        "pixel1,pixel2\n1,2\n254,255\n",
        '"pixel1","pixel2"\n1, 2\n"254"," 255"\n',
    ],
)
def test_tables(tmp_path, text):
    for encoding in ("utf-8", "utf-8-sig"):
        rows = read(tmp_path / "t.csv", text, encoding)
        assert rows.dtype == np.uint8
        assert rows.reshape(-1, 2).tolist() == [[1, 2], [254, 255]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not begin with the heading"),
        ("\n\n", "does not begin with the heading"),
        ('"label","pixel1","pixel2"\n\n', "has no rows"),
        ("label,pixel1,pixel2\n\n7,1\n", "line 3 has not the 3 columns"),
        ('label,pixel1,pixel2\n\n"7","1"\n', "line 3 has not the 3 columns"),
        ('label,pixel1,pixel2\n7,"1","256"\n', "from 0 to 255"),
        ('label,pixel1,pixel2\n7,"1,2",3\n', "from 0 to 255"),
        ('label,pixel1,pixel2\n"7",1,\n', "from 0 to 255"),
    ],
)
def test_what_is_no_table_of_pictures(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "t.csv", text)
