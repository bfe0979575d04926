"""PyTorch, JAX and CuPy themselves, where they are installed: their tensors, and their streams.

On a device. The emulation computes in the host's memory, which is not that of a device for anybody
else; it shows only that the libraries read batches.
"""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from batchwarp import _core, cuda
from batchwarp.augment.draws import as_rows
from keras_reference import assert_close, noise

pytestmark = pytest.mark.usefixtures("native")

SHAPE = (6, 40, 50, 3)
READERS = {
    "torch": lambda library, batch: library.from_dlpack(batch),
    "jax": lambda library, batch: library.dlpack.from_dlpack(batch),
    "cupy": lambda library, batch: library.from_dlpack(batch),
}
WRITERS = {
    "torch": lambda library, x: library.as_tensor(x, device="cuda"),
    "jax": lambda library, x: library.device_put(x, library.devices("cuda")[0]),
    "cupy": lambda library, x: library.asarray(x),
}


def as_numpy(tensor):
    """Back on the host, whosever it is; waits."""
    for method in ("get", "cpu"):
        if hasattr(tensor, method):
            tensor = getattr(tensor, method)()
            break
    return np.asarray(tensor)


@pytest.fixture(params=sorted(READERS))
def name(request):
    pytest.importorskip(request.param)
    return request.param


@pytest.fixture
def library(name, native):
    found = pytest.importorskip(name)
    sees = {"torch": lambda: found.cuda.is_available(), "jax": lambda: on_gpu(found)}
    if not hasattr(native, "run_all") and not sees.get(name, lambda: True)():
        pytest.skip(f"{name} sees no device")
    return found


def on_gpu(jax):
    return jax.default_backend() == "gpu"


@pytest.fixture
def device(native):
    """A real one, which other libraries see, too."""
    if hasattr(native, "run_all"):
        pytest.skip("needs a device, not its emulation")


def batch(count=SHAPE[0]):
    """A plan, the parameters of some images, and what the processor makes of noise."""
    plan = cuda.Plan(height=SHAPE[1], width=SHAPE[2], channels=SHAPE[3], rescale=1 / 255)
    generator = batchwarp.ImageDataGenerator(rotation_range=30, zoom_range=0.2)
    params = [generator.get_random_transform(SHAPE[1:], seed=seed) for seed in range(count)]
    x, expected = noise(SHAPE), np.empty(SHAPE, "float32")
    _core.augment_batch(x, np.arange(count), as_rows(params), plan, expected)
    return x, params, plan, expected


def test_batches_are_read(name, library, native):
    if name == "cupy" and hasattr(native, "run_all"):
        pytest.skip("CuPy needs a device")
    x, params, plan, expected = batch()
    made = cuda.augment_batch(cuda.upload(x), params, plan)
    assert_close(as_numpy(READERS[name](library, made)), expected)


def test_tensors_are_augmented(name, library, device):
    x, params, plan, expected = batch()
    made = cuda.augment_batch(WRITERS[name](library, x), params, plan)
    assert_close(as_numpy(READERS[name](library, made)), expected)


def test_tensors_are_written(name, library, device):
    x, params, plan, expected = batch()
    out = WRITERS[name](library, np.zeros(SHAPE, "float32"))
    if name == "jax":
        with pytest.raises(ValueError, match="immutable"):
            cuda.augment_batch(WRITERS[name](library, x), params, plan, out)
        return
    assert cuda.augment_batch(WRITERS[name](library, x), params, plan, out) is out
    assert_close(as_numpy(out), expected)


def test_memory_is_shared_and_outlives_the_batch(name, library, device):
    x, params, plan, expected = batch()
    made = [
        READERS[name](library, cuda.augment_batch(cuda.upload(x), params, plan)) for _ in range(20)
    ]
    for tensor in made:
        assert_close(as_numpy(tensor), expected)


def test_the_current_stream_of_pytorch_is_kept(device):
    torch = pytest.importorskip("torch")
    x, params, plan, expected = batch()
    stream = torch.cuda.Stream()
    images = torch.zeros(SHAPE, dtype=torch.uint8, device="cuda")
    late = torch.as_tensor(x).pin_memory()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(50_000_000)  # cycles: who does not wait for the stream sees zeros
        images.copy_(late, non_blocking=True)
        made = torch.from_dlpack(cuda.augment_batch(images, params, plan))
        torch.cuda._sleep(50_000_000)
        twice = made * 2
    stream.synchronize()
    assert_close(as_numpy(twice), expected * 2)


def test_the_current_stream_of_cupy_is_kept(device):
    cupy = pytest.importorskip("cupy")
    x, params, plan, expected = batch()
    images = cupy.zeros(SHAPE, "uint8")
    with cupy.cuda.Stream(non_blocking=True) as stream:
        images.set(x, stream=stream)
        made = cupy.from_dlpack(cuda.augment_batch(images, params, plan))
        twice = made * 2
        stream.synchronize()
        assert_close(twice.get(), expected * 2)


@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_flows_make_tensors(framework, native):
    pytest.importorskip(framework)
    x = noise(SHAPE)
    generator = batchwarp.ImageDataGenerator(rotation_range=20, rescale=1 / 255)
    host = generator.flow(x, batch_size=3, seed=1)
    flow = generator.flow(x, batch_size=3, seed=1, device="cuda", framework=framework)
    assert flow.framework == framework
    for _ in range(4):
        assert_close(as_numpy(next(flow)), next(host))
