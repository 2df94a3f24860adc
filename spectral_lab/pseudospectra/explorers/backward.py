"""Demonstration 4: backward against forward error, or wrong eigenvalues and the right system."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, choice, integers, number_text, slider
from spectral_lab.explorer.palette import BLUE, INK, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, note, panel, points
from spectral_lab.hippo import legs
from spectral_lab.pseudospectra.legs import legs_impulse_response

KINDS = ("complex Ginibre", "real Gaussian")
POWERS = np.arange(-16, -0.75, 0.25)
T = np.geomspace(3e-3, 8, 401)
ROUNDING = float(np.finfo(float).eps)


@lru_cache(maxsize=64)
def _direction(n: int, kind: str) -> np.ndarray:
    """A random matrix of norm 1 times ||A_H||: what delta multiplies."""
    rng = np.random.default_rng(0)
    G = rng.standard_normal((n, n)) + (1j * rng.standard_normal((n, n)) if kind == KINDS[0] else 0)
    return G * np.linalg.norm(legs(n)[0], 2) / np.linalg.norm(G, 2)


@lru_cache(maxsize=4096)
def _diagonalised(n: int, kind: str, power: float) -> tuple[np.ndarray, np.ndarray, float, float, float]:
    """Eigenpairs of A_H + E, the condition of V, the error of the eigenvalues and of V diag(lambda) V^-1."""
    A, _ = legs(n)
    eigenvalues, V = np.linalg.eig(A + 10.0**power * _direction(n, kind))
    forward = np.abs(eigenvalues[:, None] + np.arange(1, n + 1)).min(axis=1).max()
    rebuilt = V * eigenvalues @ np.linalg.inv(V)
    backward = np.linalg.norm(rebuilt - A, 2) / np.linalg.norm(A, 2)
    return eigenvalues, V, float(np.linalg.cond(V)), float(forward), float(backward)


@lru_cache(maxsize=128)
def _curves(n: int, kind: str, stride: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    powers = POWERS[::stride]
    forward, backward = np.array([_diagonalised(n, kind, power)[3:] for power in powers.tolist()]).T
    return 10.0**powers, forward, backward


def _compute(power: float, n: int, l: int, kind: str, coarse: bool) -> dict[str, Any]:
    l = min(l, n)
    C, B = np.eye(n)[l - 1], legs(n)[1]
    eigenvalues, V, condition, forward, backward = _diagonalised(n, kind, power)
    with np.errstate(all="ignore"):  # an unstable system may outgrow all numbers
        kernel = (np.exp(T[:, None] * eigenvalues) @ (V[l - 1] * np.linalg.solve(V, B.astype(complex)))).real
    exact = legs_impulse_response(n, T, C)
    error = np.nan_to_num(np.abs(kernel - exact), nan=np.inf).max() / np.abs(exact).max()
    deltas, forwards, backwards = _curves(n, kind, 4 if coarse else 1)
    size = 9 * np.abs(exact).max()  # of what is drawn
    return {
        "l": l, "delta": 10.0**power, "condition": condition, "forward": forward, "backward": backward,
        "deltas": deltas, "forwards": forwards, "backwards": backwards, "t": T, "exact": exact,
        "kernel": np.clip(np.nan_to_num(kernel), -size, size), "error": float(error),
        "abscissa": float(eigenvalues.real.max()),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    size = float(np.abs(d.exact).max())
    return figure(
        panel(
            "What was asked, and what matters",
            axis("relative size δ of the perturbation", 6e-17, 0.3, log=True, dtick=3),
            axis("error", 1e-13, 1e3, log=True, dtick=2),
            1.15,
        ).draw(
            line(d.deltas, d.forwards, "eigenvalues, absolute", RED),
            line(d.deltas, d.backwards, "VΛV⁻¹, relative", width=2.5),
            points([d.delta] * 2, [d.forward, d.backward], "now", INK, size=8),
            note("forward: the eigenvalues", 3.16e-16, 250, RED),
            note("backward: ‖VΛV⁻¹ − A‖ / ‖A‖", 3.16e-16, 4e-10, BLUE),
        ),
        panel(
            "The system that comes back",
            axis("time t", 3e-3, 8, log=True),
            axis(f"impulse response of state {d.l}", -1.15 * size, 1.15 * size),
        ).draw(
            line(d.t, d.kernel, "from V and Λ", RED),
            line(d.t, d.exact, "exact", width=3, dash="dot"),
            *key("bottom right", ("exact, dotted", BLUE), ("rebuilt from V and Λ", RED)),
        ),
    )


def _readout(d: Data) -> str:
    # Where rounding weighs as much as the perturbation its size is this machine's own: a bound will do, that of theory
    # or, where it is far too high (state 1 sees little of it), a power of ten well above what was found.
    expected = d.delta + ROUNDING * d.condition
    rounded = expected > 1.1 * d.delta

    def say(value: float) -> str:
        if not rounded:
            return number_text(value, 2)
        ceiling = min(max(expected, 2 * value), 30 * value)
        return f"less than {number_text(10.0 ** np.ceil(np.log10(ceiling)))}"

    said = (
        f"n = {d.n}, {d.kind}, δ = {number_text(d.delta, 2)}: eigenvalues are off by up to "
        f"{number_text(d.forward, 2 if rounded else 3)}, VΛV⁻¹ by {say(d.backward)} of ‖A‖, κ(V) = "
        f"{number_text(d.condition, 1 if rounded else 3)}; "
    )
    if d.abscissa < 0:
        return said + f"the response of state {d.l} is off by {say(d.error)} of its peak."
    times = number_text(d.error, 2) + " times" if np.isfinite(d.error) else "more than 10³⁰⁰ times"
    return said + (
        f"UNSTABLE, max Re λ = {number_text(d.abscissa, 2)}: at t = 8 the response of state {d.l} is off by "
        f"{times} its peak."
    )


def _code(power: float, n: int, l: int, kind: str) -> str:
    l = min(l, n)
    imaginary = f" + 1j * rng.standard_normal(({n}, {n}))" if kind == KINDS[0] else ""
    return f"""
        import numpy as np
        from spectral_lab.hippo import legs
        from spectral_lab.pseudospectra import legs_impulse_response

        A, B = legs({n})
        rng = np.random.default_rng(0)
        G = rng.standard_normal(({n}, {n})){imaginary}
        E = {10.0**power:.6g} * np.linalg.norm(A, 2) / np.linalg.norm(G, 2) * G
        eigenvalues, V = np.linalg.eig(A + E)
        print(abs(eigenvalues[:, None] + np.arange(1, {n} + 1)).min(axis=1).max())             # forward
        print(np.linalg.norm(V * eigenvalues @ np.linalg.inv(V) - A, 2) / np.linalg.norm(A, 2))   # backward
        print(np.linalg.cond(V), eigenvalues.real.max())

        t = np.geomspace(3e-3, 8, 401)
        exact = legs_impulse_response({n}, t, np.eye({n})[{l - 1}])
        rebuilt = (np.exp(t[:, None] * eigenvalues) @ (V[{l - 1}] * np.linalg.solve(V, B + 0j))).real
        print(abs(rebuilt - exact).max() / abs(exact).max())   # the response
    """


def backward_and_forward(**state: Any) -> Explorer:
    """Errors of a diagonalisation after perturbing by delta: the V-shaped backward error with its foot near sqrt(u)."""
    return Explorer(
        title="Wrong eigenvalues, right system",
        controls=[
            slider("power", r"$\log_{10}\delta$", -16, -1, -6, steps=60, play=True),
            Slider("n", "states $n$", (8, 16, 24, 32, 40, 48), 32),
            integers("l", r"read state $\ell$", 1, 48, 32),
            choice("kind", "perturbation", KINDS),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={"Hardly anything": {"power": -16.0}, "The sweet spot": {"power": -8.5}, "Too much": {"power": -1.5}},
        state=state,
    )
