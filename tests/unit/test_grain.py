"""`batchwarp.grain` where there is no Grain."""

from __future__ import annotations

import subprocess
import sys

import pytest

import batchwarp


def test_who_needs_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "grain", None)
    augment = batchwarp.Augment(batchwarp.ops.Flip(), seed=1)
    with pytest.raises(ImportError, match=r"`batchwarp\.grain\.MapTransform` needs Grain.*pip in"):
        batchwarp.grain.MapTransform(augment, samples=3)


def test_importing_imports_no_grain():
    code = "import sys, batchwarp.grain; sys.exit('grain' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
