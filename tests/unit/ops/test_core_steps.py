"""A core that was compiled before the Python modules were written says so when it is asked."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from batchwarp import _core, ops
from batchwarp.ops.core_steps import CORE_STEPS, CoreSteps
from batchwarp.ops.recipe import ImageSpec

NAMES = [step.name for step in _core.OPERATIONS]


def core_with(names):
    steps = tuple(SimpleNamespace(name=name) for name in names)
    return SimpleNamespace(OPERATIONS=steps, __file__="/lib/_core.so", __version__="0.2.0")


def test_the_steps_are_the_cores():
    assert sorted(CORE_STEPS) == sorted(NAMES)
    assert all(step is CORE_STEPS[step.name] for step in _core.OPERATIONS)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_that_a_core_lacks_is_an_error(name):
    older = CoreSteps(core_with(other for other in NAMES if other != name))
    said = (
        f"/lib/_core.so, of version 0.2.0, knows {len(NAMES) - 1} steps of plans, and not "
        f"{name!r}. Install batchwarp again"
    )
    with pytest.raises(ImportError, match=re.escape(said)):
        older[name]


def test_a_core_with_more_steps_is_taken():
    assert list(CoreSteps(core_with([*NAMES, "newest"]))) == [*NAMES, "newest"]


def test_an_operation_that_a_core_lacks_is_an_error_when_it_is_planned(monkeypatch):
    monkeypatch.delitem(CORE_STEPS, "invert")
    with pytest.raises(ImportError, match="and not 'invert'"):
        ops.Invert().node(ImageSpec(4, 5, 3))
