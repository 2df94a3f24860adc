"""Every claim of every chapter holds, or fails where we say that it fails; the page of claims is current."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import pytest

from spectral_lab.cli import CLAIMS_PAGE
from spectral_lab.course import CHAPTERS, Board, Claim, Evidence, check
from spectral_lab.course.claims import Row, examine, markdown

ALL = [(chapter.package, claim) for chapter in CHAPTERS for claim in chapter.listed("CLAIMS")]


@cache
def measured(claim: Claim) -> Row:
    """Measured once, for the two tests that need it."""
    return examine(claim)


@pytest.mark.parametrize(("package", "claim"), ALL, ids=[f"{package}-{claim.id}" for package, claim in ALL])
def test_claim(package: str, claim: Claim) -> None:
    row = measured(claim)
    assert row.verdict != "error", row.measured
    assert not row.surprising, f"{claim.id} {row.verdict}, expected: {claim.expected}; measured {row.measured}"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.package)
def test_ids_are_unique(chapter) -> None:
    ids = [claim.id for claim in chapter.listed("CLAIMS")]
    assert len(ids) == len(set(ids))


def test_claims_page_is_current() -> None:
    assert CLAIMS_PAGE.read_text(encoding="utf-8") == markdown(measured), "run `make pages`"


def claim(evidence=None, cost="instant", expected="holds") -> Claim:
    return Claim(
        id="C1",
        statement="$a<b$ and `c`",
        source="paper, Theorem 1",
        origin="paper",
        bound="at most 1",
        cost=cost,
        evidence=evidence,
        expected=expected,
    )


def broken() -> Evidence:
    raise ZeroDivisionError("no such limit")


def test_verdicts() -> None:
    good = claim(lambda: Evidence("0.5", True))
    bad = claim(lambda: Evidence("2", False))
    table = check([good, bad, claim(broken), claim(cost="GPU")])
    assert [row.verdict for row in table.rows] == ["holds", "does not hold", "error", "not yet run"]
    assert [row.surprising for row in table.rows] == [False, True, True, False]
    assert "ZeroDivisionError: no such limit" in repr(table)
    assert repr(table).splitlines()[0] == "C1: holds; measured: 0.5; bound: at most 1"


def test_the_board_counts_and_names_what_is_not_as_expected() -> None:
    good = claim(lambda: Evidence("0.5", True))
    bad = claim(lambda: Evidence("2", False))
    known = claim(lambda: Evidence("2", False), expected="does not hold")
    calm = Board(((CHAPTERS[1], check([good, good, known])),))
    assert repr(calm) == "01 Eigenspace instability: 2 hold, 1 does not hold"
    assert "<details>" in calm._repr_html_()
    alarmed = Board(((CHAPTERS[1], check([good])), (CHAPTERS[3], check([good, bad, bad]))))
    assert repr(alarmed).splitlines()[0] == "01 Eigenspace instability: 1 holds"
    assert repr(alarmed).splitlines()[1].endswith(": 1 holds, 2 do not hold")
    assert repr(alarmed).splitlines()[2] == "not as expected: 03 C1: does not hold; measured: 2"
    assert alarmed._repr_html_().count("<details open>") == 1


def test_the_board_needs_no_torch_and_no_plot() -> None:
    heavy = "{'torch', 'plotly'}"  # not matplotlib: qutip takes it along where it is installed
    script = f"import sys; from spectral_lab.course import board; board(); print(sorted({heavy} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_a_claim_known_to_fail_surprises_only_when_it_holds() -> None:
    assert not examine(claim(lambda: Evidence("2", False), expected="does not hold")).surprising
    assert examine(claim(lambda: Evidence("0.5", True), expected="does not hold")).surprising


def test_html_escapes_text_keeps_formulas_and_fixes_no_colour() -> None:
    page = check([claim(lambda: Evidence("<0.5", True))])._repr_html_()
    assert "$a&lt;b$" in page
    assert "<code>c</code>" in page
    assert "&lt;0.5" in page
    assert "#" not in page
    assert "rgb(" not in page


def test_only_gpu_claims_may_wait_for_evidence() -> None:
    with pytest.raises(ValueError, match=r"C1.*instant"):
        claim()
