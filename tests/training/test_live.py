"""Live curves: what the cell's output shows, and that the notebook file keeps nothing of the machine."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import pytest
import tiny_recipe
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.training import Evaluation, Part, Target, Text, train
from spectral_lab.training.classroom import reporter_here
from spectral_lab.training.live import Live, _round_range, panel


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr(Live, "_display", lambda self: None)
    return Live()


def test_a_run_is_told_from_start_to_end(live, tmp_path):
    said: list[str] = []
    live.widget.observe(lambda change: said.append(change["new"]), "value")
    run = train(tiny_recipe.recipe(name="tests/one"), reporter=live, folder=tmp_path)
    assert "measuring its first steps" in said[0]
    assert any("by its first steps" in text for text in said)
    assert f"accuracy {run.metrics['accuracy']:.3g}" in said[-1]
    assert "took" in said[-1]
    assert "width:100.0%" in said[-1]
    train(tiny_recipe.recipe(name="tests/two"), reporter=live, folder=tmp_path)
    html = ET.fromstring(live.widget.value)
    pictures = list(html.iter("svg"))
    assert [len(list(picture.iter("polyline"))) for picture in pictures] == [2, 2]
    assert [next(picture.iter("text")).text for picture in pictures] == ["training loss", "accuracy"]
    assert all({"one", "two"} <= {text.text for text in picture.iter("text")} for picture in pictures)


def test_runs_of_one_recipe_are_told_apart_by_their_seeds(live, tmp_path):
    for name, seed in (("tests/one", 0), ("tests/two", 0), ("tests/one", 4)):
        train(tiny_recipe.recipe(name=name, seed=seed, epochs=1), reporter=live, folder=tmp_path)
    for picture in ET.fromstring(live.widget.value).iter("svg"):
        labels = {text.text for text in picture.iter("text")}
        assert {"one, seed 0", "two", "one, seed 4"} <= labels


def test_an_interrupted_run_says_that_nothing_is_lost(live, tmp_path):
    class Impatient(Live):
        def step(self, step, loss):
            if step == 8:
                raise KeyboardInterrupt

    live.__class__ = Impatient
    train(tiny_recipe.recipe(), reporter=live, folder=tmp_path)
    assert "interrupted; nothing is lost" in live.widget.value
    live.__class__ = Live
    train(tiny_recipe.recipe(), reporter=live, folder=tmp_path)
    assert "took" in live.widget.value


def test_every_point_is_inside_the_axes_and_in_order():
    picture = ET.fromstring(panel("a < b", [("one", "#000", "", [(1, 0.2), (2, 0.9), (4, 0.5)])], epochs=4))
    (points,) = (line.get("points") for line in picture.iter("polyline"))
    places = [tuple(map(float, pair.split(","))) for pair in points.split()]
    assert places[0][0] < places[1][0] < places[2][0]
    assert places[1][1] < places[2][1] < places[0][1]  # the y of a picture grows downwards
    assert all(0 < x < 340 and 0 < y < 190 for x, y in places)
    assert "a < b" in {text.text for text in picture.iter("text")}


def test_what_is_not_finite_is_said_and_not_drawn():
    nan, inf = float("nan"), float("inf")
    curves = [
        ("one", "#000", "", [(1, nan), (2, 0.9), (4, inf)]),
        ("two", "#000", "", [(1, inf), (2, 0.2)]),
        ("none", "#000", "", [(1, nan)]),
        ("huge", "#000", "", [(1, 1e308), (2, -1e308), (3, 0.5)]),
    ]
    picture = ET.fromstring(panel("metric", curves, epochs=4))
    assert [line.get("points").count(",") for line in picture.iter("polyline")] == [1, 1, 1]
    assert {"one: infinite", "two", "huge"} <= {text.text for text in picture.iter("text")}
    assert "nan" not in ET.tostring(picture).decode()
    assert ET.fromstring(panel("metric", curves[2:3], epochs=4)) is not None


def test_a_metric_that_is_not_finite_ends_no_run(live, tmp_path):
    lost = tiny_recipe.recipe(evaluations=(Evaluation("test", Part(tiny_recipe.lost, {"value": "inf"})),))
    assert train(lost, reporter=live, folder=tmp_path).finished
    assert "accuracy infinite" in live.widget.value


def test_a_panel_has_a_label_for_each_run_however_many_metrics_there_are(live, tmp_path):
    names = tuple(f"metric {i}" for i in range(5))
    many = Evaluation("test", Part(tiny_recipe.many, {"names": list(names)}))
    for variant in "abcdefg":
        train(
            tiny_recipe.recipe(name=f"tests/{variant}", epochs=1, evaluations=(many,), target=Target(names)),
            reporter=live,
            folder=tmp_path,
        )
    pictures = list(ET.fromstring(live.widget.value).iter("svg"))
    assert [next(picture.iter("text")).text for picture in pictures] == ["training loss", *names]
    for picture in pictures:
        assert len(list(picture.iter("polyline"))) == 7
        assert picture.get("height") == "190"
        styles = {(line.get("stroke"), line.get("stroke-dasharray")) for line in picture.iter("polyline")}
        assert len(styles) == 7  # no two runs look the same


def test_an_empty_panel_is_drawn():
    assert ET.fromstring(panel("nothing yet", [("one", "#000", "", [])], epochs=4)) is not None


@given(low=st.floats(-1e6, 1e6), width=st.floats(0, 1e6))
@settings(deadline=None, max_examples=60)
def test_the_range_holds_the_points_and_is_not_much_wider(low, width):
    bottom, top = _round_range(low, low + width)
    assert bottom <= low
    assert top >= low + width
    assert bottom < top
    assert top - bottom <= 3 * max(width, 1e-2 * abs(low + width), 1e-8)


def test_outside_a_notebook_it_is_text():
    assert isinstance(reporter_here(), Text)


def test_twenty_labels_stay_inside_the_picture_and_off_each_other():
    curves = [(f"metric {i}", "#000", "", [(4, 0.2 + 1e-3 * i)]) for i in range(19)] + [("far", "#000", "", [(4, 0.9)])]
    picture = ET.fromstring(panel("metrics", curves, epochs=4))
    labels = [e for e in picture.iter("text") if e.text.startswith(("metric ", "far"))]
    heights = sorted(float(e.get("y")) for e in labels)
    assert all(b - a >= 11.9 for a, b in itertools.pairwise(heights))
    assert heights[0] > 0
    assert heights[-1] < float(picture.get("height"))
    assert len(list(picture.iter("circle"))) == 20  # a metric that was measured once is seen as well
