"""What happens around the process: forks, Ctrl-C, instruction sets, memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from batchwarp import runtime

# Keras is kept out: importing TensorFlow takes seconds, threads and hundreds of megabytes.
PREFACE = """
import sys
sys.modules["keras"] = None
import numpy as np
import batchwarp
"""


def start(code, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", PREFACE + textwrap.dedent(code)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process, timeout=120):
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"the process hangs; it printed {out!r} and {err!r}")
    assert process.returncode == 0, err
    return out.strip()


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
FLOW = """
x = np.random.RandomState(0).randint(0, 256, (64, 40, 40, 3)).astype("uint8")
generator = batchwarp.ImageDataGenerator(rotation_range=30, interpolation_order=3)
flow = generator.flow(x, batch_size=64, seed=1)
"""


@needs_fork
def test_the_interpreter_ends_while_threads_work():
    """Until Python 3.13, threads that want the interpreter's lock by then are torn down."""
    code = """
        import threading, time
        import numpy as np
        from batchwarp import ImageDataGenerator

        x = np.zeros((64, 200, 200, 3), np.uint8)
        iterator = ImageDataGenerator(rotation_range=20).flow(x, batch_size=64)

        def work():
            while True:
                next(iterator)

        for _ in range(3):
            threading.Thread(target=work, daemon=True).start()
        time.sleep(0.3)
    """
    for _ in range(3):
        finish(start(code))


def test_a_forked_child_has_threads_of_its_own():
    code = """
    import os
    batchwarp.runtime.set_num_threads(4)
    first = next(flow)
    expected = next(generator.flow(x, batch_size=64, seed=2))
    child = os.fork()
    if child == 0:
        same = np.array_equal(next(generator.flow(x, batch_size=64, seed=2)), expected)
        os._exit(0 if same else 1)
    again = next(generator.flow(x, batch_size=64, seed=2))
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), np.array_equal(again, expected))
    """
    assert finish(start(FLOW + textwrap.dedent(code))) == "0 True"


@needs_fork
def test_a_fork_while_other_threads_work():
    """The child must neither wait for the parent's threads nor for a lock that they hold."""
    code = """
    import os, threading
    batchwarp.runtime.set_num_threads(3)
    class Own(batchwarp.ImageDataGenerator):
        def standardize(self, x):
            return super().standardize(x) + np.random.rand()
    flows = [flow, Own().flow(x, batch_size=8, seed=1)]
    stop = threading.Event()
    def work(flow):
        while not stop.is_set():
            next(flow)
    threads = [threading.Thread(target=work, args=(flow,)) for flow in flows]
    for thread in threads:
        thread.start()
    codes = []
    for number in range(8):
        child = os.fork()
        if child == 0:
            next(generator.flow(x, batch_size=64, seed=number))
            next(Own().flow(x, batch_size=8, seed=number))
            os._exit(0)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    stop.set()
    for thread in threads:
        thread.join()
    print(codes)
    """
    assert finish(start(FLOW + textwrap.dedent(code))) == str([0] * 8)


@needs_fork
def test_a_pool_of_processes():
    code = """
    import multiprocessing
    def work(seed):
        return next(generator.flow(x, batch_size=64, seed=seed)).sum(dtype="float64")
    expected = [work(seed) for seed in range(4)]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(work, range(4)) == expected)
    """
    assert finish(start(FLOW + textwrap.dedent(code))) == "True"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to one process")
@pytest.mark.parametrize("threads", ["1", "2"])
def test_ctrl_c_ends_a_long_batch(threads):
    """The last images of the batch have not been written: the core has heard it in between."""
    code = """
    from batchwarp import _core
    x = np.random.RandomState(0).randint(1, 256, (1, 512, 512, 1)).astype("uint8")
    plan = _core.Plan(height=512, width=512, channels=1, interpolation_order=5)
    count = 2000
    row = [10.0, 0, 0, 0, 1, 1, 0, 0, np.nan, np.nan]
    params = np.tile(row, (count, 1))
    images = np.broadcast_to(x, (count, 512, 512, 1))
    result = np.zeros((count, 512, 512, 1), "uint8")
    print("started", flush=True)
    try:
        _core.augment_batch(images, None, params, plan, result)
    except KeyboardInterrupt:
        print("interrupted", not result[-1].any())
    _core.augment_batch(images[:2], None, params[:2], plan, result[:2])
    print(result[:2].any(axis=(1, 2, 3)).tolist())
    """
    process = start(code, BATCHWARP_NUM_THREADS=threads)
    assert process.stdout.readline().strip() == "started"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert finish(process).split("\n") == ["interrupted True", "[True, True]"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to one process")
def test_ctrl_c_in_a_flow_leaves_it_usable():
    code = """
    x = np.broadcast_to(np.ones((1, 256, 256, 3), "uint8"), (600, 256, 256, 3))
    generator = batchwarp.ImageDataGenerator(rotation_range=30, interpolation_order=5)
    flow = generator.flow(x, batch_size=200, seed=1)
    next(generator.flow(x, batch_size=2, seed=1))
    print("started", flush=True)
    try:
        for _ in range(100):
            next(flow)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    flow.batch_size = 2
    print(next(flow).shape)
    """
    process = start(code, BATCHWARP_NUM_THREADS="2")
    assert process.stdout.readline().strip() == "started"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert finish(process).split("\n") == ["interrupted", "(2, 256, 256, 3)"]


TIERS = """
import pathlib
x = np.random.RandomState(0).randint(0, 256, (8, 45, 37, 3)).astype("uint8")
results = {}
for mode in batchwarp._core.FILL_MODES:
    for order in (0, 1, 3):
        for dtype in ("uint8", "float32"):
            for channels in (1, 3):
                generator = batchwarp.ImageDataGenerator(
                    rotation_range=60, zoom_range=0.3, fill_mode=mode, interpolation_order=order,
                    horizontal_flip=True, rescale=1 / 255, samplewise_center=True,
                )
                flow = generator.flow(x[..., :channels].astype(dtype), seed=4)
                results[f"{mode} {order} {dtype} {channels}"] = next(flow) * 255
np.savez(sys.argv[1] if len(sys.argv) > 1 else PATH, **results)
"""


def test_instruction_sets_agree(tmp_path):
    files = []
    for tier in runtime.simd_tiers():
        files.append(tmp_path / f"{tier}.npz")
        finish(start(f"PATH = {str(files[-1])!r}\n{TIERS}", BATCHWARP_SIMD=tier))
    with np.load(files[0]) as baseline:
        for file in files[1:]:
            with np.load(file) as other:
                for name, expected in baseline.items():
                    np.testing.assert_allclose(
                        other[name], expected, rtol=0, atol=1e-3, err_msg=f"{file.stem}: {name}"
                    )


STATUS = Path("/proc/self/status")


@pytest.mark.skipif(not STATUS.exists(), reason="this system does not tell a process's memory")
@pytest.mark.parametrize("fit", [False, True])
def test_many_images_stay_as_large_as_they_are(fit):
    """uint8 images are neither blown up to float32 nor copied, by `flow` or by `fit`."""
    code = f"""
    import pathlib, re
    def memory(name):
        text = pathlib.Path({str(STATUS)!r}).read_text()
        return int(re.search(rf"^{{name}}:\\s+(\\d+) kB", text, re.M)[1]) / 1024
    x = np.empty((1 << 12, 256, 256, 1), "uint8")  # 256 MiB
    for number, image in enumerate(x):
        image[...] = number % 251  # touched, so that the system must provide it
    before = memory("VmRSS")
    assert before > 250, before
    generator = batchwarp.ImageDataGenerator(
        rotation_range=20, rescale=1 / 255, featurewise_center=True
    )
    if {fit}:
        generator.fit(x)
    else:
        generator.mean = 0.5
        flow = generator.flow(x, np.zeros(len(x)), batch_size=32, seed=1)
        for _ in range(60):
            next(flow)
    print(memory("VmHWM") - before)
    """
    assert float(finish(start(code))) < 25
