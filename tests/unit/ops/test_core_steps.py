"""A core that was compiled before the Python modules were written is refused at once."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from batchwarp import _core
from batchwarp.ops.core_steps import CORE_STEPS, checked_steps

NAMES = [step.name for step in _core.OPERATIONS]


def core_with(names):
    steps = tuple(SimpleNamespace(name=name) for name in names)
    return SimpleNamespace(OPERATIONS=steps, __file__="/lib/_core.so", __version__="0.2.0")


def test_the_steps_are_the_cores():
    assert list(CORE_STEPS) == NAMES
    assert all(step is CORE_STEPS[step.name] for step in _core.OPERATIONS)


@pytest.mark.parametrize("name", NAMES)
def test_a_core_without_a_step_is_refused(name):
    older = core_with(other for other in NAMES if other != name)
    said = (
        f"/lib/_core.so, of version 0.2.0, knows {len(NAMES) - 1} steps of plans, and they need "
        f"{len(NAMES)}. Missing: {name!r}. Install batchwarp again"
    )
    with pytest.raises(ImportError, match=re.escape(said)):
        checked_steps(older)


def test_a_core_with_more_steps_is_taken():
    assert list(checked_steps(core_with([*NAMES, "newest"]))) == [*NAMES, "newest"]
