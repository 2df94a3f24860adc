"""Worlds in which the claims of chapter 01 are false: another encoder, a smaller constant, a wrong factor, a graph."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from worlds import Runs, given, instead

from spectral_lab import training
from spectral_lab.eigenspaces import (
    bump,
    claims,
    cycle_counts,
    laplacian_spectra,
    normalized_laplacian,
    ring_gap,
    ring_rotation,
)


def blurred(graphs):
    spectra = laplacian_spectra(graphs)
    return spectra._replace(eigenvalues=spectra.eigenvalues + 1e-12)


def root_at_an_eigenvalue(lam):
    """Not Lipschitz, where the graph of C8 has an eigenvalue."""
    A = np.triu(np.random.default_rng(3).uniform(0.5, 1.5, (10, 10)), 1)
    return np.sqrt(np.abs(lam - np.linalg.eigvalsh(normalized_laplacian(A + A.T))[3]))


def trained(spe, none):
    """Training, replaced by its outcome."""

    def change(_):
        return lambda recipe, **__: SimpleNamespace(metrics={"test MAE": none if recipe.name.endswith("none") else spe})

    return instead(training, "train", change)


LENGTHS = [f"test {k}-cycles" for k in (3, 4, 5, 6)]
COUNTING = Runs(
    "lecture",
    {
        f"eigenspaces/counting/all/{method}": dict.fromkeys(LENGTHS, error)
        for method, error in {"spe": 0.04, "signnet": 0.1, "peg": 0.2, "none": 0.3}.items()
    },
)
ZINC, ALCHEMY = (
    Runs("paper", {f"eigenspaces/{data}/{method}": {"test MAE": error} for method, error in errors.items()})
    for data, errors in {
        "zinc": {"spe": 0.0693, "signnet": 0.0853, "none": 0.1772},
        "alchemy": {"spe": 0.108, "basisnet": 0.110, "none": 0.112},
    }.items()
)
SHIFTS = Runs(
    "paper",
    {
        f"eigenspaces/drugood/{shift}/{method}": {"ood_test AUROC": auroc}
        for method, scores in {"spe": (0.7253, 0.6964, 0.6602), "none": (0.7168, 0.6800, 0.6604)}.items()
        for shift, auroc in zip(("assay", "scaffold", "size"), scores, strict=True)
    },
)
FALSEHOODS = {
    "C1": [given(encoding=lambda V, lam: np.abs(V))],
    "C2": [given(basis_free="signnet"), given(sign_free="raw"), given(neither="signnet")],
    "C3": [given(delta=0.3)],
    "C4": [
        given(gap=lambda *ring: 1.01 * ring_gap(*ring)),
        given(rotation=lambda *ring: 1.01 * ring_rotation(*ring)),
    ],
    "C5": [given(lipschitz=0.7), given(phi=lambda lam: bump(lam, 0.1929, 0.1, 0.0))],  # cuts the pair
    "C6": [given(hard="spe"), given(soft="basisnet")],
    "C7": [given(factor=0.2)],
    "C8": [
        given(lipschitz_factor=0.25),
        given(gap_factor=0.45),
        given(lipschitz_factor=2.0),
        given(filter_=root_at_an_eigenvalue),
    ],
    "C9": [given(d=8), given(limit=0.21)],
    "C10": [given(d=2)],
    "C11": [given(constant=1.41)],
    "C12": [given(limit=0.99), given(limit=2**0.5)],
    "C13": [given(encoder="none")],
    "C14": [given(pair=("rook 4x4", "rook 4x4")), given(pair=("decalin", "bicyclopentyl"))],
    "C15": [given(d=9)],
    "C16": [
        given(count=lambda graph, k: cycle_counts(graph, k) + (k == 6)),
        given(pair=(claims.COSPECTRAL[0],) * 2),
        given(pair=((8, [(0, 1)]), claims.COSPECTRAL[1])),
    ],
    "C17": [trained(0.3, 0.2), trained(0.2, 0.2), trained(float("nan"), 0.2)],
    "C18": [
        ZINC.but("eigenspaces/zinc/spe", **{"test MAE": 0.081}),
        ZINC.but("eigenspaces/zinc/signnet", **{"test MAE": 0.069}),
        ZINC.but("eigenspaces/zinc/none", **{"test MAE": 0.069}),
    ],
    "C19": [ALCHEMY.but("eigenspaces/alchemy/none", **{"test MAE": 0.107})],
    "C20": [
        SHIFTS.but(f"eigenspaces/drugood/{shift}/spe", **{"ood_test AUROC": 0.67}) for shift in ("assay", "scaffold")
    ],
    "C21": [given(few=3000), given(many=60), given(sharp=4)],
    "C22": [given(larger=(10, 15))],
    "C23": [given(spectra=blurred)],
    "C24": [given(equivariant=("spe", "released")), given(broken="basisnet")],
    "D1": [
        COUNTING.but("eigenspaces/counting/all/signnet", **{"test 6-cycles": 0.03}),
        COUNTING.but("eigenspaces/counting/all/none", **{"test 3-cycles": 0.04}),
    ],
}
TRUTHS = {"C18": [ZINC], "C19": [ALCHEMY], "C20": [SHIFTS], "D1": [COUNTING]}
