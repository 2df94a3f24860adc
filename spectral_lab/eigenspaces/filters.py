"""Spectral filters V diag(φ(λ)) V^T, and how steep φ is: splines and ReLU networks with exact Lipschitz constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, SupportsInt

import numpy as np
import scipy
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks

KINK = 1e-12  # kinks of a ReLU network that are closer than this are one
DEGREE = 3  # cubic splines: φ' is continuous and piecewise quadratic, so its largest value has a closed form


def spectral_filter(V: ArrayLike, lam: ArrayLike, phi: Callable | ArrayLike) -> Float[np.ndarray, "*shape"]:
    """V diag(φ(λ)) V^T: the soft projector of SPE (the paper's definition in section 3), one matrix a channel.

    Args:
        V: [..., n, d] eigenvectors in columns; zero columns (padding) do not contribute.
        lam: [..., d] eigenvalues.
        phi: maps λ [..., d] to weights [..., d], or to [..., d, m] for m channels; or those weights themselves.

    Returns:
        [..., n, n], or [..., n, n, m] for m channels.

    Raises:
        ValueError: if the shapes do not fit or a weight is not finite.
    """
    lam = checks.array(lam, "lam")
    V = checks.array(V, "V")
    if V.ndim < 2 or lam.shape != V.shape[:-2] + V.shape[-1:]:
        raise ValueError(f"V [..., n, d] and lam [..., d] must fit, got shapes {V.shape} and {lam.shape}")
    weights = checks.array(phi(lam) if callable(phi) else phi, "phi(lam)")
    if weights.shape == lam.shape:
        return (V * weights[..., None, :]) @ V.swapaxes(-1, -2).conj()
    if weights.shape[:-1] != lam.shape:
        raise ValueError(f"phi(lam) must have shape {lam.shape} or {lam.shape} + (channels,), got {weights.shape}")
    channels = V[..., None, :, :] * weights.swapaxes(-1, -2)[..., :, None, :]  # [..., m, n, d]
    return np.moveaxis(channels @ V.swapaxes(-1, -2).conj()[..., None, :, :], -3, -1)


def spline_design(lam: ArrayLike, pieces: SupportsInt) -> Float[np.ndarray, "*lam coefficients"]:
    """The values of the pieces + 3 cubic B-splines on [0, 2] at the eigenvalues; they sum to 1.

    The knots are open-uniform: `pieces` equal intervals, the end knots fourfold. φ(λ) = design @ coefficients.

    Raises:
        ValueError: for pieces < 1, an eigenvalue outside [0, 2] (clip rounding errors first), or more than 1e8
            entries.
    """
    lam, knots = checks.real_array(lam, "lam"), spline_knots(pieces)
    if lam.size * len(knots) > checks.LARGEST_ORDER**2:
        raise ValueError(f"lam and pieces must leave room for a dense result, got {lam.size} values, {pieces} pieces")
    if lam.size == 0:
        return np.zeros((*lam.shape, len(knots) - DEGREE - 1))
    if np.any((lam < 0) | (lam > 2)):
        raise ValueError(f"lam must lie in [0, 2], got values from {lam.min():.17g} to {lam.max():.17g}")
    design = scipy.interpolate.BSpline.design_matrix(lam.ravel(), knots, DEGREE)
    return design.toarray().reshape(*lam.shape, -1)


def spline_knots(pieces: SupportsInt) -> Float[np.ndarray, " knots"]:
    """Open-uniform knots of cubic splines with equal pieces on [0, 2].

    Raises:
        ValueError: for pieces < 1 or above 10 000.
    """
    inner = np.linspace(0.0, 2.0, checks.order(pieces, "pieces") + 1)
    return np.concatenate([np.zeros(DEGREE), inner, np.full(DEGREE, 2.0)])


def spline_lipschitz(coefficients: ArrayLike) -> float:
    """The exact Lipschitz constant max |φ'| on [0, 2] of a spline with these pieces + 3 coefficients.

    φ' is quadratic between knots, so its extremes lie at knots or at the vertex of a parabola.

    Raises:
        ValueError: for fewer than 4 coefficients, or coefficients that are not finite.
    """
    coefficients = checks.real_array(coefficients, "coefficients", (None,))
    pieces = checks.order(len(coefficients) - DEGREE, "the number of coefficients minus 3")
    slope = scipy.interpolate.BSpline(spline_knots(pieces), coefficients, DEGREE).derivative()
    left, right = np.linspace(0.0, 2.0, pieces + 1)[:-1], np.linspace(0.0, 2.0, pieces + 1)[1:]
    a, b, c = slope(left), slope((left + right) / 2), slope(right)
    c = np.where(right == 2.0, slope(np.nextafter(2.0, 0.0)), c)
    # On u in [0, 1] the parabola through a, b, c at 0, 1/2, 1 is a + (4b - 3a - c) u + 2(a - 2b + c) u^2.
    linear, quadratic = 4 * b - 3 * a - c, 2 * (a - 2 * b + c)
    u = np.clip(-linear / np.where(quadratic == 0, 1.0, 2 * quadratic), 0.0, 1.0)
    vertex = a + linear * u + quadratic * u**2
    return float(np.abs(np.concatenate([a, c, vertex])).max())


def relu_mlp(lam: ArrayLike, weights: Any, biases: Any) -> Float[np.ndarray, "*lam"]:
    """A scalar ReLU network φ: R -> R, applied to each eigenvalue; weights[k] is [out, in], no ReLU after the last.

    Raises:
        ValueError: if the layers do not fit together or do not start and end with width 1.
    """
    layers = _layers(weights, biases)
    lam = checks.real_array(lam, "lam")
    x = lam.reshape(-1, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        for W, b in layers[:-1]:
            x = np.maximum(x @ W.T + b, 0.0)
        x = x @ layers[-1][0].T + layers[-1][1]
    if not np.isfinite(x).all():
        raise ValueError("lam, weights and biases must be so small that the network stays finite")
    return x.reshape(lam.shape)


def mlp_lipschitz(weights: Any, biases: Any) -> float:
    """The exact Lipschitz constant on [0, 2] of a scalar ReLU network: its steepest piece.

    The network is piecewise linear. Its kinks are found layer by layer: between the kinks so far every neuron is
    linear, so it crosses zero at most once there.

    Raises:
        ValueError: as `relu_mlp`.
    """
    layers = _layers(weights, biases)
    kinks = np.array([0.0, 2.0])
    for depth in range(1, len(layers)):
        x = _preactivation(kinks, layers[:depth])  # [kinks, neurons]
        before, after = x[:-1], x[1:]
        crosses = before * after < 0
        share = before / np.where(crosses, before - after, 1.0)
        crossings = (kinks[:-1, None] + share * np.diff(kinks)[:, None])[crosses]
        kinks = np.unique(np.concatenate([kinks, crossings]))
        # Neurons that share a kink place it a rounding error apart; there is no piece of the network in between.
        kinks = kinks[np.diff(kinks, prepend=-1.0) > KINK]
    middle = (kinks[:-1] + kinks[1:]) / 2
    return float(np.abs(_slopes(middle, layers)).max())


def mlp_lipschitz_bound(weights: Any) -> float:
    """The product of the spectral norms of the layers: an upper bound for the Lipschitz constant of a ReLU network.

    Raises:
        ValueError: for no layers, or weights that are not finite matrices.
    """
    _require_sequence(weights, "weights")
    if len(weights) == 0:
        raise ValueError("weights must hold at least one layer")
    norms = [np.linalg.norm(checks.real_array(W, f"weights[{k}]", (None, None)), 2) for k, W in enumerate(weights)]
    return float(np.prod(norms))


def _require_sequence(value: Any, name: str) -> None:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{name} must be a list with an array for each layer, got {type(value).__name__}")


def _layers(weights: Any, biases: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    _require_sequence(weights, "weights")
    _require_sequence(biases, "biases")
    if len(weights) == 0 or len(weights) != len(biases):
        raise ValueError(f"weights and biases must be as many, at least one, got {len(weights)} and {len(biases)}")
    layers = []
    width: int = 1
    for k, (W, b) in enumerate(zip(weights, biases, strict=True)):
        W = checks.real_array(W, f"weights[{k}]", (None, width))
        layers.append((W, checks.real_array(b, f"biases[{k}]", (len(W),))))
        width = len(W)
    if width != 1:
        raise ValueError(f"weights[{len(weights) - 1}] must have one row, got {width}")
    return layers


def _preactivation(x: np.ndarray, layers: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """The input of the ReLU after the given layers."""
    h = x[:, None]
    for depth, (W, b) in enumerate(layers):
        h = (np.maximum(h, 0.0) if depth else h) @ W.T + b
    return h


def _slopes(x: np.ndarray, layers: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """φ'(x) at points that are not kinks: the weights of the neurons that are on."""
    h, slope = x[:, None], np.ones((len(x), 1))
    for depth, (W, b) in enumerate(layers):
        if depth:
            slope, h = slope * (h > 0), np.maximum(h, 0.0)
        h, slope = h @ W.T + b, slope @ W.T
    return slope[:, 0]
