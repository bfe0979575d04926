"""Ray on this machine, with little memory, and without what it would write to the terminal."""

from __future__ import annotations

import os
import warnings

import pytest

# Workers are processes that read the environment: no card, no search for TPUs, one set of sums.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("RAY_TRAIN_ENABLE_STATE_TRACKING", "0")
# Workers may start slowly where other programs are at work; by default Ray gives them a minute.
os.environ.setdefault("RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S", "300")
# Nothing is sent anywhere.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


@pytest.fixture(scope="module")
def ray():
    """Ray with two processors, or as many as there must be for the workers of a test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Ray's own
        module = pytest.importorskip("ray", reason="Ray distributes the work")
        module.init(
            num_cpus=4,
            object_store_memory=200_000_000,
            include_dashboard=False,
            logging_level="ERROR",
            log_to_driver=False,
        )
        yield module
        module.shutdown()
