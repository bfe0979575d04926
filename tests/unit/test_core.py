"""The compiled core: the memory of batches, threads of a call, matrices, operations."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import batchwarp
from batchwarp import _core
from keras_reference import noise

X, Y = noise((12, 16, 16, 3)), np.arange(12)


def address(array):
    return array.__array_interface__["data"][0]


def flow(**arguments):
    generator = batchwarp.ImageDataGenerator(rotation_range=20, rescale=1 / 255)
    return generator.flow(X, **{"batch_size": 4, "seed": 1, **arguments})


@settings(deadline=None)
@given(
    shape=st.lists(st.integers(0, 40), max_size=4).map(tuple),
    dtype=st.sampled_from(["uint8", "bool", "int16", "float16", "float32", "float64", "complex64"]),
)
def test_an_array_of_a_pool_is_like_any_other(shape, dtype):
    array = _core.BufferPool().empty(shape, np.dtype(dtype))
    expected = np.empty(shape, dtype)
    assert (array.shape, array.dtype) == (expected.shape, expected.dtype)
    assert array.strides == expected.strides or array.size == 0
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.flags.aligned
    assert address(array) % 64 == 0
    array[...] = 1
    assert (array == 1).all()


@pytest.mark.parametrize(
    ("shape", "dtype", "error", "message"),
    [
        ((2, -1), "float32", ValueError, r"`shape` must not have negative.*\(2, -1\).*float32"),
        ((2,), "O", TypeError, r"`dtype` must be boolean or numeric. Received: object"),
        ((2,), "S3", TypeError, r"`dtype` must be boolean or numeric. Received: \|S3"),
        ((2**40, 2**40), "u1", MemoryError, r"shape \(1099511627776, 1099511627776\).*uint8"),
        ((2**31, 2**31), "u1", MemoryError, r"Unable to allocate an array of shape .*uint8"),
        ((2**47, 3), "f4", MemoryError, r"Unable to allocate an array of shape .*float32"),
    ],
)
def test_what_a_pool_refuses(shape, dtype, error, message):
    pool = _core.BufferPool()
    with pytest.raises(error, match=message):
        pool.empty(shape, np.dtype(dtype))
    assert pool.empty((2,), np.dtype("u1")).shape == (2,)


def test_a_batch_that_memory_cannot_hold():
    images = np.broadcast_to(np.uint8(0), (2**24, 2**10, 2**10, 3))
    generator = batchwarp.ImageDataGenerator(dtype="float64")
    with pytest.raises(MemoryError, match=r"shape \(16777216, 1024, 1024, 3\) and dtype float64"):
        next(generator.flow(images, batch_size=2**24, shuffle=False))


def test_a_batch_takes_the_memory_of_one_that_nobody_holds():
    ours = flow()
    first = address(next(ours))
    assert {address(next(ours)) for _ in range(20)} == {first}


def through_tensorflow(batch):
    import tensorflow as tf

    return tf.convert_to_tensor(batch)


@pytest.mark.parametrize(
    "view",
    [
        lambda batch: batch,
        lambda batch: batch[1:, ::2],
        lambda batch: batch.reshape(-1)[7:].view(np.int32),
        memoryview,
        np.from_dlpack,
        through_tensorflow,
        lambda batch: through_tensorflow(batch)[1],
    ],
    ids=["itself", "slice", "bits", "memoryview", "dlpack", "tensor", "slice of a tensor"],
)
def test_memory_that_somebody_sees_is_left_alone(view):
    ours = flow()
    batch = next(ours)
    seen = view(batch)
    kept = np.array(seen)
    del batch
    for _ in range(20):
        next(ours)[...] = -1
    np.testing.assert_array_equal(np.asarray(seen), kept)


def test_memory_comes_back_with_the_last_view():
    pool = _core.BufferPool()
    array = pool.empty((100,), np.dtype("f4"))
    views = [array[10:], memoryview(array)]
    del array
    while views:
        assert pool.idle_bytes == 0
        views.pop()
    assert pool.idle_bytes >= 400


def test_batches_outlive_their_iterator():
    ours = flow()
    batch = next(ours)
    expected = next(flow())
    view = batch[1]
    del ours, batch
    gc.collect()
    np.testing.assert_array_equal(view, expected[1])
    view[...] = 3


def test_two_thousand_batches_need_the_memory_of_a_few():
    ours = flow(batch_size=5)  # the last batch of a pass is smaller
    held, used = [], set()
    for _ in range(2000):
        held.append(next(ours))
        used.add(address(held[-1]))
        del held[:-3]
    assert len(used) <= 6
    size = 5 * X[0].size * 4
    assert ours._buffers.idle_bytes <= 3 * (size + 64)


def test_an_iterator_takes_its_memory_along():
    """There is no circle of references that would keep images and buffers until a collection."""
    ours = flow()
    next(ours)
    iterator, pool = weakref.ref(ours), ours._buffers
    gc.disable()
    try:
        del ours
        assert iterator() is None
    finally:
        gc.enable()
    assert pool.idle_bytes > 0


def test_a_batch_does_not_own_its_memory():
    """NumPy's `resize` in place needs that; `numpy.resize` gives a new array as ever."""
    batch = next(flow())
    assert not batch.flags.owndata
    with pytest.raises(ValueError, match="does not own its data"):
        batch.resize((2, 16, 16, 3))
    assert np.resize(batch, (2, 16, 16, 3)).shape == (2, 16, 16, 3)


def test_the_number_of_threads_of_a_call():
    images = np.random.default_rng(0).integers(0, 256, (3, 90, 120, 3), np.uint8)
    plan = _core.Plan(height=90, width=120, channels=3, rescale=1 / 255)
    batches = [np.empty(images.shape, np.float32) for _ in range(3)]
    for threads, batch in enumerate(batches):
        _core.augment_batch(images, None, None, plan, batch, threads=threads)
    np.testing.assert_array_equal(batches[0], images * np.float32(1 / 255))
    np.testing.assert_array_equal(batches[1], batches[0])
    np.testing.assert_array_equal(batches[2], batches[0])
    with pytest.raises(ValueError, match=r"`threads` must be at least 0. Received: -1"):
        _core.augment_batch(images, None, None, plan, batches[0], threads=-1)


def test_affine_matrices():
    """The matrices that the core derives from parameters are those of Keras."""
    rows = np.zeros((2, len(_core.PARAM_COLUMNS)))
    rows[:, _core.PARAM_COLUMNS.index("zx")] = rows[:, _core.PARAM_COLUMNS.index("zy")] = 1
    rows[1, _core.PARAM_COLUMNS.index("tx")] = 3
    matrices = _core.affine_matrices(rows, 10, 20)
    np.testing.assert_array_equal(matrices, [[1, 0, 0, 1, 0, 0], [1, 0, 0, 1, 0, 3]])


# What the core says of its operations.

KERAS = (
    "keras_affine",
    "flip",
    "keras_channel_shift",
    "keras_brightness",
    "standardize",
    "normalize",
)


def test_keras_operations_are_in_its_order():
    names = tuple(operation.name for operation in _core.OPERATIONS)
    assert tuple(name for name in names if name in KERAS) == KERAS


def test_names_are_unique():
    for names in (
        [operation.name for operation in _core.OPERATIONS],
        _core.PARAM_COLUMNS,
        *(operation.columns for operation in _core.OPERATIONS),
    ):
        assert len(set(names)) == len(names)


def test_the_columns_of_keras_operations_are_those_of_its_parameters():
    of_operations = [one.columns for one in _core.OPERATIONS if one.name in KERAS]
    assert sum(of_operations, ()) == _core.PARAM_COLUMNS
    assert _core.Plan(height=2, width=3, channels=1).columns == _core.PARAM_COLUMNS


@pytest.mark.parametrize("operation", _core.OPERATIONS, ids=lambda operation: operation.name)
def test_descriptions(operation):
    assert operation.scope in ("coordinates", "pixel", "store")
    assert len(operation.neutral) == len(operation.columns)
    assert all(isinstance(value, float) for value in operation.neutral)
    assert len(operation.ranges) == len(operation.columns)
    assert all(low < high for low, high in operation.ranges)
    assert set(operation.needs) <= {
        *("range", "moments", "channel_range", "histogram", "mean_grey", "neighbours")
    }
    with pytest.raises(AttributeError):
        operation.name = "another"


def test_a_plan_of_steps():
    mean = np.array([1.0, 2.0, 3.0])
    steps = [("flip", {}), ("keras_brightness", {}), ("normalize", {"rescale": 0.5, "mean": mean})]
    plan = _core.Plan(height=2, width=3, channels=3, steps=steps)
    assert plan.columns == ("flip_horizontal", "flip_vertical", "brightness")
    assert [name for name, _ in plan.steps] == ["flip", "keras_brightness", "normalize"]
    assert plan.rescale == plan.steps[2][1]["rescale"] == 0.5
    np.testing.assert_array_equal(plan.mean, mean)
    again = _core.Plan(height=2, width=3, channels=3, steps=plan.steps)
    assert repr(again.steps) == repr(plan.steps)
    x = np.random.default_rng(0).random((2, 2, 3, 3), np.float32)
    out = np.empty_like(x)
    _core.augment_batch(x, None, np.array([[1, 0, np.nan]] * 2), plan, out)
    np.testing.assert_allclose(out, x[:, :, ::-1] * 0.5 - mean, rtol=1e-6)


@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_small_images_of_any_strides(dtype, order, channels):
    """Small images have kernels of their own, which hold offsets in few bits."""
    wide = np.zeros((2, 9, 40_000, channels), dtype)
    wide[:, :, 5:13] = noise((2, 9, 8, channels))
    images = {
        "a part of wide rows": wide[:, :, 5:13],
        "from the bottom up": wide[:, ::-1, 5:13],
        "from right to left": wide[:, :, 12:4:-1],
        "one row again and again": np.broadcast_to(wide[:, :1, 5:13], (2, 9, 8, channels)),
    }
    plan = _core.Plan(
        height=9,
        width=8,
        channels=channels,
        interpolation_order=order,
        steps=[("keras_affine", {})],
    )
    params = np.array([[20.0, 1, -1, 5, 0.9, 1.1], [-160.0, 0, 2, 0, 1.1, 1]])
    for name, x in images.items():
        made, expected = np.empty((2, *x.shape), np.float32)
        _core.augment_batch(x, None, params, plan, made)
        _core.augment_batch(np.ascontiguousarray(x), None, params, plan, expected)
        np.testing.assert_array_equal(made, expected, err_msg=name)


def test_without_steps_a_plan_has_those_of_keras():
    plan = _core.Plan(height=2, width=3, channels=1, rescale=3, samplewise_std=True)
    assert tuple(name for name, _ in plan.steps) == KERAS
    settings = dict(plan.steps)
    assert settings["standardize"] == {"center": False, "std": True}
    assert settings["normalize"] == {"rescale": 3, "mean": None, "std": None}


@pytest.mark.parametrize(
    ("steps", "error", "message"),
    [
        ([("blur", {})], ValueError, ", ".join(one.name for one in _core.OPERATIONS)),
        ([("normalize", {"factor": 1})], ValueError, "rescale, mean, std. Received: factor"),
        ([("keras_affine", {"order": 1})], ValueError, "none. Received: order"),
        ([("normalize", {}), ("keras_affine", {})], ValueError, "keras_affine after normalize"),
        ([("normalize", {"rescale": "much"})], TypeError, "`rescale` must be a number"),
        ([("normalize", {"rescale": 0})], ValueError, "`rescale` must be finite and different"),
        ([("standardize", {"center": 0.5})], TypeError, "`center` must be a bool"),
        ([("normalize", {"mean": np.zeros(3)})], ValueError, "`mean` must be one value per chan"),
    ],
)
def test_wrong_steps(steps, error, message):
    with pytest.raises(error, match=message):
        _core.Plan(height=2, width=3, channels=1, steps=steps)


@pytest.mark.parametrize("options", [{"rescale": 2}, {"std": np.ones(1)}])
def test_settings_beside_steps(options):
    with pytest.raises(ValueError, match="settings of steps"):
        _core.Plan(height=2, width=3, channels=1, steps=[("keras_affine", {})], **options)


# Attributes that are still the objects that they were, however often one asks.
ONE, TWO, THREE = object(), object(), object()


class Thing:
    plain = TWO

    def __init__(self):
        self.own = ONE
        self.other = 0

    def method(self):
        pass

    @property
    def computed(self):
        return self.hidden

    hidden = THREE


@pytest.fixture
def thing_class():
    """A class of its own for each test, which changes it."""
    return type("Derived", (Thing,), {})


def watched(thing, names=("own", "plain", "computed"), absent=("method",)):
    values = tuple(getattr(thing, name) for name in names)
    kind = type(thing)
    return _core.Attributes(
        ((None, names, values, absent), (kind, ("method",), (kind.method,), ()))
    )


CHANGES = {
    "an attribute": lambda it: setattr(it, "own", TWO),
    "in its dictionary": lambda it: vars(it).update(own=TWO),
    "none": lambda it: delattr(it, "own"),
    "one that stood in the class": lambda it: setattr(it, "plain", ONE),
    "in its class": lambda it: setattr(type(it), "plain", ONE),
    "what is computed": lambda it: setattr(it, "hidden", ONE),
    "what is computed of the class": lambda it: setattr(type(it), "hidden", ONE),
    "a property in its place": lambda it: setattr(type(it), "own", property(lambda _: TWO)),
    "how attributes are found": lambda it: setattr(
        type(it), "__getattribute__", lambda _, name: name
    ),
    "a method of its own": lambda it: setattr(it, "method", print),
    "a method of its class": lambda it: setattr(type(it), "method", print),
    "another class": lambda it: setattr(it, "__class__", type("Another", (Thing,), {"plain": 1})),
}


@pytest.mark.parametrize("times", [0, 1, 3, 40])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_change_is_seen(change, times, thing_class):
    thing = thing_class()
    attributes = watched(thing)
    for _ in range(times):
        assert attributes.are_unchanged(thing)
    change(thing)
    assert not attributes.are_unchanged(thing)


OTHERS = {
    "another attribute": lambda it, i: setattr(it, "other", i),
    "a new one": lambda it, i: setattr(it, f"new{i}", i),
    "another order": lambda it, _: vars(it).update(own=vars(it).pop("own")),
    "of the class": lambda it, i: setattr(type(it), "other", i),
    "the same": lambda it, _: setattr(it, "own", ONE),
    "names that are equal": lambda it, _: vars(it).update(
        {"".join(["ow", "n"]): vars(it).pop("own")}
    ),
}


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_what_else_changes_does_not_matter(change, thing_class):
    thing = thing_class()
    attributes = watched(thing)
    for i in range(40):
        change(thing, i)
        assert attributes.are_unchanged(thing)
        assert attributes.are_unchanged(thing)
    thing.own = TWO
    assert not attributes.are_unchanged(thing)
    thing.own = ONE
    assert attributes.are_unchanged(thing)


def test_an_object_that_finds_attributes_itself():
    class Finding:
        def __getattr__(self, name):
            return vars(self)["values"][name]

    found = Finding()
    found.values = {"own": ONE}
    attributes = _core.Attributes(((None, ("own",), (ONE,), ()),))
    assert attributes.are_unchanged(found)
    assert attributes.are_unchanged(found)
    found.values["own"] = TWO
    assert not attributes.are_unchanged(found)


def test_errors_of_properties_are_passed_on():
    class Failing:
        @property
        def own(self):
            raise ZeroDivisionError

    attributes = _core.Attributes(((None, ("own",), (ONE,), ()),))
    with pytest.raises(ZeroDivisionError):
        attributes.are_unchanged(Failing())


def test_circles_through_what_is_kept_are_collected():
    thing = Thing()
    thing.attributes = watched(thing, ("own",))
    thing.also = _core.Attributes(((thing, ("own",), (ONE,), ()),))
    assert thing.also.are_unchanged(None)
    alive = weakref.ref(thing)
    del thing
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ((None, ("own",), (ONE,)), "4 items each. Received: 3"),
        ((None, ("own",), (), ()), "as many values as names"),
    ],
)
def test_checks_that_are_none(check, message):
    with pytest.raises(ValueError, match=message):
        _core.Attributes((check,))
