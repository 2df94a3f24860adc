"""Guesses and exercises of chapter 02, in the order of the lesson."""

from __future__ import annotations

import numpy as np

from spectral_lab.course import Exercise, Function, Prediction, Value
from spectral_lab.hippo import (
    delay_readout_error,
    diagonal,
    discretize,
    fourier_delay,
    gramian,
    horizon,
    legs,
    memory,
    orthogonality_defect,
    state_kernel,
    states_needed,
    stretch,
    tilt,
)

# --- guesses ---------------------------------------------------------------------------------------------------------

DRAWN = ("damped cosines", "Legendre polynomials, bent", "noise")


def _drawn() -> str:
    t = np.linspace(0, 6, 50)
    x = 2 * np.exp(-t) - 1
    second = np.exp(-t) * np.sqrt(5) * (3 * x**2 - 1) / 2
    return DRAWN[1] if np.allclose(state_kernel("legs", 64, t)[:, 2], second) else DRAWN[0]


guess_drawing = Prediction(
    r"The eigenvalues of the LegS matrix are $-1,-2,\dots,-n$, and each kernel $e_k^\top e^{tA}B$ is a sum of "
    r"the modes "
    r"$e^{-jt}$. What does kernel $k$ look like?",
    answer=_drawn,
    options=DRAWN,
    because=r"A sum of powers of $x=e^{-t}$ is a polynomial in $x$. It is the Legendre polynomial $L_k(x)$, "
    r"times $x$.",
)

guess_states = Prediction(
    "LegS with $n=64$ states sees a tone of 5 cycles per unit of time up to the age 1.64. You double $n$. "
    "How far does it see now?",
    answer=lambda: float(horizon(128, 5)),
    digits=3,
    because=r"The horizon is $\ln(1+(n/2\pi f)^2)$. Far out, doubling $n$ adds only $\ln 4\approx1.39$: a "
    r"fading memory "
    "has to pay exponentially for age.",
)

LOST = ("a little worse", "as good as before", "lost almost entirely")


def _lost() -> str:
    inside, outside = (delay_readout_error("legt", 64, 64, x / 64, frequencies=256) for x in (1.8, 2.4))
    return LOST[2] if inside < 1e-3 and outside > 0.3 else LOST[0]


guess_cliff = Prediction(
    r"LegT holds a window of $2/\Delta$ samples. A delay of 64 samples is read out well at $\Delta\cdot64=1.8$. "
    r"Now $\Delta$ is made a third larger. The delay is",
    answer=_lost,
    options=LOST,
    because="The window now ends after 53 samples. What left it 11 samples ago cannot be read from any state.",
)

guess_aliasing = Prediction(
    r"S4D-LegS with $n=64$ at $\Delta=0.01$, zero-order hold: how many of its 32 modes turn by more than half a "
    r"circle "
    "a step, and so pretend to be slower ones?",
    answer=lambda: int((-0.01 * diagonal("legs", 64)[0].imag > np.pi).sum()),
    digits=2,
    because=r"The frequencies are roughly $n^2/\pi$ divided by $1,3,5,\dots$: only the first two exceed "
    r"$\pi/\Delta=314$.",
)

SIGNS = ("-1", "0", "+1")

guess_sign = Prediction(
    r"A Fourier series takes the mean at a jump, so reading the FouT window at its end gives $\frac12(u(t)+u(t-1))$. "
    r"The network doubles that, $y=2p^\top x+Du$. Which $D$ makes it a delay?",
    answer=lambda: SIGNS[int(np.argmin([abs(fourier_delay(256, 1.0) + 1 + D - np.exp(-1)) for D in (-1, 0, 1)]))],
    options=SIGNS,
    because="Take $u(t)$ away once. (The published statement is remembered with the other sign; its error is 2.)",
)

SINGLE = ("the Cauchy sums", "the two-level products", "neither")


def _single() -> str:
    from spectral_lab.hippo.explorers.algorithms import three_ways

    errors = [three_ways(way=way).data["error"] for way in ("Cauchy and Woodbury", "two-level Krylov")]
    return SINGLE[2] if max(errors) < 1e-5 else SINGLE[int(np.argmax(errors))]


guess_precision = Prediction(
    "Two ways to the same kernel in single precision, $n=64$ and $L=1024$. Which of them loses more than five digits?",
    answer=_single,
    options=SINGLE,
    because="Multiplied through, the Cauchy sums are as exact as the products; as printed, they meet 0 times infinity.",
)

# --- exercises -------------------------------------------------------------------------------------------------------

dead_state = Exercise(
    title="The dead state",
    level=1,
    statement=r"FouT stores $(c_0,s_0,c_1,s_1,\dots)$, cosines and sines of frequency $m=0,1,\dots$. State 1 is "
    r"the sine of "
    "frequency 0. Which eigenvalue does it contribute?",
    starter="eigenvalue = ...",
    judge=Value(lambda: 0.0, mistakes=((-2.0, "That is the entry of state 0, the mean."),)),
    hint_text=r"What is $\sin(2\pi\cdot0\cdot s)$? Look at row and column 1 of `fout(8)`.",
    solution_text="The function is 0, its row and column are 0, so the state stays where it starts: eigenvalue "
    "0. It is "
    "kept because cosines and sines come in pairs; that is why FouT needs an even $n$.",
)

how_many_states = Exercise(
    title="The number of states",
    level=1,
    statement="How many LegS states resolve 5 cycles per unit of time up to the age 3?",
    starter="n = ...",
    judge=Value(
        lambda: states_needed("legs", 5, 3),
        relative=0.006,
        mistakes=((30, "That is Nyquist's count for a window. LegS stretches the past logarithmically."),),
    ),
    hint_text=r"Solve $s^*=\ln(1+(n/2\pi f)^2)$ for $n$.",
    solution_text=r"$n=2\pi f\sqrt{e^{3}-1}=137.2$, so 138. A window of length 3 needs about $\pi\cdot5\cdot3=47$.",
)

largest_step = Exercise(
    title="The largest step",
    level=1,
    statement="What is the largest step with which a memory on the window $[0,2]$ still holds a sample of 1000 "
    "steps ago?",
    starter="step = ...",
    judge=Value(
        lambda: 0.002,
        mistakes=(
            (0.001, "That is one timescale. The window is two units long."),
            (2000, "That is its inverse, nearly."),
        ),
    ),
    hint_text=r"The window is $2/\Delta$ samples long.",
    solution_text=r"$2/\Delta\ge1000$, so $\Delta\le0.002$: the setting of the paper's delay task.",
)


def _flat_tilt() -> float:
    candidates = np.linspace(0, 1, 101)
    return float(candidates[np.argmin([orthogonality_defect(*tilt(*legs(6), c), 0.0) for c in candidates])])


flat_memory = Exercise(
    title="Tilted until flat",
    level=2,
    statement=r"$(A+cI,B)$ has the measure $e^{2cs}\omega(s)$. For which $c$ does LegS weigh all ages alike?",
    starter="c = ...",
    judge=Value(
        _flat_tilt,
        mistakes=((1.0, "Mind the 2 in the exponent."), (-0.5, "The sign: the weight has to grow with age.")),
    ),
    hint_text=r"The measure of LegS is $e^{-s}$.",
    solution_text=r"$e^{2cs}e^{-s}=1$ gives $c=\frac12$. Then $A+A^\top+BB^\top=0$: energy in is energy kept.",
)

trace = Exercise(
    title="What white noise leaves behind",
    level=2,
    statement=r"Under white noise the LegS state has the covariance $W=\int_0^\infty e^{tA}BB^\top "
    r"e^{tA^\top}dt$. What is the "
    "trace of $W$ for $n=100$?",
    starter="trace = ...",
    judge=Value(
        lambda: float(np.trace(gramian(*legs(100)))),
        mistakes=((100.0, "For the flat measure it would be $n$; here half of it fades."),),
    ),
    hint_text=r"Differentiate $\|e^{tA}B\|^2$, or put $A+A^\top=-I-BB^\top$ into the Lyapunov equation.",
    solution_text=r"The diagonal of $AW+WA^\top=-BB^\top$ gives $\int_0^\infty "
    r"K_k^2dt=\int_0^1xL_k(x)^2dx=\frac12$ by symmetry: "
    "trace $n/2=50$.",
)


never_explodes = Exercise(
    title="Powers that never explode",
    level=2,
    statement=r"Bilinear LegS has $\|\bar A\|\le1$ for every step, since $A+A^\top=-I-BB^\top$ is negative. "
    r"Write a function "
    r"that gives $\|\bar A\|_2$ for $n$ states and a step $d$, from the matrix $A$ alone.",
    starter="def norm_of_a_step(A, d):\n    return ...",
    judge=Function(
        lambda A, d: float(np.linalg.norm(np.linalg.solve(np.eye(len(A)) - d / 2 * A, np.eye(len(A)) + d / 2 * A), 2)),
        [(legs(n)[0], d) for n, d in ((2, 0.1), (8, 1.0), (16, 30.0))],
    ),
    hint_text=r"$\bar A=(I-\frac d2A)^{-1}(I+\frac d2A)$; `np.linalg.norm(..., 2)`.",
    solution_text=r"For any $x$: $\|(I+\frac d2A)x\|^2-\|(I-\frac "
    r"d2A)x\|^2=d\,x^\top(A+A^\top)x\le-d\|x\|^2<0$. So $\bar A$ "
    "shrinks every vector, and no power of it can grow, whatever its eigenvectors look like.",
)

your_memory = Exercise(
    title="Your own memory",
    level=3,
    statement=r"Run LegT on the window $[0,1]$ over a signal $u$ of step $dt$ with the bilinear rule, and "
    r"return the state after "
    "the last sample. Only `legt` and numpy.",
    starter="def last_state(u, dt, n):\n    return ...",
    judge=Function(
        lambda u, dt, n: memory("legt", n, u, dt)[-1],
        [
            (np.sin(np.arange(40) / 5), 0.05, 4),
            (np.random.default_rng(0).normal(size=60), 0.02, 8),
            (np.ones(30), 0.1, 3),
        ],
        relative=1e-8,
    ),
    hint_text=r"$\bar A=(I-\frac{dt}2A)^{-1}(I+\frac{dt}2A)$, $\bar B=(I-\frac{dt}2A)^{-1}dt\,B$, then "
    r"$x\leftarrow\bar Ax+\bar Bu_k$: the input is used in its own step.",
    solution_text="`A, B = legt(n); I = np.eye(n)`\n\n`Ad = np.linalg.solve(I - dt/2*A, I + dt/2*A)`\n\n"
    "`Bd = np.linalg.solve(I - dt/2*A, dt*B); x = np.zeros(n)`\n\n`for v in u: x = Ad @ x + Bd * v`\n\n`return x`",
)


def _two_levels(A_bar: np.ndarray, B_bar: np.ndarray, C: np.ndarray, L: int) -> np.ndarray:
    K, x = [], B_bar
    for _ in range(L):
        K.append(C @ x)
        x = A_bar @ x
    return np.array(K)


def _case(n: int, L: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    C = np.random.default_rng(seed).normal(size=n)
    return *discretize(*stretch(*legs(n), 1.0), 0.05, "bilinear"), C, L


two_levels = Exercise(
    title="A kernel in square-root time",
    level=3,
    statement=r"Compute $K[k]=C\bar A^k\bar B$, $k=0,\dots,L-1$, with about $2\sqrt L$ products of a matrix "
    r"with a vector, and one "
    "product of two matrices.",
    starter="def kernel_of(A_bar, B_bar, C, L):\n    return ...",
    judge=Function(_two_levels, [_case(4, 10, 0), _case(8, 50, 1), _case(16, 200, 2)], relative=1e-8),
    hint_text=r"$K[am+b]=(C\bar A^{am})(\bar A^b\bar B)$ with $m\approx\sqrt L$: columns for $b<m$, rows for "
    r"all $a$.",
    solution_text="`m = int(np.ceil(np.sqrt(L))); columns = [B_bar]`\n\n`while len(columns) < m: "
    "columns.append(A_bar @ columns[-1])`\n\n"
    "`jump = np.linalg.matrix_power(A_bar, m); rows = [C]`\n\n`while len(rows) * m < L: rows.append(rows[-1] @ "
    "jump)`\n\n"
    "`return (np.array(rows) @ np.array(columns).T).ravel()[:L]`",
)
