"""What samples are called: 64-bit numbers that their random numbers depend on."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp._arguments import integer
from batchwarp._arrays import listed
from batchwarp.augment.hashes import hash64, hash64_of_bytes
from batchwarp.ops.mixing import Mixing

__all__ = [
    "LARGEST_SEED",
    "OF_KERAS",
    "Keys",
    "hash_of_state",
    "keyed_order",
    "numbers_of",
    "one_epoch",
    "one_seed",
    "sample_numbers",
]

LARGEST_SEED = 2**64 - 1
_EPOCHS = 2**32
_NUMBER_OF_P = 255  # of an operation's random numbers, that which decides whether it is done

# What takes the place of an operation in counters: the order of samples, and Keras' arguments.
_OF_ORDER = 0x7FFE
OF_KERAS = 0x7FFF


class Keys(NamedTuple):
    """All that the random numbers of some images depend on.

    Attributes:
        samples: Array `(n,)` of uint64, the samples' numbers.
        epoch: Integer from 0 to 2³² - 1.
        seed: Integer from 0 to 2⁶⁴ - 1.
    """

    samples: NDArray[np.uint64]
    epoch: int
    seed: int

    def of(self, part: slice) -> Keys:
        """Returns those of some of the images."""
        return self._replace(samples=self.samples[part])


def numbers_of(
    operation: Mixing, number: int, keys: Keys
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Returns what an operation that mixes images draws.

    Args:
        operation: The operation.
        number: Integer, its number in the recipe.
        keys: What the images are called.

    Returns:
        Tuple of an array `(n, operation.numbers)`, from 0 to below 1, and an array `(n,)`, whether
        it is done to an image.
    """
    samples, epoch, seed = keys
    drawn = _core.uniform(samples, epoch, seed, number, (*range(operation.numbers), _NUMBER_OF_P))
    return drawn[:, :-1], drawn[:, -1] < operation.p


def keyed_order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """Returns the order of the samples of a pass.

    Args:
        seed: Integer from 0 to 2⁶⁴ - 1.
        epoch: Integer, the number of the pass.
        count: Integer, how many samples there are.

    Returns:
        Array `(count,)`: the samples in the order of their random numbers, of two equal ones the
        lower first.
    """
    numbers = _core.uniform(np.arange(count, dtype=np.uint64), epoch, seed, _OF_ORDER, (0,))
    return np.argsort(numbers[:, 0], kind="stable").astype(np.int64, copy=False)


def hash_of_state(random: np.random.RandomState) -> int:
    """Returns a seed that follows from a random state, from which nothing is drawn.

    Args:
        random: The state, of any bit generator.

    Returns:
        Integer, the 64-bit BLAKE2b hash of the state's parts in the order of their names: arrays as
        little-endian bytes, numbers as decimal text.
    """
    return hash64_of_bytes(_bytes_of(random.get_state(legacy=False)))


def _bytes_of(part: Any) -> bytes:
    if isinstance(part, dict):
        return b"".join(_bytes_of(part[name]) for name in sorted(part))
    if isinstance(part, np.ndarray):
        return part.astype(part.dtype.newbyteorder("<")).tobytes()
    return str(part).encode()


def one_seed(value: Any) -> int:
    """Returns the seed of keyed draws.

    Args:
        value: Integer from 0 to 2⁶⁴ - 1.

    Raises:
        ValueError: If it is something else.
    """
    return integer("seed", value, 0, LARGEST_SEED)


def one_epoch(value: Any) -> int:
    """Returns the number of an epoch.

    Args:
        value: Integer from 0 to 2³² - 1.

    Raises:
        ValueError: If it is something else.
    """
    return integer("epoch", value, 0, _EPOCHS - 1)


def sample_numbers(keys: Any, count: int) -> NDArray[np.uint64]:
    """Returns the numbers of samples.

    Args:
        keys: Array of integers, or a sequence of integers, which count modulo 2⁶⁴, and of strings,
            which count by their 64-bit BLAKE2b hash.
        count: Integer, how many samples there are.

    Returns:
        Array `(count,)`.

    Raises:
        TypeError: If a key is neither an integer nor a string.
        ValueError: If there are more or fewer keys than samples.
    """
    if isinstance(keys, np.ndarray) and keys.dtype.kind in "iu" and keys.ndim == 1:
        numbers = np.ascontiguousarray(keys, dtype=np.uint64)
    else:
        if isinstance(keys, (str, bytes)) or not hasattr(keys, "__len__"):
            raise TypeError(
                "`keys` should be an array or a sequence of integers or strings, one for each "
                f"image. Received: {keys!r}"
            )
        numbers = np.array([_number(key) for key in listed(keys)], dtype=np.uint64)
    if len(numbers) != count:
        raise ValueError(
            f"`keys` should be one for each image, of which there are {count}. "
            f"Received: {len(numbers)}"
        )
    return numbers


def _number(key: Any) -> int:
    if isinstance(key, str):
        return hash64(key)
    try:
        if isinstance(key, (bool, np.bool_)):
            raise TypeError
        return operator.index(key) % 2**64
    except (TypeError, AttributeError):  # the latter of TensorFlow's strings
        raise TypeError(f"`keys` should hold integers or strings. Received: {key!r}") from None
