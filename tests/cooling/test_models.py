from __future__ import annotations

import numpy as np
import pytest
import torch

from spectral_lab.cooling import spin_chains as hm
from spectral_lab.cooling.bands import cooling_step, pulses
from spectral_lab.cooling.levels import levels, smooth_sign
from spectral_lab.cooling.models import (
    CoolingCircuit,
    DenseSign,
    MatrixFreeSign,
    cool_chain,
    heisenberg_chain,
    ising_chain,
    product_state,
)
from spectral_lab.cooling.models.chain import rotate, rotations
from spectral_lab.cooling.models.circuit import ChebyshevFunction
from spectral_lab.cooling.protocol import cool


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def random_states(n, batch=3, seed=0, dtype=torch.complex128):
    generator = torch.Generator().manual_seed(seed)
    psi = torch.randn(batch, 2**n, generator=generator, dtype=dtype)
    return psi / torch.linalg.vector_norm(psi, dim=-1, keepdim=True)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 6, 7, 11])
@pytest.mark.parametrize("batch", [1, 3])
def test_products_equal_the_qutip_matrices(n, batch):
    cases = [(ising_chain(n, 0.7, 1.1, -0.3), hm.tfim(n, 0.7, 1.1, -0.3))]
    if n > 1:
        cases.append((heisenberg_chain(n, 1.2, 0.6), hm.xxz(n, 1.2, 0.6)))
    for chain, H in cases:
        matrix = H.data_as("csr_matrix")
        psi = random_states(n, batch)
        np.testing.assert_allclose(chain(psi).numpy(), (matrix @ psi.numpy().T).T, atol=1e-12)
        real = psi.real.contiguous()
        np.testing.assert_allclose(chain(real).numpy(), (matrix @ real.numpy().T).T.real, atol=1e-12)
        single = chain.to(dtype=torch.float32)(psi.to(torch.complex64))
        np.testing.assert_allclose(single.numpy(), (matrix @ psi.numpy().T).T, atol=3e-6)


def test_bounds_hold_the_spectrum():
    for chain, H in ((ising_chain(8), hm.tfim(8)), (heisenberg_chain(6), hm.xxz(6)), (ising_chain(2), hm.tfim(2))):
        E = levels(H).energies
        lo, hi = chain.bounds()
        assert lo <= E[0]
        assert hi >= E[-1]
        assert hi - lo < 1.2 * (E[-1] - E[0]) + 0.5


def test_bounds_hold_for_many_chains_and_random_starts():
    rng = np.random.default_rng(0)
    for n in (3, 5, 7, 8):
        J, g, h, Delta = 2 * rng.normal(size=4)
        for chain, H in (
            (ising_chain(n, J, g, h), hm.tfim(n, J, g, h)),
            (heisenberg_chain(n, J, Delta), hm.xxz(n, J, Delta)),
        ):
            E = levels(H).energies
            for seed in range(4):
                lo, hi = chain.bounds(seed=seed)
                assert lo <= E[0]
                assert hi >= E[-1]


@pytest.mark.parametrize("unit", [1e-30, 1e-12, 1e12])
def test_bounds_scale_with_the_unit_of_energy(unit):
    right, there = ising_chain(6).bounds(), ising_chain(6, unit, 1.05 * unit, 0.5 * unit).bounds()
    np.testing.assert_allclose(np.array(there) / unit, right, rtol=1e-6)
    lo, hi = ising_chain(3, 0, 0, 0).bounds()
    assert lo < 0 < hi
    circuit = CoolingCircuit(heisenberg_chain(3, unit), 1)
    E = levels(hm.xxz(3)).energies
    ground = torch.eye(8, dtype=torch.complex128) @ circuit.sign.vectors.T  # rows are the levels
    populations = [float(circuit.ground_population(row[None])) for row in ground]
    np.testing.assert_allclose(populations, E - E[0] < 1e-9, atol=1e-9)


def test_a_chain_is_a_hamiltonian_for_cool():
    psi = hm.start_state(6, "neel")
    options = {"policy": "band", "width": 0.8, "margin": 2.0, "angle": 3.0, "alpha": 0.5, "seed": 1}
    dense = cool(hm.tfim(6), psi, 3, **options)
    for H in (ising_chain(6), ising_chain(6, dtype=torch.float64).linear_operator()):
        np.testing.assert_allclose(cool(H, psi, 3, **options).energies, dense.energies, atol=1e-8)


def test_products_take_any_layout_of_a_state():
    chain, H = ising_chain(6), hm.tfim(6).full()
    psi = random_states(6, 3)
    columns = psi.T.contiguous()
    np.testing.assert_allclose(chain(columns.T).numpy(), psi.numpy() @ H.T, atol=1e-12)
    np.testing.assert_allclose(chain(psi.conj()).numpy(), psi.numpy().conj() @ H.T, atol=1e-12)
    np.testing.assert_allclose(chain(psi.repeat(1, 2)[:, ::2].real).numpy().shape, (3, 64))
    np.testing.assert_allclose(chain(psi[:1].expand(4, 64)).numpy(), (psi[:1].numpy() @ H.T).repeat(4, 0), atol=1e-12)


def test_energy_and_its_spread():
    psi = random_states(4)
    H = hm.tfim(4).full()
    mean, spread = ising_chain(4).energy(psi)
    for k, state in enumerate(psi.numpy()):
        e = (state.conj() @ H @ state).real
        assert float(mean[k]) == pytest.approx(e, abs=1e-12)
        assert float(spread[k]) == pytest.approx(np.sqrt((state.conj() @ H @ H @ state).real - e**2), abs=1e-10)


@pytest.mark.parametrize("n", [1, 4, 7])
def test_rotations_are_the_exponential_of_the_field(n):
    v = np.random.default_rng(0).normal(size=(2, n, 3))
    psi = random_states(n, 2)
    ours = rotate(rotations(torch.from_numpy(v)), psi).numpy()
    for k in range(2):
        exact = (-1j * hm.field_operator(v[k])).expm().full() @ psi[k].numpy()
        np.testing.assert_allclose(ours[k], exact, atol=1e-12)
    zero = rotate(rotations(torch.zeros(n, 3, dtype=torch.float64)), psi)
    np.testing.assert_allclose(zero.numpy(), psi.numpy(), atol=1e-15)


def test_start_states_equal_those_of_qutip():
    for kind in hm.START_STATES:
        ours = product_state(5, kind).numpy()[0]
        np.testing.assert_allclose(ours, hm.start_state(5, kind).full()[:, 0], atol=1e-15)


def test_both_sign_layers_equal_the_matrix_function():
    chain, mu, phi, width = ising_chain(4), -1.2, 0.9, 0.8
    S = smooth_sign(hm.tfim(4), mu, width)
    psi = random_states(4)
    exact = ((-1j * phi * S).expm().full() @ psi.numpy().T).T
    for layer in (DenseSign(chain, width), MatrixFreeSign(chain, width, chain.bounds())):
        out = layer(psi, torch.tensor(mu), torch.tensor(phi))
        np.testing.assert_allclose(out.numpy(), exact, atol=2e-5)  # 10 terms a width


def test_gradients_of_a_chebyshev_function_are_right():
    chain = ising_chain(3)
    X = chain.scaled(*chain.bounds())
    psi = random_states(3, 2).requires_grad_()
    c = torch.randn(7, dtype=torch.complex128, generator=torch.Generator().manual_seed(1)).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: ChebyshevFunction.apply(a, b, X), (psi, c))


def test_gradients_of_the_circuit_equal_finite_differences_and_the_dense_route():
    gradients = {}
    for dense in (True, False):
        torch.manual_seed(3)
        circuit = CoolingCircuit(heisenberg_chain(4), 3, width=0.1, dense=dense)
        circuit.energy(circuit()).backward()
        gradients[dense] = {name: p.grad.clone() for name, p in circuit.named_parameters()}
    for name in gradients[True]:
        # the derivative of the truncated series in mu is less accurate than the series, which is good to 1e-5
        np.testing.assert_allclose(gradients[True][name], gradients[False][name], atol=1e-3)
    torch.manual_seed(3)
    circuit = CoolingCircuit(heisenberg_chain(4), 3, width=0.1)
    for name, p in circuit.named_parameters():
        index, h = (1,) * p.ndim, 1e-6
        with torch.no_grad():
            p[index] += h
            up = circuit.energy(circuit())
            p[index] -= 2 * h
            difference = (up - circuit.energy(circuit())) / (2 * h)
            p[index] += h
        assert float(difference.detach()) == pytest.approx(float(gradients[True][name][index]), abs=1e-7), name


def test_the_last_sign_layer_gets_no_gradient():
    """It commutes with H, so it cannot change the energy."""
    torch.manual_seed(0)
    circuit = CoolingCircuit(heisenberg_chain(3), 2)
    circuit.energy(circuit()).backward()
    assert abs(float(circuit.phases.grad[-1])) < 1e-12
    assert abs(float(circuit.shifts.grad[-1])) < 1e-12
    assert abs(float(circuit.phases.grad[0])) > 1e-6


def test_training_beats_kicks_alone():
    energies = {}
    for kicks_only in (False, True):
        torch.manual_seed(0)
        circuit = CoolingCircuit(heisenberg_chain(4), 4, kicks_only=kicks_only)
        optimiser = torch.optim.Adam(circuit.parameters(), lr=0.05)
        for _ in range(80):
            optimiser.zero_grad()
            loss = circuit.energy(circuit())
            loss.backward()
            optimiser.step()
        energies[kicks_only] = loss.item()
    assert energies[True] >= -0.75 - 1e-9  # the best product state
    assert energies[False] < -1.2


def test_one_reflection_step_equals_the_dense_step():
    n, mu, width, angle, kick = 5, -2.0, 0.6, 2.0, 0.4
    chain, v = ising_chain(n), hm.random_field(n, 4)
    dense = cooling_step(
        hm.start_state(n, "neel"), hm.tfim(n), v, mu, width=width, alpha=kick, angle=angle, drive="bang-bang"
    )
    r = pulses(angle, kick)
    layer = MatrixFreeSign(chain, width, chain.bounds())
    half, full = (rotations(torch.from_numpy(v) * angle / r * part) for part in (0.5, 1.0))
    psi = rotate(half, product_state(n, "neel"))
    for j in range(r):
        psi = layer(psi, torch.tensor(mu), torch.tensor(torch.pi / 2))
        psi = rotate(full if j < r - 1 else half, psi)
    np.testing.assert_allclose(psi.numpy()[0], dense, atol=1e-4)


def test_a_long_chain_cools_without_a_matrix():
    run = cool_chain(ising_chain(6), 6, batch=4, width=0.5, resolution=0.25, margin=1.2, angle=8, kick=0.5, seed=2)
    again = cool_chain(ising_chain(6), 6, batch=4, width=0.5, resolution=0.25, margin=1.2, angle=8, kick=0.5, seed=2)
    np.testing.assert_array_equal(run.energies, again.energies)
    assert run.energies.shape == (4, 7)
    assert run.shifts.shape == (4, 6)
    assert run.products > 1000
    assert np.median(run.energies[:, -1]) < np.median(run.energies[:, 0]) - 5
    # a reading says where the energy is, to within a few resolutions
    assert np.abs(run.readings - run.energies).max() < 5 * np.hypot(0.25, run.spreads.max())
    norms = torch.linalg.vector_norm(run.states, dim=-1)
    np.testing.assert_allclose(norms.numpy(), 1, atol=1e-5)
    alone = cool_chain(ising_chain(6), 0, dtype=torch.complex128)
    assert alone.energies.shape == (1, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ising_chain(0), "n must be"),
        (lambda: heisenberg_chain(1), "n must be"),
        (lambda: product_state(3, "hot"), "kind must be"),
        (lambda: product_state(3, batch=0), "batch must be"),
        (lambda: ising_chain(3)(random_states(4)), "psi must be"),
        (lambda: ising_chain(3, dtype=torch.float32)(random_states(3)), "psi must be"),
        (lambda: ising_chain(3).bounds(5), "steps must be"),
        (lambda: cool_chain(ising_chain(3), 1, width=1e-9), "width must be at least 1e-4 of the spread"),
        (lambda: cool_chain(ising_chain(3), 1, resolution=1e-9), "resolution must be at least"),
        (lambda: cool_chain(ising_chain(3), 1, angle=np.nan), "angle must be"),
        (lambda: cool_chain(ising_chain(3), 1, batch=10**9), "batch must be"),
        (lambda: cool_chain(ising_chain(3), 1, dtype=torch.float32), "dtype must be"),
        (lambda: cool_chain(ising_chain(3), -1), "steps must be"),
        (lambda: cool_chain(ising_chain(3), 1, width=0), "width must be"),
        (lambda: CoolingCircuit(heisenberg_chain(3), 0), "layers must be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
