"""Spoil every argument of every public function of a chapter, one at a time, and list what goes wrong.

    python tests/hostile.py eigenspaces

A good call of each function stands in tests/<chapter>/calls.py. A spoiled call may succeed, or raise a ValueError that
names the spoiled argument. Everything else is a fault: another error, the blame on another argument, a NaN in the
answer, an argument changed in place, more than LIMIT seconds, or more than MEMORY.
It runs in a process of its own, because it limits the memory of the process.
"""

from __future__ import annotations

import copy
import importlib
import importlib.util
import inspect
import re
import resource
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import networkx as nx
import numpy as np
import scipy.sparse

LIMIT = 5.0  # seconds of processor time for one call
MEMORY = 6 * 2**30
NAN, INF = float("nan"), float("inf")


class Nameless:
    """Neither an array nor able to say what it is."""

    def __array__(self, *arguments: Any, **keywords: Any) -> None:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise ValueError("no")


def everything() -> Iterator[tuple[str, Any]]:
    """What a hurried, a confused or a malicious caller might pass for any argument, with its name."""
    plain = (None, True, -1, 0, 1, 2.5, 1j, NAN, INF, -INF, 1e308, -1e308, 1e-320, 1e19, 10**6, 10**9)
    empty_or_mixed = ("", "x", b"x", [], [[]], {}, {"a": 1}, (), [None], ["a"], [[1], [2, 3]])
    yield from ((repr(value), value) for value in (*plain, *empty_or_mixed))
    yield "10**400", 10**400  # too long for a float
    yield "-(10**400)", -(10**400)
    yield "range(10**9)", range(10**9)
    yield "a long text", "long " * 10_000
    yield "object()", object()
    yield "Nameless()", Nameless()
    yield "a function", lambda *_: "x"
    yield "Fraction(1, 3)", Fraction(1, 3)
    yield "Decimal('0.5')", Decimal("0.5")
    yield "a masked array", np.ma.masked_array([1.0, 2.0, 3.0], [False, True, False])
    yield "a date", np.array(["2026-01-01"], dtype="datetime64[D]")
    yield "zeros(0)", np.zeros(0)
    yield "zeros((0, 0))", np.zeros((0, 0))
    yield "ones((2, 3))", np.ones((2, 3))
    yield "ones((3, 3, 3))", np.ones((3, 3, 3))
    yield "eye(3) with a NaN", np.eye(3) + np.array([[NAN, 0, 0], [0, 0, 0], [0, 0, 0]])
    yield "full((3, 3), 1e308)", np.full((3, 3), 1e308)
    yield "a directed graph", nx.DiGraph([(0, 1), (1, 2)])
    yield "an empty graph", nx.Graph()
    yield "a graph of 10**9 nodes", (10**9, [(0, 1)])
    yield "a large sparse matrix", scipy.sparse.eye_array(10**6, format="csr")


def variants(good: Any) -> Iterator[tuple[str, Any]]:
    """Variants of a good array or list that keep its form and lose its sense."""
    if isinstance(good, (list, tuple)) and good and not isinstance(good[0], (int, float)):
        yield "without its last", good[:-1]
        yield "its first twice", [good[0], *good]
        yield "with None", [*good[:-1], None]
        return
    try:
        array = np.asarray(good)
    except ValueError:
        return
    if array.dtype.kind not in "iufc" or array.size == 0:
        return
    for name, value in (("NaN", NAN), ("inf", INF)):
        spoiled = array.astype(complex if array.dtype.kind == "c" else float)
        spoiled.flat[array.size - 1] = value
        yield f"with {name}", spoiled if array.ndim else spoiled[()]
    if array.ndim:
        yield "masked", np.ma.masked_array(array, np.arange(array.size).reshape(array.shape) == 0)
        yield "shorter", array[..., :-1]
        yield "with a leading axis", array[None]
        yield "as objects", array.astype(object)
        yield "as text", array.astype(str)
    for factor in (1j, 1e308, 1e-308, 0.0, -1.0):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield f"times {factor}", array * factor


class TooLong(BaseException):
    """The call used up its processor time."""


def stop(*_: Any) -> None:
    raise TooLong


def unsound(value: Any) -> bool:
    """Whether there is a NaN anywhere in a value."""
    if isinstance(value, dict):
        return any(map(unsound, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(unsound, value))
    if hasattr(value, "__dataclass_fields__"):
        return any(unsound(getattr(value, field)) for field in value.__dataclass_fields__)
    if isinstance(value, (float, complex, np.ndarray, np.number)) and np.asarray(value).dtype.kind in "fc":
        return bool(np.isnan(np.asarray(value)).any())
    return False


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, as far as arrays go."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and one.dtype.kind in "iufc":
        return np.array_equal(one, other, equal_nan=True)
    return True


def blamed(message: str, name: str, others: set[str]) -> bool:
    """Whether a message names the argument, or another one whose shape no longer fits."""
    words = set(re.findall(r"\w+", message))
    return name in words or bool(
        words & others and words & {"shape", "length", "lengths", "shapes", "entries", "between"}
    )


def fault(function: Callable, call: dict[str, Any], name: str, value: Any) -> str:
    """What goes wrong when one argument is spoiled, or nothing."""
    spoiled = {**call, name: value}
    before = {key: copy.deepcopy(v) for key, v in spoiled.items() if isinstance(v, np.ndarray)}
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an overflow to infinity is an answer, a NaN is not
            answer = function(**spoiled)
    except ValueError as error:
        if isinstance(error, np.linalg.LinAlgError):  # a ValueError too, but from inside numpy
            return f"LinAlgError: {str(error)[:90]}"
        if len(str(error)) > 600:
            return "says too much"
        return "" if blamed(str(error), name, set(call)) else f"blames another: {str(error)[:90]}"
    except TooLong:
        return f"takes more than {LIMIT:g} s"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:90]}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    if unsound(answer):
        return "answers NaN"
    if not all(same(v, spoiled[key]) for key, v in before.items()):
        return "changes its argument"
    return ""


def good_calls(chapter: str) -> dict[str, dict[str, Any]]:
    """The good calls of a chapter: tests/<chapter>/calls.py."""
    path = Path(__file__).parent / chapter / "calls.py"
    spec = importlib.util.spec_from_file_location(f"calls_of_{chapter}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CALLS


def public_functions(package: ModuleType) -> dict[str, Callable]:
    """The functions that a chapter exports."""
    exported = {name: getattr(package, name) for name in package.__all__}
    return {name: value for name, value in exported.items() if inspect.isfunction(value)}


def faults(chapter: str) -> Iterator[str]:
    """Every fault of every public function of a chapter, one line each."""
    functions, calls = public_functions(importlib.import_module(f"spectral_lab.{chapter}")), good_calls(chapter)
    for name in sorted(functions.keys() ^ calls.keys()):
        yield f"{name}: {'tests/' + chapter + '/calls.py has no good call' if name in functions else 'is not exported'}"
    for name in sorted(functions.keys() & calls.keys()):
        call = calls[name]
        functions[name](**call)
        for argument, good in call.items():
            for label, value in [*everything(), *variants(good)]:
                if what := fault(functions[name], call, argument, value):
                    yield f"{name}({argument}={label}): {' '.join(what.split())}"


if __name__ == "__main__":
    signal.signal(signal.SIGVTALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    found = [print(line, flush=True) for chapter in sys.argv[1:] for line in faults(chapter)]
    sys.exit(bool(found))
