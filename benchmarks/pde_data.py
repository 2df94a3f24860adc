"""How fast are the solvers that make the data of chapter 06, beside the published way, and how exact?

    OMP_NUM_THREADS=1 python benchmarks/pde_data.py

One thread, double precision, processor time, since the machine may be shared.
- One flow of 20 time units, 64 x 64, viscosity 1e-5: the published scheme at its step 1e-4 (200 000 steps) and RK4 with
  an integrating factor at 0.025. Errors are relative, against RK4 at 0.0025. Wanted: 50 times faster, and closer.
- Darcy at 421 x 421: sparse LU against preconditioned conjugate gradients to a residual of 1e-8. Wanted: 5 times.
- Burgers, 256 modes, 200 steps. Wanted: 40 ms.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from report import publish

from spectral_lab.latent import (
    burgers,
    complex_noise,
    darcy_coefficient,
    navier_stokes,
    random_field_neumann,
    random_field_periodic,
    relative_l2,
    solve_darcy,
)


def timed(call: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Median seconds of processor time, and the answer."""
    times, answer = [], None
    for _ in range(repeats):
        start = time.process_time()
        answer = call()
        times.append(time.process_time() - start)
    return statistics.median(times), answer


def row(case: str, slow: float | None, fast: float, wanted: str, accuracy: str) -> dict[str, Any]:
    ratio = None if slow is None else round(slow / fast, 1)
    published = None if slow is None else round(slow, 3)
    return {
        "case": case,
        "published s": published,
        "ours s": round(fast, 4),
        "ratio": ratio,
        "wanted": wanted,
        "accuracy": accuracy,
    }


def flow() -> dict[str, Any]:
    w0 = random_field_periodic(complex_noise((64, 64), 0))
    fine = navier_stokes(w0, 1e-5, [20.0], 0.0025)
    ours, rk4 = timed(lambda: navier_stokes(w0, 1e-5, [20.0], 0.025), 3)
    theirs, euler = timed(lambda: navier_stokes(w0, 1e-5, [20.0], 1e-4, "authors"), 1)
    errors = [float(relative_l2(w, fine)[0]) for w in (euler, rk4)]
    return row("flow, 64 x 64, 20 units", theirs, ours, "50", f"errors {errors[0]:.1e} and {errors[1]:.1e}")


def darcy() -> dict[str, Any]:
    a = darcy_coefficient(random_field_neumann(np.random.RandomState(0).standard_normal((421, 421))))
    ours, pcg = timed(lambda: solve_darcy(a), 5)
    theirs, direct = timed(lambda: solve_darcy(a, method="direct"), 3)
    gap = np.abs(pcg.u - direct.u).max() / direct.u.max()
    return row("Darcy, 421 x 421", theirs, ours, "5", f"{pcg.iterations} iterations, apart by {gap:.1e}")


def scrub() -> dict[str, Any]:
    u0 = np.sin(2 * np.pi * np.arange(256) / 256)
    times = np.linspace(0, 0.5, 41)
    ours, _ = timed(lambda: burgers(u0, 0.01, times, True, 0.0025), 9)
    return row("Burgers, 256 modes, 200 steps", None, ours, "0.040 s", "")


def main() -> None:
    publish("pde_data", "How fast are the solvers that make the data of chapter 06?", [flow(), darcy(), scrub()])


if __name__ == "__main__":
    main()
