"""Demonstration 1: what e^{tA} B draws, the basis and the measure it is made of, and whether it is orthonormal."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, choice, integers, number_text, slider
from spectral_lab.explorer.palette import BLUE, GREEN, PINK, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, matrix, panel
from spectral_lab.hippo.bases import WINDOWED, basis, measure, state_kernel
from spectral_lab.hippo.diagonal import without_low_rank

SIZES = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
SYSTEMS = ("LegS", "LegT", "FouT", "LagT", "LegS without low rank", "FouT without low rank")
NAMES = {"legs": "LegS", "legt": "LegT", "fout": "FouT", "lagt": "LagT"}
SHOWN = 16  # states that are kept: the picture draws state k and the Gram matrix of the first ones
POINTS = 601


def _family(system: str) -> str:
    return system.split()[0].lower()


def _reach(family: str) -> float:
    """The ages drawn: what lies beyond the window of 1 shows how sharply it is cut."""
    return 6.0 if family in ("legs", "lagt") else 2.0


def _kernels(system: str, n: int, age: np.ndarray) -> np.ndarray:
    """K(age) of the first states, at stretch 1 and tilt 0."""
    family = _family(system)
    if system == NAMES[family]:
        exact = family in ("legs", "lagt")  # their kernels do not depend on how many states there are
        return state_kernel(family, min(n, SHOWN) if exact else n, age)[:, :SHOWN]
    A, B = without_low_rank(family, n)
    decay = np.diag(A).mean()  # A + P P^T is a multiple of the identity and a skew matrix: its eigenbasis is unitary
    frequency, V = np.linalg.eigh(-1j * (A - decay * np.eye(n)))
    return ((np.exp(age[:, None] * (decay + 1j * frequency)) * (V.conj().T @ B)) @ V[:SHOWN].T).real


@cache
def _nodes(family: str) -> tuple[np.ndarray, np.ndarray]:
    """Gauss nodes and weights over the ages where the measure is not 0."""
    x, weight = np.polynomial.legendre.leggauss(120)
    age, weight = (x + 1) / 2, weight / 2
    if family == "legs":
        return -np.log(age), weight / age
    if family == "lagt":
        age, weight = np.polynomial.laguerre.laggauss(60)
        return age, weight * np.exp(age)
    return age, weight


@lru_cache(maxsize=128)
def _unstretched(system: str, n: int) -> tuple[np.ndarray, ...]:
    """Ages, K, p and omega of the first states at stretch 1 and tilt 0, and their Gram matrix int K_j K_k / omega.

    The integral is over the ages with omega > 0: what a kernel does beyond a window is not in it. The ages reach twice
    as far as what is drawn. Stretching and tilting leave the Gram matrix as it is.
    """
    family = _family(system)
    age, (nodes, weight) = np.linspace(0, 2 * _reach(family), POINTS), _nodes(family)
    both = _kernels(system, n, np.concatenate([age, nodes]))  # all ages at once: the matrix exponentials are shared
    K, at_nodes = both[: len(age)], both[len(age) :]
    gram = (at_nodes * (weight / measure(family, nodes))[:, None]).T @ at_nodes
    return age, K, basis(family, min(n, SHOWN), age), measure(family, age), gram


def _compute(system: str, n: int, k: int, c: float, a: float) -> dict[str, Any]:
    age, K, p, omega, gram = _unstretched(system, n)
    k = min(k, n - 1)
    s = age / c
    kernel = c * np.exp(a * s) * K[:, k]
    drawn = np.exp(-a * s) * p[:, k]
    weight = c * np.exp(2 * a * s) * omega
    seen = s <= _reach(_family(system))
    dead = _family(system) == "fout" and k == 1
    beyond = np.zeros(1) if dead or _family(system) not in WINDOWED else kernel[seen & (s > 1 / c)]
    gap = np.linalg.norm((kernel - drawn * weight)[seen])
    size = np.linalg.norm((drawn * weight)[seen])
    return {
        "k": k, "age": s, "K": kernel, "p": drawn, "omega": weight, "gram": gram,
        "gap": float(gap / size) if size > 0 else float(gap),
        "beyond": float((beyond**2).sum() / max((kernel[seen] ** 2).sum(), 1e-300)),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    family, n = _family(d.system), len(d.gram)
    peak = 1.25 * np.sqrt(2 * d.k + 1) * d.c * (1.3 if family == "fout" else 1.0)
    top = 1.3 * np.sqrt(2 * d.k + 1) if family != "fout" else 2.0
    age, tick = axis("age s", 0, _reach(family)), 1 if n <= 6 else 5
    state = axis("state<br><sub>red −1, white 0, blue 1</sub>", dtick=tick)
    down = axis("", n - 0.5, -0.5, constraintoward="top", dtick=tick)
    return figure(
        panel("What e<sup>tA</sup>B draws", age, axis("kernel", -peak, peak), 1.3).draw(
            line(d.age, d.K, "K = eᵗᴬB", width=3),
            line(d.age, d.p * d.omega, "p ω", RED, width=1.5, dash="dash"),
            *key("top right", (f"K<sub>{d.k}</sub>(s), thick", BLUE), ("p ω, dashed", RED)),
        ),
        panel("Basis and measure", age, axis("basis, measure", -top, top), 1.1).draw(
            line(d.age, d.p, "p", GREEN),
            line(d.age, d.omega, "ω", PINK, fill="tozeroy"),
            *key("top right", (f"p<sub>{d.k}</sub>(s)", GREEN), ("ω(s)", PINK)),
        ),
        panel("Gram matrix", state, down, 0.8, equal=True).draw(matrix(d.gram, 1)),
    )


def _readout(d: Data) -> str:
    family = _family(d.system)
    identity = np.eye(len(d.gram))
    if family == "fout":
        identity[1, 1] = 0.0  # the dead state
    defect = np.abs(d.gram - identity).max()
    equal = "K is p·ω to rounding" if d.gap < 1e-9 else f"K differs from p·ω by {100 * d.gap:.1f} % (L²)"
    gram = (
        "is the identity to rounding"
        if defect < 1e-9
        else f"is off the identity by up to {number_text(defect, 2 if defect < 100 else 3)}"
    )
    where = ", on the window alone," if family in WINDOWED else ""
    beyond = ""
    if family in WINDOWED:
        beyond = f"; {number_text(100 * d.beyond, 2)} % of the energy of K up to age 2 lies beyond the window"
    return (
        f"{d.system}, n = {d.n}, state {d.k}, stretch {d.c:g}, tilt {d.a:g}: {equal}; "
        f"the Gram matrix{where} {gram}{beyond}."
    )


def _code(system: str, n: int, k: int, c: float, a: float) -> str:
    family = _family(system)
    reach, whole = _reach(family), system == NAMES[family]
    pair = f'system("{family}", {n})' if whole else f'without_low_rank("{family}", {n})'
    k, shown = min(k, n - 1), min(n, SHOWN)
    nodes = "x, w = np.polynomial.legendre.leggauss(120)   # the Gram matrix by Gauss nodes"
    ages = {
        "legs": "t, w = -np.log((x + 1) / 2), w / (x + 1)",
        "lagt": "t, w = x, w * np.exp(x)",
    }.get(family, "t, w = (x + 1) / 2, w / 2")
    if family == "lagt":
        nodes = "x, w = np.polynomial.laguerre.laggauss(60)   # the Gram matrix by Gauss nodes"
    dead = "identity[1, 1] = 0   # the dead state" if family == "fout" else ""
    beyond = f"print(100 * (K[s > {1 / c!r}] ** 2).sum() / (K**2).sum(), '%')" if family in WINDOWED else ""
    if family == "fout" and k == 1:
        beyond = "print(0, '%')   # the dead state has no energy"
    return f"""
        import numpy as np
        from spectral_lab.hippo import basis, impulse_response, measure, stretch, system, tilt, without_low_rank

        s = np.linspace(0, {2 * reach:g}, {POINTS}) / {c!r}
        s = s[s <= {reach:g}]
        A, B = {pair}
        K = impulse_response(*tilt(*stretch(A, B, {c!r}), {a!r}), s)[:, {k}]
        p = np.exp(-{a!r} * s) * basis("{family}", {n}, {c!r} * s)[:, {k}]
        omega = {c!r} * np.exp(2 * {a!r} * s) * measure("{family}", {c!r} * s)
        print("state", {k}, 100 * np.linalg.norm(K - p * omega) / (np.linalg.norm(p * omega) or 1), "%")
        {nodes}
        {ages}
        at = impulse_response(A, B, t)[:, :{shown}]
        gram, identity = (at * (w / measure("{family}", t))[:, None]).T @ at, np.eye({shown})
        {dead}
        print(abs(gram - identity).max())
        {beyond}
    """


def what_it_draws(**state: Any) -> Explorer:
    """The kernels of the states beside basis times measure, and their Gram matrix (C1, C2, C7, C9)."""
    return Explorer(
        title="What does $e^{tA}B$ draw?",
        controls=[
            choice("system", "system", SYSTEMS, "LegT"),
            Slider("n", "states $n$", SIZES, 32),
            integers("k", "state $k$", 0, 8, 3, play=True),
            slider("c", "stretch $c$", 0.5, 2, 1, steps=60),
            slider("a", "tilt $a$", -0.5, 0.5, 0, steps=40),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Legendre, bent": {"system": "LegS", "n": 64, "k": 5},
            "A sliding window": {"system": "LegT", "n": 128, "k": 4},
            "Fourier's window": {"system": "FouT", "n": 64, "k": 4},
            "Tilted until flat": {"system": "LegS", "a": 0.5},
            "Drop the low rank: noise": {"system": "LegS without low rank", "n": 128, "k": 0},
            "Drop it from FouT: it rings for ever": {"system": "FouT without low rank", "n": 32, "k": 4},
        },
        state=state,
    )
