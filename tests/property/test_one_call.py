"""Batches that the core draws and makes in one call are those of several."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from batchwarp import ImageDataGenerator, ops
from batchwarp.augment.pipeline import Pipeline

N = 23
X = np.random.default_rng(3).integers(0, 256, (N, 9, 12, 3), np.uint8)
Y = np.arange(N)
WEIGHTS = np.linspace(0, 1, N)

SETTINGS = {
    "nothing": {},
    "rescale": {"rescale": 1 / 255},
    "all": {
        "rotation_range": 30,
        "width_shift_range": 0.2,
        "height_shift_range": 2,
        "shear_range": 5,
        "zoom_range": 0.2,
        "channel_shift_range": 9.0,
        "brightness_range": (0.5, 1.5),
        "horizontal_flip": True,
        "fill_mode": "reflect",
        "rescale": 1 / 255,
        "samplewise_center": True,
    },
    "lists": {"width_shift_range": [-2, 3], "height_shift_range": [0.1, 0.3]},
    "splines": {"rotation_range": 20, "interpolation_order": 3, "vertical_flip": True},
    "first": {"rotation_range": 20, "data_format": "channels_first"},
    "operations": {"operations": [ops.Flip(0.5), ops.RandomCrop(8), ops.Invert(p=0.5)]},
    "operations behind": {"rotation_range": 20, "operations": [ops.Brightness(0.3)]},
    "operations apart": {"brightness_range": (0.5, 1.5), "operations": [ops.RandomCrop(8)]},
    "mixed": {"horizontal_flip": True, "operations": [ops.MixUp(0.4, num_classes=N)]},
    "keyed": {"rotation_range": 20, "horizontal_flip": True, "draws": "keyed"},
    "keyed choices": {
        "width_shift_range": 3,
        "draws": "keyed",
        "operations": [ops.Posterize(p=0.5)],
    },
    "keyed lists": {"height_shift_range": [0.2, 0.3], "draws": "keyed"},
    "keyed nothing": {"draws": "keyed"},
}
FLOWS = {
    "seeded": {"seed": 4},
    "global": {},
    "uint8": {"seed": 4, "dtype": "uint8"},
    "float64": {"seed": 4, "dtype": "float64"},
    "subset": {"seed": 4, "subset": "training", "ignore_class_split": True},
    "validation": {"seed": 4, "subset": "validation", "ignore_class_split": True},
    "shard": {"seed": 4, "shard": (1, 2)},
    "ahead": {"seed": 4, "prefetch": 2},
    "ahead of all": {"prefetch": 2},
    "weights": {"seed": 4, "sample_weight": WEIGHTS},
}


@pytest.fixture
def in_several_calls(monkeypatch):
    """Has pipelines make batches in several calls, as those for other flows do."""
    return lambda: monkeypatch.setattr(Pipeline, "_maker_of", lambda *_: None)


def flow_of(settings, arguments):
    x = X.transpose(0, 3, 1, 2) if settings.get("data_format") == "channels_first" else X
    dtype = {name: value for name, value in arguments.items() if name == "dtype"}
    rest = {name: value for name, value in arguments.items() if name != "dtype"}
    return ImageDataGenerator(**settings, **dtype, validation_split=0.3).flow(x, Y, 5, **rest)


def batches_of(settings, arguments, count=11):
    """Returns batches and where the global state is behind them; no batch if there is an error."""
    np.random.seed(99)
    flow = flow_of(settings, arguments)
    flow._key = 2**50 + 1
    try:
        made = [next(flow)]
    except TypeError as error:  # bytes cannot be standardised
        return [], str(error)
    made += [next(flow) for _ in range(count)]
    if flow.prefetch:  # the state is where its thread is
        return made, None
    made += [flow[0], flow[1]]
    flow.on_epoch_end()
    made.append(flow[0])
    return made, np.random.get_state()[1:3]


@pytest.fixture(autouse=True)
def keep_the_global_state():
    saved = np.random.get_state()
    yield
    np.random.set_state(saved)


@pytest.mark.parametrize("arguments", FLOWS.values(), ids=FLOWS)
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_batches_are_the_same(settings, arguments, in_several_calls):
    one, state = batches_of(settings, arguments)
    in_several_calls()
    several, other_state = batches_of(settings, arguments)
    for made, expected in zip(one, several, strict=True):
        assert len(made) == len(expected)
        for array, other in zip(made, expected, strict=True):
            assert array.dtype == other.dtype
            np.testing.assert_array_equal(array, other)
    np.testing.assert_equal(state, other_state)


@pytest.mark.parametrize("name", ["nothing", "all", "lists", "keyed", "operations behind"])
def test_it_is_one_call(name):
    flow = flow_of(SETTINGS[name], {"seed": 1})
    assert flow._fused().maker is not None


@pytest.mark.parametrize(
    "settings",
    [
        {"preprocessing_function": abs},
        {"zca_whitening": True, "featurewise_center": True},
        {"featurewise_center": True},
        {"width_shift_range": 2**60},
        SETTINGS["operations apart"],
    ],
)
def test_it_takes_several_calls(settings):
    flow = flow_of(settings, {"seed": 1})
    assert flow._fused().maker is None


def test_settings_that_change_take_effect(in_several_calls):
    def made():
        flow = flow_of(SETTINGS["all"], {"seed": 2})
        batches = [next(flow)]
        flow.image_data_generator.rotation_range = 90
        batches.append(next(flow))
        flow.image_data_generator.preprocessing_function = lambda image: 1 - image
        batches.append(next(flow))
        flow.image_data_generator.preprocessing_function = None
        flow.x = flow.x[::-1]
        flow.y = flow.y[::-1]
        batches.append(next(flow))
        return batches

    one = made()
    in_several_calls()
    for made_batch, expected in zip(one, made(), strict=True):
        for array, other in zip(made_batch, expected, strict=True):
            np.testing.assert_array_equal(array, other)


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))]
)
def test_copies_go_on_alike(again):
    flow = flow_of(SETTINGS["all"], {"seed": 2})
    next(flow)
    other = again(flow)
    for _ in range(7):
        np.testing.assert_array_equal(next(flow)[0], next(other)[0])


def test_memory_maps(tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    generator = ImageDataGenerator(**SETTINGS["all"])
    flows = [generator.flow(x, Y, 5, seed=3) for x in (X, mapped, X[:, ::-1][:, ::-1])]
    for _ in range(6):
        first, *others = [next(flow)[0] for flow in flows]
        for other in others:
            np.testing.assert_array_equal(first, other)
