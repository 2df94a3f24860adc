"""Guesses and exercises of chapter 04, in the order of the lesson."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_lab.cooling.bands import during, evolve
from spectral_lab.cooling.ladder import ladder_law
from spectral_lab.cooling.levels import levels
from spectral_lab.cooling.qasm import reflection_circuit
from spectral_lab.cooling.qsp import gqsp_angles, gqsp_complement, product_error
from spectral_lab.cooling.queries import bill
from spectral_lab.cooling.readout import pointer_factors
from spectral_lab.cooling.schedules import recorded_training
from spectral_lab.cooling.sign_functions import (
    gaussian_coefficients,
    laurent_coefficients,
    minimax_coefficients,
    sign_of,
)
from spectral_lab.cooling.spin_chains import random_field, tfim, xxz
from spectral_lab.course import Exercise, Function, Prediction, Value

# --- guesses -----------------------------------------------------------------------------------------------------


def _in_bands() -> int:
    E = levels(tfim(6)).energies
    return int((np.abs(np.abs(sign_of(E, 0.5 * (E[0] + E[-1]), 0.5)) - 1) <= 0.01).sum())


guess_bands = Prediction(
    "The Ising chain of six spins has 64 levels between -9.6 and 7.7 J. Put the shift in the middle and blur the sign "
    "over w = 0.5 J. How many levels end up within 1 % of one of the two bands?",
    answer=_in_bands,
    unit="levels",
    tolerance=0.1,
    because=r"A level is within 1 % once it is $1.82\,w = 0.91$ J away from the shift. Most levels of a chain lie near "
    "the middle, so this is where a blurred sign leaves out most.",
)


def _climbed() -> float:
    s = np.where(np.arange(16) <= 9, -1.0, 1.0)
    V = levels(tfim(4)).operator(random_field(4, 1))
    _, states = during(np.eye(16)[9], s, V, alpha=0.1, angle=0.1 * 100)
    return 100 * float((np.abs(states[:, 10:]) ** 2).sum(axis=1).max())


guess_leak = Prediction(
    r"Sixteen levels, six of them above $\mu$; the start is the highest below it, and $\alpha = 0.1$. Watch for a time "
    "of 100 (S is a pure number, and so is time): what percentage of the population is above at most, at any moment?",
    answer=_climbed,
    unit="%",
    digits=1,
    tolerance=0.5,
    because=r"The bound $\alpha^2$ says at most 1 %. Here it is far less, because the start level has only a part of "
    r"$V$.",
)

guess_queries = Prediction(
    "A step of three spins as a circuit: eight reflections of a sign that is blurred over w = 0.5 J, each made to 1 %. "
    "How many queries of the time evolution does the step take?",
    answer=lambda: 8.0 * (len(reflection_circuit(tfim(3), -1.0, width=0.5, error=1e-2)[0].theta) - 1),
    unit="queries",
    digits=3,
    tolerance=0.5,
    because="Each reflection is a polynomial whose degree is a few times the spread of the spectrum over the width of "
    "the edge, here 78.",
)

guess_blind = Prediction(
    "Take the reading away and let the shifts fall by a plan. Where does the energy of the chain go?",
    answer=lambda: "to the mean of all levels",
    options=("to the ground level, only slower", "to the mean of all levels", "nowhere, it stays"),
    because="Unitaries that do not look at the state permute its entropy; they cannot remove it. The reading does "
    "that.",
)

guess_steps = Prediction(
    "With full mixing and an exact reading, how many steps lead from level 32 to the ground level, on average?",
    answer=lambda: ladder_law(32),
    unit="steps",
    digits=3,
    because=r"$2 + H_{32}$ with $H_{32} = 1 + 1/2 + \dots + 1/32$: each reading roughly halves what is left.",
)

DIFFERENT = ("not at all", "one set is exact, the other is off by 1e-5 or more", "one set does not exist")


def _by_roots() -> str:
    P = (1 - 1e-4) * laurent_coefficients(gaussian_coefficients(501, 4.0 / 501))
    inside, outside = (
        product_error(P, gqsp_angles(P, gqsp_complement(P, zeros=zeros), tolerance=1.0))
        for zeros in ("inside", "outside")
    )
    return DIFFERENT[int(inside < 1e-11 and outside >= 1e-5)]


guess_roots = Prediction(
    r"Both choices of $Q$ complete $P$ to better than $10^{-12}$. At degree 1002, how do the angles differ?",
    answer=_by_roots,
    options=DIFFERENT,
    because="Stripping divides by the top coefficients. With the zeros inside the circle they are large, with the "
    "zeros "
    "outside they are tiny.",
)

guess_kicks = Prediction(
    "Four Heisenberg spins, all up, with a ground level at -1.616 J. How low can rotations of single spins bring the "
    "energy, without any sign layer?",
    answer=lambda: float(recorded_training().kicks_only[-1]),
    unit="J",
    digits=2,
    because="Rotations keep a product state a product state, and each of the three bonds then gives at least -1/4 J: "
    "Néel is the best. The rest of the way is entanglement, and only the sign layers make it.",
)

guess_crossover = Prediction(
    "An amplified filter wins when the start is good. It must first find the ground level, by bisection. Below which "
    "overlap with the ground state does it then cost more than 20 bang-bang steps, for six spins at a resolution of "
    "0.3 J?",
    answer=lambda: ((b := bill(17.34, 20, 0.3, overlap=1.0))["amplified filter"] + b["search for E0"]) / b["bang-bang"],
    digits=2,
    tolerance=0.5,
    because="One sign costs a few hundred queries. The filter needs one and the search before it six, each as often as "
    "one over the overlap; a cooling step needs thirty or more: 20 steps pay only from a poor start.",
)

# --- exercises ---------------------------------------------------------------------------------------------------

every_drive = Exercise(
    "Every drive its exponent",
    level=1,
    statement=r"A drive whose steps climb with probability $c\,\alpha^q$ needs the time $t = \vartheta/\alpha$ a step. "
    r"Keep the summed probability of $d$ measured steps fixed. The total time grows as $d^p$. Write a function of $q$ "
    r"that returns $p$.",
    starter="def power(q):\n    return ...",
    judge=Function(lambda q: 1 + 1 / q, cases=[(2,), (4,), (6,)]),
    hint_text=r"$d\,\alpha^q$ fixed makes $\alpha \propto d^{-1/q}$.",
    solution_text=r"`1 + 1 / q`. A sudden switch has $q = 2$, hence the paper's $3/2$; pulses $q = 4$, hence $5/4$; a "
    r"ramp, with its local exponent of about 6, would get $7/6$. No drive gets below 1: $d$ steps take $d$ times one.",
)

two_ground_states = Exercise(
    "No free lunch, served twice",
    level=1,
    statement="The Heisenberg chain of five spins. A fixed schedule of 100 steps, no reading. Averaged over all 32 "
    "computational starts, what is the final population of its ground level?",
    starter="population = ...",
    judge=Value(
        lambda: levels(xxz(5)).same_level(0).mean(),
        relative=5e-3,
        mistakes=((1 / 32, "That is for one ground state. Five spins have an odd number of halves."),),
    ),
    hint_text="Look at `cooling.levels(cooling.xxz(5)).energies[:4]`.",
    solution_text=r"$2/32$: the ground level is a doublet, and the average of $\|P_0 U|i\rangle\|^2$ over a basis is "
    r"$\mathrm{tr}\,P_0/N$ for every unitary.",
)

composition = Exercise(
    "Sharpen it by composing",
    level=2,
    statement=r"Another way to a sharp sign: apply $g(x) = (3x - x^3)/2$ to a blurred one, again and again. Each $g$ "
    r"takes three times the queries and makes the edge steeper by $g'(0)$. So the queries grow as $w^{-p}$ with the "
    r"width $w$ of the edge. Which $p$?",
    starter="p = ...",
    judge=Value(
        lambda: np.log(3) / np.log(1.5),
        relative=5e-3,
        mistakes=(
            (1.0, "That is the price of one series of the right degree."),
            (1 / (np.log(3) / np.log(1.5)), "This is its inverse: which of the two grows?"),
        ),
    ),
    hint_text="After n rounds: queries 3^n, width 1.5^-n.",
    solution_text=r"$\ln 3/\ln 1.5 = 2.71$. Composing is easy and costs far more than the $1/w$ of one polynomial.",
)


def _best_degree() -> int:
    return next(d for d in range(101, 140, 2) if minimax_coefficients(d, 0.05)[1] <= 1e-3)


best_degree = Exercise(
    "What is left to gain",
    level=2,
    statement=r"For edges of 0.05 rad and an error of $10^{-3}$ the Gaussian series needs degree 215. Which is the "
    "smallest odd degree with which any polynomial can do it?",
    starter="K = ...",
    judge=Value(
        _best_degree,
        relative=1e-9,
        mistakes=((117, "Close: one step less still does it."), (113, "This one misses by a little.")),
    ),
    hint_text="`cooling.minimax_coefficients(degree, edge)` returns the best coefficients, and their error.",
    solution_text="115: `next(d for d in range(1, 216, 2) if cooling.minimax_coefficients(d, 0.05)[1] <= 1e-3)`. So no "
    "cleverness saves more than half of the queries.",
)


def _returns(k: int, r: float) -> float:
    return ladder_law(k, "uniform") - 1 + r


ladder_returns = Exercise(
    "A stirring that remembers",
    level=2,
    statement="Suppose a stirring leads from level $k$ to each of the levels $0, \\dots, k-1$ with one probability, "
    "and "
    "back to $k$ with $r$ times that. Each reading is exact. Write a function of $k \\geq 1$ and $r$ that returns the "
    "expected number of steps to level 0.",
    starter="def steps(k, r):\n    return ...",
    judge=Function(_returns, cases=[(1, 1.0), (5, 2.0), (40, 7.5)]),
    hint_text=r"Write down $T_k = 1 + \sum_j P(k \to j)\,T_j$ for $k$ and for $k - 1$, and subtract.",
    solution_text=r"$T_k = r + H_k$: `r + sum(1 / j for j in range(1, k + 1))`. The memory costs once, not at each "
    r"level: $(k + r)$ times the equation gives $k T_k = k + r + \sum_{j<k} T_j$, so $T_k - T_{k-1} = 1/k$.",
)

silent_layer = Exercise(
    "The layer that does not learn",
    level=2,
    statement="A schedule of five layers (a kick, then a sign) is trained on the energy. For how many of the five sign "
    r"layers is the gradient of the loss by $\phi_k$ not zero at a generic point?",
    starter="layers = ...",
    judge=Value(
        lambda: 4,
        relative=1e-9,
        mistakes=((5, "One of them commutes with everything that comes after it."),),
    ),
    hint_text="The loss is $\\langle\\psi|H|\\psi\\rangle$. What commutes with $H$?",
    solution_text="4. The last sign layer is a function of $H$, so it cannot change the mean of $H$.",
)


def _safe_strength() -> float:
    s = sign_of(levels(tfim(6)).energies, -3.0, 0.5)
    return 0.5 * float(s[s > 0].min() - s[s < 0].max()) * np.sqrt(0.01)


safe_strength = Exercise(
    "How hard to stir",
    level=2,
    statement=r"Six Ising spins, $\mu = -3$ J, and a sign blurred over $w = 0.5$ J: its lower band ends at the highest "
    r"negative value, its upper band begins at the lowest positive one. Which $\alpha$ is the largest for which "
    r"`leak_bound` promises that at most 1 % climbs ($\|V\| = 1$)?",
    starter="alpha = ...",
    judge=Value(
        _safe_strength,
        relative=5e-3,
        mistakes=((0.1, "That is for the exact sign, with its gap of 2. Here levels stand between the bands."),),
    ),
    hint_text=r"`cooling.sign_of(E, -3.0, 0.5)` has the values. Solve $(2\alpha/\Delta)^2 = 0.01$ for their gap "
    r"$\Delta$.",
    solution_text=r"$\Delta = 0.76$ and $\alpha = \frac{\Delta}{2}\sqrt{0.01} = 0.038$: two levels just above the "
    r"shift "
    "cost nearly two thirds of the gap.",
)


def _random_polynomial(degree: int) -> np.ndarray:
    """Complex coefficients whose polynomial stays below 0.9 on the unit circle."""
    rng = np.random.default_rng(degree)
    p = rng.normal(size=degree + 1) + 1j * rng.normal(size=degree + 1)
    return 0.9 * p / np.abs(p).sum()


completion = Exercise(
    "Complete it yourself",
    level=3,
    statement=r"Write a function of the coefficients of $P$ (ascending powers, $|P| \leq 0.95$ on the unit circle) "
    r"that "
    r"returns those of its $Q$: the same degree, $|P|^2 + |Q|^2 = 1$ on the circle, all zeros inside it, and a leading "
    "coefficient that is real and positive. numpy and its FFT are enough; section 2 says the way in one sentence.",
    starter="def complement(p):\n    return ...",
    judge=Function(
        gqsp_complement,
        cases=[
            (np.array([0.3, 0.2, 0.4]),),
            (_random_polynomial(9),),
            (0.9 * laurent_coefficients(gaussian_coefficients(15, 0.3)),),
        ],
    ),
    hint_text=r"On 4096 roots of unity take $\frac12\log(1 - |P|^2)$; its Fourier coefficients are the powers $z^k$. "
    r"Double "
    r"those with $k > 0$, drop those with $k < 0$, go back to the circle, exponentiate, and read off $d + 1$ "
    "coefficients. That Q has all zeros outside: reverse it, and conjugate.",
    solution_text="`half = np.fft.ifft(0.5 * np.log(1 - np.abs(np.fft.fft(p, 4096)) ** 2))`; then `half[1:2048] *= "
    "2` and "
    "`half[2048:] = 0`; then `q = np.fft.ifft(np.exp(np.fft.fft(half)))[: len(p)]` and `return q[::-1].conj()`.",
)


def _ground_population(
    E: np.ndarray, c: np.ndarray, fields: Any, readings: Any, s: float, margin: float, alpha: float, angle: float
) -> np.ndarray:
    found = []
    for k, e in enumerate(readings):
        if k:
            shifted = sign_of(E, readings[k - 1] + margin)
            c = evolve(c, shifted, fields[k - 1], alpha=alpha, angle=angle)
        c = pointer_factors(E, e, s) * c
        c = c / np.linalg.norm(c)
        found.append(abs(c[0]) ** 2)
    return np.array(found)


def _descent(seed: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    E = np.array([-3.0, -1.2, 0.1, 0.4, 2.5])
    z = rng.normal(size=(3, 5, 5)) + 1j * rng.normal(size=(3, 5, 5))
    fields = (z + z.conj().swapaxes(1, 2)) / 8
    return E, np.full(5, 5**-0.5), fields, np.array([2.1, 0.3, -0.9, -2.6]), 0.4, 0.7, 0.2, 6.0


trajectory = Exercise(
    "A run, filtered",
    level=3,
    statement="Build the machine of section 4 for readings that somebody wrote down. In the basis of the levels `E` "
    "the "
    "state has amplitudes `c`. A reading `e` of resolution `s` multiplies it by "
    r"$e^{-(H-e)^2/4s^2}$; then normalise. Between two readings it is stirred for $t = \vartheta/\alpha$ under "
    r"$\mathrm{sgn}(H - \mu) + \alpha V$, $\mu$ a `margin` above the reading before, $V$ the next of the matrices "
    "`fields`. Return the population of level 0 after each reading, the first included.",
    starter="def ground_population(E, c, fields, readings, s, margin, alpha, angle):\n    return ...",
    judge=Function(_ground_population, cases=[_descent(0), _descent(1)]),
    hint_text="One `np.linalg.eigh` a step gives the exponential. There is one reading more than there are fields.",
    solution_text="For each reading but the first: `w, W = np.linalg.eigh(np.diag(np.sign(E - mu)) + alpha * V)` and "
    "`c = W @ (np.exp(-1j * angle / alpha * w) * (W.conj().T @ c))`; then for every reading "
    "`c = c * np.exp(-((E - e) ** 2) / (4 * s**2))`, `c = c / np.linalg.norm(c)`, and note `abs(c[0]) ** 2`. The "
    "squared "
    "factor is Bayes' rule for the populations, with a Gaussian likelihood of standard deviation $s$.",
)

PREDICTIONS = (
    guess_bands,
    guess_roots,
    guess_leak,
    guess_queries,
    guess_blind,
    guess_steps,
    guess_crossover,
    guess_kicks,
)
EXERCISES = (
    every_drive,
    two_ground_states,
    composition,
    best_degree,
    ladder_returns,
    silent_layer,
    safe_strength,
    completion,
    trajectory,
)
