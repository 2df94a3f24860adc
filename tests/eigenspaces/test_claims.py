"""Every claim that can be measured here holds as expected; the instant ones need no torch."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from spectral_lab.course.claims import examine
from spectral_lab.eigenspaces.claims import CLAIMS, recorded_counting


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_claim_is_measured_and_holds(claim):
    row = examine(claim)
    assert row.verdict == ("not yet run" if claim.evidence is None else claim.expected), row.measured


def test_the_claims_are_numbered_in_order():
    assert [claim.id for claim in CLAIMS] == [f"C{k}" for k in range(1, 25)] + ["D1"]
    assert [claim.id for claim in CLAIMS if claim.cost == "GPU"] == ["C18", "C19", "C20", "D1"]


@pytest.mark.parametrize(("signnet_at_six", "verdict"), [(0.05, True), (0.03, False)])
def test_recorded_counting_becomes_evidence_when_every_encoding_has_run(tmp_path, signnet_at_six, verdict):
    errors = {"spe": [0.04] * 4, "peg": [0.2] * 4, "none": [0.3] * 4, "signnet": [0.1, 0.1, 0.1, signnet_at_six]}
    for method, row in errors.items():
        assert recorded_counting(tmp_path) is None
        metrics = {f"test {k}-cycles": error for k, error in zip((3, 4, 5, 6), row, strict=True)}
        record = {"metrics": metrics, "hardware": {"name": "A GPU"}}
        (tmp_path / f"eigenspaces-counting-all-{method}-lecture-seed0-a-gpu.json").write_text(json.dumps(record))
    evidence = recorded_counting(tmp_path)()
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
