from __future__ import annotations

import re

import numpy as np
import pytest

from spectral_lab.cooling import explorers, random_field, step_qasm, tfim
from spectral_lab.cooling.bands import leak, step_unitary
from spectral_lab.cooling.explorers import angles, circuit, machine
from spectral_lab.explorer import Slider

NAMES = [make.__name__ for make in explorers.EXPLORERS if make is not explorers.cooling_machine]
ROOTS = ({"roots": "inside the circle"}, {"roots": "outside the circle"})


@pytest.mark.parametrize("name", NAMES)  # there mu may stand above all levels
def test_curves_and_marks_stay_inside_the_fixed_axes(name):
    """At the ends of all sliders at once; a curve that leaves the picture says less than its axis promises."""
    explorer = getattr(explorers, name)()
    ends = {n: (c.values[0], c.values[-1]) for n, c in explorer._controls.items() if isinstance(c, Slider)}
    for pick in np.ndindex(*[2] * len(ends)):
        for option in ROOTS if name == "angle_factory" else ({},):
            explorer.set(
                **explorer._defaults | {n: v[i] for (n, v), i in zip(ends.items(), pick, strict=True)} | option
            )
            layout = explorer.figure["layout"]
            for trace in filter(lambda trace: trace["name"], explorer.figure["data"]):
                for letter in "xy":
                    axis = layout[trace[letter + "axis"].replace(letter, letter + "axis")]
                    shown = np.asarray(trace[letter], dtype=float)
                    shown = np.log10(shown[shown > 0]) if axis.get("type") == "log" else shown
                    low, high = axis["range"]
                    slack = 0.02 * (high - low)
                    assert np.nanmin(shown, initial=low) >= low - slack, (name, trace["name"], letter, explorer.readout)
                    assert np.nanmax(shown, initial=low) <= high + slack, (
                        name,
                        trace["name"],
                        letter,
                        explorer.readout,
                    )


def test_the_ladder_line_averages_over_the_levels_of_the_start():
    """From all plus half the weight is on the ground level: the law expects two steps, not none."""
    for start, chain in (("all plus", "tilted Ising"), ("Néel", "tilted Ising"), ("all up", "Heisenberg")):
        law = explorers.cooling_machine(start=start, chain=chain).data["law"]
        steps = [
            machine._run(chain, start, "pointer", "random local field", 8.0, 0.4, 0.06, s).steps_to()
            for s in range(1, 21)
        ]
        assert abs(np.mean(steps) - law) < 1.0, (start, chain)


def test_every_degree_of_the_angle_factory_is_the_degree_of_its_polynomial():
    degrees = angles.DEGREES
    assert [len(angles._factory(d, 1e-3, "inside the circle")[0]) - 1 for d in degrees] == list(degrees)


@pytest.mark.parametrize(("spins", "width", "kick"), [(2, 0.5, 0.5), (3, 0.31, 0.8), (4, 2.0, 1.0)])
def test_the_circuit_drawn_is_the_circuit_exported(spins, width, kick):
    """Every gate of the OpenQASM text, in its order: rounds, queries and their controls, angles, rotations."""
    H = tfim(spins)
    options = {"width": width, "alpha": kick, "angle": circuit.ANGLE, "error": circuit.ERROR}
    text = step_qasm(H, random_field(spins, 0), circuit.MU, **options)
    explorer = explorers.the_circuit(spins=spins, width=width, kick=kick, zoom="one reflection")
    d = explorer.data
    assert text.count("\nreflection a, ") == d["rounds"]
    assert text.count("\nhalf_kick ") == 2 * d["rounds"]
    body = text[text.index("gate reflection") : text.index("gate half_kick")]
    queries = re.findall(r"^  (ctrl @ |negctrl @ inv @ )evolution", body, re.M)
    assert [query == "ctrl @ " for query in queries] == d["inverse"][1:].tolist()
    np.testing.assert_allclose(
        [float(x) for x in re.findall(r"ry\(([^)]+)\)", body)], 2 * np.pi * d["theta"], atol=1e-9
    )
    phases = [float(x) for x in re.findall(r"^  p\(([^)]+)\)", body, re.M)][1:]  # the first is lambda
    np.testing.assert_allclose(np.exp(-1j * np.array(phases)), np.exp(1j * np.pi * d["phi"]), atol=1e-4)
    evolution = text[text.index("gate evolution") : text.index("gate reflection")]
    pairs, drawn = evolution.count("cx ") // 2, circuit._terms(spins)
    assert (len(re.findall(r"^  r[xyz]", evolution, re.M)), pairs) == (d["rotations"], d["pairs"])
    singles = [f"r{t.strip('I').lower()} q{len(t) - len(t.lstrip('I'))}" for t in drawn if len(t.strip("I")) == 1]
    after_a_pair = re.sub(r"cx .*\n.*\n.*cx .*\n", "", evolution)
    assert re.findall(r"(r[xyz])\([^)]+\) (q\d)", after_a_pair) == [tuple(x.split()) for x in singles]


def test_alpha_squared_is_a_bound_for_a_constant_v_only():
    """A ramp of a few units of time lifts more than alpha^2 from one level to another, so no theorem is claimed."""
    s, V = np.array([-1.0, 1.0]), np.array([[0.0, 1.0], [1.0, 0.0]])
    assert leak(step_unitary(s, V, alpha=0.1, angle=0.25, drive="ramp"), s) > 2 * 0.1**2
    assert "the bound α²" in explorers.who_may_jump().readout
    assert "the bound" not in explorers.who_may_jump(evolution="S, V switched smoothly").readout
    assert "the bound" not in explorers.who_may_jump(evolution="S and V by turns").readout


def test_numbers_near_zero_are_written_as_zero():
    assert "μ = 0 J:" in explorers.two_bands(chain="Hubbard").readout
    assert "probability 0.000" in explorers.angle_factory(level=0.0).readout
