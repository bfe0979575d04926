"""Where the caches and their images are."""

from __future__ import annotations

import pytest

from cache_files import write_images


@pytest.fixture
def paths(tmp_path):
    return write_images(tmp_path / "images")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "deep" / "cache"


@pytest.fixture
def places(tmp_path):
    (tmp_path / "images").mkdir()
    return str(tmp_path / "cache"), str(tmp_path / "images")
