from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from spectral_lab.cooling.claims import CLAIMS
from spectral_lab.course.claims import examine

RUN = [claim for claim in CLAIMS if claim.evidence is not None]


@pytest.mark.parametrize("claim", RUN, ids=lambda claim: claim.id)
def test_every_claim_comes_out_as_expected_and_twice_the_same(claim):
    first = examine(claim)
    assert first.verdict == claim.expected, first.measured
    if claim.cost == "instant":
        assert examine(claim).measured == first.measured


def test_a_recorded_run_is_read_for_the_claim_about_twenty_spins(tmp_path, monkeypatch):
    from spectral_lab.cooling import claims

    record = {
        "ground_level": -5.0,
        "energies": [[0.0, -4.5, -4.9], [1.0, 0.0, -2.0], [2.0, -4.8, -5.0]],
        "settings": {"n": 20, "resolution": 0.4},
        "products": 7,
        "seconds": 3.2,
        "hardware": {"name": "a GPU"},
    }
    path = tmp_path / "cooling-pointer-lecture-a-gpu.json"
    path.write_text(json.dumps(record))
    monkeypatch.setattr(claims, "RECORDED", [path])
    evidence = claims.twenty_spins_cool()
    assert evidence.holds
    assert "2 of 3 runs of 20 spins" in evidence.measured
    assert "median of those: 1 steps" in evidence.measured


def test_the_list_is_whole_and_says_whose_each_claim_is():
    assert [claim.id for claim in CLAIMS] == [f"C{k}" for k in range(1, 23)]
    stated = {claim.id for claim in CLAIMS if claim.origin == "paper"}
    assert stated == {f"C{k}" for k in range(1, 8)}  # all that the abstract states
    assert all("abstract" in claim.source for claim in CLAIMS if claim.origin == "paper")
    assert not re.search(r"paper, (section|theorem|figure|table)", " ".join(c.source.lower() for c in CLAIMS))


def test_the_mathematics_needs_no_torch():
    """A fresh interpreter: the chapter, its explorers and its claims import neither torch nor qutip."""
    import subprocess

    code = (
        "import sys, spectral_lab.cooling, spectral_lab.cooling.explorers, spectral_lab.cooling.claims\n"
        "heavy = {'torch', 'qutip', 'matplotlib', 'scipy.linalg', 'scipy.optimize', 'scipy.sparse.linalg'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "[]"
