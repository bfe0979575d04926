"""Data sets in which no image was found: whoever would train on them is told where that was."""

from __future__ import annotations

import numpy as np
import pytest

from image_files import SIZE, flow, frame_flow, solid

pd = pytest.importorskip("pandas", reason="dataframes are pandas'")


def from_folder(folder, **arguments):
    return flow(folder, **arguments)


def from_frame(folder, **arguments):
    frame = pd.DataFrame({"filename": ["0.png", "1.png"], "class": ["a", "b"]})
    with pytest.warns(UserWarning, match="2 invalid image filename"):
        return frame_flow(folder, frame, class_mode="sparse", **arguments)


MESSAGES = {
    from_folder: r"no image: .*extensions png, jpg, .* in folders in '.*', one for each class",
    from_frame: r"no image: 0 of 2 rows of the dataframe name .*x_col='filename', relative to '",
}


@pytest.fixture
def model(keras):
    layers = [keras.Input((*SIZE, 3)), keras.layers.Flatten(), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile(loss="mse", optimizer="sgd", run_eagerly=True)
    return model


@pytest.mark.parametrize("make", MESSAGES)
def test_training(tmp_path, model, make):
    with pytest.raises(ValueError, match=MESSAGES[make]):
        model.fit(make(tmp_path), verbose=0)
    with pytest.raises(ValueError, match=MESSAGES[make]):
        model.evaluate(make(tmp_path), verbose=0)
    with pytest.raises(ValueError, match=MESSAGES[make]):
        model.predict(make(tmp_path), verbose=0)
    images = np.zeros((2, *SIZE, 3))
    with pytest.raises(ValueError, match=MESSAGES[make]):
        model.fit(images, np.zeros(2), validation_data=make(tmp_path), verbose=0)


@pytest.mark.parametrize("make", MESSAGES)
def test_data_sets_of_tensorflow(tmp_path, make):
    """Keras would train on none of their batches, without a word."""
    pytest.importorskip("tensorflow")
    with pytest.raises(ValueError, match=MESSAGES[make]):
        make(tmp_path).to_tf_dataset()


@pytest.mark.parametrize("make", MESSAGES)
def test_the_flow_itself_is_that_of_keras(tmp_path, capsys, make):
    found = make(tmp_path)
    assert "Found 0 " in capsys.readouterr().out
    assert (len(found), found.num_batches, found.n) == (0, 0, 0)
    assert next(found)[0].shape == (0, *SIZE, 3)


def test_a_subset(tmp_path, model):
    solid(tmp_path / "a" / "0.png", 0, SIZE)
    found = flow(tmp_path, {"validation_split": 0.4}, subset="validation", class_mode="sparse")
    with pytest.raises(ValueError, match='no image of the subset "validation": looked for'):
        model.fit(found, verbose=0)
    model.fit(flow(tmp_path, {"validation_split": 0.4}, subset="training"), verbose=0)
