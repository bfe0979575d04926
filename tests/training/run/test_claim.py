"""One run at a time in a folder of results."""

from __future__ import annotations

import pytest

from batchwarp.console.errors import UsageError
from batchwarp.training.run import claim
from batchwarp.training.run.claim import Claim


def test_folder_is_made_and_claimed_until_it_is_released(tmp_path):
    folder = tmp_path / "a" / "b"
    first = Claim(folder)
    with pytest.raises(UsageError, match=r"argument --out: another run is at work in .*b"):
        Claim(folder)
    (folder / "model.keras").write_text("")
    first.release()
    second = Claim(folder)
    del second
    Claim(folder).release()
    assert (folder / "model.keras").exists()


def test_folder_of_a_run_that_never_began_is_removed_if_it_is_new(tmp_path):
    for made in (True, False):
        Claim(tmp_path / "out").release()
        assert (tmp_path / "out").exists() != made
        (tmp_path / "out").mkdir(exist_ok=True)


def test_folder_that_cannot_be_written_to_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"argument --out: cannot write to .*file"):
        Claim(tmp_path / "file")


def test_file_system_without_locks_is_written_to_all_the_same(tmp_path, monkeypatch):
    def refuse(descriptor):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(claim, "try_lock", refuse)
    Claim(tmp_path).release()
