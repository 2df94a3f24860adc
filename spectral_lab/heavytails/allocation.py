"""From exponents to decisions: which layer learns faster, which layer loses more of its weights.

Larger alpha counts as less well trained: such a layer gets a larger learning rate (TempBalance; Zhou, Pang, Liu,
Mahoney, Yang 2023), or is pruned more (AlphaPruning; Lu, Zhou, Liu, Wang, Mahoney, Yang 2024). The linear maps do not
change when the same number is added to every alpha, and they stretch whatever differences there are, noise too, to the
whole of their range.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks

RATE_RULES = ("linear", "sqrt", "log2", "rank")
LARGEST_ALPHA = 1e6


def temperature_balance(
    alphas: ArrayLike, rate: Any, low: Any = 0.5, high: Any = 1.5, rule: str = "linear"
) -> Float[np.ndarray, " layers"]:
    """One learning rate for each layer from its exponent and the global rate.

    - "linear": rate (low + (high - low) (alpha - min) / (max - min)); equal exponents all get rate (low + high) / 2;
    - "sqrt", "log2": rate f(alpha) / mean f, so that the mean rate stays (low and high are not used);
    - "rank": rate (low + (high - low) r / L), r = 0..L-1 the place of the layer among all L; ties keep their order.

    Args: alphas (layers,), positive, above 1 for "log2"; rate > 0; 0 <= low <= high. Raises: ValueError.
    """
    alphas, rate = _alphas(alphas), checks.number(rate, "rate", above=0, maximum=1e100)
    rule, low = checks.choice(rule, "rule", RATE_RULES), checks.number(low, "low", 0, 1e6)
    high = checks.number(high, "high", low, 1e6)
    if rule in ("sqrt", "log2"):
        if rule == "log2" and alphas.min() <= 1:
            raise ValueError(f"alphas must be above 1 for the rule 'log2', got {alphas.min():g}")
        sizes = np.sqrt(alphas) if rule == "sqrt" else np.log2(alphas)
        return rate * sizes / sizes.mean()
    if rule == "rank":
        places = np.empty(len(alphas))
        places[alphas.argsort(kind="stable")] = np.arange(len(alphas))
        return rate * (low + (high - low) * places / len(alphas))
    return rate * (low + (high - low) * _spread(alphas))


def sigmoid_balance(
    alphas: ArrayLike, rate: Any, below: Any, above: Any, temperature: Any = 10.0
) -> Float[np.ndarray, " layers"]:
    """rate 10^(s (sigma(temperature (alpha - mean)) - 1/2)), sigma the logistic function (TB_Sigmoid).

    s is `below` for layers under the mean exponent and `above` for the others.

    Args: alphas (layers,), positive; rate > 0; below, above from 0 to 100; temperature from 0 to 1e6.
    Raises: ValueError.
    """
    alphas, rate = _alphas(alphas), checks.number(rate, "rate", above=0, maximum=1e100)
    below, above = checks.number(below, "below", 0, 100), checks.number(above, "above", 0, 100)
    off = checks.number(temperature, "temperature", 0, 1e6) * (alphas - alphas.mean())
    logistic = (1 + np.tanh(off / 2)) / 2
    return rate * 10 ** (np.where(off < 0, below, above) * (logistic - 0.5))


def alpha_pruning(
    alphas: ArrayLike, sizes: ArrayLike, sparsity: Any, epsilon: Any, clip: Any = 0.998, redistribute: bool = False
) -> Float[np.ndarray, " blocks"]:
    """One sparsity for each block: w = 1 - epsilon + 2 epsilon (alpha - min) / (max - min), times what keeps the total.

    S_B = w_B sparsity sum(sizes) / sum(sizes w). Where that exceeds 1 the released program puts `clip` and loses the
    rest, so that the whole is less sparse than asked for. With redistribute=True blocks are held at `clip` and the
    others take over what it loses, in proportion to w: the whole is exactly as sparse as asked for (ours).

    Args: alphas (blocks,), mean exponents; sizes (blocks,), numbers of weights; sparsity from 0 to 1; epsilon from 0
    to 1; clip from 0 to 1, at least sparsity if it redistributes. Raises: ValueError.
    """
    values = _alphas(alphas)
    counts = checks.real_array(sizes, "sizes", (len(values),))
    if not 1e-100 < counts.min() <= counts.max() < 1e100:
        raise ValueError(f"sizes must be positive and below 1e100, got {counts.min():g} to {counts.max():g}")
    S, epsilon = checks.number(sparsity, "sparsity", 0, 1), checks.number(epsilon, "epsilon", 0, 1)
    clip, redistribute = checks.number(clip, "clip", 0, 1), checks.flag(redistribute, "redistribute")
    w = 1 - epsilon + 2 * epsilon * _spread(values)
    share = counts / counts.sum()
    if not redistribute:
        ratios = w * S / (share @ w)
        return np.where(ratios > 1 + 1e-12, clip, np.minimum(ratios, 1))  # rounding alone is no excess
    if clip < S:
        raise ValueError(f"clip must be at least the sparsity {S:g} to redistribute, got {clip:g}")
    full = np.zeros(len(w), dtype=bool)
    while True:  # each round holds at least one more block, so it ends
        left = S - clip * share[full].sum()
        if not w[~full].any():  # epsilon = 1: what is left are the blocks of least alpha, and they share alike
            w = np.ones(len(w))
        weight = share[~full] @ w[~full]
        ratios = np.where(full, clip, w * (left / weight if weight > 0 else 0.0))
        over = ~full & (ratios > clip * (1 + 1e-15))
        if not over.any():
            return np.minimum(ratios, clip)
        full |= over


def _spread(alphas: Float[np.ndarray, " L"]) -> Float[np.ndarray, " L"]:
    """Exponents moved to [0, 1]; all one half where they are equal."""
    span = alphas.max() - alphas.min()
    return (alphas - alphas.min()) / span if span > 0 else np.full(len(alphas), 0.5)


def _alphas(alphas: ArrayLike) -> Float[np.ndarray, " L"]:
    values = checks.real_array(alphas, "alphas", (None,))
    if not values.size or values.min() <= 0 or values.max() > LARGEST_ALPHA:
        raise ValueError(f"alphas must be one or more positive numbers up to 1e6, got {checks.shown(alphas)}")
    return values
