"""What is noted of the making of batches, by flows of all kinds."""

from __future__ import annotations

import gc
import os
import threading

import numpy as np
import pytest

from batchwarp import ImageDataGenerator, _phases
from batchwarp._phases import PHASES, Making, Recorder, Shared, Span
from batchwarp.files import libjpeg
from image_files import picture, save


class Kept(Recorder):
    """Keeps what it is told, but for what threads of other tests still make."""

    def __init__(self):
        self.makings, self.asked = [], []
        here = threading.current_thread()
        self.others = {thread.ident for thread in threading.enumerate() if thread is not here}

    def made(self, making):
        if threading.get_ident() not in self.others:
            self.makings.append(making)

    def given(self, source, begin, end):
        if threading.get_ident() not in self.others:
            self.asked.append((source, begin, end, threading.get_ident()))


@pytest.fixture
def kept():
    recorder = Kept()
    _phases.record(recorder, waits=True)
    yield recorder
    _phases.stop(recorder)


def folder(tmp_path, kind, count=6):
    (tmp_path / "one").mkdir()
    for number in range(count):
        save(tmp_path / "one" / str(number), kind, picture(40, 50, number))
    return tmp_path


def files(tmp_path, kind, generator=None, **options):
    options = {
        "target_size": (20, 20),
        "batch_size": 3,
        "seed": 1,
        "class_mode": "sparse",
    } | options
    generator = generator or ImageDataGenerator(rotation_range=20)
    return generator.flow_from_directory(folder(tmp_path, kind), **options)


def phases_of(making):
    return {phase for phase, spent in zip(PHASES, making.seconds(), strict=False) if spent > 0}


@pytest.mark.parametrize("kind", ["jpeg", "png", "jpeg-cmyk"])
def test_files_are_read_decoded_and_warped(tmp_path, kept, kind):
    flow = files(tmp_path, kind)
    next(flow)
    (making,) = kept.makings
    assert phases_of(making) == {"read", "decode", "warp"}
    assert making.batches == 1
    assert making.source is flow.batches_of
    for work in making.shared:
        assert making.begin <= work.begin <= work.end <= making.end
        for span in work.spans():
            assert work.begin <= span.begin <= span.end <= work.end
    by_core = {isinstance(span.thread, str) for work in making.shared for span in work.spans()}
    assert (True in by_core) == libjpeg.is_used()
    assert (False in by_core) == (kind != "jpeg" or not libjpeg.is_used())


def test_seconds_are_those_of_the_batch(tmp_path, kept):
    next(files(tmp_path, "jpeg"))
    (making,) = kept.makings
    seconds = making.seconds()
    assert sum(seconds) == pytest.approx((making.end - making.begin) / 1e9)
    assert 0 < making.parallel() <= sum(seconds)


def test_a_cache_takes_the_place_of_reading(tmp_path, kept):
    flow = files(tmp_path, "jpeg", cache="memory", shuffle=False)
    for _ in range(4):
        next(flow)
    assert [phases_of(making) for making in kept.makings] == [{"read", "decode", "warp"}] * 2 + [
        {"warp"}
    ] * 2


@pytest.mark.parametrize("operation", [{}, {"brightness_range": (0.5, 1.5)}])
def test_arrays_are_warped(kept, operation):
    x = np.zeros((8, 12, 10, 3), np.uint8)
    next(ImageDataGenerator(rotation_range=20, **operation).flow(x, batch_size=4))
    (making,) = kept.makings
    assert phases_of(making) == {"warp"}
    assert not making.shared


def test_functions_of_the_user_are_told_apart(kept):
    class Mine(ImageDataGenerator):
        def standardize(self, x):
            return x

    x = np.zeros((8, 12, 10, 3), np.uint8)
    for generator in (
        ImageDataGenerator(rotation_range=20, preprocessing_function=lambda image: image),
        Mine(rotation_range=20),
    ):
        flow = generator.flow(x, batch_size=4)
        next(flow)
        next(flow)
    assert [phases_of(making) for making in kept.makings] == [
        {"warp", "function"},
        {"warp", "function"},
        {"function"},
        {"function"},
    ]


def test_batches_made_ahead_belong_to_their_flow(kept):
    x = np.zeros((8, 12, 10, 3), np.uint8)
    generator = ImageDataGenerator()
    flow, other = (generator.flow(x, batch_size=4, prefetch=2) for _ in range(2))
    next(flow)
    next(other)
    assert {id(making.source) for making in kept.makings} == {
        id(flow.batches_of),
        id(other.batches_of),
    }
    assert threading.get_ident() not in {making.thread for making in kept.makings}
    # What the threads of `prefetch` ask themselves for is told, too, but not as this thread's.
    own = [source for source, *_, thread in kept.asked if thread == threading.get_ident()]
    assert own == [flow.batches_of, other.batches_of]


def test_batches_by_position_are_asked_for_once(kept):
    flow = ImageDataGenerator().flow(np.zeros((8, 12, 10, 3), np.uint8), batch_size=4)
    flow[1]
    ((source, begin, end, _),) = kept.asked
    (making,) = kept.makings
    assert source is flow.batches_of
    assert begin <= making.begin <= making.end <= end


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        ({}, 6 * 20 * 20 * 3),
        ({"color_mode": "grayscale"}, 6 * 20 * 20),
        ({"cache": "memory"}, None),
    ],
)
def test_what_a_cache_would_take(tmp_path, options, taken):
    assert files(tmp_path, "png", **options).bytes_to_cache == taken


def test_arrays_need_no_cache():
    flow = ImageDataGenerator().flow(np.zeros((8, 12, 10, 3), np.uint8))
    assert flow.bytes_to_cache is None


def test_nothing_is_noted_while_nobody_records(tmp_path):
    recorder = Kept()
    flow = files(tmp_path, "jpeg")
    _phases.record(recorder, waits=True)
    next(flow)
    _phases.stop(recorder)
    next(flow)
    assert len(recorder.makings) == len(recorder.asked) == 1


def test_a_recorder_that_is_gone_is_told_nothing():
    recorder, flow = Kept(), ImageDataGenerator().flow(np.zeros((2, 4, 4, 3), np.uint8))
    before = _phases.is_recording()
    _phases.record(recorder)
    del recorder
    gc.collect()
    next(flow)
    assert _phases.is_recording() <= before


def test_an_error_ends_what_is_noted(kept):
    def fails(image):
        raise ValueError("mine")

    x = np.zeros((8, 12, 10, 3), np.uint8)
    flow = ImageDataGenerator(preprocessing_function=fails).flow(x, batch_size=4)
    with pytest.raises(ValueError, match="mine"):
        next(flow)
    assert not _phases.takes_notes()
    assert len(kept.makings) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no `fork` here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_records_nothing(kept):
    making = _phases.begin(ImageDataGenerator().flow(np.zeros((2, 4, 4, 3), np.uint8)))
    child = os.fork()
    if child == 0:
        os._exit(_phases.is_recording() + _phases.is_awaited() + _phases.takes_notes())
    _phases.end(making)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_threads_share_the_time_of_their_work():
    """What threads do together takes no longer than the one that waits for it."""
    making = Making(ImageDataGenerator().flow(np.zeros((2, 4, 4, 3), np.uint8)), 1, 1)
    making.begin, making.end = 0, 10_000_000_000
    making.alone = [Span("warp", 1, 0, 1_000_000_000)]
    spans = [Span("decode", "core 0", 0, 3_000_000_000), Span("read", "core 1", 0, 1_000_000_000)]
    making.shared = [Shared(1_000_000_000, 3_000_000_000, spans)]
    assert making.seconds() == [0.5, 1.5, 1.0, 0.0, 7.0]
    assert making.parallel() == 3.0
