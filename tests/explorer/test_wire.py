"""The wire: a picture plus its difference to the next is the next, whatever the two pictures are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spectral_lab.explorer import wire

arrays = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=1, max_dims=2, max_side=3), elements=st.floats(-3, 3, width=32)
)
leaves = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.text(max_size=2) | arrays
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


def put(tree, path, value):
    """What the browser does with one change."""
    if not path:
        return value
    copy = list(tree) if isinstance(tree, list) else dict(tree)
    copy[path[0]] = put(tree[path[0]], path[1:], value)
    return copy


def same(a, b):
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return type(a) is type(b) and a.shape == b.shape and np.array_equal(a, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@given(trees, trees)
def test_difference_applied_to_the_old_picture_gives_the_new_one(old, new):
    old, new = wire.plain(old), wire.plain(new)
    patched = old
    for path, value in wire.difference(old, new):
        patched = put(patched, path, value)
    assert same(patched, new)


@given(trees)
def test_a_picture_does_not_differ_from_itself(tree):
    assert wire.difference(wire.plain(tree), wire.plain(tree)) == []


def test_only_the_changed_leaf_travels():
    x, z = np.linspace(0, 1, 50), np.zeros((20, 20))
    old = {"data": [{"x": x, "y": x}, {"z": z, "contours": {"start": 1.0}}], "layout": {"height": 300}}
    new = {"data": [{"x": x, "y": x}, {"z": z.copy(), "contours": {"start": 2.0}}], "layout": {"height": 300}}
    assert wire.difference(old, new) == [(["data", 1, "contours", "start"], 2.0)]


def test_gaps_in_a_curve_are_no_change():
    curve = np.array([0.0, np.nan, 1.0])
    assert wire.difference({"y": curve}, {"y": curve.copy()}) == []


def test_arrays_travel_as_bytes_and_come_back():
    value = wire.plain({"y": np.arange(4), "z": np.arange(6.0).reshape(2, 3), "empty": np.zeros(0)})
    buffers: list[memoryview] = []
    packed = wire.pack(value, buffers)
    assert packed["y"] == {"$array": 0, "shape": [4], "single": False}
    assert np.array_equal(np.frombuffer(buffers[0]), np.arange(4.0))
    assert np.array_equal(np.frombuffer(buffers[1], np.float32).reshape(2, 3), np.arange(6).reshape(2, 3))
    assert packed["empty"]["shape"] == [0]
    assert len(buffers[2]) == 0


@pytest.mark.parametrize(
    ("bad", "place"),
    [({"data": [{"y": np.array([1j])}]}, r"figure\.data\[0\]\.y"), ({"layout": object()}, r"figure\.layout")],
)
def test_what_a_picture_cannot_hold_is_named_with_its_place(bad, place):
    with pytest.raises(TypeError, match=place):
        wire.plain(bad)
