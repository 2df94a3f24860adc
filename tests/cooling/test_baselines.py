from __future__ import annotations

import numpy as np
import pytest
import qutip

from spectral_lab.cooling import baselines as bl
from spectral_lab.cooling import hamiltonians as hm
from spectral_lab.cooling.levels import levels

H4, NEEL4 = hm.tfim(4), hm.start_state(4, "neel")


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
        (lambda: bl.filter_queries(17, 0.5, 0.0), "success must be"),
        (lambda: bl.bath_cycles(3, -1, 0.5, 9.0), "count must be"),
        (lambda: bl.eigenvalue_filter(H4, NEEL4, -1.0), "width must be"),
        (lambda: bl.eigenvalue_filter(H4, NEEL4, 0, -99.0), "no amplitude"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
