"""Demonstration 6: a turbulent flow, its spectrum, and how long a frame stays a good guess."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, choice
from spectral_lab.explorer.palette import BLUE, DIVERGING, INK, RED
from spectral_lab.explorer.theme import Figure, axis, bare, figure, heat, line, panel, points
from spectral_lab.latent.random_fields import complex_noise, random_field_periodic
from spectral_lab.latent.vorticity import navier_stokes

N, LAST, GUESS = 48, 20, 10
LAWS = {"18.5, the paper's": 7**1.5, "343, the code's": 343.0, "686, the file's": 686.0}
VISCOSITIES = {"10⁻³": 1e-3, "10⁻⁴": 1e-4, "10⁻⁵": 1e-5}


@lru_cache(maxsize=9)
def _flow(viscosity: str, law: str) -> np.ndarray:
    w0 = random_field_periodic(complex_noise((N, N), 3), strength=LAWS[law])
    return navier_stokes(w0, VISCOSITIES[viscosity], np.arange(LAST + 1.0), 0.025)


@lru_cache(maxsize=1)
def _shells() -> np.ndarray:
    k = np.fft.fftfreq(N, 1 / N)
    return np.hypot(k[:, None], k).round().astype(int)


def _by_shell(density: np.ndarray) -> np.ndarray:
    """Sums over all frequencies of one rounded size, from 1 to N/2 - 1."""
    return np.bincount(_shells().ravel(), density.ravel())[1 : N // 2]


def _compute(viscosity: str, law: str, t: int) -> dict[str, Any]:
    flow = _flow(viscosity, law)
    density = np.abs(np.fft.fft2(flow[t]) / N**2) ** 2
    errors = np.linalg.norm(flow - flow[GUESS], axis=(1, 2)) / np.linalg.norm(flow, axis=(1, 2))
    return {
        "w": flow[t], "k": np.arange(1, N // 2), "enstrophy": _by_shell(density),
        "times": np.arange(LAST + 1), "errors": errors, "size": float(np.sqrt((flow[t] ** 2).mean())),
        "error": float(errors[t]), "limit": float(np.abs(flow[[0, GUESS, LAST]]).max()),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    x = np.arange(N) / N
    return figure(
        panel(f"Vorticity at t = {d.t}", bare(0, 1), bare(0, 1), equal=True).draw(
            heat(x, x, d.w.T, -d.limit, d.limit, colors=DIVERGING)
        ),
        panel("Enstrophy spectrum", axis("|k|", 0.9, 30, log=True), axis("", 1e-10, 3, log=True, dtick=2)).draw(
            line(d.k, np.maximum(d.enstrophy, 1e-14), "enstrophy", BLUE)
        ),
        panel(f"Frame {GUESS} as a guess", axis("t", 0, LAST), axis("relative error", 0, 1.5)).draw(
            line(d.times, d.errors, "error", RED), points([d.t], [d.error], "now", INK, size=9)
        ),
    )


def _readout(d: Data) -> str:
    return (
        f"ν = {d.viscosity}, strength {d.law}, t = {d.t}: root mean square vorticity {d.size:.3f}; frame {GUESS} as a "
        f"guess is off by {d.error:.2f}."
    )


def _code(viscosity: str, law: str, t: int) -> str:
    return f"""
        import numpy as np
        from spectral_lab.latent import complex_noise, navier_stokes, random_field_periodic

        w0 = random_field_periodic(complex_noise(({N}, {N}), 3), strength={LAWS[law]!r})
        w = navier_stokes(w0, {VISCOSITIES[viscosity]}, np.arange({LAST + 1}.0), 0.025)
        error = np.linalg.norm(w[{t}] - w[{GUESS}]) / np.linalg.norm(w[{t}])
        print(np.sqrt((w[{t}] ** 2).mean()), error)
    """


def turbulence_budget(**state: Any) -> Explorer:
    """Forced turbulence on a torus: three viscosities, and three laws of the initial field that go by one name."""
    return Explorer(
        title="A budget of turbulence",
        controls=[
            choice("viscosity", r"viscosity $\nu$", tuple(VISCOSITIES), "10⁻⁵"),
            choice("law", "strength of the start", tuple(LAWS), "686, the file's"),
            Slider("t", "time $t$", tuple(range(LAST + 1)), 15, play=True),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "As in the paper": {"law": "18.5, the paper's", "t": 20},
            "As in the code": {"law": "343, the code's", "t": 20},
            "Thick": {"viscosity": "10⁻³"},
        },
        state=state,
    )
