"""Worlds in which the claims of chapter 08 are false."""

from __future__ import annotations

import numpy as np
from worlds import Runs, instead

from spectral_lab.generation import claims
from spectral_lab.generation.models import decoder


def times(factor):
    """Every answer a little larger."""
    return lambda true: lambda *args, **options: factor * true(*args, **options)


def seeing_ahead(valid, new):
    """Attention that looks at later slots too."""
    return valid[:, None].expand(-1, new, -1)


MINIATURES = Runs(
    "miniature",
    {
        "generation/unified/diffusion": {"match": 0.95, "random match": 0.28, "RMSE": 0.048, "conformer RMSD": 0.6},
        "generation/unified/bins": {"match": 0.92, "random match": 0.28, "RMSE": 0.01, "conformer RMSD": 1.1},
        "generation/unified/regression": {"match": 1.0, "random match": 0.28, "RMSE": 0.04, "conformer RMSD": 0.7},
    },
)
LECTURES = Runs(
    "lecture",
    {
        "generation/unified/diffusion": {"match": 0.95, "conformer RMSD": 0.45},
        "generation/crystals/diffusion": {"match": 0.95},
        "generation/molecules/diffusion": {"conformer RMSD": 0.45},
    },
)
FALSEHOODS = {
    "C1": [
        MINIATURES.but("generation/unified/diffusion", match=0.85),
        MINIATURES.but("generation/unified/diffusion", RMSE=0.1),
        MINIATURES.but("generation/unified/diffusion", **{"random match": 0.9}),
    ],
    "C2": [instead(decoder, "causal", lambda f: seeing_ahead)],
    "C3": [instead(claims, "CosineSchedule", lambda f: lambda: f(1001))],
    "C4": [
        MINIATURES.but("generation/unified/bins", **{"conformer RMSD": 0.5}),
        MINIATURES.but("generation/unified/regression", **{"conformer RMSD": 0.5}),
    ],
    "C5": [instead(claims, "emergence_step", lambda f: lambda variance: f(variance**0.9))],
    "C6": [
        instead(claims, "emergence_step", lambda f: lambda variance: f(1.02 * variance)),
        instead(claims, "ddim", times(1.02)),
    ],
    "C7": [instead(claims, "std_ratio", times(1.01))],
    "C8": [instead(claims, "std_ratio", times(1.01))],
    "C9": [instead(claims, "terminal_amplification", times(1.01))],
    "C10": [instead(claims, "conditional_variances", lambda f: lambda S, order: np.diag(S))],
    "C11": [
        instead(claims, "debye_waller", times(1.1)),
        instead(claims, "mean_intensity", times(1.1)),
    ],
    "C12": [
        instead(claims, "random_baseline", lambda f: lambda *args: 0.0),
        instead(claims, "random_baseline", lambda f: lambda *args: 1.0),
    ],
    "C13": [
        instead(claims, "match", lambda f: lambda a, b: f(a, b) if abs(a.volume / b.volume - 1) < 0.02 else None),
        instead(claims, "xrd_cosine", lambda f: lambda *args: 1.0),
    ],
    "C14": [
        LECTURES.but("generation/unified/diffusion", match=0.8),
        LECTURES.but("generation/unified/diffusion", **{"conformer RMSD": 0.6}),
    ],
}
TRUTHS = {"C1": [MINIATURES], "C4": [MINIATURES], "C14": [LECTURES]}
