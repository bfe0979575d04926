"""What is written in place of what."""

from __future__ import annotations

import pytest

from batchwarp.doctor import examine, read


@pytest.fixture
def written(tmp_path):
    def of(text):
        path = tmp_path / "script.py"
        path.write_bytes(text.encode())
        one = examine(read(path))
        return one.document.bytes_with(one.changed).decode()

    return of


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "from tensorflow.keras.preprocessing.image import ImageDataGenerator as Gen  # here\n",
            "from batchwarp import ImageDataGenerator as Gen  # here\n",
        ),
        (
            "from keras.preprocessing.image import (\n    ImageDataGenerator,\n    load_img,\n)\n",
            "from batchwarp.image import (\n    ImageDataGenerator,\n    load_img,\n)\n",
        ),
        ("from keras.preprocessing import image\n", "from batchwarp import image\n"),
        (
            "if True:\n    from keras.preprocessing import image as im, sequence\n",
            (
                "if True:\n    from keras.preprocessing import sequence\n"
                "    from batchwarp import image as im\n"
            ),
        ),
        (
            "import tensorflow.keras.preprocessing.image as I\n",
            "import batchwarp.image as I\n",
        ),
        (
            "import tensorflow as tf\ng = tf.keras.preprocessing.image.ImageDataGenerator()\n",
            "import batchwarp\nimport tensorflow as tf\ng = batchwarp.ImageDataGenerator()\n",
        ),
        (
            (
                "from __future__ import annotations\nimport keras\n"
                "é = 'ü'; g = keras.preprocessing.image.load_img('ß')\n"
            ),
            (
                "from __future__ import annotations\nimport batchwarp\nimport keras\n"
                "é = 'ü'; g = batchwarp.image.load_img('ß')\n"
            ),
        ),
        ("m.fit_generator(g, nb_epoch=3)\n", "m.fit(g, epochs=3)\n"),
        ("m.fit(g, workers=2)\n", "m.fit(g)\n"),
        ("m.fit(workers=2, use_multiprocessing=True)\n", "m.fit()\n"),
        ("m.fit(g, workers=2, epochs=1, max_queue_size=9)\n", "m.fit(g, epochs=1)\n"),
        ("m.fit(\n    workers=1,\n    x=g,  # data\n)\n", "m.fit(\n    x=g,  # data\n)\n"),
        (
            "from keras.preprocessing import sequence\n",
            "from keras.preprocessing import sequence\n",
        ),
        ("from . import image\n", "from . import image\n"),
        ("import keras\nm = keras.Model()\n", "import keras\nm = keras.Model()\n"),
    ],
)
def test_code(written, before, after):
    assert written(before) == after


def test_ends_of_lines_stay(written):
    before = "import os\r\nfrom keras.preprocessing.image import img_to_array\r\nx = 1"
    after = "import os\r\nfrom batchwarp.image import img_to_array\r\nx = 1"
    assert written(before) == after


def test_a_mark_of_the_encoding_stays(tmp_path):
    path = tmp_path / "script.py"
    path.write_bytes(b"\xef\xbb\xbffrom keras.preprocessing import image\n")
    one = examine(read(path))
    assert one.document.bytes_with(one.changed) == b"\xef\xbb\xbffrom batchwarp import image\n"


def test_another_encoding_stays(tmp_path):
    path = tmp_path / "script.py"
    text = "# -*- coding: latin-1 -*-\nname = 'é'\nfrom keras.preprocessing import image\n"
    path.write_bytes(text.encode("latin-1"))
    one = examine(read(path))
    assert b"'\xe9'\nfrom batchwarp import image\n" in one.document.bytes_with(one.changed)
