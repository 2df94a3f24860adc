"""Demonstration 6: a turbulent flow, its spectrum, and how long a frame or a trained network stays a good guess."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, choice
from spectral_lab.explorer.palette import BLUE, DIVERGING, GREEN, INK, RED
from spectral_lab.explorer.theme import Figure, axis, bare, figure, heat, key, line, panel, points
from spectral_lab.latent.miniatures import trained_network
from spectral_lab.latent.random_fields import complex_noise, random_field_periodic
from spectral_lab.latent.vorticity import navier_stokes

N, LAST, GUESS, GIVEN, SEED, STEP = 64, 20, 10, 4, 3, 0.025
STRIDE = 2  # the networks see every second point
LAWS = {"18.5, the paper's": 7**1.5, "343, the code's": 343.0, "686, the file's": 686.0}
VISCOSITIES = {"10⁻³": 1e-3, "10⁻⁴": 1e-4, "10⁻⁵": 1e-5}
NETWORKS = {"FNO": "flow-fno", "LSM": "flow-lsm"}


@lru_cache(maxsize=9)
def _flow(viscosity: str, law: str) -> np.ndarray:
    w0 = random_field_periodic(complex_noise((N, N), SEED), strength=LAWS[law])
    return navier_stokes(w0, VISCOSITIES[viscosity], np.arange(LAST + 1.0), STEP)


@lru_cache(maxsize=18)
def _forecast(network: str, viscosity: str, law: str) -> np.ndarray:
    """The flow at t = 0..20 on every second point, as the network tells it from frames 1 to 4; these as they are."""
    seen = _flow(viscosity, law)[:, ::STRIDE, ::STRIDE]
    later = trained_network(NETWORKS[network]).forecast(seen[1 : GIVEN + 1], LAST - GIVEN)
    return np.concatenate([seen[: GIVEN + 1], later])


@lru_cache(maxsize=1)
def _shells() -> np.ndarray:
    k = np.fft.fftfreq(N, 1 / N)
    return np.hypot(k[:, None], k).round().astype(int)


def _by_shell(density: np.ndarray) -> np.ndarray:
    """Sums over all frequencies of one rounded size, from 1 to N/2 - 1."""
    return np.bincount(_shells().ravel(), density.ravel())[1 : N // 2]


def _off(guess: np.ndarray, true: np.ndarray) -> np.ndarray:
    """The relative error of each frame."""
    return np.linalg.norm(guess - true, axis=(1, 2)) / np.linalg.norm(true, axis=(1, 2))


def _compute(network: str, viscosity: str, law: str, t: int) -> dict[str, Any]:
    flow, told = _flow(viscosity, law), _forecast(network, viscosity, law)
    density = np.abs(np.fft.fft2(flow[t]) / N**2) ** 2
    still, learned = _off(flow[GUESS], flow), _off(told, flow[:, ::STRIDE, ::STRIDE])
    return {
        "w": flow[t], "told": told[t], "k": np.arange(1, N // 2), "enstrophy": _by_shell(density),
        "times": np.arange(LAST + 1), "still": still, "learned": learned, "size": float(np.sqrt((flow[t] ** 2).mean())),
        "error": float(still[t]), "off": float(learned[t]), "limit": float(np.abs(flow[[0, GUESS, LAST]]).max()),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    now = [d.error, d.off] if d.t > GIVEN else [d.error]

    def square(title: str, w: np.ndarray) -> Any:
        x = np.arange(len(w)) / len(w)
        return panel(title, bare(0, 1), bare(0, 1), 1.15, equal=True).draw(
            heat(x, x, w.T, -d.limit, d.limit, colors=DIVERGING)
        )

    return figure(
        square(f"Vorticity at t = {d.t}", d.w),
        square(f"{d.network}, from t = 1 to {GIVEN}" if d.t > GIVEN else "Given to the network", d.told),
        panel("Enstrophy spectrum", axis("|k|", 0.9, 35, log=True), axis("", 1e-10, 3, log=True, dtick=2)).draw(
            line(d.k, np.maximum(d.enstrophy, 1e-14), "enstrophy", BLUE)
        ),
        panel("Off by", axis("t", 0, LAST), axis("relative error", 0, 1.5)).draw(
            line(d.times, d.still, f"frame {GUESS}", RED),
            line(d.times[GIVEN:], d.learned[GIVEN:], "network", GREEN),
            points([d.t] * len(now), now, "now", INK, size=7),
            *key("top right", (f"frame {GUESS}", RED), (d.network, GREEN)),
        ),
        height=300,
    )


def _readout(d: Data) -> str:
    told = f"the {d.network}, from the first four, by {d.off:.2f}" if d.t > GIVEN else f"the {d.network} is given it"
    return (
        f"ν = {d.viscosity}, strength {d.law}, t = {d.t}: root mean square vorticity {d.size:.3f}; frame {GUESS} as a "
        f"guess is off by {d.error:.2f}, {told}."
    )


def _code(network: str, viscosity: str, law: str, t: int) -> str:
    learned = f"""
        seen = w[:, ::{STRIDE}, ::{STRIDE}]
        told = trained_network("{NETWORKS[network]}").forecast(seen[1:{GIVEN + 1}], {t - GIVEN})[-1]
        print(np.linalg.norm(told - seen[{t}]) / np.linalg.norm(seen[{t}]))
    """
    return f"""
        import numpy as np
        from spectral_lab.latent import complex_noise, navier_stokes, random_field_periodic, trained_network

        w0 = random_field_periodic(complex_noise(({N}, {N}), {SEED}), strength={LAWS[law]!r})
        w = navier_stokes(w0, {VISCOSITIES[viscosity]}, np.arange({LAST + 1}.0), {STEP})
        error = np.linalg.norm(w[{t}] - w[{GUESS}]) / np.linalg.norm(w[{t}])
        print(np.sqrt((w[{t}] ** 2).mean()), error)
    """ + (learned if t > GIVEN else "")


def turbulence_budget(**state: Any) -> Explorer:
    """Forced turbulence on a torus: three viscosities, three laws of the start, and a forecast that reads itself."""
    return Explorer(
        title="A budget of turbulence",
        controls=[
            choice("viscosity", r"viscosity $\nu$", tuple(VISCOSITIES), "10⁻⁴"),
            choice("law", "strength of the start", tuple(LAWS), "686, the file's"),
            choice("network", "network", tuple(NETWORKS)),
            Slider("t", "time $t$", tuple(range(LAST + 1)), 8, play=True),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Far beyond the training": {"t": 20},
            "As in the paper": {"viscosity": "10⁻⁵", "law": "18.5, the paper's", "t": 20},
            "As in the code": {"viscosity": "10⁻⁵", "law": "343, the code's", "t": 20},
            "As in the file": {"viscosity": "10⁻⁵", "t": 20},
            "Thick": {"viscosity": "10⁻³"},
        },
        state=state,
    )
