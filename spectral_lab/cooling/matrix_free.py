"""A long chain without its eigenvectors: what `cool` needs of H, by products of H with vectors alone.

Signs, reflections and read-outs are Chebyshev series of H (`chebyshev`), kicks by a local field are rotations of single
spins, and of the levels only the two ends and the ground space are found, by Lanczos' method. (Ours: a simulation
method, literature throughout.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy
from jaxtyping import Complex

from spectral_lab import checks
from spectral_lab.cooling.bands import pulses
from spectral_lab.cooling.chebyshev import (
    ChebyshevSeries,
    apply_series,
    chebyshev_series,
    density_from_moments,
    moments,
    pointer_coefficients,
    reflection_coefficients,
    sample_density,
    sign_coefficients,
)
from spectral_lab.cooling.levels import array_shape, check_hermitian
from spectral_lab.cooling.queries import jacobi_anger_degree
from spectral_lab.cooling.readout import band_factors
from spectral_lab.cooling.schedules import kick_operator
from spectral_lab.cooling.sign_functions import sign_of
from spectral_lab.cooling.spin_chains import field_operator

MAX_STATES = 2**18
MAX_WORK = 2e12  # numbers that all products with H multiply: about an hour
ERROR = 1e-10  # of every Chebyshev series
TERMS = 14.0  # terms of such a series, in units of (hi - lo) / (2 width): twice as steep a function needs twice
MOMENTS = 3.5  # of a pointer's density, in units of (hi - lo) / resolution
MAX_DEGENERACY = 16  # of the ground level

Product = Callable[[np.ndarray], np.ndarray]
Vector = Complex[np.ndarray, " N"]


class Perturbation(NamedTuple):
    """V as a product with vectors, a bound of its norm, and the field (n, 3) if it is a local one."""

    product: Product
    norm: float
    field: np.ndarray | None = None


class MatrixFree:
    """H by its products with vectors: lowest and highest level, the ground space, and the functions that cooling needs.

    H: a sparse matrix of scipy, a qutip operator, or a LinearOperator. Raises ValueError unless H is Hermitian on at
    most 2^18 states, is no multiple of 1, and has a ground level of at most 16 states.
    """

    def __init__(self, H: Any) -> None:
        self.product, self.dimension, self.entries = hermitian_product(H, "H")
        scale = _size(self.product, self.dimension)
        scaled = lambda v: self.product(v) / scale  # noqa: E731  (ARPACK has absolute thresholds)
        top, bottom = (_extreme(scaled, self.dimension, which) for which in ("LA", "SA")) if scale else ((0,), (0,))
        spread = float(top[0] - bottom[0])
        tolerance = max(1e-9 * spread, 1e-13 * max(abs(top[0]), abs(bottom[0])))
        if spread <= tolerance:
            raise ValueError("H must have two levels at least, but it is a multiple of the identity")
        found, energy = [bottom[1]], bottom[0]
        while len(found) <= MAX_DEGENERACY:  # one vector at a time: those that are known are lifted above the top
            known = np.array(found)
            lifted = lambda v, g=known: scaled(v) + 2 * spread * (g.conj() @ v) @ g  # noqa: E731
            energy, vector = _extreme(lifted, self.dimension, "SA")
            if energy > bottom[0] + tolerance:
                break
            found.append(vector)
        else:
            raise ValueError(f"H must have a ground level of at most {MAX_DEGENERACY} states")
        self.ground = np.array(found)
        self.lowest, self.highest = float(bottom[0] * scale), float(top[0] * scale)
        self.spread = self.highest - self.lowest
        self.lo, self.hi = self.lowest - 1e-3 * self.spread, self.highest + 1e-3 * self.spread

    def energy(self, psi: Vector) -> float:
        """The mean energy."""
        return float(np.vdot(psi, self.product(psi)).real)

    def ground_population(self, psi: Vector) -> float:
        """Weight on the ground space."""
        return float((np.abs(self.ground.conj() @ psi) ** 2).sum())

    def contrast(self, mu: float, width: float) -> float:
        """How far the sign of the highest level is from that of the lowest."""
        return float(np.ptp(sign_of([self.lowest, self.highest], mu, width)))

    def stir(
        self, psi: Vector, mu: float, V: Perturbation, *, width: float, alpha: float, angle: float, drive: str
    ) -> Vector:
        """A step under S + alpha V, or its bang-bang form; see `bands.cooling_step`."""
        if drive == "constant":
            sign = sign_coefficients(mu, width, self.lo, self.hi, ERROR)
            both = lambda v: self.apply(sign, v) + alpha * V.product(v)  # noqa: E731
            return _propagate(both, angle / alpha, 1 + 1e-6 + alpha * V.norm, psi)
        rounds = pulses(angle, alpha)
        reflection = reflection_coefficients(mu, width, self.lo, self.hi, ERROR)
        psi = _kick(V, 0.5 * angle / rounds, psi)
        for j in range(rounds):  # two half kicks make a whole one
            psi = _kick(V, angle / rounds * (1.0 if j < rounds - 1 else 0.5), self.apply(reflection, psi))
        return psi

    def read(self, psi: Vector, resolution: float, rng: np.random.Generator) -> float:
        """A pointer reading, sampled from its density on a fine grid."""
        m = moments(self.product, psi, self.lo, self.hi, self._moments(resolution))
        e = np.arange(self.lo - 5 * resolution, self.hi + 5 * resolution, resolution / 4)
        return sample_density(e, density_from_moments(m, self.lo, self.hi, resolution, e), rng)

    def collapse(self, psi: Vector, e: float, resolution: float) -> Vector:
        """The state after the pointer reading e."""
        return _normalised(self.apply(pointer_coefficients(e, resolution, self.lo, self.hi, ERROR), psi))

    def ask(self, psi: Vector, mu: float, width: float, rng: np.random.Generator) -> tuple[Vector, bool]:
        """Measure 'below mu?': the state after the answer, and the answer."""
        kraus = [
            chebyshev_series(
                lambda E, k=k: band_factors(sign_of(E, mu, width))[k], self.lo, self.hi, ERROR, detail=width
            )
            for k in (0, 1)
        ]
        lower = self.apply(kraus[0], psi)
        below = bool(rng.random() < np.linalg.norm(lower) ** 2)
        return _normalised(lower if below else self.apply(kraus[1], psi)), below

    def apply(self, series: ChebyshevSeries, psi: Vector) -> Vector:
        """f(H) psi."""
        return np.asarray(apply_series(series, self.product, psi))

    def check_cost(
        self, steps: int, policy: str, *, width: float, resolution: float, alpha: float, angle: float, drive: str
    ) -> None:
        """Raises ValueError before a run that has no polynomial, or that would take hours."""
        if drive == "ramp":
            raise ValueError("drive must be 'constant' or 'bang-bang' for an H without eigenvectors, got 'ramp'")
        terms = {"width": TERMS * self.spread / 2}
        if policy == "pointer":
            terms["resolution"] = MOMENTS * (self.hi - self.lo)
        for name, value in (("width", width), ("resolution", resolution)):
            if name in terms and not value * 50_000 >= terms[name]:
                raise ValueError(
                    f"{name} must be at least {terms[name] / 50_000:.3g} for an H without eigenvectors, got {value:g}: "
                    "sharper functions are no polynomials of a useful degree"
                )
        uses = pulses(angle, alpha) if drive == "bang-bang" else jacobi_anger_degree((1 + alpha) * angle / alpha, ERROR)
        products = uses * terms["width"] / width
        products += {"none": 0.0, "band": 2 * terms["width"] / width}.get(
            policy, 2 * terms.get("resolution", 0.0) / resolution
        )
        if steps * products * self.entries > MAX_WORK:
            raise ValueError(
                f"steps = {steps} would take about {steps * products:.1e} products with H of {self.dimension} states, "
                f"at most {MAX_WORK / self.entries:.1e} are allowed: take fewer steps, or a larger width"
            )

    def _moments(self, resolution: float) -> int:
        return max(2, int(np.ceil(MOMENTS * (self.hi - self.lo) / resolution)))


def hermitian_product(H: Any, name: str) -> tuple[Product, int, int]:
    """The product with a Hermitian operator, its dimension, and how many numbers a product multiplies.

    Raises ValueError unless it is square, finite and Hermitian, with at most 2^18 states.
    """
    shape = tuple(H.shape)
    if len(shape) != 2 or shape[0] != shape[1] or not 0 < shape[0] <= MAX_STATES:
        raise ValueError(f"{name} must be square with at most {MAX_STATES} states, got shape {shape}")
    if hasattr(H, "matvec"):
        rng = np.random.default_rng(0)
        u, v = rng.normal(size=(2, shape[0])) + 1j * rng.normal(size=(2, shape[0]))
        product = lambda x: np.asarray(H.matvec(x)).reshape(-1)  # noqa: E731
        left, right = np.vdot(u, product(v)), np.vdot(product(u), v)
        if not abs(left - right) <= 1e-8 * np.linalg.norm(product(v)) * np.linalg.norm(u):
            raise ValueError(f"{name} must be Hermitian and finite, but <u|Hv> - <Hu|v> is {abs(left - right):.2g}")
        return product, shape[0], 20 * shape[0]
    if hasattr(H, "full"):
        H = H.to("csr").data_as("csr_matrix")
    matrix = scipy.sparse.csr_array(H if scipy.sparse.issparse(H) else checks.square(H, name))
    matrix = scipy.sparse.csr_array(
        (checks.array(matrix.data, name).astype(complex), matrix.indices, matrix.indptr), shape
    )
    check_hermitian(matrix, name)
    return lambda x: matrix @ x, shape[0], matrix.nnz


def perturbation_product(V: Any, dimension: int) -> Perturbation:
    """V for `MatrixFree.stir`: a field (n, 3), or a Hermitian operator as H may be."""
    shape = array_shape(V, "perturbation")
    n = dimension.bit_length() - 1
    if shape == (n, 3):
        field = checks.real_array(V, "perturbation")
        return Perturbation(_field_product(field), float(np.linalg.norm(field, axis=1).sum()), field)
    if shape != (dimension, dimension):
        raise ValueError(f"perturbation must be {dimension} x {dimension} or a field of shape ({n}, 3), got {shape}")
    product, _, _ = hermitian_product(V, "perturbation")
    scale = _size(product, dimension) or 1.0
    ends = [_extreme(lambda v: product(v) / scale, dimension, which)[0] for which in ("LA", "SA")]
    return Perturbation(product, 1.001 * scale * float(np.abs(ends).max()))


def _field_product(field: np.ndarray) -> Product:
    """The matrix is made when a product is asked for: kicks do not need it."""
    kept: list[Any] = []

    def product(psi: Vector) -> Vector:
        if not kept:
            kept.append(field_operator(field).data_as("csr_matrix"))
        return kept[0] @ psi

    return product


def _kick(V: Perturbation, angle: float, psi: Vector) -> Vector:
    """e^{-i angle V} psi."""
    if V.field is None:
        return _propagate(V.product, angle, V.norm, psi)
    left = 1
    for first in range(0, len(V.field), 5):  # a few spins at a time are one small matrix
        U = kick_operator(angle * V.field[first : first + 5])
        right = len(psi) // (left * len(U))
        blocks = psi.reshape(left, len(U), right)
        psi = (blocks[..., 0] @ U.T if right == 1 else U @ blocks).reshape(-1)
        left *= len(U)
    return psi


def _propagate(product: Product, t: float, norm: float, psi: Vector) -> Vector:
    """e^{-i t A} psi for a Hermitian A with ||A|| <= norm."""
    if t * norm == 0:
        return psi
    series = chebyshev_series(lambda E: np.exp(-1j * t * E), -norm, norm, ERROR, detail=min(1 / t, norm))
    return np.asarray(apply_series(series, product, psi))


def _extreme(product: Product, dimension: int, which: str) -> tuple[float, np.ndarray]:
    """The lowest ('SA') or highest ('LA') eigenvalue and its vector, for eigenvalues of order 1.

    The start is random, what is found is not. Scipy's `eigsh` multiplies the start by the operator, and so loses an
    eigenvalue that is exactly 0: all eigenvalues are moved by pi.
    """
    rng = np.random.default_rng(0)
    start = rng.normal(size=dimension) + 1j * rng.normal(size=dimension)
    moved = lambda v: product(v) + np.pi * v  # noqa: E731
    operator = scipy.sparse.linalg.LinearOperator((dimension, dimension), matvec=moved, dtype=complex)
    try:
        energies, vectors = scipy.sparse.linalg.eigsh(operator, 1, which=which, v0=start)
    except scipy.sparse.linalg.ArpackError as error:
        raise ValueError(f"H must let Lanczos' method converge to its lowest and highest level, but: {error}") from None
    return float(energies[0]) - np.pi, vectors[:, 0]


def _size(product: Product, dimension: int) -> float:
    """About the root mean square of the eigenvalues."""
    v = np.random.default_rng(1).normal(size=dimension).astype(complex)
    return float(np.linalg.norm(product(v)) / np.linalg.norm(v))


def _normalised(psi: Vector) -> Vector:
    return psi / np.linalg.norm(psi)
