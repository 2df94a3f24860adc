"""The sign function that makes two bands, and the trigonometric polynomials that a quantum computer can apply.

The paper turns H into sgn(H - mu) with quantum signal processing. Which polynomial it uses we could not read: the
Gaussian-smoothed series and its degree rule below are our reconstruction; Fejer, plain and minimax are for comparison.

The oracle is a time evolution U = exp(-i H tau). With theta = (E - mu) tau the target is sgn(sin theta): it has a
SECOND edge at theta = pi, so tau must keep all of the spectrum inside (-pi, pi).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy
from jaxtyping import Complex, Float
from numpy.polynomial.chebyshev import chebval, chebvander
from numpy.typing import ArrayLike

from spectral_lab import checks

MAX_DEGREE = 2_000_001
MAX_WORK = 2_000_000_000  # terms of a series, times the points where it is evaluated
TINY = 1e-90  # a width below this part of the spectrum counts as 0: nothing resolves it, and dividing could overflow


class SignSeries(NamedTuple):
    """The sine series f(theta) = sum_j coefficients[j] sin((2j+1) theta) and the width sigma (radians) of its edge."""

    coefficients: Float[np.ndarray, " m"]
    width: float

    @property
    def degree(self) -> int:
        return 2 * len(self.coefficients) - 1


def sign_of(energies: ArrayLike, mu: Any, width: Any = 0.0) -> Float[np.ndarray, "*levels"]:
    """s_w(E) = erf((E - mu) / w), the smooth sign; w = 0 gives the exact sgn(E - mu), with 0 at E = mu.

    |1 - |s_w|| <= delta once |E - mu| >= w erfcinv(delta): 1.82 w at 0.01, 2.33 w at 0.001. That is what
    'resolution' means in this chapter (our reconstruction). Raises ValueError on a negative width.
    """
    energies = checks.real_array(energies, "energies")
    mu, width = checks.number(mu, "mu"), checks.number(width, "width", 0.0)
    above = energies - mu
    if width > TINY * np.abs(above).max(initial=0.0):
        return np.asarray(scipy.special.erf(above / width))
    return np.asarray(np.sign(above))


def oracle_time(spread: Any, resolution: Any) -> tuple[float, float]:
    """The time step tau of the oracle and the half width (radians) of both edges: tau = pi / (R + eps).

    For a spectrum of spread R and any mu inside it, |theta| <= pi - eps tau: no level wraps through the second
    edge at pi (derived here). Raises ValueError unless both are positive.
    """
    spread = checks.number(spread, "spread", maximum=1e300, above=0.0)
    resolution = checks.number(resolution, "resolution", maximum=1e300, above=0.0)
    tau = np.pi / (spread + resolution)
    return tau, resolution * tau


def sign_series(edge: Any, error: Any) -> SignSeries:
    """Gaussian-smoothed sign series with |f - sgn| <= error outside |theta| < edge and |theta - pi| < edge.

    b_k = 4/(pi k) exp(-k^2 sigma^2 / 2), k odd. Half of the error pays for smoothing,
    sigma = edge / (sqrt 2 erfcinv(error/2)), less what the edge at pi adds (nothing unless they nearly meet); half
    for truncation, (1/pi) E_1(K^2 sigma^2 / 2) <= error/2.
    The degree K grows as log(1/error)/edge, the abstract's O~(1/eps) (rule D1, our reconstruction).
    Raises ValueError unless 1e-100 <= edge < pi/2 and 1e-100 <= error < 1, or if the degree exceeds two million.
    """
    degree, sigma = sign_degree(edge, error)
    if degree > MAX_DEGREE:
        raise ValueError(
            f"edge = {edge:g} with error = {error:g} needs degree {degree:.4g}, at most {MAX_DEGREE} is allowed"
        )
    return SignSeries(gaussian_coefficients(degree, sigma), sigma)


def sign_degree(edge: Any, error: Any) -> tuple[int, float]:
    """Degree K and width sigma (radians) of `sign_series`, without its coefficients: what a resolution costs."""
    edge = _edge(edge)
    error = checks.number(error, "error", 1e-100, 1.0 - 1e-12)
    # The blur of both edges: erfc(x) + erfc(x (pi - edge) / edge) <= error / 2 with x = edge / (sqrt 2 sigma).
    other = scipy.special.erfc(scipy.special.erfcinv(error / 2) * (np.pi / edge - 1))
    sigma = edge / (np.sqrt(2) * float(scipy.special.erfcinv(max(error / 2 - other, error / 4))))
    y = scipy.optimize.brentq(
        lambda y: np.log(scipy.special.exp1(y * y / 2) / np.pi) - np.log(error / 2), 1e-6, 36.0, xtol=1e-14, rtol=1e-14
    )
    degree = int(np.ceil(y / sigma))
    return degree + 1 - degree % 2, float(sigma)


def gaussian_coefficients(degree: Any, sigma: Any) -> Float[np.ndarray, " m"]:
    """b_k = 4/(pi k) exp(-k^2 sigma^2/2), k = 1, 3, .., degree: the square wave blurred by a Gaussian (width sigma)."""
    k = _odd(degree)
    sigma = checks.number(sigma, "sigma", 0.0)
    return 4 / (np.pi * k) * np.exp(-0.5 * np.minimum(k * min(sigma, 40.0), 40.0) ** 2)


def plain_coefficients(degree: Any) -> Float[np.ndarray, " m"]:
    """b_k = 4/(pi k): the truncated Fourier series, which overshoots to 1.179 (Gibbs)."""
    return gaussian_coefficients(degree, 0.0)


def fejer_coefficients(degree: Any) -> Float[np.ndarray, " m"]:
    """b_k = 4/(pi k) (1 - k/(K+1)): the Fejer mean, never above 1, with an edge that sharpens only algebraically."""
    k = _odd(degree)
    return 4 / (np.pi * k) * (1 - k / (k[-1] + 1))


def minimax_coefficients(degree: Any, edge: Any) -> tuple[Float[np.ndarray, " m"], float]:
    """The best sine series on edge <= theta <= pi - edge, and its uniform error, by Remez exchange.

    sin((2j+1) theta) = (-1)^j T_{2j+1}(sin theta), so this is the best odd polynomial in x = sin theta on [a, 1],
    a = sin(edge) (literature: Eremenko and Yuditskii). The error alternates between m + 1 points for m coefficients.
    Raises ValueError unless degree is odd, at most 301, and 0 < edge < pi/2, or if the error would be below 1e-11.
    """
    m = len(_odd(checks.integer(degree, "degree", 1, 301)))
    a2 = np.sin(_edge(edge)) ** 2
    if m > 1 and minimax_asymptotics(degree, np.sqrt(a2)) < 1e-11:
        raise ValueError(f"degree = {degree} is needlessly high: its error at edge = {edge:g} is below rounding")
    # f = x q(x^2) with q in Chebyshev polynomials of u, which maps x^2 in [a^2, 1] to [-1, 1]: well conditioned.
    # The alternation points follow the arcsine law in u for large m: start and look there.
    per_lobe = 96
    u = -np.cos(np.pi * np.arange(per_lobe * m + 1) / (per_lobe * m))
    x = np.sqrt(a2 + (1 - a2) * 0.5 * (1 + u))
    basis = x[:, None] * chebvander(u, m - 1)
    nodes = np.arange(m + 1) * per_lobe
    signs = (-1.0) ** np.arange(m + 1)
    for _ in range(60):
        solution = np.linalg.solve(np.column_stack([basis[nodes], signs]), np.ones(m + 1))
        residual = 1 - basis @ solution[:-1]
        nodes = _alternation(residual, m + 1)
        converged = np.abs(residual).max() <= abs(solution[-1]) * (1 + 1e-9)
        if converged or len(nodes) <= m:  # fewer alternations: the error has reached rounding
            break
        signs = np.sign(residual[nodes])
    theta = np.pi * (np.arange(2 * m) + 0.5) / (2 * m)  # sines of odd order are orthogonal on these points
    f = np.sin(theta) * chebval((2 * np.sin(theta) ** 2 - 1 - a2) / (1 - a2), solution[:-1])
    return np.sin(np.outer(_odd(degree), theta)) @ f / m, float(np.abs(residual).max())


def minimax_asymptotics(degree: Any, a: Any) -> float:
    """Leading term of the best odd error on [a, 1], degree 2m+1: (1-a)/sqrt(pi a m) ((1-a)/(1+a))^m.

    Literature: Eremenko and Yuditskii. Raises ValueError unless degree is odd and at least 3, and 0 < a <= 1.
    """
    m = (int(_odd(degree)[-1]) - 1) // 2
    if m == 0:
        raise ValueError("degree must be at least 3, got 1")
    a = checks.number(a, "a", maximum=1.0, above=0.0)
    return float((1 - a) / np.sqrt(np.pi * a * m) * ((1 - a) / (1 + a)) ** m)


def sine_series(coefficients: ArrayLike, theta: ArrayLike) -> Float[np.ndarray, "*grid"]:
    """f(theta) = sum_j b_j sin((2j+1) theta), by Clenshaw's recurrence in 2 theta, to rounding for any degree.

    B_j = b_j + 2 cos(2 theta) B_{j+1} - B_{j+2} and f = sin(theta) (B_0 + B_1). Next to the edges, where f is steep,
    neighbours B_j nearly agree and the plain recurrence loses K^2 roundings. So it runs on their differences
    D_j = B_j - B_{j+1}, and on their sums where cos(2 theta) < 0 (Reinsch's form, literature).
    """
    b = _coefficients(coefficients)
    theta = checks.real_array(theta, "theta")
    if len(b) * theta.size > MAX_WORK:
        raise ValueError(f"theta must hold at most {MAX_WORK // len(b)} angles for {len(b)} terms, got {theta.size}")
    sine, cosine = np.sin(theta), np.cos(theta)
    sign = np.where(np.abs(sine) < np.abs(cosine), 1.0, -1.0)
    factor = np.where(sign > 0, -4 * sine**2, 4 * cosine**2)  # 2 cos(2 theta) - 2 sign, without cancellation
    B, D = np.zeros_like(theta), np.zeros_like(theta)
    for coefficient in b[::-1]:
        D = coefficient + factor * B + sign * D
        B = D + sign * B
    return np.asarray(sine * (B + sign * (B - D)))


def smoothed_square_wave(theta: ArrayLike, sigma: Any) -> Float[np.ndarray, "*grid"]:
    """The series of infinite degree: f(theta) = sum_j (-1)^j erf((theta - j pi)/(sqrt 2 sigma)) (derived here)."""
    theta = checks.real_array(theta, "theta")
    sigma = checks.number(sigma, "sigma", above=0.0)
    if sigma > 40:  # b_1 = 4/pi e^{-sigma^2/2} is 0 in double precision
        return np.zeros_like(theta)
    # Images come in cancelling pairs far away; the base point makes the pairing explicit.
    turn = np.floor(theta / np.pi + 0.5)
    local = theta - turn * np.pi
    reach = int(np.ceil(12 * sigma / np.pi)) + 1
    total = np.zeros_like(theta)
    for j in range(-reach, reach + 1):
        total += (-1.0) ** j * (scipy.special.erf((local - j * np.pi) / (np.sqrt(2) * sigma)) + np.sign(j))
    return np.asarray((-1.0) ** turn * total)


def laurent_coefficients(coefficients: ArrayLike) -> Complex[np.ndarray, " n"]:
    """c_{-K..K} with f = sum_k c_k z^k, z = exp(i theta): c_k = -(i/2) b_|k| sgn(k), zero for even k."""
    b = _coefficients(coefficients)
    degree = 2 * len(b) - 1
    c = np.zeros(2 * degree + 1, dtype=complex)
    c[degree + 1 :: 2] = -0.5j * b
    c[degree - 1 :: -2] = 0.5j * b
    return c


def reflection_laurent(sigma: Any, error: Any = 1e-3) -> Complex[np.ndarray, " n"]:
    """c_{-K..K} with |sum_k c_k z^k - exp(-i (pi/2) f(theta))| <= error and a modulus below 1, z = exp(i theta).

    f is the square wave blurred by sigma (radians), so that e^{-i pi S/2}, the reflection of a bang-bang pulse, is one
    polynomial: its modulus is nearly 1 all along, so the ancilla comes back. The Fourier coefficients are cut where
    the rest sums to error/4, and divided by 1 + error/2 (derived here). Raises ValueError unless 1e-4 <= sigma <= 3
    and 1e-10 <= error < 1.
    """
    sigma, error = checks.number(sigma, "sigma", 1e-4, 3.0), checks.number(error, "error", 1e-10, 1.0 - 1e-12)
    points = 1 << int(
        np.ceil(np.log2(64 / min(sigma, 1.0)))
    )  # the coefficients fall like exp(-(k sigma)^2 / 2) and faster
    theta = 2 * np.pi * np.arange(points) / points
    c = np.fft.fftshift(np.fft.fft(np.exp(-0.5j * np.pi * smoothed_square_wave(theta, sigma)))) / points
    middle = points // 2
    pairs = np.abs(c[middle + 1 :]) + np.abs(c[middle - 1 : 0 : -1])  # the orders 1 and -1, 2 and -2, ..
    beyond = np.cumsum(pairs[::-1])[::-1]
    K = int(np.argmax(np.append(beyond, 0.0) <= error / 4))
    return c[middle - K : middle + K + 1] / (1 + error / 2)


def _alternation(residual: np.ndarray, count: int) -> np.ndarray:
    """The largest point of each run of one sign, reduced to the `count` neighbouring runs with the largest errors."""
    starts = np.flatnonzero(np.diff(np.sign(residual), prepend=0.0))
    peaks = [s + int(np.argmax(np.abs(run))) for s, run in zip(starts, np.split(residual, starts[1:]), strict=True)]
    while len(peaks) > count:
        peaks.pop(0 if abs(residual[peaks[0]]) < abs(residual[peaks[-1]]) else -1)
    return np.array(peaks)


def _coefficients(coefficients: ArrayLike) -> np.ndarray:
    b = checks.real_array(coefficients, "coefficients", (None,))
    if len(b) == 0:
        raise ValueError("coefficients must hold at least one coefficient")
    return b


def _odd(degree: Any) -> np.ndarray:
    degree = checks.integer(degree, "degree", 1, MAX_DEGREE)
    if degree % 2 == 0:
        raise ValueError(f"degree must be odd, got {degree}")
    return np.arange(1, degree + 1, 2)


def _edge(edge: Any) -> float:
    edge = checks.number(edge, "edge", 1e-100)
    if edge >= np.pi / 2:
        raise ValueError(f"edge must be below pi/2, where the two edges meet, got {edge!r}")
    return edge
