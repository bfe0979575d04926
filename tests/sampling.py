"""A sample of tests whose parameters multiply, which has each value of each parameter."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence

import pytest


def choices(item: pytest.Item) -> Iterator[tuple[object, ...]]:
    """What a case has chosen from each list of its parameters: names of parameters, and values."""
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return
    rest = dict(callspec.params)
    for mark in item.iter_markers("parametrize"):
        names = mark.args[0] if mark.args else mark.kwargs["argnames"]
        names = [name.strip() for name in names.split(",")] if isinstance(names, str) else names
        # Objects are the same ones in all cases, and some of them cannot be compared.
        yield tuple((name, id(rest.pop(name))) for name in names if name in rest)
    for name, value in rest.items():  # of fixtures
        yield (name, id(value))


def sample(items: Sequence[pytest.Item], every: int) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The tests to run and those to leave out, in their order.

    Of the cases of one function, those stay that have a value that no case before them had, and
    each `every`-th of the others. Cases that are listed one by one, and not multiplied, all stay.

    Args:
        items: Tests, as pytest has collected them.
        every: 1 leaves nothing out.
    """
    if every < 1:
        raise pytest.UsageError(f"BATCHWARP_SAMPLE should be at least 1. Received: {every}")
    seen: set[tuple[object, ...]] = set()
    others: collections.Counter[str] = collections.Counter()
    kept, left_out = [], []
    for item in items:
        function = item.nodeid.partition("[")[0]
        values = {(function, *one) for one in choices(item)}
        stays = not values or not values <= seen
        if not stays:
            others[function] += 1
            stays = others[function] % every == 0
        seen |= values
        (kept if stays else left_out).append(item)
    return kept, left_out
