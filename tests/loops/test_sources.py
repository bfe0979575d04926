"""Images that other libraries have, by these libraries: the pixels and labels of the files.

The programs are those of `docs/loops.md`, run where the files are that they name.
"""

from __future__ import annotations

import functools
import http.server
import io
import re
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import batchwarp.torch  # noqa: F401 - flows are made without Keras, whose import takes seconds
from batchwarp import ImageDataGenerator, ImageFileError

PAGE = Path(__file__).parents[2] / "docs" / "loops.md"
N = 11

# What these libraries leave open, and what they say of releases to come.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning",
    "ignore::DeprecationWarning",
    "ignore::FutureWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


def program(title):
    """The block of the page that makes a flow and has some words in it."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    [block] = [one for one in blocks if title in one and "flow_from_samples" in one]
    return block


@pytest.fixture
def files(tmp_path, monkeypatch):
    """JPEG files of two classes in folders, in the order in which all others have them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    rng = np.random.default_rng(0)
    paths = []
    for number in range(N):
        path = tmp_path / "train" / ("cats" if number < 6 else "dogs") / f"{number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)).save(path)
        paths.append(path)
    return paths


LABELS = [0] * 6 + [1] * 5


class Datagen(ImageDataGenerator):
    """What the programs call; in them, order and size are left to the defaults."""

    def __init__(self):
        super().__init__(rotation_range=30, horizontal_flip=True, draws="keyed")

    def flow_from_samples(self, samples, **options):
        options = {"target_size": (18, 16), "batch_size": 4, "seed": 7} | options
        return super().flow_from_samples(samples, **options)


def assert_are_those(flow, files, shuffle=True):
    """That two passes have the images and labels of the files, byte for byte."""
    wanted = Datagen().flow_from_samples(
        [str(path) for path in files], labels=LABELS, class_mode="sparse", shuffle=shuffle
    )
    assert len(flow) == len(wanted) == 3
    for _ in range(2 * len(wanted)):
        for one, other in zip(next(flow), next(wanted), strict=True):
            np.testing.assert_array_equal(one, other)


def run(title, **names):
    namespace = {"datagen": Datagen(), **names}
    exec(compile(program(title), str(PAGE), "exec"), namespace)
    return namespace


@pytest.fixture
def datasets(tmp_path, monkeypatch):
    module = pytest.importorskip("datasets", reason="they are its data sets")
    module.disable_progress_bars()
    # Nothing is left in the user's own cache.
    monkeypatch.setattr(module.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return module


def test_hugging_face(files, datasets):
    found = run("load_dataset(")
    assert found["train"].class_indices == {"cats": 0, "dogs": 1}
    assert_are_those(found["train"], files)
    # Decoded by itself: Pillow images.
    decoded = Datagen().flow_from_samples(found["dataset"], class_mode="sparse")
    assert_are_those(decoded, files)


def test_hugging_face_from_parquet_and_memory(files, datasets):
    columns = {"image": [{"bytes": path.read_bytes(), "path": None} for path in files]}
    features = {"image": datasets.Image(decode=False), "label": datasets.ClassLabel(2)}
    dataset = datasets.Dataset.from_dict(
        columns | {"label": LABELS}, features=datasets.Features(features)
    )
    assert_are_those(Datagen().flow_from_samples(dataset, class_mode="sparse"), files)
    dataset.to_parquet("of_hugging_face.parquet")
    again = datasets.load_dataset("parquet", data_files="of_hugging_face.parquet", split="train")
    assert_are_those(Datagen().flow_from_samples(again, class_mode="sparse"), files)


@pytest.fixture
def parquet(files):
    arrow = pytest.importorskip("pyarrow", reason="it writes the file")
    pq = pytest.importorskip("pyarrow.parquet", reason="it writes the file")
    table = arrow.table({"image": [path.read_bytes() for path in files], "label": LABELS})
    pq.write_table(table, "train.parquet", row_group_size=3)
    return files


def test_parquet_in_memory(parquet):
    assert_are_those(run("columns=(")["train"], parquet)


def test_parquet_by_row_groups(parquet):
    found = run("read_row_group")
    rows = found["Rows"]("train.parquet")
    assert rows.file.num_row_groups == 4
    read = []
    read_group = rows.file.read_row_group

    @functools.lru_cache(maxsize=4)
    def noted(group):
        read.append(group)
        return read_group(group)

    rows.group = noted
    flow = Datagen().flow_from_samples(rows, labels=LABELS, class_mode="sparse", shuffle=False)
    read.clear()
    next(flow)
    # Whichever thread asks first; and the first one may be there already.
    assert sorted(read) in ([0, 1], [1])
    assert_are_those(found["train"], parquet, shuffle=False)


def test_a_bad_row_of_parquet_is_named(parquet):
    arrow, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    contents = [path.read_bytes() for path in parquet]
    contents[4] = contents[4][:20]
    pq.write_table(arrow.table({"image": contents, "label": LABELS}), "train.parquet")
    flow = run("columns=(")["train"]
    with pytest.raises(ImageFileError, match=r"samples\[4\]"):
        [next(flow) for _ in range(len(flow))]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_urls_of_a_server(files, tmp_path):
    pytest.importorskip("fsspec", reason="it reads URLs")
    pytest.importorskip("aiohttp", reason="by which it reads these")
    handler = functools.partial(Quiet, directory=str(tmp_path / "train"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            names = [f"{path.parent.name}/{path.name}" for path in files]
            address = f"http://127.0.0.1:{server.server_port}"
            found = run("server", server=address, names=names, labels=LABELS)
            assert_are_those(found["train"], files)
        finally:
            server.shutdown()
            thread.join()


def test_data_sets_of_pytorch(files):
    torch = pytest.importorskip("torch", reason="it is a data set of its class")

    class Cifar(torch.utils.data.Dataset):
        """As those of torchvision: Pillow images, and `targets` beside them."""

        def __init__(self, root):
            assert root == "train"
            self.targets = LABELS

        def __len__(self):
            return N

        def __getitem__(self, index):
            return Image.open(files[index]), self.targets[index]

    assert_are_those(run("CIFAR10(", CIFAR10=Cifar, root="train")["train"], files)


def test_webdataset(files):
    pytest.importorskip("webdataset", reason="they are its tars")
    for shard, part in enumerate((slice(0, 5), slice(5, N))):
        with tarfile.open(f"train-{shard:04}.tar", "w") as tar:
            for path, label in zip(files[part], LABELS[part], strict=True):
                members = {"jpg": path.read_bytes(), "cls": str(label).encode()}
                for suffix, content in members.items():
                    info = tarfile.TarInfo(f"{path.stem}.{suffix}")
                    info.size = len(content)
                    tar.addfile(info, io.BytesIO(content))
    assert_are_those(run("webdataset")["train"], files)


def test_all_programs_of_the_page_are_run():
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    sources = [
        one for one in blocks if "flow_from_samples(" in one and "samples, class_" not in one
    ]
    titles = ("load_dataset(", "columns=(", "read_row_group", "server", "CIFAR10(")
    assert len(sources) == len({program(title) for title in (*titles, "webdataset")}) == 6
