"""What is said of steps, by their figures."""

from __future__ import annotations

import json
import math

import pytest

from batchwarp.callbacks.input_figures import (
    PARTS,
    InputFigures,
    Setting,
    advice,
    rounded,
    sums,
    verdict,
)

NOTHING = dict.fromkeys(PARTS, 0.0)


def figures(
    waited=3.1,
    *,
    seconds=10.0,
    steps=100,
    batches=100,
    making=None,
    parallel=0.0,
    flows=1,
    **phases,
):
    """Figures of steps of 100 ms, whose batches take 35 ms unless said."""
    phases = {name.replace("_", "-"): value for name, value in phases.items()}
    phases = phases or {"read": 0.4, "decode": 2.2, "warp": 0.5, "hand-over": 0.4}
    spent = NOTHING | phases
    made = sum(spent.values()) if making is None else making
    return InputFigures(steps, seconds, waited, batches, made, spent, parallel, flows)


def test_parts_are_those_of_the_share():
    found = figures().parts()
    assert sum(found.values()) == pytest.approx(figures().share) == pytest.approx(0.31)
    assert found["decode"] == pytest.approx(0.31 * 2.2 / 3.5)
    assert found["function"] == 0


def test_what_is_longer_than_making_is_handing_over():
    found = figures(waited=5.0).parts()
    assert found["decode"] == pytest.approx(0.22)
    assert found["hand-over"] == pytest.approx(0.5 - 0.31)


def test_batches_that_are_made_at_once_take_their_time_once():
    """Four threads that decode for 8.8 s while 2.2 s pass."""
    found = figures(waited=2.2, making=2.2, decode=8.8).parts()
    assert found["decode"] == pytest.approx(0.22)


def test_steps_of_several_batches():
    """Images of one flow and masks of another."""
    two = figures(batches=200, making=3.5, flows=2)
    assert two.batch == pytest.approx(0.035)
    assert two.parts() == pytest.approx(figures().parts())


@pytest.mark.parametrize("batches", [50, 400])
def test_batches_that_were_made_before_or_for_later_count_by_their_number(batches):
    assert figures(batches=batches, making=batches * 0.035).batch == pytest.approx(0.035)


def test_what_is_made_in_time_is_not_waited_for():
    # 31 ms of 35 are waited for, 4 are made beside the model: 13 ms remain without files.
    one = figures()
    assert one.without(0.026) == pytest.approx(0.005 / 0.074)
    assert one.without_files() == pytest.approx(0.005 / 0.074)
    assert one.without(0.05) == 0
    assert one.without(0) == pytest.approx(one.share)


def test_threads_share_what_is_parallel():
    one = figures(parallel=3.0)
    assert one.with_threads(2, 2) == pytest.approx(one.share)
    assert one.with_threads(2, 4) == pytest.approx((0.031 - 0.015) / (0.1 - 0.015))


def test_verdict():
    assert verdict(figures(parallel=3.1), Setting(4, 16, 10**9)) == (
        "31% of each step of 100 ms waits for data: read 4, decode 19, warp 4, hand-over 4; "
        "`cache='memory'` would take 24 points off; 13 threads would take 19 points off, more "
        "would not"
    )


@pytest.mark.parametrize(
    ("one", "setting", "end"),
    [
        (figures(parallel=3.1), Setting(4, 4), "; there are no processors for more threads"),
        (figures(parallel=0.0), Setting(4, 4), "; more threads would not help"),
        (figures(parallel=0.0), Setting(4, 16), "; more threads would not help"),
        (
            figures(waited=0.5, function=3.0),
            Setting(4, 16),
            "read 0, decode 0, warp 0, function 5, hand-over 0; more threads would not help",
        ),
        (
            figures(waited=0.02),
            Setting(4, 16, 10**9),
            "no step waits for data: 100 ms each, all of it the model's",
        ),
        (
            figures(batches=0, making=0.0, read=0.0),
            Setting(4, 16),
            "alone, whose batches are made in this process and not by its workers",
        ),
        (
            figures(waited=0.0, steps=0, seconds=0.0),
            Setting(4, 16),
            "too few steps to say what they wait for: the first one is not counted",
        ),
    ],
)
def test_other_verdicts(one, setting, end):
    assert verdict(one, setting).endswith(end)


def test_threads_are_no_more_than_bring_something():
    """The wait is gone with five: four times 3.5 s of threads, of which 0.4 s are in time."""
    found = advice(figures(waited=0.5, making=3.5, parallel=3.5), Setting(4, 64))
    assert found.threads == 5
    assert found.by_threads == 5
    assert not found.short_of_processors


def test_rounded_shares_have_the_rounded_sum():
    parts = dict.fromkeys(PARTS, 0.0) | {"read": 0.104, "decode": 0.104, "warp": 0.104}
    assert rounded(parts) == dict.fromkeys(PARTS, 0) | {"read": 11, "decode": 10, "warp": 10}


def test_sums():
    both = sums([figures(), figures(waited=0.9, steps=50, seconds=2.0, batches=50)])
    assert (both.steps, both.batches) == (150, 150)
    assert both.share == pytest.approx(4.0 / 12.0)
    assert both.phases["decode"] == pytest.approx(4.4)
    assert sums([]).share == 0


@pytest.mark.parametrize("one", [figures(), figures(steps=0, seconds=0.0, waited=0.0), sums([])])
def test_described_in_json(one):
    said = json.loads(json.dumps(one.described()))
    assert said["steps"] == one.steps
    assert math.isclose(said["share"], one.share)
    assert said["parts"].keys() == set(PARTS)
