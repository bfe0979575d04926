"""`batchwarp.torch` where there is no PyTorch."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import batchwarp


@pytest.mark.parametrize("name", ["Dataset", "IterableDataset"])
def test_who_needs_it_is_named(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "torch", None)
    flow = batchwarp.ImageDataGenerator().flow(np.zeros((2, 4, 4, 3), "uint8"))
    with pytest.raises(ImportError, match=f"`batchwarp.torch.{name}` needs PyTorch.*pip install"):
        getattr(batchwarp.torch, name)(flow)


def test_importing_imports_no_pytorch():
    code = "import sys, batchwarp.torch; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
