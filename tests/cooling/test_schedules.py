from __future__ import annotations

import numpy as np
import pytest
import torch

from spectral_lab.cooling import spin_chains as hm
from spectral_lab.cooling.levels import levels
from spectral_lab.cooling.models import CoolingCircuit, heisenberg_chain
from spectral_lab.cooling.schedules import Schedule, kick_operator, recorded_training, run_schedule


def test_kicks_are_the_exponential_of_the_field():
    w = np.random.default_rng(0).normal(size=(3, 3))
    np.testing.assert_allclose(kick_operator(w), (-1j * hm.field_operator(w)).expm().full(), atol=1e-12)
    np.testing.assert_allclose(kick_operator(np.zeros((2, 3))), np.eye(4), atol=1e-15)


def test_the_circuit_in_torch_runs_the_same_schedule():
    torch.manual_seed(1)
    circuit = CoolingCircuit(heisenberg_chain(4), 3)
    mu = circuit.lo + circuit.shifts * (circuit.hi - circuit.lo)
    values = [x.detach().numpy() for x in (circuit.kicks, mu, circuit.phases)]
    populations = run_schedule(hm.xxz(4), hm.start_state(4, "up"), Schedule(*values, circuit.sign.width))
    E = levels(hm.xxz(4)).energies
    np.testing.assert_allclose(populations.sum(axis=1), 1, atol=1e-12)
    assert populations[-1] @ E == pytest.approx(circuit.energy(circuit()).item(), abs=1e-9)


def test_the_recorded_training_is_what_it_says():
    training = recorded_training()
    E = levels(hm.xxz(4)).energies
    for iteration in (0, 40, 300):
        populations = run_schedule(hm.xxz(4), hm.start_state(4, "up"), training.schedule(iteration))
        assert populations[-1] @ E == pytest.approx(training.energies[iteration], abs=1e-4)  # float32 angles
    assert training.energies[-1] < -1.61
    assert training.kicks_only[-1] == pytest.approx(-0.75, abs=0.01)
    without = run_schedule(hm.xxz(4), hm.start_state(4, "up"), training.schedule(300), signs=False)
    assert (without @ E).min() > -0.75 - 1e-9  # product states only
