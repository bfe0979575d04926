"""Flows of samples: what counts as one, the same pixels as from files, what is said of bad ones."""

from __future__ import annotations

import functools
import http.server
import io
import json
import pickle
import sys
import tarfile
import threading
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp.files.options import FileOptions
from batchwarp.iterators import SamplesIterator
from image_files import KINDS, picture, save

OPTIONS = {"target_size": (12, 16), "batch_size": 4, "seed": 3}


def generator(**arguments):
    return batchwarp.ImageDataGenerator(**{"rotation_range": 20, "draws": "keyed"} | arguments)


@pytest.fixture
def files(tmp_path):
    """Paths of ten JPEG files of different sizes."""
    return [
        str(save(tmp_path / f"{number}", "jpeg", picture(20 + number, 30 - number, number)))
        for number in range(10)
    ]


@pytest.fixture
def contents(files):
    """Their contents."""
    return [Path(path).read_bytes() for path in files]


LABELS = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]


class Records:
    """What a data set of Hugging Face's looks like, and which columns were asked for."""

    def __init__(self, images, labels, names=None):
        self.column_names = ["image", "label"]
        self.images, self.numbers = images, labels
        self.features = {"label": type("ClassLabel", (), {"names": names})()}
        self.asked = []

    def __len__(self):
        return len(self.images)

    def __getitem__(self, key):
        self.asked.append(key)
        if isinstance(key, str):
            return {"image": self.images, "label": self.numbers}[key]
        return {"image": self.images[key], "label": self.numbers[key]}


def as_pictures(contents):
    return [Image.open(io.BytesIO(content)) for content in contents]


def as_pixels(contents):
    return [np.asarray(one) for one in as_pictures(contents)]


FORMS = {
    "bytes": lambda contents, _: contents,
    "arrays of bytes": lambda contents, _: [np.frombuffer(one, np.uint8) for one in contents],
    "views": lambda contents, _: [memoryview(one) for one in contents],
    "paths": lambda _, files: files,
    "pixels": lambda contents, _: as_pixels(contents),
    "pictures": lambda contents, _: as_pictures(contents),
    "records of bytes": lambda contents, _: [{"bytes": c, "path": None} for c in contents],
    "records of paths": lambda _, files: [{"bytes": None, "path": path} for path in files],
}


def all_batches(flow):
    return [next(flow) for _ in range(len(flow))]


def assert_same(flow, other):
    for one, two in zip(all_batches(flow), all_batches(other), strict=True):
        np.testing.assert_array_equal(one[0], two[0])
        np.testing.assert_array_equal(one[1], two[1])


@pytest.fixture
def of_files(files):
    """The flow of a dataframe of the same files and labels."""
    pd = pytest.importorskip("pandas", reason="it has the dataframe")
    frame = pd.DataFrame({"filename": files, "class": LABELS})
    return lambda **options: generator().flow_from_dataframe(
        frame, integer_classes=True, **OPTIONS | options
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"color_mode": "grayscale", "interpolation": "bilinear"},
        {"color_mode": "rgba", "keep_aspect_ratio": True, "interpolation": "lanczos"},
        {"color_mode": "unchanged"},
    ],
    ids=str,
)
def test_pixels_and_labels_are_those_of_files(of_files, files, contents, form, options):
    samples = list(zip(FORMS[form](contents, files), LABELS, strict=True))
    flow = generator().flow_from_samples(samples, **OPTIONS | options)
    assert_same(flow, of_files(**options))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale", "unchanged"])
def test_pictures_of_every_kind_are_as_their_files(tmp_path, kind, color_mode):
    path = save(tmp_path / "one", kind)
    given = Image.open(path)
    info, mode = dict(given.info), given.mode
    options = {"color_mode": color_mode, "class_mode": None, "target_size": (9, 11)}
    of = batchwarp.ImageDataGenerator().flow_from_samples
    expected = next(of([str(path)], **options))
    np.testing.assert_array_equal(next(of([given], **options)), expected)
    assert (given.info, given.mode) == (info, mode)
    np.testing.assert_array_equal(next(of([path.read_bytes()], **options)), expected)


def test_exif_turns_pictures_too():
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    picture(8, 12).save(buffer, "PNG", exif=exif)
    of = functools.partial(
        batchwarp.ImageDataGenerator().flow_from_samples,
        class_mode=None,
        target_size=(12, 8),
        exif_transpose=True,
    )
    turned = np.rot90(np.asarray(picture(8, 12)), -1)
    for image in (buffer.getvalue(), Image.open(io.BytesIO(buffer.getvalue()))):
        np.testing.assert_array_equal(next(of([image]))[0], turned)


def test_grey_arrays_with_and_without_an_axis_for_channels():
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8)
    of = functools.partial(
        batchwarp.ImageDataGenerator().flow_from_samples, class_mode=None, target_size=(6, 8)
    )
    for array in (grey, grey[..., np.newaxis]):
        np.testing.assert_array_equal(next(of([array], color_mode="grayscale"))[0, ..., 0], grey)
        np.testing.assert_array_equal(next(of([array]))[0], np.stack([grey] * 3, axis=2))
    deep = np.linspace(0, 1, 6 * 8 * 5).reshape(6, 8, 5)
    assert next(of([deep], color_mode="unchanged"))[0] == pytest.approx(deep)


def test_records_and_their_columns(contents):
    records = Records([{"bytes": one, "path": "x.jpg"} for one in contents], LABELS, list("abcd"))
    flow = generator().flow_from_samples(records, **OPTIONS)
    assert records.asked[0] == "label"
    assert all(isinstance(key, str) for key in records.asked[:-1])  # all labels before any image
    assert flow.class_indices == {"a": 0, "b": 1, "c": 2, "d": 3}
    assert next(flow)[1].shape == (4, 4)
    plain = generator().flow_from_samples(list(zip(contents, LABELS, strict=True)), **OPTIONS)
    np.testing.assert_array_equal(flow[1][0], plain[1][0])


def test_names_of_columns(contents):
    samples = [
        {"__key__": str(row), "jpg": content, "cls": label}
        for row, (content, label) in enumerate(zip(contents, LABELS, strict=True))
    ]
    flow = generator().flow_from_samples(samples, columns=("jpg", "cls"), **OPTIONS)
    plain = generator().flow_from_samples(list(zip(contents, LABELS, strict=True)), **OPTIONS)
    assert_same(flow, plain)
    with pytest.raises(TypeError, match=r"`samples\[0\]` is a dictionary without 'image'.*'jpg'"):
        generator().flow_from_samples(samples)


def test_a_stream_is_read_once_and_kept(contents, tmp_path):
    archive = tmp_path / "shard.tar"
    with tarfile.open(archive, "w") as tar:
        for row, content in enumerate(contents):
            member = tarfile.TarInfo(f"{row}.jpg")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))

    def members():
        with tarfile.open(archive) as tar:
            for member in tar:
                yield tar.extractfile(member).read(), LABELS[int(member.name.split(".")[0])]

    flow = generator().flow_from_samples(members(), **OPTIONS)
    archive.unlink()
    plain = generator().flow_from_samples(list(zip(contents, LABELS, strict=True)), **OPTIONS)
    for _ in range(2):
        assert_same(flow, plain)


def test_labels_beside_samples(contents):
    flow = generator().flow_from_samples(
        contents, labels=[f"class {one}" for one in LABELS], shuffle=False, class_mode="sparse"
    )
    assert flow.class_indices == {"class 0": 0, "class 1": 1, "class 2": 2}
    assert next(flow)[1].tolist() == LABELS
    with pytest.raises(ValueError, match=r"one label for each of the 10 samples\. Received: 9 lab"):
        generator().flow_from_samples(contents, labels=LABELS[:9])


@pytest.mark.parametrize(
    ("labels", "options", "expected"),
    [
        ([0, 2], {}, [[1, 0, 0], [0, 0, 1]]),
        ([np.int64(0), np.uint8(2)], {"class_mode": "sparse"}, [0, 2]),
        ([0, 1], {"class_mode": "sparse", "classes": ["a", "b", "c"]}, [0, 1]),
        ([5, 2], {"classes": [5, 2]}, [[1, 0], [0, 1]]),
        (["b", "a"], {}, [[0, 1], [1, 0]]),
        (["b", "a"], {"classes": ["b", "a"], "class_mode": "binary"}, [0, 1]),
        ([["a", "c"], ["b"]], {}, [[1, 0, 1], [0, 1, 0]]),
        ([(0, 2), np.array([1])], {}, [[1, 0, 1], [0, 1, 0]]),
        ([[0.5, 2], [1, 3]], {"class_mode": "raw"}, [[0.5, 2], [1, 3]]),
        ([7, 9], {"class_mode": "raw"}, [7, 9]),
    ],
    ids=str,
)
def test_kinds_of_labels(contents, labels, options, expected):
    samples = list(zip(contents, labels, strict=False))
    flow = generator().flow_from_samples(samples, shuffle=False, **options)
    assert next(flow)[1].tolist() == expected


def test_samples_of_other_classes_are_left_out_and_keep_their_keys(contents):
    names = [f"c{one}" for one in LABELS]
    flow = generator().flow_from_samples(contents, labels=names, classes=["c2", "c1"], **OPTIONS)
    all_of_them = generator().flow_from_samples(
        contents, labels=names, shuffle=False, target_size=(12, 16), seed=3
    )
    images = next(all_of_them)[0]
    kept = [row for row in range(10) if LABELS[row]]
    assert flow.n == len(kept)
    flow = generator().flow_from_samples(
        contents,
        labels=names,
        classes=["c2", "c1"],
        shuffle=False,
        target_size=(12, 16),
        seed=3,
    )
    np.testing.assert_array_equal(next(flow)[0], images[kept])


def test_without_labels(contents):
    flow = generator().flow_from_samples(contents, class_mode=None, **OPTIONS)
    assert next(flow).shape == (4, 12, 16, 3)
    images, same = next(generator().flow_from_samples(contents, class_mode="input", **OPTIONS))
    np.testing.assert_array_equal(images, same)


@pytest.mark.parametrize(
    ("samples", "options", "error", "message"),
    [
        ("abc", {}, TypeError, "`samples` should be a sequence or an iterable .*Received: str"),
        ({"a": 1}, {}, TypeError, "`samples` should be.*Received: dict"),
        (7, {}, TypeError, "`samples` should be.*Received: int"),
        ([b"x"], {}, TypeError, r"`samples` have no label in 1 row .*`class_mode=None`"),
        ([(b"x", 1, 2)], {}, TypeError, r"`samples\[0\]` should be a pair.*tuple of length 3"),
        ([(3, 0)], {}, TypeError, r"`samples\[0\]` should be bytes of an image file.*int"),
        ([({"bytes": None}, 0)], {}, TypeError, r'`samples\[0\]` has neither "bytes" nor a "path"'),
        ([(b"x", -1)], {}, ValueError, r"numbers of classes, from 0 on\. Found: -1 to -1"),
        ([(b"x", 10**9)], {}, ValueError, r"Found: 1000000000 to 1000000000.*\"raw\""),
        ([(b"x", 3)], {"classes": ["a", "b"]}, ValueError, "below 2, the number of classes"),
        ([(b"x", "a"), (b"y", 1)], {}, TypeError, "all strings or all integers. Found: int, str"),
        ([(b"x", 0.5)], {}, TypeError, 'of type float in 1 row .*pass `class_mode="raw"`'),
        ([(b"x", None)], {}, TypeError, "missing in 1 row"),
        ([(b"x", b"1")], {}, TypeError, "of type bytes.*label is decoded"),
        ([(b"x", True)], {}, TypeError, "of type bool"),
        ([(b"x", ["a"])], {"class_mode": "sparse"}, TypeError, "of type list"),
        ([(b"x", "a")], {"class_mode": "binary"}, ValueError, "there must be 2 classes. Found 1"),
        ([(b"x", "a")], {"class_mode": "multi_output"}, ValueError, "Invalid class_mode"),
        ([(b"x", "a")], {"classes": [1]}, ValueError, "`classes` should be labels as the samples"),
        ([(b"x", [1]), (b"y", [1, 2])], {"class_mode": "raw"}, TypeError, "should be of one shape"),
        ([(b"x", 0)], {"cache": "folder"}, ValueError, '`cache` should be "memory".*folder'),
        ([(b"x", 0)], {"columns": "image"}, ValueError, "`columns` should be a pair of names"),
        ([(b"x", 0)], {"on_error": "stop"}, ValueError, "`on_error` should be"),
        ([(b"x", 0)], {"shard": (2, 2)}, ValueError, "`shard` should be"),
    ],
    ids=str,
)
def test_what_is_refused(samples, options, error, message):
    with pytest.raises(error, match=message):
        generator().flow_from_samples(samples, **options)


def test_tables_are_asked_for_their_rows(contents):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"image": contents, "label": LABELS})
    with pytest.raises(TypeError, match=r'Received: DataFrame; .*`\.to_dict\("records"\)`'):
        generator().flow_from_samples(frame)
    flow = generator().flow_from_samples(frame.to_dict("records"), **OPTIONS)
    assert_same(
        flow, generator().flow_from_samples(list(zip(contents, LABELS, strict=True)), **OPTIONS)
    )


def test_splits(contents):
    given = {"labels": LABELS, "target_size": (12, 16)}
    first = generator(validation_split=0.3)
    for subset, rows in (("validation", range(3)), ("training", range(3, 10))):
        flow = first.flow_from_samples(contents, subset=subset, class_mode="sparse", **given)
        assert flow.labels == [LABELS[row] for row in rows]
    by_class = generator(validation_split=0.34, split="stratified")
    flow = by_class.flow_from_samples(contents, subset="validation", **given)
    assert sorted(flow.labels) == [0, 1, 2]
    by_name = generator(validation_split=0.3, split="hash")
    with pytest.raises(ValueError, match='`split="hash"` is for files'):
        by_name.flow_from_samples(contents, subset="training", **given)


def test_shards_side_by_side_are_the_whole(contents):
    def flow(batch_size, shard):
        return generator().flow_from_samples(
            contents, class_mode=None, **OPTIONS | {"batch_size": batch_size, "shard": shard}
        )

    whole, parts = flow(4, None), [flow(2, (index, 2)) for index in range(2)]
    for _ in range(2 * len(whole)):
        np.testing.assert_array_equal(next(whole), np.concatenate([next(one) for one in parts]))


@pytest.mark.parametrize("options", [{"cache": "memory"}, {"prefetch": 2}], ids=str)
def test_caches_and_batches_made_ahead_change_nothing(contents, options):
    plain = generator().flow_from_samples(contents, labels=LABELS, **OPTIONS)
    flow = generator().flow_from_samples(contents, labels=LABELS, **OPTIONS | options)
    for _ in range(2):
        assert_same(flow, plain)


class OneAtATime:
    """Samples that notice when two threads are in them."""

    def __init__(self, contents):
        self.contents, self.inside = contents, threading.Lock()

    def __len__(self):
        return len(self.contents)

    def __getitem__(self, row):
        assert self.inside.acquire(blocking=False), "two threads at a time"
        try:
            return bytes(bytearray(self.contents[row]))
        finally:
            self.inside.release()


def test_samples_are_asked_for_one_at_a_time(contents):
    before = batchwarp.runtime.get_num_threads()
    batchwarp.runtime.set_num_threads(4)
    try:
        flow = generator().flow_from_samples(
            OneAtATime(contents * 5), class_mode=None, batch_size=25, prefetch=2, seed=1
        )
        for _ in range(4):
            assert next(flow).shape[0] == 25
    finally:
        batchwarp.runtime.set_num_threads(before)


def test_bad_samples_are_errors_of_themselves(contents, tmp_path):
    class Failing(list):
        def __getitem__(self, row):
            if row == 4:
                raise KeyError("no such row")
            return super().__getitem__(row)

    missing = str(tmp_path / "missing.jpg")
    samples = Failing([*contents[:2], b"no image", missing, *contents[4:6], np.zeros((3, 3))])
    flow = functools.partial(
        generator().flow_from_samples, samples, class_mode=None, shuffle=False, target_size=(8, 8)
    )
    with pytest.raises(batchwarp.ImageFileError, match=r"^samples\[2\]: .*not an image") as raised:
        next(flow())
    assert raised.value.path == "samples[2]"
    images = next(zeros := flow(on_error="zeros"))
    assert [bool(image.any()) for image in images] == [True, True, False, False, False, True, False]
    reasons = {error.path: error.reason for error in zeros.errors}
    assert reasons.keys() == {"samples[2]", missing, "samples[4]", "samples[6]"}
    assert reasons[missing] == "No such file or directory"
    assert "no such row" in reasons["samples[4]"]
    assert "arrays should be of uint8" in reasons["samples[6]"]
    images = next(flow(on_error="skip"))
    np.testing.assert_array_equal(images[2], images[5])


def test_a_flow_can_be_pickled_and_resumes(contents):
    flow = generator().flow_from_samples(contents, labels=LABELS, **OPTIONS)
    next(flow)
    copied = pickle.loads(pickle.dumps(flow))
    for one, two in zip(next(flow), next(copied), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("form", FORMS)
def test_a_state_is_of_these_samples(contents, files, form):
    def flow(contents, files):
        images = FORMS[form](contents, files)
        return generator().flow_from_samples(images, class_mode=None, **OPTIONS)

    before = flow(contents, files)
    next(before)
    state = json.loads(json.dumps(before.state_dict()))
    after = flow(contents, files)
    after.load_state_dict(state)
    np.testing.assert_array_equal(next(after), next(before))
    with pytest.raises(ValueError, match="`state` is of another data set: `samples` was"):
        flow(contents[::-1], files[::-1]).load_state_dict(state)


def test_statistics_and_data_sets_without_samples(contents):
    flow = generator().flow_from_samples(contents, class_mode=None, **OPTIONS)
    datagen = batchwarp.ImageDataGenerator(featurewise_center=True)
    datagen.fit_from(flow)
    pixels = next(
        batchwarp.ImageDataGenerator().flow_from_samples(
            contents, class_mode=None, target_size=(12, 16), shuffle=False
        )
    )
    assert datagen.mean.ravel() == pytest.approx(pixels.mean(axis=(0, 1, 2)))
    empty = generator().flow_from_samples([], class_mode=None)
    assert len(empty) == 0
    with pytest.raises(ValueError, match="has no image: `samples` has 0"):
        empty.to_tf_dataset()


def test_images_of_their_own_sizes(contents):
    recipe = generator(operations=[batchwarp.ops.RandomCrop((12, 16))])
    flow = recipe.flow_from_samples(contents, class_mode=None, target_size=None, seed=1)
    assert next(flow).shape == (10, 12, 16, 3)


def test_urls_in_memory(contents):
    fsspec = pytest.importorskip("fsspec", reason="it reads URLs")
    folder = fsspec.filesystem("memory")
    urls = []
    for row, content in enumerate(contents):
        folder.pipe(f"/samples/{row}.jpg", content)
        urls.append(f"memory://samples/{row}.jpg")
    plain = generator().flow_from_samples(contents, labels=LABELS, **OPTIONS)
    assert_same(generator().flow_from_samples(urls, labels=LABELS, **OPTIONS), plain)
    urls[3] = "memory://samples/none.jpg"
    flow = generator().flow_from_samples(urls, labels=LABELS, on_error="zeros", **OPTIONS)
    all_batches(flow)
    assert [error.path for error in flow.errors] == [urls[3]]
    urls[3] = "nowhere://samples"
    with pytest.raises(batchwarp.ImageFileError, match="nowhere://samples: Protocol not known"):
        all_batches(generator().flow_from_samples(urls, labels=LABELS, **OPTIONS))


def test_urls_of_a_server(contents, tmp_path):
    pytest.importorskip("aiohttp", reason="fsspec reads HTTP by it")
    pytest.importorskip("fsspec", reason="it reads URLs")
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            base = f"http://127.0.0.1:{server.server_address[1]}"
            for row, content in enumerate(contents):
                (tmp_path / f"{row}.jpg").write_bytes(content)
            urls = [f"{base}/{row}.jpg" for row in range(10)]
            plain = generator().flow_from_samples(contents, labels=LABELS, **OPTIONS)
            assert_same(generator().flow_from_samples(urls, labels=LABELS, **OPTIONS), plain)
            bad = [*urls, f"{base}/missing.jpg"]
            flow = generator().flow_from_samples(bad, class_mode=None, on_error="skip", **OPTIONS)
            all_batches(flow)
            assert [error.path for error in flow.errors] == bad[-1:]
        finally:
            server.shutdown()
            thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server that writes nothing to the terminal."""

    def log_message(self, *_):
        pass


def test_urls_without_fsspec(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(ImportError, match=r"pip install fsspec.*s3://bucket/cat\.jpg"):
        generator().flow_from_samples([("s3://bucket/cat.jpg", 0)])
    flow = generator().flow_from_samples([b"x", "s3://bucket/cat.jpg"], class_mode=None)
    flow.on_error = "skip"
    with pytest.raises(ImportError, match="pip install fsspec"):
        next(flow)


def test_every_option_of_files_is_one_of_samples():
    names = {field.name for field in fields(FileOptions)} - {"formats", "cache_format"}
    for function in (batchwarp.ImageDataGenerator.flow_from_samples, SamplesIterator.__init__):
        assert names <= function.__kwdefaults__.keys()
