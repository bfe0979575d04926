"""What several caches take together."""

from __future__ import annotations

import pytest

from batchwarp.files.cache import Budget


def test_each_cache_has_room_for_as_many_samples():
    budget = Budget(1000)
    for size in (30, 60, 10):
        budget.claim(size)
    assert [budget.share(size) for size in (30, 60, 10)] == [300, 600, 100]


def test_no_bound():
    budget = Budget()
    budget.claim(10**20)
    assert budget.share(10**20) is None


def test_no_room():
    budget = Budget(100)
    budget.claim(60)
    with pytest.raises(ValueError, match=r"room for one sample.*110 bytes. Received: 100 bytes"):
        budget.claim(50)
