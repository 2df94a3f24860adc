"""`cool` without eigenvectors: the same runs as by the dense route, and long chains that have no other."""

from __future__ import annotations

import numpy as np
import pytest
import qutip
import scipy.sparse as sp
from scipy.sparse.linalg import LinearOperator

from spectral_lab.cooling import spin_chains as hm
from spectral_lab.cooling.chebyshev import density_from_moments, moments
from spectral_lab.cooling.levels import levels
from spectral_lab.cooling.matrix_free import MatrixFree, perturbation_product
from spectral_lab.cooling.protocol import cool
from spectral_lab.cooling.readout import pointer_density

SHARP = {"width": 0.4, "resolution": 0.2, "margin": 1.0, "angle": 3.0}


def free(H):
    """The same operator as a LinearOperator, which is never diagonalised."""
    matrix = H.full() if hasattr(H, "full") else H
    return LinearOperator(matrix.shape, matvec=lambda v: matrix @ v, dtype=complex)


def compare(H, *arguments, **options):
    dense, large = cool(H, *arguments, **options), cool(free(H), *arguments, **options)
    scale = levels(H).spread
    np.testing.assert_allclose(large.energies, dense.energies, atol=1e-8 * scale)
    np.testing.assert_allclose(large.ground_population, dense.ground_population, atol=1e-8)
    np.testing.assert_allclose(large.shifts, dense.shifts, atol=1e-8 * scale)
    np.testing.assert_array_equal(large.queries, dense.queries)
    np.testing.assert_array_equal(large.perturbation_queries, dense.perturbation_queries)
    assert large.populations.shape == (len(dense.energies), 0)
    return dense, large


@pytest.mark.parametrize("drive", ["bang-bang", "constant"])
@pytest.mark.parametrize("policy", ["none", "band"])
def test_the_same_run_as_by_the_dense_route(policy, drive):
    for H, start in ((hm.tfim(4), "neel"), (hm.xxz(5), "up")):  # the second has a ground level of two states
        n = 4 if start == "neel" else 5
        compare(H, hm.start_state(n, start), 4, policy=policy, drive=drive, alpha=0.3, seed=2, **SHARP)


@pytest.mark.parametrize("drive", ["bang-bang", "constant"])
def test_the_same_run_with_the_same_readings(drive, monkeypatch):
    """The two routes sample a reading differently; with the readings of one, the other ends in the same states."""
    H, psi, options = hm.tfim(5), hm.start_state(5, "neel"), SHARP | {"drive": drive, "alpha": 0.3, "seed": 4}
    dense = cool(H, psi, 5, **options)
    readings = iter(dense.readings)

    def read(self, psi, resolution, rng):
        rng.random(), rng.normal()  # what the dense route draws
        return next(readings)

    monkeypatch.setattr(MatrixFree, "read", read)
    large = cool(free(H), psi, 5, **options)
    np.testing.assert_allclose(large.energies, dense.energies, atol=1e-8)
    np.testing.assert_allclose(large.ground_population, dense.ground_population, atol=1e-8)
    np.testing.assert_array_equal(large.queries, dense.queries)


def test_readings_have_the_pointers_density():
    H, s = hm.tfim(4), 0.3
    system, spectrum = MatrixFree(free(H)), levels(H)
    psi = np.linalg.qr(hm.gue(16, 1))[0][0]
    populations = np.abs(spectrum.coordinates(psi)) ** 2
    e = np.linspace(spectrum.energies[0] - 2, spectrum.energies[-1] + 2, 301)
    m = moments(system.product, psi, system.lo, system.hi, system._moments(s))
    density = density_from_moments(m, system.lo, system.hi, s, e)
    np.testing.assert_allclose(density, pointer_density(spectrum.energies, populations, s, e), atol=1e-8)
    rng = np.random.default_rng(0)
    readings = np.array([system.read(psi, s, rng) for _ in range(400)])
    mean = populations @ spectrum.energies
    deviation = np.sqrt(populations @ (spectrum.energies - mean) ** 2 + s * s)
    assert abs(readings.mean() - mean) < 4 * deviation / 20
    assert readings.std() == pytest.approx(deviation, rel=0.15)


@pytest.mark.parametrize("policy", ["band", "pointer"])
@pytest.mark.parametrize("unit", [1e-34, 1e-12, 1.0, 1e20])
def test_the_unit_of_energy_does_not_matter(unit, policy):
    psi = hm.start_state(4, "neel")
    options = {"policy": policy, "angle": 3.0, "seed": 3}
    runs = [
        cool(free(hm.tfim(4).full() * c), psi, 3, width=0.4 * c, margin=0.8 * c, resolution=0.2 * c, **options)
        for c in (1.0, unit)
    ]
    np.testing.assert_allclose(runs[1].energies / unit, runs[0].energies, rtol=1e-7)
    np.testing.assert_allclose(runs[1].ground_population, runs[0].ground_population, atol=1e-8)
    np.testing.assert_array_equal(runs[0].queries, runs[1].queries)


def test_ends_of_the_spectrum_and_the_ground_space():
    for H, count in ((hm.tfim(5), 1), (hm.xxz(5), 2), (hm.hubbard(2), 1), (hm.tfim(4, g=0, h=0), 2)):
        spectrum, system = levels(H), MatrixFree(H)
        assert system.lowest == pytest.approx(spectrum.energies[0], abs=1e-10)
        assert system.spread == pytest.approx(spectrum.spread, abs=1e-10)
        assert len(system.ground) == spectrum.same_level(0).sum() == count
        psi = hm.gue(spectrum.dimension, 3)[0]
        psi = psi / np.linalg.norm(psi)
        exact = (np.abs(spectrum.coordinates(psi)[spectrum.same_level(0)]) ** 2).sum()
        assert system.ground_population(psi) == pytest.approx(exact, abs=1e-10)
    few = MatrixFree(sp.diags_array([0.0] * 3 + [1.0] * 61))  # scipy's eigsh alone would miss the exact zeros
    assert (few.lowest, few.spread) == pytest.approx((0.0, 1.0), abs=1e-12)
    assert len(few.ground) == 3
    shifted = MatrixFree(hm.tfim(5) + 1e6)
    assert shifted.spread == pytest.approx(levels(hm.tfim(5)).spread, rel=1e-8)


def test_every_form_of_a_hamiltonian_and_of_a_perturbation():
    H, psi, V = hm.tfim(11), hm.start_state(11, "neel"), hm.random_field(11, 5)
    options = {"policy": "none", "shifts": [-4.0, -8.0], "angle": 1.0, "alpha": 0.5, "width": 2.0}
    sparse = H.data_as("csr_matrix")
    first = cool(H, psi, 2, perturbation=V, **options)
    for same in (sparse, sp.coo_array(sparse), free(sparse)):
        run = cool(same, psi, 2, perturbation=V, **options)
        np.testing.assert_allclose(run.energies, first.energies, atol=1e-8)
    operator = hm.field_operator(V)
    for same in (operator, operator.data_as("csr_matrix"), [V, V]):
        run = cool(H, psi, 2, perturbation=same, **options)
        np.testing.assert_allclose(run.energies, first.energies, atol=1e-8)


def test_a_kick_by_a_field_is_a_kick_by_its_operator():
    V = hm.random_field(6, 1)
    psi = hm.start_state(6, "plus").full()[:, 0]
    exact = (-0.7j * hm.field_operator(V)).expm().full() @ psi
    from spectral_lab.cooling.matrix_free import _kick

    for form in (V, hm.field_operator(V), hm.field_operator(V).full()):
        np.testing.assert_allclose(_kick(perturbation_product(form, 64), 0.7, psi), exact, atol=1e-9)


def test_twelve_spins_are_cooled():
    H = hm.tfim(12)
    run = cool(H, hm.start_state(12, "neel"), 4, width=1.0, resolution=0.5, margin=3.0, angle=6.0, alpha=0.5, seed=1)
    assert run.energies[-1] < run.energies[0] - 8
    assert run.energies.min() > -20.6  # the ground level is between -20.5 and -19.9
    assert np.all((run.ground_population >= 0) & (run.ground_population <= 1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda H, psi: cool(H, psi, 2, width=0), "width must be at least"),
        (lambda H, psi: cool(H, psi, 2, width=1e-6), "width must be at least"),
        (lambda H, psi: cool(H, psi, 2, resolution=0), "resolution must be at least"),
        (lambda H, psi: cool(H, psi, 2, drive="ramp"), "drive must be"),
        (lambda H, psi: cool(H, psi, 2, perturbation="gue"), "perturbation must not be 'gue'"),
        (lambda H, psi: cool(H, psi, 2, perturbation=np.ones((3, 3))), "perturbation must be 2048 x 2048"),
        (lambda H, psi: cool(H, psi, 10_000, width=0.01), "steps = 10000 would take about"),
        (lambda H, psi: cool(H, psi[:5], 2), "state must have 2048 amplitudes"),
        (lambda H, psi: cool(1j * H, psi, 2), "H must be Hermitian"),
        (lambda H, psi: cool(np.nan * H, psi, 2), "H must be finite"),
        (lambda H, psi: cool(0 * H, psi, 2), "at least two levels|multiple of the identity"),
        (lambda H, psi: cool(H[:, :-1], psi, 2), "H must be square"),
        (lambda H, psi: cool(sp.eye_array(2**19), psi, 2), "at most 262144 states"),
        (lambda H, psi: cool(LinearOperator((64, 64), matvec=lambda v: 1j * v), psi, 2), "H must be Hermitian"),
        (lambda H, psi: cool(sp.diags_array([0.0] * 40 + [1.0] * 2008), psi, 2), "ground level of at most 16"),
    ],
)
def test_bad_input_is_named(call, message):
    psi = np.zeros(2048)
    psi[5] = 1
    with pytest.raises(ValueError, match=message):
        call(hm.tfim(11).data_as("csr_matrix"), psi)


def test_ten_states_are_no_spins():
    H, psi = np.diag(np.arange(10.0)), np.eye(10)[9]
    with pytest.raises(ValueError, match="perturbation 'field' acts on spins, but H has 10 states"):
        cool(H, psi, 3)
    assert cool(H, psi, 3, perturbation="gue").energies[-1] < 9
    assert cool(H, psi, 3, perturbation=hm.gue(10, 1)).energies[-1] < 9
    assert cool(qutip.Qobj(H), qutip.Qobj(psi), 3, perturbation=qutip.Qobj(hm.gue(10, 1))).energies[-1] < 9
