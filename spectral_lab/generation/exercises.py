"""Guesses and exercises of chapter 08, in the order of the lesson."""

from __future__ import annotations

import math

import numpy as np

from spectral_lab.course import Exercise, Function, Prediction, Value
from spectral_lab.generation import (
    CosineSchedule,
    conditional_variances,
    std_ratio,
    terminal_amplification,
    tokenize_crystal,
)
from spectral_lab.generation.explorers import crystal_microscope, frames_are_eigenvectors
from spectral_lab.generation.explorers.sentence import crystal_record

# --- guesses -----------------------------------------------------------------------------------------------------

guess_sentences = Prediction(
    "A crystal of SrTiO3 is written as its five atoms, its three lattice rows and its five positions. The sites may "
    "stand "
    "in any order. How many different sentences say this one crystal?",
    answer=lambda: math.factorial(5),
    digits=3,
    because="Every order of the five sites is another sentence, and a causal model has to learn all of them, or be "
    "shown "
    "one order only. UniGenX is shown one.",
)

guess_width = Prediction(
    "An atom's place has a standard deviation of 0.1 Å. The exact denoiser is known. DDIM takes 10 steps. How wide do "
    "its "
    "samples come out, as a multiple of the true width?",
    answer=lambda: std_ratio("ddim", 0.1, 10),
    digits=2,
    tolerance=0.2,
    because="Half as wide. Each step takes the best guess of the data for the data, and a guess varies less than what "
    "it guesses. Fine steps lose less: 200 give 0.97.",
)

guess_explosion = Prediction(
    "DDPM in 20 of 1000 steps, the noise predicted to within 0.01. How far is $x$ off after the first step? "
    "(The data have size 1.)",
    answer=lambda: 0.01 * terminal_amplification(20),
    digits=2,
    tolerance=0.3,
    because=r"At the noisiest step $\bar\alpha=2.4\cdot10^{-9}$ of the signal is left. To predict the data from the "
    r"noise "
    r"is to divide by its root, by 20 000; the posterior gives that prediction the weight 0.08.",
)

PRODUCT = ("it stays", "it grows", "it falls", "it depends on the order")


def _product() -> str:
    Sigma = np.array([[2.0, 1.2, 0.4], [1.2, 1.0, 0.5], [0.4, 0.5, 1.5]])
    products = [conditional_variances(Sigma, order).prod() for order in ([0, 1, 2], [1, 2, 0], [2, 0, 1])]
    return PRODUCT[0] if np.ptp(products) < 1e-12 else PRODUCT[3]


guess_product = Prediction(
    "Three correlated numbers are written one after the other, each with its variance given those before. Write them "
    "in "
    "another order. What happens to the product of the three variances?",
    answer=_product,
    options=PRODUCT,
    because=r"It is the determinant of the covariance, in every order, and the product of the eigenvalues as well. "
    r"Only "
    "how it is shared out changes.",
)

guess_chance = Prediction(
    "Take the true cell of SrTiO3 and put its five atoms at random places. How many per cent of such crystals does the "
    "matcher of published match rates accept?",
    answer=lambda: 100 * crystal_microscope().data.chance,
    unit="%",
    digits=2,
    tolerance=0.5,
    because="Its tolerance is half of $(V/N)^{1/3}$, the room that an atom has. With two atoms, as in rock salt, every "
    "draw matches.",
)

guess_jump = Prediction(
    "Acetamide stands in the axes of its own covariance. One of its angles opens by one degree; no atom moves by more "
    "than 0.01 Å. How far can an atom move in these axes, in Å?",
    answer=lambda: frames_are_eigenvectors(angle=108, length=1.5).data.jump,
    digits=2,
    tolerance=0.3,
    because="As far as from one side of the molecule to the other. Two variances nearly meet there: the axes turn by "
    "33° within the degree, a third moment passes zero on the way, and one axis turns round.",
)

# --- exercises ---------------------------------------------------------------------------------------------------


def _spinel() -> int:
    return len(tokenize_crystal(crystal_record("MgAl2O4, spinel", shuffled=False)))


sentence_length = Exercise(
    title="How long is a sentence?",
    level=1,
    statement="How many slots has the sentence of a spinel, 14 atoms, in the layout `material`?",
    starter="slots = ...",
    judge=Value(
        _spinel,
        relative=1e-9,
        mistakes=(
            (35, "The unified layout has one word more, <material>."),
            (31, "Do not forget <bos>, <coord> and <eos>."),
        ),
    ),
    hint_text="Symbols, `<coord>`, three lattice rows, positions, and the two ends.",
    solution_text="$2n+6=34$: 14 symbols, 3 rows, 14 positions, and `<bos>`, `<coord>`, `<eos>`.",
)

first_vector = Exercise(
    title="What does the last word predict?",
    level=1,
    statement="Number the vectors of a crystal's sentence 1, 2, 3, ... as they are written. Which of them is drawn "
    "from the "
    "hidden state at `<coord>`?",
    starter="number = ...",
    judge=Value(
        lambda: 1.0,
        relative=1e-9,
        mistakes=((4, "Positions come after the three rows of the lattice."),),
    ),
    hint_text="A state predicts the slot after its own.",
    solution_text="The first: row $a$ of the lattice. A head that were told the state of its own slot would be told "
    "the answer.",
)

smallest_noise = Exercise(
    title="The finest noise",
    level=1,
    statement=r"At $t=0$ the noise has standard deviation $\sqrt{1-\bar\alpha_0}$, and the positions are multiplied "
    r"by 4. How "
    "large is that noise in fractional coordinates? Two digits.",
    starter="std = ...",
    judge=Value(
        lambda: math.sqrt(1 - CosineSchedule().alphas_cumprod[0]) / 4,
        relative=2e-2,
        mistakes=(
            (0.006425, "This is the noise on the numbers as they are written, times 4."),
            (0.0257, "Divide by the scale, do not multiply."),
        ),
    ),
    hint_text="`CosineSchedule().alphas_cumprod[0]`.",
    solution_text="$0.006425/4=0.0016$: in a cell of 4 Å, 0.006 Å.",
)

one_timestep = Exercise(
    title="One of a thousand",
    level=1,
    statement="A new head of six outputs returns zeros. Its variational bound at $t=999$ is then 720.6 bits; the mean "
    "over all "
    "1000 timesteps is 0.740 bits. How many per cent of the mean come from $t=999$?",
    starter="percent = ...",
    judge=Value(
        lambda: 100 * 720.6 / 1000 / 0.740,
        relative=5e-3,
        mistakes=tuple((rest, "This is the share of the other 999.") for rest in (2.62, 2.6)),
    ),
    hint_text="One of a thousand terms: what does it add to the mean?",
    solution_text="$0.7206/0.740=97\\,\\%$: the cap of the schedule again. A head with three outputs has no such term.",
)

another_cap = Exercise(
    title="Another cap",
    level=2,
    statement=r"The amplification of the first of 1000 steps is 31.6, because $\beta$ is capped at 0.999. What would "
    r"it be with a "
    "cap of 0.99? Two digits.",
    starter="factor = ...",
    judge=Value(
        lambda: 0.99 / math.sqrt(1 - 0.99),
        relative=2e-2,
        mistakes=((31.6, "This is the factor of the cap 0.999."), (99, "The root is missing.")),
    ),
    hint_text=r"$c_1\sqrt{1/\bar\alpha_t-1}$ with $c_1=\beta_t\sqrt{\bar\alpha_{t-1}}/(1-\bar\alpha_t)$ and "
    r"$\bar\alpha_t=(1-\beta_t)\bar\alpha_{t-1}$; at the end $\bar\alpha_t$ is nearly 0 and $\beta_t$ nearly 1.",
    solution_text=r"$\beta/\sqrt{1-\beta}$ (where $\bar\alpha_t$ is nearly 0), so $0.99/\sqrt{0.01}=9.9$.",
)

four_times = Exercise(
    title="Four times for the price of",
    level=2,
    statement="A model has 424.7 million parameters, 20.2 million of them in the head. In training every vector is "
    "noised four "
    "times, each with its own $t$, behind one pass of the decoder. If work is proportional to the parameters, what do "
    "four times cost, as a multiple of one?",
    starter="factor = ...",
    judge=Value(
        lambda: (424.7 - 20.2 + 4 * 20.2) / 424.7,
        relative=1e-2,
        mistakes=((4, "Only the head runs four times."),),
    ),
    hint_text="The decoder runs once.",
    solution_text="$(404.5+80.8)/424.7=1.14$.",
)


def _head_parameters() -> int:
    w, h, depth, outputs = 128, 128, 3, 3
    blocks = depth * (5 * w * w + 7 * w)
    time = 256 * w + w + w * w + w
    return blocks + time + h * w + w + 3 * w + w + (2 * w * w + 2 * w) + outputs * (w + 1)


head_parameters = Exercise(
    title="Count a head",
    level=2,
    statement="How many parameters has a diffusion head of width 128, told a state of 128 numbers, with 3 blocks and "
    "3 outputs? "
    "A block has $5w^2+7w$; the time goes through $256\\to w\\to w$, the state and the vector through one layer each, "
    "and "
    "the last layer is modulated by $w\\to2w$. All layers have biases.",
    starter="parameters = ...",
    judge=Value(
        _head_parameters,
        relative=1e-9,
        mistakes=((348_678, "With three outputs there are no logits of the variance."),),
    ),
    hint_text="Add them up, or ask `DiffusionHead(128, 128, 3, 3)` from `spectral_lab.generation.models`.",
    solution_text="348 291.",
)

two_polymorphs = Exercise(
    title="Two crystals, one composition",
    level=2,
    statement="A composition has two polymorphs, equally frequent in the data, that do not match each other. A "
    "perfect sampler "
    "writes crystals for it, and one of the two is the reference. With what probability does one sample match? "
    "And the best of 20? Give both; of the second, how far it is from 1.",
    starter="values = [..., ...]",
    judge=Value(
        lambda: [0.5, 2.0**-20],
        relative=1e-7,
        mistakes=(([0.5, 1 - 2.0**-20], "Of the second, its distance from 1."),),
    ),
    hint_text="The best of 20 fails if all 20 are the other polymorph.",
    solution_text="$\\frac12$ and $2^{-20}$. A perfect model has a match rate of one half here. Least squares would "
    "write the mean of the "
    "two, and match neither.",
)


def _vp_amplitude(Z: np.ndarray, frac: np.ndarray, h: np.ndarray, abar: float) -> np.ndarray:
    phases = np.exp(2j * np.pi * np.sqrt(abar) * (frac @ h))
    F = np.exp(-2 * np.pi**2 * (h @ h) * (1 - abar)) * (Z @ phases)
    return np.array([F.real, F.imag])


vp_amplitude = Exercise(
    title="The noise that does not know the torus",
    level=3,
    statement=r"UniGenX noises fractional coordinates as $\sqrt{\bar\alpha}f_j+\sqrt{1-\bar\alpha}\,\epsilon_j$. Write "
    r"`amplitude(Z, frac, h, abar)`: real and imaginary part of the mean of $\sum_jZ_je^{2\pi ih\cdot f_j}$ over that "
    r"noise, "
    r"for weights $Z$ $(n)$, coordinates $(n,3)$ and one order $h$ $(3)$.",
    starter="def amplitude(Z, frac, h, abar):\n    return ...",
    judge=Function(
        _vp_amplitude,
        [
            (np.array([11.0, 17.0]), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]), np.array([1, 0, 0]), 0.9),
            (
                np.array([38.0, 22, 8]),
                np.array([[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0.99]]),
                np.array([0, 1, 1]),
                0.97,
            ),
            (np.array([1.0]), np.array([[0.999, 0.2, 0.3]]), np.array([1, 0, 0]), 0.8),
        ],
    ),
    hint_text=r"$\mathbb E\,e^{i\theta\epsilon}=e^{-\theta^2/2}$ for a standard normal $\epsilon$, three times.",
    solution_text="`F = np.exp(-2 * np.pi**2 * (h @ h) * (1 - abar)) * (Z @ np.exp(2j * np.pi * np.sqrt(abar) * (frac "
    "@ h)))`, and "
    "its two parts. The positions are shrunk as well as blurred: add 1 to a coordinate, and the answer changes, though "
    "the crystal is the same.",
)


def _boldest_order(Sigma: np.ndarray) -> np.ndarray:
    rest, order = np.array(Sigma, dtype=float), []
    left = list(range(len(rest)))
    while left:
        i = max(left, key=lambda j: rest[j, j])
        order.append(i)
        left.remove(i)
        rest = rest - np.outer(rest[:, i], rest[i]) / rest[i, i]
    return np.array(order)


boldest_order = Exercise(
    title="The boldest order",
    level=3,
    statement="Write `boldest_order(Sigma)`: the order of writing in which every slot is, of those left, the one with "
    "the largest "
    "variance given the slots already written. It is what the eigenbasis does with modes, done with sites.",
    starter="def boldest_order(Sigma):\n    return ...",
    judge=Function(
        _boldest_order,
        [
            (np.diag([1.0, 3.0, 2.0]),),
            (np.array([[2.0, 1.9, 0.3], [1.9, 2.1, 0.3], [0.3, 0.3, 0.5]]),),
            (
                0.8 ** np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
                * np.outer(np.arange(1, 7), np.arange(1, 7)),
            ),
        ],
    ),
    hint_text="After site $i$ is written the covariance of the rest is "
    "$\\Sigma-\\Sigma_{:i}\\Sigma_{i:}/\\Sigma_{ii}$.",
    solution_text="Take the largest diagonal entry, subtract, repeat: the Cholesky factorisation with complete "
    "pivoting.",
)

EXERCISES = (
    sentence_length,
    first_vector,
    smallest_noise,
    one_timestep,
    another_cap,
    four_times,
    head_parameters,
    two_polymorphs,
    vp_amplitude,
    boldest_order,
)
PREDICTIONS = (guess_sentences, guess_width, guess_explosion, guess_product, guess_chance, guess_jump)
