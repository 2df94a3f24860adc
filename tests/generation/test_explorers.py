"""What the pictures of chapter 08 store, and what their presets are called after."""

from __future__ import annotations

import pytest

from spectral_lab.generation import explorers, random_baseline
from spectral_lab.generation.explorers._drawing import named_crystal
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
