"""Reading IDX files."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from batchwarp.training.data.errors import DatasetError
from batchwarp.training.data.idx import read_idx


@pytest.mark.parametrize("compress", [False, True])
def test_idx_files_are_read_plain_and_compressed_whatever_their_name(tmp_path, idx_bytes, compress):
    array = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    path = tmp_path / "images.anything"
    content = idx_bytes(array)
    path.write_bytes(gzip.compress(content) if compress else content)
    np.testing.assert_array_equal(read_idx(path, dimensions=3), array)


GOOD = b"\x00\x00\x08\x02" + b"\x00\x00\x00\x04\x00\x00\x00\x05" + bytes(20)
# Tests are named after these bytes, so they must be the same in every process: no time in them.
PACKED = gzip.compress(GOOD, mtime=0)
PACKED_SHORT = gzip.compress(GOOD[:-1], mtime=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with nothing"),
        (b"\x00\x00\x08", "begins with 00 00 08, not with 00 00 08 02"),
        (b"\x89PNG and so on", "begins with 89 50 4e 47"),
        (b"\x00\x00\x08\x01" + GOOD[4:], "00 00 08 01, not with 00 00 08 02"),
        (b"\x00\x00\x0d\x02" + GOOD[4:], "00 00 0d 02"),
        (GOOD[:9], "ends within its header"),
        (GOOD[:-1], "truncated: the header says 4x5 = 20 bytes, there are 19"),
        (GOOD[:4] + b"\xff" * 8, "truncated"),
        (GOOD + b"x", "longer than the 4x5 = 20 bytes"),
        (PACKED[:-9], "gzip stream"),
        (PACKED[:12] + b"\xff\xff" + PACKED[14:], "gzip stream"),
        (PACKED[:-6] + bytes(6), "gzip stream"),
        (PACKED_SHORT, "truncated: the header says 4x5 = 20 bytes, there are 19"),
    ],
)
def test_bad_idx_file_is_an_error_with_its_path(tmp_path, content, message):
    path = tmp_path / "bad.gz"
    path.write_bytes(content)
    with pytest.raises(DatasetError) as error:
        read_idx(path, dimensions=2)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)


def test_idx_file_that_is_not_there_is_an_error_with_its_path(tmp_path):
    with pytest.raises(DatasetError, match=r"none\.gz: cannot be read"):
        read_idx(tmp_path / "none.gz", dimensions=1)
