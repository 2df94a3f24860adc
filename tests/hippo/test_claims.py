from __future__ import annotations

import sys

import pytest

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


def hippo_legs(n):
    from spectral_lab.hippo import legs

    return legs(n)


def test_importing_the_claims_does_not_import_torch():
    import subprocess

    code = "import sys, spectral_lab.hippo.claims; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
