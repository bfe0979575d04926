"""What `batchwarp preview` draws over images."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="its font is drawn with")

from batchwarp.cli import preview_overlay
from batchwarp.cli.preview_overlay import Overlay, draw_over

SIZE = (60, 80)


def grey(height=180, width=240):
    return np.full((height, width, 3), 0.5, np.float32)


def changed(overlay, size=SIZE):
    """Where something is drawn, and the picture."""
    image = draw_over(grey(), overlay, size)
    return (np.abs(image - 0.5) > 0.01).any(axis=2), image


def test_nothing_changes_without_an_overlay():
    assert not changed(Overlay())[0].any()
    nothing = Overlay(
        masks=[np.zeros(SIZE, np.uint8)],
        boxes=np.full((2, 4), -1.0),
        labels=np.full(2, -1),
        keypoints=np.full((3, 2), np.nan),
        class_names=["a"],
        keypoint_names=["x", "y", "z"],
    )
    assert not changed(nothing)[0].any()
    assert nothing.legend() == {}


def test_a_mask_is_translucent_within_an_opaque_edge():
    mask = np.zeros(SIZE, np.uint8)
    mask[10:30, 20:50] = 1
    mask[30:50, 20:50] = 2
    where, image = changed(Overlay(masks=[mask]))
    expected = np.repeat(np.repeat(mask > 0, 3, axis=0), 3, axis=1)
    np.testing.assert_array_equal(where, expected)
    first, second = (np.array(one) / 255 for one in preview_overlay._COLOURS[:2])
    np.testing.assert_allclose(image[60, 100], 0.5 + (first - 0.5) / 2, atol=0.01)
    np.testing.assert_allclose(image[120, 100], 0.5 + (second - 0.5) / 2, atol=0.01)
    np.testing.assert_allclose(image[30, 100], first, atol=0.01)
    np.testing.assert_allclose(image[90, 100], second, atol=0.01)


def test_a_mask_is_brought_to_the_size_that_is_shown():
    mask = np.zeros((4, 4), np.uint16)
    mask[0, 0] = 300
    where, _ = changed(Overlay(masks=[mask]), (4, 4))
    assert where[:45, :60].all()
    assert where.sum() == 45 * 60


def test_boxes_are_drawn_along_their_edges():
    boxes = np.array([[10.0, 20, 50, 40], [-1, -1, -1, -1]])
    where, _ = changed(Overlay(boxes=boxes, labels=np.array([3, -1])))
    wanted = np.zeros(where.shape, bool)
    wanted[60:120, 30:150] = True
    wanted[62:118, 32:148] = False
    np.testing.assert_array_equal(where, wanted)


def test_a_box_beyond_the_image_or_without_pixels_is_drawn_as_far_as_it_is_seen():
    boxes = np.array([[-20.0, -20, 100, 100], [5, 5, 5.01, 5.01]])
    where, _ = changed(Overlay(boxes=boxes, labels=np.array([0, 1])))
    assert where[15, 15]
    assert where.sum() <= 16  # the tiny one; of the large one all edges are outside


def test_keypoints_are_dots_of_the_colours_of_their_names():
    points = np.array([[10.0, 20], [np.nan, np.nan], [50, 40], [10, 50]])
    overlay = Overlay(keypoints=points, keypoint_names=["nose", "tail"])
    where, image = changed(overlay)
    for x, y in points[[0, 2, 3]]:
        place = round((y + 0.5) * 3), round((x + 0.5) * 3)
        assert where[place]
    near = [tuple(image[round((y + 0.5) * 3), round((x + 0.5) * 3)]) for x, y in points[[0, 2, 3]]]
    assert near[0] == near[1] != near[2]
    assert [text for _, text in overlay.legend().values()] == ["• nose", "• tail"]


@pytest.mark.parametrize("seed", range(10))
def test_names_never_overlap_and_stay_within_the_picture(monkeypatch, seed):
    random = np.random.default_rng(seed)
    corners = np.sort(random.uniform(0, 60, (12, 2, 2)), axis=1)
    boxes = corners.reshape(12, 4)
    names = ["person", "traffic light", "a name that is far too long for any picture of all"]
    overlay = Overlay(boxes=boxes, labels=random.integers(0, 3, 12), class_names=names)
    placed = []

    def keep(self, place, *args, fill=None, **kwargs):
        if fill is not None:
            placed.append(place)

    monkeypatch.setattr("PIL.ImageDraw.ImageDraw.rectangle", keep)
    draw_over(grey(), overlay, SIZE)
    assert len(placed) >= 4
    for left, top, right, bottom in placed:
        assert left >= 0
        assert top >= 0
        assert right < 240
        assert bottom < 180
    for one, other in itertools.combinations(placed, 2):
        beside = one[2] < other[0] or other[2] < one[0]
        assert beside or one[3] < other[1] or other[3] < one[1]


def test_the_legend_has_what_there_is():
    mask = np.array([[0, 2], [3, 0]])
    overlay = Overlay(
        masks=[mask],
        boxes=np.array([[0.0, 0, 1, 1], [-1, -1, -1, -1]]),
        labels=np.array([0, 3]),
        class_names=["cat", "dog"],
    )
    assert {number: text for (_, number), (_, text) in overlay.legend().items()} == {
        0: "cat",
        1: "dog",
        2: "3",
    }


def test_colours_can_be_told_apart():
    colours = np.array(preview_overlay._COLOURS, float)
    first = colours[:10]
    distances = np.linalg.norm(first[:, None] - first[None], axis=2)
    assert distances[~np.eye(10, dtype=bool)].min() > 75
    assert len(set(preview_overlay._COLOURS)) == 20
