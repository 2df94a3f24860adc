"""Every claim that can be measured here holds as expected; the instant ones need no torch."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from spectral_lab import records, training
from spectral_lab.course import NotYetRun
from spectral_lab.course.claims import examine
from spectral_lab.eigenspaces import (
    bump,
    claims,
    cycle_counts,
    laplacian_spectra,
    normalized_laplacian,
    ring_gap,
    ring_rotation,
)
from spectral_lab.eigenspaces.claims import CLAIMS


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_claim_is_measured_and_holds(claim):
    row = examine(claim)
    assert row.verdict == ("not yet run" if claim.evidence is None else claim.expected), row.measured


def blurred(graphs):
    spectra = laplacian_spectra(graphs)
    return spectra._replace(eigenvalues=spectra.eigenvalues + 1e-12)


def root_at_an_eigenvalue(lam):
    """Not Lipschitz, where the graph of C8 has an eigenvalue."""
    A = np.triu(np.random.default_rng(3).uniform(0.5, 1.5, (10, 10)), 1)
    return np.sqrt(np.abs(lam - np.linalg.eigvalsh(normalized_laplacian(A + A.T))[3]))


# For each claim what is not so: another encoder, a smaller constant, a formula with a wrong factor, another graph.
FALSEHOODS = {
    "C1": [(claims.basis_is_arbitrary, {"encoding": lambda V, lam: np.abs(V)})],
    "C2": [
        (claims.signs_and_bases, {"basis_free": "signnet"}),
        (claims.signs_and_bases, {"sign_free": "raw"}),
        (claims.signs_and_bases, {"neither": "signnet"}),
    ],
    "C3": [(claims.raw_eigenvectors_jump, {"delta": 0.3})],
    "C4": [
        (claims.avoided_crossing, {"gap": lambda *ring: 1.01 * ring_gap(*ring)}),
        (claims.avoided_crossing, {"rotation": lambda *ring: 1.01 * ring_rotation(*ring)}),
    ],
    "C5": [
        (claims.pair_and_spe_are_lipschitz, {"lipschitz": 0.7}),
        (claims.pair_and_spe_are_lipschitz, {"phi": lambda lam: bump(lam, 0.1929, 0.1, 0.0)}),  # cuts the pair
    ],
    "C6": [(claims.basisnet_jumps, {"hard": "spe"}), (claims.basisnet_jumps, {"soft": "basisnet"})],
    "C7": [(claims.theorem_holds, {"factor": 0.2})],
    "C8": [
        (claims.sharper_bound_holds, {"lipschitz_factor": 0.25}),
        (claims.sharper_bound_holds, {"gap_factor": 0.45}),
        (claims.sharper_bound_holds, {"lipschitz_factor": 2.0}),
        (claims.sharper_bound_holds, {"filter_": root_at_an_eigenvalue}),
    ],
    "C9": [(claims.truncation_costs_the_gap, {"d": 8}), (claims.truncation_costs_the_gap, {"limit": 0.21})],
    "C10": [(claims.full_spectrum_has_no_gap, {"d": 2})],
    "C11": [(claims.davis_kahan_holds, {"constant": 1.41})],
    "C12": [
        (claims.soft_partitions_have_a_resolution, {"limit": 0.99}),
        (claims.soft_partitions_have_a_resolution, {"limit": 2**0.5}),
    ],
    "C13": [(claims.wl_pairs_are_told_apart, {"encoder": "none"})],
    "C14": [
        (claims.strongly_regular_pair, {"pair": ("rook 4x4", "rook 4x4")}),
        (claims.strongly_regular_pair, {"pair": ("decalin", "bicyclopentyl")}),
    ],
    "C15": [(claims.peg_is_blind_at_full_d, {"d": 9})],
    "C16": [
        (claims.counting_is_exact, {"count": lambda graph, k: cycle_counts(graph, k) + (k == 6)}),
        (claims.counting_is_exact, {"pair": (claims.COSPECTRAL[0],) * 2}),
        (claims.counting_is_exact, {"pair": ((8, [(0, 1)]), claims.COSPECTRAL[1])}),
    ],
    "C21": [
        (claims.stable_or_sharp, {"few": 3000}),
        (claims.stable_or_sharp, {"many": 60}),
        (claims.stable_or_sharp, {"sharp": 4}),
    ],
    "C22": [(claims.shifted_sizes, {"larger": (10, 15)})],
    "C23": [(claims.batched_spectra_are_exact, {"spectra": blurred})],
    "C24": [
        (claims.encoders_are_equivariant, {"equivariant": ("spe", "released")}),
        (claims.encoders_are_equivariant, {"broken": "basisnet"}),
    ],
}
ALL = [(name, *case) for name, cases in FALSEHOODS.items() for case in cases]


@pytest.mark.parametrize(("name", "evidence", "falsehood"), ALL, ids=[f"{c[0]}-{'-'.join(c[2])}" for c in ALL])
def test_the_evidence_refuses_a_falsehood(name, evidence, falsehood):
    assert not evidence(**falsehood).holds


def test_every_claim_that_is_measured_has_its_falsehood():
    measured = {claim.id: claim.evidence for claim in CLAIMS if claim.evidence is not None and claim.id != "D1"}
    assert measured == {name: cases[0][0] for name, cases in FALSEHOODS.items()} | {"C17": claims.learns_to_count}


@pytest.mark.parametrize(("spe", "none"), [(0.3, 0.2), (0.2, 0.2), (float("nan"), 0.2)])
def test_a_network_that_learns_no_better_is_no_evidence(monkeypatch, spe, none):
    """C17, with the training replaced by its outcome."""
    errors = iter((spe, none))

    def trained(*_, **__):
        return SimpleNamespace(metrics={"test MAE": next(errors)})

    monkeypatch.setattr(training, "train", trained)
    assert not claims.learns_to_count().holds


def test_the_claims_are_numbered_in_order():
    assert [claim.id for claim in CLAIMS] == [f"C{k}" for k in range(1, 25)] + ["D1"]
    assert [claim.id for claim in CLAIMS if claim.cost == "GPU"] == ["C18", "C19", "C20", "D1"]


@pytest.mark.parametrize(("signnet_at_six", "verdict"), [(0.05, True), (0.03, False)])
def test_recorded_counting_becomes_evidence_when_every_encoding_has_run(tmp_path, monkeypatch, signnet_at_six, verdict):
    monkeypatch.setenv("SPECTRAL_LAB_RESULTS", str(tmp_path))
    errors = {"spe": [0.04] * 4, "peg": [0.2] * 4, "none": [0.3] * 4, "signnet": [0.1, 0.1, 0.1, signnet_at_six]}
    for method, row in errors.items():
        with pytest.raises(NotYetRun, match=r"spectral-lab train eigenspaces --task counting/all.* --preset lecture"):
            claims.spe_counts_best()
        metrics = {f"test {k}-cycles": error for k, error in zip((3, 4, 5, 6), row, strict=True)}
        run = records.record(f"eigenspaces/counting/all/{method}", "lecture", metrics=metrics, seconds=1)
        records.write(run | {"hardware": {"name": "A GPU"}})
    evidence = claims.spe_counts_best()
    assert evidence.holds is verdict
    assert "A GPU" in evidence.measured
    assert "SPE 0.040, 0.040, 0.040, 0.040" in evidence.measured


def test_instant_claims_do_not_import_torch():
    code = (
        "import sys\n"
        "from spectral_lab.course.claims import examine\n"
        "from spectral_lab.eigenspaces.claims import CLAIMS\n"
        "for claim in CLAIMS:\n"
        "    if claim.cost == 'instant': examine(claim)\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
