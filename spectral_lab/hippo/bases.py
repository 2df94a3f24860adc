"""What e^{tA} B draws: for each HiPPO system, its basis, its measure, and the kernels of its states.

A system x' = A x + B u remembers the past of u through K(t) = e^{tA} B, because x(t) = int_0^inf K(s) u(t - s) ds.
"How to Train Your HiPPO" (arXiv 2206.12037) calls the system orthogonal when

    K_k(s) = p_k(s) omega(s),    int_0^inf p_j p_k omega ds = 1 if j = k, else 0,

for then the state holds the coefficients of the best approximation of the past in span{p_k}, in the norm of omega.
Throughout s >= 0 is the age of a sample: 0 is now, and u(t - s) is approximated by sum_k x_k(t) p_k(s).

| family | p_k(s)                                          | omega(s)                  | K_k = p_k omega           |
|--------|-------------------------------------------------|---------------------------|---------------------------|
| legs   | L_k(e^{-s})                                     | e^{-s}                    | at every n                |
| lagt   | e^{-s/2} Lag_k(s)                               | 1                         | at every n                |
| legt   | L_k(1 - s/w)                                    | 1/w on [0, w]             | in the limit of large n   |
| fout   | 1, sqrt 2 cos(2 pi m s/w), sqrt 2 sin(2 pi m s/w)| 1/w on [0, w]            | in the limit of large n   |
| lmu    | P_k(2 s/w - 1), not normalised                  | 1/w on [0, w]             | (2k + 1) times, as legt   |

lagt is the tilted one; untilted it has Lag_k, e^{-s} and e^{-s} Lag_k. P_k is the Legendre polynomial on [-1, 1] and
L_k(x) = sqrt(2k + 1) P_k(2x - 1), orthonormal on [0, 1].
"""

from __future__ import annotations

from typing import Any, SupportsFloat, SupportsInt

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hippo.exponential import doublings
from spectral_lab.hippo.matrices import System, fout, lagt, legs, legt, lmu, window_length

FAMILIES = ("legs", "legt", "fout", "lagt", "lmu")
WINDOWED = ("legt", "fout", "lmu")
_LARGE = 1e100


def system(family: str, n: SupportsInt, window: SupportsFloat = 1.0) -> System:
    """The pair (A, B) of a family by name; `window` is used by the windowed families legt, fout and lmu.

    Args: family, one of FAMILIES; n states; window > 0. Raises: ValueError.
    """
    family = checks.choice(family, "family", FAMILIES)
    window = window_length(window)
    if family == "legs":
        return legs(n)
    if family == "lagt":
        return lagt(n)
    if family == "fout":
        return fout(n, window)
    if family == "legt":
        return legt(n, window)
    A, B = lmu(n)
    return A / window, B / window


def basis(family: str, n: SupportsInt, age: Any, window: SupportsFloat = 1.0) -> Float[np.ndarray, "*ages n"]:
    """The basis functions p_k(age), k = 0..n-1, in the last axis (table above; arXiv 2206.12037, section 3).

    The window families are evaluated by their formula beyond the window too; their measure is 0 there. With
    `lmu`, u(t - s) is still sum_k x_k p_k(s), but the p_k are not normalised.

    Args: family, one of FAMILIES; n functions (even for fout); age >= 0, any shape; window > 0.
    Raises: ValueError.
    """
    family, n, s, window = _checked(family, n, age, window)
    if family == "legs":
        return shifted_legendre(n, np.exp(-s), -np.expm1(-s))
    if family == "lagt":
        return _laguerre(n, s)
    if family == "fout":
        return _fourier(n, np.fmod(s, window) / window)
    with np.errstate(all="ignore"):
        p = shifted_legendre(n, 1 - s / window, s / window)
    if not np.isfinite(p).all():
        raise ValueError(f"age must not lie so far beyond the window that polynomials overflow, got {s.max():g}")
    return p if family == "legt" else p * _lmu_over_legt(n) / (2 * np.arange(n) + 1)


def measure(family: str, age: Any, window: SupportsFloat = 1.0) -> Float[np.ndarray, "*ages"]:
    """The weight omega(age) of the past: e^{-s} (legs), 1 (lagt), or 1/window on [0, window] (legt, fout, lmu).

    Args: family, one of FAMILIES; age >= 0, any shape; window > 0. Raises: ValueError.
    """
    family, _, s, window = _checked(family, 2, age, window)
    if family == "legs":
        return np.asarray(np.exp(-s))  # numpy turns an array of no dimensions into a scalar
    if family == "lagt":
        return np.ones_like(s)
    return np.where(s <= window * (1 + 1e-12), 1 / window, 0.0)  # the last sample of a window is in it, rounded or not


def state_kernel(family: str, n: SupportsInt, age: Any, window: SupportsFloat = 1.0) -> Float[np.ndarray, "*ages n"]:
    """The kernels of the states, K(age) = e^{age A} B, in the last axis.

    legs and lagt have the closed form p_k omega at every n (LegS theorem: K_k(t) = e^{-t} L_k(e^{-t}), arXiv
    2206.12037, section 3). The others are matrix exponentials; they tend to p_k omega as n grows, with an L2 error
    that falls like n^{-1/2}.

    Args: family, one of FAMILIES; n states; age >= 0, any shape; window > 0. Raises: ValueError.
    """
    family, n, s, window = _checked(family, n, age, window)
    if family in ("legs", "lagt"):
        return basis(family, n, s) * measure(family, s)[..., None]
    A, B = system("legt" if family == "lmu" else family, n, window)
    K = impulse_response(A, B, s)
    return K * _lmu_over_legt(n) if family == "lmu" else K  # in the orthonormal basis e^{tA} is a contraction


def impulse_response(A: ArrayLike, B: ArrayLike, age: Any) -> Float[np.ndarray, "*ages n"]:
    """e^{tA} B at many ages t at once, in the last axis (derived here).

    Write t = r + m h with m whole and h = 1/(2||A||): a Taylor series for e^{rA} B, then one product with e^{2^j h A}
    for each binary digit j of m that is set. Cost: about 20 + log2(t ||A||)/2 products of A with all ages.

    Args: A (n, n) and B (n,) real; age t >= 0, any shape.
    Raises: ValueError, also for an age so large that e^{tA} B overflows, or that its phase is lost (t ||A|| > 2^52).
    """
    A, ages = checks.square(checks.real_array(A, "A"), "A"), _ages(age)
    B = checks.real_array(B, "B", (len(A),))
    checks.room(ages.size * len(A), "A and age")
    t = ages.ravel()
    if not A.any():
        return np.tile(B, (*ages.shape, 1))
    h = 0.5 / _frobenius(A)
    if t.max(initial=0) > 2**53 * h:
        raise ValueError(f"age must be at most 2^52/||A|| = {2**53 * h:.3g}: its phase is lost beyond, got {t.max():g}")
    digits = np.floor(t / h).astype(np.int64)
    r = t - digits * h
    K = np.repeat(B[:, None], len(t), axis=1)
    term = K
    for j in range(1, 20):  # ||r A|| < 1/2, and 1/20! < 1e-18
        term = (A @ term) * (r / j)
        K = K + term
    with np.errstate(all="ignore"):
        for j, (power, less_one) in enumerate(doublings(h * A, int(digits.max(initial=0)).bit_length())):
            chosen = (digits >> j) & 1 == 1
            K[:, chosen] = power @ K[:, chosen] + (K[:, chosen] if less_one else 0)
    if not np.isfinite(K).all():
        raise ValueError(f"age must be small enough for e^(age A) B to be finite, got {t.max():g}")
    return K.T.reshape(*ages.shape, len(B))


def _frobenius(A: Float[np.ndarray, "n n"]) -> float:
    """||A||, without squares that overflow or vanish. Raises: ValueError if 1/||A|| would."""
    largest = np.abs(A).max()
    if not 1e-290 < largest < 1e290:
        raise ValueError(f"A must have a largest entry between 1e-290 and 1e290, or be 0, got {largest:.3g}")
    return float(largest * np.linalg.norm(A / largest))


def shifted_legendre(n: int, x: Any, rest: Any = None) -> Float[np.ndarray, "*points n"]:
    """L_k(x) = sqrt(2k + 1) P_k(2x - 1), orthonormal on [0, 1]; L_k(1) = sqrt(2k + 1).

    `rest` is 1 - x, for those who know it better than a subtraction does: P_k varies like k^2 at the ends, where a
    rounded x would cost all digits that matter. From the nearer end, at distance d, the differences obey
    (k + 1)(P_{k+1} - P_k) = k (P_k - P_{k-1}) - (2k + 1) 2d P_k; the other end has the sign (-1)^k.
    """
    x = np.asarray(x, dtype=float)
    rest = 1 - x if rest is None else np.asarray(rest, dtype=float)
    d = np.minimum(x, rest)
    P = np.ones((n, *x.shape))
    change = np.zeros_like(x)
    for k in range(n - 1):
        change = (k * change - (2 * k + 1) * 2 * d * P[k]) / (k + 1)
        P[k + 1] = P[k] + change
    P[1::2] *= np.where(x < rest, -1.0, 1.0)
    return np.moveaxis(P, 0, -1) * np.sqrt(2.0 * np.arange(n) + 1)


def _laguerre(n: int, s: Float[np.ndarray, "*points"]) -> Float[np.ndarray, "*points n"]:
    """e^{-s/2} Lag_k(s), by the differences (k + 1)(Lag_{k+1} - Lag_k) = k (Lag_k - Lag_{k-1}) - s Lag_k.

    At great ages Lag_k overflows and e^{-s/2} is 0 while their product is neither: where the polynomial grows large,
    a part of the exponential goes over to it. Beyond s = 8 n + 3000 all of them are 0 in floating point.
    """
    functions, s = np.empty((n, *s.shape)), np.minimum(s, 8.0 * n + 3000)
    change, now, exponent = np.zeros_like(s), np.ones_like(s), -s / 2
    weight = np.exp(exponent)
    for k in range(n):
        functions[k] = now * weight
        change = (k * change - s * now) / (k + 1)
        now = now + change
        large = np.abs(now) > _LARGE
        if large.any():
            share = np.where(large, 1 / _LARGE, 1.0)
            change, now, exponent = change * share, now * share, exponent - np.log(share)
            weight = np.exp(exponent)
    return np.moveaxis(functions, 0, -1)


def _fourier(n: int, s: Any) -> Float[np.ndarray, "*points n"]:
    """1, 0, sqrt 2 cos 2 pi s, sqrt 2 sin 2 pi s, ...: the second function, sin 0, is the dead state."""
    angle = 2 * np.pi * np.asarray(s)[..., None] * np.arange(n // 2)
    p = np.empty((*np.shape(s), n))
    p[..., 0::2], p[..., 1::2] = np.cos(angle), np.sin(angle)
    p[..., 2:] *= np.sqrt(2.0)
    return p


def _lmu_over_legt(n: int) -> Float[np.ndarray, " n"]:
    """The diagonal D with x_lmu = D x_legt: D_k = (-1)^k sqrt(2k + 1), so the matching basis is p / D."""
    order = np.arange(n)
    return (-1.0) ** order * np.sqrt(2.0 * order + 1)


def _checked(
    family: str, n: SupportsInt, age: Any, window: SupportsFloat
) -> tuple[str, int, Float[np.ndarray, "*ages"], float]:
    family = checks.choice(family, "family", FAMILIES)
    n, s = checks.order(n, "n"), _ages(age)
    if family == "fout" and n % 2:
        raise ValueError(f"n must be even for fout (a cosine and a sine for each frequency), got {n}")
    checks.room(n * s.size, "n and age")
    return family, n, s, window_length(window)


def _ages(age: Any) -> Float[np.ndarray, "*ages"]:
    s = checks.real_array(age, "age")
    if (s < 0).any():
        raise ValueError(f"age must be at least 0 (0 is now), got {s.min():g}")
    return s
