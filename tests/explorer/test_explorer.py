"""The explorer without a browser: its state, its messages, its text form and its errors."""

import gc
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import types
import weakref
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.checkout import ROOT
from spectral_lab.course import CHAPTERS
from spectral_lab.explorer import Explorer, choice, integers, interrupts, slider, still, theme, toggle
from spectral_lab.explorer import explorer as module
from spectral_lab.explorer.controls import number_text, plain_words
from spectral_lab.explorer.palette import RED
from spectral_lab.markup import math_html, spoken, with_mathml


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
        figure=lambda d: theme.figure(
            theme.panel("", theme.axis("x"), theme.axis("y")).draw(theme.line(d["x"], d["y"], name="wave"))
        ),
        readout=lambda d: f"n = {d['n']}, a = {d['a']:g}.",
        code=lambda n, a, shape, doubled: f"{a} * np.{shape}({n} * x)",
        presets={"Fast": {"n": 9}},
        state=state,
    )


class Wire:
    """Stands where the browser is: keeps what the explorer sends, and says which picture it holds."""

    def __init__(self, explorer):
        self.explorer, self.sent, self.head = explorer, [], 0
        explorer.send = lambda message, buffers=None: self.sent.append((message, buffers or []))

    def ask(self, message):
        self.sent.clear()
        self.explorer._receive(self.explorer, {"session": "a", "head": self.head} | message, [])
        for answer, _ in self.sent:
            self.head = answer.get("number", self.head)
        return self.sent

    def move(self, request=1, coarse=False, **values):
        (answer,) = self.ask({"kind": "compute", "request": request, "values": values, "coarse": coarse})
        return answer


def test_text_form_is_title_and_readout():
    assert repr(make()) == "Wave: n = 3, a = 0.1."


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
    message, buffers = Wire(make()).move(n=4)
    assert message["request"] == 1
    assert message["readout"] == "n = 4, a = 0.1."
    assert [path for path, _ in message["patch"]] == [["data", 0, "y"]]
    assert np.allclose(np.frombuffer(buffers[0]), 0.1 * np.sin(4 * np.linspace(0, 1, 100)))


def test_a_page_that_missed_an_answer_gets_the_whole_picture():
    wire = Wire(make())
    wire.move(n=4)
    wire.head = 0
    message, _ = wire.move(n=4)
    ((path, value),) = message["patch"]
    assert (path, message["base"]) == ([], None)
    assert set(value) == {"data", "layout"}
    message, _ = wire.move(n=5)
    assert message["base"] == message["number"] - 1
    assert [path for path, _ in message["patch"]] == [["data", 0, "y"]]


def test_two_pages_are_told_apart():
    wire = Wire(make())
    ((one, _),) = wire.ask({"kind": "compute", "session": "a", "request": 1, "values": {"n": 4}})
    assert (one["session"], one["request"], one["base"], one["number"]) == ("a", 1, 0, 1)
    # The second page asked before the first one's answer reached it: it gets a whole picture.
    ((two, _),) = wire.ask({"kind": "compute", "session": "b", "request": 1, "values": {"n": 5}, "head": 0})
    assert (two["session"], two["request"], two["base"], two["number"]) == ("b", 1, None, 2)
    ((welcome, _),) = wire.ask({"kind": "hello", "session": "c"})
    assert (welcome["session"], welcome["number"], welcome["values"]["n"]) == ("c", 2, 5)


def test_coarse_while_dragging_fine_on_release():
    wire = Wire(make())
    wire.move(n=4, coarse=True)
    assert len(wire.explorer.data["x"]) == 20
    wire.move(n=4)
    assert len(wire.explorer.data["x"]) == 100


@pytest.mark.parametrize("kind", ["shown", "code", "download"])
def test_what_the_page_shows_is_what_code_files_and_state_are_of(kind):
    """The browser went back to a picture that it had kept: nothing was computed."""
    wire = Wire(make())
    wire.move(n=9)
    wire.move(n=4, coarse=True)
    values = make(n=5, a=0.01).state
    sent = wire.ask({"kind": kind, "format": "csv", "values": values})
    assert wire.explorer.state == values
    assert wire.explorer.readout == "n = 5, a = 0.01."
    assert wire.explorer.code == make(**values).code
    assert np.array_equal(wire.explorer.arrays()["y"], make(**values).arrays()["y"])
    if kind == "code":
        assert sent[0][0]["text"] == make(**values).code
    if kind == "download":
        assert bytes(sent[0][1][0]).decode() == make(**values).csv()
    message, buffers = wire.move(n=6)  # the pages still hold the last picture sent
    assert np.allclose(np.frombuffer(buffers[-1]), 0.01 * np.sin(6 * np.linspace(0, 1, 100)))
    assert ["data", 0, "x"] in [path for path, _ in message["patch"]]  # which was a coarse one


def test_an_interrupted_picture_is_said_once_and_not_asked_for_again():
    explorer = make()
    explorer._compute = lambda **values: (_ for _ in ()).throw(KeyboardInterrupt)
    message, _ = Wire(explorer).move(n=4)
    assert message["error"].startswith("Interrupted")
    with pytest.raises(KeyboardInterrupt):
        explorer.set(n=4)


def test_an_interrupt_ends_a_computation_where_the_kernel_ignores_it():
    explorer = make()
    explorer._compute = lambda **values: os.kill(os.getpid(), signal.SIGINT) or time.sleep(5)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        message, _ = Wire(explorer).move(n=4)
        assert message["error"].startswith("Interrupted")
        os.kill(os.getpid(), signal.SIGINT)  # which ends nothing when nothing is computed
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupt_reaches_a_computation_in_a_thread_of_its_own():
    started = threading.Event()

    def compute(**_):
        started.set()
        end = time.monotonic() + 20
        while time.monotonic() < end:
            time.sleep(0.01)
        return {"y": np.zeros(100)}

    explorer, messages = make(), []
    explorer._compute = compute
    wire = Wire(explorer)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        interrupts.listen()
        thread = threading.Thread(target=lambda: messages.append(wire.move(n=4)[0]))
        thread.start()
        assert started.wait(10)
        os.kill(os.getpid(), signal.SIGINT)
        thread.join(10)
        assert not thread.is_alive()
        assert messages[0]["error"].startswith("Interrupted")
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_closed_explorer_is_freed_and_opens_again_when_displayed(capsys):
    explorer = make(n=5)
    models = {explorer.model_id, explorer.layout.model_id}
    assert models <= set(instances())
    explorer.close()
    assert not models & set(instances())
    assert explorer.state["n"] == 5
    assert explorer.readout == "n = 5, a = 0.1."
    explorer._ipython_display_()
    assert explorer.model_id in instances()
    gone = weakref.ref(explorer)
    explorer.close()
    del explorer
    gc.collect()
    assert gone() is None


def test_a_cell_run_again_closes_what_its_last_run_displayed(monkeypatch):
    here = {}
    shell = types.SimpleNamespace(get_parent=lambda: here)
    monkeypatch.setattr(module, "get_ipython", lambda: shell)
    monkeypatch.setattr("IPython.display.display", lambda *args, **kwargs: None)

    def run(cell, message, *explorers):
        here.update(metadata={"cellId": cell}, header={"msg_id": message})
        for explorer in explorers:
            explorer._ipython_display_()

    first, second, third, fourth = (make(n=n) for n in (1, 2, 3, 4))
    run("a", 1, first, second)
    run("b", 2, second)
    run("a", 3, third)
    assert [e.comm is None for e in (first, second, third)] == [True, False, False]  # b still shows the second
    run("a", 4, third, fourth)
    assert [e.comm is None for e in (third, fourth)] == [False, False]
    run("b", 5, first)
    assert [e.comm is None for e in (first, second)] == [False, True]


def instances():
    return sys.modules["ipywidgets.widgets.widget"]._instances


def test_infinite_numbers_are_gaps_in_the_picture_and_said():
    def compute(n):
        y = np.arange(9.0)
        y[2], y[5] = np.nan, np.inf
        return {"y": y, "z": np.where(np.eye(9) > 0, 1e300 if n > 3 else np.inf, 1.0), "k": np.inf}

    explorer = Explorer(
        title="t",
        controls=[integers("n", "n", 1, 9, 3)],
        compute=compute,
        figure=lambda d: theme.figure(
            theme.panel("", theme.axis("x"), theme.axis("y")).draw(
                theme.line(d.y, d.y), theme.heat(d.y, d.y, d.z, 0, 1, bar="z")
            )
        ),
        readout=lambda d: f"K = {number_text(d['k'])}, {d['k']:.3f}, {-d['k']}, {d['k'] - d['k']:g}, {-0.0:.2f}.",
        code=lambda n: "",
    )
    words = "K = ∞, ∞, -∞, not a number, 0.00. Points at infinity are not drawn."
    assert explorer.readout == words
    explorer.set(n=4)  # more than single precision holds
    assert explorer.readout == words
    assert all(np.isnan(trace[key]).any() for trace, key in zip(explorer.figure["data"], "yz", strict=True))
    assert "<svg" in still.svg(explorer.figure)


def test_without_a_kernel_the_output_holds_picture_readout_and_idle_controls(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw, metadata=None: shown.append(data))
    make(n=5)._ipython_display_()
    page, view = shown
    assert list(view) == ["application/vnd.jupyter.widget-view+json"]
    assert page["text/plain"] == "Wave: n = 5, a = 0.1."
    assert '<img src="data:image/svg+xml;base64,' in page["text/html"]
    assert "n = 5, a = 0.1." in page["text/html"]
    assert "still picture" in page["text/html"]


def test_a_stored_picture_has_its_readout_as_text(monkeypatch):
    shown = []
    monkeypatch.setenv("SPECTRAL_LAB_PREVIEWS", "png")
    monkeypatch.setattr("spectral_lab.explorer.preview.png_base64", lambda explorer: "")
    monkeypatch.setattr("IPython.display.display", lambda data, raw, metadata=None: shown.append((data, metadata)))
    make(n=5)._ipython_display_()
    assert shown[0][1] == {"image/png": {"alt": "n = 5, a = 0.1."}}
    assert "image/png" in shown[0][0]


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_stored_picture_of_a_notebook_has_it(path):
    outputs = [out for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] for out in cell.get("outputs", [])]
    pictures = [out for out in outputs if "image/png" in out.get("data", {})]
    assert pictures
    for out in pictures:
        assert "".join(out["data"]["text/plain"]).endswith(": " + out["metadata"]["image/png"]["alt"])


@pytest.mark.parametrize(("n", "line"), [(7, "n must not be 7"), (8, "ZeroDivisionError: inside")])
def test_an_error_is_one_line_and_the_last_picture_stays(n, line):
    wire = Wire(make())
    before = wire.explorer.figure
    message, _ = wire.move(n=n)
    assert message["error"] == line
    assert "patch" not in message
    assert wire.explorer.figure is before
    assert wire.explorer.state["n"] == 3
    message, _ = wire.move(n=6)
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
    ((message, buffers),) = wire.ask({"kind": "hello"})
    assert message["values"]["n"] == 9
    assert len(buffers) == 2  # x and y
    ((message, buffers),) = wire.ask({"kind": "library"})
    assert message["kind"] == "library"
    assert b"Plotly" in bytes(buffers[0][-200:])


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
    left = theme.panel("a", theme.axis("x", 0, 1), theme.axis("f", 1, 100, log=True), equal=True)
    right = theme.panel("b", theme.bare(0, 1), theme.axis("f", 1, 100, log=True), 2.0)
    figure = theme.figure(
        left.draw(
            theme.line(x, x, "a", fill="tozeroy"),
            theme.points(x, x),
            theme.text(x[:1], x[:1], ["word"]),
            theme.segments([0, 1], x[:, None]),
            theme.note("n", 0, 1),
        ),
        right.draw(
            theme.heat(x, x, z, 0, 1, bar="height"),
            theme.matrix(z, 1),
            theme.contours(x, x, z, 0, 1, 0.1, labels=True),
            theme.contours(x, x, z, 0, 1, 0.1, filled=False, color=RED),
            *theme.key("top left", ("words", RED)),
        ),
    )
    # The colour names are the browser's to fill in.
    go.Figure(filled(figure))


def test_words_stand_where_the_data_are_on_every_axis():
    panel = theme.panel("", theme.axis("x", 1, 100, log=True), theme.axis("y", 0, 4))
    notes = [theme.note("n", 10, 3), *theme.key("bottom right", ("a", RED), ("b", RED))]
    first, a, b = theme.figure(panel.draw(*notes))["layout"]["annotations"]
    assert (first["x"], first["y"]) == (1, 3)
    assert (a["x"], a["y"], a["xanchor"]) == (pytest.approx(2 * 0.97), 0, "right")
    assert a["yshift"] > b["yshift"] > 0


def test_separate_pieces_are_one_line_with_gaps():
    trace = theme.segments([0, 1], [[2], [3]])
    np.testing.assert_array_equal(trace["x"], [0, 1, np.nan, 0, 1, np.nan])
    np.testing.assert_array_equal(trace["y"], [2, 2, np.nan, 3, 3, np.nan])


@given(st.lists(st.floats(0.1, 1e6), min_size=1, max_size=6), st.floats(0.01, 1), st.booleans())
def test_labels_are_moved_apart_and_never_down(heights, distance, log):
    moved = np.array(theme.apart(heights, distance, log=log))
    assert np.all(moved >= np.array(heights) * (1 - 1e-9))
    places = np.sort(np.log10(moved) if log else moved)
    assert np.all(np.diff(places) >= distance * (1 - 1e-6))
    order = np.argsort(heights, kind="stable")
    assert np.all(np.diff(moved[order]) >= 0)
    if len(heights) == 1:
        assert moved[0] == pytest.approx(heights[0])


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


@pytest.mark.parametrize(("value", "text"), [(np.inf, "∞"), (-np.inf, "−∞"), (np.nan, "not a number"), (-0.0, "0")])
def test_numbers_that_are_none_and_negative_zeros_are_said_as_such(value, text):
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-0, −0.00 and −0.0 %.", "0, 0.00 and 0.0 %."),
        ("-0.01, −0.50, 1e-05, 3-0, -0.0·10⁻³", "-0.01, −0.50, 1e-05, 3-0, -0.0·10⁻³"),
        ("inf, -inf, nan, an infinite information", "∞, -∞, not a number, an infinite information"),
    ],
)
def test_readouts_have_no_signed_zeros_and_no_codes_for_infinity(text, shown):
    assert plain_words(text) == shown


@pytest.mark.parametrize(
    ("make_control", "named"),
    [
        (lambda: slider("a", "a", np.nan, 1, 0), "low"),
        (lambda: slider("a", "a", 0, np.inf, 0), "high"),
        (lambda: slider("a", "a", 1, 1, 1), "high"),
        (lambda: slider("a", "a", 1, 1 + 1e-9, 1), "low and high"),
        (lambda: slider("a", "a", 0, 1, 0.5, log=True), "low"),
        (lambda: slider("a", "a", 0, 1, 2), "default"),
        (lambda: slider("a", "a", 0, 1, np.nan), "default"),
        (lambda: slider("a", "a", 0, 1, 0.5, steps=0), "steps"),
        (lambda: slider("a", "a", 0, 1, 0.5, steps=10**9), "steps"),
        (lambda: integers("n", "n", 5, 3, 4), "high"),
        (lambda: integers("n", "n", 1, 9, 20), "default"),
        (lambda: integers("n", "n", 1, 9, 3, step=0), "step"),
        (lambda: integers("n", "n", 1, 10**9, 3), "step"),
        (lambda: integers("n", "n", 0, 10**400, 3, step=10**399), "high"),
        (lambda: choice("c", "c", []), "options"),
        (lambda: choice("c", "c", "ab"), "options"),
        (lambda: choice("c", "c", ["a", "a"]), "options"),
        (lambda: choice("c", "c", ["a"], "b"), "default"),
    ],
)
def test_controls_without_a_range_and_defaults_outside_are_refused(make_control, named):
    with pytest.raises(ValueError, match=rf"^{named} must"):
        make_control()


@pytest.mark.parametrize("convert", [math_html, with_mathml])
def test_formulas_carry_no_html_of_their_own(convert):
    text = r"$\text{<img src=x onerror=alert(1)>} < 1, \href{javascript:alert(1)}{x}, \alpha$"
    page = convert(text)
    tree = ElementTree.fromstring(page)
    tags = {node.tag.rsplit("}", 1)[1] for node in tree.iter()}
    assert tags <= {"math", "mrow", "mtext", "mo", "mn", "mi"}
    assert not any("href" in node.attrib for node in tree.iter())
    assert "α" in page


def test_labels_turn_latex_into_mathml_and_leave_words_alone():
    html = math_html(r"noise $\varepsilon < 1$ & more")
    assert html.startswith("noise <math")
    assert "&amp; more" in html


def test_importing_the_kit_is_light():
    heavy = ("torch", "matplotlib", "playwright", "plotly.graph_objects")
    check = f"import sys, spectral_lab.explorer; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_panel_needs_no_more_than_its_marks_and_axes():
    marks, x, y = [theme.line([0, 1], [1, 0]), theme.note("here", 0, 1)], theme.axis("x", 0, 1), theme.axis("y")
    assert theme.figure(marks, x=x, y=y, height=200) == theme.figure(theme.panel("", x, y).draw(*marks), height=200)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"$\log_{10}\|E\|$", "log 10 of the norm of E"),
        (r"$c_2$ of $(1-\lambda)^2$", "c 2 of (1 minus lambda) squared"),
        (r"$\log_{10}$ of its error", "log 10 of its error"),
        (r"oracle time $\tau/\tau_0$", "oracle time tau over tau 0"),
        (r"turn $v_2, v_3$ by $\vartheta$", "turn v 2, v 3 by theta"),
        ("no formula: 100 % of it_", "no formula: 100 % of it_"),
    ],
)
def test_formulas_of_labels_are_said_in_words(text, words):
    assert spoken(text) == words


def test_no_label_of_any_explorer_leaves_latex_to_the_ear():
    for item in CHAPTERS:
        for make in item.listed("EXPLORERS"):
            spec = make().spec
            for said in (spec["spoken"], *(control["plain"] for control in spec["controls"])):
                assert not set("$\\{}^_") & set(said), said
