"""Claims: what a paper states, beside what is measured here and now, and whether the two agree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from spectral_lab import absent, checks, markup
from spectral_lab.course.chapters import CHAPTERS, Chapter
from spectral_lab.course.evidence import Comparison, Evidence, NotYetRun

Origin = Literal["paper", "addition", "reconstruction"]
Cost = Literal["instant", "seconds", "GPU"]
Expected = Literal["holds", "does not hold"]
Verdict = Literal["holds", "does not hold", "not yet run", "error"]

ORIGINS: dict[str, str] = {
    "paper": "stated in the paper",
    "addition": "ours, beyond the paper",
    "reconstruction": "our reconstruction of the paper",
}
COSTS = ("instant", "seconds", "GPU")
SIGNS: dict[str, str] = {"holds": "✓", "does not hold": "✗", "not yet run": "…", "error": "!"}
PLURALS = {
    "holds": "hold",
    "does not hold": "do not hold",
    "not yet run": "not yet run",
    "error": "fail",
}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One checkable statement of a chapter.

    id          its number, such as "C4" (the paper's) or "D1" (further ones)
    statement   the claim in plain words with its formula
    source      where it stands, such as "paper, Theorem 2"
    origin      whose it is: "paper", "addition" or "reconstruction"
    bound       in words, what the measured values are held against
    cost        of the evidence: "instant" (less than a second, no torch), "seconds", or "GPU": recorded runs settle it
    evidence    the function that measures, or that reads what was `recorded`
    expected    a claim that we found false is kept: "does not hold". The table says so, and the tests insist on it.
    Raises: ValueError.
    """

    id: str
    statement: str
    source: str
    origin: Origin
    bound: str
    cost: Cost
    evidence: Callable[[], Evidence]
    expected: Expected = "holds"

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not re.fullmatch("[A-Z][1-9][0-9]?", self.id):
            raise ValueError(f"id must be a capital letter and a number, got {checks.shown(self.id)}")
        for name in ("statement", "source", "bound"):
            if not isinstance(text := getattr(self, name), str) or not text.strip():
                raise ValueError(f"{name} of claim {self.id} must be a text, got {checks.shown(text)}")
        checks.choice(self.origin, "origin", ORIGINS)
        checks.choice(self.cost, "cost", COSTS)
        checks.choice(self.expected, "expected", ("holds", "does not hold"))
        if not callable(self.evidence):
            raise ValueError(f"evidence of claim {self.id} must be a function, got {checks.shown(self.evidence)}")


@dataclass(frozen=True)
class Row:
    """A claim after its evidence was asked for: a verdict, the measured text, and what it was held against."""

    claim: Claim
    verdict: Verdict
    measured: str
    checks: tuple[Comparison | bool, ...] = ()

    @property
    def surprising(self) -> bool:
        """True if the verdict is not the one that the claim expects (a claim not yet run surprises nobody)."""
        return self.verdict not in (self.claim.expected, "not yet run")


@dataclass(frozen=True)
class ClaimTable:
    """Claims with their verdicts: a table in a notebook, aligned text elsewhere."""

    rows: tuple[Row, ...]

    def __repr__(self) -> str:
        return "\n".join(
            f"{row.claim.id}: {row.verdict}; measured: {row.measured}; bound: {row.claim.bound}" for row in self.rows
        )

    def _repr_html_(self) -> str:
        header = ["", "claim", "measured here", "bound", "verdict"]
        return markup.table(header, [_cells(row) for row in self.rows])


@dataclass(frozen=True)
class Board:
    """The claims of several chapters with their verdicts: a count for each chapter, its table folded below."""

    tables: tuple[tuple[Chapter, ClaimTable], ...]

    def __repr__(self) -> str:
        surprises = [
            f"not as expected: {chapter.number:02d} {row.claim.id}: {row.verdict}; measured: {row.measured}"
            for chapter, table in self.tables
            for row in table.rows
            if row.surprising
        ]
        return "\n".join([*map(_count, self.tables), *surprises]) or "No claims yet."

    def _repr_html_(self) -> str:
        summary = '<summary style="cursor: pointer; padding: 0.3em 0;">'
        return "".join(
            f"<details{' open' if any(row.surprising for row in table.rows) else ''}>"
            f"{summary}{markup.inline(_count((chapter, table)))}</summary>{table._repr_html_()}</details>"
            for chapter, table in self.tables
        )


def _count(item: tuple[Chapter, ClaimTable]) -> str:
    chapter, table = item
    verdicts = [row.verdict for row in table.rows]
    counts = {name: verdicts.count(name) for name in SIGNS if name in verdicts}
    words = ", ".join(f"{count} {name if count == 1 else PLURALS[name]}" for name, count in counts.items())
    return f"{chapter.number:02d} {chapter.title}: {words}"


def check(claims: Iterable[Claim]) -> ClaimTable:
    """Measure every claim. Evidence that raises becomes one clear line in the table, so that the others still show."""
    return ClaimTable(tuple(examine(claim) for claim in claims))


def examine(claim: Claim) -> Row:
    """Measure one claim."""
    try:
        evidence = claim.evidence()
    except NotYetRun as missing:
        return Row(claim, "not yet run", str(missing))
    except Exception as error:  # shown in the table as an error, and refused by the tests
        if library := absent.missing(error):
            return Row(claim, "not yet run", f"needs {library}, which browsers lack")
        return Row(claim, "error", f"{type(error).__name__}: {error}")
    return Row(claim, "holds" if evidence.holds else "does not hold", str(evidence), evidence.checks)


def board() -> Board:
    """Every chapter's instant claims, measured now."""
    instant = [(item, [c for c in item.listed("CLAIMS") if c.cost == "instant"]) for item in CHAPTERS]
    return Board(tuple((item, check(claims)) for item, claims in instant if claims))


def markdown(measure: Callable[[Claim], Row] = examine) -> str:
    """The text of docs/claims.md: every chapter's claims, measured now."""
    tables = [(item, ClaimTable(tuple(map(measure, item.listed("CLAIMS"))))) for item in CHAPTERS]
    lines = [
        "# What the papers claim, and what we measure",
        "",
        "Written by `spectral-lab claims --write`; a test checks that it is current. Do not edit it by hand.",
        "",
        "Each claim names its source. *Ours* marks what goes beyond the paper, *reconstruction* what we rebuilt "
        "where the paper's text could not be read. A claim that does not hold stays here.",
        "",
        *(f"- {_count((item, table))}" for item, table in tables if table.rows),
    ]
    for item, table in tables:
        if table.rows:
            lines += ["", f"## {item.number:02d} {item.title}"]
            if item.paper:
                lines += ["", f"{item.paper.authors}: [{item.paper.title}]({item.paper.url}), {item.paper.year}."]
            for row in table.rows:
                lines += ["", *_markdown(row)]
    return "\n".join(lines) + "\n"


def _markdown(row: Row) -> list[str]:
    claim = row.claim
    return [
        f"### {claim.id}: {row.verdict}",
        "",
        claim.statement,
        "",
        f"- source: {claim.source} ({ORIGINS[claim.origin]})",
        f"- measured: {row.measured}",
        f"- bound: {claim.bound}",
        f"- cost: {claim.cost}",
    ]


def _cells(row: Row) -> list[str]:
    claim = row.claim
    source = f'<br><small style="opacity: 0.75;">{markup.inline(claim.source)} · {ORIGINS[claim.origin]}</small>'
    expected = "" if not row.surprising or row.verdict == "error" else "<br><small>not as expected</small>"
    return [
        f"<b>{markup.inline(claim.id)}</b>",
        markup.inline(claim.statement) + source,
        markup.inline(row.measured),
        markup.inline(claim.bound),
        f'<span style="white-space: nowrap;"><b>{SIGNS[row.verdict]} {row.verdict}</b></span>{expected}',
    ]
