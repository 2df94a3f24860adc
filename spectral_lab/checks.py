"""Checks of arguments, shared by all chapters: bad input is named where it enters, not deep inside numpy.

Every function returns the checked value in its plain form, or raises `ValueError` with the name of the
argument, the value given and what is allowed.
"""

from __future__ import annotations

import math
import reprlib
import sys
from collections.abc import Collection
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np

# A dense matrix of this order takes 0.8 GB, or 1.6 GB if it is complex; its eigenvalues take hours.
LARGEST_ORDER = 10_000
LARGEST_ENTRY = 8e307  # A + A^* is finite
LARGEST_ARRAY = 200_000_000  # entries: 1.6 GB of real numbers


def integer(value: Any, name: str, minimum: int | None = None, maximum: int | None = None) -> int:
    """A whole number in [minimum, maximum]; booleans and fractions are refused."""
    # The first question is quick: sentences are checked token by token.
    whole = type(value) is int or (isinstance(value, Integral) and not isinstance(value, (bool, np.bool_)))
    if not whole or (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
        raise ValueError(f"{name} must be a whole number{_range(minimum, maximum)}, got {shown(value)}")
    return int(value)


def seed(value: Any, name: str = "seed") -> int:
    """A seed that both numpy and torch take."""
    return integer(value, name, 0, 2**64 - 1)


def order(value: Any, name: str, minimum: int = 1, maximum: int = LARGEST_ORDER) -> int:
    """The order of a dense matrix: a whole number that its memory can hold."""
    return integer(value, name, minimum, maximum)


def room(entries: int, names: str) -> None:
    """Refuse sizes, by their names, that together ask for an array of more entries than memory should hold."""
    if entries > LARGEST_ARRAY:
        raise ValueError(f"{names} must ask for at most {LARGEST_ARRAY:,} entries together, got {shown(entries)}")


def number(
    value: Any,
    name: str,
    minimum: float | None = None,
    maximum: float | None = None,
    *,
    above: float | None = None,
) -> float:
    """A finite real number in [minimum, maximum], or strictly greater than `above`."""
    try:
        real = isinstance(value, Real) and not isinstance(value, (bool, np.bool_)) and math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        real = False
    size = float(value) if real else math.nan  # a short float would compare in its own precision
    low = (minimum is not None and size < minimum) or (above is not None and size <= above)
    if not real or low or (maximum is not None and size > maximum):
        allowed = f" greater than {above:g}" if above is not None else ""
        raise ValueError(f"{name} must be a finite number{allowed}{_range(minimum, maximum)}, got {shown(value)}")
    return float(value)


def flag(value: Any, name: str) -> bool:
    """True or False, and nothing that only counts as one of them."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False, got {shown(value)}")
    return bool(value)


def choice(value: Any, name: str, allowed: Collection[str]) -> str:
    """One of the allowed names."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {shown(value)}")
    return value


def path(value: Any, name: str) -> Path:
    """A file or a folder, as text or as a path; it need not be there."""
    if not isinstance(value, (str, Path)) or "\0" in str(value):
        raise ValueError(f"{name} must be a path, got {shown(value)}")
    return Path(value)


def array(value: Any, name: str, shape: tuple[int | None, ...] | None = None) -> np.ndarray:
    """A finite real or complex array in double precision; None in `shape` matches any length.

    Anything that numpy can read will do: a number, a list, whole numbers, a tensor, and a sparse matrix of scipy.
    Text and dates are refused, although numpy would turn them into numbers, and masked arrays, whose mask it would
    drop.
    """
    try:
        if isinstance(value, np.ma.MaskedArray):
            raise TypeError("its mask would be lost; fill it first, with value.filled(...)")
        result = np.asarray(_dense(value, name))
        if result.dtype.kind in "USTmMV":
            raise TypeError(f"its entries are of type {result.dtype}")
        result = result.astype(np.complex128 if np.iscomplexobj(result) else np.float64, copy=False)
    except TooLarge:
        raise
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:  # torch raises the last: detach() first
        raise ValueError(f"{name} must be an array of numbers, got {type(value).__name__}: {error}") from None
    if shape is not None and (
        result.ndim != len(shape)
        or any(want is not None and want != have for want, have in zip(shape, result.shape, strict=True))
    ):
        wanted = f"({', '.join('any' if size is None else str(size) for size in shape)}{',' * (len(shape) == 1)})"
        raise ValueError(f"{name} must have shape {wanted}, got {result.shape}")
    if not np.isfinite(result).all():
        raise ValueError(f"{name} must be finite, but it holds {int((~np.isfinite(result)).sum())} NaN or infinity")
    return result


def real_array(value: Any, name: str, shape: tuple[int | None, ...] | None = None) -> np.ndarray:
    """A finite real array in double precision; complex numbers are welcome if they are real up to rounding."""
    result = array(value, name, shape)
    if np.iscomplexobj(result):
        imaginary = np.abs(result.imag).max(initial=0.0)
        if imaginary > 1e-12 * np.abs(result).max(initial=0.0):
            raise ValueError(f"{name} must be real, but it has imaginary parts of up to {imaginary:.2g}")
    return result.real


def square(value: Any, name: str) -> np.ndarray:
    """A finite square matrix with at least one row, in double precision, whose sums stay finite."""
    result = array(value, name)
    if result.ndim != 2 or result.shape[0] != result.shape[1] or result.shape[0] == 0:
        raise ValueError(f"{name} must be a square matrix with at least one row, got shape {result.shape}")
    largest = float(np.abs(result.real).max() + np.abs(result.imag).max())
    if largest > LARGEST_ENTRY:
        raise ValueError(
            f"{name} must have a largest entry of at most {LARGEST_ENTRY:g}, or sums overflow, got {largest:g}"
        )
    return result


class TooLarge(ValueError):
    """What was given has no room in memory as a dense array."""


def shown(value: Any) -> str:
    """A value as an error message shows it: cut short, on one line, and never an error of its own."""
    if isinstance(value, int) and abs(value) >= 10**30:
        return f"a whole number of {value.bit_length()} bits"
    try:
        text = " ".join(reprlib.repr(value).split())
    except Exception:
        return f"a {type(value).__name__}"
    return text if len(text) <= 120 else text[:117] + "..."


def _dense(value: Any, name: str) -> Any:
    """A sparse matrix of scipy as a dense array; all else as it is. Scipy's sparse part is not loaded for this."""
    if isinstance(value, range) and len(value) > LARGEST_ARRAY:
        raise TooLarge(f"{name} must hold at most {LARGEST_ARRAY:,} numbers, got {value}")
    sparse = sys.modules.get("scipy.sparse")
    if sparse is None or not sparse.issparse(value):
        return value
    if math.prod(value.shape) > LARGEST_ORDER**2:
        raise TooLarge(
            f"{name} is sparse of shape {value.shape}; it would be made dense, which needs at most "
            f"{LARGEST_ORDER:,} rows and columns"
        )
    return value.toarray()


def _range(minimum: float | None, maximum: float | None) -> str:
    if minimum is not None and maximum is not None:
        return f" between {minimum:g} and {maximum:g}"
    if minimum is not None:
        return f" of at least {minimum:g}"
    return f" of at most {maximum:g}" if maximum is not None else ""
