"""Demonstration 4: from a polynomial to the angles of a circuit, and how the choice of one root set decides."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.cooling import qsp
from spectral_lab.cooling.sign_functions import gaussian_coefficients, laurent_coefficients
from spectral_lab.explorer import Data, Explorer, Slider, choice, number_text, slider
from spectral_lab.explorer.palette import BLUE, GRID, MUTED, PINK, RED
from spectral_lab.explorer.theme import Figure, axis, figure, line, note, panel, points

ROOTS = {"inside the circle": "inside", "outside the circle": "outside"}
DEGREES = tuple(int(d) for d in np.unique(4 * np.round((np.geomspace(10, 1002, 41) - 2) / 4) + 2))  # 2 K, K odd
ANGLES = np.pi * np.linspace(-1, 1, 257)
SHARPNESS = 4.0  # K sigma: the series is cut where its Gaussian has fallen to e^-8
BOUND = 1e-11


@lru_cache(maxsize=128)
def _factory(degree: int, eta: float, roots: str) -> tuple[np.ndarray, np.ndarray, qsp.Angles]:
    K = (degree // 2 - 1) | 1
    p = (1 - eta) * laurent_coefficients(gaussian_coefficients(K, SHARPNESS / K))
    q = qsp.gqsp_complement(p, zeros=ROOTS[roots])
    return p, q, qsp.gqsp_angles(p, q, tolerance=1)


def _compute(degree: int, eta: float, roots: str, level: float, shift: float, coarse: bool) -> dict[str, Any]:
    p, q, angles = _factory(min(degree, 302) if coarse else degree, eta, roots)
    turned = qsp.shift_angles(angles.phi, -np.pi * shift)
    z = np.exp(1j * ANGLES)
    K = (len(p) - 1) // 2
    wanted = np.polynomial.polynomial.polyval(z * np.exp(-1j * np.pi * shift), p)
    product = qsp.gqsp_polynomial(angles.theta, turned, angles.lam, z)
    path = qsp.gqsp_path(angles.theta, turned, angles.lam, np.exp(1j * np.pi * level))
    return {
        "degree": len(p) - 1, "theta": angles.theta,
        "phi": 1 - np.mod(1 - np.round(turned / np.pi, 6), 2),  # in units of pi, above -1 and up to 1
        "divisor": float(max(abs(p[-1]), abs(q[-1]))),
        # dividing by z^K makes the sign function real again
        "f": np.real(product * np.exp(-1j * K * (ANGLES - np.pi * shift))),
        "error": np.maximum(np.abs(product - wanted), 1e-17), "path": path,
        "holds": bool(np.abs(product - wanted).max() < BOUND), "up": float(abs(1 + path[-1, 2]) / 2),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    x, path, circle = ANGLES / np.pi, d.path, np.exp(2j * np.pi * np.linspace(0, 1, 101))
    j = np.arange(len(d.theta)) / (len(d.theta) - 1)
    error = axis("error of the product", 1e-17, 1e-1, log=True, dtick=2)
    X, Z = axis("⟨X⟩ of the ancilla", -1.15, 1.15), axis("⟨Z⟩ of the ancilla", -1.15, 1.15)
    return figure(
        panel("Does the circuit do P?", axis("θ / π", -1, 1), error, 1.1).draw(
            line(x, d.error, "|product − P|", RED, width=1.5),
            line([-1, 1], [BOUND, BOUND], color=MUTED, dash="dot", width=1),
            note(f"|product − P| = {number_text(BOUND)}", -0.96, BOUND * 10**0.5, MUTED),
        ),
        panel("Its angles / π", axis("gate j / d", -0.03, 1.03), axis("", -1.1, 1.1)).draw(
            points(j, d.phi, "φ_j", PINK, size=3),
            points(j[::2], d.theta[::2] / np.pi, "θ_j, j even", BLUE, size=3),
            points(j[1::2], d.theta[1::2] / np.pi, "θ_j, j odd", MUTED, size=3),
            note("θ<sub>j</sub>, j even", 0.45, 0.45, BLUE, anchor="right"),
            note("θ<sub>j</sub>, j odd: 0", 0.02, -0.09, MUTED),
            note("phases φ<sub>j</sub>", 1.0, 0.85, PINK, anchor="right"),
        ),
        panel("One level's way", X, Z, equal=True).draw(
            line(circle.real, circle.imag, color=GRID, width=1),
            line(path[:, 0], path[:, 2], "Bloch vector", width=1),
            points(path[-1:, 0], path[-1:, 2], "after the last gate", size=9),
        ),
    )


def _readout(d: Data) -> str:
    # How large an amplified rounding error is differs from machine to machine; whether it is one does not.
    digits = 3 if d.holds else 2
    return (
        f"Degree {d.degree}, zeros of Q {d.roots}, η = {number_text(d.eta, 2)}, shifted by "
        f"{number_text(d.shift, 3)} π: the product misses P by {'less' if d.holds else 'more'} than "
        f"{number_text(BOUND)}; stripping began with a division by {number_text(d.divisor, 2)}. "
        f"The level at θ = {number_text(d.level, 3)} π leaves the ancilla in |0⟩ with probability "
        f"{d.up:.{digits}f}."
    )


def _code(degree: int, eta: float, roots: str, level: float, shift: float) -> str:
    K = (degree // 2 - 1) | 1
    return f"""
        import numpy as np
        from spectral_lab.cooling import gqsp_angles, gqsp_complement, gqsp_path
        from spectral_lab.cooling import laurent_coefficients, product_error, shift_angles
        from spectral_lab.cooling.sign_functions import gaussian_coefficients

        P = (1 - {eta}) * laurent_coefficients(gaussian_coefficients({K}, {SHARPNESS} / {K}))
        Q = gqsp_complement(P, zeros="{ROOTS[roots]}")
        angles = gqsp_angles(P, Q, tolerance=1)
        phi = shift_angles(angles.phi, -np.pi * {shift})
        z = gqsp_path(angles.theta, phi, angles.lam, np.exp(1j * np.pi * {level}))[-1, 2]
        print("less" if product_error(P, angles) < {BOUND} else "more", "than {BOUND}")
        print(f"division by {{max(abs(P[-1]), abs(Q[-1])):.2g}}; |0> with probability {{abs(1 + z) / 2:.3f}}")
    """


def angle_factory(**state: Any) -> Explorer:
    """Angles of generalised QSP, their self-check, and one level's way through the circuit (C9, C10, C11)."""
    return Explorer(
        title="Angle factory",
        controls=[
            Slider("degree", "degree of $P$", DEGREES, 70),
            slider("eta", r"head-room $\eta$", 3e-5, 0.3, 1e-3, steps=40, log=True),
            choice("roots", "zeros of $Q$", tuple(ROOTS)),
            slider("level", r"level $\theta/\pi$", -1.0, 1.0, 0.2, steps=80),
            slider("shift", "shift by phases", -1.0, 1.0, 0.0, steps=80, unit="π"),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Degree 1002": {"degree": 1002},
            "Wrong roots": {"degree": 1002, "roots": "outside the circle"},
            "At the edge": {"level": 0.0},
        },
        state=state,
    )
