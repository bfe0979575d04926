"""What is queued where, what is waited for, and when memory is given back.

The queue of a stream of the emulation runs no further than somebody has asked for.
"""

from __future__ import annotations

import gc

import numpy as np
import pytest

import batchwarp
from batchwarp import cuda
from batchwarp.cuda.interchange import DEFAULT_STREAM, PER_THREAD_STREAM, in_flight
from keras_reference import noise

SHAPE = (3, 8, 9, 1)
MINE, YOURS = 64, 128  # addresses of streams


def plan():
    return cuda.Plan(height=8, width=9, channels=1)


class Foreign:
    """A tensor of another library on a device, which notes the stream that it is asked for."""

    def __init__(self, array, device_type=2):
        self.array, self.device_type, self.streams = array, device_type, []

    def __dlpack_device__(self):
        return self.device_type, self.array.device

    def __dlpack__(self, *, stream=None, max_version=None):
        self.streams.append(stream)
        return self.array.__dlpack__(stream=stream, max_version=max_version)


class Stream:
    """A stream as libraries have it."""

    def __init__(self, **attributes):
        vars(self).update(attributes)


@pytest.fixture(autouse=True)
def _nothing_in_flight(emulation):
    in_flight.clear()
    gc.collect()
    emulation.run_all()


def test_nothing_waits(emulation):
    x = cuda.upload(noise(SHAPE))
    before = emulation.waiting_tasks(0, MINE)
    result = cuda.augment_batch(x, None, plan(), stream=MINE)
    assert emulation.waiting_tasks(0, MINE) > before
    np.testing.assert_array_equal(result.numpy(), x.numpy())
    assert emulation.waiting_tasks(0, MINE) == 0


@pytest.mark.parametrize(
    "stream",
    [
        MINE,
        np.int64(MINE),
        Stream(cuda_stream=MINE),
        Stream(ptr=MINE),
        Stream(__cuda_stream__=lambda: (0, MINE)),
        Stream(__cuda_stream__=(0, MINE)),
    ],
)
def test_streams_of_all_kinds(stream, emulation):
    x = Foreign(cuda.upload(noise(SHAPE)))
    cuda.augment_batch(x, None, plan(), stream=stream)
    assert x.streams == [MINE]
    assert emulation.waiting_tasks(0, MINE) > 0


def test_the_default_stream_has_its_number():
    x = Foreign(cuda.upload(noise(SHAPE)))
    cuda.augment_batch(x, None, plan())
    cuda.augment_batch(x, None, plan(), stream=0)
    assert x.streams == [1, 1]


def test_tensors_of_a_processor_are_asked_for_no_stream():
    x = Foreign(cuda.upload(noise(SHAPE)), device_type=1)
    cuda.augment_batch(x, None, plan(), stream=MINE)
    assert x.streams == [None]


def test_tensorflow_is_asked_for_no_stream():
    class Tensor(Foreign):
        __module__ = "tensorflow.python.framework.ops"

    x = Tensor(cuda.upload(noise(SHAPE)))
    cuda.augment_batch(x, None, plan(), stream=MINE)
    assert x.streams == [None]


def test_a_consumer_waits_for_the_producer(emulation):
    x = noise(SHAPE)
    made = cuda.augment_batch(cuda.upload(x), None, plan(), stream=MINE)
    again = cuda.augment_batch(made, None, plan(), stream=YOURS)
    np.testing.assert_array_equal(again.numpy(), x)


def test_an_array_of_ours_that_another_stream_writes(emulation):
    x = noise(SHAPE)
    out = cuda.upload(np.zeros(SHAPE, "float32"))
    cuda.augment_batch(cuda.upload(x), None, plan(), out, stream=MINE)
    np.testing.assert_array_equal(out.numpy(), x)


def test_the_array_interface_s_stream_is_waited_for(emulation):
    x = noise(SHAPE)
    made = cuda.augment_batch(cuda.upload(x), None, plan(), stream=MINE)
    view = Stream(__cuda_array_interface__=made.__cuda_array_interface__)
    again = cuda.augment_batch(view, None, plan(), stream=YOURS)
    np.testing.assert_array_equal(again.numpy(), x)


def test_the_current_stream_of_a_library(monkeypatch):
    import sys

    current = Stream(cuda=Stream(current_stream=lambda device: Stream(cuda_stream=MINE + device)))
    monkeypatch.setitem(sys.modules, "torch", current)
    tensor_class = type("Tensor", (Foreign,), {"__module__": "torch", "is_cuda": True})
    x = tensor_class(cuda.upload(noise(SHAPE), device=1))
    cuda.augment_batch(x, None, plan())
    assert x.streams == [MINE + 1]


def test_the_current_stream_of_whoever_the_result_is_for(monkeypatch):
    import sys

    current = Stream(cuda=Stream(current_stream=lambda _: Stream(cuda_stream=MINE)))
    monkeypatch.setitem(sys.modules, "torch", current)
    tensor_class = type("Tensor", (Foreign,), {"__module__": "torch", "is_cuda": True})
    derived = type("Image", (tensor_class,), {"__module__": "torchvision.tv_tensors"})
    out = derived(cuda.upload(np.zeros(SHAPE, "float32")))
    cuda.augment_batch(cuda.upload(noise(SHAPE)), None, plan(), out)
    assert out.streams == [MINE]


def test_the_current_stream_of_cupy_is_that_of_the_device(monkeypatch):
    import contextlib
    import sys

    chosen = []

    @contextlib.contextmanager
    def device(number):
        chosen.append(number)
        yield
        chosen.pop()

    current = Stream(
        cuda=Stream(Device=device, get_current_stream=lambda: Stream(ptr=MINE + chosen[-1]))
    )
    monkeypatch.setitem(sys.modules, "cupy", current)
    x = type("ndarray", (Foreign,), {"__module__": "cupy"})(cuda.upload(noise(SHAPE), device=1))
    cuda.augment_batch(x, None, plan())
    assert x.streams == [MINE + 1]


def test_the_default_stream_of_a_thread(emulation):
    # Another thread knows another stream by this number: the result is not to depend on it.
    x = cuda.upload(noise(SHAPE))
    made = cuda.augment_batch(x, None, plan(), stream=PER_THREAD_STREAM)
    assert emulation.waiting_tasks(0, PER_THREAD_STREAM) > 0
    assert made.__cuda_array_interface__["stream"] == DEFAULT_STREAM
    np.testing.assert_array_equal(made.numpy(), x.numpy())


def test_a_reader_on_the_default_stream_of_a_thread_is_waited_for(emulation):
    made = cuda.augment_batch(cuda.upload(noise(SHAPE)), None, plan(), stream=MINE)
    capsule = made.__dlpack__(stream=PER_THREAD_STREAM)
    assert emulation.waiting_tasks(0, PER_THREAD_STREAM) > 0
    del capsule, made
    assert emulation.waiting_tasks(0, PER_THREAD_STREAM) == 0


def test_foreign_tensors_are_kept_until_the_work_is_done(emulation):
    # Who owns `x` may use its memory for something else once nobody refers to it.
    released = []

    class Watched(np.ndarray):
        def __del__(self):
            released.append(True)

    x = noise(SHAPE).view(Watched)
    result = cuda.augment_batch(x, None, plan(), stream=MINE)
    del x
    gc.collect()
    assert not released
    result.synchronize()
    cuda.augment_batch(noise(SHAPE), None, plan())
    gc.collect()
    assert released


def test_memory_is_given_back_after_the_last_reader(emulation):
    before = emulation.memory_in_use()
    x = cuda.upload(noise(SHAPE))
    made = cuda.augment_batch(x, None, plan(), stream=MINE)
    read = Foreign(made)
    again = cuda.augment_batch(read, None, plan(), stream=YOURS)
    in_flight.clear()
    del made, read, x
    gc.collect()
    emulation.run_all()
    assert emulation.memory_in_use() - before == again.nbytes
    del again
    emulation.run_all()
    assert emulation.memory_in_use() == before


def test_a_consumer_without_streams_is_waited_for(emulation):
    before = emulation.memory_in_use()
    made = cuda.augment_batch(cuda.upload(noise(SHAPE)), None, plan(), stream=MINE)
    in_flight.clear()
    capsule = made.__dlpack__(stream=-1)
    del made
    emulation.run_all()
    assert emulation.memory_in_use() > before  # the capsule has it
    del capsule
    emulation.run_all()
    assert emulation.memory_in_use() == before


def test_a_failed_allocation_is_told_in_cuda_s_words(emulation):
    x = cuda.upload(noise(SHAPE))
    before = emulation.memory_in_use()
    emulation.fail_allocation_after(1)
    with pytest.raises(cuda.CudaError, match="allocating device memory failed: out of memory"):
        cuda.augment_batch(x, None, plan())
    emulation.fail_allocation_after(-1)
    emulation.run_all()
    assert emulation.memory_in_use() == before
    np.testing.assert_array_equal(cuda.augment_batch(x, None, plan()).numpy(), x.numpy())


def test_what_a_failed_call_has_queued_may_still_run(emulation):
    released = []

    class Watched(np.ndarray):
        def __del__(self):
            released.append(True)

    x = noise(SHAPE).view(Watched)
    out = cuda.upload(np.zeros(SHAPE, "float32"))
    colors = batchwarp.ImageDataGenerator(samplewise_center=True)
    emulation.fail_launch_after(3)  # parameters, channels, and the warp
    with pytest.raises(cuda.CudaError, match="the color kernel failed: invalid argument"):
        cuda.augment_batch(x, None, colors, out, stream=MINE)
    emulation.fail_launch_after(-1)
    del x
    gc.collect()
    assert not released
    assert emulation.waiting_tasks(0, MINE) > 0
    out.synchronize()
    assert emulation.waiting_tasks(0, MINE) == 0


def test_graphs_are_refused(emulation):
    x = cuda.upload(noise(SHAPE))
    emulation.capture(MINE)
    before = emulation.memory_in_use(), emulation.waiting_tasks(0, MINE)
    with pytest.raises(ValueError, match="`stream` should not be captured into a graph"):
        cuda.augment_batch(x, None, plan(), stream=MINE)
    assert (emulation.memory_in_use(), emulation.waiting_tasks(0, MINE)) == before
    cuda.augment_batch(x, None, plan(), stream=YOURS)


def test_work_of_one_device_is_not_queued_to_another(emulation):
    x = cuda.upload(noise(SHAPE), device="cuda:1")
    made = cuda.augment_batch(x, None, plan())
    assert made.device == 1
    assert emulation.waiting_tasks(1, 0) > 0
    assert emulation.waiting_tasks(0, 0) == 0
    np.testing.assert_array_equal(made.numpy(), x.numpy())
