from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from spectral_lab.checkout import ROOT
from spectral_lab.course.claims import examine
from spectral_lab.hippo.claims import CLAIMS


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_claims_come_out_as_expected(claim):
    row = examine(claim)
    assert row.verdict == ("not yet run" if claim.evidence is None else claim.expected), row.measured
    if claim.cost == "instant":
        assert examine(claim).measured == row.measured


def test_ids_are_unique_and_all_are_there():
    ids = [claim.id for claim in CLAIMS]
    assert len(ids) == len(set(ids))
    assert {f"C{k}" for k in range(1, 22)} <= set(ids)


def test_a_false_statement_is_found(monkeypatch):
    """Evidence that is fed something false does not hold: LegS without its half, a delay with the wrong sign."""
    from spectral_lab.hippo import claims

    monkeypatch.setattr(claims, "legs", lambda n: (2 * hippo_legs(n)[0], hippo_legs(n)[1]))
    assert not claims.legs_theorem().holds
    assert not claims.orthonormality().holds
    monkeypatch.setattr(claims, "fourier_delay", lambda n, s: 1 + 0 * s)
    assert not claims.fourier_delay_sign().holds
    monkeypatch.setattr(claims, "delay_readout_error", lambda *a, **k: 0.1)
    assert not claims.delay_over_step().holds


def spoiled(name, monkeypatch):
    """A falsehood for each remaining claim, and the evidence that has to find it."""
    from spectral_lab import hippo
    from spectral_lab.hippo import claims

    def replace(function, false):
        monkeypatch.setattr(claims, function, false)

    if name == "one_time_warp":
        replace("legs", lambda n: (hippo.legs(n)[0] * 1.01, hippo.legs(n)[1]))
    elif name == "equivariance":
        replace("scaled_legs", lambda n, u: hippo.memory("legs", n, u, 1e-3))
    elif name == "pade":
        replace("pade_delay", lambda n, s: np.exp(-s))
    elif name == "windows_converge":
        replace("state_kernel", lambda f, n, s: hippo.state_kernel(f, n, s) + 0.05)
    elif name == "fourier_bound":
        replace("fourier_states_needed", lambda L, e: 0.5 * hippo.fourier_states_needed(L, e))
    elif name == "closure_rules":
        replace("tilt", lambda A, B, c: hippo.tilt(A, B, 1.01 * c))
    elif name == "step_is_timescale":
        replace("timescale", lambda f: 2 * hippo.timescale(f))
    elif name == "bessel":
        replace("basis", lambda f, n, s: 1.2 * hippo.basis(f, n, s))
    elif name == "step_range_decides":
        run = type("Run", (), {"metrics": {"error": 0.1}})
        monkeypatch.setattr("spectral_lab.training.train", lambda *_, **__: run)
    elif name == "normal_plus_low_rank":
        replace("system", lambda f, n: (1.001 * hippo.system(f, n)[0], hippo.system(f, n)[1]))
    elif name == "kernels_agree":
        replace("kernel", lambda *a: hippo.kernel(*a) * (1 + 1e-9 * (a[-1] == "cauchy")))
    elif name == "weak_not_strong":
        replace("without_low_rank", lambda f, n: (hippo.without_low_rank(f, n)[0], hippo.system(f, n)[1]))
    elif name == "cost_of_powers":
        replace("kernel", lambda *a: hippo.kernel(*a[:4]))
    elif name == "resolution_horizon":
        replace("horizon", lambda n, f: 1.5 * hippo.horizon(n, f))
    elif name == "laguerre_is_flat":
        replace("lagt", lambda n: hippo.tilt(*hippo.lagt(n), -0.5))
    return getattr(claims, name)


@pytest.mark.parametrize(
    "name",
    [claim.evidence.__name__ for claim in CLAIMS if claim.evidence and claim.id not in ("C1", "C2", "C6", "C12", "D3")],
)
def test_the_evidence_of_every_claim_finds_a_falsehood(name, monkeypatch):
    assert not spoiled(name, monkeypatch)().holds


@pytest.mark.parametrize(("basis", "span"), [("legs", "fast"), ("legt", "wide"), ("fout", "hugging")])
def test_one_altered_record_of_the_delay_table_is_found(basis, span, tmp_path, monkeypatch):
    from spectral_lab.hippo import claims

    for path in (ROOT / "results").glob("hippo-delay-*-lecture-*.json"):
        record = json.loads(path.read_text())
        if record["name"] == f"hippo/delay/{basis}/{span}":
            record["metrics"]["error"] = 0.05 if span == "hugging" else 0.002
        (tmp_path / path.name).write_text(json.dumps(record))
    monkeypatch.setenv("SPECTRAL_LAB_RESULTS", str(tmp_path))
    assert not claims.the_delay_table().holds


def hippo_legs(n):
    from spectral_lab.hippo import legs

    return legs(n)


def test_importing_the_claims_does_not_import_torch():
    import subprocess

    code = "import sys, spectral_lab.hippo.claims; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
