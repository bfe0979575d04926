"""Programs put loggers, tees, closed files or nothing in the place of the standard output."""

from __future__ import annotations

import io
import logging
import sys

import pandas as pd
import pytest

import batchwarp
from batchwarp.cli.terminal_images import width_in_pixels
from batchwarp.console.output import discard_output, is_terminal
from image_files import picture


class Tee:
    """What programs write themselves: two methods, and nothing else of a file."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass


class Named(Tee):
    def __init__(self, encoding):
        super().__init__()
        self.encoding = encoding


class Broken(Tee):
    def write(self, text):
        raise RuntimeError(f"this logger is not set up for {text}")


class Unflushed(Tee):
    def flush(self):
        raise OSError("the pipe is gone")


class WriteOnly:
    text = ""

    def write(self, text):
        self.text += text


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.fixture
def folder(tmp_path):
    for name in ("a/1.png", "a/2.png", "b/3.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        picture().save(tmp_path / name)
    return tmp_path


def flows(folder):
    generator = batchwarp.ImageDataGenerator()
    frame = pd.DataFrame({"filename": ["a/1.png", "b/3.png"], "class": ["a", "b"]})
    return [
        generator.flow_from_directory(folder, target_size=(4, 4)),
        generator.flow_from_dataframe(frame, folder, target_size=(4, 4)),
        generator.flow_from_dataframe(frame, folder, target_size=(4, 4), class_mode="input"),
    ]


@pytest.mark.parametrize(
    "stream",
    [Tee(), WriteOnly(), Unflushed(), *map(Named, ("ascii", "no such encoding", None, "hex", 7))],
    ids=lambda stream: f"{type(stream).__name__} {getattr(stream, 'encoding', '')}",
)
def test_it_gets_the_messages(folder, monkeypatch, stream):
    monkeypatch.setattr(sys, "stdout", stream)
    for flow in flows(folder):
        next(flow)
    assert "Found 3 images belonging to 2 classes.\n" in stream.text
    assert "Found 2 validated image filenames belonging to 2 classes.\n" in stream.text
    assert "Found 2 validated image filenames.\n" in stream.text


@pytest.mark.parametrize(
    "stream", [None, Broken(), closed(), object()], ids=lambda stream: type(stream).__name__
)
def test_messages_that_it_does_not_take_are_logged(folder, monkeypatch, caplog, stream):
    monkeypatch.setattr(sys, "stdout", stream)
    with caplog.at_level(logging.INFO, "batchwarp"):
        for flow in flows(folder):
            next(flow)
    assert caplog.messages[0] == "Found 3 images belonging to 2 classes."
    assert len(caplog.messages) == 3


@pytest.mark.parametrize(
    "stream", [None, Tee(), closed(), io.StringIO()], ids=lambda stream: type(stream).__name__
)
def test_it_is_no_terminal(monkeypatch, stream):
    assert not is_terminal(stream)
    monkeypatch.setattr(sys, "stdout", stream)
    assert width_in_pixels() is None
    discard_output()
