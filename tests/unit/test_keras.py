"""What is imported when, and that everything works where Keras is not installed."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from batchwarp import _keras

HEAVY = "('cv2', 'keras', 'matplotlib', 'pandas', 'PIL', 'scipy', 'sklearn', 'tensorflow')"
BLOCK = "import sys; sys.modules.update(keras=None, tensorflow=None, scipy=None, cv2=None)\n"


def run(code):
    """Runs code in a fresh interpreter and returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_pulls_in_numpy_only():
    code = f"""
        import sys
        from batchwarp import *
        print([name for name in {HEAVY} if name in sys.modules])
        """
    assert run(code) == "[]"


def test_loops_of_pytorch_do_without_keras():
    pytest.importorskip("keras")
    code = """
        import sys, warnings
        import numpy as np
        from batchwarp import ImageDataGenerator
        import batchwarp.torch
        make = ImageDataGenerator().flow
        x = np.zeros((3, 4, 4, 3), "uint8")
        flow = make(x)
        print("keras" in sys.modules, len(next(flow)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import keras
        print(isinstance(make(x), keras.utils.PyDataset))
        """
    assert run(code).split() == ["False", "3", "True"]


def test_a_star_hides_no_library():
    code = """
        from batchwarp import *
        print([name for name in ("grain", "ray", "torch") if name in globals()])
        """
    assert run(code) == "[]"


# Modules that take a millisecond or more to import, with what they import, and those of this
# package that not everybody needs. What NumPy imports itself, of whatever release, costs nothing.
SLOW = """
    asyncio decimal email hashlib html http ipaddress json multiprocessing numpy.random pathlib
    pprint random secrets shutil socket ssl subprocess tempfile unicodedata unittest urllib
    urllib.parse uuid xml zipfile
    batchwarp._reference batchwarp.augment.augment batchwarp.console batchwarp.cuda batchwarp.files
    batchwarp.image batchwarp.iterators.base batchwarp.ops.flip batchwarp.ops.policies
"""


@pytest.mark.parametrize(
    "statement",
    ["import batchwarp", "from batchwarp import ImageDataGenerator", "from batchwarp import ops"],
)
def test_importing_takes_little_more_than_numpy_does(statement):
    code = f"""
        import sys, numpy
        before = set(sys.modules)
        {statement}
        print(sorted(set({SLOW!r}.split()) & (set(sys.modules) - before)))
        """
    assert run(code) == "[]"


def test_importing_alone_takes_nearly_nothing():
    code = """
        import sys, batchwarp
        print(*sorted(name for name in sys.modules if name.partition(".")[0] == "batchwarp"))
        """
    names = ("_core", "_forks", "_lazy", "errors", "iterators", "ops", "runtime")
    assert run(code).split() == ["batchwarp", *(f"batchwarp.{name}" for name in names)]


def test_names_that_are_imported_when_asked_for_look_like_others():
    code = """
        import batchwarp
        from batchwarp import iterators, ops
        for package in (batchwarp, iterators, ops):
            assert set(package.__all__) <= set(dir(package))
            for name in package.__all__:
                assert getattr(package, name) is vars(package)[name], name
            try:
                package.Nothing
            except AttributeError as error:
                print(error)
        """
    assert run(code).splitlines() == [
        f"module '{package}' has no attribute 'Nothing'"
        for package in ("batchwarp", "batchwarp.iterators", "batchwarp.ops")
    ]


def test_a_generator_alone_does_not_import_keras():
    code = f"""
        import sys, batchwarp, numpy as np
        generator = batchwarp.ImageDataGenerator(rotation_range=9, featurewise_center=True)
        x = np.zeros((3, 8, 8, 1), "float32")
        generator.fit(x)
        generator.standardize(generator.random_transform(x[0]))
        print([name for name in {HEAVY} if name in sys.modules])
        """
    assert run(code) == "[]"


def test_iterators_without_keras():
    code = """
        import pickle
        import numpy as np
        import batchwarp
        generator = batchwarp.ImageDataGenerator(rotation_range=9, brightness_range=(0.5, 1.0))
        flow = generator.flow(np.ones((5, 8, 8, 3), "uint8"), np.arange(5), batch_size=2, seed=1)
        assert type(flow) is batchwarp.NumpyArrayIterator
        assert type(pickle.loads(pickle.dumps(flow))) is batchwarp.NumpyArrayIterator
        assert (flow.workers, flow.use_multiprocessing, flow.max_queue_size) == (1, False, 10)
        flow.on_epoch_begin()
        print([next(flow)[0].shape[0] for _ in range(flow.num_batches)], flow[1][0].dtype)
        flow.on_epoch_end()
        flow.reset()
        """
    assert run(BLOCK + textwrap.dedent(code)) == "[2, 2, 1] float32"


def test_a_pickle_from_a_process_with_keras(tmp_path, keras):
    import pickle

    import numpy as np

    import batchwarp

    flow = batchwarp.ImageDataGenerator(rescale=0.5).flow(np.ones((4, 2, 2, 1)), seed=1)
    assert isinstance(flow, keras.utils.PyDataset)
    file = tmp_path / "flow.pickle"
    file.write_bytes(pickle.dumps(flow))
    code = f"""
        import pathlib, pickle
        flow = pickle.loads(pathlib.Path({str(file)!r}).read_bytes())
        print(type(flow).__mro__[1].__name__, next(flow).sum())
        """
    assert run(BLOCK + textwrap.dedent(code)) == "ImageIterator 8.0"


def test_smart_resize_needs_keras():
    code = """
        import batchwarp
        try:
            batchwarp.image.smart_resize(None, (1, 1))
        except ImportError as error:
            print("ImportError")
        """
    assert run(BLOCK + textwrap.dedent(code)) == "ImportError"


def test_a_broken_keras_is_reported_once_and_no_more(tmp_path):
    (tmp_path / "keras.py").write_text("raise RuntimeError('compiled for another NumPy')")
    code = f"""
        import sys, warnings
        sys.path.insert(0, {str(tmp_path)!r})
        import numpy as np
        import batchwarp
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            batchwarp.ImageDataGenerator().flow(np.ones((4, 2, 2, 1)))
        print({{str(warning.message) for warning in caught}})
        """
    printed = run(code)
    assert "importing it failed (RuntimeError: compiled for another NumPy)" in printed


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ('{"image_data_format": "channels_first", "floatx": "float64"}', "channels_first float64"),
        ('{"floatx": "float16"}', "channels_last float16"),
        ('{"floatx": "int3"}', "channels_last float32"),
        ("[]", "channels_last float32"),
        ("no JSON", "channels_last float32"),
        (None, "channels_last float32"),
    ],
)
def test_settings_are_those_of_keras_before_it_is_imported(
    tmp_path, monkeypatch, settings, expected
):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    if settings is not None:
        (tmp_path / "keras.json").write_text(settings)
    code = """
        import batchwarp
        generator = batchwarp.ImageDataGenerator()
        print(generator.data_format, generator.dtype)
        """
    assert run(code) == expected


def test_settings_of_a_running_keras(keras):
    import batchwarp

    keras.config.set_floatx("float64")
    keras.config.set_image_data_format("channels_first")
    try:
        generator = batchwarp.ImageDataGenerator()
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_image_data_format("channels_last")
    assert (generator.dtype, generator.data_format) == ("float64", "channels_first")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no user database to ask")
def test_user_without_a_home_has_keras_defaults(monkeypatch):
    import pwd

    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert _keras._configured.__wrapped__("floatx") == "float32"
