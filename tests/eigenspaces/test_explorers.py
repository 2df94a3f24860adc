"""The explorers show what the lesson says."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from spectral_lab.eigenspaces import explorers


def test_the_crossing_is_a_crossing_only_without_detuning():
    crossed, avoided = explorers.crossing(w=0.9999), explorers.crossing(w=0.9999, delta=0.3)
    assert crossed.data["now"][1] == pytest.approx(np.sqrt(2), abs=1e-6)
    assert avoided.data["now"][1] < 1e-2


def test_any_rotation_of_a_degenerate_pair_is_an_eigenvector_and_no_other_is():
    assert explorers.crossing(w=1.0, theta=35).data["residual"] < 1e-5
    assert explorers.crossing(w=0.9, theta=35).data["residual"] > 1e-3


@pytest.mark.parametrize("n", [6, 8, 15, 24])
@pytest.mark.parametrize("delta", [0.001, 0.1, 0.3])
def test_along_an_avoided_crossing_no_sign_flips(n, delta):
    explorer = explorers.crossing(n=n, delta=delta)
    pairs = []
    for w in (0.5, 0.9, 1 - delta, 0.999, 1.001, 1 + 0.9 * delta, 1 + 1.1 * delta, 1.4, 1.5):
        explorer.set(w=w)
        pairs.append((w, explorer.data["pair"]))
    pairs.sort(key=lambda pair: pair[0])
    for (_, before), (_, after) in itertools.pairwise(pairs):
        assert np.all((before * after).sum(axis=0) > -1e-3)  # at most a quarter turn, never a reversal


def test_the_colours_trade_places_at_the_crossing():
    before, after = (explorers.crossing(w=w).data["pair"] for w in (0.999, 1.001))
    np.testing.assert_allclose(after[:, 0], before[:, 1], atol=1e-3)
    np.testing.assert_allclose(after[:, 1], -before[:, 0], atol=1e-3)


def test_well_below_the_detuning_the_raw_vector_is_lipschitz_with_a_large_constant():
    for delta in (1e-3, 1e-2):
        change, raw = explorers.crossing(delta=delta).data["moves"][0, :2]
        assert raw / change == pytest.approx(2 / (np.sqrt(3) * delta), rel=1e-2)


def test_a_blurred_filter_is_almost_blind_to_the_pair():
    blurred = explorers.fader(**explorers.fader().presets["Blurred"]).data
    gap, contrast = np.diff(blurred["lam"][1:3])[0], np.diff(blurred["weights"][1:3])[0]
    assert 0.9 * blurred["K"] * gap < contrast < blurred["K"] * gap < 0.014


def test_scissors_jump_where_the_fader_does_not():
    jumps = explorers.fader(softness=0.0, centre=0.09).data["ratios"].max()
    fader = explorers.fader(softness=1.0, centre=0.09).data
    assert jumps > 100
    assert fader["ratios"].max() <= fader["K"]


def test_no_measured_error_exceeds_a_bound():
    for graph in ("ring of 10", "decalin", "barbell", "karate club"):
        d = explorers.truncation(graph=graph).data
        known = np.isfinite(d["error"])
        assert known[-1]
        assert np.all(d["error"][known] <= d["sharp"][known] * (1 + 1e-9))
        assert np.all(d["error"][known] <= d["terms"][known].sum(axis=1) * (1 + 1e-9))


def test_with_everything_kept_both_bounds_are_told():
    readout = explorers.truncation(kept=100).readout
    assert "γ = ∞" in readout
    assert "root 31.4 + gap 0 + Lipschitz 0.00787; sharper bound 0.0301" in readout


def test_the_peaks_at_a_pair_do_not_shrink_with_the_change():
    large, small = (explorers.truncation(eps=eps).data["error"] for eps in (1e-2, 1e-4))
    np.testing.assert_allclose(small[1:9:2], large[1:9:2], rtol=1e-2)
    np.testing.assert_allclose(small[0::2], large[0::2] / 100, rtol=2e-2)


def test_a_cut_through_a_repeated_eigenvalue_is_called_undefined():
    assert "no basis" in explorers.truncation(graph="barbell", kept=50).readout


def test_lengths_at_full_d_are_the_square_root_of_two():
    np.testing.assert_allclose(explorers.lengths(d=10).data["pairs"], np.sqrt(2))
    assert "deviation 0.255" in explorers.lengths(d=2).readout
    assert "deviation 0.114" in explorers.lengths(d=8).readout


def test_nodes_of_a_drawing_do_not_cover_each_other():
    for explorer, count in ((explorers.lengths(graph="path of 10"), 10), (explorers.lengths(), 10)):
        nodes = next(t for t in explorer.figure["data"] if t["mode"] == "markers")
        xy = np.stack([nodes["x"], nodes["y"]], axis=1)
        apart = np.linalg.norm(xy[:, None] - xy[None], axis=2)[np.triu_indices(count, 1)]
        assert apart.min() > 0.4  # of a panel 2.6 wide: two discs on the narrowest page


def test_the_cycles_come_from_the_spectrum_and_a_filter_is_written_with_its_signs():
    readout = explorers.counting(c3=-1.0, c5=0.0, c6=-0.5).readout
    assert readout.startswith("φ(λ) = − (1−λ)³ − 0.5(1−λ)⁶. ")
    assert "0, 0, 0, 2 in decalin, 0, 0, 2, 0 in bicyclopentyl (both right)" in readout


def test_a_filter_that_is_zero_keeps_readable_axes():
    layout = explorers.counting(c5=0.0).figure["layout"]
    assert all(layout[axis]["range"][1] > 1e-3 for axis in ("yaxis2", "yaxis3"))


def test_no_filter_separates_the_strongly_regular_pair():
    for coefficients in ({"c2": 0.3, "c3": -1.0, "c6": 0.7}, {"c4": 1.0}):
        assert "agree" in explorers.counting(pair="rook / Shrikhande", **coefficients).readout
    assert "differ" in explorers.counting().readout
    assert "agree" in explorers.counting(c4=1.0, c5=0.0).readout


def test_more_pieces_fit_better_and_generalise_worse():
    errors = explorers.tradeoff().data["errors"]
    assert np.all(np.diff(errors["train"]) < 1e-3)
    assert errors["train"][-1] < 0.5 * errors["train"][0]
    assert np.ptp(errors["test"][:8]) < 0.02  # up to 16 pieces
    assert errors["test"][-1] > 2 * errors["test"].min()


@pytest.mark.parametrize("shift", [False, True])
@pytest.mark.parametrize("train", [30, 60, 150, 300])
def test_every_graph_has_its_mark_in_the_panel_of_the_counts(shift, train):
    figure = explorers.tradeoff(pieces=48, train=train, ridge=1e-6, shift=shift).figure
    marks = [t for t in figure["data"] if t["mode"] == "markers" and t["xaxis"] == "x3" and len(t["x"])]
    assert len(marks) == 2 + shift
    for axis, values in (("xaxis3", "x"), ("yaxis3", "y")):
        low, high = figure["layout"][axis]["range"]
        assert all(low <= min(t[values]) and max(t[values]) <= high for t in marks)


def test_a_shift_of_sizes_costs_more_with_sharp_filters():
    errors = explorers.tradeoff(shift=True).data["errors"]
    ratio = errors["shifted"] / errors["test"]
    assert 5 < ratio[0] < 6
    assert 20 < ratio[-1] < 25
