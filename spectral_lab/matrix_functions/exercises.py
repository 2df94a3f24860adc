"""The predictions and exercises of notebook 00, on functions of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_lab.course.exercises import Exercise, Function, Value
from spectral_lab.course.predictions import Prediction
from spectral_lab.matrix_functions.functions import CUT, WAVE, filter_of, matrix_function
from spectral_lab.matrix_functions.path import NODES, path_laplacian, signal

TRAVEL = (
    "it has spread into one broad hump",
    "it is two bumps of half the height, 12 nodes to either side",
    "it is one bump, 12 nodes further on",
)


def _after(name: str, t: float, x: str) -> np.ndarray:
    return matrix_function(path_laplacian(NODES), filter_of(name, t)) @ signal(x)


def _travelled() -> str:
    """Which of the three it is, read off the largest value to the right of the start, at node 20."""
    after = _after(WAVE, 12, "bump")
    peak = 26 + int(after[26:].argmax())
    if abs(peak - 32) <= 1 and 0.4 < after[peak] < 0.6:
        return TRAVEL[1]
    return TRAVEL[2] if abs(peak - 32) <= 1 else TRAVEL[0]


plucked_string = Prediction(
    "The signal is a bump at node 20, and $f(\\lambda)=\\cos(t\\sqrt\\lambda)$. What is $f(L)\\,x$ at $t=12$?",
    answer=_travelled,
    options=TRAVEL,
    because="$u=\\cos(t\\sqrt L)\\,x$ solves the wave equation $u''=-Lu$ from rest: half of the bump goes each way.",
)

overshoot = Prediction(
    "Cut the spectrum of the step at $t=8$: keep the modes with $t\\lambda\\le1$, drop the others. "
    "By how much does the result rise above the height 1 of the step?",
    answer=lambda: 100 * (_after(CUT, 8, "step").max() - 1),
    unit="%",
    digits=2,
    tolerance=0.25,
    because="A sharp cut rings (the Gibbs phenomenon), and keeping more modes does not help: move $t$ and see. "
    "The smooth functions, heat and resolvent, do not overshoot at all.",
)

sum_of_eigenvalues = Exercise(
    title="The sum of a spectrum",
    level=1,
    statement="Without computing a single eigenvalue: what is the sum of the eigenvalues of the path Laplacian "
    "of $n=64$ nodes?",
    starter="total = ...",
    judge=Value(
        lambda: 2.0 * (NODES - 1),
        relative=1e-9,
        mistakes=(
            (2.0 * NODES, "The two ends of the path have only one neighbour each."),
            (NODES - 1.0, "Every link adds to the degree of both its ends."),
        ),
    ),
    hint_text="The sum of the eigenvalues is the trace. What stands on the diagonal of a Laplacian?",
    solution_text="The trace is the sum of the degrees, and every one of the $n-1$ links counts at both its ends: "
    "$2(n-1)=126$.",
)


def _sign(seed: int, n: int) -> np.ndarray:
    """A random symmetric matrix whose eigenvalues are all 1 or −1."""
    random = np.random.default_rng(seed).standard_normal((n, n))
    return matrix_function(random + random.T, np.sign)


cut_from_sign = Exercise(
    title="From sign to cut",
    level=2,
    statement="$S=\\mathrm{sgn}(\\mu I-A)$ has the eigenvalue $1$ below $\\mu$ and $-1$ above. Write the projector "
    "onto the modes below $\\mu$ as a function of $S$ alone. Chapter 04 cools a quantum system with this $S$.",
    starter="def cut(S):\n    return ...",
    judge=Function(lambda S: (np.eye(len(S)) + S) / 2, [(_sign(seed, n),) for seed, n in enumerate((2, 5, 12))]),
    hint_text="Which straight line sends $-1$ to $0$ and $1$ to $1$? A function of a matrix is a function of its "
    "spectrum.",
    solution_text="The line is $(1+s)/2$, so the projector is $P=(I+S)/2$. In code: `(np.eye(len(S)) + S) / 2`. "
    "Check: $P^2=(I+2S+S^2)/4=P$ because $S^2=I$.",
)


def _heat(L: np.ndarray, x: np.ndarray, t: float) -> np.ndarray:
    return matrix_function(L, lambda eigenvalue: np.exp(-t * eigenvalue)) @ x


_CASES: list[tuple[Any, ...]] = [
    (path_laplacian(n), np.random.default_rng(n).standard_normal(n), t) for n, t in ((2, 0.5), (8, 2.0), (64, 20.0))
]

heat_without_eigenvalues = Exercise(
    title="Heat without an eigensolver",
    level=3,
    statement="Compute $e^{-tL}x$ to three digits without eigenvalues or `expm`: only products with $L$, or solves "
    "with $I+sL$. Large networks are filtered in this way, since their spectra are out of reach.",
    starter="def heat(L, x, t):\n    return ...",
    judge=Function(_heat, _CASES, relative=1e-3),
    hint_text="Many short steps: $e^{-tL}=(e^{-hL})^m$ with $h=t/m$. The eigenvalues lie between 0 and 4, so for "
    "$8h\\le1$ a few terms of the Taylor series are enough in each step.",
    solution_text="Take $m=\\lceil 8t\\rceil$ steps, so that $h\\lambda\\le1/2$, and the series to fourth order:\n\n"
    "`m = max(1, int(np.ceil(8 * t))); h = t / m`\n\n"
    "`for _ in range(m): x = x - h*L@(x - h/2*L@(x - h/3*L@(x - h/4*L@x)))`\n\n"
    "A step errs by at most $(h\\lambda)^5/120$. After $m$ steps a mode is wrong by at most "
    "$t\\lambda\\,e^{-t\\lambda}\\,e^{1/2}(h\\lambda)^4/120<4\\cdot10^{-4}$.\n\n"
    "Chebyshev polynomials need fewer products: about $\\sqrt{t}$ in place of $t$.",
)

PREDICTIONS = (plucked_string, overshoot)
EXERCISES = (sum_of_eigenvalues, cut_from_sign, heat_without_eigenvalues)
