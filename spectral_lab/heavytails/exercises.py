"""Guesses and exercises of chapter 05, in the order of the lesson."""

from __future__ import annotations

import numpy as np

from spectral_lab.course import Exercise, Function, Prediction, Value
from spectral_lab.heavytails import (
    MarchenkoPastur,
    alpha_pruning,
    esd,
    farms_exponent,
    gaussian_matrix,
    planted_matrix,
    tail_exponent,
    temperature_balance,
    wishart_spectra,
)
from spectral_lab.heavytails.llama import BLOCKS, llama_alphas

# --- guesses -----------------------------------------------------------------------------------------------------

guess_edge = Prediction(
    "A matrix of $300\\times300$ independent normal numbers of variance $1/300$. How large is its largest squared "
    "singular value?",
    answer=lambda: float(np.mean([esd(gaussian_matrix((300, 300), seed))[-1] for seed in range(5)])),
    digits=2,
    tolerance=0.15,
    because="The spectrum of noise ends at $(1+\\sqrt q)^2$, which is 4 for a square matrix, and the largest value "
    "hardly strays from there.",
)

MARKS = ("well trained, below 4", "in between, 4 to 6", "under-trained, above 6")


def _mark_of_a_long_layer() -> str:
    alpha = tail_exponent(esd(gaussian_matrix((64, 2048), 0))).alpha
    return MARKS[0] if alpha < 4 else MARKS[1] if alpha < 6 else MARKS[2]


guess_mark = Prediction(
    "The usual scale calls a layer well trained if $\\alpha$ is below 4 and under-trained above 6. Which mark does a "
    "$64\\times2048$ layer get that has never been trained?",
    answer=_mark_of_a_long_layer,
    options=MARKS,
    because="Its aspect ratio is 32, where noise reads 7.8. An untrained square layer reads 2.1 and gets the best "
    "mark.",
)

guess_fit = Prediction(
    "Let a program search for the start of the tail that fits a power law best, in a $400\\times400$ matrix of pure "
    "Gaussian noise. What does it read, typically?",
    answer=lambda: float(
        np.median([tail_exponent(esd(gaussian_matrix((400, 400), s)), "goodness-of-fit").alpha for s in range(6)])
    ),
    digits=2,
    tolerance=0.4,
    because="The fit gets better the closer the start is to the edge, and there the exponent grows without bound. "
    "Where the search stops is chance.",
)

WINDOW_ANSWERS = ("it stays visible", "it is lost in the noise")


def _weak_signal() -> str:
    W = planted_matrix((512, 512), [1.5], seed=1)
    tops = [esd(W[i : i + 128, j : j + 128])[-1] for i in range(0, 512, 128) for j in range(0, 512, 128)]
    return WINDOW_ANSWERS[int(np.mean(tops) < 1.02)]  # the edge of noise in a window is at 1


guess_window = Prediction(
    "A signal makes one value of a $512\\times512$ matrix stand 20 % beyond the edge of the noise. Cut the matrix into "
    "windows of $128\\times128$. What becomes of the signal?",
    answer=_weak_signal,
    options=WINDOW_ANSWERS,
    because="In a window each singular vector keeps half of its length, and so the signal a quarter of its strength, "
    "while the noise falls to a half only. The threshold doubles.",
)

SHIFTS = ("the rates change by a common factor", "nothing changes", "small alphas gain most")


def _shift() -> str:
    alphas = np.array([2.0, 3.0, 5.0])
    before, after = (temperature_balance(a, 0.1) for a in (alphas, alphas + 1))
    return SHIFTS[1] if np.allclose(before, after) else SHIFTS[0]


guess_shift = Prediction(
    "Add 1 to the $\\alpha$ of every layer. What happens to the learning rates that TempBalance's linear map gives?",
    answer=_shift,
    options=SHIFTS,
    because="It only asks where an exponent lies between the smallest and the largest. So a bias that all blocks share "
    "does no harm, and correcting it no good.",
)

PREDICTIONS = (guess_edge, guess_mark, guess_fit, guess_window, guess_shift)

# --- exercises ---------------------------------------------------------------------------------------------------


def _ratio_that_reads_four() -> float:
    low, high = 1.0, 100.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if MarchenkoPastur(middle).hill_exponent() < 4 else (low, middle)
    return low


reads_four = Exercise(
    "Which shape reads four?",
    1,
    "At which aspect ratio $Q$ does noise read $\\alpha=4$ under the median rule? One decimal.",
    "Q = ...",
    Value(_ratio_that_reads_four, relative=0.033, mistakes=((4.0, "That is the exponent itself; ask for the shape."),)),
    "`MarchenkoPastur(Q).hill_exponent()` is that exponent. Try a few $Q$.",
    "$Q\\approx6$: `MarchenkoPastur(6).hill_exponent()` is 4.0.",
)

smallest_window = Exercise(
    "The smallest window",
    1,
    "A square matrix of $512\\times512$ holds a signal of 1.5 times the threshold. How many rows must a square "
    "window have at least to show it?",
    "rows = ...",
    Value(
        lambda: 512 / 1.5**2,
        relative=0.01,
        mistakes=(
            (512 / 1.5, "The threshold rises by the square root of the ratio of the sides, not by the ratio."),
            (
                512 / 1.5**4,
                "For square windows the fourth root of the ratio of areas is the square root of that of sides.",
            ),
        ),
    ),
    "The threshold rises by $(mn/rc)^{1/4}=\\sqrt{512/r}$.",
    "It must stay below 1.5: $r>512/1.5^2\\approx228$.",
)

which_rule_sees_it = Exercise(
    "Who notices?",
    1,
    "Add 1 to every exponent. By which factor does the smallest learning rate of the rule `sqrt` change, for exponents "
    "2, 3 and 5? Three decimals.",
    "factor = ...",
    Value(
        lambda: float(
            temperature_balance([3.0, 4.0, 6.0], 1.0, rule="sqrt")[0]
            / temperature_balance([2.0, 3.0, 5.0], 1.0, rule="sqrt")[0]
        ),
        relative=2e-3,
        mistakes=((1.0, "That is so for the linear map; this rule divides by a mean."),),
    ),
    "`temperature_balance(alphas, 1.0, rule='sqrt')` twice.",
    "About 1.066: a common offset pulls the factors together. The linear map and the ranks do not change at all.",
)


def _largest_epsilon() -> float:
    """The largest epsilon at which no block of LLaMA-7B exceeds 1 at sparsity 0.8."""
    alphas, sizes = llama_alphas()["vanilla"].mean(axis=1), np.ones(BLOCKS)
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        clipped = (alpha_pruning(alphas, sizes, 0.8, middle, clip=1.0) >= 1).any()
        low, high = (low, middle) if clipped else (middle, high)
    return low


largest_epsilon = Exercise(
    "How far may it go?",
    2,
    "LLaMA-7B, whole matrices, sparsity 0.8. What is the largest $\\epsilon$ at which no block is asked to lose more "
    "than all of its weights? Two digits.",
    "epsilon = ...",
    Value(_largest_epsilon, relative=0.02, mistakes=((0.252, "That is the answer for the windows' exponents."),)),
    "`llama_alphas()['vanilla'].mean(axis=1)`; all blocks have the same size. The largest of the sparsities is the "
    "one to watch.",
    "0.21. FARMS was searched up to 0.3 there. By these exponents that clips five blocks, and the whole is 0.794 "
    "sparse; by its own it clips two, and the whole is 0.798 sparse and not 0.8.",
)


def _too_wide() -> float:
    """The printed error bar over the true scatter, by simulation."""
    alphas = [tail_exponent(values).alpha for values in wishart_spectra((256, 256), 400)]
    return float((np.mean(alphas) - 1) / np.sqrt(128) / np.std(alphas))


worth_of_an_error_bar = Exercise(
    "The error bar that libraries print",
    2,
    "For a square matrix of $256\\times256$ noise, libraries print $(\\alpha-1)/\\sqrt{128}$ as the standard error "
    "of the median rule. How many times too wide is it? A whole number will do.",
    "times = ...",
    Value(
        _too_wide,
        relative=0.15,
        mistakes=((1.0, "Eigenvalues are not independent draws; try a few matrices."),),
    ),
    "`[tail_exponent(values).alpha for values in wishart_spectra((256, 256), 50)]` shows the true scatter.",
    "6 to 7 times: the scatter is about 0.0157. Eigenvalues repel each other, so they lie evenly, and what is averaged "
    "over them scatters like $1/N$ and not like $1/\\sqrt N$.",
)


def _null_corrected(W: np.ndarray) -> float:
    m, n = np.shape(W)
    offset = MarchenkoPastur(max(m, n) / min(m, n)).hill_exponent() - MarchenkoPastur(1).hill_exponent()
    return tail_exponent(esd(W)).alpha - offset


correct_without_windows = Exercise(
    "Correct the bias without windows",
    2,
    "Write `corrected(W)`: the exponent of a matrix by the median rule, less what its shape adds to noise in "
    "comparison with a square one.",
    "def corrected(W):\n    return ...",
    Function(
        _null_corrected, [(gaussian_matrix((40, 160), 0),), (planted_matrix((64, 256), [4.0, 3.0, 2.0], 1),)], 1e-6
    ),
    "`MarchenkoPastur(Q).hill_exponent()` for its own $Q$ and for 1.",
    "`tail_exponent(esd(W)).alpha - (MarchenkoPastur(Q).hill_exponent() - MarchenkoPastur(1).hill_exponent())` with "
    "$Q$ the longer side over the shorter. On noise both this and windows read 2.12. On a matrix with many signals "
    "they differ widely: the offset is that of noise, and a layer that is mostly signal has another.",
)


def _hill(values: np.ndarray) -> np.ndarray:
    logs = np.log(np.sort(values))
    N = len(logs)
    counts = np.arange(N, 1, -1)
    sums = np.cumsum(logs[::-1])[::-1][:-1] - counts * logs[:-1]
    return 1 + counts / sums


all_exponents = Exercise(
    "All exponents in one pass",
    3,
    "Write `hill(values)`: the exponents $\\alpha_i=1+t/\\sum_{j\\ge i}\\ln(\\lambda_j/\\lambda_i)$, $t=N-i$, for "
    "all starts $i=0,\\dots,N-2$ of the sorted values, without a loop over $i$.",
    "def hill(values):\n    return ...",
    Function(_hill, [(np.array([3.0, 1.0, 2.0, 5.0]),), (np.linspace(0.5, 9, 40) ** 2,)], 1e-9),
    "$\\sum_{j\\ge i}\\ln\\lambda_j$ for all $i$ is one cumulative sum from the end.",
    "`logs = np.log(np.sort(values))`, `t = np.arange(len(logs), 1, -1)`, then "
    "`1 + t / (np.cumsum(logs[::-1])[::-1][:-1] - t * logs[:-1])`.",
)


def _water_filling(w: np.ndarray, sparsity: float, most: float) -> np.ndarray:
    full = np.zeros(len(w), dtype=bool)
    while True:
        scale = (sparsity * len(w) - most * full.sum()) / w[~full].sum()
        shares = np.where(full, most, scale * w)
        if not (shares > most * (1 + 1e-12)).any():
            return shares
        full |= shares > most


keep_the_total = Exercise(
    "Keep what clipping loses",
    3,
    "Blocks of equal size are to be pruned in proportion to weights $w$, on average by $S$, none by more than $c$. "
    "Write `shares(w, S, c)`: what clipping takes from some, the others take over in proportion to their weights.",
    "def shares(w, S, c):\n    return ...",
    Function(
        _water_filling,
        [
            (np.array([1.0, 1.0, 2.0]), 0.6, 0.9),
            (np.array([0.5, 1.0, 1.5, 3.0]), 0.8, 0.95),
            (np.array([1.0, 2.0]), 0.3, 0.9),
        ],
        1e-6,
    ),
    "Clip, hand out what is missing to the blocks that are not clipped, and look again: others may be over the limit "
    "now.",
    "In each round hold the blocks over $c$ at $c$ and scale the others so that the sum is right; at most as many "
    "rounds as there are blocks. `alpha_pruning(..., redistribute=True)` does this.",
)


def _reads_after_cutting(W: np.ndarray, size: int) -> float:
    return farms_exponent(W, size, per_axis=2).alpha - tail_exponent(esd(W)).alpha


your_checkpoint = Exercise(
    "Your own checkpoint",
    3,
    "Run `spectral-lab spectra PATH` on a model of yours, or `report(...)` here. Then write `change(W, size)`: by "
    "how much the exponent of a matrix changes if it is read by two windows an axis, and try it on the layer that "
    "surprised you.",
    "def change(W, size):\n    return ...",
    Function(
        _reads_after_cutting, [(gaussian_matrix((40, 160), 2), 24), (planted_matrix((64, 96), [5.0, 4.0], 3), 32)], 1e-6
    ),
    "`farms_exponent(W, size, per_axis=2)` and `tail_exponent(esd(W))`.",
    "`farms_exponent(W, size, per_axis=2).alpha - tail_exponent(esd(W)).alpha`. If the change is about what noise of "
    "this shape and of a square one differ by, it was the shape.",
)

EXERCISES = (
    reads_four,
    smallest_window,
    which_rule_sees_it,
    largest_epsilon,
    worth_of_an_error_bar,
    correct_without_windows,
    all_exponents,
    keep_the_total,
    your_checkpoint,
)
