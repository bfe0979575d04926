"""What tests of files share."""

from __future__ import annotations

import pytest


@pytest.fixture
def by_python(monkeypatch):
    """Returns what a function does while Python decodes all files."""

    def run(function):
        with monkeypatch.context() as patch:
            patch.setenv("BATCHWARP_JPEG", "pillow")
            return function()

    return run
