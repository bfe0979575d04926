"""What is imported when, and that everything works where Keras is not installed."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from batchwarp import NumpyArrayIterator, _keras

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
    names = ("_core", "_environment", "_forks", "_lazy", "errors", "iterators", "ops", "runtime")
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


def test_neither_a_generator_nor_a_flow_imports_keras():
    code = f"""
        import copy, pickle, sys, batchwarp, numpy as np
        generator = batchwarp.ImageDataGenerator(rotation_range=9, featurewise_center=True)
        x = np.zeros((3, 8, 8, 1), "float32")
        generator.fit(x)
        generator.standardize(generator.random_transform(x[0]))
        flow = generator.flow(x)
        next(flow), copy.copy(flow), pickle.loads(pickle.dumps(flow)), isinstance(flow, str)
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
    assert run(BLOCK + textwrap.dedent(code)) == "AtOnceIterator 8.0"


# What is of interest of Keras: which modules there are, and when the class is there.
FAKE = {
    "__init__.py": """
        from keras import src
        met = isinstance(sys.flow, sys.classes), type(sys.flow).__name__
        from keras import utils
        met += (isinstance(sys.flow, utils.PyDataset),)
        """,
    "src.py": "",
    "utils.py": """
        class PyDataset:
            later = "an attribute"
            @property
            def workers(self):
                raise NotImplementedError
            @property
            def seed(self):
                raise NotImplementedError
            @property
            def property_of_later(self):
                return self.later
            def method_of_later(self):
                return self.later, self.workers
        """,
}


@pytest.fixture
def fake_keras(tmp_path):
    """A folder with a package of Keras' name, for code that runs in a fresh interpreter."""
    package = tmp_path / "keras"
    package.mkdir()
    for name, text in FAKE.items():
        (package / name).write_text("import sys\n" + textwrap.dedent(text))
    return f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"


def test_a_flow_becomes_a_data_set_while_keras_is_imported(fake_keras):
    code = """
        import collections.abc, sys, threading
        import numpy as np
        import batchwarp
        class Own(batchwarp.NumpyArrayIterator):
            pass
        x = np.zeros((3, 4, 4, 3), "uint8")
        flow = sys.flow = batchwarp.ImageDataGenerator().flow(x)
        flow.workers = 2
        own = Own(x, None, batchwarp.ImageDataGenerator())
        sys.classes = (str, collections.abc.Mapping)
        assert flow.__class__ is type(flow) is batchwarp.NumpyArrayIterator
        assert not hasattr(flow, "later")
        def load():
            import keras
        thread = threading.Thread(target=load)
        thread.start(); thread.join()
        keras = sys.modules["keras"]
        print(*keras.met)
        PyDataset = keras.utils.PyDataset
        for one in (flow, own, batchwarp.ImageDataGenerator().flow(x)):
            assert isinstance(one, PyDataset) and isinstance(one, batchwarp.image.Iterator)
            assert issubclass(one.__class__, PyDataset) and issubclass(one.__class__, type(one))
            assert not issubclass(type(one), PyDataset)
            assert isinstance(one, collections.abc.Iterator)
            assert not isinstance(one, sys.classes)
        assert isinstance(own, Own) and not isinstance(flow, Own)
        assert flow.__class__ is batchwarp.ImageDataGenerator().flow(x).__class__
        print(flow.workers, own.workers, *flow.method_of_later(), own.property_of_later)
        try:
            flow.nothing
        except AttributeError as error:
            print(error)
        """
    assert run(fake_keras + textwrap.dedent(code)).splitlines() == [
        "False NumpyArrayIterator True",
        "2 1 an attribute 2 an attribute",
        "'NumpyArrayIterator' object has no attribute 'nothing'",
    ]


def test_a_new_flow_has_what_the_data_sets_of_keras_have(fake_keras):
    code = """
        import sys
        import numpy as np
        import batchwarp
        flow, sys.flow, sys.classes = None, None, ()
        import keras
        class Own(batchwarp.NumpyArrayIterator):
            later = "its own"
        x = np.zeros((3, 4, 4, 3), "uint8")
        print(batchwarp.ImageDataGenerator().flow(x).later)
        print(*Own(x, None, batchwarp.ImageDataGenerator()).method_of_later())
        """
    assert run(fake_keras + textwrap.dedent(code)).splitlines() == ["an attribute", "its own 1"]


def test_a_flow_has_attributes_of_its_own_only():
    """Python finds them by a faster way unless a class has either method."""
    for cls in NumpyArrayIterator.__mro__[:-1]:
        assert vars(cls).keys().isdisjoint({"__getattr__", "__getattribute__"}), cls


def test_copies_of_a_data_set_are_data_sets(fake_keras):
    code = """
        import copy, os, pickle, sys
        import numpy as np
        import batchwarp
        flow = sys.flow = batchwarp.ImageDataGenerator().flow(np.zeros((3, 4, 4, 3)))
        flow.workers = 2
        sys.classes = ()
        before = pickle.dumps(flow)
        import keras
        made = [copy.copy(flow), copy.deepcopy(flow), pickle.loads(pickle.dumps(flow))]
        made += [pickle.loads(before), copy.copy(made[0])]
        for one in made:
            assert type(one) is batchwarp.NumpyArrayIterator, type(one)
            assert isinstance(one, keras.utils.PyDataset)
            assert one.workers == 2
        print("done")
        """
    assert run(fake_keras + textwrap.dedent(code)) == "done"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_may_import_keras(fake_keras):
    code = """
        import os, sys, threading
        import numpy as np
        import batchwarp
        from batchwarp.iterators import keras_class
        flow = sys.flow = batchwarp.ImageDataGenerator().flow(np.zeros((3, 4, 4, 3)))
        sys.classes = ()
        held, done = threading.Event(), threading.Event()
        def hold():
            with keras_class._lock:
                held.set()
                done.wait()
        thread = threading.Thread(target=hold)
        thread.start(); held.wait()
        child = os.fork()
        if not child:
            import keras
            os._exit(0 if isinstance(flow, keras.utils.PyDataset) else 1)
        done.set(); thread.join()
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "keras" in sys.modules)
        """
    warned = "import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
    assert run(warned + fake_keras + textwrap.dedent(code)) == "0 False"


def test_a_keras_that_waits_for_its_first_use_is_left_alone(fake_keras):
    code = """
        import importlib.util, sys
        import numpy as np
        import batchwarp
        flow = sys.flow = batchwarp.ImageDataGenerator().flow(np.zeros((3, 4, 4, 3)))
        sys.classes = ()
        found = importlib.util.find_spec("keras")
        found.loader = importlib.util.LazyLoader(found.loader)
        module = sys.modules["keras"] = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        isinstance(flow, str)
        print("keras.src" in sys.modules, isinstance(flow, module.utils.PyDataset))
        """
    assert run(fake_keras + textwrap.dedent(code)) == "False True"


@pytest.mark.slow
def test_a_model_is_trained_by_flows_from_before_and_after_keras():
    pytest.importorskip("keras")
    code = """
        import warnings
        import numpy as np
        import batchwarp
        generator = batchwarp.ImageDataGenerator(rescale=0.5)
        x, y = np.ones((8, 4, 4, 1), "uint8"), np.ones(8)
        before = generator.flow(x, y, batch_size=3)
        batch = next(before)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import keras
            after = generator.flow(x, y, batch_size=3)
            model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
            model.add(keras.layers.Dense(1))
            model.compile(loss="mse")
            for flow in (before, after):
                for workers in (1, 2):
                    flow.workers = workers
                    model.fit(flow, epochs=2, verbose=0)
                print(isinstance(flow, keras.utils.PyDataset), model.predict(flow, verbose=0).shape)
        """
    assert run(code).splitlines()[-2:] == ["True (8, 1)"] * 2


def test_smart_resize_needs_keras():
    code = """
        import batchwarp
        try:
            batchwarp.image.smart_resize(None, (1, 1))
        except ImportError as error:
            print("ImportError")
        """
    assert run(BLOCK + textwrap.dedent(code)) == "ImportError"


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
