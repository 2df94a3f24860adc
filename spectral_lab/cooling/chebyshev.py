"""Functions of a Hamiltonian without its eigenvectors: Chebyshev series in H, certified, and moments of the energy.

f(H) psi = sum_k c_k T_k(x) psi with x = (2 H - lo - hi)/(hi - lo), by the three-term recurrence. This is how chains
too long for a dense matrix are cooled here; a quantum computer would use the trigonometric series of
`sign_functions` instead. (Ours: a simulation method, literature throughout.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.cooling.sign_functions import sign_of
from spectral_lab.cooling.spin_chains import generator

MAX_DEGREE = 2**17


class ChebyshevSeries(NamedTuple):
    """Coefficients c_0..c_K on [lo, hi], and a bound of the error that the terms left out can make."""

    coefficients: Float[np.ndarray, " K1"] | Complex[np.ndarray, " K1"]
    lo: float
    hi: float
    error: float

    @property
    def degree(self) -> int:
        return len(self.coefficients) - 1


def chebyshev_series(
    f: Callable[[np.ndarray], np.ndarray], lo: Any, hi: Any, error: Any = 1e-6, *, detail: Any = None
) -> ChebyshevSeries:
    """The shortest Chebyshev series of f on [lo, hi] whose discarded coefficients sum to at most `error` max |f|.

    That sum bounds the uniform error, so the degree is certified; the nodes are doubled until the tail is resolved.
    `detail` is the shortest length over which f varies: at first the nodes are a third of it apart or less, or a
    narrow bell between two nodes would pass for zero (by default hi - lo). Real f gives real coefficients.
    Raises ValueError if lo >= hi, if error is below 1e-13 (that is rounding), if f is not finite, or if 2^17 terms do
    not suffice.
    """
    lo, hi = _interval(lo, hi)
    error = checks.number(error, "error", 1e-13)
    detail = hi - lo if detail is None else _length(detail, "detail", lo, hi)
    count = 64
    while count <= MAX_DEGREE and count * detail < 1.5 * np.pi * (hi - lo):
        count *= 2
    while count <= MAX_DEGREE:
        values = _values(f, lo, hi, count)
        c, allowed = _coefficients(values), error * np.abs(values).max()
        size = np.abs(c)
        size[size < 4e-16 * size.max()] = 0  # rounding
        tail = np.cumsum(size[::-1])[::-1]  # tail[k] = sum of |c_j|, j >= k
        # The second half must be far below the error; what remains is aliasing of the same size.
        if tail[count // 2] <= 0.05 * allowed:
            keep = max(int(np.argmax(tail <= allowed)), 1)
            return ChebyshevSeries(c[:keep], lo, hi, float(tail[keep]))
        count *= 2
    raise ValueError(f"error = {error:g} needs more than {MAX_DEGREE} terms on [{lo:g}, {hi:g}]: widen the edge")


def sign_coefficients(mu: Any, width: Any, lo: Any, hi: Any, error: Any = 1e-6) -> ChebyshevSeries:
    """Chebyshev series of s_w(E) = erf((E - mu)/width) on [lo, hi]; about 5 to 7 (hi - lo)/(2 width) terms."""
    lo, hi = _interval(lo, hi)
    width = _length(width, "width", lo, hi)
    return chebyshev_series(lambda E: sign_of(E, mu, width), lo, hi, error, detail=width)


def reflection_coefficients(mu: Any, width: Any, lo: Any, hi: Any, error: Any = 1e-6) -> ChebyshevSeries:
    """Chebyshev series of the reflection exp(-i (pi/2) s_w(E)), in one pass and without an ancilla."""
    lo, hi = _interval(lo, hi)
    width = _length(width, "width", lo, hi)
    return chebyshev_series(lambda E: np.exp(-0.5j * np.pi * sign_of(E, mu, width)), lo, hi, error, detail=width)


def pointer_coefficients(e: Any, resolution: Any, lo: Any, hi: Any, error: Any = 1e-4) -> ChebyshevSeries:
    """Chebyshev series of the pointer's Kraus operator exp(-(E - e)^2 / 4 s^2), scaled to at most 1 on [lo, hi].

    A reading e may lie beyond the interval; then the scale is the value at the nearer end.
    """
    lo, hi = _interval(lo, hi)
    e, s = checks.number(e, "e"), _length(resolution, "resolution", lo, hi)
    away = min(max(e, lo), hi) - e
    return chebyshev_series(
        lambda E: np.exp(-((E - e - away) / (2 * s)) * ((E - e + away) / (2 * s))), lo, hi, error, detail=s
    )


def series_value(series: ChebyshevSeries, E: ArrayLike) -> np.ndarray:
    """The series at energies E inside [lo, hi]."""
    if not isinstance(series, ChebyshevSeries):
        raise ValueError(f"series must be a ChebyshevSeries, got {checks.shown(series)}")
    x = (2 * checks.real_array(E, "E") - series.lo - series.hi) / (series.hi - series.lo)
    return np.polynomial.chebyshev.chebval(x, series.coefficients)


def chebyshev_vectors(matvec: Callable[[Any], Any], psi: Any, lo: float, hi: float, degree: int) -> Iterator[Any]:
    """T_0(x) psi, .., T_degree(x) psi, one at a time, for numpy or torch vectors; `matvec` is H."""
    scale, centre = 2 / (hi - lo), (hi + lo) / 2
    before, now = psi, scale * (matvec(psi) - centre * psi)
    yield before
    for _ in range(degree):
        yield now
        before, now = now, 2 * scale * (matvec(now) - centre * now) - before


def apply_series(series: ChebyshevSeries, matvec: Callable[[Any], Any], psi: Any) -> Any:
    """f(H) psi from matrix-vector products alone."""
    total = 0 * psi
    vectors = chebyshev_vectors(matvec, psi, series.lo, series.hi, series.degree)
    for coefficient, vector in zip(series.coefficients.tolist(), vectors, strict=True):
        total = total + coefficient * vector
    return total


def moments(matvec: Callable[[Any], Any], psi: ArrayLike, lo: Any, hi: Any, count: Any) -> Float[np.ndarray, " m"]:
    """m_k = <psi| T_k(x) |psi> for k < count, two for each product with H.

    m_2k = 2 <t_k|t_k> - m_0 and m_{2k+1} = 2 Re <t_k|t_{k+1}> - m_1, with t_k = T_k(x) psi.
    """
    lo, hi = _interval(lo, hi)
    count = checks.integer(count, "count", 2, 2 * MAX_DEGREE)
    if not callable(matvec):
        raise ValueError(f"matvec must be a function of a vector, got {checks.shown(matvec)}")
    m: list[float] = []
    before: Any = None
    psi = checks.array(psi, "psi").astype(complex)
    if not np.abs(psi).max(initial=0.0) <= 1e100:
        raise ValueError("psi must have amplitudes of at most 1e100")
    for t in chebyshev_vectors(matvec, psi, lo, hi, (count + 1) // 2):
        if before is None:
            m.append(float(np.vdot(t, t).real))
        else:
            cross = float(np.vdot(before, t).real)
            m.append(2 * cross - m[1] if len(m) > 1 else cross)
            m.append(2 * float(np.vdot(t, t).real) - m[0])
        before = t
    return np.array(m[:count])


def density_from_moments(m: ArrayLike, lo: Any, hi: Any, resolution: Any, e: ArrayLike) -> Float[np.ndarray, "*grid"]:
    """The pointer's density p(e) = <N(e; H, s)> from Chebyshev moments; rounding may take it below 0.

    About 6.5 (hi - lo)/(2 s) moments resolve a pointer of width s; with fewer the bells are too wide.
    """
    lo, hi = _interval(lo, hi)
    m = checks.real_array(m, "m", (None,))
    s = checks.number(resolution, "resolution", above=0.0)
    e = checks.real_array(e, "e")
    if not 1 <= len(m) <= MAX_DEGREE:
        raise ValueError(f"m must hold 1 to {MAX_DEGREE} moments, got {len(m)}")
    if e.size * len(m) > 1e9:
        raise ValueError(f"e must hold at most {1e9 / len(m):.3g} energies for {len(m)} moments, got {e.size}")
    rows = max(1, 10**6 // len(m))  # a few energies at a time: thousands of moments at thousands of energies are many
    density = []
    for some in np.split(e.reshape(-1, 1), range(rows, e.size, rows)):
        bells = _values(lambda E, some=some: np.exp(-0.5 * ((some - E) / s) ** 2), lo, hi, 2 * len(m))
        density.append(_coefficients(bells)[:, : len(m)] @ m)
    return np.concatenate(density).reshape(e.shape) / (np.sqrt(2 * np.pi) * s)


def sample_density(e: ArrayLike, p: ArrayLike, rng: np.random.Generator) -> float:
    """One outcome from a density on an even grid: negative values are clipped, then the cell is drawn and filled."""
    e, p = checks.real_array(e, "e", (None,)), checks.real_array(p, "p", (None,))
    if len(e) != len(p) or len(e) < 2:
        raise ValueError(f"e and p must have one length of at least 2, got {len(e)} and {len(p)}")
    rng = generator(rng, "rng")
    positive = np.clip(np.asarray(p), 0.0, None)
    if not positive.sum() > 0:
        raise ValueError("p must be positive somewhere")
    return float(e[rng.choice(len(e), p=positive / positive.sum())] + (rng.random() - 0.5) * (e[1] - e[0]))


def _length(value: Any, name: str, lo: float, hi: float) -> float:
    """A length that 2^17 nodes on the interval resolve."""
    value = checks.number(value, name, above=0.0)
    if value * MAX_DEGREE < 1.5 * np.pi * (hi - lo):
        raise ValueError(
            f"{name} must be at least {1.5 * np.pi / MAX_DEGREE * (hi - lo):.3g} on [{lo:g}, {hi:g}], got {value:g}"
        )
    return value


def _values(f: Callable[[np.ndarray], np.ndarray], lo: float, hi: float, count: int) -> np.ndarray:
    """f at `count` Chebyshev nodes; f may return rows of functions."""
    if not callable(f):
        raise ValueError(f"f must be a function of energies, got {checks.shown(f)}")
    x = np.cos(np.pi * (np.arange(count) + 0.5) / count)
    values = np.asarray(f(0.5 * (hi + lo) + 0.5 * (hi - lo) * x))
    if values.shape[-1:] != x.shape or values.dtype.kind not in "fciub" or not np.isfinite(values).all():
        raise ValueError(f"f must be finite, with one value for each energy in [{lo:g}, {hi:g}]")
    return values


def _coefficients(values: np.ndarray) -> np.ndarray:
    """As many coefficients as there are values at Chebyshev nodes."""
    c = scipy.fft.dct(values, type=2, axis=-1) / values.shape[-1]
    c[..., 0] /= 2
    return c


def _interval(lo: Any, hi: Any) -> tuple[float, float]:
    lo, hi = checks.number(lo, "lo"), checks.number(hi, "hi")
    if not lo < hi:
        raise ValueError(f"lo must be below hi, got {lo:g} and {hi:g}")
    return lo, hi
