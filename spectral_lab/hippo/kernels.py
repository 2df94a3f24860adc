"""From a state space to a convolution kernel: K[k] = C A_bar^k B_bar, k = 0..L-1, by three algorithms that agree.

With x_k = A_bar x_{k-1} + B_bar u_k and y_k = C x_k, the output is the convolution of the input with K.

- "powers": one product after the other, O(n^2 L): the definition, and the oracle for the others.
- "cauchy": S4's way (arXiv 2111.00396, section 3): evaluate the generating function of K at the roots of unity, where
  diagonal plus low rank (DPLR) makes it four Cauchy sums, O(n L), then invert the Fourier transform.
- "krylov": two levels (derived here) of doubling, the squaring trick of the authors' code: K[a m + b] =
  (C A_bar^{m a}) (A_bar^b B_bar), so sqrt(L) rows times sqrt(L) columns give all L entries, O(n^2 sqrt(L) + n L) as
  plain matrix products. No division by zero, no correction of C, any L. This is the default.

In single precision all keep three to seven digits; which keeps more depends on n, L and the step.
"""

from __future__ import annotations

from math import isqrt, log2
from typing import Any

import numpy as np
from jaxtyping import Complex, Float, Inexact
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hippo.discretization import METHODS as DISCRETIZATIONS
from spectral_lab.hippo.discretization import discretize
from spectral_lab.hippo.dplr import DPLR

METHODS = ("powers", "cauchy", "krylov")
LONGEST = 10_000_000  # samples of a kernel
Dense = tuple[Inexact[np.ndarray, "*systems n n"], Inexact[np.ndarray, "*systems n"]]


def kernel(
    system: Any,
    C: ArrayLike,
    step: Any,
    length: Any,
    method: str = "krylov",
    discretization: str = "bilinear",
) -> Inexact[np.ndarray, "*channels length"]:
    """The convolution kernel K[k] = C A_bar^k B_bar, k = 0..length-1, in the last axis.

    Args:
        system: a pair (A, B) with A (n, n), B (n,); or a `DPLR`, whose leading axes are independent systems.
        C: (..., n) in the coordinates of the pair; for a `DPLR`, (..., half) in the eigenbasis (the output is then
            2 Re(C z)), or (..., n) in the original real coordinates where the system knows its V.
            Leading axes: channels, then the axes of the systems.
        step: the time step, > 0; one for each system, or one number.
        length: L from 1 to 10 million ("powers" takes some microseconds for each sample).
        method: "powers", "cauchy" (a `DPLR` with the bilinear rule only) or "krylov".
        discretization: "bilinear", "zoh", "euler" or "backward_euler".
    A `DPLR` in single precision gives a single precision computation.
    Raises: ValueError, also if the system grows so fast that the kernel overflows.
    """
    length = checks.integer(length, "length", 1, LONGEST)
    method = checks.choice(method, "method", METHODS)
    discretization = checks.choice(discretization, "discretization", DISCRETIZATIONS)
    if method == "cauchy":
        if not isinstance(system, DPLR) or discretization != "bilinear":
            raise ValueError("method 'cauchy' needs a DPLR system and discretization 'bilinear'; 'krylov' takes all")
        omega = np.exp(-2j * np.pi * np.arange(length // 2 + 1) / length)
        return np.fft.irfft(generating_function(system, C, step, length, omega), length).astype(_real_type(system))
    A_bar, B_bar, c = discrete_system(system, C, step, discretization)
    checks.room(max(c[..., 0].size, B_bar[..., 0].size) * length, "C and length")
    with np.errstate(all="ignore"):
        K = _powers(A_bar, B_bar, c, length) if method == "powers" else _krylov(A_bar, B_bar, c, length)
    if not np.isfinite(K).all():
        raise ValueError(f"step must keep the discrete system from growing: the kernel of length {length} overflows")
    return K


def discrete_system(
    system: Any, C: ArrayLike, step: Any, discretization: str = "bilinear"
) -> tuple[Inexact[np.ndarray, "*systems n n"], Inexact[np.ndarray, "*systems n"], Inexact[np.ndarray, "*channels n"]]:
    """Dense (A_bar, B_bar, C) for the recurrence x_k = A_bar x_{k-1} + B_bar u_k, y_k = C x_k.

    A `DPLR` becomes the real system on the state (Re z, Im z), with C z -> 2 (Re C, -Im C).
    Args: as `kernel`. Raises: ValueError.
    """
    discretization = checks.choice(discretization, "discretization", DISCRETIZATIONS)
    if not isinstance(system, DPLR):
        A, B = _pair(system)
        A_bar, B_bar = discretize(A, B, checks.number(step, "step", above=0), discretization)
        return A_bar, B_bar, _read_out(C, len(B), "n")
    Delta = _steps(step, system)
    checks.room(4 * system.Lambda.size * system.Lambda.shape[-1], "system")
    c = _real_read_out(_eigen_read_out(system, C))
    if discretization == "bilinear":
        return *_bilinear(system, Delta), c
    A, B = system.real()
    Delta = np.broadcast_to(Delta, B.shape[:-1])
    pairs = [discretize(A[i], B[i], float(Delta[i]), discretization) for i in np.ndindex(Delta.shape)]
    A_bar = np.array([pair[0] for pair in pairs], dtype=A.dtype).reshape(A.shape)
    return A_bar, np.array([pair[1] for pair in pairs], dtype=B.dtype).reshape(B.shape), c


def generating_function(
    system: Any, C: ArrayLike, step: Any, length: Any, omega: ArrayLike
) -> Complex[np.ndarray, "*channels points"]:
    """The truncated generating function sum_{k<L} K[k] omega^k of the bilinear kernel, from Cauchy sums.

    With C~ = C (I - A_bar^L), d_n = 2 (1 - omega) - (1 + omega) D Lambda_n for step D, and sums over all n,

        K^(omega) = 2 D sum C~ B / d - [D (1 + omega) sum C~ P / d] M^{-1} [2 D sum P^* B / d],
        M = I + D (1 + omega) sum P^* P / d            (Woodbury; S4, arXiv 2111.00396, appendix C.3).

    S4 writes it with z = 2 (1 - omega)/(1 + omega), which is infinite at omega = -1; multiplied through, as here, that
    point is like any other. An eigenvalue 0 (the mean and the dead state of FouT) makes the sums infinite at omega = 1,
    where the dense resolvent is used. C~ makes the sum finite only where omega^L = 1.

    Args: system, a `DPLR`; omega, L-th roots of unity, in one axis; the others as `kernel`. Raises: ValueError.
    """
    length = checks.integer(length, "length", 1, LONGEST)
    if not isinstance(system, DPLR):
        raise ValueError(f"system must be a DPLR, got {type(system).__name__}")
    omega = checks.array(omega, "omega", (None,)).astype(np.complex128)
    if (np.abs(omega**length - 1) > 1e-6 * length).any():
        raise ValueError(f"omega must be roots of unity of order length = {length}")
    omega = omega.astype(_complex_type(system))
    checks.room(2 * system.Lambda.size * len(omega), "system and omega")
    Delta = _steps(step, system)
    A_bar, B_bar = _bilinear(system, Delta)
    c = _real_read_out(_eigen_read_out(system, C))
    c = c - (c[..., None, :] @ np.linalg.matrix_power(A_bar, length))[..., 0, :]
    half = c.shape[-1] // 2
    C_tilde = _both_halves((c[..., :half] - 1j * c[..., half:]) / 2)
    Lambda, B, P = (_both_halves(x) for x in (system.Lambda, system.B, system.P))
    D = np.asarray(Delta)[..., None]
    turn, decay = 2 * (1 - omega), (1 + omega) * (D * Lambda)[..., None]
    d = turn - decay  # (*systems, n, points)
    infinite = np.abs(d) <= 1e-12 * (np.abs(turn) + np.abs(decay))  # cancelled, or 0: whatever the units are
    poles = 1 / np.where(infinite, 1, d)

    def cauchy(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        return np.einsum("...n,...nf->...f", X * Y, poles)

    rank = len(P)
    direct = 2 * D * cauchy(C_tilde, B)
    left = np.stack([D * (1 + omega) * cauchy(C_tilde, P[r]) for r in range(rank)], axis=-1)
    right = np.stack([2 * D * cauchy(P[r].conj(), B) for r in range(rank)], axis=-1)
    M = np.stack([np.stack([cauchy(P[r].conj(), P[s]) for s in range(rank)], -1) for r in range(rank)], -2)
    M = np.eye(rank) + (D * (1 + omega))[..., None, None] * M
    K_hat = direct - (left[..., None, :] @ np.linalg.solve(M, right[..., None]))[..., 0, 0]
    for f in np.flatnonzero(infinite.any(axis=tuple(range(infinite.ndim - 1)))):
        resolvent = np.linalg.pinv(np.eye(c.shape[-1]) - omega[f] * A_bar, rcond=1e-10)
        K_hat[..., f] = (c * (resolvent @ B_bar[..., None])[..., 0]).sum(axis=-1)
    if not np.isfinite(K_hat).all():
        raise ValueError(f"C must keep the sums finite, got entries of up to {np.abs(c).max():.3g}")
    return K_hat


def _powers(A_bar: np.ndarray, B_bar: np.ndarray, c: np.ndarray, length: int) -> np.ndarray:
    x, K = B_bar, []
    for _ in range(length):
        K.append((c * x).sum(axis=-1))
        x = (A_bar @ x[..., None])[..., 0]
    return np.stack(K, axis=-1)


def _krylov(A_bar: np.ndarray, B_bar: np.ndarray, c: np.ndarray, length: int) -> np.ndarray:
    """K[a m + b] = (c A^{a m}) (A^b B): columns and rows are doubled with A, A^2, A^4, ... until they suffice."""
    width = 1 << (isqrt(length - 1)).bit_length() if length > 1 else 1
    columns, power = B_bar[..., None], A_bar
    while columns.shape[-1] < width:
        columns = np.concatenate([columns, power @ columns], axis=-1)
        power = power @ power
    rows = c[..., None, :]
    while rows.shape[-2] * width < length:
        rows = np.concatenate([rows, rows @ power], axis=-2)
        if rows.shape[-2] * width < length:
            power = power @ power
    K = rows @ columns
    return K.reshape(*K.shape[:-2], -1)[..., :length]


def _bilinear(system: DPLR, Delta: Float[np.ndarray, "*systems"]) -> Dense:
    """A_bar = -I + (4/D) R and B_bar = 2 R B with the resolvent R = (2/D - A)^{-1}, in real coordinates.

    Woodbury: R = E - E P (I + P^* E P)^{-1} P^* E with E = (2/D - Lambda)^{-1}, and each product with P^* runs over the
    whole spectrum: P^* z = 2 Re(sum conj(P_k) z_k).
    """
    half = system.Lambda.shape[-1]
    D = np.asarray(Delta)[..., None]
    E = 1 / (2 / D - system.Lambda)
    EP, PE = E * system.P, system.P.conj() * E
    u = np.concatenate([EP.real, EP.imag], axis=-1)  # (rank, *systems, n): E P as real columns
    v = _real_read_out(PE)  # (rank, *systems, n): P^* E as real rows
    middle = np.eye(len(u), dtype=u.dtype) + 2 * np.einsum("r...k,s...k->...rs", PE, system.P).real
    v = np.einsum("...rs,s...n->r...n", np.linalg.inv(middle), v)
    R = -np.einsum("r...i,r...j->...ij", u, v)
    k = np.arange(half)
    R[..., k, k] += E.real
    R[..., k + half, k + half] += E.real
    R[..., k, k + half] -= E.imag
    R[..., k + half, k] += E.imag
    B = np.concatenate([system.B.real, system.B.imag], axis=-1)
    B_bar = 2 * (R @ B[..., None])[..., 0]
    A_bar = (4 / D)[..., None] * R
    j = np.arange(2 * half)
    A_bar[..., j, j] -= 1
    return A_bar, B_bar


def kernel_as_printed(system: Any, C: ArrayLike, step: Any, length: Any) -> Float[np.ndarray, " length"]:
    """The kernel by Cauchy sums at z = 2 (1 - omega)/(1 + omega), as S4 prints it: infinite at omega = -1.

    For one system of rank one, C in its eigenbasis. The roots of unity of an even length meet -1, and every sample is
    then not a number; those of an odd length do not. `kernel` takes a form without that pole. Raises: ValueError.
    """
    length = checks.integer(length, "length", 1, LONGEST)
    if not isinstance(system, DPLR) or system.Lambda.ndim != 1 or len(system.P) != 1:
        raise ValueError("system must be one DPLR of rank one")
    A_bar, _, c = discrete_system(system, C, step)
    c = c - c @ np.linalg.matrix_power(A_bar, length)
    half = len(c) // 2
    omega = np.exp(-2j * np.pi * np.arange(length // 2 + 1) / length)
    if length % 2 == 0:
        omega[-1] = -1.0  # which rounding would miss
    left = np.stack([(c[:half] - 1j * c[half:]) / 2, system.P[0].conj()])
    v = left[:, None] * np.stack([system.B, system.P[0]]) * step
    with np.errstate(all="ignore"):
        z = (2 * (1 - omega) / (1 + omega)).astype(system.Lambda.dtype)
        poles = system.Lambda * _real_type(system)(step)
        sums = (v[..., None] / (z - poles[:, None])).sum(2) + (v.conj()[..., None] / (z - poles.conj()[:, None])).sum(2)
        K_hat = 2 / (1 + omega) * (sums[0, 0] - sums[0, 1] * sums[1, 0] / (1 + sums[1, 1]))
        return np.fft.irfft(K_hat, length)


def multiplications(method: str, n: Any, length: Any) -> float:
    """Real multiplications of one kernel by a method, to leading order in n and length. Raises: ValueError."""
    method = checks.choice(method, "method", METHODS)
    n, length = checks.integer(n, "n", 1), checks.integer(length, "length", 1, LONGEST)
    if method == "powers":
        return float(n**2 * length)
    if method == "krylov":
        width = 1 << isqrt(length - 1).bit_length()
        # Columns and rows by doubling, the squarings between them, and the last product.
        return n**2 * (width + length / width) + n**3 * log2(length) + n * length
    return 4 * (4 * n) * (length / 2) + 2.5 * length * log2(length)


def _pair(system: Any) -> Dense:
    try:
        A, B = system
    except (TypeError, ValueError):
        raise ValueError(f"system must be a pair (A, B) or a DPLR, got {type(system).__name__}") from None
    try:
        A = checks.square(A, "A")
        return A, checks.array(B, "B", (len(A),))
    except ValueError as error:
        raise ValueError(f"system must be a pair (A, B) that fits together, but {error}") from None


def _eigen_read_out(system: DPLR, C: ArrayLike) -> Complex[np.ndarray, "*channels half"]:
    half = system.Lambda.shape[-1]
    given = checks.array(C, "C")
    if system.V is not None and given.ndim and given.shape[-1] == 2 * half:
        return system.rotate(_read_out(given, 2 * half, "n")).astype(_complex_type(system))
    return _read_out(given, half, "half").astype(_complex_type(system))


def _read_out(C: ArrayLike, size: int, name: str) -> Inexact[np.ndarray, "*channels size"]:
    C = checks.array(C, "C")
    if C.ndim == 0 or C.shape[-1] != size:
        raise ValueError(f"C must have {name} = {size} entries in its last axis, got shape {C.shape}")
    return C


def _steps(step: Any, system: DPLR) -> Float[np.ndarray, "*systems"]:
    Delta = checks.real_array(step, "step")
    if Delta.size == 0 or Delta.min() < 1e-30 or Delta.max() > 1e30:  # so that single precision holds it and 2/step
        raise ValueError(f"step must lie between 1e-30 and 1e30, got {checks.shown(step)}")
    if Delta.ndim and Delta.shape != system.Lambda.shape[:-1]:
        raise ValueError(
            f"step must be one number or have the shape of the systems {system.Lambda.shape[:-1]}, got {Delta.shape}"
        )
    return Delta.astype(_real_type(system))


def _real_read_out(C: Complex[np.ndarray, "*channels half"]) -> Float[np.ndarray, "*channels n"]:
    """2 Re(C z) as a row on (Re z, Im z)."""
    return np.concatenate([2 * C.real, -2 * C.imag], axis=-1)


def _both_halves(x: Complex[np.ndarray, "*axes half"]) -> Complex[np.ndarray, "*axes n"]:
    return np.concatenate([x, x.conj()], axis=-1)


def _complex_type(system: DPLR) -> type:
    return np.complex64 if system.Lambda.dtype == np.complex64 else np.complex128


def _real_type(system: DPLR) -> type:
    return np.float32 if system.Lambda.dtype == np.complex64 else np.float64
