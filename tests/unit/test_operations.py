"""What the core says of its operations."""

import pytest

from batchwarp import _core

KERAS = ("affine", "flip", "channel_shift", "brightness", "standardize", "normalize")


def test_keras_operations_come_first():
    assert tuple(operation.name for operation in _core.OPERATIONS[: len(KERAS)]) == KERAS


def test_names_are_unique():
    for names in (
        [operation.name for operation in _core.OPERATIONS],
        [column for operation in _core.OPERATIONS for column in operation.columns],
    ):
        assert len(set(names)) == len(names)


def test_the_columns_of_keras_operations_are_those_of_its_parameters():
    of_operations = [_core.OPERATIONS[i].columns for i in range(len(KERAS))]
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
