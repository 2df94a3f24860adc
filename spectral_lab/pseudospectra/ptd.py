"""Perturb, then diagonalise: make a matrix diagonalisable by changing it a little, on purpose.

    A + E = V diag(lambda) V^{-1},   ||E||_2 = eps ||A||_2,   kappa(V) as small as possible

The eigenvalues may move far (forward error); the system moves by E and no more (backward error), and a model uses only
the system. The trade-off kappa(V) against ||E|| is Davies' functional (2007); that some E always does well is the
theorem of Banks, Kulkarni, Mukherjee and Srivastava (2019): kappa(V) <= 4 n^{3/2} (1 + 1 / eps).

Ways to choose E: by descent on kappa over all E ("dense"); by descent over E = u e_n^T ("rank-one"), feedback from the
last state only, which for LegS is nearly as good (derived here); at random ("ginibre", "gaussian").
"""

from __future__ import annotations

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
from spectral_lab.pseudospectra import balancing
from spectral_lab.pseudospectra.modal import modal_transfer

WORST = 80.0  # of the objective: the logarithm of a condition of 1e35
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

    Args: A, E (n, n), real or complex. Raises: ValueError, also if A + E has too few independent eigenvectors.
    """
    A, E = checks.square(A, "A"), checks.square(E, "E")
    if A.shape != E.shape:
        raise ValueError(f"A and E must be of one shape, got {A.shape} and {E.shape}")
    eigenvalues, V = np.linalg.eig(A + E)
    condition = float(np.linalg.cond(V))
    if not condition < 0.1 / np.finfo(float).eps:
        raise ValueError(f"A + E must have n independent eigenvectors, got ones with condition number {condition:.1g}")
    height = np.abs(eigenvalues.imag) / (np.abs(eigenvalues).max() or 1.0)
    order = np.lexsort((eigenvalues.real, -eigenvalues.imag, -height.round(9)))  # pairs stay together
    return PTD(E, eigenvalues[order].astype(complex), V[:, order].astype(complex), condition)


def ptd(A: ArrayLike, epsilon: Any = 0.05, method: str = "dense", *, seed: SupportsInt = 0) -> PTD:
    """Perturb A by E with ||E||_2 = epsilon ||A||_2 (at most, for "dense"), then diagonalise.

    - "dense": every E of ||E||_F = epsilon ||A||_2, by descent from random starts on the objective below;
    - "rank-one": E = u e_j^T, u by descent, j the state that the others lead to (the last, for LegS and wherever each
      leads to all); made for LegS, where n numbers do nearly as well as n^2;
    - "ginibre", "gaussian": complex or real independent normal entries (the paper's Theorem 4 is about the first).

    Descent minimises log(||V^{-1}||_F^2 / n) / 2 + sum_i max(0, Re lambda_i - limit)^2 / m^2 with L-BFGS, over real E
    for a real A. The first term is smooth where kappa_2 is not, and V has unit columns; the second holds eigenvalues
    of a stable A back at half its margin m = -alpha(A): limit = -m / 2, -1/2 for LegS (or alpha(A) with m = ||A||_2,
    where alpha is not negative). It keeps LegS stable, but is a price and no wall: a Jordan block may end unstable, so
    look at `abscissa`. Derived here. It takes seconds for 32 states, minutes for 100.

    Args: A (n, n), real or complex, not zero; epsilon from 1e-15 to 1e6 (outside, E or A is lost in the rounding of
    A + E); seed, at least 0.
    Raises: ValueError.
    """
    A, epsilon = checks.square(A, "A"), checks.number(epsilon, "epsilon", 1e-15, 1e6)
    method, seed = checks.choice(method, "method", METHODS), checks.integer(seed, "seed", 0)
    norm, rng = float(np.linalg.norm(A, 2)), np.random.default_rng(seed)
    if not 1e-290 <= norm <= 1e290:
        raise ValueError(f"A must have a norm between 1e-290 and 1e290, and epsilon is relative to it; got {norm:.3g}")
    if method in ("ginibre", "gaussian"):
        draw = rng.standard_normal(A.shape) + (1j * rng.standard_normal(A.shape) if method == "ginibre" else 0)
        return diagonalize(A, draw * (epsilon * norm / np.linalg.norm(draw, 2)))
    spectrum, rounding = balancing.eigenvalues(A)
    alpha = float(spectrum.real.max())
    stable = alpha < -max(rounding, 1e-15 * norm)
    unit = -alpha if stable else norm
    best = _best_rank_one if method == "rank-one" else _best_dense
    E = unit * best(A / unit, epsilon * norm / unit, -0.5 if stable else alpha / unit, rng)
    try:
        return diagonalize(A, E)
    except ValueError as error:
        raise ValueError(
            f"epsilon and method must make A diagonalisable, got {epsilon:g} and {method!r}: {error}"
        ) from None


def ptd_by_adam(
    A: ArrayLike, weight: Any = 1.0, *, steps: SupportsInt = 3000, rate: Any = 0.1, seed: SupportsInt = 0
) -> PTD:
    """The authors' way to choose E: Adam on kappa_2(V)^2 + weight ||E||_F over every complex E.

    As in the paper's code, E starts with entries uniform in [0, 0.1) in both parts; nothing keeps A + E stable, and
    it often is not. The paper writes the objective as kappa + gamma ||E||.

    Args: A (n, n); weight > 0, at most 1e100; steps, 1 to 100 000; rate > 0, at most 1e6; seed, at least 0.
    Raises: ValueError.
    """
    A, weight = checks.square(A, "A"), checks.number(weight, "weight", above=0, maximum=1e100)
    steps, rate = checks.integer(steps, "steps", 1, 100_000), checks.number(rate, "rate", above=0, maximum=1e6)
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
    n = checks.integer(n, "n")
    if n not in STORED:
        raise ValueError(f"n must be one of {', '.join(map(str, STORED))}: only these paths are stored, got {n}")
    return _stored_path(n)


@cache
def _stored_path(n: int) -> Path:
    with np.load(PATHS) as archive:
        return Path(n, archive["epsilons"], archive[f"U{n}"])


def rank_one_path(n: SupportsInt, epsilons: ArrayLike, seed: SupportsInt = 0) -> Path:
    """Optimise u along falling sizes, each from the one before: well-conditioned problems lead to harder ones.

    Args: n, 2 to 128; epsilons, 1e-15 to 1e6 relative to ||A_H||; seed, at least 0. Raises: ValueError.
    """
    A, _ = legs(checks.order(n, "n", 2, 128))
    relative = np.ravel(checks.array(epsilons, "epsilons"))
    if (
        np.iscomplexobj(relative)
        or not ((relative >= 1e-15) & (relative <= 1e6)).all()
        or not 1 <= len(relative) <= 1000
    ):
        raise ValueError(f"epsilons must hold 1 to 1000 sizes from 1e-15 to 1e6, got {checks.shown(epsilons)}")
    sizes = np.sort(relative)[::-1] * np.linalg.norm(A, 2)
    rng = np.random.default_rng(checks.integer(seed, "seed", 0))
    E = _best_rank_one(A, float(sizes[0]), -0.5, rng)
    columns = []
    for size in sizes:
        E = _descend(A, E, -0.5, _Family(A, slice(-1, None), float(size)))
        columns.append(E[:, -1])
    return Path(len(A), sizes[::-1] / np.linalg.norm(A, 2), np.array(columns[::-1]))


@dataclass(frozen=True)
class _Family:
    """The matrices E = size x / ||x|| that are 0 outside some columns, from real unknowns x; and slopes in x."""

    like: Inexact[np.ndarray, "n n"]  # real or complex as A is
    columns: slice
    size: float

    def matrix(self, x: Float[np.ndarray, " unknowns"]) -> Inexact[np.ndarray, "n n"]:
        E = np.zeros_like(self.like)
        E[:, self.columns] = (x * (self.size / np.linalg.norm(x))).view(E.dtype).reshape(len(E), -1)
        return E

    def unknowns(self, E: Inexact[np.ndarray, "n n"]) -> Float[np.ndarray, " unknowns"]:
        return E[:, self.columns].astype(self.like.dtype).ravel().view(float)


def _best_dense(
    A: Inexact[np.ndarray, "n n"], size: float, limit: float, rng: np.random.Generator
) -> Inexact[np.ndarray, "n n"]:
    """The best of a few random starts: the fewer states, the more the valleys differ in depth."""
    starts = rng.standard_normal((max(2, 32 // len(A)), *A.shape))
    if np.iscomplexobj(A):
        starts = starts + 1j * rng.standard_normal(starts.shape)
    return _best(A, list(starts), slice(None), size, 8 * size, limit)


def _best_rank_one(
    A: Inexact[np.ndarray, "n n"], size: float, limit: float, rng: np.random.Generator
) -> Inexact[np.ndarray, "n n"]:
    """The best of several starts; the objective has more than one valley. A start is a smooth bump or noise."""
    n, j = len(A), int(balancing.irreducible_blocks(A)[0][-1])
    k = np.arange(1, n + 1) / n
    starts = [sign * k * np.exp(-((k - c) ** 2) / 0.1) for c in (0.1, 0.3, 0.6) for sign in (1, -1)]
    starts += list(rng.standard_normal((4, n)))
    matrices = [np.outer(u, np.eye(n)[j]) for u in starts]
    return _best(A, matrices, slice(j, j + 1), size, 0.1 * float(np.linalg.norm(A, 2)), limit)


def _best(
    A: Inexact[np.ndarray, "n n"],
    starts: list[Inexact[np.ndarray, "n n"]],
    columns: slice,
    size: float,
    large: float,
    limit: float,
) -> Inexact[np.ndarray, "n n"]:
    """From larger perturbations, where kappa is small and its slope is exact, down to the size that is asked for.

    The deepest valley is followed to its floor. Of two that are equally deep the first is taken: rounding, which
    differs between machines, is not to choose.
    """
    large = max(size, large)
    ladder = np.geomspace(large, size, 1 + int(np.ceil(np.log2(large / size))))
    found = []
    for E in starts:
        for rung in ladder:
            E = _descend(A, E, limit, _Family(A, columns, float(rung)), steps=50 if rung > size else 300)
        found.append(E)
    depths = np.array([_objective(A, E, limit)[0] for E in found])
    first = int(np.flatnonzero(depths <= depths.min() + 1e-4)[0])
    return _descend(A, found[first], limit, _Family(A, columns, size), steps=3000, tolerance=1e-12)


def _descend(
    A: Inexact[np.ndarray, "n n"],
    E: Inexact[np.ndarray, "n n"],
    limit: float,
    family: _Family,
    steps: int = 300,
    tolerance: float = 2e-9,
) -> Inexact[np.ndarray, "n n"]:
    """L-BFGS over x, which fixes the direction of E and not its size: the slope along x itself is projected out."""

    def value_and_slope(x: Float[np.ndarray, " unknowns"]) -> tuple[float, Float[np.ndarray, " unknowns"]]:
        value, slope = _objective(A, family.matrix(x), limit)
        length = np.linalg.norm(x)
        direction, g = x / length, family.unknowns(slope) * family.size / length
        return value, g - direction * (direction @ g)

    x = family.unknowns(E)
    options = {"maxiter": steps, "ftol": tolerance, "gtol": 1e-7, "maxcor": 20}
    result = scipy.optimize.minimize(
        value_and_slope, x / np.linalg.norm(x), jac=True, method="L-BFGS-B", options=options
    )
    return family.matrix(result.x)


def _objective(
    A: Inexact[np.ndarray, "n n"], E: Inexact[np.ndarray, "n n"], limit: float
) -> tuple[float, Inexact[np.ndarray, "n n"]]:
    """log(||V^{-1}||_F^2 / n) / 2 + sum_i max(0, Re lambda_i - limit)^2 and its gradient, real if A + E is.

    With G = V^* V, H = G^{-1}: f = sum_i H_ii G_ii does not depend on how columns are scaled, and is ||V^{-1}||_F^2
    for unit columns. First-order perturbation gives dV = V Z, Z_ij = (V^{-1} dE V)_ij / (lambda_j - lambda_i), so
    df = 2 Re sum_ij Z_ij (H_jj G_ji - H_ji).
    """
    eigenvalues, V = np.linalg.eig(A + E)
    try:
        inverse = np.linalg.inv(V)
    except np.linalg.LinAlgError:  # defective to the last digit: as bad as it gets, and no way out can be seen
        return WORST, np.zeros_like(A + E)
    G, H = V.conj().T @ V, inverse @ inverse.conj().T
    f = float(np.trace(H).real)
    excess = np.maximum(0, eigenvalues.real - limit)
    slope = _gradient(eigenvalues, V, inverse, (np.diag(H).real[:, None] * G - H) / f, 2 * excess)
    value = 0.5 * float(np.log(f / len(A))) + float((excess**2).sum())
    return value, slope if np.iscomplexobj(A) or np.iscomplexobj(E) else slope.real


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
    gaps[np.abs(gaps) <= 1e-15 * np.abs(eigenvalues).max()] = np.inf  # any basis of their eigenvectors is as good
    np.fill_diagonal(gaps, 1)
    Y = M / gaps
    np.fill_diagonal(Y, on_real_parts)
    return (V @ Y @ inverse).conj().T
