"""The levels of a Hamiltonian: one eigendecomposition, kept, in whose basis every dense computation happens.

In the basis of the levels sgn(H - mu) is a diagonal of -1 and +1 for every mu, and a local field is a sum of 3n
matrices that were rotated once. This is the dense route, for up to 10 spins; longer chains go matrix-free.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Complex, Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.cooling.sign_functions import sign_of

MAX_DIMENSION = 1024
LARGEST = 1e200  # an entry: sums of products of larger ones overflow
_cache: OrderedDict[bytes, Levels] = OrderedDict()


@dataclass(frozen=True, eq=False)
class Levels:
    """Energies (ascending) and orthonormal eigenvectors (columns) of a Hamiltonian on N states."""

    energies: Float[np.ndarray, " N"]
    vectors: Float[np.ndarray, "N N"] | Complex[np.ndarray, "N N"]

    @property
    def dimension(self) -> int:
        return len(self.energies)

    @property
    def spread(self) -> float:
        """R = E_max - E_min."""
        return float(self.energies[-1] - self.energies[0])

    @property
    def gap(self) -> float:
        """Distance from the ground level to the next level that differs from it; 0 if there is none."""
        above = self.energies[~self.same_level(0)]
        return float(above[0] - self.energies[0]) if len(above) else 0.0

    def same_level(self, i: int) -> Bool[np.ndarray, " N"]:
        """Which eigenvectors belong to the level of eigenvector i: populations of a degenerate level are summed."""
        i = checks.integer(i, "i", 0, self.dimension - 1)
        return np.abs(self.energies - self.energies[i]) <= level_tolerance(self.energies)

    def coordinates(self, state: Any) -> Complex[np.ndarray, " N"]:
        """Amplitudes of a normalised state (qutip ket or vector) in the basis of the levels."""
        return self.vectors.conj().T @ amplitudes(state, self.dimension)

    def state(self, coordinates: ArrayLike) -> Complex[np.ndarray, " N"]:
        """The vector with these amplitudes in the basis of the levels, in the basis of the sites."""
        return (self.vectors @ checks.array(coordinates, "coordinates", (self.dimension,))).astype(complex)

    def operator(self, V: Any, name: str = "V") -> Complex[np.ndarray, "N N"]:
        """A Hermitian operator in the basis of the levels; V: qutip operator, matrix, or field of shape (n, 3)."""
        V = checks.array(V.full() if hasattr(V, "full") else V, name)
        N = self.dimension
        if V.ndim == 2 and V.shape[1] == 3 and 2 ** len(V) == N:
            with np.errstate(all="ignore"):
                return checks.array(np.tensordot(checks.real_array(V, name), self.paulis, axes=2), f"the sum of {name}")
        if V.shape != (N, N):
            fields = f" or a field of shape ({N.bit_length() - 1}, 3)" if N & (N - 1) == 0 else ""
            raise ValueError(f"{name} must be {N} x {N}{fields}, got shape {V.shape}")
        check_hermitian(checks.square(V, name), name)
        return (self.vectors.conj().T @ V @ self.vectors).astype(complex)

    @cached_property
    def paulis(self) -> Complex[np.ndarray, "n 3 N N"]:
        """X, Y, Z of every site in the basis of the levels, rotated once; only for a power of two states."""
        n = self.dimension.bit_length() - 1
        if 2**n != self.dimension:
            raise ValueError(f"a local field needs a power of two states, got {self.dimension}")
        index, bra = np.arange(self.dimension), self.vectors.conj().T
        rotated = np.empty((n, 3, self.dimension, self.dimension), dtype=complex)
        for i in range(n):
            mask = 1 << (n - 1 - i)
            z = np.where(index & mask, -1.0, 1.0)[:, None]
            flipped = self.vectors[index ^ mask]
            rotated[i, 0] = bra @ flipped
            rotated[i, 1] = -1j * (bra @ (z * flipped))  # Y|0> = i|1>, Y|1> = -i|0>
            rotated[i, 2] = bra @ (z * self.vectors)
        return rotated


def level_tolerance(energies: ArrayLike) -> float:
    """Energies no farther apart than this are one level: 1e-9 of the spread, or what an eigensolver rounds."""
    E = checks.real_array(energies, "energies", (None,))
    return float(max(1e-9 * np.ptp(E), 1e-13 * np.abs(E).max())) if len(E) else 0.0


def amplitudes(state: Any, dimension: int) -> Complex[np.ndarray, " N"]:
    """A normalised state (qutip ket or vector) as a vector; ValueError if its length or its norm is another."""
    psi = checks.array(state.full() if hasattr(state, "full") else state, "state").astype(complex)
    if psi.ndim > 2 or psi.size != dimension:
        raise ValueError(f"state must have {dimension} amplitudes, got shape {psi.shape}")
    if abs(np.linalg.norm(psi) - 1) > 1e-6:
        raise ValueError(f"state must be normalised, but its norm is {np.linalg.norm(psi):g}")
    return psi.reshape(-1)


def array_shape(value: Any, name: str) -> tuple[int, ...]:
    """The shape of an operator or an array, without making it dense."""
    shape = getattr(value, "shape", None)
    return shape if isinstance(shape, tuple) else checks.array(value, name).shape


def levels(H: Any) -> Levels:
    """The levels of a Hermitian operator (qutip or matrix, dense or sparse); the last 16 are kept for sliders.

    Raises ValueError if H is not square, not Hermitian, or has more than 1024 states.
    """
    if isinstance(H, Levels):
        return H
    matrix = dense(H)
    key = hashlib.blake2b(matrix.tobytes(), digest_size=16).digest() + bytes(str(matrix.shape), "ascii")
    if key not in _cache:
        check_hermitian(matrix, "H")
        real = not np.iscomplexobj(matrix) or not matrix.imag.any()
        energies, vectors = np.linalg.eigh(matrix.real if real else matrix)
        energies.flags.writeable = vectors.flags.writeable = False  # they are shared by all who ask
        _cache[key] = Levels(energies, vectors)
        if len(_cache) > 16:
            _cache.popitem(last=False)
    _cache.move_to_end(key)
    return _cache[key]


def smooth_sign(H: Any, mu: Any, width: Any = 0.0) -> Any:
    """S = erf((H - mu)/width), or sgn(H - mu) at width 0: the reprogrammed Hamiltonian with two flat bands (the paper).

    A qutip operator gives a qutip operator, a matrix gives a matrix. The sign itself is the paper's; the erf that
    smooths it is our reconstruction. Raises ValueError if H is not Hermitian or width is negative.
    """
    spectrum = levels(H)
    s = sign_of(spectrum.energies, mu, width)
    S = (spectrum.vectors * s) @ spectrum.vectors.conj().T
    if hasattr(H, "full"):
        import qutip

        return qutip.Qobj(S, dims=H.dims)
    return S


def dense(H: Any) -> np.ndarray:
    """The matrix of an operator. Raises: ValueError if it is not square or has more than 1024 states."""
    shape = getattr(H, "shape", ())
    if isinstance(shape, tuple) and max(shape, default=0) > MAX_DIMENSION:  # before it is made dense
        raise ValueError(
            f"H must have at most {MAX_DIMENSION} states for an eigendecomposition, got {max(shape)}: `cool` works "
            "without one"
        )
    matrix = checks.square(H.full() if hasattr(H, "full") else H, "H")
    if len(matrix) > MAX_DIMENSION:
        raise ValueError(f"H must have at most {MAX_DIMENSION} states for an eigendecomposition, got {len(matrix)}")
    return matrix


def check_hermitian(matrix: Any, name: str) -> None:
    """Raises ValueError if a square matrix, dense or sparse, differs from its adjoint by more than rounding."""
    largest = abs(matrix).max()
    if not largest <= LARGEST:
        raise ValueError(f"{name} must have entries of at most {LARGEST:g}, got {largest:g}")
    defect = abs(matrix - matrix.conj().T).max()
    if defect > 1e-10 * largest:
        raise ValueError(f"{name} must be Hermitian, but it differs from its adjoint by {defect:.2g}")
