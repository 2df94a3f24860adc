"""Perturb, then diagonalise: make a matrix diagonalisable by changing it a little, on purpose.

    A + E = V diag(lambda) V^{-1},   ||E||_2 = eps ||A||_2,   kappa(V) as small as possible

The eigenvalues may move far (forward error); the system moves by E and no more (backward error), and a model uses only
the system. The trade-off kappa(V) against ||E|| is Davies' functional (2007); that some E always does well is the
theorem of Banks, Kulkarni, Mukherjee and Srivastava (2019): kappa(V) <= 4 n^{3/2} (1 + 1 / eps).

Ways to choose E: by descent on kappa over all real E ("dense"); by descent over E = u e_n^T ("rank-one"), feedback from
the last state only, which for LegS is nearly as good (derived here); at random ("ginibre", "gaussian").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path as FilePath
from typing import Any, SupportsInt

import numpy as np
import scipy
from jaxtyping import Complex, Float, Inexact
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hippo import legs
from spectral_lab.pseudospectra.modal import modal_transfer

METHODS = ("dense", "rank-one", "ginibre", "gaussian")


@dataclass(frozen=True)
class PTD:
    """A + E and its eigenpairs: eigenvalues by falling |Im|, eigenvectors V with unit columns, condition kappa_2(V)."""

    E: Inexact[np.ndarray, "n n"]
    eigenvalues: Complex[np.ndarray, " n"]
    V: Complex[np.ndarray, "n n"]
    condition: float

    @property
    def size(self) -> float:
        """||E||_2."""
        return float(np.linalg.norm(self.E, 2))

    @property
    def abscissa(self) -> float:
        """The largest real part of an eigenvalue; A + E is stable if it is negative."""
        return float(self.eigenvalues.real.max())

    def transfer(self, B: ArrayLike, C: ArrayLike, s: ArrayLike) -> Complex[np.ndarray, "*grid"]:
        """C (s I - A - E)^{-1} B in modal form, O(n) a frequency, from the eigenpairs at hand; infinity at a pole."""
        n = len(self.eigenvalues)
        residues = (checks.array(C, "C", (n,)) @ self.V) * np.linalg.solve(self.V, checks.array(B, "B", (n,)) + 0j)
        return modal_transfer(self.eigenvalues, residues, s)


def diagonalize(A: ArrayLike, E: ArrayLike) -> PTD:
    """The eigenpairs of A + E for a given perturbation E.

    Args: A, E (n, n), real or complex. Raises: ValueError for bad shapes or if A + E has a repeated eigenvalue.
    """
    A = checks.square(A, "A")
    E = checks.array(E, "E", (len(A), len(A)))
    eigenvalues, V = np.linalg.eig(A + E)
    _distinct(eigenvalues, "E must leave A + E")
    order = np.lexsort((eigenvalues.real, -eigenvalues.imag, -np.abs(eigenvalues.imag).round(9)))
    eigenvalues, V = eigenvalues[order].astype(complex), V[:, order].astype(complex)
    return PTD(E, eigenvalues, V, float(np.linalg.cond(V)))


def ptd(A: ArrayLike, epsilon: Any = 0.05, method: str = "dense", *, seed: SupportsInt = 0) -> PTD:
    """Perturb A by E with ||E||_2 = epsilon ||A||_2 (at most, for "dense"), then diagonalise.

    - "dense": every real E of ||E||_F = epsilon ||A||_2, by descent from random starts on the objective below;
    - "rank-one": E = u e_n^T, u by descent; made for LegS, where n numbers do nearly as well as n^2;
    - "ginibre", "gaussian": complex or real independent normal entries (the paper's Theorem 4 is about the first).

    Descent minimises log(||V^{-1}||_F^2 / n) / 2 + sum_i max(0, Re lambda_i - limit)^2 with L-BFGS. The first term is
    smooth where kappa_2 is not, and V has unit columns; the second keeps a stable A stable, with half its margin:
    limit = alpha(A) / 2, -1/2 for LegS (or alpha(A), where that is positive). Derived here.

    Args: A (n, n), not zero, with distinct eigenvalues, real for the descents; epsilon > 0, at most 1e6 (beyond, A is
    lost in the rounding of E); seed, at least 0.
    Raises: ValueError.
    """
    A, epsilon = checks.square(A, "A"), checks.number(epsilon, "epsilon", maximum=1e6, above=0)
    method, seed = checks.choice(method, "method", METHODS), checks.integer(seed, "seed", 0)
    if not A.any():
        raise ValueError("A must not be zero: epsilon is relative to its norm")
    eigenvalues = np.linalg.eigvals(A)
    _distinct(eigenvalues, "A must have")
    size, rng = epsilon * float(np.linalg.norm(A, 2)), np.random.default_rng(seed)
    if not 1e-140 <= size <= 1e40:  # its square must stay in range
        raise ValueError(f"epsilon must leave epsilon ||A||, the norm of E, between 1e-140 and 1e40, got {size:.3g}")
    if method in ("ginibre", "gaussian"):
        E = rng.standard_normal(A.shape) + (1j * rng.standard_normal(A.shape) if method == "ginibre" else 0)
        return diagonalize(A, E * (size / np.linalg.norm(E, 2)))
    if np.iscomplexobj(A):
        raise ValueError(f'A must be real for method {method!r}; "ginibre" and "gaussian" take a complex one')
    alpha = float(eigenvalues.real.max())
    limit = alpha / 2 if alpha < 0 else alpha
    best = _best_rank_one if method == "rank-one" else _best_dense
    return diagonalize(A, best(A, size, limit, rng))


def ptd_by_adam(
    A: ArrayLike, weight: Any = 1.0, *, steps: SupportsInt = 3000, rate: Any = 0.1, seed: SupportsInt = 0
) -> PTD:
    """The authors' way to choose E: Adam on kappa_2(V)^2 + weight ||E||_F over every complex E.

    As in the paper's code, E starts with entries uniform in [0, 0.1) in both parts; nothing keeps A + E stable, and
    it often is not. The paper writes the objective as kappa + gamma ||E||.

    Args: A (n, n) with distinct eigenvalues; weight > 0; steps, at least 1; rate > 0; seed, at least 0.
    Raises: ValueError.
    """
    A, weight = checks.square(A, "A"), checks.number(weight, "weight", above=0)
    steps, rate = checks.integer(steps, "steps", 1), checks.number(rate, "rate", above=0)
    _distinct(np.linalg.eigvals(A), "A must have")
    rng = np.random.default_rng(checks.integer(seed, "seed", 0))
    E = 0.1 * (rng.random(A.shape) + 1j * rng.random(A.shape))
    mean, square = np.zeros_like(E), np.zeros_like(E)
    for step in range(1, steps + 1):
        eigenvalues, V = np.linalg.eig(A + E)
        condition, slope = _log_condition(eigenvalues, V)
        slope = 2 * condition**2 * slope + weight * E / np.linalg.norm(E)
        # Adam treats the real and the imaginary part as two numbers.
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * (slope.real**2 + 1j * slope.imag**2)
        m, v = mean / (1 - 0.9**step), square / (1 - 0.999**step)
        E = E - rate * (m.real / (np.sqrt(v.real) + 1e-8) + 1j * m.imag / (np.sqrt(v.imag) + 1e-8))
    return diagonalize(A, E)


@dataclass(frozen=True)
class Path:
    """Optimised rank-one perturbations of LegS by size: row i of U is E = U[i] e_n^T with ||E|| = epsilons_i ||A||."""

    n: int
    epsilons: Float[np.ndarray, " sizes"]
    U: Float[np.ndarray, "sizes n"]

    def ptd(self, i: int) -> PTD:
        """A_H + U[i] e_n^T, diagonalised."""
        return diagonalize(legs(self.n)[0], np.outer(self.U[i], np.eye(self.n)[-1]))

    def nearest(self, epsilon: Any) -> PTD:
        """The stored perturbation whose relative size is nearest to epsilon. Raises: ValueError."""
        epsilon = checks.number(epsilon, "epsilon", above=0)
        return self.ptd(int(np.abs(np.log(self.epsilons / epsilon)).argmin()))


STORED = (8, 16, 32, 64)
PATHS = FilePath(__file__).parent / "rank_one_paths.npz"


def stored_path(n: SupportsInt) -> Path:
    """The path of rank-one perturbations kept with the package, made by tools/store_ptd_paths.py.

    Args: n, one of 8, 16, 32, 64. Raises: ValueError.
    """
    n = checks.integer(n, "n", 1)
    if n not in STORED:
        raise ValueError(f"n must be one of {', '.join(map(str, STORED))}: only these paths are stored, got {n}")
    return _stored_path(n)


@cache
def _stored_path(n: int) -> Path:
    with np.load(PATHS) as archive:
        return Path(n, archive["epsilons"], archive[f"U{n}"])


def rank_one_path(n: SupportsInt, epsilons: ArrayLike, seed: SupportsInt = 0) -> Path:
    """Optimise u along falling sizes, each from the one before: well-conditioned problems lead to harder ones.

    Args: n, at least 2; epsilons > 0, relative to ||A_H||; seed, at least 0. Raises: ValueError.
    """
    A, _ = legs(checks.integer(n, "n", 2))
    relative = [checks.number(e, "epsilons", above=0) for e in np.ravel(epsilons).tolist()]
    if not relative:
        raise ValueError("epsilons must hold at least one size, got none")
    sizes = np.sort(relative)[::-1] * np.linalg.norm(A, 2)
    rng = np.random.default_rng(checks.integer(seed, "seed", 0))
    E = _best_rank_one(A, float(sizes[0]), -0.5, rng)
    columns = []
    for size in sizes:
        E = _descend(A, E, -0.5, _column_of(A, float(size)), lambda g: g[:, -1])
        columns.append(E[:, -1])
    return Path(len(A), sizes[::-1] / np.linalg.norm(A, 2), np.array(columns[::-1]))


Slope = Callable[[Float[np.ndarray, "n n"]], Float[np.ndarray, " unknowns"]]


def _best_dense(
    A: Float[np.ndarray, "n n"], size: float, limit: float, rng: np.random.Generator
) -> Float[np.ndarray, "n n"]:
    """The best of a few random starts: the fewer states, the more the valleys differ in depth."""

    def build(x: np.ndarray) -> Float[np.ndarray, "n n"]:
        return x.reshape(A.shape) * (size / np.linalg.norm(x))

    starts = rng.standard_normal((max(2, 32 // len(A)), A.size))
    found = [_descend(A, build(x), limit, build, np.ravel) for x in starts]
    return min(found, key=lambda E: _objective(A, E, limit)[0])


def _best_rank_one(
    A: Float[np.ndarray, "n n"], size: float, limit: float, rng: np.random.Generator
) -> Float[np.ndarray, "n n"]:
    """The best of several starts; the objective has more than one valley. A start is a smooth bump or noise."""
    n = len(A)
    k = np.arange(1, n + 1) / n
    starts = [sign * k * np.exp(-((k - c) ** 2) / 0.1) for c in (0.1, 0.3, 0.6) for sign in (1, -1)]
    starts += list(rng.standard_normal((4, n)))
    # From a larger perturbation, where kappa is small and its slope is exact, down to the size that is asked for.
    large = max(size, 0.1 * float(np.linalg.norm(A, 2)))
    ladder = np.geomspace(large, size, 1 + int(np.ceil(np.log2(large / size))))
    found = []
    for u in starts:
        E = np.outer(u, np.eye(n)[-1])
        for rung in ladder:
            E = _descend(A, E, limit, _column_of(A, float(rung)), lambda g: g[:, -1])
        found.append((_objective(A, E, limit)[0], E))
    return min(found, key=lambda pair: pair[0])[1]


def _column_of(A: Float[np.ndarray, "n n"], size: float) -> Callable[[np.ndarray], Float[np.ndarray, "n n"]]:
    """x -> size x / ||x|| e_n^T."""
    last = np.eye(len(A))[-1]
    return lambda x: np.outer(x * (size / np.linalg.norm(x)), last)


def _descend(
    A: Float[np.ndarray, "n n"], E: Float[np.ndarray, "n n"], limit: float, build: Callable[..., Any], unknowns: Slope
) -> Float[np.ndarray, "n n"]:
    """L-BFGS over x with E = build(x), which fixes the size of E: the slope along x itself is projected out."""
    scale = np.linalg.norm(build(unknowns(E)))

    def value_and_slope(x: Float[np.ndarray, " unknowns"]) -> tuple[float, Float[np.ndarray, " unknowns"]]:
        value, slope = _objective(A, build(x), limit)
        length = np.linalg.norm(x)
        direction, g = x / length, unknowns(slope) * scale / length
        return value, g - direction * (direction @ g)

    x = unknowns(E) / np.linalg.norm(unknowns(E))
    result = scipy.optimize.minimize(value_and_slope, x, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return build(result.x)


def _objective(
    A: Float[np.ndarray, "n n"], E: Float[np.ndarray, "n n"], limit: float
) -> tuple[float, Float[np.ndarray, "n n"]]:
    """log(||V^{-1}||_F^2 / n) / 2 + sum_i max(0, Re lambda_i - limit)^2 and its gradient in a real E.

    With G = V^* V, H = G^{-1}: f = sum_i H_ii G_ii does not depend on how columns are scaled, and is ||V^{-1}||_F^2
    for unit columns. First-order perturbation gives dV = V Z, Z_ij = (V^{-1} dE V)_ij / (lambda_j - lambda_i), so
    df = 2 Re sum_ij Z_ij (H_jj G_ji - H_ji).
    """
    eigenvalues, V = np.linalg.eig(A + E)
    inverse = np.linalg.inv(V)
    G, H = V.conj().T @ V, inverse @ inverse.conj().T
    f = float(np.trace(H).real)
    excess = np.maximum(0, eigenvalues.real - limit)
    slope = _gradient(eigenvalues, V, inverse, (np.diag(H).real[:, None] * G - H) / f, 2 * excess)
    return 0.5 * float(np.log(f / len(A))) + float((excess**2).sum()), slope.real


def _log_condition(
    eigenvalues: Inexact[np.ndarray, " n"], V: Inexact[np.ndarray, "n n"]
) -> tuple[float, Inexact[np.ndarray, "n n"]]:
    """kappa_2(V) and the gradient of its logarithm in E, real and imaginary parts as those of one complex matrix.

    With the outer singular vectors q_1, q_n of V and S = q_1 q_1^* - q_n q_n^*:
    d log kappa = Re sum_ij Z_ij (S_ji - S_jj G_ji), the second term keeping the columns at unit length.
    """
    _, sigma, Qh = np.linalg.svd(V)
    first, last = Qh[0].conj(), Qh[-1].conj()
    S = np.outer(first, first.conj()) - np.outer(last, last.conj())
    G = V.conj().T @ V
    slope = _gradient(eigenvalues, V, np.linalg.inv(V), S - np.diag(S)[:, None] * G, np.zeros(len(V)))
    return float(sigma[0] / sigma[-1]), slope


def _gradient(
    eigenvalues: Inexact[np.ndarray, " n"],
    V: Inexact[np.ndarray, "n n"],
    inverse: Inexact[np.ndarray, "n n"],
    M: Inexact[np.ndarray, "n n"],
    on_real_parts: Float[np.ndarray, " n"],
) -> Inexact[np.ndarray, "n n"]:
    """From slopes in Z and in Re lambda_i to a slope in E.

    T with Re sum_ab conj(T_ab) dE_ab = Re sum_ij Z_ij M_ji + sum_i on_real_parts_i dRe lambda_i.
    """
    gaps = eigenvalues[:, None] - eigenvalues
    np.fill_diagonal(gaps, 1)
    Y = M / gaps
    np.fill_diagonal(Y, on_real_parts)
    return (V @ Y @ inverse).conj().T


def _distinct(eigenvalues: Inexact[np.ndarray, " n"], what: str) -> None:
    gaps = np.abs(eigenvalues[:, None] - eigenvalues)
    np.fill_diagonal(gaps, np.inf)
    if len(eigenvalues) > 1 and gaps.min() <= 1e-12 * np.abs(eigenvalues).max():
        raise ValueError(
            f"{what} distinct eigenvalues, got two that agree to 1e-12: {eigenvalues[gaps.argmin() % len(gaps)]:.6g}"
        )
