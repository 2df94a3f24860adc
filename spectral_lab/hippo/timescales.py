"""What the step means: how a memory is stretched, tilted and turned, how far it reaches, and how finely it sees.

The rules of closure, the timescale and the meaning of the step are from "How to Train Your HiPPO" (arXiv 2206.12037,
sections 3.3 and 4); the resolution horizon is derived here.
"""

from __future__ import annotations

from typing import Any, SupportsFloat, SupportsInt

import numpy as np
import scipy
from jaxtyping import Float, Inexact
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hippo.bases import FAMILIES
from spectral_lab.hippo.matrices import window_length


def stretch(A: ArrayLike, B: ArrayLike, c: SupportsFloat) -> tuple[np.ndarray, np.ndarray]:
    """(c A, c B), c > 0: the memory with basis p(c s) and measure c omega(c s). This is what a step does: c = step.

    Args: A (n, n), B (n,). Raises: ValueError.
    """
    A = checks.square(A, "A")
    B, c = checks.array(B, "B", (len(A),)), checks.number(c, "c", above=0)
    with np.errstate(over="ignore"):
        stretched = c * A, c * B
    if not all(np.isfinite(part).all() for part in stretched):
        raise ValueError(f"c must keep c A and c B finite, got {c:g}")
    return stretched


def tilt(A: ArrayLike, B: ArrayLike, c: SupportsFloat) -> tuple[np.ndarray, np.ndarray]:
    """(A + c I, B): the memory with basis e^{-cs} p(s) and measure e^{2cs} omega(s). LegS with c = 1/2: the flat one.

    Args: A (n, n), B (n,), c real. Raises: ValueError.
    """
    A = checks.square(A, "A")
    return A + checks.number(c, "c") * np.eye(len(A)), checks.array(B, "B", (len(A),))


def turn(A: ArrayLike, B: ArrayLike, V: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """(V A V^*, V B), V unitary: the memory with basis V p and the same measure. This is why S4 may work in eigenbasis.

    Args: A, V (n, n), B (n,). Raises: ValueError, also if V is not unitary to 1e-8.
    """
    A = checks.square(A, "A")
    V = checks.array(V, "V", A.shape)
    with np.errstate(all="ignore"):
        unitary = np.allclose(V @ V.conj().T, np.eye(len(A)), atol=1e-8)
    if not unitary:
        raise ValueError("V must be unitary")
    return V @ A @ V.conj().T, V @ checks.array(B, "B", (len(A),))


def orthogonality_defect(A: ArrayLike, B: ArrayLike, decay: SupportsFloat) -> float:
    """The largest entry of A + A^* + c I + B B^*, for the decay c.

    If it is 0 and no state is dead (B reaches them all), then int_0^inf K_j K_k e^{ct} dt is the identity at this very
    n: the system is exactly a memory with measure e^{-ct} (derived here: the integrand is minus the derivative of
    e^{tA} e^{tA^*} e^{ct}, which then tends to 0). It is 0 for LegS with c = 1, for LagT with c = 0 and, the dead state
    aside, for FouT with c = 0, at every n; not for LegT.

    Args: A (n, n), B (n,); decay c. Raises: ValueError.
    """
    A = checks.square(A, "A")
    B, decay = checks.array(B, "B", (len(A),)), checks.number(decay, "decay")
    with np.errstate(all="ignore"):
        defect = float(np.abs(A + A.conj().T + decay * np.eye(len(A)) + np.outer(B, B.conj())).max())
    if not np.isfinite(defect):
        raise ValueError(f"B must keep B B^* finite, got entries of up to {np.abs(B).max():g}")
    return defect


def gramian(A: ArrayLike, B: ArrayLike) -> Inexact[np.ndarray, "n n"]:
    """W = int_0^inf e^{tA} B B^* e^{tA^*} dt, the covariance of the state under white noise: A W + W A^* + B B^* = 0.

    trace W is n/2 for LegS. Args: A (n, n) with eigenvalues in Re < 0, beyond rounding; B (n,). Raises: ValueError.
    """
    A = checks.square(A, "A")
    B = checks.array(B, "B", (len(A),))
    size, force = np.abs(A).max() or 1.0, np.abs(B).max() or 1.0  # so that no product overflows or vanishes
    A, B = A / size, B / force
    abscissa = np.linalg.eigvals(A).real.max()
    if abscissa >= -10 * len(A) * np.finfo(float).eps:
        raise ValueError("A must have all eigenvalues in Re < 0; the Gramian of this system is infinite")
    if np.iscomplexobj(B):
        A = A.astype(np.complex128)  # scipy solves a real A in real arithmetic, whatever B is
    with np.errstate(all="ignore"):
        W = scipy.linalg.solve_continuous_lyapunov(A, -np.outer(B, B.conj())) * force * (force / size)
    if not np.isfinite(W).all():
        raise ValueError(f"B must keep the Gramian finite, got entries of up to {force:g}")
    return W


def timescale(family: str, window: SupportsFloat = 1.0) -> float:
    """The mean age under the measure, int s omega ds / int omega ds: 1 for legs, window/2 for legt, fout and lmu.

    lagt weighs all ages equally and has none. With step D the mean age is timescale/D samples.
    Args: family; window > 0. Raises: ValueError.
    """
    family = checks.choice(family, "family", [name for name in FAMILIES if name != "lagt"])
    window = window_length(window)
    return 1.0 if family == "legs" else window / 2


def horizon(n: Any, frequency: Any) -> Float[np.ndarray, "*shape"]:
    """The age up to which LegS with n states resolves a tone: s* = ln(1 + (n/(2 pi f))^2) (derived here).

    L_k oscillates in x = e^{-s} with the local wave number k/sqrt(x(1 - x)), which in s is k sqrt(e^{-s}/(1 - e^{-s}));
    the fastest function, k = n, keeps up with 2 pi f until the s* where they are equal. There the relative error of a
    complex tone is about one half. With step D: s*/D samples, for f = (cycles per sample)/D.

    Args: n >= 1 states; frequency f > 0 in cycles per unit of time. Raises: ValueError.
    """
    n, f = checks.real_array(n, "n"), checks.real_array(frequency, "frequency")
    if (n < 1).any():
        raise ValueError(f"n must be at least 1, got {n.min():g}")
    if (f <= 0).any():
        raise ValueError(f"frequency must be greater than 0, got {f.min():g}")
    try:
        np.broadcast_shapes(n.shape, f.shape)
    except ValueError:
        raise ValueError(f"frequency must fit n of shape {n.shape}, got shape {f.shape}") from None
    return np.asarray(np.logaddexp(0, 2 * (np.log(n) - np.log(2 * np.pi) - np.log(f))))  # no square that overflows


def states_needed(family: str, frequency: SupportsFloat, age: SupportsFloat = 1.0) -> int:
    """The least n that resolves `frequency` (cycles per unit of time) up to `age` (derived here).

    legs: n = 2 pi f sqrt(e^s - 1), from `horizon`. For a window of length `age`: legt and lmu n > pi f s (a Legendre
    polynomial has its least wave number in the middle), fout n > 2 f s (two states for each frequency).

    Args: family, not "lagt"; frequency > 0; age > 0. Raises: ValueError.
    """
    family = checks.choice(family, "family", [name for name in FAMILIES if name != "lagt"])
    f, s = checks.number(frequency, "frequency", above=0), checks.number(age, "age", above=0)
    with np.errstate(over="ignore"):
        least = {"legs": 2 * np.pi * f * np.sqrt(np.expm1(s)), "fout": 2 * f * s}.get(family, np.pi * f * s)
    if least > 2**53:
        raise ValueError(f"frequency and age must need at most 2^53 states, got {frequency!r} and {age!r}")
    if family == "legs":
        return int(np.ceil(least))
    n = int(np.floor(least)) + 1
    return n + n % 2 if family == "fout" else n  # cosines and sines come in pairs


def fourier_states_needed(lipschitz: SupportsFloat, error: SupportsFloat, derivatives: SupportsInt = 1) -> int:
    """A number of FouT states that suffices to write any K with |K^(k)| <= L on [0, 1] with L2 error <= epsilon.

    n >= (L / (pi^k epsilon))^{2/(2k - 1)} + 2 (arXiv 2206.12037, the approximation theorem of FouT). For k = 1 it holds
    for every L-Lipschitz K and is tight for the ramp; for k >= 2 the derivatives of order 0..k-2 must also take equal
    values at 0 and 1 (the ramp, whose K'' is 0, shows why).

    Args: lipschitz L >= 0; error epsilon > 0; derivatives k >= 1. Raises: ValueError.
    """
    L = checks.number(lipschitz, "lipschitz", 0)
    epsilon = checks.number(error, "error", above=0)
    k = checks.integer(derivatives, "derivatives", 1, 1000)
    with np.errstate(over="ignore"):
        least = (np.divide(L, epsilon) ** (1 / k) / np.pi) ** (2 * k / (2 * k - 1)) + 2  # without pi^k, which overflows
    if not least <= 2**53:
        raise ValueError(f"lipschitz over error must need at most 2^53 states, got {lipschitz!r} and {error!r}")
    n = int(np.ceil(least))
    return n + n % 2
