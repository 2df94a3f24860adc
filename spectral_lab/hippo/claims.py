"""The claims of the chapter, each measured here and now, in the order of the lesson."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from spectral_lab.course import Claim, Evidence, above, below, between, recorded, within
from spectral_lab.hippo.bases import basis, impulse_response, measure, state_kernel, system
from spectral_lab.hippo.delay import delay_network, delay_readout_error, fourier_delay, pade_delay, transfer_function
from spectral_lab.hippo.diagonal import without_low_rank
from spectral_lab.hippo.discretization import discretize
from spectral_lab.hippo.dplr import dplr
from spectral_lab.hippo.kernels import discrete_system, kernel
from spectral_lab.hippo.matrices import lagt, legs
from spectral_lab.hippo.reconstruction import memory, scaled_legs
from spectral_lab.hippo.signals import white_signal
from spectral_lab.hippo.timescales import (
    fourier_states_needed,
    horizon,
    orthogonality_defect,
    stretch,
    tilt,
    timescale,
    turn,
)
from spectral_lab.hippo.timewarp import EXPONENTIAL, UNIFORM, TimeWarp, warped_coefficients

SINH = TimeWarp(a=np.sinh, derivative=np.cosh, inverse=np.arcsinh)


def legs_theorem() -> Evidence:
    """e^{tA} B by products of exponentials, against e^{-t} L_k(e^{-t})."""
    age = np.linspace(0, 8, 200)
    errors = [np.abs(impulse_response(*legs(n), age) - state_kernel("legs", n, age)).max() for n in (4, 32, 128, 256)]
    worst = below(errors, 1e-11)
    return Evidence(f"largest error over n = 4 to 256 and ages 0 to 8 {worst}", worst)


def orthonormality() -> Evidence:
    """The matrix identity, and the Gram matrix by Gauss nodes."""
    defect = below([orthogonality_defect(*legs(n), 1.0) / n for n in (4, 64, 256)], 1e-13)
    x, w = np.polynomial.legendre.leggauss(200)
    p = basis("legs", 64, -np.log((x + 1) / 2))
    gram = below(np.abs((p * (w / 2)[:, None]).T @ p - np.eye(64)), 1e-12)
    return Evidence(f"A + Aᵀ + I + BBᵀ {defect} of its size; error of the Gram matrix {gram}", defect, gram)


def one_time_warp() -> Evidence:
    """d x/dt by central differences against a'(t) (A x + B u), for three warps."""
    A, B = legs(12)
    residuals, h = [], 1e-4
    for warp, t in ((EXPONENTIAL, 1.0), (UNIFORM, 2.0), (SINH, 0.7)):
        before, now, after = (warped_coefficients(warp, 12, _smooth, t + shift) for shift in (-h, 0.0, h))
        right = float(warp.derivative(np.asarray(t))) * (A @ now + B * float(_smooth(np.asarray(t))))
        residuals.append(np.abs((after - before) / (2 * h) - right).max())
    worst = below(residuals, 1e-5)
    return Evidence(f"residual of the warped equation for a = t, log t, sinh t {worst}", worst)


def _smooth(t: Any) -> Any:
    return np.sin(1.3 * t) * np.exp(-((t / 4) ** 2))


def equivariance() -> Evidence:
    """Play a signal three times slower, and compare the states at its end."""
    u = white_signal(1.0, 1e-3, 4.0, seed=2)
    slow = np.repeat(u, 3)
    change = {
        "scaled LegS": np.linalg.norm(scaled_legs(8, slow)[-1] - scaled_legs(8, u)[-1])
        / np.linalg.norm(scaled_legs(8, u)[-1])
    }
    for name in ("LegS", "LegT", "FouT"):
        fast, late = (memory(name.lower(), 8, signal, 1e-3)[-1] for signal in (u, slow))
        change[name] = np.linalg.norm(late - fast) / np.linalg.norm(fast)
    told = ", ".join(f"{name} {100 * value:.0f} %" for name, value in change.items())
    scaled = change.pop("scaled LegS")
    return Evidence(f"change of the state: {told}", below(scaled, 0.03), above(list(change.values()), 0.3))


def pade() -> Evidence:
    """The LegT delay network against the Pade approximant, on a circle."""
    s = 3 * np.exp(1j * np.linspace(-1.5, 1.5, 41))
    differences = [np.abs(transfer_function(*delay_network("legt", n), s) - pade_delay(n, s)) for n in range(1, 13)]
    worst = below(differences, 1e-13)
    return Evidence(f"largest difference for n = 1 to 12 {worst}", worst)


def fourier_delay_sign() -> Evidence:
    """The error at s = 1, the gain on the imaginary axis, and the error with the other sign."""
    sizes = np.array([16, 64, 256, 1024])
    errors = np.array([abs(fourier_delay(n, 1.0) - np.exp(-1)) for n in sizes])
    gain = below(np.abs(np.abs(fourier_delay(64, 1j * np.linspace(0.1, 300, 997))) - 1), 1e-12)
    A, B, C, _ = delay_network("fout", 64)
    wrong = abs(transfer_function(A, B, C, 1.0, 1.0) - np.exp(-1))
    told = ", ".join(f"{error:.1e}" for error in errors)
    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    text = (
        f"errors at s = 1: {told} (slope {slope:.2f}); the gain is 1, error {gain}; "
        f"with D = +1 the error is {wrong:.2f}"
    )
    return Evidence(text, within(slope, 0.05, of=-1), gain, within(wrong, 0.01, of=2))


def windows_converge() -> Evidence:
    """The L2 distance of K_0 from p_0 omega over n, and of FouT's first sine."""
    age = np.linspace(0, 3, 6001)
    sizes = np.array([8, 16, 32, 64])
    slopes = {}
    for name, family, k in (("LegT", "legt", 0), ("FouT", "fout", 0), ("FouT sine", "fout", 3)):
        distance = []
        for n in sizes:
            target = basis(family, n, age)[:, k] * measure(family, age)
            gap = state_kernel(family, n, age)[:, k] - target
            distance.append(np.sqrt(np.trapezoid(gap**2, age)))
        slopes[name] = float(np.polyfit(np.log(sizes), np.log(distance), 1)[0])
    told = ", ".join(f"{name} n^{slope:.2f}" for name, slope in slopes.items())
    sine = slopes.pop("FouT sine")
    return Evidence(f"L² distance falls like {told}", within(list(slopes.values()), 0.06, of=-0.5), below(sine, -0.9))


def fourier_bound() -> Evidence:
    """Distances of a ramp and of zigzags from FouT's basis over the bound L/(pi sqrt(n - 2)), as the rule for n says.

    The ramp is the worst of all: no Fourier coefficient of an L-Lipschitz function exceeds L/(2 pi m), which it has.
    """
    x, w = np.polynomial.legendre.leggauss(1000)
    age, weight, ratios, rule = (x + 1) / 2, w / 2, [], []
    for n in (16, 64, 256):
        c = basis("fout", n, age).T @ (weight * age)
        bound = 1 / (np.pi * np.sqrt(n - 2))
        ratios.append(float(np.sqrt(1 / 3 - c @ c)) / bound)
        rule.append(fourier_states_needed(1.0, 1.01 * bound) <= n < fourier_states_needed(1.0, 0.9 * bound))
    told = ", ".join(f"{ratio:.3f}" for ratio in ratios)
    rising = above(np.diff(ratios), 0)
    # Random zigzags of slope 1 and -1, which may turn at 19 ages.
    slopes = np.random.default_rng(0).choice([-1.0, 1.0], (200, 20)).repeat(200, axis=1)
    zigzags, age = slopes.cumsum(axis=1) / 4000, (np.arange(4000) + 0.5) / 4000
    energy = (zigzags**2).mean(axis=1) - ((zigzags @ basis("fout", 16, age) / 4000) ** 2).sum(axis=1)
    others = np.sqrt(energy) * np.pi * np.sqrt(14)
    return Evidence(
        f"error/bound for the ramp: {told} at n = 16, 64, 256; for 200 random zigzags at n = 16 at most "
        f"{others.max():.2f}",
        all(rule),
        between(ratios, 0.95, 1),
        rising,
        below(others, 1),
    )


def closure_rules() -> Evidence:
    """Kernels of the stretched, the tilted and the turned system against the rules."""
    age, (A, B), rng = np.linspace(0, 3, 31), legs(12), np.random.default_rng(0)
    K = impulse_response(*stretch(A, B, 1.7), age) - 1.7 * state_kernel("legs", 12, 1.7 * age)
    tilted = impulse_response(*tilt(A, B, 0.4), age) - np.exp(0.4 * age)[:, None] * state_kernel("legs", 12, age)
    Q, _ = np.linalg.qr(rng.normal(size=(12, 12)))
    turned = impulse_response(*turn(A, B, Q), age) - state_kernel("legs", 12, age) @ Q.T
    worst = below(np.abs([K, tilted, turned]), 1e-12)
    return Evidence(f"stretch, tilt and turn: largest error {worst}", worst)


def step_is_timescale() -> Evidence:
    """Mean ages of the measures, the kernel against D K((k + 1/2) D), and the mean age in samples over the step."""
    step, x = 0.01, (np.arange(100_000) + 0.5) * 4e-4
    means = {f: float((x * measure(f, x)).sum() / measure(f, x).sum()) for f in ("legs", "legt", "fout")}
    off = [timescale(family) - mean for family, mean in means.items()]
    A_bar, B_bar = discretize(*legs(16), step, "bilinear")
    K_bar, x = [], B_bar
    for _ in range(400):
        K_bar.append(x)
        x = A_bar @ x
    gap = np.abs(np.array(K_bar) - step * state_kernel("legs", 16, (np.arange(400) + 0.5) * step))[:, :4].max() / step
    ages = []
    for h in (0.02, 0.01, 0.005):
        first = np.abs(kernel(legs(16), np.eye(16)[0], h, 4000))
        ages.append(float(h * (np.arange(4000) * first).sum() / first.sum()))
    scales = ", ".join(f"{name} {timescale(name.lower()):g}" for name in ("LegS", "LegT", "FouT"))
    text = f"mean ages {scales}; K̄[k] is Δ·K((k+½)Δ) within {gap:.0e}; mean age of K̄ times Δ: " + ", ".join(
        f"{age:.2f}" for age in ages
    )
    return Evidence(text, within(off, 1e-3, of=0), below(gap, 0.02), below(np.ptp(ages), 0.02))


def bessel() -> Evidence:
    """State norms against the weighted energy of random signals, and the state of a constant input."""
    shares, age = [], (np.arange(6000) + 0.5) * 1e-3
    weight = measure("legs", age) * 1e-3
    for seed in range(5):
        u = white_signal(6.0, 1e-3, 15.0, seed)
        x = (basis("legs", 256, age) * weight[:, None]).T @ u[::-1]
        for n in (16, 64, 256):
            shares.append(x[:n] @ x[:n] / (weight * u[::-1] ** 2).sum())
    constant = float(np.linalg.norm(np.linalg.solve(*legs(64))))
    text = (
        f"‖x‖² is at most {np.max(shares):.2f} of the energy over 5 signals and n = 16, 64, 256; a constant input "
        f"gives ‖x‖ = {constant:.6f}"
    )
    return Evidence(text, below(shares, 1), within(constant, 1e-9, of=1))


def delay_over_step() -> Evidence:
    """The best linear read-out of a lag of 64 from 64 states."""

    def errors(family: str, products: tuple[float, ...]) -> list[float]:
        return [float(np.log10(delay_readout_error(family, 64, 64, x / 64, frequencies=256))) for x in products]

    legt, fout = errors("legt", (1.5, 1.8, 2.0, 2.5)), errors("fout", (1.5, 1.8, 2.0, 2.5))
    smooth = errors("legs", (1.0, 1.5, 2.0, 2.5, 3.0, 4.0))
    text = (
        f"log₁₀ error: LegT {min(legt):.1f} and FouT {min(fout):.1f} at best (1.5 ≤ Δ·lag ≤ 2), "
        f"{legt[-1]:.2f} and {fout[-1]:.2f} at 2.5; LegS {min(smooth):.2f} at best"
    )
    edge = above(legt[-1], -0.4)
    return Evidence(text, below(min(legt), -3.3), below(min(fout), -1.6), edge, between(min(smooth), -0.8, -0.5))


def normal_plus_low_rank() -> Evidence:
    """A from its parts, the real parts of Lambda, and the largest frequency over n^2/pi."""
    errors = []
    for family in ("legs", "legt", "fout"):
        form = dplr(family, 64)
        V = form.rotate(np.eye(64))  # the eigenvectors
        P = 2 * (form.P @ V.T).real  # the other half of the spectrum adds the conjugate
        A = 2 * ((V * form.Lambda) @ V.conj().T).real - P.T @ P
        errors += [np.abs(A - system(family, 64)[0]).max() / np.abs(A).max(), np.ptp(form.Lambda.real)]
    ratios = [float(-dplr("legs", n).Lambda.imag.min() * np.pi / n**2) for n in (16, 64, 256)]
    told = ", ".join(f"{ratio:.4f}" for ratio in ratios)
    worst = below(errors, 1e-12)
    text = f"A from its parts, error {worst}; ν₀π/n² = {told} at n = 16, 64, 256"
    return Evidence(text, worst, within(ratios[-1], 1e-3, of=1))


def kernels_agree() -> Evidence:
    """Powers, Cauchy, Krylov, and a recurrence run on noise."""
    form, rng = dplr("legs", 64), np.random.default_rng(0)
    C = rng.normal(size=64)
    oracle = kernel(form, C, 0.01, 512, "powers")
    others = np.array([kernel(form, C, 0.01, 512, method) for method in ("cauchy", "krylov")])
    worst = below(np.abs(others - oracle) / np.abs(oracle).max(), 1e-12)
    A_bar, B_bar, c = discrete_system(form, C, 0.01)
    u, x, y = rng.normal(size=512), np.zeros(64), []
    for sample in u:
        x = A_bar @ x + B_bar * sample
        y.append(c @ x)
    gap = below(np.abs(np.convolve(oracle, u)[:512] - y) / np.abs(y).max(), 1e-12)
    return Evidence(f"three kernels agree, {worst}; recurrence and convolution, {gap}", worst, gap)


def weak_not_strong() -> Evidence:
    """Antiderivatives and L2 distances of K_0 with and without the rank-one term."""
    t = np.linspace(0, 6, 601)
    weak, strong = [], []
    for n in (8, 32, 128):
        A, B = without_low_rank("legs", n)
        antiderivative = np.linalg.solve(A, (_states(n, t) - B).T)[0] - (1 - np.exp(-t))
        weak.append(float(np.abs(antiderivative).max()))
        fine = np.linspace(0, 8, 8001)
        strong.append(float(np.sqrt(np.trapezoid((_states(n, fine)[:, 0] - np.exp(-fine)) ** 2, fine))))
    told = [", ".join(f"{value:.2g}" for value in values) for values in (weak, strong)]
    text = f"state 0 at n = 8, 32, 128: antiderivatives differ by {told[0]}; the L² distance stays: {told[1]}"
    return Evidence(text, below(weak[2] / weak[0], 1 / 20), above(strong, 0.4))


def _states(n: int, t: np.ndarray) -> np.ndarray:
    """e^{tA} B without the rank-one term, from the orthonormal eigenvectors of a normal matrix."""
    A, B = without_low_rank("legs", n)
    frequency, V = np.linalg.eigh(-1j * (A + np.eye(n) / 2))
    return ((np.exp(t[:, None] * (-0.5 + 1j * frequency)) * (V.conj().T @ B)) @ V.T).real


def cost_of_powers() -> Evidence:
    """Times of powers and of the two-level kernel at L = 4096; the bound is far below what a quiet machine shows."""
    ratios = []
    for n in (16, 64):
        form, C = dplr("legs", n), np.ones(n)
        times = {}
        for method in ("powers", "krylov"):
            kernel(form, C, 0.01, 64, method)
            runs = []
            for _ in range(3):
                start = perf_counter()
                kernel(form, C, 0.01, 4096, method)
                runs.append(perf_counter() - start)
            times[method] = min(runs)
        ratios.append(times["powers"] / times["krylov"])
    fast = above(ratios, 3, "more than")
    return Evidence(f"two levels are {fast} times faster at n = 16 and 64", fast)


def resolution_horizon() -> Evidence:
    """Local error of a projected tone over the period around s*."""
    theta = (np.arange(8000) + 0.5) * np.pi / 8000
    sigma, weight = (1 - np.cos(theta)) / 2, np.sin(theta) / 2 * np.pi / 8000
    age, errors = -np.log(sigma), []
    for n in (64, 128, 256):
        x = basis("legs", n, age).T @ (weight * np.exp(10j * np.pi * age))
        near = float(horizon(n, 5)) + np.linspace(-0.1, 0.1, 201)
        gap = basis("legs", n, near) @ x - np.exp(10j * np.pi * near)
        errors.append(float(np.sqrt(np.mean(np.abs(gap) ** 2))))
    told = ", ".join(f"{error:.2f}" for error in errors)
    return Evidence(f"error of a tone f = 5 around s*: {told} at n = 64, 128, 256", between(errors, 0.45, 0.52))


def laguerre_is_flat() -> Evidence:
    """The identity A + A^T + c I + B B^T = 0 with c = 0 for LagT, and with c = 1 for LagT tilted back by -1/2."""
    untilted = tilt(*lagt(64), -0.5)
    flat, fading = (below(orthogonality_defect(*of, c), 1e-12) for of, c in ((lagt(64), 0.0), (untilted, 1.0)))
    crossed = min(orthogonality_defect(*lagt(64), 1.0), orthogonality_defect(*untilted, 0.0))
    ones = below(np.abs(untilted[0] + np.tril(np.ones((64, 64)))), 1e-12)
    text = f"tilted: decay 0, {flat}; untilted: decay 1, {fading}; crossed {crossed:.1f}"
    return Evidence(text, flat, fading, ones, above(crossed, 0.9))


def step_range_decides() -> Evidence:
    """The delay recipe in small: steps that hug the lag, and steps whose windows end before it."""
    import tempfile
    from pathlib import Path

    import torch

    from spectral_lab.hippo.recipe import delay
    from spectral_lab.training import Silent, train

    errors, threads = [], torch.get_num_threads()
    torch.set_num_threads(1)  # many small products: more threads only wait for each other
    try:
        with tempfile.TemporaryDirectory() as folder:
            for span in ("hugging", "beyond"):
                run = train(delay("legs", span, "miniature"), reporter=Silent(), folder=Path(folder))
                errors.append(float(np.log10(run.metrics["error"])))
    finally:
        torch.set_num_threads(threads)
    learnt, missed = below(errors[0], -1.6), above(errors[1], -0.7)  # training differs a little between machines
    return Evidence(f"LegS, log₁₀ error {learnt} for steps × lag in [1, 2], {missed} for 8", learnt, missed)


def the_delay_table() -> Evidence:
    """The recorded lecture runs of the delay table: a lag of 128, 128 states, five ranges, three bases."""
    bases, fitting, missing = ("legs", "legt", "fout"), ("hugging", "tied"), ("fast", "beyond")
    variants = [f"{name}/{span}" for name in bases for span in (*fitting, *missing, "wide")]
    found = recorded("hippo/delay", variants, preset="lecture", metrics=["error"])
    errors = {variant: np.log10(found.mean(variant, "error")) for variant in variants}
    fit = {name: max(errors[f"{name}/{span}"] for span in fitting) for name in bases}
    miss = {name: min(errors[f"{name}/{span}"] for span in missing) for name in bases}
    wide = {name: errors[f"{name}/wide"] for name in bases}
    told = "; ".join(f"{name} {fit[name]:.1f}, wide {wide[name]:.1f}, missing {miss[name]:.1f}" for name in bases)
    return Evidence(
        f"recorded on {found.where}: log₁₀ error, the worse fitting and the better missing range: {told}",
        above([miss[name] - fit[name] for name in bases], 1),
        above([wide[name] - fit[name] for name in ("legs", "legt")], 1),
        below(10 ** (wide["fout"] - fit["fout"]), 3),
    )


ARENA = ("listops", "text", "retrieval", "image", "pathfinder", "path-x")


def legs_on_the_arena() -> Evidence:
    found = recorded("hippo/arena/*/s4-legs", ARENA, preset="paper", metrics=["accuracy"])
    scores = [100 * found.mean(task, "accuracy") for task in ARENA]
    told = ", ".join(f"{score:.1f}" for score in scores)
    return Evidence(
        f"recorded on {found.where}: {told} %, on average {np.mean(scores):.1f} %",
        within(np.mean(scores), 1, of=86.09),
    )


def path_x_is_solved() -> Evidence:
    found = recorded("hippo/arena/path-x/s4-legs", preset="paper", metrics=["accuracy"])
    score = 100 * found.mean("s4-legs", "accuracy")
    return Evidence(f"recorded on {found.where}: {score:.1f} %", within(score, 1, of=96.35))


def bases_differ() -> Evidence:
    models, tasks = ("s4-legs", "s4-fout", "s4-legs-fout"), ("image", "path-x")
    variants = [f"{task}/{model}" for task in tasks for model in models]
    found = recorded("hippo/arena", variants, preset="paper", metrics=["accuracy"])
    image, path_x = (np.array([100 * found.mean(f"{task}/{m}", "accuracy") for m in models]) for task in tasks)
    told = [", ".join(f"{score:.1f}" for score in scores) for scores in (image, path_x)]
    return Evidence(
        f"recorded on {found.where}: LegS, FouT, LegS/FouT: {told[0]} % on Image, {told[1]} % on Path-X",
        above(image[1:] - image[0], 0),
        below(path_x[1:], 55),
    )


def steps_decide_path_x() -> Evidence:
    found = recorded("hippo/*/path-x/s4-legs", ("arena", "arena-fast"), preset="paper", metrics=["accuracy"])
    slow, fast = (100 * found.mean(group, "accuracy") for group in ("arena", "arena-fast"))
    return Evidence(
        f"recorded on {found.where}: {slow:.1f} % with steps from 1e-4, {fast:.1f} % from 1e-3",
        above(slow, 90),
        below(fast, 55),
    )


CLAIMS = (
    Claim(
        id="C1",
        statement="S4's LegS kernels are warped Legendre polynomials: $e^{tA}B=e^{-t}L_k(e^{-t})$ at every $n$.",
        source="paper, the LegS theorem",
        origin="paper",
        bound="1e-11",
        cost="instant",
        evidence=legs_theorem,
    ),
    Claim(
        id="C2",
        statement=r"LegS is exactly orthonormal: $A+A^\top+I+BB^\top=0$, and $L_k(e^{-s})$ are orthonormal under "
        "$e^{-s}$.",
        source="paper, section 3; the matrix test is derived here",
        origin="addition",
        bound="1e-13 and 1e-12",
        cost="instant",
        evidence=orthonormality,
    ),
    Claim(
        id="C3",
        statement=r"Original LegS ($a=\log t$) and S4-LegS ($a=t$) are one theorem: $x'=a'(t)(Ax+Bu)$ for any warp "
        "$a$.",
        source="paper, the time-warp theorem",
        origin="paper",
        bound="residual 1e-5",
        cost="instant",
        evidence=one_time_warp,
    ),
    Claim(
        id="C4",
        statement="Scaled LegS does not care how fast time runs; time-invariant LegS, LegT and FouT do.",
        source="HiPPO (2008.07669), timescale equivariance",
        origin="paper",
        bound="3 % against at least 30 %",
        cost="instant",
        evidence=equivariance,
    ),
    Claim(
        id="C5",
        statement="The delay network of LegT is the Padé approximant $[n-1/n]$ of $e^{-s}$.",
        source="paper, section on delays; LMU",
        origin="paper",
        bound="1e-13",
        cost="instant",
        evidence=pade,
    ),
    Claim(
        id="C6",
        statement="The delay network of FouT needs $D=-1$; it is all-pass, with an error like $1/n$.",
        source="paper, the FouT delay; the sign and the closed form are ours",
        origin="addition",
        bound="slope −1 ± 0.05, gain 1 to 1e-12, error within 0.01 of 2 with $D=+1$",
        cost="instant",
        evidence=fourier_delay_sign,
    ),
    Claim(
        id="C7",
        statement="The kernels of LegT and FouT tend to the basis on the window, in $L^2$ like $n^{-1/2}$.",
        source="paper, section 3; the rate is measured here",
        origin="addition",
        bound="slope −0.5 ± 0.06; sines faster than −0.9",
        cost="instant",
        evidence=windows_converge,
    ),
    Claim(
        id="C8",
        statement=r"$n\ge(L/\pi\varepsilon)^2+2$ Fourier states give an $L$-Lipschitz kernel to $\varepsilon$.",
        source="paper, the FouT approximation theorem; tightness for the ramp is ours",
        origin="paper",
        bound="ratio of the ramp between 0.95 and 1, rising; of zigzags below 1",
        cost="instant",
        evidence=fourier_bound,
    ),
    Claim(
        id="C9",
        statement="Memories stay memories when stretched, tilted or turned.",
        source="paper, closure properties",
        origin="paper",
        bound="1e-12",
        cost="instant",
        evidence=closure_rules,
    ),
    Claim(
        id="C10",
        statement=r"$1/\Delta$ is the memory in samples: $\bar K[k]\approx\Delta K((k+\frac12)\Delta)$.",
        source="paper, section on timescales",
        origin="paper",
        bound="mean ages within 1e-3; 2 % of the largest basis value; mean age times Δ constant to 0.02",
        cost="instant",
        evidence=step_is_timescale,
    ),
    Claim(
        id="C11",
        statement="The state never holds more than the weighted energy of the input, whatever $n$ is.",
        source="paper, section on normalisation",
        origin="paper",
        bound="ratio below 1; a constant gives 1 to 1e-9",
        cost="instant",
        evidence=bessel,
    ),
    Claim(
        id="C12",
        statement=r"A window that holds the lag ($\Delta\cdot$lag up to 2) can read it out; one a fifth shorter loses "
        "half of its variance. LegS has no such edge, and no such depth.",
        source="paper, delay experiments; measured here by least squares",
        origin="addition",
        bound="lag 64, n = 64: LegT below −3.3, FouT below −1.6, LegT above −0.4 past the edge, LegS −0.8 to −0.5",
        cost="instant",
        evidence=delay_over_step,
    ),
    Claim(
        id="C13",
        statement="Trained on the delay, steps that hug the lag learn it; steps whose memories end long before it do "
        "not.",
        source="paper, delay table, in small",
        origin="reconstruction",
        bound="below −1.6 against above −0.7",
        cost="seconds",
        evidence=step_range_decides,
    ),
    Claim(
        id="D3",
        statement="The whole delay table, recorded: ranges that fit the lag beat ranges that miss it ten times, for "
        "every basis; a wide range that contains the lag costs LegS and LegT as much, FouT less than a factor of 3.",
        source="paper, delay table, at a lag of 128",
        origin="reconstruction",
        bound="a factor of 10 each; FouT's wide range within a factor of 3",
        cost="GPU",
        evidence=the_delay_table,
    ),
    Claim(
        id="C14",
        statement="LegS, LegT and FouT are normal plus rank 1, 2, 1; the largest frequency of LegS tends to "
        r"$n^2/\pi$.",
        source="S4 (2111.00396), theorem 1; paper for FouT; the limit is ours",
        origin="paper",
        bound="1e-12; 1e-3 at n = 256",
        cost="instant",
        evidence=normal_plus_low_rank,
    ),
    Claim(
        id="C15",
        statement="Powers, Cauchy sums, two-level products and the recurrence are the same kernel.",
        source="S4 (2111.00396), section 3; doubling is the squaring trick of the authors' code, two levels of it are "
        "ours",
        origin="addition",
        bound="1e-12",
        cost="instant",
        evidence=kernels_agree,
    ),
    Claim(
        id="C16",
        statement="Without the rank-one term LegS converges weakly, not strongly.",
        source="S4D (2206.11893), theorem 3: it converges; Yu et al. (2310.01698): only weakly",
        origin="paper",
        bound="antiderivatives fall 20 times, L² stays above 0.4",
        cost="instant",
        evidence=weak_not_strong,
    ),
    Claim(
        id="C17",
        statement="A kernel need not cost $n^2L$: two levels beat powers from small $n$ on.",
        source="S4 (2111.00396), the cost of the kernel",
        origin="addition",
        bound="3 times at L = 4096",
        cost="seconds",
        evidence=cost_of_powers,
    ),
    Claim(
        id="D1",
        statement=r"LegS sees a frequency $f$ up to the age $\ln(1+(n/2\pi f)^2)$: there half of a tone is lost.",
        source="derived here (WKB)",
        origin="addition",
        bound="0.45 to 0.52",
        cost="instant",
        evidence=resolution_horizon,
    ),
    Claim(
        id="D2",
        statement=r"LagT with $-1$ on the diagonal has the measure $e^{-s}$; tilted by $\frac12$, as here and in S4's "
        "code, it weighs all ages alike.",
        source="the authors (HiPPO, 2008.07669; paper, closure under tilting); the test is ours",
        origin="addition",
        bound="1e-12 against more than 0.9",
        cost="instant",
        evidence=laguerre_is_flat,
    ),
    Claim(
        id="C18",
        statement="S4-LegS reaches 86.1 % on average on the Long Range Arena (original S4: 80.5 %).",
        source="paper, table of results",
        origin="paper",
        bound="average within 1 of 86.09 % (59.6, 86.8, 90.9, 88.7, 94.2, 96.4): recipes `arena/TASK/s4-legs`",
        cost="GPU",
        evidence=legs_on_the_arena,
    ),
    Claim(
        id="C19",
        statement="Path-X, 16 384 pixels in a row, is solved to 96 %.",
        source="paper, table of results",
        origin="paper",
        bound="within 1 of 96.35 %: recipe `arena/path-x/s4-legs`",
        cost="GPU",
        evidence=path_x_is_solved,
    ),
    Claim(
        id="C20",
        statement="The bases differ: FouT and LegS/FouT are best on pictures and at chance on Path-X.",
        source="paper, table of results",
        origin="paper",
        bound="above LegS on Image, below 55 % on Path-X: recipes `arena/TASK/s4-fout`, `arena/TASK/s4-legs-fout`",
        cost="GPU",
        evidence=bases_differ,
    ),
    Claim(
        id="C21",
        statement=r"The step range decides Path-X: it needs $\Delta_{\min}=10^{-4}$, a memory of the length of the "
        "task.",
        source="paper, section on timescales",
        origin="paper",
        bound="above 90 % with it, below 55 % from $10^{-3}$ on: recipes `arena/path-x/s4-legs`, "
        "`arena-fast/path-x/s4-legs`; in small: C13",
        cost="GPU",
        evidence=steps_decide_path_x,
    ),
)
