from __future__ import annotations

import numpy as np
import pytest
import qutip
from scipy.linalg import expm

from spectral_lab.cooling import baselines as bl
from spectral_lab.cooling import spin_chains as hm
from spectral_lab.cooling.levels import levels

H4, NEEL4 = hm.tfim(4), hm.start_state(4, "neel")


def damped(**changes):
    return bl.damped_bath(
        H4, NEEL4, **{"omega": 1, "field": np.ones((4, 3)), "g": 1, "rate": 1, "times": [0, 1]} | changes
    )


def test_filter_and_imaginary_time_match_the_reference(reference):
    for case in reference["dynamics"]["filter"]:
        ours = bl.eigenvalue_filter(H4, NEEL4, case["w"])
        assert ours.success == pytest.approx(case["success"], rel=1e-9)
        assert ours.ground_population == pytest.approx(case["fidelity"], abs=1e-10)
        assert bl.eigenvalue_filter(H4, NEEL4, case["w"], case["mu"]).success == pytest.approx(ours.success)
    for case in reference["dynamics"]["imaginary_time"]:
        ours = bl.imaginary_time(H4, NEEL4, case["beta"])
        assert ours.energy == pytest.approx(case["energy"], abs=1e-10)
        assert ours.ground_population == pytest.approx(case["fidelity"], abs=1e-10)


def test_adiabatic_passage_matches_the_reference_and_converges(reference):
    for case in reference["dynamics"]["adiabatic_linear_from_minus_sumX"]:
        assert bl.adiabatic(H4, case["T"]).ground_population == pytest.approx(case["fidelity"], abs=1e-7)
    values = [bl.adiabatic(H4, 2.0, step=h).ground_population for h in (0.4, 0.2, 0.025)]
    order = np.log2(abs(values[0] - values[2]) / abs(values[1] - values[2]))
    assert order > 3.5  # a Magnus integrator of order 4


def test_bath_cycles_match_the_reference(reference):
    cycles = []
    for j in range(12):
        v = np.zeros((4, 3))
        v[j % 4, j % 3] = 1.0
        cycles.append(bl.BathCycle(1 + 0.5 * (j % 8), v, 0.5, np.pi / 0.5 * (1 + 0.1 * np.sin(j))))
    energies, ground = bl.bath_cooling(H4, NEEL4, cycles)
    np.testing.assert_allclose(energies[1:], reference["dynamics"]["bath_cycles"]["energies"], atol=1e-9)
    np.testing.assert_allclose(ground[1:], reference["dynamics"]["bath_cycles"]["ground_population"], atol=1e-10)


def test_one_bath_contact_equals_qutip_with_a_traced_ancilla():
    cycle = bl.bath_cycles(3, 1, 0.7, 9.0, seed=5)[0]
    H, psi = hm.tfim(3), hm.start_state(3, "plus")
    A, one = hm.field_operator(cycle.operator), qutip.qeye(2)
    lower = qutip.destroy(2)
    total = qutip.tensor(H, one) + 0.5 * cycle.g * qutip.tensor(A, qutip.sigmax())
    total = total + cycle.omega * qutip.tensor(qutip.qeye([2] * 3), lower.dag() * lower)
    after = (-1j * cycle.time * total).expm() * qutip.tensor(psi, qutip.basis(2, 0))
    energies, _ = bl.bath_cooling(H, psi, [cycle])
    assert energies[1] == pytest.approx(qutip.expect(H, after.ptrace([0, 1, 2])), abs=1e-9)


def test_the_bath_cools_and_a_damped_ancilla_cools_too():
    H, psi = hm.tfim(3), hm.start_state(3, "neel")
    energies, ground = bl.bath_cooling(H, psi, bl.bath_cycles(3, 60, 0.5, levels(H).spread, seed=1))
    assert energies[-1] < energies[0] - 3
    assert 0 <= ground.min() <= ground.max() <= 1
    v = np.zeros((3, 3))
    v[1, 1] = 1.0
    energies, ground = bl.damped_bath(H, psi, omega=levels(H).gap, field=v, g=0.8, rate=0.4, times=[0.0, 20.0])
    assert energies[0] == pytest.approx(qutip.expect(H, psi), abs=1e-8)
    assert energies[1] < energies[0] - 0.5


def damped_exactly(H, psi, omega, field, g, rate, times):
    """By the exponential of the whole Liouvillian, column by column as scipy makes it."""
    n = len(field)
    low, one = qutip.tensor(qutip.qeye([2] * n), qutip.destroy(2)), qutip.qeye(2)
    total = qutip.tensor(H, one) + omega * low.dag() * low
    total = total + 0.5 * g * qutip.tensor(hm.field_operator(field), qutip.sigmax())
    L = qutip.liouvillian(total, [np.sqrt(rate) * low]).full()
    rho = qutip.operator_to_vector(qutip.ket2dm(qutip.tensor(psi, qutip.basis(2, 0)))).full()[:, 0]
    E = qutip.operator_to_vector(qutip.tensor(H, one)).full()[:, 0].conj()
    return [(E @ expm(L * (t - times[0])) @ rho).real for t in times]


@pytest.mark.parametrize(
    "times",
    [np.linspace(0, 1, 10) ** 2 * 20, np.linspace(3, 23, 11), np.linspace(-5, 5, 5), [0.0, 1e4], [7.0], [0, 3, 500.0]],
    ids=str,
)
def test_a_damped_ancilla_at_odd_and_at_long_times(times):
    field = np.array([[1.0, 0, 0], [0, 0.3, -0.2]])
    H, psi = hm.tfim(2), hm.start_state(2, "neel")
    options = {"omega": 2.6, "field": field, "g": 0.3, "rate": 0.4, "times": times}
    energies, ground = bl.damped_bath(H, psi, **options)
    np.testing.assert_allclose(energies, damped_exactly(H, psi, **options), atol=1e-9)
    assert energies.shape == ground.shape == (len(times),)
    assert np.all((ground > -1e-12) & (ground < 1 + 1e-12))


@pytest.mark.parametrize("changes", [{"rate": 1e6}, {"omega": 2e4}, {"rate": 0}, {"g": 0}, {"times": [0, 1e7]}])
def test_a_damped_ancilla_whatever_its_frequencies(changes):
    options = {"omega": 2.6, "field": np.array([[1.0, 0, 0], [0, 0, 0]]), "g": 0.3, "rate": 0.4, "times": [0, 50.0]}
    energies, ground = bl.damped_bath(hm.tfim(2), hm.start_state(2, "neel"), **options | changes)
    E = levels(hm.tfim(2)).energies
    assert np.all((energies > E[0] - 1e-6) & (energies < E[-1] + 1e-6))
    assert np.all((ground > -1e-6) & (ground < 1 + 1e-6))
    if changes.get("g") == 0:
        np.testing.assert_allclose(energies, energies[0], atol=1e-10)


def test_the_unit_of_energy_does_not_matter():
    c, H, psi = 1e-12, hm.tfim(2).full(), hm.start_state(2, "neel")
    field = np.array([[1.0, 0, 0], [0, 0, 0]])

    def runs(c):
        yield bl.eigenvalue_filter(H * c, psi, 0.5 * c)
        yield bl.eigenvalue_filter(H * c, psi, 0)
        yield bl.imaginary_time(H * c, psi, 1 / c)
        yield bl.adiabatic(H * c, 3 / c, step=0.05 / c, strength=c)
        energies, ground = bl.bath_cooling(H * c, psi, bl.bath_cycles(2, 5, 0.5 * c, 6 * c, 1, lowest=0.5 * c))
        yield energies[-1], ground[-1], 1.0
        times = np.array([0, 1, 3]) / c
        energies, ground = bl.damped_bath(H * c, psi, omega=2.6 * c, field=field, g=0.3 * c, rate=0.4 * c, times=times)
        yield energies[-1], ground[-1], 1.0

    for right, small in zip(runs(1.0), runs(c), strict=True):
        np.testing.assert_allclose([small[0] / c, *small[1:]], right, rtol=1e-8)


def test_filter_queries():
    one = bl.filter_queries(17, 0.5, 1.0)
    assert bl.filter_queries(17, 0.5, 0.01) == pytest.approx(100 * one)
    assert bl.filter_queries(17, 0.5, 0.01, amplified=True) == pytest.approx(10 * one)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bl.imaginary_time(H4, NEEL4, -1), "beta must be"),
        (lambda: bl.adiabatic(H4, 0), "T must be"),
        (lambda: bl.adiabatic(H4, 1e9), "T / step must be"),
        (lambda: bl.adiabatic(np.diag([1.0, 2.0, 3.0]), 1), "H must act on spins"),
        (lambda: bl.adiabatic(np.eye(1), 1), "H must act on spins"),
        (lambda: bl.damped_bath(H4, NEEL4, omega=1, field=np.ones((4, 3)), g=1, rate=1, times=[]), "times must"),
        (lambda: bl.damped_bath(H4, NEEL4, omega=1, field=np.ones((4, 3)), g=1, rate=1, times=[1, 0]), "times must"),
        (lambda: damped(times=np.arange(200_000.0)), "times must hold 1 to 100 000"),
        (lambda: damped(times=[0, 1e9]), "times span 1e.09, which would take too long"),
        (lambda: damped(rate=1e300), "times span 1, which would take too long"),
        (lambda: damped(rate=np.nan), "rate must be"),
        (lambda: damped(field=np.ones((2, 3))), "field must be 16 x 16"),
        (lambda: bl.bath_cooling(H4, NEEL4, 3), "cycles must hold BathCycle"),
        (lambda: bl.bath_cooling(H4, NEEL4, [3]), "cycles must hold BathCycle"),
        (lambda: bl.bath_cooling(H4, NEEL4, "abcd"), "cycles must hold BathCycle"),
        (lambda: bl.bath_cooling(H4, NEEL4, [(np.nan, np.ones((4, 3)), 1, 1)]), "omega of a cycle must be"),
        (lambda: bl.bath_cooling(H4, NEEL4, [(1, np.ones((3, 3)), 1, 1)]), "operator of a cycle must be"),
        (lambda: bl.bath_cycles(10**9, 1, 0.5, 9.0), "n must be"),
        (lambda: bl.bath_cycles(3, 10**9, 0.5, 9.0), "count must be"),
        (lambda: bl.bath_cycles(3, 2, 0.5, 0.9), "lowest must be"),
        (lambda: bl.filter_queries(17, 0.5, 0.0), "success must be"),
        (lambda: bl.bath_cycles(3, -1, 0.5, 9.0), "count must be"),
        (lambda: bl.eigenvalue_filter(H4, NEEL4, -1.0), "width must be"),
        (lambda: bl.eigenvalue_filter(H4, NEEL4, 0, -99.0), "no amplitude"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
