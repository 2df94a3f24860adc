"""Every claim that can be measured here holds as expected; the instant ones need no torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

from spectral_lab.course.claims import examine
from spectral_lab.eigenspaces.claims import CLAIMS


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_claim_is_measured_and_holds(claim):
    row = examine(claim)
    assert row.verdict == ("not yet run" if claim.evidence is None else claim.expected), row.measured


def test_the_claims_are_numbered_in_order():
    assert [claim.id for claim in CLAIMS] == [f"C{k}" for k in range(1, 25)]
    assert [claim.id for claim in CLAIMS if claim.cost == "GPU"] == ["C18", "C19", "C20"]


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
