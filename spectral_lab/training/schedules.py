"""Learning rate schedules: the factor on the base rate as a function of the step, and of nothing else.

A schedule has no memory, so a resumed run needs none either.
"""

from __future__ import annotations

from math import cos, pi


def constant(step: int, steps: int, steps_per_epoch: int) -> float:
    """1 at every step."""
    return 1.0


def cosine(step: int, steps: int, steps_per_epoch: int, warmup: int = 0, length: int | None = None) -> float:
    """A linear rise over `warmup` steps, then half a cosine down to 0 at step `length` (default: the last)."""
    if step < warmup:
        return step / warmup
    end = steps if length is None else length
    return half_cosine((step - warmup) / max(1, end - warmup))


def cosine_by_epoch(step: int, steps: int, steps_per_epoch: int) -> float:
    """Half a cosine from 1 towards 0, constant within each epoch."""
    return half_cosine((step // steps_per_epoch) / (steps // steps_per_epoch))


def half_cosine(progress: float) -> float:
    """(1 + cos(pi p)) / 2 for p in [0, 1], and 0 beyond."""
    return 0.5 * (1 + cos(pi * min(progress, 1.0)))
