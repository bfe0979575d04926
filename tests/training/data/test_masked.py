"""Pictures with masks, drawn or read."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from batchwarp.console.errors import UsageError
from batchwarp.training.data import scenes
from batchwarp.training.data.masked import drawn, read_folders


def test_drawn_parts_are_those_of_their_streams():
    sets = drawn(3, seed=5)
    assert list(sets) == ["training", "validation", "test"]
    for stream, pictures in enumerate(sets.values()):
        x, masks = scenes.draw_set(3, seed=5, stream=stream)
        np.testing.assert_array_equal(pictures.x, x)
        np.testing.assert_array_equal(pictures.masks, masks)
    assert sets["test"].sources == ["test picture 1", "test picture 2", "test picture 3"]


def test_folders_are_read_as_they_are_stored(masked_folders):
    sets, values = read_folders(*masked_folders, 48, None, seed=1)
    assert values == [0, 255]
    assert {name: len(one.x) for name, one in sets.items()} == {"training": 8, "validation": 2}
    x, masks = scenes.draw_set(10, seed=0, side=48)
    seen = set()
    for one in sets.values():
        for picture, mask, source in zip(one.x, one.masks, one.sources, strict=True):
            number = int(source.removeprefix("images/").removesuffix(".png"))
            np.testing.assert_array_equal(picture, x[number])
            np.testing.assert_array_equal(mask, masks[number] > 0)
            seen.add(number)
    assert seen == set(range(10))


def test_masks_that_are_resized_have_no_other_values(masked_folders):
    sets, values = read_folders(*masked_folders, 40, 4, seed=1)
    assert values == [0, 255]
    assert sets["training"].x.shape == (4, 40, 40, 3)
    assert set(np.unique(sets["training"].masks)) == {0, 1}


def test_the_seed_chooses_what_is_for_validation(masked_folders):
    chosen = {
        frozenset(read_folders(*masked_folders, 32, None, seed)[0]["validation"].sources)
        for seed in (0, 0, 1)
    }
    assert len(chosen) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _, masks: (masks / "3.png").unlink(), r"1 image without a mask.*3\.png"),
        (lambda images, _: (images / "3.png").write_bytes(b"no"), r"images/3\.png: "),
        (lambda _, masks: (masks / "3.png").write_bytes(b"no"), r"masks/3\.png: "),
        (
            lambda _, masks: [
                Image.new("RGB", (48, 48)).save(path) for path in sorted(masks.iterdir())
            ],
            "should have one channel.* Received: 3",
        ),
        (
            lambda _, masks: [
                Image.new("L", (48, 48)).save(path) for path in sorted(masks.iterdir())
            ],
            "from 2 to 256 values, one for each class. Received: 1",
        ),
        (
            lambda images, masks: [
                (folder / f"{number}.png").unlink()
                for folder in (images, masks)
                for number in range(6)
            ],
            "4 pictures are too few, 5 are needed",
        ),
    ],
    ids=["no mask", "broken picture", "broken mask", "colours", "one value", "too few"],
)
def test_what_is_wrong_with_folders_is_one_line(masked_folders, change, message):
    change(*masked_folders)
    with pytest.raises(UsageError, match=message) as error:
        read_folders(*masked_folders, 32, None, seed=0)
    assert "\n" not in str(error.value)


def test_folders_that_are_not_there(masked_folders, tmp_path):
    with pytest.raises(UsageError, match="missing: there is no such folder"):
        read_folders(masked_folders[0], tmp_path / "missing", 32, None, seed=0)
