"""Demonstration 5: stable or sharp?"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import numpy as np

from spectral_lab.eigenspaces.counting import counting_graphs, counting_targets
from spectral_lab.eigenspaces.filters import spline_design
from spectral_lab.eigenspaces.regression import SplineRegression, fit_spline, spline_features
from spectral_lab.eigenspaces.spectra import laplacian_spectra
from spectral_lab.explorer import Data, Explorer, Slider, integers, number_text, slider, toggle
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, RED
from spectral_lab.explorer.theme import Figure, apart, axis, figure, key, line, note, panel, points

PIECES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
GRID = np.linspace(0, 2, 401)
STYLE = {"shifted": ("larger", RED), "test": ("test", BLUE), "train": ("train", MUTED)}
ALL, SMALL, LARGE = (10, 15, 20, 30), (10, 15), (20, 30)
POOL = 300
Split = tuple[list[np.ndarray], np.ndarray]


@cache
def _split(sizes: tuple[int, ...], seed: int) -> Split:
    """The features of a pool of graphs for every number of pieces, and their triangle targets."""
    graphs = counting_graphs(POOL, seed, sizes)
    spectra = laplacian_spectra(graphs)
    return [spline_features(spectra, pieces) for pieces in PIECES], counting_targets(graphs)[:, 0]


@cache
def _designs() -> list[np.ndarray]:
    return [spline_design(GRID, pieces) for pieces in PIECES]


@lru_cache(maxsize=64)
def _sweep(train: int, ridge: float, shift: bool) -> dict[str, Any]:
    """A fit for every number of pieces, with its errors on the splits, in units of the training deviation."""
    sizes = SMALL if shift else ALL
    features, y = _split(sizes, 0)
    mean, std = y[:train].mean(), y[:train].std()
    fits: list[SplineRegression] = [fit_spline(F[:train], (y[:train] - mean) / std, ridge) for F in features]
    splits = {"train": ([F[:train] for F in features], y[:train]), "test": _split(sizes, 1)}
    if shift:
        splits["shifted"] = _split(LARGE, 2)
    predicted = {name: [fit(F) for fit, F in zip(fits, Fs, strict=True)] for name, (Fs, _) in splits.items()}
    true = {name: (values - mean) / std for name, (_, values) in splits.items()}
    errors = {name: np.array([np.abs(p - true[name]).mean() for p in predicted[name]]) for name in splits}
    return {"fits": fits, "predicted": predicted, "true": true, "errors": errors}


def _compute(pieces: int, train: int, ridge: float, shift: bool) -> dict[str, Any]:
    sweep = _sweep(train, ridge, shift)
    at = int(np.argmin(np.abs(np.array(PIECES) - pieces)))
    fit = sweep["fits"][at]
    curve = _designs()[at] @ fit.coefficients
    return {
        "pieces": PIECES[at], "at": at, "errors": sweep["errors"], "true": sweep["true"],
        "curve": curve - np.median(curve), "lipschitz": fit.lipschitz,
        "predicted": {name: values[at] for name, values in sweep["predicted"].items()},
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    low, high = 0.02, 5000.0 if d.shift else 2.0
    reach = 5.0 if d.shift else 3.0  # every true count lies within; the larger graphs have few triangles
    errors, counts = [], [line([-reach, reach], [-reach, reach], color=INK, width=1, dash="dot")]
    ends = apart(
        [max(d.errors[name][-1], low) for name in STYLE if name in d.errors], 0.065 * np.log10(high / low), log=True
    )
    for name, (words, color) in STYLE.items():
        there = name in d.errors
        error = np.clip(d.errors[name], low, high) if there else np.full(len(PIECES), np.nan)
        true, predicted = (values.get(name, np.zeros(0)) for values in (d.true, d.predicted))
        errors += [line(PIECES, error, words, color), points([d.pieces], error[[d.at]], color=color, size=9)]
        errors += [note(words, 54, ends.pop(0), color)] if there else []
        predicted = np.clip(predicted, -reach, reach)
        counts.insert(-1, points(true, predicted, words, color, size=5, opacity=0.55))
    seen = [style for name, style in STYLE.items() if name in d.errors]
    pieces = axis("spline pieces", 0.9, 150, log=True, tickvals=[1, 3, 10, 30])
    standardised = axis("true (standardised)", -reach, reach)
    return figure(
        panel("Error against sharpness", pieces, axis("mean absolute error", low, high, log=True)).draw(*errors),
        panel("The learned filter", axis("eigenvalue λ", 0, 2), axis("φ(λ)", -3, 3), 0.95).draw(
            line(GRID, np.clip(d.curve, -6, 6), "φ", GREEN)
        ),
        panel("Triangle counts", standardised, axis(f"predicted, cut at ±{reach:g}", -reach, reach)).draw(
            *counts, *key("bottom right", *seen)
        ),
        height=340,
    )


def _readout(d: Data) -> str:
    errors = {name: values[d.at] for name, values in d.errors.items()}
    shifted = f", larger graphs {errors['shifted']:.2f}" if d.shift else ""
    best = PIECES[int(np.argmin(d.errors["test"]))]
    return (
        f"{_pieces(d.pieces)}, {d.train} training graphs, ridge {number_text(d.ridge)}: Lip φ = "
        f"{number_text(d.lipschitz, 3)}; mean error: training {errors['train']:.3f}, test {errors['test']:.3f}"
        f"{shifted}. The test error is smallest at {_pieces(best)}."
    )


def _pieces(count: int) -> str:
    return "1 piece" if count == 1 else f"{count} pieces"


def _code(pieces: int, train: int, ridge: float, shift: bool) -> str:
    sizes = (SMALL, SMALL, LARGE) if shift else (ALL, ALL)
    return f"""
        import numpy as np
        from spectral_lab.eigenspaces import counting_graphs, counting_targets, laplacian_spectra
        from spectral_lab.eigenspaces.regression import fit_spline, spline_features

        graphs = [counting_graphs({POOL}, seed, sizes) for seed, sizes in enumerate({sizes})]
        graphs[0] = graphs[0][:{train}]  # for training; the others are for tests
        spectra, y = [laplacian_spectra(g) for g in graphs], [counting_targets(g)[:, 0] for g in graphs]
        mean, std, test = y[0].mean(), y[0].std(), {{}}
        for pieces in {PIECES}:
            X = [spline_features(s, pieces) for s in spectra]
            fit = fit_spline(X[0], (y[0] - mean) / std, {ridge:g})
            errors = [abs(fit(F) - (t - mean) / std).mean() for F, t in zip(X, y)]
            test[pieces] = errors[1]
            if pieces == {pieces}:
                print("Lip phi", fit.lipschitz, "errors: training, test{", larger" if shift else ""}", *errors)
        print("smallest test error at", min(test, key=test.get), "pieces")
    """


def tradeoff(**state: Any) -> Explorer:
    """Count triangles from the spectrum with splines of few or many pieces: the trade-off (C21, C22)."""
    return Explorer(
        title="Stable or sharp?",
        controls=[
            Slider("pieces", "spline pieces", PIECES, 8, play=True),
            integers("train", "training graphs", 30, 300, 60, step=10),
            slider("ridge", "ridge", 1e-6, 1, 1e-3, steps=36, log=True, digits=2),
            toggle("shift", "train small, test large"),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Stable": {"pieces": 1},
            "Sharp": {"pieces": 48, "ridge": 1e-5},
            "Sharp, with more graphs": {"pieces": 48, "train": 300, "ridge": 1e-5},
            "Shifted sizes": {"shift": True},
        },
        state=state,
    )
