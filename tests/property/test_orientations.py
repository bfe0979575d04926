"""Orientations that the core reads in EXIF data of any kind: what Pillow finds, and no others."""

from __future__ import annotations

import io
import struct
import warnings

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from batchwarp import _core
from batchwarp.files.orientation import stored_orientation
from image_files import picture

EXAMPLES = settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])


def saved(**options):
    content = io.BytesIO()
    picture(9, 14).save(content, "jpeg", **options)
    return content.getvalue()


PLAIN = saved()
WITH_RESOLUTION = saved(dpi=(72, 72))


def segment(content, code=0xE1):
    return bytes((0xFF, code)) + (len(content) + 2).to_bytes(2, "big") + content


def with_segments(pieces, file=PLAIN):
    return file[:2] + b"".join(map(segment, pieces)) + file[2:]


@st.composite
def directories(draw):
    """EXIF data with an orientation among other entries, sound or not quite."""
    order = draw(st.sampled_from("<>"))
    entries = draw(
        st.lists(
            st.tuples(
                st.sampled_from([0x0112, 0x010F, 0x011A, 0x0128, 0x8769, 0xC000]),
                st.integers(0, 17),
                st.integers(0, 5) | st.integers(0, 2**32 - 1),
                st.integers(0, 120) | st.integers(0, 2**32 - 1),
            ),
            max_size=4,
        )
    )
    value = draw(st.integers(0, 10))
    place = draw(st.integers(0, len(entries)))
    entries.insert(place, (0x0112, 3, 1, value if order == "<" else value << 16))
    start = draw(st.sampled_from([8, 8, 8, 12]))
    data = (b"II" if order == "<" else b"MM") + struct.pack(order + "HL", 42, start)
    data += bytes(start - 8) + struct.pack(order + "H", len(entries))
    data += b"".join(struct.pack(order + "HHLL", *entry) for entry in entries)
    data += bytes(4 + draw(st.integers(0, 60)))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(data)))
        change = draw(st.sampled_from(["byte", "cut"]))
        data = (
            data[:at]
            if change == "cut"
            else data[:at] + draw(st.binary(max_size=1)) + data[at + 1 :]
        )
    return b"Exif\0\0" + data


XMP = st.sampled_from(
    [
        b"http://ns.adobe.com/xap/1.0/\0<x/>",
        b'http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="6"/>',
        b"http://ns.adobe.com/xap/1.0/\0<tiff:Orientation>8</tiff:Orientation>",
        b"http://ns.adobe.com/xmp/extension/\0tiff:Orientation",
    ]
)


def assert_as_pillow_finds_it(data):
    found = _core.jpeg_orientation(data)
    if found is None:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other entries
        try:
            stored = stored_orientation(data)
        except Image.UnidentifiedImageError:  # some resolutions are more than it can take
            return False
    assert found == (stored if 1 <= stored <= 8 else 1)
    return True


@EXAMPLES
@given(
    st.lists(directories() | XMP | st.binary(max_size=40), max_size=3),
    st.sampled_from([PLAIN, WITH_RESOLUTION]),
)
def test_orientations(pieces, file):
    assert_as_pillow_finds_it(with_segments(pieces, file))


def test_most_of_what_is_sound_is_found():
    """Otherwise the test above would say nothing."""
    for order, mark in (("<", b"II"), (">", b"MM")):
        for value in range(10):
            data = b"Exif\0\0" + mark + struct.pack(order + "HLH", 42, 8, 2)
            data += struct.pack(order + "HHLHH", 0x0112, 3, 1, value, 0)
            data += struct.pack(order + "HHLL", 0x011A, 5, 1, 38) + bytes(4) + b"\0\0\0\1" * 2
            for file in (PLAIN, WITH_RESOLUTION):
                assert assert_as_pillow_finds_it(with_segments([data], file))
    assert assert_as_pillow_finds_it(PLAIN)


def test_what_pillow_writes():
    for value in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = value
        exif[0x010F] = "a camera"
        exif[0x0132] = "2020:02:02 02:02:02"
        exif.get_ifd(0x8769)[0x9003] = "2020:02:02 02:02:02"
        files = [saved(exif=exif), saved(exif=exif, progressive=True, dpi=(300, 300))]
        several = io.BytesIO()  # as cameras keep a second picture
        picture(9, 14).save(
            several, "MPO", save_all=True, append_images=[picture(9, 14)], exif=exif
        )
        for data in (*files, several.getvalue()):
            assert _core.jpeg_orientation(data) == value
            assert assert_as_pillow_finds_it(data)
            with Image.open(io.BytesIO(data)) as image:
                assert ImageOps.exif_transpose(image).size == ((14, 9) if value < 5 else (9, 14))
