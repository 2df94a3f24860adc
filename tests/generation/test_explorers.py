"""What the pictures of chapter 08 store, and what their presets are called after."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.generation import conditional_variances, explorers, random_baseline
from spectral_lab.generation.explorers._drawing import named_crystal
from spectral_lab.generation.explorers.basis import MODES, ORDERS, SITES, family, order_of
from spectral_lab.generation.explorers.cloud import places
from spectral_lab.generation.explorers.microscope import CHANCE


@pytest.mark.parametrize("name", ["NaCl, rock salt", "ZnS, wurtzite"])
def test_the_stored_baselines_are_those_of_two_hundred_draws(name):
    assert random_baseline(named_crystal(name), 200) == CHANCE[name]


def preset(make, name):
    return make(**make().presets[name]).data


def test_presets_show_what_they_are_called():
    microscope = explorers.crystal_microscope
    twice = preset(microscope, "A perfect match at twice the volume")
    assert (twice.strict, twice.cosine) == (pytest.approx(0, abs=1e-6), pytest.approx(0, abs=0.01))
    assert twice.one.volume / twice.truth.volume == pytest.approx(2, abs=0.001)
    chance = preset(microscope, "Rock salt at random positions")
    assert chance.loose is not None
    assert chance.strict is None
    assert preset(microscope, "A spinel at random positions").loose is None
    frames = explorers.frames_are_eigenvectors
    for name in ("Two variances meet", "A third moment vanishes"):
        flips = preset(frames, name)
        assert flips.jump > 100 * flips.honest
    assert preset(frames, "Far from both").jump < 2 * preset(frames, "Far from both").honest
    step = explorers.first_step
    assert step().data.second > 10
    assert step().data.end > 100
    for name in ("A thousand steps", "DPM-Solver++", "Clipped", "Start late", "Predict the velocity"):
        assert preset(step, name).end < 1.5


def test_the_matcher_waits_until_the_slider_is_let_go():
    dragged = explorers.crystal_microscope()._picture(explorers.crystal_microscope().state, coarse=True)
    assert "let go" in dragged.readout
    assert dragged.data.loose is None


SITE, DECAY = st.integers(0, SITES - 1), st.sampled_from([0.0, 1.0, 2.0, 3.0])


@given(
    st.sampled_from(ORDERS), st.integers(0, 9), SITE, st.integers(1 - SITES, SITES - 1), st.sampled_from(MODES), DECAY
)
def test_any_site_is_written_at_any_place_and_the_product_stays(order, seed, site, later, modes, decay):
    named, moved = order_of(order, seed, site, 0), order_of(order, seed, site, later)
    assert sorted(moved) == list(range(SITES))
    assert moved.index(site) == np.clip(named.index(site) + later, 0, SITES - 1)
    assert [each for each in moved if each != site] == [each for each in named if each != site]
    Sigma, values, _ = family(decay, modes)
    written = conditional_variances(Sigma, moved)
    assert np.log(written).sum() == pytest.approx(np.log(values).sum(), abs=1e-9)
    # Each slot's variance lies between what is left when all others are told, and what it has before any.
    assert (written <= np.diag(Sigma)[moved] * (1 + 1e-9)).all()
    assert (written >= (1 - 1e-9) / np.diag(np.linalg.inv(Sigma))[moved]).all()


def test_every_draw_shuffles_anew():
    assert len({tuple(order_of("shuffled", seed, 0, 0)) for seed in range(10)}) == 10


@pytest.mark.parametrize("name", ["start", *explorers.eigenbasis_or_cholesky().presets])
def test_the_keys_of_the_chain_lie_below_all_that_is_drawn(name):
    """A key takes 17 pixels a line, of the 280 that a panel is high."""
    explorer = explorers.eigenbasis_or_cholesky()
    for seed in range(10):
        explorer.set(**explorer.presets.get(name, {}) | {"seed": seed})
        layout = explorer.figure["layout"]
        for number, lines in (("", 3), ("3", 2)):
            low, high = layout[f"yaxis{number}"]["range"]
            drawn = [trace for trace in explorer.figure["data"] if trace["yaxis"] == f"y{number}"]
            y = np.concatenate([np.asarray(trace["y"], dtype=float) for trace in drawn])
            y = np.log10(y) if number else y
            assert y.min() > low + (high - low) * (17 * lines + 5) / 280
            assert y.max() < high


@pytest.mark.parametrize("name", ["NaCl, rock salt", "TiO2, rutile"])
def test_every_reflection_from_the_first_on_is_drawn_inside_its_panel(name):
    explorer = explorers.crystal_microscope(name=name, sigma=0)
    np.testing.assert_allclose(explorer.data.shells[:3] ** 2, [1, 2, 3])
    layout, traces = explorer.figure["layout"], explorer.figure["data"]
    axes = next(trace for trace in traces if trace.get("name") == "mean over the noise")
    for trace in traces:
        if trace.get("xaxis") == axes["xaxis"] and trace.get("name") in ("mean over the noise", "this one"):
            low, high = layout["xaxis" + axes["xaxis"][1:]]["range"]
            assert low < min(trace["x"])
            assert max(trace["x"]) < high
            low, high = layout["yaxis" + axes["yaxis"][1:]]["range"]
            assert low - 1e-9 <= np.log10(min(trace["y"]))
            assert np.log10(max(trace["y"])) <= high + 1e-9


@given(st.floats(1.2, 2), st.integers(90, 150), st.integers(1, 6))
def test_no_place_is_nearer_to_the_atom_before_than_the_bond_angle_lets_it(length, angle, modes):
    means, before = places(length, angle, modes), np.array([-1.5, 0.0])
    np.testing.assert_allclose(np.linalg.norm(means, axis=1), length)
    cosines = means @ before / (1.5 * length)
    assert np.degrees(np.arccos(cosines)).min() == pytest.approx(angle)


def test_a_temperature_prefers_the_place_in_the_middle_though_all_are_as_likely():
    shares = [explorers.next_atom(temperature=tau).data.counts / 400 for tau in (0, 0.5, 1)]
    assert shares[0][1] > 0.95
    assert 0.45 < shares[1][1] < 0.7
    assert np.ptp(shares[2]) < 0.1


def test_samples_wider_than_the_panel_are_marked_at_its_top():
    explorer = explorers.next_atom(**explorers.next_atom().presets["The same, scaled up"])
    assert explorer.data.own > 1.6
    mark = next(trace for trace in explorer.figure["data"] if trace.get("name") == "here, these 400")
    assert mark["y"][0] < 1.6
    assert mark["marker"]["symbol"] == "triangle-up"
