"""Two-dimensional turbulence on the unit torus, in vorticity form:

    w_t + u . grad w = nu Laplacian w + f,    -Laplacian psi = w,    u = (psi_y, -psi_x)

Advection conserves the enstrophy and diffusion lowers it, so ||w(t)|| <= ||w_0|| + t ||f||: whoever exceeds that has
blown up. RK4 with an integrating factor takes steps hundreds of times longer than the Euler scheme of the published
data, and is closer to a fine solution.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.latent.burgers import ascending, rk4, steps_between
from spectral_lab.latent.random_fields import square_fields

SCHEMES = ("if-rk4", "authors")
LONGEST_RUN = 50  # steps between two looks at the enstrophy


def navier_stokes(
    w0: ArrayLike,
    viscosity: Any,
    times: ArrayLike,
    step: Any,
    scheme: str = "if-rk4",
    forcing: ArrayLike | None = None,
) -> Float[np.ndarray, "times *batch N N"]:
    """The vorticity at the given times, from w0 at the points (i/N, j/N).

    - "if-rk4": diffusion exactly, by an integrating factor; advection by RK4.
    - "authors": the published data's: Crank-Nicolson for diffusion, Euler for advection (Li and others, 2010.08895).

    Both keep |k_x|, |k_y| <= (2/3) floor(N/2) of the product, not of w. The published forcing is
    0.1 (sin 2 pi (x+y) + cos 2 pi (x+y)). Of an even N the last frequency has no derivative on the grid; "authors"
    gives it one, as the published code does, at the price of the symmetry between x and y. Good steps for "if-rk4":
    0.02 up to N = 128, 0.005 at 256.

    Args: w0 (..., N, N), N from 4 to 1024; viscosity, 0 to 1e3; times, ascending, from 0 to 1e6; step > 0, the longest
    allowed; forcing (N, N), or None for the published one.
    Raises: ValueError, also where a step lets the enstrophy exceed its bound, which means it is too long.
    """
    w0, times = square_fields(w0, "w0"), ascending(times)
    N = checks.integer(w0.shape[-1], "the last side of w0", 4, 1024)
    nu, step = checks.number(viscosity, "viscosity", 0, 1e3), checks.number(step, "step", 1e-9)
    forcing = published_forcing(N) if forcing is None else checks.real_array(forcing, "forcing", (N, N))
    if np.abs(w0).max() > 1e6 or np.abs(forcing).max() > 1e6:
        raise ValueError("w0 and forcing must be at most 1e6 in size")
    checks.room(w0.size * len(times), "w0 and times")
    flow = Flow(N, nu, forcing, checks.choice(scheme, "scheme", SCHEMES), scipy.fft, np.asarray)
    return np.stack(list(flow.fields(w0, times, step)))


def published_forcing(N: int) -> Float[np.ndarray, "N N"]:
    """0.1 (sin 2 pi (x+y) + cos 2 pi (x+y)) at the points (i/N, j/N)."""
    phase = 2 * np.pi / N * np.add.outer(np.arange(N), np.arange(N))
    return 0.1 * (np.sin(phase) + np.cos(phase))


class Flow:
    """The semi-discrete equation in half of the Fourier plane, for arrays or tensors.

    Args: fft, a module with rfft2 and irfft2; place, from a numpy array to an array of the caller's kind.
    """

    def __init__(
        self, N: int, nu: float, forcing: np.ndarray, scheme: str, fft: Any, place: Callable[[np.ndarray], Any]
    ) -> None:
        k, l = 2 * np.pi * np.fft.fftfreq(N, 1 / N)[:, None], 2 * np.pi * np.arange(N // 2 + 1)
        k2 = k**2 + l**2
        inverse = 1 / np.where(k2 == 0, 1.0, k2)
        kept = (np.abs(k) <= 2 * np.pi * (2 / 3) * (N // 2)) & (l <= 2 * np.pi * (2 / 3) * (N // 2))
        if scheme == "if-rk4":  # the last frequency of an even N has no derivative on the grid
            k, l = (np.where(np.abs(one) < np.pi * N, one, 0) for one in (k, l))
        k, l = np.broadcast_to(1j * k, k2.shape), np.broadcast_to(1j * l, k2.shape)
        # From w to the velocity and to the gradient: u = psi_y, v = -psi_x, w_x, w_y.
        self.maps = place(np.stack([l * inverse, -k * inverse, k, l]))
        self.kept, self.forcing = place(-1.0 * kept), fft.rfft2(place(forcing))
        self.diffusion, self.N, self.scheme, self.fft, self.place = nu * k2, N, scheme, fft, place
        self.force = float(np.sqrt((forcing**2).mean()))

    def product(self, v: Any) -> Any:
        """-u . grad w + f, without the frequencies beyond two thirds of the grid."""
        u, v, w_x, w_y = self.fft.irfft2(
            self.maps.reshape(4, *[1] * (v.ndim - 2), *v.shape[-2:]) * v, s=(self.N, self.N)
        )
        return self.kept * self.fft.rfft2(u * w_x + v * w_y) + self.forcing

    def advance(self, v: Any, h: float, count: int) -> Any:
        """`count` steps of length h."""
        if self.scheme == "if-rk4":
            return rk4(v, self.place(np.exp(-self.diffusion * h / 2)), self.product, h, count)
        # Crank-Nicolson. The mean is kept; the published code damps it, but its fields have mean 0.
        explicit, implicit = self.place(1 - h / 2 * self.diffusion), self.place(1 / (1 + h / 2 * self.diffusion))
        with np.errstate(all="ignore"):
            for _ in range(count):
                v = implicit * (explicit * v + h * self.product(v))
        return v

    def fields(self, w: Any, times: np.ndarray, step: float) -> Any:
        """The fields at each of the times, one after the other."""
        start, now, v = self.size(w), 0.0, self.fft.rfft2(w)
        for time in times:
            count = steps_between(now, time, step)
            h = (time - now) / max(count, 1)
            while count:
                run = min(count, LONGEST_RUN)
                v, count, now = self.advance(v, h, run), count - run, now + h * run
                w = self.fft.irfft2(v, s=(self.N, self.N))
                if not bool((self.size(w) <= 2 * (start + now * self.force) + 1e-12).all()):
                    raise ValueError(
                        f"step must be short enough for the flow not to blow up, got {step:g} at t = {now:.4g}"
                    )
            now = time
            yield w

    @staticmethod
    def size(w: Any) -> Any:
        """The root mean square of each field."""
        return (w * w).mean(axis=(-2, -1)) ** 0.5
