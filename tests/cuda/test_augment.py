"""`augment_batch` on a device, against the processor's."""

from __future__ import annotations

import re

import numpy as np
import pytest

import batchwarp
from batchwarp import _core, cuda
from keras_reference import assert_close, noise

pytestmark = pytest.mark.usefixtures("native")

SHAPE = (5, 13, 17, 3)


def params_of(count, **columns):
    params = np.zeros((count, len(_core.PARAM_COLUMNS)))
    values = {"zx": 1, "zy": 1, "channel_shift_intensity": np.nan, "brightness": np.nan, **columns}
    for name, value in values.items():
        params[:, _core.PARAM_COLUMNS.index(name)] = value
    return params


def plan_of(x, channels_first=False, **options):
    height, width, channels = (2, 3, 1) if channels_first else (1, 2, 3)
    return cuda.Plan(
        height=x.shape[height],
        width=x.shape[width],
        channels=x.shape[channels],
        data_format="channels_first" if channels_first else "channels_last",
        **options,
    )


def on_processor(x, params, plan, indices=None, dtype="float32"):
    indices = np.arange(len(x)) if indices is None else np.asarray(indices)
    expected = np.empty((len(indices), *x.shape[1:]), dtype)
    _core.augment_batch(x, indices, params, plan, expected)
    return expected


class OnlyInterface:
    """A tensor as libraries have it that do not know DLPack."""

    def __init__(self, array, **changes):
        interface = dict(array.__cuda_array_interface__)
        self.__cuda_array_interface__ = interface | changes
        self._array = array


class OnlyOldDLPack:
    """A tensor of a library that knows DLPack of before 1.0."""

    def __init__(self, array):
        self._array = array
        self.streams = []

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()

    def __dlpack__(self, stream=None):
        self.streams.append(stream)
        return self._array.__dlpack__(stream=stream)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
@pytest.mark.parametrize("out_dtype", ["uint8", "float16", "float32"])
@pytest.mark.parametrize("channels_first", [False, True])
def test_types_and_layouts(dtype, out_dtype, channels_first):
    x = noise((4, 3, 12, 10) if channels_first else (4, 12, 10, 3), dtype)
    plan = plan_of(x, channels_first, fill_mode="reflect")
    params = params_of(4, theta=20, zx=0.8, flip_horizontal=[0, 1, 0, 1])
    result = cuda.augment_batch(cuda.upload(x), params, plan, dtype=out_dtype)
    assert result.dtype == out_dtype
    assert result.shape == x.shape
    expected = on_processor(x, params, plan, dtype=out_dtype)
    if out_dtype == "float32":
        assert_close(result.numpy(), expected)
    else:
        step = 1 if out_dtype == "uint8" else 0.126
        np.testing.assert_allclose(result.numpy().astype(float), expected, rtol=0, atol=step)


@pytest.mark.parametrize("order", range(6))
@pytest.mark.parametrize("fill_mode", _core.FILL_MODES)
def test_orders_and_modes(order, fill_mode):
    x = noise(SHAPE, "float32")
    plan = plan_of(x, interpolation_order=order, fill_mode=fill_mode, cval=7, rescale=1 / 255)
    params = params_of(5, theta=[0, 30, -80, 5, 0], ty=[0, 3, 20, -1.5, 4], shear=10)
    result = cuda.augment_batch(cuda.upload(x), params, plan)
    assert_close(result.numpy(), on_processor(x, params, plan))


def test_parameters_as_dictionaries_and_a_generator_as_plan():
    x = noise(SHAPE)
    generator = batchwarp.ImageDataGenerator(
        rotation_range=40, channel_shift_range=20, brightness_range=(0.5, 1.5), rescale=1 / 255
    )
    np.random.seed(1)
    params = [generator.get_random_transform(SHAPE[1:]) for _ in range(5)]
    result = cuda.augment_batch(cuda.upload(x), params, generator)
    for image, own, made in zip(x, params, result.numpy(), strict=True):
        expected = generator.standardize(generator.apply_transform(image.astype("float32"), own))
        assert_close(made[np.newaxis], expected[np.newaxis], levels=1 / 255, share=0.01)


def test_images_are_gathered():
    x = noise(SHAPE)
    plan, indices = plan_of(x), [4, 0, 4]
    params = params_of(3, theta=[1, 2, 3])
    result = cuda.augment_batch(cuda.upload(x), params, plan, indices=indices)
    assert_close(result.numpy(), on_processor(x, params, plan, indices))


def test_without_parameters_it_converts():
    x = noise(SHAPE)
    plan = plan_of(x, rescale=0.5)
    np.testing.assert_array_equal(
        cuda.augment_batch(cuda.upload(x), None, plan).numpy(), x.astype("float32") / 2
    )


def test_out_is_written_and_returned():
    x = noise(SHAPE)
    plan, params = plan_of(x), params_of(5, tx=2.25)
    out = cuda.upload(np.zeros(SHAPE, "float32"))
    assert cuda.augment_batch(cuda.upload(x), params, plan, out) is out
    assert_close(out.numpy(), on_processor(x, params, plan))


def test_tensors_with_the_array_interface_only():
    x = noise(SHAPE)
    plan, params = plan_of(x), params_of(5, theta=9)
    source = OnlyInterface(cuda.upload(x))
    out = OnlyInterface(cuda.upload(np.zeros(SHAPE, "float32")))
    cuda.augment_batch(source, params, plan, out)
    assert_close(out._array.numpy(), on_processor(x, params, plan))


def test_strides_of_the_array_interface():
    x = noise((2, 6, 8, 1))
    held = cuda.upload(x)
    view = OnlyInterface(held, shape=(2, 6, 4, 1), strides=(48, 8, 2, 1))
    every_other = np.ascontiguousarray(x[:, :, ::2])
    plan, params = plan_of(every_other), params_of(2, ty=0.5)
    result = cuda.augment_batch(view, params, plan)
    assert_close(result.numpy(), on_processor(every_other, params, plan))


def test_tensors_of_an_older_dlpack():
    x = noise(SHAPE)
    plan, params = plan_of(x), params_of(5, theta=9)
    result = cuda.augment_batch(OnlyOldDLPack(cuda.upload(x)), params, plan)
    assert_close(result.numpy(), on_processor(x, params, plan))


def test_numpy_reads_and_writes_where_the_processor_is_the_device(emulation):
    x = noise(SHAPE)
    plan, params = plan_of(x[:, ::-1, 2:9]), params_of(5, theta=9)
    out = np.zeros((5, 13, 7, 3), "float32")
    result = cuda.augment_batch(x[:, ::-1, 2:9], params, plan)
    assert_close(np.from_dlpack(result), on_processor(x[:, ::-1, 2:9], params, plan))
    assert cuda.augment_batch(x[:, ::-1, 2:9], params, plan, out) is out
    emulation.run_all()
    assert_close(out, result.numpy())


@pytest.mark.parametrize("version", [None, (0, 8), (1, 0), (1, 3)])
def test_capsules_of_both_kinds(version):
    array = cuda.upload(noise(SHAPE))
    capsule = array.__dlpack__(max_version=version)
    versioned = version is not None and version[0] >= 1
    assert ('"dltensor_versioned"' if versioned else '"dltensor"') in repr(capsule)


def test_an_array_says_what_it_is():
    array = cuda.upload(noise(SHAPE))
    assert (array.shape, array.dtype, len(array), array.nbytes) == (SHAPE, "uint8", 5, 5 * 663)
    assert repr(array) == "<DeviceArray of shape (5, 13, 17, 3) and dtype uint8 on cuda:0>"
    interface = array.__cuda_array_interface__
    assert interface["shape"] == SHAPE
    assert interface["typestr"] == "|u1"
    assert isinstance(array, cuda.DeviceArray)
    array.synchronize()


@pytest.mark.parametrize(
    ("dtype", "on_device"),
    [("uint8", "uint8"), (">u2", "uint16"), ("float64", "float32"), ("int32", "float32")],
)
def test_upload_keeps_what_the_kernels_read(dtype, on_device):
    x = noise(SHAPE, dtype)
    array = cuda.upload(x)
    assert array.dtype == on_device
    np.testing.assert_array_equal(array.numpy(), x)


def test_upload_of_views_in_parts(monkeypatch):
    monkeypatch.setattr("batchwarp.cuda.batch._CHUNK", 1500)
    x = noise((9, 13, 17, 3))[::-1, :, ::2]
    np.testing.assert_array_equal(cuda.upload(x).numpy(), x)


def test_empty_batches():
    x = noise(SHAPE)
    plan = plan_of(x)
    result = cuda.augment_batch(cuda.upload(x), np.empty((0, 10)), plan, indices=[])
    assert result.numpy().shape == (0, *SHAPE[1:])
    none = cuda.upload(x[:0])
    assert cuda.augment_batch(none, None, plan).shape == (0, *SHAPE[1:])


class Overridden(batchwarp.ImageDataGenerator):
    def standardize(self, x):
        return x


def good():
    x = noise(SHAPE)
    return {"x": cuda.upload(x), "params": params_of(5), "plan": plan_of(x)}


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda: {"x": [1, 2]}, TypeError, "`x` should be a tensor on a CUDA device.*list"),
        (lambda: {"x": cuda.upload(noise((5, 9, 17, 3)))}, ValueError, "`x` must hold images.*9"),
        (lambda: {"params": params_of(7)}, ValueError, "`out` must not hold more images than `x`"),
        (lambda: {"params": np.zeros((5, 9))}, ValueError, r"`params`.*\(n, 10\).*\(5, 9\)"),
        (lambda: {"params": {"theta": 1}}, TypeError, "`params` should be a list"),
        (lambda: {"params": [[1], [2, 3]]}, TypeError, r"`params` should be an array \(n, 10\)"),
        (lambda: {"params": ""}, TypeError, r"`params` should be an array \(n, 10\)"),
        (lambda: {"indices": [[1], [2, 3]]}, TypeError, r"`indices` should be an array \(n,\)"),
        (lambda: {"params": [{"angle": 1}] * 5}, ValueError, "theta.*Received: 'angle'"),
        (lambda: {"params": params_of(5, theta=np.inf)}, ValueError, "`params` must be finite"),
        (lambda: {"plan": 3}, TypeError, "`plan` should be a `Plan`.*int"),
        (lambda: {"indices": [0, 1, 2, 3, 5]}, IndexError, "from 0 to 4.*5 at position 4"),
        (lambda: {"indices": [0.5] * 5}, ValueError, "`indices`.*float64"),
        (lambda: {"indices": [0]}, ValueError, r"`indices` must be.*\(5,\)"),
        (lambda: {"dtype": "float64"}, ValueError, "`dtype` should be one of float32.*float64"),
        (lambda: {"dtype": "no such"}, ValueError, "`dtype` should be one of float32.*no such"),
        (lambda: {"stream": "fast"}, TypeError, "`stream` should be the address.*fast"),
        (lambda: {"stream": -2}, ValueError, "`stream` should not be negative"),
        (
            lambda: {"out": cuda.upload(np.zeros(SHAPE, "uint16"))},
            ValueError,
            "`out` must be uint8, float16.*uint16",
        ),
        (
            lambda: {"out": cuda.upload(np.zeros((4, *SHAPE[1:]), "uint8"))},
            ValueError,
            r"`out` should have rank 4 and hold 5 images.*\(4, 13",
        ),
        (
            lambda: {"out": cuda.upload(np.zeros(SHAPE, "uint8")), "dtype": "uint8"},
            ValueError,
            "`dtype` is for results of our own",
        ),
        (
            lambda: {"plan": batchwarp.ImageDataGenerator(preprocessing_function=abs)},
            ValueError,
            "`preprocessing_function` cannot be done on a device",
        ),
        (
            lambda: {"plan": batchwarp.ImageDataGenerator(rescale=0.5), "dtype": "uint8"},
            ValueError,
            "standardisation of batches of uint8 cannot",
        ),
        (
            lambda: {
                "plan": batchwarp.ImageDataGenerator(rescale=0.5),
                "out": cuda.upload(np.zeros(SHAPE, "uint8")),
            },
            ValueError,
            "standardisation of batches of uint8 cannot",
        ),
        (
            lambda: {"plan": Overridden()},
            ValueError,
            "overridden methods of a generator.*Overridden",
        ),
        (
            lambda: {"out": OnlyInterface(cuda.upload(noise(SHAPE)), strides=(0, 51, 3, 1))},
            ValueError,
            "`out` should have memory for each element.*axis 0",
        ),
    ],
)
def test_bad_input(change, error, says):
    with pytest.raises(error, match=re.compile(says, re.DOTALL)):
        cuda.augment_batch(**(good() | change()))


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"typestr": "<i4"}, TypeError, "`x` should be uint8.*<i4"),
        ({"data": (0, False)}, ValueError, "`x` should be in the memory.*null pointer"),
        ({"mask": 1}, ValueError, "`x` should not have a mask"),
        ({"strides": (1, 2)}, ValueError, "`x` should have as many strides"),
        ({"shape": (5, 13, 51)}, ValueError, "`x` should have rank 4"),
    ],
)
def test_bad_array_interfaces(change, error, says):
    arguments = good()
    arguments["x"] = OnlyInterface(arguments["x"], **change)
    with pytest.raises(error, match=says):
        cuda.augment_batch(**arguments)


class DLPack:
    """A tensor whose `__dlpack__` returns what it was given."""

    def __init__(self, capsule):
        self._capsule = capsule

    def __dlpack_device__(self):
        return 2, 0

    def __dlpack__(self, stream=None):
        return self._capsule


def test_capsules_are_taken_once():
    arguments = good()
    expected = arguments["x"].numpy()
    arguments["x"] = DLPack(arguments["x"].__dlpack__())
    np.testing.assert_array_equal(cuda.augment_batch(**arguments).numpy(), expected)
    with pytest.raises(TypeError, match=r'`x` should return a fresh.*"used_dltensor"'):
        cuda.augment_batch(**arguments)


def test_what_is_no_capsule():
    with pytest.raises(TypeError, match=r"`x` should return a DLPack capsule.*int"):
        cuda.augment_batch(**(good() | {"x": DLPack(3)}))


@pytest.mark.parametrize(
    ("dtype", "says"), [("bool", "bool8"), ("complex64", "complex64"), ("int16", "int16")]
)
@pytest.mark.usefixtures("emulation")
def test_dtypes_that_the_kernels_do_not_read(dtype, says):
    with pytest.raises(TypeError, match=f"`x` should be uint8.*Received: {says}$"):
        cuda.augment_batch(**(good() | {"x": noise(SHAPE).astype(dtype)}))


@pytest.mark.usefixtures("emulation")
def test_broadcast_tensors_are_read():
    x = np.broadcast_to(noise((1, 13, 1, 3)), SHAPE)
    plan, params = plan_of(x), params_of(5, theta=9)
    result = cuda.augment_batch(x, params, plan)
    assert_close(result.numpy(), on_processor(x, params, plan))


@pytest.mark.parametrize("library", ["jaxlib._jax", "tensorflow.python.framework.ops"])
def test_immutable_tensors_are_not_written(library):
    held = cuda.upload(np.zeros(SHAPE, "float32"))
    tensor = type("Tensor", (OnlyInterface,), {"__module__": library})(held)
    with pytest.raises(ValueError, match=r"`out` should be writable.*immutable"):
        cuda.augment_batch(**good(), out=tensor)


def test_generators_whose_parameters_are_drawn_elsewhere():
    class Drawing(batchwarp.ImageDataGenerator):
        def get_random_transform(self, *_):
            return {"theta": 90}

    x = noise(SHAPE)
    plan = Drawing(rescale=0.5)
    params = [plan.get_random_transform(SHAPE[1:])] * 5
    result = cuda.augment_batch(cuda.upload(x), params, plan)
    assert_close(result.numpy(), on_processor(x, params_of(5, theta=90), plan_of(x, rescale=0.5)))


def test_memory_that_is_no_device_s():
    arguments = good()
    host = noise(SHAPE)
    data = (host.__array_interface__["data"][0], False)
    arguments["x"] = OnlyInterface(arguments["x"], data=data)
    with pytest.raises(ValueError, match="`x` should be in the memory of a CUDA device"):
        cuda.augment_batch(**arguments)


def test_results_are_not_written_to_read_only_tensors():
    arguments = good()
    held = cuda.upload(np.zeros(SHAPE, "float32"))
    data = (held.__cuda_array_interface__["data"][0], True)
    with pytest.raises(ValueError, match="`out` should be writable"):
        cuda.augment_batch(**arguments, out=OnlyInterface(held, data=data))


def test_results_on_another_device(native):
    if native.device_count() < 2:
        pytest.skip("needs two devices")
    with pytest.raises(ValueError, match=r"on the device of `x`, cuda:0.*cuda:1"):
        cuda.augment_batch(**good(), out=cuda.upload(np.zeros(SHAPE, "float32"), device=1))


def test_devices_by_number_and_name(native):
    last = native.device_count() - 1
    for device in (last, np.int64(last), f"cuda:{last}"):
        assert cuda.upload(noise(SHAPE), device).device == last


@pytest.mark.parametrize("shape", [[-5, 2, 1, 1], [2**40, 2**40, 1, 1]])
def test_impossible_arrays(native, shape):
    with pytest.raises(ValueError, match="`shape` should be"):
        native.DeviceArray(shape, np.dtype("uint8"), 0, 1, False)


@pytest.mark.parametrize("device", [2**20, -1, "cuda:99", "gpu", "cuda:", "cuda:-1", 1.5, True])
def test_unknown_devices(device):
    with pytest.raises(ValueError, match="`device` should be"):
        cuda.upload(noise(SHAPE), device)


def test_refusals_of_arrays():
    with pytest.raises(ValueError, match=r"`images` should have rank 4.*\(3,\)"):
        cuda.upload(np.zeros(3))
    array = cuda.upload(noise(SHAPE))
    with pytest.raises(BufferError, match="another device"):
        array.__dlpack__(dl_device=(8, 0))
    with pytest.raises(BufferError, match="not a copy"):
        array.__dlpack__(copy=True)
    with pytest.raises(ValueError, match=r"`stream`.*Received: 0"):
        array.__dlpack__(stream=0)


def test_the_stub_has_what_the_module_has(native):
    import ast
    from pathlib import Path

    stub = ast.parse(Path(batchwarp.__file__).with_name("_cuda.pyi").read_text("utf-8"))
    described = {
        node.name: {inner.name for inner in getattr(node, "body", []) if hasattr(inner, "name")}
        for node in stub.body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef))
    }
    emulated = {"run_all", "memory_in_use", "waiting_tasks", "capture"}
    emulated |= {"fail_allocation_after", "fail_launch_after"}
    there = {name for name in vars(native) if not name.startswith("__")} - emulated
    assert set(described) == there
    for name in ("Tensor", "DeviceArray", "Event"):
        own = {
            member
            for member in vars(getattr(native, name))
            if not member.startswith(("__", "_pybind11"))
        }
        assert own == {member for member in described[name] if not member.startswith("__")}
