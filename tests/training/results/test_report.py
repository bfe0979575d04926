"""The report of a training run, read as a file and in a browser."""

from __future__ import annotations

import base64
import dataclasses
import html.parser
import io
import re
import sys

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("jinja2", reason="it fills in the report")

import browser
from batchwarp.console.errors import MissingPackageError
from batchwarp.training.results import machine, report
from batchwarp.training.results.evaluation import Evaluation, Misclassified, record
from batchwarp.training.results.report import Report, write_report
from batchwarp.training.results.segmentation import Segmentation

NASTY = "</b><script>alert('1')</script>\"'&\udcff\n.jpg"
VOID = {"br", "hr", "img", "link", "meta"}
HISTORY = {
    "accuracy": [0.5, 0.75, 0.875],
    "loss": [0.9, 0.6, 0.4],
    "val_accuracy": [0.4, 0.8, 0.7],
    "val_loss": [1.1, 0.7, 0.8],
    "learning_rate": [1e-3, 1e-3, 5e-4],
    "seconds": [70.0, 60.0, 62.0],
    "waiting": [0.2, 0.01, 0.03],
}


class Page(html.parser.HTMLParser):
    """The tags and the text of a page, which must be balanced."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self._open = [], [], []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if data.strip() and self._open[-1] != "style":
            self.texts.append(data.strip())

    def attributes(self, tag, name):
        return [attributes[name] for found, attributes in self.tags if found == tag]


def mistakes(count, *, size=28, channels=1, source="test picture"):
    rng = np.random.default_rng(0)
    return tuple(
        Misclassified(
            "test",
            f"{source} {number}",
            true=0,
            predicted=1,
            probability=0.975,
            image=rng.random((size, size, channels), np.float32),
        )
        for number in range(count)
    )


def evaluated(part="test", classes=2, *, misclassified=(), unread=0):
    matrix = 9 * np.eye(classes, dtype=np.int64)
    matrix[0, 1] = max(len(misclassified), 1)
    return Evaluation(part, matrix, 0.125, tuple(misclassified), unread)


def reported(**changes):
    values = {
        "title": "O and X",
        "script": "ox",
        "status": "finished",
        "settings": {"seed": 3, "augmentation": {"rescale": 1 / 255, "horizontal_flip": True}},
        "results": {},
        "history": HISTORY,
        "pictures": [],
        "evaluations": [evaluated(misclassified=mistakes(1))],
        "classes": ("O", "X"),
    }
    return Report(**{**values, **changes})


@pytest.fixture
def written(tmp_path):
    """Writes a report; returns its page and its text."""

    def write(one):
        path = tmp_path / "report.html"
        write_report(path, one)
        text = path.read_bytes().decode("utf-8")
        return Page(text), text

    return write


def decoded(uri):
    kind, content = re.fullmatch(r"data:image/(\w+);base64,(.+)", uri).groups()
    picture = Image.open(io.BytesIO(base64.b64decode(content, validate=True)))
    assert picture.format.lower() == kind
    return picture


def test_result_comes_first(written):
    time = "3 epochs of training took 3 min 12 s."
    parts = [evaluated("training"), evaluated("test", misclassified=mistakes(2), unread=4)]
    page, _ = written(reported(evaluations=parts))
    assert page.texts[:5] == [
        "O and X: training report",
        "O and X",
        "batchwarp train ox: finished",
        "Result",
        "The model recognises 18 of 20 test pictures: an accuracy of 0.9000. " + time,
    ]
    begin = page.texts.index("Pictures")
    assert page.texts[begin : begin + 15] == [
        *("Pictures", "Accuracy", "Loss", "Misclassified", "Unreadable files"),
        *("training", "0.9474", "0.1250", "1 of 19", "0"),
        *("test", "0.9000", "0.1250", "2 of 20", "4"),
    ]
    begin = page.texts.index("Epochs")
    assert page.texts[begin : begin + 10] == [
        *("Epochs", "3"),
        *("Best validation accuracy", "0.8000 (epoch 2)"),
        *("Least validation loss", "0.7000 (epoch 2)"),
        *("Time per epoch", "62 s"),
        *("Waiting for batches", "3.0\N{NO-BREAK SPACE}% of the training time"),
    ]


def test_sections_are_in_order(written, tmp_path):
    Image.new("RGB", (30, 20)).save(tmp_path / "curves.png")
    pictures = [("Curves", tmp_path / "curves.png"), ("Batch", tmp_path / "missing.png")]
    page, _ = written(reported(pictures=pictures, results={"speed": {"ratio": 12.5}}))
    names = [text for text in page.texts if text in page.texts[page.texts.index("Result") :]]
    headings = ["Result", "Curves", "Confusion matrix: test", "Misclassified: test"]
    headings += ["Other figures", "Settings", "History", "Versions"]
    assert [name for name in names if name in headings] == headings
    assert "Batch" not in page.texts
    assert decoded(page.attributes("img", "src")[0]).size == (30, 20)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("running", "still running"),
        ("interrupted", "was interrupted"),
        ("failed", "ended with an error"),
    ],
)
def test_runs_that_did_not_finish_say_so(written, status, words):
    page, _ = written(reported(status=status, evaluations=[], history={}))
    assert any(text.startswith("There is no result yet.") and words in text for text in page.texts)
    assert "History" not in page.texts


def test_without_evaluations_the_history_has_the_result(written):
    page, _ = written(reported(evaluations=[]))
    assert any("accuracy on the validation pictures is 0.7000" in text for text in page.texts)


def test_unknown_status_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"`report\.status` must be one of running, .*'done'"):
        write_report(tmp_path / "report.html", reported(status="done"))


@pytest.mark.parametrize("classes", [2, 10, 24])
def test_confusion_matrix_and_figures_of_each_class(written, classes):
    names = [f"class {label}" for label in range(classes)]
    page, _ = written(reported(evaluations=[evaluated(classes=classes)], classes=names))
    cells = [one.get("class", "").split() for tag, one in page.tags if tag == "td"]
    assert sum("right" in cell for cell in cells) == classes
    assert sum("wrong" in cell for cell in cells) == classes * (classes - 1)
    begin = page.texts.index("Class")
    assert page.texts[begin : begin + 15] == [
        *("Class", "Precision", "Recall", "F1", "Pictures"),
        *("class 0", "1.000", "0.900", "0.947", "10"),
        *("class 1", "0.900", "1.000", "0.947", "9"),
    ]


def test_masks_have_figures_of_each_class(written):
    matrix = np.array([[60, 20, 0], [5, 15, 0], [0, 0, 0]])
    segmentations = [Segmentation("test", 4, matrix, 0.5, ())]
    history = {"val_mean_iou": [0.4, 0.55, 0.5], "loss": [0.9, 0.8, 0.7]}
    page, _ = written(
        reported(
            evaluations=[],
            classes=("ground", "disc", "ring"),
            segmentations=segmentations,
            history=history,
        )
    )
    result = "a mean IoU of 0.5404 on 4 test pictures, of whose pixels it takes 75.0"
    assert any(result in text for text in page.texts)
    begin = page.texts.index("Mean IoU")
    assert page.texts[begin : begin + 9] == [
        *("Mean IoU", "Accuracy of pixels", "Loss", "Number"),
        *("test", "0.5404", "0.7500", "0.5000", "4"),
    ]
    assert "0.5500 (epoch 2)" in page.texts
    begin = page.texts.index("Class")
    percent = "\N{NO-BREAK SPACE}%"
    assert page.texts[begin : begin + 14] == [
        *("Class", "IoU", "Share of pixels"),
        *("ground", "0.7059", f"80.0{percent}"),
        *("disc", "0.3750", f"20.0{percent}"),
        *("ring", "none", f"0.0{percent}"),
        *("mean", "0.5404"),
    ]
    begin = page.texts.index("ring", begin + 14)
    assert page.texts[begin : begin + 5] == [
        "ring",  # the last column
        *("ground", f"75.0{percent}", f"25.0{percent}", f"0.0{percent}"),
    ]


def test_misclassified_pictures_are_shown_with_what_is_known_of_them(written):
    page, _ = written(reported(evaluations=[evaluated(misclassified=mistakes(2))]))
    assert "All 2, those first that the model was most sure of." in page.texts
    begin = page.texts.index("test picture 0")
    label = ["O", "taken for", "X", "(97.5\N{NO-BREAK SPACE}%)"]
    assert page.texts[begin - 4 : begin] == label
    assert page.attributes("img", "alt") == ["O, taken for X"] * 2


def test_no_more_pictures_than_can_be_looked_at(written):
    page, _ = written(reported(evaluations=[evaluated(misclassified=mistakes(130))]))
    assert "The 100 of 130 that the model was most sure of." in page.texts
    assert len(page.attributes("img", "src")) == 100


def test_small_pictures_are_kept_exactly():
    (mistake,) = mistakes(1)
    pixels = np.asarray(decoded(report._thumbnail(mistake.image)))
    np.testing.assert_array_equal(pixels, np.rint(mistake.image[..., 0] * 255))


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "L"), (3, "RGB"), (4, "RGB")])
def test_large_pictures_are_reduced(channels, mode):
    (mistake,) = mistakes(1, size=150, channels=channels)
    image = np.repeat(mistake.image, 2, axis=1)
    picture = decoded(report._thumbnail(image))
    assert (picture.size, picture.mode) == ((96, 48), mode)


def test_a_hundred_photographs_make_no_enormous_file(written):
    # Noise is the worst that there is to compress.
    shown = mistakes(100, size=150, channels=3)
    _, text = written(reported(evaluations=[evaluated(misclassified=shown)]))
    assert len(text) < 2_000_000


def test_names_of_any_characters_are_text(written):
    nasty = reported(
        title=NASTY,
        settings={NASTY: NASTY},
        results={NASTY: [NASTY]},
        evaluations=[evaluated(NASTY, misclassified=mistakes(1, source=NASTY))],
        classes=(NASTY, "X"),
    )
    page, text = written(nasty)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "object", "iframe", "form"})
    assert "<script" not in text
    # The byte that is no UTF-8 is shown, as Python would.
    shown = NASTY.replace("\udcff", "\\udcff")
    assert page.texts.count(shown) > 5
    assert f"{shown} 0" in page.texts


def test_nothing_is_referred_to(written, tmp_path):
    Image.new("RGB", (3, 2)).save(tmp_path / "curves.png")
    page, text = written(reported(pictures=[("Curves", tmp_path / "curves.png")]))
    for _, attributes in page.tags:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert attributes.get(name, "data:").startswith("data:")
    assert not re.search(r"https?://|url\(|@import", text)


def test_settings_and_results_as_in_the_record(written):
    results = {
        "speed": {"ratio": 12.3456789, "threads": 2},
        "unread": [],
        "steps": list(range(40)),
        "best": None,
        "augmented": True,
    }
    page, _ = written(reported(results=results))
    begin = page.texts.index("Other figures")
    assert page.texts[begin + 1 : begin + 11] == [
        *("speed.ratio", "12.3457"),
        *("speed.threads", "2"),
        "unread",
        *("steps", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … (40 in all)"),
        *("best", "none"),
        "augmented",
    ]
    begin = page.texts.index("Settings")
    assert page.texts[begin + 1 : begin + 7] == [
        *("seed", "3"),
        *("augmentation.rescale", "0.00392157"),
        *("augmentation.horizontal_flip", "yes"),
    ]


def test_what_the_evaluations_say_is_not_said_twice(written):
    one = reported()
    figures = record(one.evaluations, one.classes)
    for results in ({"evaluation": figures}, dict(figures)):
        page, _ = written(dataclasses.replace(one, results=results))
        assert "Other figures" not in page.texts


def test_history_marks_the_best_epochs(written):
    # An epoch that was interrupted has no validation.
    history = {"loss": [0.9, float("nan"), 0.4], "val_accuracy": [0.5, 0.25], "seconds": [1, 2, 3]}
    page, text = written(reported(history=history))
    begin = page.texts.index("History")
    assert page.texts[begin + 2 : begin + 17] == [
        *("epoch", "loss", "val_accuracy", "seconds"),
        *("1", "0.9000", "0.5000", "1.0000"),
        *("2", "nan", "0.2500", "2.0000"),
        *("3", "0.4000", "3.0000"),
    ]
    assert re.findall(r'class="best">([^<]+)<', text) == ["0.5000", "0.4000"]


def test_versions_and_processor_are_named(written):
    page, _ = written(reported())
    begin = page.texts.index("Versions")
    assert page.texts[begin + 1] == "batchwarp"
    assert page.texts[page.texts.index("NumPy") + 1] == np.__version__
    assert page.texts[page.texts.index("Processor") + 1] == machine.processor()
    assert re.search(r", \d+ cores?$", machine.processor())


def test_the_backend_is_among_the_versions():
    keras = pytest.importorskip("keras", reason="it has the backend")
    versions = machine.versions()
    assert versions["Keras"] == keras.__version__
    backend = keras.backend.backend()
    assert versions[f"{backend} (backend)"] == sys.modules[backend].__version__


def test_missing_jinja_is_told_before_training(monkeypatch):
    report.require_jinja()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingPackageError, match=r"jinja2 is needed .*batchwarp\[train\]"):
        report.require_jinja()


needs_browser = pytest.mark.skipif(
    browser.executable() is None, reason="needs Chromium or Chrome on the PATH"
)


@needs_browser
def test_report_opens_in_a_browser_without_errors(tmp_path):
    Image.new("RGB", (300, 200), "white").save(tmp_path / "curves.png")
    shown = mistakes(3, source=NASTY) + mistakes(3, size=150, channels=3)
    whole = reported(
        pictures=[("Curves", tmp_path / "curves.png")],
        evaluations=[evaluated("training"), evaluated(misclassified=shown)],
    )
    path = tmp_path / "the report #1.html"
    write_report(path, whole)
    assert browser.look_at(path, tmp_path) == (7, [])


@needs_browser
def test_browser_notices_what_is_wrong(tmp_path):
    (tmp_path / "bad.html").write_text(
        '<!DOCTYPE html><img src="data:image/png;base64,AAAA"><script src="missing.js"></script>'
        '<script>console.error("an error of its own")</script>'
    )
    count, problems = browser.look_at(tmp_path / "bad.html", tmp_path)
    assert count == 1
    for problem in ("broken picture", "missing.js", "an error of its own"):
        assert any(problem in message for message in problems), problems
