"""Guesses and exercises of chapter 03, in the order of the lesson."""

from __future__ import annotations

import numpy as np
import scipy

from spectral_lab.course import Exercise, Function, Prediction, Value
from spectral_lab.hippo import legs
from spectral_lab.pseudospectra import (
    diag_gap_norm,
    diagonalize,
    hinf_norm,
    legs_transfer,
    ptd,
    s4d_frequencies,
    semigroup_norms,
    stored_path,
    weak_error,
)

# --- guesses -----------------------------------------------------------------------------------------------------


def _moved() -> float:
    A, n = legs(32)[0], 32
    E = np.random.default_rng(0).standard_normal((n, n))
    moved = np.linalg.eigvals(A + 1e-12 * E / np.linalg.norm(E, 2))
    return float(np.abs(moved[:, None] + np.arange(1, n + 1)).min(axis=1).max())


guess_eigenvalues = Prediction(
    r"The eigenvalues of the LegS matrix for $n=32$ are $-1,-2,\dots,-32$. Add a matrix of norm $10^{-12}$. "
    "How far does an eigenvalue move at most?",
    answer=_moved,
    digits=1,
    tolerance=0.3,
    because="An eigenvalue moves by its condition number times the perturbation, and the largest is $10^{22}$ here. "
    "Long before that, the first-order law gives out and eigenvalues slide along a contour of $\\sigma_{\\min}$.",
)


def _height(n: int) -> float:
    return diag_gap_norm(n, np.eye(n)[0])[0]


HEARD = ("it stays", "it falls like 1/n", "it grows like n")

guess_spike = Prediction(
    "S4D differs from S4 by spikes in its gain. The last one stands at the highest frequency. Double the number $n$ of "
    "states. What happens to its height, if we read state 1?",
    answer=lambda: (
        HEARD[0]
        if abs(diag_gap_norm(64, np.eye(64)[0])[0] / diag_gap_norm(32, np.eye(32)[0])[0] - 1) < 0.01
        else HEARD[1]
    ),
    options=HEARD,
    because=r"It tends to $2/\pi$ and moves out to four times the frequency. More states only hide it better.",
)

guess_weak = Prediction(
    r"Feed $u(t)=e^{-t}$ to S4 and S4D with $n=64$ and read state 1. How large is the difference of the outputs "
    r"in $L^2$?",
    answer=lambda: weak_error(64, np.eye(64)[0]),
    digits=2,
    tolerance=0.5,
    because=r"Close to $1/(2n)$. The spike is there, but this input has almost no energy at $\omega=1303$.",
)

SIZES = {"as small as possible, 1e-16": 1e-16, "about 1e-8": 1e-8, "about 1e-2": 1e-2}


def _brings_back_most() -> str:
    A, n = legs(32)[0], 32
    E = np.random.default_rng(0).standard_normal((n, n))
    E *= np.linalg.norm(A, 2) / np.linalg.norm(E, 2)

    def error(size: float) -> float:
        eigenvalues, V = np.linalg.eig(A + size * E)
        return float(np.linalg.norm(V * eigenvalues @ np.linalg.inv(V) - A, 2))

    return min(SIZES, key=lambda name: error(SIZES[name]))


guess_backward = Prediction(
    r"Perturb LegS ($n=32$) by $\delta\|A\|$ times a random matrix of norm 1, diagonalise, and multiply "
    r"$V\Lambda V^{-1}$ out again. Which $\delta$ brings back the most digits of $A$?",
    answer=_brings_back_most,
    options=tuple(SIZES),
    because=r"The error is about $\delta+u\,\kappa(V)$ with $\kappa(V)\approx1/\delta$ and the rounding unit "
    r"$u\approx10^{-16}$: smallest at $\delta=\sqrt u$.",
)

guess_chance = Prediction(
    r"An optimised $E$ with $\|E\|=0.04\|A\|$ gives $\kappa(V)\approx9$ at $n=32$. What does a random real one of the "
    "same norm give, typically?",
    answer=lambda: float(np.median([ptd(legs(32)[0], 0.0422, "gaussian", seed=seed).condition for seed in range(5)])),
    digits=2,
    tolerance=0.5,
    because="Chance is worse by a factor of five or more, and it pushes eigenvalues across the imaginary axis.",
)

ANSWERS = ("S4", "S4D", "S4-PTD")


def _loudest() -> str:
    B, C, s = legs(32)[1], np.eye(32)[0], 1j * s4d_frequencies(32)[0]
    gains = [
        abs(legs_transfer(32, s, C)),
        abs(legs_transfer(32, s, C, "diag")),
        abs(stored_path(32).nearest(0.035).transfer(B, C, s)),
    ]
    return ANSWERS[int(np.argmax(gains))]


guess_note = Prediction(
    r"We add a faint note at $\omega=\nu_0=325.43$ to a smooth input. Which of the three systems lets us hear it?",
    answer=_loudest,
    options=ANSWERS,
    because="Only S4D has an eigenvalue there, half a unit from the imaginary axis. It rings.",
)


def _grows() -> str:
    peak = semigroup_norms(legs(32)[0], 0.05, 100).max()
    return "it never exceeds 1" if peak <= 1 + 1e-12 else f"to about {peak:.0e}"


guess_growth = Prediction(
    r"The eigenvectors of LegS for $n=32$ have a condition number of $10^{23}$. How large does $\|e^{tA}\|$ become on "
    "its way to 0?",
    answer=_grows,
    options=("to about 1e+23", "to about 1e+10", "it never exceeds 1"),
    because=r"$A+A^\top=-I-BB^\top$ is negative definite, so every solution shrinks from the first moment. "
    "The condition number is an upper bound for growth, not a forecast.",
)

# --- exercises ---------------------------------------------------------------------------------------------------

last_spike = Exercise(
    title="Where is the last spike?",
    level=1,
    statement="At what frequency stands the last spike of S4D-LegS with $n=48$ states? Two decimals.",
    starter="omega = ...",
    judge=Value(
        lambda: s4d_frequencies(48)[0],
        relative=1e-4,
        mistakes=(
            (48**2 / np.pi, r"This is the leading term $n^2/\pi$; there is a constant correction."),
            (48**2, r"Divide by $\pi$."),
        ),
    ),
    hint_text=r"`s4d_frequencies(48)` knows. By hand: $n^2/\pi$, and then a constant that you can read off at $n=32$.",
    solution_text=r"$\nu_0=n^2/\pi-\pi/6+O(n^{-2})=733.386-0.524=732.86$.",
)

count_spikes = Exercise(
    title="How many spikes?",
    level=1,
    statement="How many spikes at positive frequencies has S4D-LegS with $n=10$ states?",
    starter="spikes = ...",
    judge=Value(
        lambda: float(len(s4d_frequencies(10))),
        relative=1e-9,
        mistakes=((10, "The eigenvalues come in conjugate pairs."),),
    ),
    hint_text="A spike belongs to an eigenvalue of the normal part, and those are conjugate pairs.",
    solution_text=r"Five: $n/2$ pairs. The last stands at $\nu_0=31.3133$.",
)

why_a_half = Exercise(
    title="Why the half?",
    level=2,
    statement=r"Keep $A_N$ and $C$ of S4D-LegS. Which number must multiply $B_H$ so that S4 and S4D agree at frequency "
    r"0, for every $C$? Derive it from $(sI-A_N)^{-1}B_H=\frac{2}{1+P_n(s)}(sI-A_H)^{-1}B_H$.",
    starter="factor = ...",
    judge=Value(
        lambda: 0.5,
        relative=1e-9,
        mistakes=((1.0, "Then the gain of S4D at frequency 0 is twice that of S4."), (2.0, "The other way round.")),
    ),
    hint_text=r"What is $P_n(0)$? Look at the factor with $j=1$ of $P_n(s)=\prod_{j=1}^n\frac{s-j+1}{s+j}$.",
    solution_text=r"The factor $j=1$ is $s/(s+1)$, so $P_n(0)=0$ and the right-hand side is $2(-A_H)^{-1}B_H$. "
    r"A factor of $\tfrac12$ makes the two agree.",
)

impulse_distance = Exercise(
    title="How far apart are the impulse responses?",
    level=2,
    statement=r"What is $\|K_{S4D}-K_{S4}\|_{L^2}$ for $n=10$ and $C=e_1$? Four decimals.",
    starter="distance = ...",
    judge=Value(
        lambda: 0.5 * np.sqrt(1 - 2 / 10**2),
        relative=1e-4,
        mistakes=((0.5, "That is the limit for many states."), (0.245, "That is the square.")),
    ),
    hint_text=r"F7: the square is $\tfrac14(1-2/n^2)$. Or integrate `legs_impulse_response` of both on a fine grid.",
    solution_text=r"$\tfrac12\sqrt{1-2/100}=0.4950$.",
)

distance_to_instability = Exercise(
    title="The smallest push over the edge",
    level=2,
    statement=r"What is the norm of the smallest $E$ for which $A_H+E$ has an eigenvalue on the imaginary axis, "
    r"for $n=16$?",
    starter="size = ...",
    judge=Value(
        lambda: 1 / hinf_norm(legs(16)[0], np.eye(16), np.eye(16))[0],
        relative=1e-4,
        mistakes=(
            (1.0, "The nearest eigenvalue is 1 away from the axis; but eigenvalues are not all that counts."),
            (0.5, r"That is the bound from the numerical range; the axis is reached a little later."),
        ),
    ),
    hint_text=r"It is $\min_\omega\sigma_{\min}(i\omega I-A_H)$, and the minimum is at $\omega=0$.",
    solution_text=r"`sigma_min(legs(16)[0], 0)` $=1/1.73243=0.57722$.",
)

resolvent_bound = Exercise(
    title="A bound without n",
    level=2,
    statement=r"From $A_H+A_H^\top=-I-B_HB_H^\top$ derive a bound on $\|(i\omega I-A_H)^{-1}\|$ that holds for every "
    r"$n$ and $\omega$, and give its value.",
    starter="bound = ...",
    judge=Value(
        lambda: 2.0,
        relative=1e-9,
        mistakes=(
            (0.5, r"$\tfrac12$ bounds $\|(i\omega-A)x\|/\|x\|$ from below; take the reciprocal."),
            (1.0, r"Look at $\mathrm{Re}\,x^*(i\omega-A)x$ once more: the $I$ counts half."),
        ),
    ),
    hint_text=r"For a unit vector $x$: "
    r"$\|(i\omega-A)x\|\ge|x^*(i\omega-A)x|\ge-\mathrm{Re}\,x^*Ax=-\tfrac12x^*(A+A^\top)x$.",
    solution_text=r"$-\tfrac12x^*(A+A^\top)x=\tfrac12(1+|B_H^\top x|^2)\ge\tfrac12$, so the norm is at most 2. "
    r"With $\|E\|=\varepsilon<\tfrac12$ the Neumann series then gives "
    r"$|G_{PTD}-G_{S4}|\le\|B\|\|C\|\frac{4\varepsilon}{1-2\varepsilon}$ at every frequency, for every $n$.",
)


def _best_corner() -> float:
    A, _ = legs(8)

    def condition(c: float) -> float:
        E = np.zeros((8, 8))
        E[0, 7] = c
        return diagonalize(A, E).condition

    return float(scipy.optimize.minimize_scalar(condition, bounds=(-14, -10), method="bounded").x)


one_entry = Exercise(
    title="One entry is enough",
    level=3,
    statement=r"Change one entry of $A_H$ for $n=8$, the one in the upper right corner: $E=c\,e_1e_8^\top$. "
    r"Which $c$ minimises $\kappa(V)$? One decimal is enough.",
    starter="c = ...",
    judge=Value(_best_corner, relative=0.02, mistakes=((12.4, "The sign."),)),
    hint_text="`diagonalize(A, E).condition` over a range of `c`, both signs. Zoom in.",
    solution_text=r"$c\approx-12.4$: $\kappa(V)$ falls from 77 032 to 5.05, and $A+E$ is just stable, with "
    r"$\max\mathrm{Re}\,\lambda=-0.03$. (The entry below it, with $c\approx12.3$, reaches 3.50, but $A+E$ is unstable "
    r"then: $+0.14$.)",
)


def _nearest_singular(A: np.ndarray, z: complex) -> np.ndarray:
    U, s, Vh = np.linalg.svd(z * np.eye(len(A)) - A)
    return s[-1] * np.outer(U[:, -1], Vh[-1])


reach_a_point = Exercise(
    title="Put an eigenvalue where you want it",
    level=3,
    statement=r"Write `reach(A, z)`: the matrix $E$ of smallest norm for which $z$ is an eigenvalue of $A+E$. "
    r"Its norm is $\sigma_{\min}(zI-A)$.",
    starter="def reach(A, z):\n    return ...",
    judge=Function(
        _nearest_singular,
        [
            (legs(4)[0], 0.5 + 1j),
            (np.random.default_rng(0).standard_normal((5, 5)), 2.0 - 0.5j),
            (np.diag([1.0, 2.0, 4.0]), 1.25 + 0.5j),
        ],
        relative=1e-6,
    ),
    hint_text=r"$zI-A-E$ must be singular. Take the singular value decomposition of $zI-A$ and remove its last term.",
    solution_text=r"With $zI-A=\sum_k\sigma_ku_kv_k^*$ the answer is $E=\sigma_nu_nv_n^*$: "
    "`U, s, Vh = np.linalg.svd(z*np.eye(len(A)) - A)` and `s[-1] * np.outer(U[:, -1], Vh[-1])`.",
)

why_exact = Exercise(
    title="Why is it exact?",
    level=1,
    statement=r"`np.linalg.eigvals(legs(32)[0])` returns $-1,\dots,-32$ exactly, although the eigenvalues are "
    "hopelessly ill-conditioned. By how much do they change if you reverse the order of the states, `A[::-1, ::-1]`?",
    starter="change = ...",
    judge=Value(
        lambda: float(
            np.abs(np.sort(np.linalg.eigvals(legs(32)[0])) - np.sort(np.linalg.eigvals(legs(32)[0][::-1, ::-1]))).max()
        ),
        relative=1e-9,
        mistakes=((1, "That would be a shift of the whole spectrum. Sort both lists before you compare."),),
    ),
    hint_text="Is the matrix still triangular? What does LAPACK do first with a triangular matrix?",
    solution_text="By 0: balancing looks for a permutation that makes the matrix triangular, and finds one. "
    "The eigenvalues are then read off the diagonal. A rotation hides the triangle, and the digits are gone: "
    "`sigma_min` at $-16+5i$ is below $10^{-14}$.",
)

EXERCISES = (
    last_spike,
    count_spikes,
    why_exact,
    why_a_half,
    impulse_distance,
    resolvent_bound,
    distance_to_instability,
    one_entry,
    reach_a_point,
)
PREDICTIONS = (
    guess_eigenvalues,
    guess_spike,
    guess_weak,
    guess_backward,
    guess_chance,
    guess_note,
    guess_growth,
)
