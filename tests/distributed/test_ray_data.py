"""Blocks of a Ray dataset are augmented alike, whoever has them and in whatever order."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp import ops

RECIPE = (ops.Affine(rotation=40, zoom=(0.8, 1.2)), ops.Flip(0.5), ops.Brightness(0.3))
X = np.random.default_rng(0).integers(0, 256, (24, 12, 10, 3), dtype=np.uint8)

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own


@pytest.fixture(scope="module")
def data(ray):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("ray.data", reason="it has the datasets")
        context = module.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        return module


@pytest.fixture
def folder(tmp_path):
    for number, image in enumerate(X):
        # Of three sizes, two images after the other.
        Image.fromarray(image[: 12 - number // 2 % 3]).save(tmp_path / f"{number:02}.png")
    return tmp_path


def rows(dataset):
    return {row["path"]: row["image"] for row in dataset.take_all()}


def equal(first, second):
    assert first.keys() == second.keys()
    for key, one in first.items():
        assert one.dtype == second[key].dtype
        np.testing.assert_array_equal(one, second[key])


def test_blocks_and_order_do_not_matter(data, folder):
    augment = batchwarp.ray.Augment(*RECIPE, seed=7, root=folder)
    images = data.read_images(str(folder), include_paths=True, mode="RGB")
    plain = batchwarp.Augment(*RECIPE, seed=7, dtype="uint8")
    wanted = {
        str(folder / f"{number:02}.png"): plain(
            image[None, : 12 - number // 2 % 3], [f"{number:02}.png"]
        )[0]
        for number, image in enumerate(X)
    }
    options = {"batch_format": "numpy", "batch_size": 5}
    equal(rows(images.map_batches(augment, **options)), wanted)
    shuffled = images.random_shuffle(seed=3).repartition(7)
    equal(rows(shuffled.map_batches(augment, **options)), wanted)
    again = images.map_batches(augment, fn_kwargs={"epoch": 1}, **options)
    assert not np.array_equal(rows(again)[str(folder / "00.png")], wanted[str(folder / "00.png")])


def test_actors_are_made_of_the_class(data, folder):
    images = data.read_images(str(folder), include_paths=True, mode="RGB")
    made = images.map_batches(
        batchwarp.ray.Augment,
        fn_constructor_args=RECIPE,
        fn_constructor_kwargs={"seed": 7},
        compute=data.ActorPoolStrategy(size=2),
        num_cpus=1,
        batch_format="numpy",
    )
    augment = batchwarp.ray.Augment(*RECIPE, seed=7)
    equal(rows(made), rows(images.map_batches(augment, batch_format="numpy", batch_size=3)))


class Counting(batchwarp.ray.Augment):
    def __call__(self, batch, epoch=None):
        made = super().__call__(batch, epoch)
        count = batchwarp.runtime.get_num_threads()
        return {"threads": np.full(len(made["image"]), count)}


@pytest.mark.parametrize("processors", [1, 3])
def test_threads_are_those_of_the_task(data, processors):
    images = data.from_items([{"image": one, "path": str(i)} for i, one in enumerate(X)])
    augment = Counting(*RECIPE, seed=7)
    made = images.map_batches(augment, batch_format="numpy", num_cpus=processors)
    assert {row["threads"] for row in made.take_all()} == {processors}


def test_boxes_and_masks_of_blocks(data):
    items = [
        {
            "image": one[: 12 - i % 2],
            "path": str(i),
            "mask": one[: 12 - i % 2, :, 0],
            "box": np.array([[1, 1, 5, 5]] * (i % 3), np.float32).reshape(-1, 4),
        }
        for i, one in enumerate(X)
    ]
    augment = batchwarp.ray.Augment(*RECIPE, seed=7, masks="mask", boxes="box")
    made = data.from_items(items).repartition(5).map_batches(augment, batch_format="numpy")
    found = {row["path"]: row for row in made.take_all()}
    for item in items:
        alone = augment({name: [value] for name, value in item.items()})
        for name in ("image", "mask", "box"):
            np.testing.assert_array_equal(found[item["path"]][name], alone[name][0])
