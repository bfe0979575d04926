"""The published generator, and the numbers of `docs/semantics.md` that are made from it."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp._reference.philox import operation_of, philox4x32, sample_of, text_hash, uniform

FULL = 0xFFFFFFFF
# Random123's kat_vectors for philox4x32, 10 rounds.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((FULL,) * 4, (FULL,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "output"), KNOWN)
def test_known_answers(counter, key, output):
    assert philox4x32(counter, key) == output


def test_the_example_of_the_documentation():
    assert philox4x32((5, 0, 3, 1 << 16), (7, 0)) == (
        0xFC5AF31B,
        0xB5DD0B40,
        0x9C07F043,
        0xADF3BA56,
    )
    u = uniform(seed=7, sample=5, epoch=3, operation=1, number=0)
    assert u == 0.710404113164582
    assert -20 + 40 * u == 8.41616452658328


def test_hashes_of_the_documentation():
    assert text_hash("cats/0001.jpg") == 0xCE3FAF02F2906AFD
    assert operation_of(4, "colours") == 0xB01C
    assert operation_of(4, None) == 4
    sample = sample_of("cats/0001.jpg")
    assert uniform(7, sample, 3, 1, 256 * 2 + 255) == 0.033523497841304484


def test_integers_count_modulo_two_to_the_64th():
    assert sample_of(-1) == 2**64 - 1
    assert sample_of(2**64 + 3) == sample_of(np.uint64(3)) == 3


def test_all_parts_of_a_counter_matter():
    one = (7, 5, 3, 1, 0)
    others = [(*one[:i], one[i] + high, *one[i + 1 :]) for i in range(2) for high in (1, 2**32)]
    others += [(*one[:i], one[i] + 1, *one[i + 1 :]) for i in range(2, 5)]
    assert len({uniform(*each) for each in [one, *others]}) == len(others) + 1
