"""The one place that knows an installed Keras: its settings and its `PyDataset`.

Nothing here imports Keras but what asks for a callback. The settings are those of Keras even if it
has not been imported yet, because both read the same configuration file.
"""

from __future__ import annotations

import functools
import os
import sys
from types import FrameType
from typing import Any

import numpy as np

from batchwarp._arrays import is_real
from batchwarp._signals import let_through

DATA_FORMATS = ("channels_last", "channels_first")
_SETTINGS = {"image_data_format": DATA_FORMATS, "floatx": ("float32", "float16", "float64")}


@functools.cache
def _configured(name: str) -> str:
    """Returns a setting of `keras.json`, or Keras' default without such a file."""
    accepted = _SETTINGS[name]
    home = os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras")  # noqa: PTH111
    try:  # without pathlib, which imports urllib
        with open(os.path.join(home, "keras.json"), encoding="utf-8") as file:  # noqa: PTH118, PTH123
            text = file.read()
    except OSError:
        return accepted[0]
    import json  # here, because most processes never get here

    try:
        value = json.loads(text).get(name, accepted[0])
    except (ValueError, AttributeError):
        return accepted[0]  # Keras ignores a file that is not JSON, too
    return value if value in accepted else accepted[0]


def _setting(name: str) -> str:
    keras = sys.modules.get("keras")
    config = getattr(keras, "config", None)
    if config is None:  # Keras is absent, not imported, or just being imported
        return _configured(name)
    return str(getattr(config, name)())


def image_data_format() -> str:
    """Returns Keras' global data format, `"channels_last"` or `"channels_first"`."""
    return _setting("image_data_format")


def floatx() -> str:
    """Returns Keras' global floating-point dtype, for example `"float32"`."""
    return _setting("floatx")


def backend() -> str | None:
    """Returns the name of Keras' backend, or `None` if Keras has not been imported."""
    config = getattr(sys.modules.get("keras"), "config", None)
    return None if config is None else str(config.backend())


def asks() -> bool:
    """Whether the function that calls this one is called by what hands data sets to Keras' loops.

    These are `fit`, `evaluate` and `predict`. Frames of this package are passed over.
    """
    return _asker(sys._getframe(2)) is not None


def asks_for_signature() -> bool:
    """Whether `asks` is true, and it is for dtypes and shapes only, before batches are read."""
    frame = _asker(sys._getframe(2))
    if frame is not None and frame.f_code.co_name == "<listcomp>":  # before Python 3.12
        frame = frame.f_back
    return frame is not None and frame.f_code.co_name == "get_tf_dataset"


def _asker(frame: FrameType) -> FrameType | None:
    """Returns the frame of what hands data sets to Keras' loops, if it calls the given one."""
    while frame.f_globals.get("__name__", "").startswith("batchwarp.") and frame.f_back:
        frame = frame.f_back
    name = str(frame.f_globals.get("__name__"))
    return frame if name.endswith(".data_adapters.py_dataset_adapter") else None


def standardize_data_format(data_format: str | None) -> str:
    """Returns a valid data format, the global one for `None`.

    Args:
        data_format: `None`, `"channels_last"` or `"channels_first"`, in any case.

    Returns:
        String, `"channels_last"` or `"channels_first"`.

    Raises:
        ValueError: If it is another value.
    """
    if data_format is None:
        return image_data_format()
    name = str(data_format).lower()
    if name not in DATA_FORMATS:
        raise ValueError(
            "The `data_format` argument must be one of {'channels_first', 'channels_last'}. "
            f"Received: data_format={data_format}"
        )
    return name


def standardize_dtype(dtype: Any) -> np.dtype[Any]:
    """Returns the NumPy dtype of an iterator's images.

    Args:
        dtype: Anything that `numpy.dtype` takes, or the name of one of `ml_dtypes`, as
            `"bfloat16"`, where that is installed; `None` means Keras' global `floatx()`.

    Returns:
        A floating-point or integer dtype in the machine's byte order.

    Raises:
        ValueError: If NumPy does not know it, or if it is neither floating-point nor integer.
    """
    try:
        result = numpy_dtype(floatx() if dtype is None else dtype)
    except TypeError as error:
        raise ValueError(
            f"`dtype` should be a floating-point or integer NumPy dtype. Received: {dtype!r}"
        ) from error
    if not is_real(result) or result.kind == "b":
        raise ValueError(
            f"`dtype` should be a floating-point or integer NumPy dtype. Received: {dtype!r}"
        )
    return result.newbyteorder("=")


def numpy_dtype(dtype: Any) -> np.dtype[Any]:
    """Returns a dtype of NumPy's, TensorFlow's, or by the name of one of `ml_dtypes`.

    Raises:
        TypeError: If NumPy does not know it.
    """
    made: np.dtype[Any]
    try:
        made = np.dtype(dtype)
    except TypeError:
        found = getattr(dtype, "as_numpy_dtype", None)  # TensorFlow's own
        if isinstance(dtype, str):
            try:
                import ml_dtypes  # whose names NumPy does not know before
            except ImportError:
                raise TypeError(f"{dtype} is no dtype of NumPy's") from None
            found = getattr(ml_dtypes, dtype, None)
        if found is None:
            raise
        made = np.dtype(found)
    return made


def required(what: str) -> Any:
    """Returns Keras.

    Args:
        what: String, who needs it, for the error.

    Raises:
        ImportError: If it cannot be imported.
    """
    try:
        import keras
    except ImportError as error:
        raise ImportError(
            f"{what} need Keras, which cannot be imported ({error}); "
            "install it with: pip install 'batchwarp[train]'"
        ) from error
    return keras


def callback() -> type[Any]:
    """Returns `keras.callbacks.Callback`.

    Raises:
        ImportError: If Keras cannot be imported.
    """
    found: type[Any] = required("callbacks").callbacks.Callback
    return found


def to_numpy(variable: Any) -> np.ndarray[Any, Any]:
    """Returns a copy of the value of a Keras variable, in its dtype, on any backend."""
    # Not by Keras' own function, of which NumPy warns.
    value = variable.value
    if backend() == "torch":
        value = value.detach().cpu()
        # NumPy takes no bfloat16 of PyTorch's, all of whose values float32 has.
        value = value.float() if "bfloat16" in str(value.dtype) else value
    if backend() != "jax":
        value = value.numpy()
    return np.array(value, numpy_dtype(variable.dtype))


def print_message(message: str) -> None:
    """Prints a message as Keras prints its own: to the standard output, or to the log.

    The standard output may be anything that a notebook, a logger or a windowed program has put in
    its place. What it does not take goes to the log: a message is not worth an error.

    Args:
        message: String, one line.
    """
    keras = sys.modules.get("keras")
    config = getattr(keras, "config", None)
    interactive = config is None or config.is_interactive_logging_enabled()
    if not (interactive and _is_printed(message)):
        import logging  # here, because most processes never get here

        logging.getLogger("batchwarp").info(message)


def _is_printed(message: str) -> bool:
    """Writes a line to the standard output; returns whether that was possible."""
    stream: Any = sys.stdout
    written = False
    try:
        stream.write(_encodable(message, getattr(stream, "encoding", None)) + "\n")
        written = True
        stream.flush()
    except Exception as error:  # noqa: BLE001 - whatever the program's own stream raises
        let_through(error)
    return written


def _encodable(message: str, encoding: Any) -> str:
    """Returns a message with escapes in place of what a stream's encoding does not have."""
    try:
        return message.encode(encoding, errors="backslashreplace").decode(encoding)
    except (
        TypeError,
        LookupError,
        ValueError,
    ):  # a stream without an encoding, or with one of its own
        return message.encode("utf-8", errors="backslashreplace").decode("utf-8")


def py_dataset() -> type[Any] | None:
    """Returns `keras.utils.PyDataset`, or `None` as long as Keras has not been imported.

    That includes one that is just being imported, perhaps by another thread, which has no such
    class yet, and one that waits for its first use (`importlib.util.LazyLoader`), which no question
    about an iterator should be.
    """
    if "keras.src" not in sys.modules:
        return None
    utils = getattr(sys.modules.get("keras"), "utils", None)
    found = getattr(utils, "PyDataset", None)
    return found if isinstance(found, type) else None
