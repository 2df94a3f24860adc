"""Guesses and exercises of chapter 06, in the order of the lesson."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from spectral_lab.course import Exercise, Function, Prediction, Value
from spectral_lab.latent import (
    basis_matrix,
    burgers,
    chebyshev_interpolation,
    cole_hopf,
    darcy_coefficient,
    decode,
    fit_residual,
    fourier_truncation,
    latent_solve,
    mean_solution_bounds,
    random_field_neumann,
    relative_l2,
    runge,
    solve_darcy,
    trained_network,
    useful_directions,
)

# --- guesses -----------------------------------------------------------------------------------------------------


def square_wave(x: np.ndarray) -> np.ndarray:
    """+1 on (0, pi), -1 on (pi, 2 pi), 0 between."""
    return np.sign(np.sin(x)) * (np.abs(np.sin(x)) > 1e-12)


def _overshoot(N: int) -> float:
    return float(fourier_truncation(square_wave, N, np.linspace(0, 4 * np.pi / N, 1001)).max() - 1) / 2


OVERSHOOTS = ("it halves", "it falls like 1/N", "it stays")

guess_gibbs = Prediction(
    "The partial sums of a square wave overshoot beside the jump. With 64 terms it is by 9 % of the jump. And with "
    "512?",
    answer=lambda: OVERSHOOTS[2] if _overshoot(512) > 0.9 * _overshoot(64) else OVERSHOOTS[1],
    options=OVERSHOOTS,
    because="It tends to 8.949 % of the jump and moves closer to it. The mean square error falls, the largest does "
    "not.",
)


def _runge_factor() -> float:
    x = np.linspace(-1, 1, 2001)
    errors = [np.abs(chebyshev_interpolation(runge, n, x) - runge(x)).max() for n in (20, 40)]
    return float(errors[0] / errors[1])


guess_pole = Prediction(
    r"Runge's function $1/(1+25x^2)$ has poles at $\pm i/5$. A Chebyshev interpolant of degree 20 has some error on "
    r"$[-1,1]$. By what factor does it fall if the degree is doubled?",
    answer=_runge_factor,
    digits=2,
    tolerance=0.5,
    because=r"By $\rho^{20}$ with $\rho=(1+\sqrt{26})/5=1.22$: the sum of the half axes of the largest ellipse with "
    r"foci "
    r"$\pm1$ that has no pole inside.",
)


def _piled() -> str:
    x = np.arange(64) / 64
    exact = np.abs(np.fft.rfft(cole_hopf(x, 0.5, 0.003)))[-8:].mean()
    computed = np.abs(np.fft.rfft(burgers(np.sin(2 * np.pi * x), 0.003, [0.5], False)[0]))[-8:].mean()
    return PILES[1] if computed > 3 * exact else PILES[0]


PILES = ("they are lost, and the spectrum ends too low", "they come back as others, and it ends too high")

guess_pile = Prediction(
    "Burgers' equation squares the field, and so makes frequencies that a grid of 64 points does not have. What "
    "happens "
    "to them?",
    answer=_piled,
    options=PILES,
    because="On the grid a frequency cannot be told from its aliases. What should leave at the upper end comes back "
    "into it. Cutting the upper third of every product stops that.",
)


def _rank_of_update() -> int:
    rng = np.random.default_rng(0)
    X, tokens = rng.standard_normal((36, 8)), rng.standard_normal((1, 4, 8))
    return int(np.linalg.matrix_rank(decode(X, tokens, np.eye(8), np.zeros(8)) - X, tol=1e-9))


guess_tokens = Prediction(
    "A patch of 36 points with 8 channels in one head is averaged to 4 tokens and brought back. What is the rank of "
    "what "
    "the block adds, a matrix of 36 rows and 8 columns?",
    answer=lambda: float(_rank_of_update()),
    digits=1,
    because="Each row is a mean of the four tokens, so there are at most four independent rows.",
)

guess_band = Prediction(
    r"On $|t|\le1$ the released block with $N=12$ has 24 basis operators, five of which are of use (singular values "
    r"above "
    r"a hundredth of the largest). How many with $N=48$?",
    answer=lambda: float(useful_directions(1, 48)),
    digits=2,
    because=r"Its frequencies $\pi k/N$ only fill the same band below $\pi$ more densely. On $|t|\le R$ such a band "
    r"holds "
    "about 2R independent functions, and a few.",
)


def _iterations(contrast: float) -> int:
    field = random_field_neumann(np.random.RandomState(0).standard_normal((65, 65)))
    return solve_darcy(darcy_coefficient(field, 3, 3 * contrast)).iterations


guess_contrast = Prediction(
    "Preconditioned conjugate gradients solve Darcy's equation with coefficients 3 and 12 to eight digits in about 16 "
    "iterations. How many with 3 and 300, on 65 x 65 nodes?",
    answer=lambda: float(_iterations(100)),
    digits=2,
    tolerance=0.4,
    because=r"The bound on the error falls by $(\sqrt{100}-1)/(\sqrt{100}+1)=0.82$ an iteration, not by $1/3$. "
    "It knows the contrast and not the grid, and promises eight digits after 96.",
)


def _unscaled() -> float:
    field = random_field_neumann(np.random.RandomState(7).standard_normal((29, 29)))
    a = 0.35 * darcy_coefficient(field)
    return float(relative_l2(trained_network("darcy-lsm")(a)[None], solve_darcy(a).u[None])[0])


SCALED = ("5 %, as before", "5 % / 0.35, so 14 %", "nearly half of the solution")

guess_scaling = Prediction(
    "A small network was trained on coefficients with values 3 and 12. On a new one it is off by 5 %. Now all of that "
    "coefficient is multiplied by 0.35, so the solution is only divided by 0.35. How far is the network off?",
    answer=lambda: SCALED[2] if _unscaled() > 0.3 else SCALED[0],
    options=SCALED,
    because="It never saw a coefficient below 3, and nothing in it knows that u[ca] = u[a] / c.",
)

# --- exercises ---------------------------------------------------------------------------------------------------

parameters = Exercise(
    title="Count the parameters",
    level=2,
    statement=r"LSM on a plane grid has $4669w^2+\big(270+23(3+2N+C)+c_{in}\big)w+128+129\,c_{out}$ parameters at "
    r"width "
    r"$w$, with $N=12$ and $C=4$. How many are these for $w=8$ and one channel in and out?",
    starter="count = ...",
    judge=Value(
        lambda: 4669 * 8**2 + (270 + 23 * (3 + 2 * 12 + 4) + 1) * 8 + 128 + 129,
        relative=1e-9,
        mistakes=(
            (298816 + 128 + 129, "That leaves out the terms linear in w."),
            (298816 + (270 + 23 * (3 + 12 + 4) + 1) * 8 + 128 + 129, "N counts sines and cosines apart: 2N enters."),
        ),
    ),
    hint_text="Put in the numbers. Or build it: `LSM(1, 1, 8, grid=(32, 32))` and sum `p.numel()`.",
    solution_text=r"$4669\cdot64+(270+23\cdot31+1)\cdot8+128+129=306\,945$. The basis weights are "
    r"$23w\cdot2N=4416$ of these.",
)

TRIED = np.linspace(-1, 1, 7)
acting = Exercise(
    title="How many of them act?",
    level=1,
    statement=r"The released block has the operators $\sin(\pi kt/12)$ and $\cos(\pi kt/12)$ for $k=0,\dots,11$. How "
    r"many "
    "of these 24 are not identically 0?",
    starter="count = ...",
    judge=Value(
        lambda: np.count_nonzero(np.abs(basis_matrix(TRIED, 12)).max(axis=0)),
        relative=1e-9,
        mistakes=((22, "The cosine for k = 0 is the constant 1, and acts."),),
    ),
    hint_text=r"Look at $k=0$.",
    solution_text=r"23: $\sin0$ is dead, $\cos0$ is the constant.",
)

period = Exercise(
    title="Period and band",
    level=1,
    statement=r"With which period do the released operators for $N=12$ repeat, and what is their highest frequency? "
    "Answer with the two numbers in an array.",
    starter="answer = ...",
    judge=Value(
        lambda: [24.0, 11 * math.pi / 12],
        relative=1e-3,
        mistakes=(([12.0, 11 * math.pi / 12], "At t = 12 the sine for k = 1 is 0, but the cosine is -1."),),
    ),
    hint_text=r"$\pi k t/12$ must pass $2\pi$ for $k=1$.",
    solution_text=r"Period $2N=24$, highest frequency $11\pi/12=2.88<\pi$, whatever $N$: $\pi(N-1)/N$.",
)

patch_of_421 = Exercise(
    title="A patch for the fine grid",
    level=1,
    statement="Darcy's finest grid has 421 points a side. Padded to the next multiple of 16, what patch gives 16 "
    "patches "
    "a side, as in the published configurations?",
    starter="patch = ...",
    judge=Value(
        lambda: 27,
        relative=1e-9,
        mistakes=((26, "421 must be padded up, not cut."), (9, "That is the patch of the grid with 129 points.")),
    ),
    hint_text="The next multiple of 16 is 432.",
    solution_text="432 / 16 = 27. On the coarsest scale, 27 points a side, one patch then covers everything.",
)

enough_iterations = Exercise(
    title="Enough iterations",
    level=2,
    statement=r"The error of conjugate gradients in the energy norm is at most $2\rho^n$ of its start, with "
    r"$\rho=(\sqrt\kappa-1)/(\sqrt\kappa+1)$. How many iterations promise $10^{-8}$ for $\kappa=4$?",
    starter="n = ...",
    judge=Value(
        lambda: math.ceil(math.log(2e8) / math.log(3)),
        relative=1e-9,
        mistakes=(
            (17, "That leaves out the factor 2."),
            (37, "That takes 3/5, the rate of steepest descent."),
            (38, "That takes 3/5."),
        ),
    ),
    hint_text=r"$2\cdot3^{-n}\le10^{-8}$.",
    solution_text=r"$n\ge\log(2\cdot10^8)/\log3=17.4$, so 18. Measured: 15 to 17.",
)

mean_bounds = Exercise(
    title="Between two constants",
    level=2,
    statement=r"For a constant coefficient $a$ the mean of $u$ over the square is $0.0351443/a$. Between which two "
    r"numbers "
    r"must it lie for every coefficient with values in $\{3,12\}$? Answer with an array, the smaller first.",
    starter="bounds = ...",
    judge=Value(
        lambda: mean_solution_bounds([3.0, 12.0]),
        relative=1e-4,
        mistakes=(([0.0351443 * 3, 0.0351443 * 12], "A larger coefficient conducts better, and u is smaller."),),
    ),
    hint_text=r"The mean is $\max_v\,2\int v-\int a|\nabla v|^2$: what does a larger $a$ do to it?",
    solution_text=r"$[0.00293,0.01171]$. The mean of $u$ is the work of the load 1, and Dirichlet's principle makes it "
    r"monotone in $a$.",
)

rate_of_the_pole = Exercise(
    title="A pole sets the rate",
    level=2,
    statement=r"The Fourier coefficients of $1/(2-\cos t)$ fall by which factor from one to the next?",
    starter="factor = ...",
    judge=Value(
        lambda: 2 - math.sqrt(3),
        relative=1e-3,
        mistakes=(
            (0.5, "Not the coefficient of the cosine: where is the pole?"),
            (math.acosh(2), "That is the distance of the pole; the factor is its exponential, with a minus."),
        ),
    ),
    hint_text=r"The poles are where $\cos t=2$: $t=i\alpha$ with $\cosh\alpha=2$.",
    solution_text=r"$e^{-\alpha}=2-\sqrt3=0.268$. It is $P_r(t)/\sqrt3$ with $r=2-\sqrt3$.",
)

rescale = Exercise(
    title="Room for sin 5t",
    level=2,
    statement=r"At ridge $10^{-6}$ the released frequencies miss $\sin5t$ on $|t|\le1$ by more than 0.1. Suppose the "
    r"block first multiplies its tokens by $s$. With $N=12$ and this ridge, what is the smallest whole $s$ for which "
    r"`fit_residual` of $t\mapsto\sin(5t/s)$ on $|t|\le s$ has an error below 0.01?",
    starter="s = ...",
    judge=Value(lambda: next(s for s in range(1, 20) if _stretched(s) < 0.01), relative=1e-9),
    hint_text="`fit_residual(lambda t: np.sin(5 * t / s), s, 12).error`, for s = 1, 2, ...",
    solution_text=r"$s=2$: the frequency $5/s$ must fit below $11\pi/12=2.88$. So at this ridge a gain on the tokens "
    "buys what four times as many operators do not.",
)


def _stretched(s: int) -> float:
    return fit_residual(lambda t: np.sin(5 * t / s), s, 12).error


def solve_in_order(tokens: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The latent solve of a token (channels,) with integer frequencies, for the exercise that asks for it."""
    return latent_solve(tokens[None, None, :], weights, "integer")[0, 0]


_rng = np.random.RandomState(0)
one_curve = Exercise(
    title="Build the latent solve",
    level=3,
    statement=r"Write `solve(t, W)` for one token $t$ with $d$ entries and weights $W$ of shape $(d,2N)$: each entry "
    r"moves by "
    r"$\sum_{k=0}^{N-1}\big(W_{ik}\sin(kt_i)+W_{i,N+k}\cos(kt_i)\big)$, with integer frequencies.",
    starter="def solve(t, W):\n    return ...",
    judge=Function(
        solve_in_order,
        [(_rng.standard_normal(d), 0.3 * _rng.standard_normal((d, 2 * N))) for d, N in ((1, 1), (3, 4), (6, 12))],
    ),
    hint_text="`np.outer(t, np.arange(N))` holds all phases; `np.einsum` or a sum over the last axis does the rest.",
    solution_text="`phase = np.outer(t, np.arange(W.shape[1] // 2))`, then "
    "`t + (W * np.hstack([np.sin(phase), np.cos(phase)])).sum(axis=1)`.",
)


def heat(u0: np.ndarray, viscosity: float, t: float) -> np.ndarray:
    """The heat equation with period 1, exactly on the grid."""
    k = 2 * np.pi * np.fft.rfftfreq(len(u0), 1 / len(u0))
    return np.fft.irfft(np.exp(-viscosity * k**2 * t) * np.fft.rfft(u0), len(u0))


exact_heat = Exercise(
    title="Heat without a time step",
    level=3,
    statement=r"Write `heat(u0, viscosity, t)`: the solution of $u_t=\nu u_{xx}$ with period 1 at time $t$, from $N$ "
    r"samples "
    "on [0, 1), without any time step.",
    starter="def heat(u0, viscosity, t):\n    return ...",
    judge=Function(
        heat, [(_rng.standard_normal(n), nu, t) for n, nu, t in ((8, 0.1, 0.05), (15, 0.01, 1.0), (64, 1e-3, 0.0))]
    ),
    hint_text=r"In Fourier space every mode decays by itself, by $e^{-\nu(2\pi k)^2t}$. `np.fft.rfft` and `irfft`.",
    solution_text="`k = 2 * np.pi * np.arange(len(u0) // 2 + 1)`, then "
    "`np.fft.irfft(np.exp(-viscosity * k**2 * t) * np.fft.rfft(u0), len(u0))`.",
)


def by_scaling(G: Callable[[np.ndarray], np.ndarray], a: np.ndarray) -> np.ndarray:
    """What a solver that is right for coefficients of smallest value 3 says of any coefficient."""
    c = 3 / a.min()
    return c * np.asarray(G(c * a))


scaling_law = Exercise(
    title="Build in the scaling law",
    level=3,
    statement=r"A network $G$, trained on coefficients with values 3 and 12, does not know that $u[ca]=u[a]/c$. Write "
    r"`solve(G, a)`, which uses $G$ only on coefficients whose smallest value is 3, and is right for every $ca$ if $G$ "
    r"is "
    r"right for $a$.",
    starter="def solve(G, a):\n    return ...",
    judge=Function(
        by_scaling,
        [
            (np.reciprocal, np.array([1.0, 4.0])),
            (np.square, np.array([[6.0, 24.0], [6.0, 6.0]])),
            (np.cos, np.array([3.0, 12.0])),
        ],
    ),
    hint_text="Bring the coefficient to the scale that the network knows, ask it, and scale the answer back.",
    solution_text=r"With $c=3/\min a$: $u[a]=c\,u[ca]$, so `c = 3 / a.min()` and `return c * G(c * a)`. A symmetry is "
    r"cheaper "
    "to build in than to learn.",
)

EXERCISES = (
    acting,
    period,
    patch_of_421,
    parameters,
    enough_iterations,
    mean_bounds,
    rate_of_the_pole,
    rescale,
    one_curve,
    exact_heat,
    scaling_law,
)
PREDICTIONS = (guess_gibbs, guess_pole, guess_pile, guess_tokens, guess_band, guess_contrast, guess_scaling)
