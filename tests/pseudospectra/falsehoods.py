"""Worlds in which the claims of chapter 03 are false."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from worlds import Runs, instead

from spectral_lab import hippo, pseudospectra
from spectral_lab.pseudospectra import claims


def here(name, false):
    """Something false in the place of what the evidence imports."""
    return instead(claims, name, lambda true: false)


def normal(n):
    """A diagonal matrix: a rotation costs it nothing."""
    return -np.diag(np.arange(1.0, n + 1)), np.ones(n)


def whole_input(n):
    """S4D without the half on B."""
    A, B = pseudospectra.legs_normal(n)
    return A, 2 * B


def nearly_s4d(n):
    """Perturbations nine tenths of the way to S4D: stable and well-conditioned, and the spike is back."""
    B = hippo.legs(n)[1]
    return SimpleNamespace(nearest=lambda epsilon: SimpleNamespace(E=0.45 * np.outer(B, B)))


def undiagonalised(n):
    """A path that perturbs by nothing much."""
    path = pseudospectra.stored_path(n)
    return pseudospectra.Path(n, path.epsilons, 1e-9 * path.U)


def saturating(A, E):
    """A condition that grows like the square root of 1/delta only."""
    result = pseudospectra.diagonalize(A, E)
    return SimpleNamespace(V=result.V, condition=result.condition**0.5)


def robustness(preset, noisy, beside):
    heard = {"s4d": {"clean": 0.9, "noisy": noisy, "at 326.43": beside}}
    heard["s4ptd"] = {"clean": 0.9, "noisy": 0.89, "at 326.43": 0.9}
    return Runs(preset, {f"pseudospectra/digits/{start}": metrics for start, metrics in heard.items()})


CIFAR, WINDOW = robustness("paper", 0.15, 0.9), robustness("lecture", 0.7, 0.89)
ARENA = Runs(
    "paper",
    {
        task.replace("*", name): {"accuracy": score / 100}
        for task, scores in {
            "pseudospectra/arena/*/s5ptd": (62.75, 89.41, 91.51, 87.92, 95.54, 98.52),
            "pseudospectra/arena/*/s4ptd": (60.65, 88.32, 91.07, 88.27, 94.79, 96.39),
            "pseudospectra/arena/*/s5": (62.15, 89.31, 91.40, 88.00, 95.33, 98.58),
            "hippo/arena/*/s4d-legs": (60.47, 86.18, 89.46, 88.19, 93.06, 91.95),
        }.items()
        for name, score in zip(claims.ARENA, scores, strict=True)
    },
)
DOSES = Runs(
    "paper",
    {
        f"pseudospectra/ablation/{epsilon}": {"clean": score}
        for epsilon, score in {"0.0001": 0.7, "0.001": 0.75, "0.01": 0.85, "0.1": 0.86, "0.4": 0.84}.items()
    },
)
FALSEHOODS = {
    "C1": [here("eigenvector_condition", lambda A: 10.0 ** len(A))],
    "C2": [here("legs", normal)],
    "C3": [here("legs_normal", whole_input)],
    "C4": [here("diag_gap_norm", lambda n, C: (2 / np.pi, float(n**2)))],
    "C5": [here("weak_error", lambda n, C: n**-0.5)],
    "C6": [
        here("impulse_gap", lambda n, C: 0.5),
        here("diag_gap", lambda n, s, C: pseudospectra.diag_gap(n, s, C) / n),  # a spike that shrinks with n
    ],
    "C7": [here("hinf_norm", lambda A, B, C: (100.0, 0.0))],
    "C8": [here("stored_path", nearly_s4d)],
    "C9": [
        here("diagonalize", lambda A, E: pseudospectra.diagonalize(np.asarray(A), np.asarray(E) / 1e4)),
        here("diagonalize", saturating),
    ],
    "C10": [here("stored_path", undiagonalised)],
    "C11": [here("legs", normal)],
    "C12": [here("ptd_by_adam", lambda A, weight, steps, seed: pseudospectra.ptd(A, 0.05, seed=seed))],
    "C13": [here("_trained", lambda start: {"clean": 0.9, "noisy": 0.9})],
    "C14": [here("_trained", lambda start: {"clean": 0.9, "at 325.43": 0.8, "at 20": 0.7})],
    "C15": [robustness("paper", 0.5, 0.9), CIFAR.but("pseudospectra/digits/s4ptd", noisy=0.5)],
    "C16": [ARENA.but("hippo/arena/text/s4d-legs", accuracy=0.84)],
    "C17": [DOSES.but("pseudospectra/ablation/0.001", clean=0.87)],
    "C18": [here("legs_normal", hippo.legs)],  # S4 in the place of S4D
    "D1": [here("legs", lambda n: (pseudospectra.grcar(n), np.ones(n)))],
    "D2": [
        here("legs", lambda n: (hippo.legs(n)[0] / 2, np.ones(n))),
        here("legs", lambda n: (hippo.legs(n)[0] * 1.2, np.ones(n))),  # then 5/3 would do for all n
    ],
    "D3": [here("legs_transfer", lambda n, s, C, system="dplr": pseudospectra.legs_transfer(n, s, C))],
    "D4": [here("legs", lambda n: (pseudospectra.grcar(n), np.ones(n)))],
    "D5": [
        robustness("lecture", 0.7, 0.7),
        robustness("lecture", 0.85, 0.89),
        WINDOW.but("pseudospectra/digits/s4ptd", noisy=0.85),
    ],
}
TRUTHS = {"C15": [CIFAR], "C16": [ARENA], "C17": [DOSES], "D5": [WINDOW]}
