"""What the core says of its operations."""

import numpy as np
import pytest

from batchwarp import _core

KERAS = ("affine", "flip", "channel_shift", "brightness", "standardize", "normalize")


def test_keras_operations_are_in_its_order():
    names = tuple(operation.name for operation in _core.OPERATIONS)
    assert tuple(name for name in names if name in KERAS) == KERAS


def test_names_are_unique():
    for names in (
        [operation.name for operation in _core.OPERATIONS],
        [column for operation in _core.OPERATIONS for column in operation.columns],
    ):
        assert len(set(names)) == len(names)


def test_the_columns_of_keras_operations_are_those_of_its_parameters():
    of_operations = [one.columns for one in _core.OPERATIONS if one.name in KERAS]
    assert sum(of_operations, ()) == _core.PARAM_COLUMNS
    assert _core.Plan(height=2, width=3, channels=1).columns == _core.PARAM_COLUMNS


@pytest.mark.parametrize("operation", _core.OPERATIONS, ids=lambda operation: operation.name)
def test_descriptions(operation):
    assert operation.scope in ("coordinates", "pixel", "store")
    assert len(operation.neutral) == len(operation.columns)
    assert all(isinstance(value, float) for value in operation.neutral)
    assert set(operation.needs) <= {"range", "moments"}
    with pytest.raises(AttributeError):
        operation.name = "another"


def test_a_plan_of_steps():
    mean = np.array([1.0, 2.0, 3.0])
    steps = [("flip", {}), ("brightness", {}), ("normalize", {"rescale": 0.5, "mean": mean})]
    plan = _core.Plan(height=2, width=3, channels=3, steps=steps)
    assert plan.columns == ("flip_horizontal", "flip_vertical", "brightness")
    assert [name for name, _ in plan.steps] == ["flip", "brightness", "normalize"]
    assert plan.rescale == plan.steps[2][1]["rescale"] == 0.5
    np.testing.assert_array_equal(plan.mean, mean)
    again = _core.Plan(height=2, width=3, channels=3, steps=plan.steps)
    assert repr(again.steps) == repr(plan.steps)
    x = np.random.default_rng(0).random((2, 2, 3, 3), np.float32)
    out = np.empty_like(x)
    _core.augment_batch(x, None, np.array([[1, 0, np.nan]] * 2), plan, out)
    np.testing.assert_allclose(out, x[:, :, ::-1] * 0.5 - mean, rtol=1e-6)


def test_without_steps_a_plan_has_those_of_keras():
    plan = _core.Plan(height=2, width=3, channels=1, rescale=3, samplewise_std=True)
    assert tuple(name for name, _ in plan.steps) == KERAS
    settings = dict(plan.steps)
    assert settings["standardize"] == {"center": False, "std": True}
    assert settings["normalize"] == {"rescale": 3, "mean": None, "std": None}


@pytest.mark.parametrize(
    ("steps", "error", "message"),
    [
        ([("blur", {})], ValueError, "affine, flip, channel_shift, brightness, standardize, norm"),
        ([("normalize", {"factor": 1})], ValueError, "rescale, mean, std. Received: factor"),
        ([("affine", {"order": 1})], ValueError, "none. Received: order"),
        ([("normalize", {}), ("affine", {})], ValueError, "affine after normalize"),
        ([("normalize", {"rescale": "much"})], TypeError, "`rescale` must be a number"),
        ([("normalize", {"rescale": 0})], ValueError, "`rescale` must be finite and different"),
        ([("standardize", {"center": 0.5})], TypeError, "`center` must be a bool"),
        ([("normalize", {"mean": np.zeros(3)})], ValueError, "`mean` must be one value per chan"),
    ],
)
def test_wrong_steps(steps, error, message):
    with pytest.raises(error, match=message):
        _core.Plan(height=2, width=3, channels=1, steps=steps)


@pytest.mark.parametrize("options", [{"rescale": 2}, {"std": np.ones(1)}])
def test_settings_beside_steps(options):
    with pytest.raises(ValueError, match="settings of steps"):
        _core.Plan(height=2, width=3, channels=1, steps=[("affine", {})], **options)
