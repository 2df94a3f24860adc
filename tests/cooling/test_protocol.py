from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.cooling import bands, queries
from spectral_lab.cooling import spin_chains as hm
from spectral_lab.cooling.levels import Levels, levels
from spectral_lab.cooling.protocol import POLICIES, cool


def schedule_fields(steps, n):
    i, a = np.arange(n)[:, None], np.arange(3)[None, :]
    v = np.array([np.sin((1.7 + 0.2 * j) * i + 0.9 * a + 0.3) for j in range(steps)])
    return v / np.linalg.norm(v, axis=2).sum(axis=1)[:, None, None]


def test_an_unmeasured_schedule_matches_the_reference(reference):
    case = reference["dynamics"]["coherent_schedule"]
    run = cool(
        hm.tfim(4),
        hm.start_state(4, "neel"),
        6,
        policy="none",
        shifts=case["mu"],
        perturbation=schedule_fields(6, 4),
        drive="constant",
        alpha=case["alpha"],
        angle=case["alpha"] * case["t"],
        width=0,
    )
    np.testing.assert_allclose(run.energies[1:], case["energies"], atol=1e-9)
    np.testing.assert_allclose(run.ground_population[1:], case["ground_population"], atol=1e-10)
    np.testing.assert_array_equal(run.shifts, case["mu"])


@pytest.mark.parametrize("drive", ["bang-bang", "constant"])
def test_the_pointer_cools_the_hot_start(drive):
    H, neel = hm.tfim(6), hm.start_state(6, "neel")
    options = {"drive": drive, "alpha": 0.25 if drive == "bang-bang" else 0.1}
    runs = [cool(H, neel, 20, seed=seed, **options) for seed in range(8)]
    final = np.array([run.ground_population[-1] for run in runs])
    assert np.median(final) > 0.999
    assert (final > 0.99).sum() >= 6
    assert np.mean([run.energies[-1] for run in runs]) < -9.0  # the ground level is at -9.606


def test_no_policy_heats_to_infinite_temperature_and_the_band_policy_ends_hot():
    H, neel = hm.tfim(4), hm.start_state(4, "neel")
    blind = [cool(H, neel, 30, policy="none", seed=seed).energies[-15:].mean() for seed in range(8)]
    assert abs(np.mean(blind)) < 1.0  # Tr H = 0; the spectrum spans 11
    told = [cool(H, neel, 30, policy="pointer", seed=seed).energies[-1] for seed in range(8)]
    assert np.mean(told) < np.mean(blind) - 4
    band = [cool(H, neel, 30, policy="band", seed=seed).energies[-1] for seed in range(8)]
    assert np.mean(band) > np.mean(told) + 1


@pytest.mark.parametrize("policy", POLICIES)
def test_a_trajectory_is_consistent(policy):
    run = cool(hm.tfim(4), hm.start_state(4, "neel"), 7, policy=policy, seed=3)
    again = cool(hm.tfim(4), hm.start_state(4, "neel"), 7, policy=policy, seed=3)
    np.testing.assert_array_equal(run.populations, again.populations)
    assert run.steps == 7
    np.testing.assert_allclose(run.populations.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(run.energies, run.populations @ levels(hm.tfim(4)).energies)
    assert np.isfinite(run.readings).all() == (policy == "pointer")
    assert np.all(np.diff(run.queries) >= 0)
    assert np.all(np.diff(run.perturbation_queries) > 0)


@settings(deadline=None, max_examples=20)
@given(
    policy=st.sampled_from(POLICIES),
    drive=st.sampled_from(["constant", "bang-bang"]),
    perturbation=st.sampled_from(["field", "gue", "uniform"]),
    alpha=st.floats(0.02, 0.6),
    angle=st.floats(0.1, 15),
    width=st.floats(0, 1),
    resolution=st.floats(0, 1),
    margin=st.floats(0, 3),
    seed=st.integers(0, 2**32),
)
def test_any_settings_give_a_state(policy, drive, perturbation, seed, **numbers):
    """Whatever the settings: populations are probabilities, the energy stays inside the spectrum, nothing is NaN."""
    spectrum = levels(hm.xxz(3))
    start = hm.start_state(3, "neel")
    run = cool(spectrum, start, 4, policy=policy, drive=drive, perturbation=perturbation, seed=seed, **numbers)
    assert np.all(run.populations >= 0)
    np.testing.assert_allclose(run.populations.sum(axis=1), 1, atol=1e-10)
    assert run.energies.min() >= spectrum.energies[0] - 1e-10
    assert run.energies.max() <= spectrum.energies[-1] + 1e-10
    assert np.all((run.ground_population >= 0) & (run.ground_population <= 1 + 1e-10))
    assert np.isfinite(run.shifts).all()


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("unit", [1.0545718e-25, 1e-12, 1e30])
def test_the_unit_of_energy_does_not_matter(policy, unit):
    H, psi = hm.tfim(4).full(), hm.start_state(4, "plus")
    right, there = (
        cool(H * c, psi, 6, policy=policy, width=0.1 * c, resolution=0.05 * c, margin=0.3 * c, seed=3)
        for c in (1.0, unit)
    )
    np.testing.assert_allclose(there.energies / unit, right.energies, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(there.ground_population, right.ground_population, atol=1e-8)
    np.testing.assert_array_equal(there.queries, right.queries)


def test_one_level_needs_no_query():
    run = cool(np.eye(4) * 3.0, [1, 0, 0, 0], 3, resolution=0.1)
    np.testing.assert_allclose(run.energies, 3.0, atol=1e-12)
    np.testing.assert_array_equal(run.queries, 0)


def test_queries_add_up():
    H = hm.tfim(4)
    run = cool(H, hm.start_state(4, "neel"), 5, policy="none", shifts=np.zeros(5), width=0.2, alpha=0.3, angle=3)
    step = queries.step_queries(levels(H).spread, width=0.2, alpha=0.3, angle=3, drive="bang-bang")
    np.testing.assert_allclose(np.diff(run.queries), step.evolution)
    np.testing.assert_allclose(np.diff(run.perturbation_queries), step.perturbation)
    above = cool(H, hm.start_state(4, "neel"), 2, policy="none", shifts=[99.0, 99.0], width=0.2)
    assert above.queries[-1] == 0  # above the spectrum S is a constant
    edge = levels(H).energies[-1] + 0.1  # but not here, half a width above the highest level
    near = cool(H, hm.start_state(4, "neel"), 2, policy="none", shifts=[edge, edge], width=0.2)
    assert near.queries[-1] > 0


def test_every_reading_is_on_the_bill():
    """Policy 'band' asks once a step, with a polynomial of the sign's degree; 'pointer' asks once more at the start."""
    H, spread, width, s = hm.tfim(4), levels(hm.tfim(4)).spread, 0.2, 0.1
    step = queries.step_queries(spread, width=width, alpha=0.25, angle=12, drive="bang-bang").evolution
    for policy, reading, before in (
        ("none", 0.0, 0),
        ("band", queries.sign_queries(spread, width), 0),
        ("pointer", queries.pointer_queries(spread, s), 1),
    ):
        run = cool(H, hm.start_state(4, "plus"), 3, policy=policy, width=width, resolution=s, seed=1)
        np.testing.assert_allclose(run.queries, before * reading + np.arange(4) * (step + reading))


def test_a_symmetric_perturbation_is_dark():
    for n in (4, 6):
        run = cool(hm.xxz(n), hm.start_state(n, "up"), 4, perturbation="uniform", width=0.02, resolution=0.01)
        np.testing.assert_allclose(run.energies, (n - 1) / 4, atol=1e-10)


def test_an_eigenstate_just_below_a_shift_never_rises_far():
    """One step from the ground level: what leaves the lower band is below the bound, here a single level."""
    H = hm.tfim(4)
    spectrum = levels(H)
    c = np.eye(16, dtype=complex)[0]
    mu = spectrum.energies[0] + spectrum.gap / 2
    run = cool(
        spectrum, spectrum.state(c), 3, policy="none", shifts=[mu] * 3, width=0, drive="constant", alpha=0.1, angle=5
    )
    assert 1 - run.ground_population[1] <= bands.leak_bound(0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"policy": "luck"}, "policy must be one of"),
        ({"drive": "slow"}, "drive must be one of"),
        ({"steps": -1}, "steps must be"),
        ({"margin": -0.1}, "margin must be"),
        ({"width": -1}, "width must be"),
        ({"resolution": np.inf}, "resolution must be"),
        ({"perturbation": "noise"}, "perturbation must be one of"),
        ({"perturbation": np.ones((2, 3, 3))}, r"perturbation must have shape \(4, 3, 3\)"),
        ({"policy": "none", "shifts": [0.0]}, "shifts must have shape"),
        ({"policy": "none", "shifts": "up"}, "shifts must be one of"),
        ({"shifts": np.zeros(4)}, "shifts can be given for policy 'none' only"),
        ({"seed": -1}, "seed must be"),
        ({"seed": "a"}, "seed must be"),
        ({"alpha": 1e-9, "drive": "constant"}, "alpha must be at least"),
    ],
)
def test_bad_input_is_named(options, message):
    steps = options.pop("steps", 4)
    with pytest.raises(ValueError, match=message):
        cool(hm.tfim(3), hm.start_state(3), steps, **options)


@pytest.mark.parametrize("perturbation", ["field", "gue", "uniform"])
@pytest.mark.parametrize("policy", ["pointer", "band", "none"])
@pytest.mark.parametrize(("H", "start"), [(hm.tfim(3), "neel"), (hm.xxz(3), "up")], ids=["Ising", "Heisenberg"])
def test_a_run_does_not_depend_on_the_choice_of_eigenvectors(H, start, policy, perturbation):
    """Their phases, and the basis of a degenerate level, differ from machine to machine."""
    spectrum, rng = levels(H), np.random.default_rng(0)
    vectors = spectrum.vectors.astype(complex)
    for i in range(spectrum.dimension):
        multiplet = spectrum.same_level(i)
        if np.flatnonzero(multiplet)[0] == i:
            size = multiplet.sum()
            z = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
            vectors[:, multiplet] = vectors[:, multiplet] @ np.linalg.qr(z)[0]
    other = Levels(spectrum.energies, vectors)
    options = {"policy": policy, "perturbation": perturbation, "seed": 3}
    runs = [cool(x, hm.start_state(3, start), 6, **options) for x in (spectrum, other)]
    np.testing.assert_allclose(runs[0].energies, runs[1].energies, atol=1e-9)
    np.testing.assert_allclose(runs[0].ground_population, runs[1].ground_population, atol=1e-9)


@pytest.mark.parametrize("name", ["width", "resolution"])
def test_energies_wider_than_the_whole_spectrum_are_refused(name):
    """A chain in joules with widths in units of J: every sign would be a constant, and nothing would say so."""
    H = hm.tfim(3).full()
    spread = levels(H).spread
    cool(H, np.eye(8)[3], 1, **{name: 0.99 * spread})
    with pytest.raises(ValueError, match=rf"{name} must be at most the spread"):
        cool(H, np.eye(8)[3], 1, **{name: 1.01 * spread})
    with pytest.raises(ValueError, match="width must be at most the spread"):
        cool(1e-25 * H, np.eye(8)[3], 1)
