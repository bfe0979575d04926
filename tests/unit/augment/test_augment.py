"""`batchwarp.Augment`."""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import batchwarp
from batchwarp import ops, runtime

RANDOM = np.random.default_rng(5)
X = RANDOM.integers(0, 256, (64, 20, 24, 3), np.uint8)
KEYS = RANDOM.permutation(1000)[:64]


def recipe(**options):
    return batchwarp.Augment(
        ops.Flip(0.5, 0.5),
        ops.Affine(rotation=30, zoom=0.2, shear=5, shift=0.1, p=0.9),
        ops.Perspective(0.2, p=0.5),
        ops.ColorJitter(0.2, 0.2, 0.2, 0.05),
        ops.OneOf(ops.Grayscale(), ops.Invert(), ops.ChannelDrop(), weights=(1, 2, 3)),
        ops.SomeOf((0, 2), ops.ChannelShift(), ops.Affine(rotation=5), ops.Hue(p=0.5)),
        ops.Gamma((0.5, 2), p=0.5),
        ops.RandAugment(2, magnitude=15),
        ops.Erase(p=0.5),
        ops.Normalize((120, 110, 100), 50),
        **{"seed": 7, "fill_mode": "reflect", **options},
    )


@pytest.fixture(scope="module")
def whole():
    return recipe()(X, keys=KEYS, epoch=3)


def test_results_are_of_the_dtype_and_size():
    for dtype in ("uint8", "float16", "float32", "float64"):
        y = batchwarp.Augment(ops.RandomCrop((8, 10)), seed=1, dtype=dtype)(X)
        assert y.shape == (64, 8, 10, 3)
        assert y.dtype == dtype


@pytest.mark.parametrize("size", [1, 7, 32])
def test_batches_of_any_size(whole, size):
    aug = recipe()
    parts = [
        aug(X[start : start + size], keys=KEYS[start : start + size], epoch=3)
        for start in range(0, len(X), size)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_any_order(whole):
    order = np.random.default_rng(1).permutation(len(X))
    np.testing.assert_array_equal(recipe()(X[order], keys=KEYS[order], epoch=3), whole[order])


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_any_number_of_threads(whole, threads):
    before = runtime.get_num_threads()
    runtime.set_num_threads(threads)
    try:
        np.testing.assert_array_equal(recipe()(X, keys=KEYS, epoch=3), whole)
    finally:
        runtime.set_num_threads(before)


def test_several_calls_at_once(whole):
    aug = recipe()
    with ThreadPoolExecutor(4) as pool:
        parts = pool.map(lambda at: aug(X[at : at + 1], keys=KEYS[at : at + 1], epoch=3), range(64))
    np.testing.assert_array_equal(np.concatenate(list(parts)), whole)


def test_another_process(whole):
    # What it is given comes from the package: it could not import this file.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        other = pool.submit(recipe(), X, KEYS, 3).result()
    np.testing.assert_array_equal(other, whole)


def test_copies(whole):
    aug = recipe()
    for other in (
        pickle.loads(pickle.dumps(aug)),
        copy.deepcopy(aug),
        batchwarp.Augment.from_config(json.loads(json.dumps(aug.get_config()))),
        eval(repr(aug), {**vars(ops), "Augment": batchwarp.Augment}),
    ):
        assert other == aug
        assert hash(other) == hash(aug)
        np.testing.assert_array_equal(other(X, keys=KEYS, epoch=3), whole)


def test_seeds_epochs_and_keys_matter(whole):
    for other in (
        recipe()(X, keys=KEYS, epoch=4),
        recipe(seed=8)(X, keys=KEYS, epoch=3),
        recipe(seed=7 + 2**32)(X, keys=KEYS, epoch=3),
        recipe()(X, keys=KEYS + 2**32, epoch=3),
        recipe()(X, keys=[str(key) for key in KEYS], epoch=3),
    ):
        different = (other != whole).any(axis=(1, 2, 3))
        assert different.mean() > 0.95


def test_the_same_sample_twice():
    y = recipe()(X[[3, 3, 4]], keys=["a", "a", "a"])
    np.testing.assert_array_equal(y[0], y[1])


def test_without_keys_images_are_numbered_on():
    aug = recipe()
    first, second = aug(X[:5]), aug(X[:5])
    assert (first != second).any()
    np.testing.assert_array_equal(first, recipe()(X[:5], keys=range(5)))
    np.testing.assert_array_equal(second, recipe()(X[:5], keys=range(5, 10)))
    # The number is pickled, but neither compared nor in a configuration.
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(aug))(X), recipe()(X, range(10, 74)))
    assert aug == recipe()
    np.testing.assert_array_equal(batchwarp.Augment.from_config(aug.get_config())(X[:5]), first)
    # Keys do not count.
    aug(X, keys=KEYS)
    np.testing.assert_array_equal(aug(X[:2]), recipe()(X[:2], keys=[10, 11]))


def test_without_a_seed_one_is_drawn_once():
    one, other = batchwarp.Augment(ops.Flip()), batchwarp.Augment(ops.Flip())
    assert one.seed != other.seed
    assert one != other
    assert pickle.loads(pickle.dumps(one)) == one
    assert 0 <= one.seed < 2**64


def test_it_never_changes():
    aug = recipe()
    for name in ("seed", "operations", "other"):
        with pytest.raises(AttributeError):
            setattr(aug, name, 3)


def test_draws_are_uniform_and_independent():
    """Which images are flipped, in both directions, over samples and epochs."""
    count = 100_000
    aug = batchwarp.Augment(ops.Flip(0.5, 0.5), ops.Flip(0.5, 0), seed=3)
    corners = np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1)
    y = aug(np.broadcast_to(corners, (count, 2, 2, 1)), keys=np.arange(count))
    seen = np.bincount(y[:, 0, 0, 0].astype(int), minlength=4)
    assert (np.abs(seen - count / 4) < 5 * np.sqrt(count * 3 / 16)).all()
    other = aug(np.broadcast_to(corners, (count, 2, 2, 1)), keys=np.arange(count), epoch=1)
    flips = (y[:, 0, 0, 0] >= 2).astype(float)
    for later in (np.roll(flips, 1), (other[:, 0, 0, 0] >= 2).astype(float)):
        assert abs(np.corrcoef(flips, later)[0, 1]) < 5 / np.sqrt(count)


def test_layouts():
    last = recipe()(X, keys=KEYS)
    first = recipe(data_format="channels_first")(np.moveaxis(X, -1, 1), keys=KEYS)
    # What is done to either rounds a little differently.
    np.testing.assert_allclose(np.moveaxis(first, 1, -1), last, rtol=0, atol=0.001 / 50)
    strided = np.zeros((64, 40, 24, 3), np.uint8)[:, ::2]
    strided[...] = X
    np.testing.assert_array_equal(recipe()(strided, keys=KEYS), last)


def test_inputs_are_left_alone():
    before = X.copy()
    recipe()(X)
    np.testing.assert_array_equal(X, before)


def test_no_images():
    assert recipe()(X[:0]).shape == (0, 20, 24, 3)
    assert batchwarp.Augment(ops.Resize((3, 4)))(X[:0], keys=[]).shape == (0, 3, 4, 3)


def test_no_operations():
    np.testing.assert_array_equal(batchwarp.Augment()(X), X.astype(np.float32))


def test_labels_go_along():
    labels = np.arange(64)
    found = batchwarp.Augment(ops.Flip(), seed=1)(X, labels=labels)
    assert set(found) == {"images", "labels"}
    assert found["labels"] is labels


@pytest.mark.parametrize("make", [ops.MixUp, ops.CutMix])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_mixing(make, data_format):
    constant = np.broadcast_to(np.arange(64, dtype=np.float32)[:, None, None, None], (64, 8, 8, 3))
    if data_format == "channels_first":
        constant = np.moveaxis(constant, -1, 1)
    aug = batchwarp.Augment(make(1.0, num_classes=64), seed=5, data_format=data_format)
    found = aug(constant, keys=KEYS, labels=np.arange(64))
    assert found["labels"].shape == (64, 64)
    np.testing.assert_allclose(found["labels"].sum(axis=1), 1, atol=1e-6)
    means = found["images"].mean(axis=(1, 2, 3))
    np.testing.assert_allclose(means, found["labels"] @ np.arange(64), atol=1e-3)
    assert (found["labels"].max(axis=1) < 0.99).mean() > 0.5
    again = aug(constant, keys=KEYS, labels=np.arange(64))
    np.testing.assert_array_equal(found["images"], again["images"])
    other = aug(constant, keys=KEYS, labels=np.arange(64), epoch=1)
    assert (found["images"] != other["images"]).any()


def test_mixing_with_a_probability():
    aug = batchwarp.Augment(ops.MixUp(1.0, num_classes=2, p=0.25), seed=5)
    x = RANDOM.random((1000, 2, 2, 1), np.float32)
    y = aug(x, labels=np.zeros(1000, int))["images"]
    assert 0.2 < (y != x).any(axis=(1, 2, 3)).mean() < 0.3


WRONG_ARGUMENTS = [
    ({"seed": -1}, "seed"),
    ({"seed": 2**64}, "seed"),
    ({"seed": 0.5}, "seed"),
    ({"fill_mode": "mirrored"}, "fill_mode"),
    ({"cval": float("nan")}, "cval"),
    ({"order": 6}, "order"),
    ({"dtype": "int8"}, "dtype"),
    ({"dtype": "uint8"}, "dtype"),  # beside Normalize
    ({"value_range": (1, 0)}, "value_range"),
    ({"value_range": 255}, "value_range"),
    ({"fused": "no"}, "fused"),
    ({"data_format": "rows"}, "data_format"),
]


@pytest.mark.parametrize(("options", "name"), WRONG_ARGUMENTS, ids=repr)
def test_wrong_arguments(options, name):
    with pytest.raises(ValueError, match=f"`{name}`"):
        recipe(**options)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (X[0], ValueError, "rank 4.*x\\[np.newaxis\\]"),
        (X[..., :2], ValueError, "needs images of 1 or 3 channels|needs images of 3 channels"),
        (X.astype(np.float32), ValueError, r"`value_range` of `Augment`.*ColorJitter"),
        (X.astype(np.int32), TypeError, "Received: int32"),
        (X[:, :0], ValueError, "images with pixels"),
        ("images", ValueError, "rank 4"),
        (None, TypeError, "`x` should be an array"),
    ],
    ids=["rank", "channels", "range", "dtype", "empty", "string", "none"],
)
def test_wrong_images(x, error, message):
    with pytest.raises(error, match=message):
        recipe()(x)


def test_other_wrong_arguments_of_calls():
    with pytest.raises(ValueError, match="`epoch` should be"):
        recipe()(X, epoch=-1)
    with pytest.raises(ValueError, match="`keys` should be one for each"):
        recipe()(X, keys=[1])
    with pytest.raises(ValueError, match=r"`labels` should be given for MixUp\(\)"):
        batchwarp.Augment(ops.MixUp())(X)
    with pytest.raises(ValueError, match=r"at most 512 with all that policies.*Received: 663"):
        batchwarp.Augment(*[ops.RandAugment(17)] * 3)(X)
    for shape in (16, (16, 16)):
        with pytest.raises(ValueError, match="`shape` should be a tuple of three integers"):
            recipe().plan(shape)
    aug = recipe()
    with pytest.raises(ValueError, match="`labels` should be one for each"):
        aug(X, labels=[1])
    np.testing.assert_array_equal(aug(X[:1]), recipe()(X[:1]))  # nothing was counted


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (3, "should be a dictionary"),
        ({"sede": 3}, "unknown key 'sede'. Accepted are 'operations', 'seed'"),
        ({"operations": 3}, "list of dictionaries"),
        ({"operations": [{"operation": "Hues"}]}, "Received: 'Hues'"),
        ({"order": 7}, "`order`"),
    ],
    ids=repr,
)
def test_wrong_configurations(config, message):
    with pytest.raises(ValueError, match=message):
        batchwarp.Augment.from_config(config)


def test_names_of_files_that_are_no_text_are_keys():
    x, names = X[:2], ["\udcff.png", "\udcfe.png"]
    first, _ = recipe()(x, keys=names)
    assert not np.array_equal(*recipe()(X[[0, 0]], keys=names))
    np.testing.assert_array_equal(recipe()(x[::-1], keys=names[::-1])[1], first)


def test_sequences_may_be_deep():
    """Each level asked twice what becomes of sizes within it."""
    deep = ops.CenterCrop(5)
    for _ in range(100):
        deep = ops.Sequential(deep)
    np.testing.assert_array_equal(
        batchwarp.Augment(deep, seed=0)(X), batchwarp.Augment(ops.CenterCrop(5), seed=0)(X)
    )


def test_a_configuration_may_be_short():
    aug = batchwarp.Augment.from_config({"operations": [{"operation": "Flip"}], "seed": 3})
    assert aug == batchwarp.Augment(ops.Flip(), seed=3)


def test_floating_point_images_with_a_range():
    x = X.astype(np.float32) / 255
    aug = batchwarp.Augment(ops.Brightness((1.5, 1.5)), seed=0, value_range=(0, 1))
    np.testing.assert_allclose(aug(x), np.minimum(x * 1.5, 1), atol=1e-6)


def test_plans_are_kept():
    aug = recipe()
    aug(X)
    (plan,) = aug._plans.values()
    aug(X[:3])
    assert list(aug._plans.values()) == [plan]
    aug(X[:, :18])
    assert len(aug._plans) == 2


def test_the_plan_of_operations():
    aug = recipe()
    table = aug.plan(shape=(224, 224, 3))
    text = str(table)
    assert [row.operations.split("(")[0] for row in table] == [
        "Flip",
        "ColorJitter",
        "Gamma",
        "RandAugment",
        "Erase",
        "Normalize",
    ]
    assert "SomeOf" in table[0].operations  # whose rotation is of the map
    assert "SomeOf" in table[1].operations  # whose colours are linear
    assert table[1].cost == "1 pass, and 1 before it for the mean grey"
    assert table[-1].cost == "none"
    assert text.splitlines()[0].split() == ["operations", "are", "done", "as", "cost"]
    with pytest.raises(ValueError, match="`shape`"):
        aug.plan(shape=(224, 224))
    with pytest.raises(ValueError, match="3 channels"):
        aug.plan(shape=(224, 224, 2))


def test_the_plan_shows_what_breaks_runs():
    colours = (ops.Brightness(), ops.Hue(), ops.Erase(), ops.Saturation(), ops.Invert())
    rows = batchwarp.Augment(*colours).plan((8, 8, 3))
    assert [row.operations for row in rows] == [
        "Brightness(), Hue()",
        "Erase()",
        "Saturation(), Invert()",
    ]
    apart = batchwarp.Augment(*colours, fused=False).plan((8, 8, 3))
    assert [row.operations for row in apart] == [repr(one) for one in colours]
    (noise, rest) = batchwarp.Augment(ops.GaussianNoise(), ops.Standardize()).plan((8, 8, 3))
    assert noise.cost == "1 pass"
    assert rest.cost == "1 pass, and 1 before it for the mean and the deviation"
    head = batchwarp.Augment(ops.Resize(8), ops.Flip()).plan((16, 16, 3))
    assert [row.operations for row in head] == ["Resize(8)", "Flip()"]
    assert "triangle" in head[0].how


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_contrast_in_bytes_is_exact(channels):
    """White stays white, and what is a whole number is not truncated to the one below."""
    aug = batchwarp.Augment(ops.AutoContrast(), seed=0, dtype="uint8")
    for low, high in [(start, end) for start in (0, 7) for end in range(start + 1, 256)]:
        ramp = np.arange(low, high + 1, dtype=np.uint8)
        x = np.repeat(ramp, channels).reshape(1, 1, -1, channels)
        expected = (x.astype(int) - low) * 255 // (high - low)
        np.testing.assert_array_equal(aug(x), expected, err_msg=f"{low} to {high}")
