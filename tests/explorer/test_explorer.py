"""The explorer without a browser: its state, its messages, its text form and its errors."""

import io
import subprocess
import sys

import numpy as np
import pytest

from spectral_lab.explorer import Explorer, choice, integers, slider, theme, toggle
from spectral_lab.explorer.controls import math_html, number_text


def compute(n, a, shape, doubled, coarse=False):
    if n == 7:
        raise ValueError("n must not be 7")
    if n == 8:
        raise ZeroDivisionError("inside")
    x = np.linspace(0, 1, 20 if coarse else 100)
    y = a * (np.sin if shape == "sine" else np.cos)(n * x) * (2 if doubled else 1)
    return {"x": x, "y": y, "n": n, "a": a}


def make(**state):
    return Explorer(
        title="Wave",
        controls=[
            integers("n", "$n$", 1, 9, 3),
            slider("a", "amplitude", 1e-3, 1, 1e-1, log=True, steps=6),
            choice("shape", "shape", ["sine", "cosine"]),
            toggle("doubled", "doubled"),
        ],
        compute=compute,
        figure=lambda d: theme.figure([theme.line(d["x"], d["y"], name="wave")], x=theme.axis("x"), y=theme.axis("y")),
        readout=lambda d: f"n = {d['n']}, a = {d['a']:g}.",
        code=lambda n, a, shape, doubled: f"{a} * np.{shape}({n} * x)",
        presets={"Fast": {"n": 9}},
        state=state,
    )


class Wire:
    """Stands where the browser is: keeps what the explorer sends."""

    def __init__(self, explorer):
        self.explorer, self.sent = explorer, []
        explorer.send = lambda message, buffers=None: self.sent.append((message, buffers or []))

    def ask(self, message):
        self.sent.clear()
        self.explorer._receive(self.explorer, message, [])
        return self.sent


def test_text_form_is_title_and_readout():
    assert repr(make()) == "Wave: n = 3, a = 0.1."
    assert make()._repr_mimebundle_()[0]["text/plain"] == "Wave: n = 3, a = 0.1."


def test_state_given_back_makes_the_same_picture():
    first = make(n=5, shape="cosine", doubled=True)
    second = make(**first.state)
    assert second.state == first.state == {"n": 5, "a": 0.1, "shape": "cosine", "doubled": True}
    assert np.array_equal(first.figure["data"][0]["y"], second.figure["data"][0]["y"])


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"m": 3}, "'m' is no control"),
        ({"n": 10}, "n must be a whole number between 1 and 9, got 10"),
        ({"n": 2.5}, "n must be a whole number"),
        ({"a": float("nan")}, "a must be a finite number"),
        ({"shape": "square"}, "shape must be one of 'sine', 'cosine', got 'square'"),
        ({"doubled": 1}, "doubled must be True or False"),
    ],
)
def test_bad_state_is_named(state, message):
    with pytest.raises(ValueError, match=message):
        make(**state)


def test_a_slider_move_sends_only_what_changed():
    wire = Wire(make())
    ((message, buffers),) = wire.ask({"kind": "compute", "request": 1, "values": {"n": 4}, "coarse": False})
    assert message["request"] == 1
    assert message["readout"] == "n = 4, a = 0.1."
    assert [path for path, _ in message["patch"]] == [["data", 0, "y"]]
    assert np.allclose(np.frombuffer(buffers[0]), 0.1 * np.sin(4 * np.linspace(0, 1, 100)))


def test_after_a_lost_answer_the_whole_picture_is_sent():
    wire = Wire(make())
    wire.ask({"kind": "compute", "request": 1, "values": {"n": 4}, "coarse": False})
    again = {"kind": "compute", "request": 1, "values": {"n": 4}, "coarse": False, "whole": True}
    ((message, _),) = wire.ask(again)
    ((path, value),) = message["patch"]
    assert path == []
    assert set(value) == {"data", "layout"}


def test_coarse_while_dragging_fine_on_release():
    wire = Wire(make())
    wire.ask({"kind": "compute", "request": 1, "values": {"n": 4}, "coarse": True})
    assert len(wire.explorer.data["x"]) == 20
    wire.ask({"kind": "compute", "request": 2, "values": {"n": 4}, "coarse": False})
    assert len(wire.explorer.data["x"]) == 100


@pytest.mark.parametrize(("n", "line"), [(7, "n must not be 7"), (8, "ZeroDivisionError: inside")])
def test_an_error_is_one_line_and_the_last_picture_stays(n, line):
    wire = Wire(make())
    before = wire.explorer.figure
    ((message, _),) = wire.ask({"kind": "compute", "request": 1, "values": {"n": n}, "coarse": False})
    assert message["error"] == line
    assert "patch" not in message
    assert wire.explorer.figure is before
    assert wire.explorer.state["n"] == 3
    ((message, _),) = wire.ask({"kind": "compute", "request": 2, "values": {"n": 6}, "coarse": False})
    assert message["readout"].startswith("n = 6")


def test_an_error_when_made_or_set_from_code_is_raised_there():
    with pytest.raises(ValueError, match="n must not be 7"):
        make(n=7)
    explorer = make()
    with pytest.raises(ValueError, match="n must not be 7"):
        explorer.set(n=7)
    assert explorer.state["n"] == 3


def test_set_from_code_moves_picture_and_readout():
    wire = Wire(make())
    wire.explorer.set(n=9, a=0.5)
    ((message, _),) = wire.sent
    assert message["request"] is None
    assert message["texts"] == {"n": "9", "a": "0.5", "shape": "sine", "doubled": "off"}
    assert wire.explorer.readout == "n = 9, a = 0.5."
    assert wire.explorer.code == "0.5 * np.sine(9 * x)"


def test_a_page_that_opens_late_gets_the_present_picture_and_plotly_if_it_has_none():
    wire = Wire(make())
    wire.explorer.set(n=9)
    ((message, buffers),) = wire.ask({"kind": "hello", "library": True})
    assert message["values"]["n"] == 9
    assert len(buffers) == 3  # x, y and the library
    assert b"Plotly" in bytes(buffers[-1][-200:])
    ((_, buffers),) = wire.ask({"kind": "hello", "library": False})
    assert len(buffers) == 2


def test_downloads_hold_the_data():
    wire = Wire(make())
    ((message, buffers),) = wire.ask({"kind": "download", "format": "npz"})
    assert message["name"] == "wave.npz"
    stored = np.load(io.BytesIO(bytes(buffers[0])), allow_pickle=False)
    assert np.array_equal(stored["y"], wire.explorer.data["y"])
    assert stored["n"] == 3
    ((message, buffers),) = wire.ask({"kind": "download", "format": "csv"})
    rows = bytes(buffers[0]).decode().splitlines()
    assert message["name"] == "wave.csv"
    assert rows[0] == "trace,x,y,z"
    assert len(rows) == 101
    assert float(rows[-1].split(",")[2]) == wire.explorer.data["y"][-1]


def test_every_trace_and_layout_of_the_theme_is_valid_plotly():
    go = pytest.importorskip("plotly.graph_objects")
    x, z = np.linspace(0, 1, 5), np.eye(5)
    traces = [
        theme.line(x, x, name="a", fill="tozeroy"),
        theme.points(x, x),
        theme.text(x[:1], x[:1], ["word"]),
        theme.heat(x, x, z, low=0, high=1, bar="height", panel=2),
        theme.contours(x, x, z, low=0, high=1, step=0.1, panel=2, labels=True),
        theme.contours(x, x, z, low=0, high=1, step=0.1, filled=False, color=theme.RED),
    ]
    axes = [theme.axis("x", low=0, high=1), theme.axis("f", log=True, low=1, high=100)]
    figure = theme.figure(traces, x=axes, y=axes, titles=["a", "b"], equal=[True, False], notes=[theme.note("n", 0, 0)])
    # The colour names are the browser's to fill in.
    go.Figure(filled(figure))


def filled(value):
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item) for item in value]
    return "#123456" if isinstance(value, str) and value.startswith("$") else value


@pytest.mark.parametrize(
    ("value", "text"),
    [(12, "12"), (0.035, "0.035"), (325.4263, "325.426"), (1e-12, "10⁻¹²"), (3.2e-7, "3.2·10⁻⁷"), (-2, "−2"), (0, "0")],
)
def test_numbers_read_well(value, text):
    assert number_text(value) == text


def test_labels_turn_latex_into_mathml_and_leave_words_alone():
    html = math_html(r"noise $\varepsilon < 1$ & more")
    assert html.startswith("noise <math")
    assert "&amp; more" in html


def test_importing_the_kit_is_light():
    heavy = ("torch", "matplotlib", "playwright", "plotly.graph_objects")
    check = f"import sys, spectral_lab.explorer; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
