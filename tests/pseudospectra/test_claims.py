"""Every claim of chapter 03 comes out as expected, and fails when its evidence is fed something false."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spectral_lab import hippo, pseudospectra, records
from spectral_lab.course import Claim, NotYetRun
from spectral_lab.course.claims import examine
from spectral_lab.pseudospectra import claims
from spectral_lab.pseudospectra.claims import CLAIMS

BY_ID = {claim.id: claim for claim in CLAIMS}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_claim_comes_out_as_expected_and_twice_the_same(claim: Claim) -> None:
    row = examine(claim)
    assert claim.evidence is not None or claim.cost == "GPU"
    assert row.verdict == ("not yet run" if claim.evidence is None else claim.expected), row.measured
    if claim.cost == "instant":
        assert examine(claim).measured == row.measured


def whole_input(n: int) -> tuple[np.ndarray, np.ndarray]:
    """S4D without the half on B."""
    A, B = pseudospectra.legs_normal(n)
    return A, 2 * B


def nearly_s4d(n: int) -> Any:
    """Perturbations nine tenths of the way to S4D: stable and well-conditioned, and the spike is back."""
    B = hippo.legs(n)[1]
    return SimpleNamespace(nearest=lambda epsilon: SimpleNamespace(E=0.45 * np.outer(B, B)))


def undiagonalised(n: int) -> Any:
    """A path that perturbs by nothing much."""
    path = pseudospectra.stored_path(n)
    return pseudospectra.Path(n, path.epsilons, 1e-9 * path.U)


def saturating(A: Any, E: Any) -> Any:
    """A condition that grows like the square root of 1/delta only."""
    result = pseudospectra.diagonalize(A, E)
    return SimpleNamespace(V=result.V, condition=result.condition**0.5)


FALSEHOODS: list[tuple[str, str, Callable[..., Any]]] = [
    ("C1", "eigenvector_condition", lambda A: 10.0 ** len(A)),
    ("C2", "legs", lambda n: (-np.diag(np.arange(1.0, n + 1)), np.ones(n))),  # normal: a rotation costs nothing
    ("C3", "legs_normal", whole_input),
    ("C4", "diag_gap_norm", lambda n, C: (2 / np.pi, float(n**2))),
    ("C5", "weak_error", lambda n, C: n**-0.5),
    ("C6", "impulse_gap", lambda n, C: 0.5),
    ("C6", "diag_gap", lambda n, s, C: pseudospectra.diag_gap(n, s, C) / n),  # a spike that shrinks with n
    ("C7", "hinf_norm", lambda A, B, C: (100.0, 0.0)),
    ("C8", "stored_path", nearly_s4d),
    ("C9", "diagonalize", lambda A, E: pseudospectra.diagonalize(np.asarray(A), np.asarray(E) / 1e4)),
    ("C10", "stored_path", undiagonalised),
    ("C11", "legs", lambda n: (-np.diag(np.arange(1.0, n + 1)), np.ones(n))),
    ("C12", "ptd_by_adam", lambda A, weight, steps, seed: pseudospectra.ptd(A, 0.05, seed=seed)),
    ("C13", "_trained", lambda start: {"clean": 0.9, "noisy": 0.9}),
    ("C14", "_trained", lambda start: {"clean": 0.9, "at 325.43": 0.8, "at 20": 0.7}),
    ("C18", "legs_normal", lambda n: hippo.legs(n)),  # S4 in the place of S4D
    ("D1", "legs", lambda n: (pseudospectra.grcar(n), np.ones(n))),
    ("C9", "diagonalize", saturating),
    ("D2", "legs", lambda n: (hippo.legs(n)[0] / 2, np.ones(n))),
    ("D2", "legs", lambda n: (hippo.legs(n)[0] * 1.2, np.ones(n))),  # then 5/3 would do for all n
    ("D3", "legs_transfer", lambda n, s, C, system="dplr": pseudospectra.legs_transfer(n, s, C)),
    ("D4", "legs", lambda n: (pseudospectra.grcar(n), np.ones(n))),
]


@pytest.mark.parametrize(("name", "constant", "false"), FALSEHOODS, ids=[f"{a}-{b}" for a, b, _ in FALSEHOODS])
def test_something_false_is_found_out(
    name: str, constant: str, false: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, constant, false)
    row = examine(BY_ID[name])
    assert row.verdict == "does not hold", row.measured


def test_the_table_is_whole_and_every_claim_that_runs_can_fail() -> None:
    assert list(BY_ID) == [f"C{k}" for k in range(1, 19)] + [f"D{k}" for k in range(1, 6)]
    assert {claim.id for claim in CLAIMS if claim.cost == "GPU"} == {"C15", "C16", "C17", "D5"}
    assert {name for name, _, _ in FALSEHOODS} == {claim.id for claim in CLAIMS if claim.cost != "GPU"}
    assert all(claim.origin == "addition" for claim in CLAIMS if claim.source.startswith("ours"))


@pytest.mark.parametrize(
    ("preset", "evidence", "noisy", "beside", "verdict"),
    [
        ("paper", claims.robust_on_cifar, 0.15, 0.9, True),
        ("paper", claims.robust_on_cifar, 0.5, 0.9, False),
        ("lecture", claims.a_narrow_window_on_digits, 0.7, 0.89, True),
        ("lecture", claims.a_narrow_window_on_digits, 0.7, 0.7, False),
        ("lecture", claims.a_narrow_window_on_digits, 0.85, 0.89, False),
    ],
)
def test_a_record_becomes_evidence(
    preset: str, evidence: Any, noisy: float, beside: float, verdict: bool, tmp_path: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("SPECTRAL_LAB_RESULTS", str(tmp_path))
    for start, heard in (("s4d", noisy), ("s4ptd", 0.89)):
        with pytest.raises(NotYetRun, match=rf"train pseudospectra --task digits\S* --preset {preset} --record"):
            evidence()
        metrics = {"clean": 0.9, "noisy": heard, "at 326.43": beside}
        run = records.record(f"pseudospectra/digits/{start}", preset, metrics=metrics, seconds=1)
        records.write(run | {"hardware": {"name": "A GPU"}})
    assert evidence().holds is verdict
    assert f"A GPU, 1 seed: S4D 90.0 % clean, {100 * noisy:.1f} % with the tone" in evidence().measured


def test_the_instant_claims_need_no_torch() -> None:
    code = (
        "import sys\n"
        "from spectral_lab.course.claims import examine\n"
        "from spectral_lab.pseudospectra.claims import CLAIMS\n"
        "assert not {'torch', 'matplotlib', 'scipy.linalg', 'scipy.optimize'} & set(sys.modules)\n"
        "for claim in CLAIMS:\n"
        "    if claim.cost == 'instant': examine(claim)\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
