"""Parts of damaged JPEG files: Pillow's pixels of the whole, or left to Pillow."""

from __future__ import annotations

import io
import itertools
import warnings

import numpy as np
import pytest
from PIL import Image

from batchwarp import _core
from batchwarp.files import libjpeg
from batchwarp.files.jpeg import ordinary_jpeg
from image_files import picture

pytestmark = pytest.mark.skipif(
    libjpeg.unavailable_reason() is not None, reason=str(libjpeg.unavailable_reason())
)

TABLES, RESTARTS, SCAN = 0xC4, 0xDD, 0xDA
FACTORS = (0x11, 0x12, 0x21, 0x22, 0x41, 0x14, 0x42, 0x44)


def seeds():
    for subsampling, progressive, restarts in itertools.product((0, 1, 2), (False, True), (0, 3)):
        file = io.BytesIO()
        picture(61, 87, subsampling).save(
            file,
            "JPEG",
            quality=40 + 20 * subsampling,
            subsampling=subsampling,
            progressive=progressive,
            restart_marker_blocks=restarts,
        )
        yield file.getvalue()
    file = io.BytesIO()
    picture(61, 87).convert("L").save(file, "JPEG")
    yield file.getvalue()


def segments(data):
    """Returns code, begin and end of each marker's segment, up to the first scan's data."""
    found, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((data[at + 1], at, end))
        if data[at + 1] == SCAN:
            break
        at = end
    return found


def changed(data, random):
    """Changes a size, a sampling factor, any byte of a segment, the restarts or coded data."""
    data = bytearray(data)
    found = segments(data)
    if not found:
        return bytes(data)
    begin = found[-1][2]
    kind = random.randint(6)
    if kind <= 1 and begin < len(data) - 2:
        at = random.randint(begin, len(data) - 2)
        piece = slice(at, min(at + random.randint(1, 30), len(data) - 2))
        data[piece] = (
            b"",
            bytes(data[piece]) * 2,
            random.bytes(piece.stop - at),
            bytes((0xFF, 0xD0 + random.randint(8))),
            bytes((data[at] ^ 1 << random.randint(8),)),
        )[random.randint(5)]
    elif kind == 2:
        for code, at, _ in found:
            if 0xC0 <= code <= 0xC2:
                place = at + 5 + 2 * random.randint(2)
                data[place : place + 2] = bytes((0, random.randint(1, 130)))
    elif kind == 3:
        for code, at, end in found:
            if 0xC0 <= code <= 0xC2:
                places = range(at + 11, min(end, len(data)), 3)
                for place in places[random.randint(4) :][:1]:
                    data[place] = FACTORS[random.randint(len(FACTORS))]
    elif kind == 4:
        _, at, end = found[random.randint(len(found))]
        data[random.randint(at, min(end, len(data)))] = random.randint(256)
    else:
        at = found[random.randint(len(found))][1]
        data[at:at] = bytes((0xFF, RESTARTS, 0, 4, 0, random.randint(9)))
    return bytes(data)


def whole(data):
    """Returns Pillow's pixels, or `None` if it raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                return np.asarray(image.convert("RGB"))
    except Exception:  # noqa: BLE001 - of many kinds
        return None


def interval(extent, random):
    low, high = sorted(random.randint(0, extent, 2))
    return low, high + 1


def check_parts(data, header, random):
    """Compares all, a window and some pixels; returns whether they were not left to Pillow."""
    expected = whole(data)
    height, width = header.height, header.width
    (top, bottom), (left, right) = interval(height, random), interval(width, random)
    rows, columns = random.randint(top, bottom, 20), random.randint(left, right, 30)
    if random.randint(2):
        rows.sort()
    decoded = []
    for part, size, options in (
        (np.s_[:, :], (height, width), {}),
        (
            np.s_[top:bottom, left:right],
            (bottom - top, right - left),
            {"window": (left, top, right, bottom)},
        ),
        (np.ix_(rows, columns), (20, 30), {"rows": rows, "columns": columns}),
    ):
        target = np.empty((*size, 3), np.uint8)
        decoded.append(_core.decode_jpeg(data, target, **options))
        if decoded[-1]:
            assert expected is not None
            np.testing.assert_array_equal(target, expected[part])
    assert len(set(decoded)) == 1
    return decoded[0]


def check_files(count, seed):
    random = np.random.RandomState(seed)
    originals = list(seeds())
    decoded = 0
    for number in range(count):
        data = originals[number % len(originals)]
        for _ in range(random.randint(4)):
            data = changed(data, random)
        header = ordinary_jpeg(data)
        if header is not None and header.height * header.width < 1 << 20:
            decoded += check_parts(data, header, random)
    assert count // 3 < decoded < count


def test_parts_of_changed_files():
    check_files(300, 0)


@pytest.mark.slow
def test_parts_of_many_changed_files():
    check_files(5000, 1)
