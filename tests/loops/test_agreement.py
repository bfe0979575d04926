"""Processes of PyTorch and of JAX whose flows are no parts of the same batches say so."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "agreeing_processes.py"
TIMEOUT = 200


def address():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("library", "where", "count"),
    [("torch", "tcp://", 3), ("torch", "file://", 2), ("jax", "", 2)],
)
def test_processes_that_do_not_agree(library, where, count, tmp_path):
    pytest.importorskip(library, reason="its processes are compared")
    files = [tmp_path / f"{rank}.json" for rank in range(count)]
    place = where + (str(tmp_path / "store") if where == "file://" else address())
    running = [
        subprocess.Popen(
            [
                *(sys.executable, "-W", "error::RuntimeWarning", PROGRAM),
                *(library, place, str(rank), str(count), file),
            ],
            env={**os.environ, "JAX_PLATFORMS": "cpu"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank, file in enumerate(files)
    ]
    try:
        outputs = [one.communicate(timeout=TIMEOUT)[0] for one in running]
    finally:
        for one in running:
            one.kill()
    assert [one.returncode for one in running] == [0] * count, "\n".join(outputs)
    found = [json.loads(file.read_text()) for file in files]

    def errors(name):
        """Those of a flow: which process comes first, nobody knows, and it has none."""
        return [text for text in (one.get(name) for one in found) if text is not None]

    assert errors("alone") == errors("alike") == errors("workers") == []
    expected = {"seed": "`seed` of the flow", "settings": "`rotation_range` of the generator"}
    expected |= {"images": "`images` of the data set", "ahead": "`seed` of the flow"}
    if library == "torch":
        expected["workers' seed"] = "`seed` of the flow"
    for name, start in expected.items():
        texts = errors(name)
        # The last one is alone with what it has: it fails, or if it was the first, all others do.
        assert len(texts) in {1, count - 1}
        for text in texts:
            assert text.startswith(f"{start} should be the same in all processes")
            assert f"process {count - 1}" in text
    texts = errors("shard")
    assert len(texts) == count - 1
    assert all(text.startswith("`shard` should be another one in each process") for text in texts)
