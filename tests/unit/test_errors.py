"""The exceptions of batchwarp's own."""

from __future__ import annotations

import copy
import pickle

import pytest

import batchwarp


@pytest.mark.parametrize("duplicate", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_image_file_error_tells_path_and_reason(duplicate):
    error = duplicate(batchwarp.ImageFileError("cats/1.jpg", "truncated"))
    assert type(error) is batchwarp.errors.ImageFileError
    assert (error.path, error.reason) == ("cats/1.jpg", "truncated")
    assert str(error) == "cats/1.jpg: truncated"
    assert error.errno is None


def test_code_for_keras_catches_an_image_file_error():
    with pytest.raises(OSError, match=r"cats/1\.jpg: truncated"):
        raise batchwarp.ImageFileError("cats/1.jpg", "truncated")


@pytest.mark.parametrize("duplicate", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_annotation_error_tells_path_and_reason(duplicate):
    error = duplicate(batchwarp.AnnotationError("coco.json", "is cut off"))
    assert type(error) is batchwarp.errors.AnnotationError
    assert isinstance(error, ValueError)
    assert (error.path, error.reason) == ("coco.json", "is cut off")
    assert str(error) == "coco.json: is cut off"
