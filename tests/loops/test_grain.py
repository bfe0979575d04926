"""Operations in pipelines of Grain: keys and epochs, whatever threads and workers there are."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from batchwarp import Augment, ops
from batchwarp.grain import MapTransform, RandomMapTransform

grain = pytest.importorskip("grain", reason="the transforms are for its pipelines")

N = 13
X = np.random.RandomState(0).randint(0, 256, (N, 10, 12, 3)).astype("uint8")
AUGMENT = Augment(ops.Affine(rotation=30), ops.Flip(horizontal=0.5), seed=7)


def elements(**others):
    columns = {"image": X, "label": np.arange(N), **others}
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def dataset(transform, source=None):
    return grain.MapDataset.source(source or elements()).map_with_index(transform)


def test_epochs_and_places_are_grains():
    ds = dataset(MapTransform(AUGMENT, samples=N)).shuffle(seed=3).repeat(2)
    for epoch in range(2):
        seen = []
        for place in range(N):
            element = ds[epoch * N + place]
            sample = int(element["label"])
            seen.append(sample)
            expected = AUGMENT(X[sample][np.newaxis], keys=[sample], epoch=epoch)[0]
            np.testing.assert_array_equal(element["image"], expected)
        assert sorted(seen) == list(range(N))


@pytest.mark.parametrize("threads", [0, 4])
def test_threads_make_no_difference(threads):
    ds = dataset(MapTransform(AUGMENT, samples=N)).shuffle(seed=3).repeat(2)
    options = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=threads)
    for element, expected in zip(
        ds.to_iter_dataset(options), (ds[i] for i in range(2 * N)), strict=True
    ):
        np.testing.assert_array_equal(element["image"], expected["image"])


def test_images_alone_and_batches():
    ds = dataset(MapTransform(AUGMENT, samples=N, column=None), list(X)).batch(4)
    np.testing.assert_array_equal(ds[1], AUGMENT(X[4:8], keys=range(4, 8)))


def test_keys_of_elements():
    names = [f"{row}.jpg" for row in range(N)]
    ds = dataset(MapTransform(AUGMENT, samples=N, key_column="path"), elements(path=names))
    np.testing.assert_array_equal(ds[2]["image"], AUGMENT(X[2:3], keys=["2.jpg"])[0])


def test_what_moves_with_images():
    masks, boxes = X[..., 0], np.tile([[[1.0, 2, 6, 7]]], (N, 1, 1))
    points = np.tile([[[3.0, 4.0]]], (N, 1, 1))
    source = elements(mask=masks, box=boxes, point=points)
    transform = MapTransform(AUGMENT, samples=N, masks="mask", boxes="box", keypoints="point")
    expected = AUGMENT(X, keys=range(N), masks=masks, boxes=boxes, keypoints=points)
    element = dataset(transform, source)[5]
    for name, target in (("image", "images"), ("mask", "masks"), ("box", "boxes")):
        np.testing.assert_array_equal(element[name], expected[target][5])
    np.testing.assert_array_equal(element["point"], expected["keypoints"][5])
    assert element["label"] == 5
    np.testing.assert_array_equal(source[5]["image"], X[5])


def loader(workers, seed=1):
    return grain.DataLoader(
        data_source=elements(),
        sampler=grain.samplers.IndexSampler(N, shuffle=True, seed=seed, num_epochs=2),
        operations=[RandomMapTransform(AUGMENT)],
        worker_count=workers,
    )


def test_loaders_draw_by_record():
    first, again, other = (list(loader(0, seed)) for seed in (1, 1, 2))
    images = [
        {(int(one["label"]), one["image"].tobytes()) for one in made}
        for made in (first, again, other)
    ]
    assert len(images[0]) == 2 * N  # no epoch repeats another
    assert images[0] == images[1] != images[2]


def test_workers_of_loaders_make_no_difference():
    pytest.importorskip("absl.flags").FLAGS.mark_as_parsed()  # Grain's workers look at them
    plain, made = list(loader(0)), list(loader(2))
    key = lambda one: (int(one["label"]), one["image"].tobytes())  # noqa: E731
    assert sorted(map(key, made)) == sorted(map(key, plain))


@pytest.mark.parametrize("kind", [MapTransform, RandomMapTransform])
def test_they_are_grains_and_can_be_pickled(kind):
    transform = kind(AUGMENT, **({"samples": N} if kind is MapTransform else {}))
    other = pickle.loads(pickle.dumps(transform))
    kinds = grain.transforms
    for one in (transform, other):
        assert isinstance(one, kinds.MapWithIndex) == isinstance(one, MapTransform)
        assert isinstance(one, kinds.RandomMap) == isinstance(one, RandomMapTransform)
    if isinstance(transform, MapTransform):
        one, two = (each(3, {"image": X[3]})["image"] for each in (transform, other))
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"augment": ops.Flip()}, TypeError, r"`augment` should be a `batchwarp\.Augment`.*Flip"),
        (
            {"augment": Augment(ops.MixUp(num_classes=3), seed=1)},
            ValueError,
            "should do without operations that mix images.*MixUp",
        ),
        ({"samples": 0}, ValueError, "`samples` should be an integer of at least 1"),
        ({"column": None, "masks": "mask"}, ValueError, "`masks` needs elements that are dict"),
    ],
)
def test_what_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        MapTransform(**{"augment": AUGMENT, "samples": N} | arguments)


@pytest.mark.parametrize(
    ("element", "error", "message"),
    [
        (X[0], TypeError, "should be dictionaries, or images for `column=None`.*ndarray"),
        ({"pixels": X[0]}, ValueError, "should have what is called 'image'. Received: 'pixels'"),
        ({"image": X}, ValueError, r"single images of three axes.*\(13, 10, 12, 3\)"),
    ],
)
def test_elements_that_are_refused(element, error, message):
    with pytest.raises(error, match=message):
        MapTransform(AUGMENT, samples=N)(0, element)
