"""Guesses and exercises of chapter 03, in the order of the lesson."""

from __future__ import annotations

import numpy as np
import scipy

from spectral_lab.course import Exercise, Function, Prediction, Value
from spectral_lab.hippo import legs
from spectral_lab.pseudospectra import (
    allpass,
    diag_gap_norm,
    diagonalize,
    hinf_norm,
    ptd,
    s4d_frequencies,
    semigroup_norms,
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

guess_beside = Prediction(
    r"The last spike of S4D stands at $\nu_0=325.43$ ($n=32$), with a half width of $\frac12$. Step aside by six, to "
    r"$\omega=319.43$. How many times as large is the gain of S4D there as that of S4?",
    answer=lambda: abs(1 / (1 + allpass(32, 1j * (s4d_frequencies(32)[0] - 6)))),
    digits=2,
    tolerance=0.5,
    because=r"It is $1/|1+P_n|$, and $P_n$ turns slowly: its phase is about $n^2/\omega$, six units change it by 0.06. "
    "The spike is narrow beside its own height, not beside S4.",
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
            (48**2 / np.pi, r"This is the leading term n²/π; there is a constant correction."),
            (48**2, r"Divide by π."),
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

falls_below = Exercise(
    title="Where S4D falls below S4",
    level=2,
    statement=r"Beyond its last spike S4D ends up below S4 (the bell shows it). At which frequency there are "
    r"$|G_{S4D}|$ and $|G_{S4}|$ equal, for $n=32$? A whole number will do.",
    starter="omega = ...",
    judge=Value(
        lambda: float(scipy.optimize.brentq(lambda w: abs(1 + allpass(32, 1j * w)) - 1, 400, 700)),
        relative=2e-3,
        mistakes=(
            (243.5, "They are equal there too, but this lies below the last spike."),
            (32**2 / np.pi, "That is the spike."),
        ),
    ),
    hint_text=r"The ratio of the two is $|1+P_n(i\omega)|$, and `allpass(32, 1j * omega)` is $P_n$. By hand: there "
    r"$|P_n|$ is nearly 1, and its phase is about $n^2/\omega$. Which phase makes $|1+P_n|=1$?",
    solution_text=r"The phase is $\frac{2\pi}3$, so $\omega\approx\frac{3n^2}{2\pi}=488.9$; solving "
    r"$|1+P_n(i\omega)|=1$ gives 488.86.",
)

worth_of_the_bound = Exercise(
    title="What the bound is worth",
    level=2,
    statement=r"Take $n=32$ and $C=e_1$. How small must $\varepsilon=\|E\|$ be for our bound in section 3, the one "
    r"without $\ln n$, to promise that the gain is off by at most 0.03?",
    starter="epsilon = ...",
    judge=Value(
        lambda: 0.03 / (4 * 32 + 2 * 0.03),
        relative=2e-3,
        mistakes=(
            (0.03 / (4 + 0.06), r"‖B_H‖ is not 1: its square is 1 + 3 + … + (2n − 1)."),
            (0.03 / (4 * 32**2 + 0.06), r"That is ‖B_H‖² in place of ‖B_H‖."),
        ),
    ),
    hint_text=r"`np.linalg.norm(legs(32)[1])`, and solve $\|B\|\|C\|\frac{4\varepsilon}{1-2\varepsilon}=0.03$.",
    solution_text=r"$\varepsilon=\frac{0.03}{4\cdot32+0.06}=2.34\cdot10^{-4}$. The explorer starts with a perturbation "
    r"of norm 20.6, and its gain is off by 0.029: the bound asks for 88 000 times less. It holds for every direction "
    "of $E$; the optimised one is kind.",
)

radius_of_a_block = Exercise(
    title="Zero is not small",
    level=2,
    statement="All eigenvalues of `jordan_block(32)` are 0, and its 32nd power is 0. What is its numerical radius "
    r"$w=\max|z|$ over the field of values? Four decimals.",
    starter="w = ...",
    judge=Value(
        lambda: float(np.cos(np.pi / 33)),
        relative=1e-4,
        mistakes=(
            (1.0, r"That is the norm. The radius lies between half of it and all of it."),
            (0.5, r"That is half of the norm, the least it could be; it is that for n = 2 only."),
            (float(np.cos(np.pi / 32)), r"Nearly. For n = 2 the radius is 1/2 = cos(π/3)."),
        ),
    ),
    hint_text=r"`numerical_radius`. By hand: $W(A)$ is a disc, so its rightmost point will do, the largest eigenvalue "
    r"of $\frac12(A+A^\top)$, a path.",
    solution_text=r"$w=\cos\frac{\pi}{33}=0.9955$: the eigenvalues of half a path of $n$ nodes are "
    r"$\cos\frac{k\pi}{n+1}$. So nothing forces $\|A^k\|$ down before $k=n$, and indeed it stays 1 until then.",
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
    judge=Value(_best_corner, relative=0.02, mistakes=((12.5, "The sign."),)),
    hint_text="`diagonalize(A, E).condition` over a range of `c`, both signs. Zoom in.",
    solution_text=r"$c\approx-12.5$: $\kappa(V)$ falls from 77 032 to 5.05, and $A+E$ is just stable, with "
    r"$\max\mathrm{Re}\,\lambda=-0.03$. (The entry below it, with $c\approx12.3$, reaches 3.50, but $A+E$ is unstable "
    r"then: $+0.14$.)",
)


def _real_distance(A: np.ndarray, z: complex) -> float:
    M = np.linalg.inv(z * np.eye(len(A)) - A)

    def second(log_gamma: float) -> float:
        gamma = np.exp(log_gamma)
        P = np.block([[M.real, -gamma * M.imag], [M.imag / gamma, M.real]])
        return float(np.linalg.svd(P, compute_uv=False)[1])

    found = scipy.optimize.minimize_scalar(second, bounds=(-15, 0), method="bounded", options={"xatol": 1e-10})
    return 1 / min(float(found.fun), second(0.0))


real_distance = Exercise(
    title="Real perturbations only",
    level=3,
    statement=r"$\sigma_{\min}(zI-A)$ is the norm of the smallest $E$, complex if need be, that makes $z$ an "
    r"eigenvalue of $A+E$. A real model may be perturbed by a real $E$ only. Write `real_distance(A, z)`, the smallest "
    r"norm of a real $E$ for a real $A$. Qiu et al. (1995): with $M=(zI-A)^{-1}$ and $\sigma_2$ the second largest "
    r"singular value it is $1/\mu$, "
    r"$\mu=\inf_{0<\gamma\le1}\sigma_2\begin{pmatrix}\mathrm{Re}\,M&-\gamma\,\mathrm{Im}\,M\\"
    r"\gamma^{-1}\,\mathrm{Im}\,M&\mathrm{Re}\,M\end{pmatrix}$.",
    starter="def real_distance(A, z):\n    return ...",
    judge=Function(
        _real_distance,
        [
            (legs(4)[0], 0.5 + 1j),
            (np.random.default_rng(0).standard_normal((5, 5)), 2.0 - 0.5j),
            (np.diag([1.0, 2.0, 4.0]), 1.25 + 0.5j),
            (legs(8)[0], -4.5),
        ],
        relative=1e-4,
    ),
    hint_text=r"$\sigma_2$ has one valley in $\gamma$: `scipy.optimize.minimize_scalar` with `bounds`, over "
    r"$\log\gamma$. For a real $z$ the matrix is block diagonal, and the answer is $\sigma_{\min}(zI-A)$. Elsewhere it "
    "is larger.",
    solution_text="`M = np.linalg.inv(z * np.eye(len(A)) - A)`; "
    "`P = lambda g: np.block([[M.real, -g * M.imag], [M.imag / g, M.real]])`; "
    "`s = lambda x: np.linalg.svd(P(np.exp(x)), compute_uv=False)[1]`; "
    '`1 / minimize_scalar(s, bounds=(-15, 0), method="bounded", options={"xatol": 1e-9}).fun`. '
    r"For diag$(1,2,4)$ and $z=\frac54+\frac i2$ it is 0.75, and $\sigma_{\min}(zI-A)=0.56$.",
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
    falls_below,
    worth_of_the_bound,
    distance_to_instability,
    radius_of_a_block,
    one_entry,
    real_distance,
)
PREDICTIONS = (
    guess_eigenvalues,
    guess_spike,
    guess_weak,
    guess_backward,
    guess_chance,
    guess_beside,
    guess_growth,
)
