"""Whose each claim is: of the paper we could read the abstract only."""

from __future__ import annotations

import re

from spectral_lab.cooling.claims import CLAIMS


def test_every_claim_says_whose_it_is():
    stated = {claim.id for claim in CLAIMS if claim.origin == "paper"}
    assert stated == {f"C{k}" for k in range(1, 8)}  # all that the abstract states
    assert all("abstract" in claim.source for claim in CLAIMS if claim.origin == "paper")
    assert not re.search(r"paper, (section|theorem|figure|table)", " ".join(c.source.lower() for c in CLAIMS))
