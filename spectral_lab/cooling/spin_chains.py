"""Spin chains and the Hubbard chain, their start states, and the perturbations that stir them.

Site 0 is the leftmost tensor factor, the most significant bit of a basis index; bit 0 is Z = +1 (spin up).
Energies are in units of the coupling, hbar = 1. Operators and kets are qutip objects; qutip is imported on first use.
Where it is not installed, as in a browser, they are sparse matrices and vectors with the same entries.
The paper's own Hamiltonians were not available to us: this choice of models is our reconstruction.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import scipy
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from spectral_lab import checks

MAX_SITES = 20
START_STATES = ("neel", "plus", "minus", "up", "down")
PAULIS: Complex[np.ndarray, "3 2 2"] = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
_LOWERING = np.array([[0.0, 1.0], [0.0, 0.0]])


def tfim(n: Any, J: Any = 1.0, g: Any = 1.05, h: Any = 0.5) -> Any:
    """Ising chain in a tilted field, open ends, as a qutip operator on n spins.

    H = -J sum_i Z_i Z_{i+1} - g sum_i X_i - h sum_i Z_i. The defaults are non-integrable, with a gap near 2.92
    at every length (our choice). Raises ValueError on n outside 1..20 or a coupling that is not finite.
    """
    n = checks.integer(n, "n", 1, MAX_SITES)
    J, g, h = (_coupling(value, name) for value, name in ((J, "J"), (g, "g"), (h, "h")))
    z = _z_values(n)
    diagonal = -J * (z[:-1] * z[1:]).sum(axis=0) - h * z.sum(axis=0)
    flips = sum((_on_site(PAULIS[0].real, i, n) for i in range(n)), scipy.sparse.csr_array((2**n, 2**n)))
    return _qobj(scipy.sparse.diags_array(diagonal) - g * flips, n)


def xxz(n: Any, J: Any = 1.0, Delta: Any = 1.0) -> Any:
    """XXZ chain of spins 1/2, open ends, as a qutip operator; J = Delta = 1 is the Heisenberg antiferromagnet.

    H = (J/4) sum_i (X_i X_{i+1} + Y_i Y_{i+1} + Delta Z_i Z_{i+1}). For J = Delta = 1 all-up is the top level, at
    (n-1) J / 4. Raises ValueError on n outside 1..20 or a coupling that is not finite.
    """
    n = checks.integer(n, "n", 1, MAX_SITES)
    J, Delta = _coupling(J, "J"), _coupling(Delta, "Delta")
    z = _z_values(n)
    total = scipy.sparse.csr_array(scipy.sparse.diags_array(0.25 * J * Delta * (z[:-1] * z[1:]).sum(axis=0)))
    exchange = np.zeros((4, 4))  # (XX + YY)/4 swaps the two antiparallel states with weight 1/2
    exchange[1, 2] = exchange[2, 1] = 0.5 * J
    for i in range(n - 1):
        total = total + _on_site(exchange, i, n, width=2)
    return _qobj(total, n)


def hubbard(sites: Any, t: Any = 1.0, U: Any = 4.0) -> Any:
    """Hubbard chain by the Jordan-Wigner map, open ends, as a qutip operator on 2 `sites` modes.

    Mode m = 2 i + spin, c_m = Z^(x)m (x) |0><1| (x) 1..., so |1> is occupied;
    H = -t sum (c+_{i s} c_{i+1 s} + h.c.) + U sum_i (n_{i up} - 1/2)(n_{i down} - 1/2). Two sites have the ground
    level -sqrt(U^2/4 + 4 t^2). Raises ValueError on sites outside 1..10 or a coupling that is not finite.
    """
    sites = checks.integer(sites, "sites", 1, MAX_SITES // 2)
    t, U = _coupling(t, "t"), _coupling(U, "U")
    n = 2 * sites
    occupied = 0.5 * (1 - _z_values(n))
    repulsion = U * ((occupied[0::2] - 0.5) * (occupied[1::2] - 0.5)).sum(axis=0)
    return _qobj(scipy.sparse.diags_array(repulsion) - t * sum_hoppings(sites, np.ones((sites - 1, 2))), n)


def sum_hoppings(sites: int, weights: ArrayLike) -> Any:
    """sum_{i, s} weights[i, s] (c+_{i s} c_{i+1 s} + h.c.) as a real sparse matrix on 2 `sites` modes."""
    weights = checks.array(weights, "weights", (sites - 1, 2))
    annihilate = [_annihilator(m, 2 * sites) for m in range(2 * sites)]
    total = scipy.sparse.csr_array((4**sites, 4**sites))
    for i, s in np.ndindex(sites - 1, 2):
        hop = annihilate[2 * i + s].T @ annihilate[2 * i + 2 + s]
        total = total + weights[i, s] * (hop + hop.T)
    return total


def start_state(n: Any, kind: str = "neel") -> Any:
    """A product state of n spins as a qutip ket: 'neel' (0101...), 'plus', 'minus', 'up' or 'down'.

    Neel is hot for the ferromagnetic chain: at n = 6 its squared overlap with the ground state is 1.7e-4, that of
    'plus' is 0.21. Raises ValueError on another kind or n outside 1..20.
    """
    n = checks.integer(n, "n", 1, MAX_SITES)
    amplitudes, qutip = product_amplitudes(n, kind), _qutip()
    return amplitudes if qutip is None else qutip.Qobj(amplitudes[:, None], dims=[[2] * n, [1]])


def product_amplitudes(n: int, kind: str) -> Float[np.ndarray, " N"]:
    """The amplitudes of `start_state`, which are real."""
    kind = checks.choice(kind, "kind", START_STATES)
    up, down = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    even, odd = {
        "neel": (up, down),
        "plus": ((up + down) / np.sqrt(2),) * 2,
        "minus": ((up - down) / np.sqrt(2),) * 2,
        "up": (up, up),
        "down": (down, down),
    }[kind]
    state = np.ones(1)
    for i in range(n):
        state = np.kron(state, odd if i % 2 else even)
    return state


def random_field(n: Any, seed: Any) -> Float[np.ndarray, "n 3"]:
    """Coefficients v_{ia} of a random local field, normalised so that V = sum v_{ia} sigma^a_i has norm exactly 1.

    v_{ia} ~ N(0, 1) / sum_i |v_i|: the sites commute, so ||V|| is the sum of the lengths |v_i|. `seed` is an
    integer or a numpy Generator. (Our reconstruction: which perturbation the paper takes, its abstract does not say.)
    """
    n = checks.integer(n, "n", 1, MAX_SITES)
    v = generator(seed).normal(size=(n, 3))
    return v / np.linalg.norm(v, axis=1).sum()


def field_operator(v: ArrayLike) -> Any:
    """V = sum_i v_i . sigma_i as a qutip operator; v has shape (n, 3), directions X, Y, Z."""
    v = checks.real_array(v, "v", (None, 3))
    if not 1 <= len(v) <= MAX_SITES:
        raise ValueError(f"v must have 1 to {MAX_SITES} rows, got {len(v)}")
    n = len(v)
    total = scipy.sparse.csr_array((2**n, 2**n), dtype=complex)
    for i in range(n):
        total = total + _on_site(np.tensordot(v[i], PAULIS, axes=1), i, n)
    return _qobj(total, n)


def uniform_field(n: Any, direction: ArrayLike | tuple[float, ...] = (1.0, 1.0, 1.0)) -> Float[np.ndarray, "n 3"]:
    """The same field on every site, normalised to norm 1: it commutes with total spin, so it is dark for Heisenberg.

    A perturbation that shares a symmetry of H never leaves a symmetry sector (derived here, beyond the paper).
    Raises ValueError on a zero direction.
    """
    n = checks.integer(n, "n", 1, MAX_SITES)
    direction = checks.real_array(direction, "direction", (3,))
    if not np.any(direction):
        raise ValueError("direction must not be the zero vector")
    direction = direction / np.abs(direction).max()
    return np.tile(direction / (n * np.linalg.norm(direction)), (n, 1))


def gue(dimension: Any, seed: Any) -> Complex[np.ndarray, "N N"]:
    """A dense random Hermitian matrix V = (B + B*) / (4 sqrt N), whose norm tends to 1 (the Gaussian unitary ensemble).

    B has real and imaginary parts of unit variance. It is the control that has no locality (derived here).
    """
    dimension = checks.order(dimension, "dimension", maximum=4096)
    rng = generator(seed)
    B = rng.normal(size=(dimension, dimension)) + 1j * rng.normal(size=(dimension, dimension))
    return (B + B.conj().T) / (4 * np.sqrt(dimension))


def random_hopping(sites: Any, seed: Any) -> Any:
    """A perturbation of the Hubbard chain that keeps the particle number: random hoppings, as a qutip operator.

    Its norm is exactly 1, by the one-particle spectrum: a quadratic form in fermions has norm
    max(sum of positive, sum of negative one-particle energies), here equal on both sides (derived here).
    """
    sites = checks.integer(sites, "sites", 2, MAX_SITES // 2)
    weights = generator(seed).normal(size=(sites - 1, 2))
    norm = sum(np.abs(np.linalg.eigvalsh(np.diag(w, 1) + np.diag(w, -1))).sum() / 2 for w in weights.T)
    return _qobj(sum_hoppings(sites, weights / norm), 2 * sites)


def generator(seed: Any, name: str = "seed") -> np.random.Generator:
    """The numpy Generator of a seed; a Generator passes through, and goes on where it was.

    Raises ValueError unless the seed is a whole number of at least 0 or a Generator.
    """
    return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(checks.integer(seed, name, 0))


def _coupling(value: Any, name: str) -> float:
    return checks.number(value, name, -1e150, 1e150)


def _z_values(n: int) -> Float[np.ndarray, "n N"]:
    """Z of every site in every basis state: +1 where the bit is 0; site 0 is the most significant bit."""
    bits = (np.arange(2**n)[None, :] >> np.arange(n - 1, -1, -1)[:, None]) & 1
    return 1.0 - 2.0 * bits


def _on_site(matrix: np.ndarray, i: int, n: int, width: int = 1) -> Any:
    left, right = scipy.sparse.eye_array(2**i), scipy.sparse.eye_array(2 ** (n - i - width))
    return scipy.sparse.csr_array(scipy.sparse.kron(scipy.sparse.kron(left, scipy.sparse.csr_array(matrix)), right))


def _annihilator(m: int, n: int) -> Any:
    string = scipy.sparse.diags_array(np.prod(_z_values(m), axis=0) if m else np.ones(1))
    return scipy.sparse.csr_array(
        scipy.sparse.kron(scipy.sparse.kron(string, _LOWERING), scipy.sparse.eye_array(2 ** (n - m - 1)))
    )


def _qobj(matrix: Any, n: int) -> Any:
    entries, qutip = scipy.sparse.csr_array(matrix).astype(complex), _qutip()
    return entries if qutip is None else qutip.Qobj(scipy.sparse.csr_matrix(entries), dims=[[2] * n, [2] * n])


@cache
def _qutip() -> Any:
    """qutip, or None where it is not installed."""
    try:
        import qutip
    except ModuleNotFoundError:
        return None
    return qutip
