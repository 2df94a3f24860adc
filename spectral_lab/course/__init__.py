"""The course kit: what every chapter uses to state claims, ask for a guess, and set exercises.

    chapters.py     the chapters, their papers and what they list: what tables, map, commands and tests ask
    claims.py       `Claim`, `check`: the paper's statements beside what is measured here and now
    evidence.py     `Evidence`, and what it is held against: `below` and its kin; `recorded` runs
    predictions.py  `Prediction`: guess before you slide
    exercises.py    `Exercise`, checked by `Value` or `Function`: statement, starter, check, hint, solution
    in_browser.py   one line in place of a traceback for what Python in a browser lacks

A chapter's `claims.py` holds `CLAIMS`, a tuple in the order of the lesson. Notebooks show it, tests run it,
`docs/claims.md` is written from it:

    def spike_height() -> Evidence:
        gap = last_spike(n=1024)
        return Evidence(f"height {gap:.4f} at n = 1024", within(gap, 1e-3, of=2 / np.pi))

    def robust() -> Evidence:                              # settled by recorded runs, "not yet run" until then
        found = recorded("pseudospectra/digits", ("s4d", "s4ptd"), preset="paper", metrics=["noisy"])
        noisy = found.mean("s4ptd", "noisy")
        return Evidence(f"recorded on {found.where}: {100 * noisy:.0f} %", at_least(noisy, 0.7))

    CLAIMS = (
        Claim(
            id="C4",
            statement=r"The last spike of S4D never decays: its height tends to $2/\\pi$.",
            source="paper, Theorem 2; the limit is derived here",
            origin="addition",
            bound="0.6366 within 0.001",
            cost="instant",
            evidence=spike_height,
        ),
        Claim(
            id="C15",
            statement="S4-PTD keeps about 75 % on noisy sCIFAR.",
            source="paper, section 5",
            origin="paper",
            bound="at least 70 %",
            cost="GPU",
            evidence=robust,
        ),
    )

    check(CLAIMS)                      # in a notebook: the table, claim by claim

Import models inside the evidence functions that need them, so that the instant claims stay free of torch: notebook 00
shows them all with `board()`.

Guesses and exercises live in a chapter's `exercises.py`:

    where = Prediction("Where is the last spike for n = 48?", answer=lambda: s4d_frequencies(48)[0],
                       unit="rad/s", because="It moves out like n squared over pi.")
    spikes = Prediction("What does doubling n do to it?", answer=lambda: "it moves out",
                        options=("it shrinks", "it moves out", "nothing"), because="...")

    last_spike = Exercise("The last spike", level=1, statement=r"At what frequency is it for $n = 48$?",
                          starter="omega = ...", judge=Value(lambda: s4d_frequencies(48)[0], relative=1e-3,
                          mistakes=((48**2, "Divide by pi."),)), hint_text="...", solution_text="...")
    last_spike.check(omega)            # one clear line, whatever the answer is

Where the answer is a function, let the starter `return ...`: dots are taken as "not answered yet".

Texts are plain words with $formulas$ and `code`. Everything shown has a deterministic text form, so that
`pytest --nbval` can compare it. Importing the kit brings in neither torch nor plotly nor ipywidgets.
"""

from __future__ import annotations

from spectral_lab.absent import IN_BROWSER
from spectral_lab.course.chapters import CHAPTERS, Chapter, CourseMap, Paper, chapter
from spectral_lab.course.claims import Board, Claim, ClaimTable, board, check
from spectral_lab.course.evidence import (
    Comparison,
    Evidence,
    NotYetRun,
    Recorded,
    above,
    at_least,
    at_most,
    below,
    between,
    recorded,
    within,
)
from spectral_lab.course.exercises import Exercise, Function, Value
from spectral_lab.course.predictions import Prediction

__all__ = [
    "CHAPTERS",
    "Board",
    "Chapter",
    "Claim",
    "ClaimTable",
    "Comparison",
    "CourseMap",
    "Evidence",
    "Exercise",
    "Function",
    "NotYetRun",
    "Paper",
    "Prediction",
    "Recorded",
    "Value",
    "above",
    "at_least",
    "at_most",
    "below",
    "between",
    "board",
    "chapter",
    "check",
    "recorded",
    "within",
]

if IN_BROWSER:
    from IPython import get_ipython

    from spectral_lab.course import in_browser

    if shell := get_ipython():
        in_browser.install(shell)
