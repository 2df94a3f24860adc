"""Worlds in which the claims of chapter 08 are false."""

from __future__ import annotations

import numpy as np
import torch
from worlds import Runs, instead

from spectral_lab.generation import claims, models
from spectral_lab.generation.models import BinnedHead, UniGenX, decoder, head, judging, shipped


def times(factor):
    """Every answer a little larger."""
    return lambda true: lambda *args, **options: factor * true(*args, **options)


def seeing_ahead(valid, new):
    """Attention that looks at later slots too."""
    return valid[:, None].expand(-1, new, -1)


def untrained(true):
    """A new model in the place of a trained one."""

    def model(name):
        torch.manual_seed(0)
        return UniGenX("uni", **shipped.shipped_record(name)["recipe"]["model"]["size"]).eval()

    return model


class Shifted(BinnedHead):
    """Bins that stand for their edges."""

    def centres(self):
        return super().centres() - (self.high - self.low) / self.bins / 2


def one_sampler(name):
    """Whatever is asked for, this one samples."""
    return lambda true: dict.fromkeys(true, true[name])


def only(place):
    """A model that finds one of two polymorphs, or none (2), in all its samples."""

    def judged(model, batch, samples=20):
        found = {"match@1": 0.5, "match@20": 0.5, "no match": 0.0, "zincblende": 1.0 - place}
        if place == 2:
            found = {"match@1": 0.0, "match@20": 0.0, "no match": 1.0, "zincblende": 0.0}
        return {name: torch.tensor([value]) for name, value in found.items()}

    return lambda true: judged


def without_padding(true):
    return lambda self, *args, **options: true(self, *args, **{**options, "include_padding": False})


MINIATURES = Runs(
    "miniature",
    {
        "generation/unified/diffusion": {"match": 0.95, "conformer RMSD": 0.6},
        "generation/unified/bins": {"conformer RMSD": 1.1},
        "generation/unified/regression": {"conformer RMSD": 0.59},
    },
)
ALONE = Runs(
    "miniature",
    {
        "generation/unified/diffusion": {"match": 0.95, "conformer RMSD": 0.6},
        "generation/crystals/diffusion": {"match": 0.95},
        "generation/molecules/diffusion": {"conformer RMSD": 0.3},
    },
)
CURVES = Runs(
    "miniature",
    {
        **{f"generation/precision/bins-{bins}": {"RMSE": 0.06} for bins in (16, 64, 256)},
        "generation/precision/bins-1024": {"RMSE": 0.09},
        **{f"generation/precision/diffusion-{scale}": {"RMSE": 0.04 - scale / 1000} for scale in (1, 4, 16)},
        "generation/precision/regression": {"RMSE": 0.01},
    },
)
TABLE = Runs("paper", {"generation/csp/mp-20": {"match": 0.65, "RMSE": 0.055}})
FALSEHOODS = {
    "C1": [instead(shipped, "shipped", untrained), instead(judging, "_chance", lambda f: lambda *args: 0.9)],
    "C2": [instead(decoder, "causal", lambda f: seeing_ahead)],
    "C3": [instead(claims, "CosineSchedule", lambda f: lambda: f(1001))],
    "C4": [instead(UniGenX, "loss", without_padding)],
    "C5": [
        CURVES.but("generation/precision/diffusion-16", RMSE=0.05),
        CURVES.but("generation/precision/diffusion-1", RMSE=0.001),
        CURVES.but("generation/precision/bins-1024", RMSE=0.055),
        CURVES.but("generation/precision/regression", RMSE=0.05),
    ],
    "C6": [instead(models, "BinnedHead", lambda f: Shifted)],
    "C7": [instead(claims, "emergence_step", lambda f: lambda variance: f(variance**0.9))],
    "C8": [
        instead(claims, "emergence_step", lambda f: lambda variance: f(1.02 * variance)),
        instead(claims, "ddim", times(1.02)),
    ],
    "C9": [instead(claims, "std_ratio", times(1.01))],
    "C10": [instead(claims, "std_ratio", times(1.01))],
    "C11": [instead(claims, "terminal_amplification", times(1.01))],
    "C12": [
        instead(judging, "SAMPLERS", one_sampler("DPM-Solver++ 10")),
        instead(judging, "SAMPLERS", one_sampler("DDPM 20")),
    ],
    "C13": [
        instead(claims, "conditional_variances", lambda f: lambda S, order: np.diag(S)),
        instead(claims, "conditional_variances", lambda f: lambda S, order: np.linalg.eigvalsh(S)),
    ],
    "C14": [
        instead(claims, "debye_waller", times(1.1)),
        instead(claims, "mean_intensity", times(1.1)),
    ],
    "C15": [
        instead(claims, "random_baseline", lambda f: lambda *args, **options: 0.0),
        instead(claims, "random_baseline", lambda f: lambda *args, **options: 1.0),
    ],
    "C16": [
        instead(claims, "match", lambda f: lambda a, b: f(a, b) if abs(a.volume / b.volume - 1) < 0.02 else None),
        instead(claims, "xrd_cosine", lambda f: lambda *args: 1.0),
    ],
    "C17": [
        instead(claims, "xrd_cosine", lambda f: lambda *args: 1.0),
        instead(claims, "match", lambda f: lambda *args: None),
    ],
    "C18": [instead(head, "CosineSchedule", lambda f: lambda: f(1001))],
    "C19": [
        instead(models, "UniGenX", lambda f: lambda words, hidden, layers, *rest: f(words, hidden, layers + 1, *rest))
    ],
    "C20": [
        instead(judging, "judged_polymorphs", only(0)),
        instead(judging, "judged_polymorphs", only(1)),
        instead(judging, "judged_polymorphs", only(2)),
    ],
    "C21": [TABLE.but("generation/csp/mp-20", match=0.5), TABLE.but("generation/csp/mp-20", RMSE=0.1)],
    "C22": [ALONE.but("generation/molecules/diffusion", **{"conformer RMSD": 0.6})],  # where it would hold
    "D1": [MINIATURES.but("generation/unified/regression", **{"conformer RMSD": 0.7})],  # where it would hold
}
TRUTHS = {"C5": [CURVES], "C21": [TABLE], "C22": [ALONE], "D1": [MINIATURES]}
