"""A linear system through its modes: after one diagonalisation, every frequency and every time is a short sum.

With A = V diag(lambda) V^{-1}, x' = A x + B u and y = C x have the transfer function

    G(s) = C (s I - A)^{-1} B = sum_i r_i / (s - lambda_i),     r_i = (C v_i) (V^{-1} B)_i,

which is why S4D and S5 diagonalise at all. Rounding costs about 1e-16 kappa(V): nothing for S4D, whose V is unitary,
little after perturb-then-diagonalise, everything for LegS itself from about 20 states on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Complex
from numpy.typing import ArrayLike

from spectral_lab import checks


def modes(A: ArrayLike, B: ArrayLike, C: ArrayLike) -> tuple[Complex[np.ndarray, " n"], Complex[np.ndarray, " n"]]:
    """(poles, residues): the eigenvalues lambda_i of A, and r_i = (C v_i) (V^{-1} B)_i.

    Args: A (n, n) with n independent eigenvectors; B (n,); C (n,). Raises: ValueError.
    """
    A = checks.square(A, "A")
    B, C = checks.array(B, "B", (None,)), checks.array(C, "C", (None,))
    if len(B) == len(C) != len(A):
        raise ValueError(f"A must have as many rows as B and C have entries, {len(B)}, got shape {A.shape}")
    B, C = checks.array(B, "B", (len(A),)), checks.array(C, "C", (len(A),))
    poles, V = np.linalg.eig(A)
    try:
        inverse = np.linalg.inv(V)
        condition = float(np.linalg.norm(V, 1) * np.linalg.norm(inverse, 1))
    except np.linalg.LinAlgError:
        condition = np.inf
    if not condition < 0.1 / np.finfo(float).eps:
        raise ValueError(
            f"A must have n independent eigenvectors, got ones with condition number {condition:.1g}: perturb it first"
        )
    with np.errstate(all="ignore"):
        residues = ((C @ V) * (inverse @ B)).astype(complex)
    if not np.isfinite(residues).all():
        raise ValueError("B and C must be small enough for the residues to be finite")
    return poles.astype(complex), residues


def modal_transfer(poles: ArrayLike, residues: ArrayLike, s: ArrayLike) -> Complex[np.ndarray, "*grid"]:
    """G(s) = sum_i r_i / (s - lambda_i); infinity at a pole.

    Args: poles (n,) and residues (n,), as from modes; s, complex frequencies of any shape. Raises: ValueError.
    """
    poles, residues = _modes(poles, residues)
    s = np.asarray(checks.array(s, "s"), dtype=complex)
    with np.errstate(all="ignore"):
        distance = s.ravel() - poles[:, None]
        G = residues @ np.reciprocal(distance, out=distance)
    G[~np.isfinite(G)] = np.inf  # complex division by zero gives NaN in numpy
    return G.reshape(s.shape)


def transfer_function(A: ArrayLike, B: ArrayLike, C: ArrayLike, s: ArrayLike) -> Complex[np.ndarray, "*grid"]:
    """G(s) = C (s I - A)^{-1} B by way of the modes: one eigendecomposition serves every s.

    Args: A (n, n) with n independent eigenvectors; B (n,); C (n,); s, complex frequencies of any shape.
    Raises: ValueError.
    """
    return modal_transfer(*modes(A, B, C), s)


def tone_response(poles: ArrayLike, residues: ArrayLike, omega: Any, t: ArrayLike) -> Complex[np.ndarray, "*times"]:
    """Output at the times t >= 0 for the input e^{i omega t} switched on at 0, from rest.

    y(t) = sum_i r_i (e^{i omega t} - e^{lambda_i t}) / (i omega - lambda_i), t e^{lambda_i t} at resonance (derived
    here). For a real system its real part answers cos(omega t). A mode needs a time 1 / |Re lambda| to build up.

    Args: poles (n,) and residues (n,), as from modes; omega, real; t, times of any shape. Raises: ValueError.
    """
    poles, residues = _modes(poles, residues)
    omega, t = checks.number(omega, "omega"), np.asarray(checks.array(t, "t"))
    if np.iscomplexobj(t) or (t < 0).any():
        raise ValueError("t must hold times of at least 0 only")
    if abs(omega) * t.max(initial=0) > 2**53:
        raise ValueError(f"omega t must be at most 2^53, or its phase is lost; got {omega:g} times {t.max():g}")
    beat = 1j * omega - poles
    with np.errstate(all="ignore"):
        tone, ring = np.exp(1j * omega * t)[..., None], np.exp(poles * t[..., None])
        apart = (tone - ring) / beat
        close = ring * np.expm1(beat * t[..., None]) / beat  # the same without cancellation
        close = np.where(beat == 0, t[..., None] * ring, close)
        y = np.asarray(np.where(np.abs(beat) * t[..., None] < 1, close, apart) @ residues)
    if not np.isfinite(y).all():
        raise ValueError("t must be small enough for the growing modes to be finite")
    return y


def hold(
    poles: ArrayLike, residues: ArrayLike, step: Any
) -> tuple[Complex[np.ndarray, " n"], Complex[np.ndarray, " n"]]:
    """Modes of the zero-order hold: y_k = sum_i r_i' sum_{j<=k} lambda_i'^{k-j} u_j for an input held over each step.

    lambda' = e^{lambda step} and r' = r (e^{lambda step} - 1) / lambda, r step for lambda = 0 (S4D, S5).

    Args: poles (n,) and residues (n,), as from modes; step > 0 in units of time. Raises: ValueError.
    """
    poles, residues = _modes(poles, residues)
    step = checks.number(step, "step", above=0)
    with np.errstate(all="ignore"):
        held = np.exp(poles * step), residues * np.where(poles == 0, step, np.expm1(poles * step) / poles)
    if not np.isfinite(held).all():
        raise ValueError(f"step must be small enough for the growing modes to be finite, got {step:g}")
    return held


def sampled_transfer(
    poles: ArrayLike, residues: ArrayLike, omega: ArrayLike, step: Any
) -> Complex[np.ndarray, "*grid"]:
    """Gain and phase of the held system for the samples of a tone, e^{i omega step k}; infinity at a pole.

    sum_i r_i' / (1 - lambda_i' e^{-i omega step}), periodic in omega with period 2 pi / step: a spike beyond half of
    that folds back, and the hold lowers it by about |sinc(omega step / 2)|.

    Args: poles (n,) and residues (n,), as from modes; omega, real, of any shape; step > 0. Raises: ValueError.
    """
    omega = np.asarray(checks.array(omega, "omega"))
    if np.iscomplexobj(omega):
        raise ValueError("omega must hold real frequencies only")
    discrete, weights = hold(poles, residues, step)
    if np.abs(omega).max(initial=0) * float(step) > 2**53:
        raise ValueError(f"omega step must be at most 2^53, or its phase is lost; got a step of {float(step):g}")
    z = np.exp(1j * omega * float(step))
    return np.asarray(z * modal_transfer(discrete, weights, z))


def _modes(poles: ArrayLike, residues: ArrayLike) -> tuple[Complex[np.ndarray, " n"], Complex[np.ndarray, " n"]]:
    poles = checks.array(poles, "poles", (None,)).astype(complex)
    return poles, checks.array(residues, "residues", poles.shape).astype(complex)
