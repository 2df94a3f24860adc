"""Random matrices to compare with: noise, heavy-tailed entries, planted signals, and the 5+1 phases of training.

Martin and Mahoney (2021) sort the spectra of weight matrices into phases. What follows are our own minimal examples of
each, in units in which noise has variance 1 / max(m, n) and its bulk ends at (1 + sqrt q)^2. Each is fixed by its seed.
"""

from __future__ import annotations

from typing import Any, SupportsInt

import numpy as np
import scipy
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks

PHASES = ("random-like", "bleeding-out", "bulk+spikes", "bulk-decay", "heavy-tailed", "rank-collapse")
TAIL_OF_HEAVY = 1.5  # P(|w| > x) ~ x^-1.5: no variance, no bulk


def gaussian_matrix(shape: Any, seed: SupportsInt = 0) -> Float[np.ndarray, "m n"]:
    """Independent normal entries of variance 1 / max(m, n).

    Args: shape, two sides from 1 to 10 000; seed, at least 0. Raises: ValueError.
    """
    m, n = matrix_shape(shape)
    return _rng(seed).standard_normal((m, n)) / np.sqrt(max(m, n))


def pareto_matrix(shape: Any, tail: Any, seed: SupportsInt = 0) -> Float[np.ndarray, "m n"]:
    """Independent entries of either sign with P(|w| > x) = x^-tail for x > 1, not scaled.

    For a tail below 2 the eigenvalue density falls like lambda^-(1 + tail/2) (Martin, Mahoney 2021); above 4 the bulk
    is that of Gaussian noise; between, very slowly, the first law again.

    Args: shape as above; tail from 0.2 to 100; seed. Raises: ValueError.
    """
    m, n = matrix_shape(shape)
    tail, rng = checks.number(tail, "tail", 0.2, 100), _rng(seed)
    return rng.choice([-1.0, 1.0], (m, n)) * (1 - rng.random((m, n))) ** (-1 / tail)


def planted_matrix(shape: Any, strengths: ArrayLike, seed: SupportsInt = 0) -> Float[np.ndarray, "m n"]:
    """Gaussian noise as above plus sum_k s_k u_k v_k^T with random orthonormal u_k and v_k.

    Args: shape; strengths (k,), not negative, at most min(m, n) of them; seed. Raises: ValueError.
    """
    m, n = matrix_shape(shape)
    s = checks.real_array(strengths, "strengths", (None,))
    if s.size > min(m, n) or (s.size and not 0 <= s.min() <= s.max() <= 1e100):
        raise ValueError(
            f"strengths must be at most {min(m, n)} numbers between 0 and 1e100, got {checks.shown(strengths)}"
        )
    rng = _rng(seed)
    noise = rng.standard_normal((m, n)) / np.sqrt(max(m, n))
    u, v = (np.linalg.qr(rng.standard_normal((side, s.size)))[0] for side in (m, n))
    return noise + (u * s) @ v.T


def phase_matrix(phase: str, shape: Any, seed: SupportsInt = 0) -> Float[np.ndarray, "m n"]:
    """One matrix in each phase of Martin and Mahoney's, by our own recipe.

    With t = q^{1/4}, the strength at which a signal leaves the bulk: "random-like" is noise; "bleeding-out" adds three
    signals of 1.1 to 1.3 t; "bulk+spikes" five of 2 to 4 t; "bulk-decay" min(m, n) / 3 of 3 t down to 0; "heavy-tailed"
    has Pareto entries of tail 1.5; "rank-collapse" keeps half of the singular values of noise.

    Raises: ValueError.
    """
    phase, (m, n) = checks.choice(phase, "phase", PHASES), matrix_shape(shape)
    size, threshold = min(m, n), (min(m, n) / max(m, n)) ** 0.25
    if phase == "heavy-tailed":
        return pareto_matrix(shape, TAIL_OF_HEAVY, seed)
    strengths = {
        "bleeding-out": np.linspace(1.3, 1.1, 3),
        "bulk+spikes": np.linspace(4, 2, 5),
        "bulk-decay": np.linspace(3, 0, max(size // 3, 1)),
    }.get(phase, np.zeros(0))
    W = planted_matrix(shape, threshold * strengths[:size], seed)
    if phase == "rank-collapse":
        Q, _ = np.linalg.qr(_rng(seed).standard_normal((m, max(size // 2, 1))))
        W = Q @ (Q.T @ W) if m <= n else W @ (lambda P: P @ P.T)(np.linalg.qr(W[: max(size // 2, 1)].T)[0])
    return W


def wishart_spectra(shape: Any, draws: SupportsInt, seed: SupportsInt = 0) -> Float[np.ndarray, "draws N"]:
    """Squared singular values of many m by n standard normal matrices, without making the matrices.

    X is orthogonally equivalent to a bidiagonal matrix of independent chi variables (Dumitriu, Edelman 2002), so a
    draw costs O(N^2), N = min(m, n), whatever the longer side is.

    Args: shape, two sides, the smaller at most 4000, the longer at most 1e9; draws from 1 to 100 000; seed.
    Raises: ValueError.
    """
    long, N = _long_and_short(shape)
    draws, rng = checks.integer(draws, "draws", 1, 100_000), _rng(seed)
    if draws * N * N > 20_000_000_000:
        raise ValueError(f"draws must be at most {20_000_000_000 // N**2:,} at a smaller side of {N}, got {draws:,}")
    d = np.sqrt(rng.chisquare(long - np.arange(N), (draws, N)))
    e = np.sqrt(rng.chisquare(np.arange(N - 1, 0, -1), (draws, N - 1)))
    diagonal, off = d**2, d[:, :-1] * e
    diagonal[:, 1:] += e**2
    if N == 1:
        return diagonal
    solve = scipy.linalg.lapack.dsterf  # a small matrix takes the function around it longer than this
    return np.maximum([solve(a, b)[0] for a, b in zip(diagonal, off, strict=True)], 0)


def largest_wishart(shape: Any, draws: SupportsInt, seed: SupportsInt = 0) -> Float[np.ndarray, " draws"]:
    """The largest of the eigenvalues that `wishart_spectra` gives, alone and faster. Raises: ValueError."""
    long, N = _long_and_short(shape)
    draws, rng = checks.integer(draws, "draws", 1, 100_000), _rng(seed)
    checks.room(draws * N, "draws and shape")
    d2 = rng.chisquare(long - np.arange(N), (draws, N))
    e2 = rng.chisquare(np.arange(N - 1, 0, -1), (draws, N - 1))
    diagonal, off = d2, np.sqrt(d2[:, :-1] * e2)
    diagonal[:, 1:] += e2
    solve = scipy.linalg.eigvalsh_tridiagonal
    top = [solve(a, b, select="i", select_range=(N - 1, N - 1))[0] for a, b in zip(diagonal, off, strict=True)]
    return np.array(top)


def matrix_shape(shape: Any) -> tuple[int, int]:
    """Two sides of a dense matrix. Raises: ValueError."""
    m, n = sides(shape)
    checks.room(m * n, "the sides of shape")
    return m, n


def sides(shape: Any) -> tuple[int, int]:
    """Two sides of a matrix that need not fit into memory. Raises: ValueError."""
    try:
        m, n = shape
    except (TypeError, ValueError):
        raise ValueError(f"shape must be two whole numbers, got {checks.shown(shape)}") from None
    return checks.integer(m, "each side of shape", 1, 10**9), checks.integer(n, "each side of shape", 1, 10**9)


def _long_and_short(shape: Any) -> tuple[int, int]:
    m, n = sides(shape)
    return max(m, n), checks.order(min(m, n), "the smaller side of shape", maximum=4000)


def _rng(seed: SupportsInt) -> np.random.Generator:
    return np.random.default_rng(checks.integer(seed, "seed", 0))
