"""Learning rate schedules: the factor on the base rate as a function of the step, and of nothing else.

A schedule has no memory, so a resumed run needs none either.
"""

from __future__ import annotations

from math import cos, pi


def constant(step: int, steps: int, steps_per_epoch: int) -> float:
    """1 at every step."""
    return 1.0


def linear(step: int, steps: int, steps_per_epoch: int, warmup: int = 0, low: float = 0.0) -> float:
    """A linear rise over `warmup` steps, then a straight line down to `low` at the end."""
    if step < warmup:
        return step / warmup
    return low + (1 - low) * max(0.0, (steps - step) / max(1, steps - warmup))


def cosine(
    step: int, steps: int, steps_per_epoch: int, warmup: int = 0, length: int | None = None, low: float = 0.0
) -> float:
    """A linear rise over `warmup` steps, then half a cosine down to `low` at step `length` (default: the last)."""
    if step < warmup:
        return step / warmup
    end = steps if length is None else length
    return low + (1 - low) * half_cosine((step - warmup) / max(1, end - warmup))


def stairs(step: int, steps: int, steps_per_epoch: int, epochs: int, factor: float) -> float:
    """Multiplied by `factor` every so many epochs."""
    return factor ** (step // steps_per_epoch // epochs)


def one_cycle(
    step: int, steps: int, steps_per_epoch: int, rise: float = 0.3, first: float = 0.04, last: float = 4e-6
) -> float:
    """Half a cosine from `first` up to 1 over this share of the steps, then half a cosine down to `last`."""
    top = rise * steps - 1
    if step <= top:
        return first + (1 - first) * half_cosine(1 - step / top)
    return last + (1 - last) * half_cosine((step - top) / (steps - 1 - top))


def cosine_by_epoch(step: int, steps: int, steps_per_epoch: int) -> float:
    """Half a cosine from 1 towards 0, constant within each epoch."""
    return half_cosine((step // steps_per_epoch) / (steps // steps_per_epoch))


def half_cosine(progress: float) -> float:
    """(1 + cos(pi p)) / 2 for p in [0, 1], and 0 beyond."""
    return 0.5 * (1 + cos(pi * min(progress, 1.0)))
