from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.cooling import readout
from spectral_lab.cooling import spin_chains as hm
from spectral_lab.cooling.levels import levels


def test_pointer_density_matches_the_reference(reference):
    case = reference["dynamics"]["pointer_density"]
    spectrum = levels(hm.tfim(4))
    p = np.abs(spectrum.coordinates(hm.start_state(4, "neel"))) ** 2
    np.testing.assert_allclose(
        readout.pointer_density(spectrum.energies, p, case["sm"], case["e"]), case["density"], atol=1e-12
    )


@settings(deadline=None, max_examples=20)
@given(levels=st.integers(1, 8), seed=st.integers(0, 2**32), s=st.floats(0.05, 2))
def test_the_pointer_operators_resolve_the_identity(levels, seed, s):
    """int K_e^2 de = 1 on every level, and the density integrates to 1: a proper measurement."""
    rng = np.random.default_rng(seed)
    E, p = np.sort(rng.normal(size=levels)), rng.dirichlet(np.ones(levels))
    e = np.linspace(E[0] - 8 * s, E[-1] + 8 * s, 4001)
    density = readout.pointer_density(E, p, s, e)
    assert np.trapezoid(density, e) == pytest.approx(1, abs=1e-6)
    assert np.trapezoid(density * e, e) == pytest.approx(p @ E, abs=1e-6)
    # Bayes: the factors squared times the prior are the posterior
    outcome = float(rng.normal())
    posterior = p * readout.pointer_factors(E, outcome, s) ** 2
    bayes = p * np.exp(-0.5 * ((E - outcome) / s) ** 2 + 0.5 * np.min(np.abs(E - outcome)) ** 2 / s**2)
    np.testing.assert_allclose(posterior / posterior.sum(), bayes / bayes.sum(), atol=1e-12)


def test_samples_follow_the_density():
    rng = np.random.default_rng(1)
    E, p = np.array([-1.0, 0.0, 2.0]), np.array([0.2, 0.5, 0.3])
    outcomes = np.array([readout.read_pointer(E, p, 0.3, rng) for _ in range(4000)])
    assert outcomes.mean() == pytest.approx(p @ E, abs=0.06)  # three standard errors
    assert outcomes.var() == pytest.approx(p @ E**2 - (p @ E) ** 2 + 0.09, rel=0.1)


def test_exact_reading_projects_onto_the_whole_level():
    E = np.array([-1.0, -1.0, 0.5])
    np.testing.assert_array_equal(readout.pointer_factors(E, -0.9, 0), [1, 1, 0])


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=9))
def test_band_factors_are_a_measurement(s):
    lower, upper = readout.band_factors(s)
    np.testing.assert_allclose(lower**2 + upper**2, 1, atol=1e-15)
    np.testing.assert_allclose(upper**2 - lower**2, np.sin(0.5 * np.pi * np.array(s)), atol=1e-14)


@pytest.mark.parametrize("unit", [1e-170, 1e-30, 1e30])
def test_the_unit_of_energy_does_not_matter(unit):
    E, p, e = np.array([0.0, 1.0, 1.0, 2.5]), np.full(4, 0.25), np.linspace(-1, 3, 41)
    for s in (0.3, 0.0):
        right, there = (readout.pointer_factors(E * u, 0.9 * u, s * u) for u in (1.0, unit))
        np.testing.assert_allclose(there, right, atol=1e-12)
    right, there = (readout.pointer_density(E * u, p, 0.3 * u, e * u) * u for u in (1.0, unit))
    np.testing.assert_allclose(there, right, atol=1e-12)
    right, there = (readout.read_pointer(E * u, p, 0.3 * u, np.random.default_rng(1)) / u for u in (1.0, unit))
    assert there == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: readout.pointer_density([0, 1], [1.0], 0.1, [0.0]), "one length"),
        (lambda: readout.pointer_density([0, 1], [1.0, 0.0], 0.0, [0.0]), "resolution must be"),
        (lambda: readout.read_pointer([0, 1], [1.0, -1.0], 0.1, np.random.default_rng(0)), "must not be negative"),
        (lambda: readout.pointer_factors([0, 1], np.nan, 0.1), "e must be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
