"""What all tests share: a quiet Keras, and the switch that rewrites the golden files."""

from __future__ import annotations

import gc
import os
import signal
import warnings

import pytest

import sampling

# Before TensorFlow is imported: no messages, no graphics card, the same sums on every machine.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
# One thread for an operation: `pytest -n` has a process for each processor.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
# Where a card is to be tested, frameworks must leave some of its memory to others.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

# Shells let what they start in the background ignore Ctrl-C, and Python then leaves it at that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regen-golden",
        action="store_true",
        help="write the golden files anew from the results of this machine, then check them",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuses names with an address, which two workers of `pytest -n` would not agree on."""
    for item in items:
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(f"{item.nodeid}: give its parameters names with `ids`")
    every = os.environ.get("BATCHWARP_SAMPLE")
    if every is not None:
        kept, left_out = sampling.sample(items, int(every))
        items[:] = kept
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def keras():
    """Keras, imported with its own and TensorFlow's deprecation warnings switched off."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras", reason="Keras is what the results are compared with")


@pytest.fixture(scope="session", autouse=True)
def _keras_before_iterators(keras) -> None:
    """Iterators import Keras when the first one is made, where its warnings would be errors.

    Looking through what TensorFlow has made takes 0.3 seconds of each collection of garbage.
    """
    gc.collect()
    gc.freeze()
