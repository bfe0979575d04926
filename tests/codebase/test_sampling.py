"""A sample of tests has each value of each parameter, and all that is listed one by one."""

from __future__ import annotations

import types

import pytest

import sampling

WORDS = ["a", "b", "c", "d"]
NUMBERS = [10, 20, 30]


def case(function, marks, **params):
    marks = [types.SimpleNamespace(args=(names,), kwargs={}) for names in marks]
    return types.SimpleNamespace(
        nodeid=f"{function}[{'-'.join(map(str, params.values()))}]",
        callspec=types.SimpleNamespace(params=params),
        iter_markers=lambda _: iter(marks),
    )


def product(function):
    marks = ["word", ["number"]]
    return [case(function, marks, word=w, number=n, fixture=0) for w in WORDS for n in NUMBERS]


def test_each_value_and_each_fourth_of_the_others():
    kept, left_out = sampling.sample(product("f"), 4)
    chosen = [(item.callspec.params["word"], item.callspec.params["number"]) for item in kept]
    # The first ones of each word and number, and (c, 30), the fourth of the other six.
    assert chosen == [*(("a", n) for n in NUMBERS), ("b", 10), ("c", 10), ("c", 30), ("d", 10)]
    assert len(kept) + len(left_out) == 12


def test_a_case_of_one_list_stays():
    cases = [case("f", ["word, number"], word=w, number=n) for w in WORDS for n in NUMBERS]
    assert sampling.sample(cases, 4) == (cases, [])


def test_functions_are_apart_and_tests_without_parameters_stay():
    plain = types.SimpleNamespace(nodeid="g")
    kept, _ = sampling.sample([*product("f"), plain, *product("h")], 1000)
    assert len(kept) == 6 + 1 + 6


def test_one_leaves_nothing_out():
    assert sampling.sample(product("f"), 1)[1] == []


def test_what_makes_no_sense():
    with pytest.raises(pytest.UsageError, match=r"at least 1\. Received: 0"):
        sampling.sample([], 0)
