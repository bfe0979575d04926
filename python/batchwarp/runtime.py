"""What the compiled core runs on: threads, instruction set, and how it was built."""

from __future__ import annotations

from batchwarp import _core

__all__ = ["build_config", "get_num_threads", "set_num_threads", "simd_tier", "simd_tiers"]


def get_num_threads() -> int:
    """Returns the number of threads that work on one batch.

    By default this is the number of processors that the process may use (its affinity and, in a
    container, its share), or what the environment variable `BATCHWARP_NUM_THREADS` says.

    Returns:
        Integer, at least 1.

    Example:
        >>> get_num_threads() >= 1
        True
    """
    return _core.get_num_threads()


def set_num_threads(n: int) -> None:
    """Sets the number of threads that work on one batch, for the whole process.

    The number never changes a result: random parameters are drawn before the work is shared out.

    Args:
        n: Integer, at least 1; 0 restores the default (see `get_num_threads`).

    Raises:
        ValueError: If `n` is negative or too large for the core.
        TypeError: If `n` is no integer.

    Example:
        >>> set_num_threads(2)
        >>> get_num_threads()
        2
        >>> set_num_threads(0)
    """
    _core.set_num_threads(n)


def simd_tier() -> str:
    """Returns the instruction set that the kernels use in this process.

    It is chosen when batchwarp is imported: the best that the processor has, or what the
    environment variable `BATCHWARP_SIMD` says.

    Returns:
        String, one of `simd_tiers()`: `"baseline"` (SSE2 or NEON), `"avx2"` or `"avx512"`.

    Example:
        >>> simd_tier() in ("baseline", "avx2", "avx512")
        True
    """
    return _core.simd_tier()


def simd_tiers() -> tuple[str, ...]:
    """Returns the instruction sets that this machine can run.

    Returns:
        Tuple of strings, the best one last.

    Example:
        >>> simd_tiers()[0]
        'baseline'
    """
    return _core.simd_tiers()


def build_config() -> dict[str, str]:
    """Returns how the compiled core was built.

    Returns:
        Dictionary from names (version, compiler, flags, compiled instruction sets, ...) to strings,
        for bug reports.

    Example:
        >>> build_config()["build_type"]
        'Release'
    """
    return _core.build_config()
