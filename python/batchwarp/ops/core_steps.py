"""The steps that plans of the core are made of."""

from __future__ import annotations

from typing import Any, NoReturn

from batchwarp import _core

__all__ = ["CORE_STEPS", "CoreSteps"]


class CoreSteps(dict[str, _core.Operation]):
    """The steps of a core by their names. To ask for one that it lacks is an `ImportError`.

    A checkout that is updated but not compiled again has a core of the same version without the
    newest steps: names differ when the number does not.

    Args:
        core: The compiled module.
    """

    def __init__(self, core: Any) -> None:
        super().__init__((step.name, step) for step in core.OPERATIONS)
        self._core = core

    def __missing__(self, name: str) -> NoReturn:
        raise ImportError(
            "The compiled core of batchwarp is older than its Python modules: "
            f"{self._core.__file__}, of version {self._core.__version__}, knows {len(self)} steps "
            f"of plans, and not {name!r}. Install batchwarp again to compile the core; in a "
            "checkout: `pip install -e .`"
        )


CORE_STEPS = CoreSteps(_core)
