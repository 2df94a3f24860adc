"""Guesses and exercises of chapter 02, in the order of the lesson."""

from __future__ import annotations

import numpy as np

from spectral_lab.course import Exercise, Function, Prediction, Value
from spectral_lab.hippo import (
    delay_readout_error,
    diagonal,
    dplr,
    fourier_delay,
    gramian,
    horizon,
    legs,
    memory,
    state_kernel,
    states_needed,
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

LOST = ("a few percent", "about a half", "almost all")


def _lost() -> str:
    inside, outside = (delay_readout_error("legt", 64, 64, x / 64, frequencies=256) for x in (1.8, 2.4))
    return LOST[0] if outside - inside < 0.2 else LOST[1] if outside - inside < 0.8 else LOST[2]


guess_cliff = Prediction(
    r"LegT holds a window of $2/\Delta$ samples. A delay of 64 samples is read out to 99.999 % of its variance at "
    r"$\Delta\cdot64=1.8$, with 64 states. Now $\Delta$ is made a third larger. How much of the variance is lost?",
    answer=_lost,
    options=LOST,
    because="The window now ends after 53 samples, so the sample that is due left it 11 samples ago. No state holds "
    "it; what can be guessed of it from its younger neighbours is half of the variance, since the noise is smooth.",
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
    return SINGLE[2] if max(errors) < 1e-4 else SINGLE[int(np.argmax(errors))]


guess_precision = Prediction(
    "Two ways to the same kernel in single precision (seven digits), $n=64$ and $L=1024$. Which of them keeps fewer "
    "than four digits?",
    answer=_single,
    options=SINGLE,
    because="Multiplied through, the Cauchy sums are no less exact than the products, and in most settings of the "
    "explorer more; as printed, they meet 0 times infinity.",
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

half_weight = Exercise(
    title="Half of the weight",
    level=1,
    statement=r"LegS runs with the step $\Delta=0.01$. How many samples old is a sample that counts half as much as "
    r"one that arrives now?",
    starter="samples = ...",
    judge=Value(
        lambda: float(np.log(2) / 0.01),
        relative=0.01,
        mistakes=(
            (100.0, r"There the weight is 1/e."),
            (50.0, "That is a quarter of the window of LegT; LegS has none."),
        ),
    ),
    hint_text=r"The measure is $e^{-s}$, and a sample of $k$ steps ago has the age $s=k\Delta$.",
    solution_text=r"$e^{-k\Delta}=\frac12$ gives $k=\ln2/\Delta=69.3$: a memory is named by $1/\Delta$, but half of "
    r"its weight lies on the newest $0.69/\Delta$ samples.",
)


def _furthest_step() -> float:
    steps = np.linspace(1e-3, 1e-2, 20_001)
    return float(steps[np.argmax(horizon(64, 0.02 / steps) / steps)])


best_step = Exercise(
    title="The step that sees furthest",
    level=2,
    statement=r"A tone has a period of 50 samples. LegS has $n=64$ states. With a small $\Delta$ its memory is long "
    r"but coarse, with a large one fine but short. With which $\Delta$ is the oldest sample at which the tone is "
    r"still resolved (the horizon $s^*$, in samples) furthest away?",
    starter="step = ...",
    judge=Value(
        _furthest_step,
        relative=0.02,
        mistakes=(
            (0.02, "That is one cycle per unit of time; 64 states can follow more."),
            (2 * np.pi * 0.02 / 64, r"There n = 2πf and s* = ln 2. A larger step sees further."),
        ),
    ),
    hint_text=r"In units of time the tone has $f=0.02/\Delta$ cycles. Maximise $s^*/\Delta$ on a grid, or over "
    r"$x=n/2\pi f$.",
    solution_text=r"$s^*/\Delta=\frac{n}{2\pi\cdot0.02}\cdot\frac{\ln(1+x^2)}{x}$ with $x=n\Delta/(2\pi\cdot0.02)$, "
    r"largest at $x=1.98$: $\Delta=0.00389$, and the tone is seen 410 samples back. A window of LegT needs $n>\pi f$ "
    r"for each unit of time and sees $64/(\pi\cdot0.02)=1019$ samples: what LegS pays for seeing everything else.",
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
        mistakes=((100.0, "For the flat measure it would be n; here half of it fades."),),
    ),
    hint_text=r"The diagonal of $W$ holds $\int_0^\infty K_k^2dt$, and $K_k=xL_k(x)$ with $x=e^{-t}$. $L_k(x)^2$ is "
    r"symmetric about $x=\frac12$.",
    solution_text=r"$dt=-dx/x$, so $\int_0^\infty K_k^2dt=\int_0^1xL_k(x)^2dx$. By the symmetry $x$ may be replaced "
    r"by its mean $\frac12$, and $\int_0^1L_k^2dx=1$: each entry is $\frac12$, and the trace $n/2=50$.",
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


def _step_of_order_n(Lambda: np.ndarray, P: np.ndarray, B: np.ndarray, z: np.ndarray, u: float, d: float) -> np.ndarray:
    right = z + d / 2 * (Lambda * z - P * (P.conj() @ z)) + d * B * u
    E = 1 / (1 - d / 2 * Lambda)
    return E * right - E * P * (d / 2 * (P.conj() @ (E * right)) / (1 + d / 2 * (P.conj() @ (E * P))))


def _case(n: int, step: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float, float]:
    form, rng = dplr("legs", n), np.random.default_rng(seed)
    Lambda, P, B = (np.concatenate([x, x.conj()]) for x in (form.Lambda, form.P[0], form.B))
    return Lambda, P, B, rng.normal(size=n) + 1j * rng.normal(size=n), float(rng.normal()), step


a_step = Exercise(
    title="A step that costs n",
    level=3,
    statement=r"A system in DPLR form, $z'=(\Lambda-PP^*)z+Bu$ with a vector $\Lambda$ of eigenvalues and one column "
    r"$P$. Take a bilinear step $d$ with the input $u$: return the new $z$ with work of order $n$. Make no matrix.",
    starter="def step(Lambda, P, B, z, u, d):\n    return ...",
    judge=Function(_step_of_order_n, [_case(4, 0.1, 0), _case(16, 0.01, 1), _case(256, 1.0, 2)], relative=1e-8),
    hint_text=r"$(I-\frac d2A)z^+=(I+\frac d2A)z+dBu$. The right side costs $n$. On the left stands a diagonal "
    r"matrix plus $\frac d2PP^*$: Sherman, Morrison, Woodbury.",
    solution_text="`right = z + d/2*(Lambda*z - P*(P.conj() @ z)) + d*B*u`\n\n`E = 1/(1 - d/2*Lambda)`\n\n"
    "`inner = d/2*(P.conj() @ (E*right)) / (1 + d/2*(P.conj() @ (E*P)))`\n\n`return E*right - E*P*inner`",
)

PREDICTIONS = (guess_drawing, guess_states, guess_cliff, guess_precision, guess_sign, guess_aliasing)
EXERCISES = (dead_state, how_many_states, half_weight, best_step, trace, never_explodes, your_memory, a_step)
