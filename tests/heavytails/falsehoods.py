"""Worlds in which the claims of chapter 05 are false."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from worlds import Runs, given, instead

from spectral_lab import heavytails
from spectral_lab.heavytails import claims

ALPHA, LLAMA = heavytails.alpha_pruning, claims.llama_alphas()


def here(name, false):
    """Something false in the place of what the evidence imports."""
    return instead(claims, name, lambda true: false)


def shapeless(shape, draws, seed=0):
    """Noise that reads the same whatever its shape."""
    n = min(shape)
    return heavytails.wishart_spectra((n, n), draws, seed)


class Linear(heavytails.MarchenkoPastur):
    """A bias that grows like the ratio itself."""

    def hill_exponent(self, below=0.5):
        return 1 + self.Q


class Peaked(heavytails.MarchenkoPastur):
    """Noise whose fit is best at its middle."""

    def hill_exponent(self, below=0.5):
        return super().hill_exponent(min(below, 0.5))


def unsmoothed(values, rule="median", position=2):
    """A median rule that scatters like the peak rule."""
    return heavytails.tail_exponent(values, "peak")


def calm(values, rule="median"):
    """A search that stops where the median rule does."""
    return heavytails.tail_exponent(values)


def shuffled():
    mixed = np.random.default_rng(0).permutation(32)
    return {key: alphas[mixed] if key == "farms" else alphas for key, alphas in LLAMA.items()}


def agreeing():
    """Two teams that measure the same and find the same."""
    return LLAMA | {"other-team": LLAMA["vanilla"], "farms-10": LLAMA["farms"]}


def close_teams():
    """Two teams whose numbers lie less than 3 apart in every matrix."""
    return LLAMA | {"other-team": LLAMA["vanilla"] + np.clip(LLAMA["other-team"] - LLAMA["vanilla"], -2.9, 2.9)}


def rows_alone(shape, strengths, seed):
    """Cutting columns costs nothing: the threshold rises by the root of m / r alone, in 256x1024 by 1.4, not 2."""
    m, n = shape
    return heavytails.planted_matrix(shape, np.multiply(strengths, (n / m) ** 0.25), seed)


def images(preset, **accuracies):
    return Runs(preset, {f"heavytails/images/{name}": {"accuracy": value} for name, value in accuracies.items()})


def ladder(**over_uniform):
    values = {"perplexity": 4.6}
    for method in ("magnitude", "wanda", "sparsegpt"):
        values |= {f"{method} 0.7 {rule} 0.2": 12 * share for rule, share in over_uniform.items()}
        values |= {f"{method} 0.7 uniform": 12.0}
    return Runs("miniature", {"heavytails/text/gpt": values})


DIGITS = images("miniature", uniform=0.967, lower=0.973, tempbalance=0.972, farms=0.973, permuted=0.970, reversed=0.961)
CIFAR = images("paper", uniform=0.77, lower=0.772, tempbalance=0.779, farms=0.783)
GPT = ladder(alpha=0.8, farms=0.82, depth=0.78, reversed=2.0)
PRUNED = Runs(
    "paper",
    {"heavytails/llama/sparsegpt": {"perplexity": 5.7, "0.8 uniform": 150.0, "0.8 alpha": 98.0, "0.8 farms": 82.0}},
)
FLOWS = Runs(
    "paper",
    {f"heavytails/sciml/{name}": {"nRMSE": x} for name, x in {"uniform": 0.1, "sigmoid": 0.09, "farms": 0.087}.items()},
)
FEW = Runs(
    "miniature",
    {
        f"heavytails/sciml/{name}": {"nRMSE": x}
        for name, x in {"uniform": 0.133, "higher": 0.1, "sigmoid": 0.152, "farms": 0.136}.items()
    },
)
FALSEHOODS = {
    "C1": [here("wishart_spectra", shapeless)],
    "C2": [here("farms_exponent", lambda W, size, per_axis: heavytails.tail_exponent(heavytails.esd(W)))],
    "C3": [here("farms_exponent", lambda W, size: heavytails.tail_exponent(heavytails.esd(W), position=4))],
    "C4": [here("MarchenkoPastur", Linear)],
    "C5": [here("MarchenkoPastur", Peaked), here("tail_exponent", calm)],
    "C6": [
        given(signal=2.0),
        here("largest_wishart", lambda shape, draws: heavytails.largest_wishart((110, 110), draws)),
    ],
    "C7": [
        here("pareto_matrix", lambda shape, tail, seed: heavytails.gaussian_matrix(shape, seed)),
        here("pareto_matrix", lambda shape, tail, seed: heavytails.pareto_matrix(shape, min(tail, 1.5), seed)),
    ],
    "C8": [given(strengths=(2.5, 3.0)), given(strengths=(0.5, 3.0)), here("planted_matrix", rows_alone)],
    "C9": [here("llama_alphas", shuffled)],
    "C10": [here("llama_alphas", agreeing), here("llama_alphas", close_teams)],
    "C11": [given(rule="median"), here("tail_exponent", unsmoothed)],
    "C12": [
        DIGITS.but("heavytails/images/farms", accuracy=0.985),
        DIGITS.but("heavytails/images/lower", accuracy=0.95),
        DIGITS.but("heavytails/images/permuted", accuracy=0.96),
        DIGITS.but("heavytails/images/reversed", accuracy=0.98),
    ],
    "C13": [
        ladder(alpha=1.1, farms=1.1, depth=0.8, reversed=2.0),
        ladder(alpha=0.9, farms=0.5, depth=0.8, reversed=2.0),
        ladder(alpha=0.8, farms=0.8, depth=1.3, reversed=2.0),
        ladder(alpha=0.8, farms=0.82, depth=0.78, reversed=0.9),
    ],
    "C14": [CIFAR.but("heavytails/images/farms", accuracy=0.775), CIFAR.but("heavytails/images/lower", accuracy=0.79)],
    "C15": [PRUNED.but("heavytails/llama/sparsegpt", **{"0.8 farms": 99.0})],
    "C16": [FLOWS.but("heavytails/sciml/farms", nRMSE=x) for x in (0.0905, 0.08)],
    "D1": [
        here("null_corrected", lambda alpha, shape: replace(heavytails.null_corrected(alpha, (64, 64)))),
        here("planted_matrix", lambda shape, strengths, seed: heavytails.gaussian_matrix(shape, seed)),
    ],
    "D2": [here("alpha_pruning", lambda a, sizes, S, e: ALPHA(np.exp(a), sizes, S, e) * a.mean())],
    "D3": [here("temperature_balance", lambda a, rate, low, high: heavytails.temperature_balance(a, rate, low, 1.2))],
    "D4": [
        here("alpha_pruning", lambda a, n, S, e, redistribute=False: ALPHA(a, n, S, e, redistribute=True)),
        here("alpha_pruning", lambda a, n, S, e, redistribute=False: ALPHA(a, n, S, e)),
    ],
    "D5": [
        FEW.but("heavytails/sciml/farms", nRMSE=0.155),
        FEW.but("heavytails/sciml/farms", nRMSE=0.13),
        FEW.but("heavytails/sciml/higher", nRMSE=0.13),
    ],
}
TRUTHS = {"C12": [DIGITS], "C13": [GPT], "C14": [CIFAR], "C15": [PRUNED], "C16": [FLOWS], "D5": [FEW]}
