"""Guesses and exercises of chapter 04, in the order of the lesson."""

from __future__ import annotations

import numpy as np

from spectral_lab.cooling.bands import budget, during, leak_bound
from spectral_lab.cooling.hamiltonians import random_field, tfim
from spectral_lab.cooling.ladder import ladder_law
from spectral_lab.cooling.levels import levels
from spectral_lab.cooling.queries import bill
from spectral_lab.cooling.readout import pointer_factors
from spectral_lab.cooling.schedules import recorded_training
from spectral_lab.cooling.sign_functions import sign_series
from spectral_lab.course import Exercise, Function, Prediction, Value

# --- guesses -----------------------------------------------------------------------------------------------------

guess_gap = Prediction(
    "The levels of the Ising, Heisenberg and Hubbard chains are spaced quite differently. What is the gap between the "
    r"two bands of $\mathrm{sgn}(H-\mu)$ in each case?",
    answer=lambda: "2 in every case",
    options=("the gap of H at that place", "2 in every case", "it depends on the number of levels"),
    because="The sign is -1 or +1 and nothing else. Which Hamiltonian it came from, it has forgotten.",
)


def _climbed() -> float:
    s = np.where(np.arange(16) <= 9, -1.0, 1.0)
    V = levels(tfim(4)).operator(random_field(4, 1))
    _, states = during(np.eye(16)[9], s, V, alpha=0.1, angle=0.1 * 100)
    return 100 * float((np.abs(states[:, 10:]) ** 2).sum(axis=1).max())


guess_leak = Prediction(
    r"Sixteen levels, six of them above $\mu$; the start is the highest below it, and $\alpha = 0.1$. Watch for a time "
    "of 100/J: what percentage of the population is above at most, at any moment?",
    answer=_climbed,
    unit="%",
    digits=1,
    tolerance=0.5,
    because=r"The bound $\alpha^2$ says at most 1 %. Here it is far less, because the start level has only a part of "
    r"$V$.",
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

guess_roots = Prediction(
    r"Both choices of $Q$ complete $P$ to better than $10^{-12}$. At degree 1002, how do the angles differ?",
    answer=lambda: "one set is exact, the other is off by 1e-5 or more",
    options=("not at all", "one set is exact, the other is off by 1e-5 or more", "one set does not exist"),
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
    "An amplified filter wins when the start is good. Below which overlap with the ground state does it cost more than "
    "20 "
    "bang-bang steps, for six spins at a resolution of 0.3 J?",
    answer=lambda: (b := bill(17.34, 20, 0.3, overlap=1.0))["filter"] / b["bang-bang"],
    digits=2,
    tolerance=0.5,
    because="One sign costs a few hundred queries, a cooling step thirty times that or more. Cooling needs a really "
    "poor "
    "start to win.",
)

# --- exercises ---------------------------------------------------------------------------------------------------

exponent = Exercise(
    "Why three halves?",
    level=1,
    statement=r"Each of $d$ measured steps may climb with probability $\alpha^2$, and a step takes the time "
    r"$t = \vartheta/\alpha$. Keep the summed probability fixed. With which power of $d$ does the total time grow?",
    starter="power = ...",
    judge=Value(
        lambda: np.log2(budget(80)[1] / budget(40)[1]),
        mistakes=(
            (2, "That would be right if the amplitudes of the jumps added up; after a measurement probabilities do."),
            (1, "The step itself becomes longer: alpha must shrink as d grows."),
        ),
    ),
    hint_text=r"$d\,\alpha^2$ fixed makes $\alpha \propto d^{-1/2}$. What does that do to $t$?",
    solution_text=r"$\alpha = \sqrt{\eta/d}$, so $t = \vartheta\sqrt{d/\eta}$ and $d\,t \propto d^{3/2}$: the "
    r"abstract's "
    "exponent. Amplitudes that added coherently would give 2.",
)

ladder_from_32 = Exercise(
    "Down the ladder",
    level=1,
    statement="How many steps lead from level 32 to the ground level if every stirring is Haar-like?",
    starter="steps = ...",
    judge=Value(
        lambda: ladder_law(32),
        relative=1e-3,
        mistakes=(
            (
                ladder_law(32, "uniform"),
                "That is for uniform mixing. Coherent evolution returns to its start twice as often.",
            ),
            (32, "One level at a time would need that many; a reading skips many levels at once."),
        ),
    ),
    hint_text=r"$T_k = 1 + \sum_j P(k \to j)\, T_j$, with the return $P(k \to k)$ twice as large as the others.",
    solution_text="`ladder_law(32)` is $2 + H_{32} = 6.058$.",
)

degree_for_an_edge = Exercise(
    "What resolution costs",
    level=1,
    statement=r"Which degree $K$ does the Gaussian sign series need for edges of 0.05 rad and an error of $10^{-3}$?",
    starter="K = ...",
    judge=Value(
        lambda: sign_series(0.05, 1e-3).degree,
        relative=1e-9,
        mistakes=((117, "That is about the best possible degree, by minimax; the Gaussian series needs more."),),
    ),
    hint_text="`sign_series` applies the rule and returns the coefficients, one for each odd order.",
    solution_text="`sign_series(0.05, 1e-3).degree` is 215; a minimax polynomial manages with about 117.",
)


def _moved_phases(d: int) -> np.ndarray:
    return np.append(np.ones(d), 0.0)


which_phases = Exercise(
    "A shift by phases",
    level=2,
    statement=r"The signal is $z = e^{i(E-\mu)\tau}$. When $\mu \to \mu + \Delta$, each phase changes as "
    r"$\phi_j \to \phi_j - m_j \Delta\tau$. Write a function of the degree $d$ that returns $m_0, \dots, m_d$.",
    starter="def multiples(d):\n    return ...",
    judge=Function(_moved_phases, cases=[(1,), (4,), (7,)]),
    hint_text=r"$A = \mathrm{diag}(U, 1)$ stands between gate $j-1$ and gate $j$. Move the factor $e^{-i\Delta\tau}$ "
    r"of $U$ "
    "into the gate before it.",
    solution_text="`np.append(np.ones(d), 0.0)`: all phases but the last, because there is no query after the last "
    "gate. "
    "`shift_angles` does just this.",
)

average_over_starts = Exercise(
    "No free lunch",
    level=1,
    statement="Six spins, any fixed schedule of 100 steps, no reading. Averaged over all 64 computational starts, what "
    "is "
    "the final population of the ground level?",
    starter="population = ...",
    judge=Value(lambda: 1 / 64, relative=5e-3),
    hint_text=r"$\sum_i |\langle 0|U|i\rangle|^2$ is the squared length of a row of a unitary matrix.",
    solution_text="$1/64$: a unitary maps an orthonormal basis to an orthonormal basis.",
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


def _bayes(energies: np.ndarray, populations: np.ndarray, e: float, s: float) -> np.ndarray:
    posterior = np.asarray(populations) * pointer_factors(energies, e, s) ** 2
    return posterior / posterior.sum()


_LADDER = np.array([-3.0, -1.2, 0.1, 0.4, 2.5])
_WEIGHTS = np.array([0.1, 0.2, 0.3, 0.25, 0.15])

posterior = Exercise(
    "What a reading leaves",
    level=3,
    statement="Write a function of the energies, the populations, a reading `e` and the resolution `s` that returns "
    "the "
    r"populations after a Gaussian pointer has said `e`. (Its Kraus operator is $e^{-(H-e)^2/4s^2}$.)",
    starter="def after_reading(energies, populations, e, s):\n    return ...",
    judge=Function(_bayes, cases=[(_LADDER, _WEIGHTS, 0.2, 0.4), (_LADDER, _WEIGHTS, -2.0, 1.5)]),
    hint_text="Populations are squared amplitudes, so the factor is squared too. Then normalise.",
    solution_text="`p = populations * np.exp(-((energies - e) ** 2) / (2 * s**2))`, then `p / p.sum()`: Bayes' rule "
    "with a "
    "Gaussian likelihood of standard deviation $s$.",
)


def _steepest_safe(gap: float, leak: float) -> float:
    return 0.5 * gap * np.sqrt(leak)


safe_strength = Exercise(
    "How hard may one stir?",
    level=3,
    statement=r"A smooth sign leaves a gap $\Delta$ between the lowest value of the upper band and the highest of the "
    r"lower. "
    r"Write a function of $\Delta$ and a budget $p$ that returns the largest $\alpha$ for which the bound promises a "
    r"leak of "
    r"at most $p$ ($\|V\| = 1$).",
    starter="def strength(gap, p):\n    return ...",
    judge=Function(_steepest_safe, cases=[(2.0, 0.01), (1.3, 0.05), (0.4, 0.002)]),
    hint_text=r"Repeat the argument with $QSP$: $\|QUP\| \le 2\alpha\|V\|/\Delta$. Which $\alpha$ makes its square "
    r"$p$?",
    solution_text=r"$\alpha = \frac{\Delta}{2}\sqrt{p}$; for the exact sign, $\Delta = 2$, that is $\sqrt{p}$. "
    f"Check: `leak_bound(0.1)` is {leak_bound(0.1):.2g}.",
)

GUESSES = (guess_gap, guess_leak, guess_blind, guess_steps, guess_roots, guess_crossover, guess_kicks)
EXERCISES = (
    exponent,
    ladder_from_32,
    degree_for_an_edge,
    which_phases,
    average_over_starts,
    silent_layer,
    posterior,
    safe_strength,
)
