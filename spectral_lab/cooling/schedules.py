"""A fixed schedule of kicks and sign layers on a known start: no reading, but knowledge of the start (ours).

The no-go statement of `ladder` speaks of unknown states. A known pure state can be driven anywhere by unitaries; the
question is which. Here the kicks are rotations of single spins, and all entanglement comes from the sign layers. How
a schedule is found is in `models`; this module only runs one.
"""

from __future__ import annotations

from functools import reduce
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.cooling.levels import levels
from spectral_lab.cooling.sign_functions import sign_of
from spectral_lab.cooling.spin_chains import PAULIS


class Schedule(NamedTuple):
    """d layers: kicks (d, n, 3) in radians, shifts mu and the edge width in energy, phases of the sign layers (d,)."""

    kicks: Float[np.ndarray, "d n 3"]
    shifts: Float[np.ndarray, " d"]
    phases: Float[np.ndarray, " d"]
    width: float


class Training(NamedTuple):
    """A recorded training: the schedule after every iteration, and the energies of the ablation without sign layers."""

    kicks: Float[np.ndarray, "t d n 3"]
    shifts: Float[np.ndarray, "t d"]
    phases: Float[np.ndarray, "t d"]
    width: float
    energies: Float[np.ndarray, " t"]
    kicks_only: Float[np.ndarray, " t"]

    def schedule(self, iteration: int) -> Schedule:
        """The schedule after so many iterations."""
        iteration = checks.integer(iteration, "iteration", 0, len(self.energies) - 1)
        return Schedule(self.kicks[iteration], self.shifts[iteration], self.phases[iteration], self.width)


def run_schedule(H: Any, state: Any, schedule: Schedule, *, signs: bool = True) -> Float[np.ndarray, "d1 N"]:
    """Populations of the levels at the start and after each layer prod_i e^{-i w_i . sigma_i}, e^{-i phi s_w(H - mu)}.

    With signs = False the sign layers are left out: the state stays a product state.
    """
    spectrum = levels(H)
    c = spectrum.coordinates(state)
    record = [np.abs(c) ** 2]
    if not isinstance(signs, bool):
        raise ValueError(f"signs must be True or False, got {checks.shown(signs)}")
    if not isinstance(schedule, Schedule):
        raise ValueError(f"schedule must be a Schedule, got {checks.shown(schedule)}")
    n = spectrum.dimension.bit_length() - 1
    kicks = checks.real_array(schedule.kicks, "kicks", (None, n, 3))
    shifts = checks.real_array(schedule.shifts, "shifts", (len(kicks),))
    phases = checks.real_array(schedule.phases, "phases", (len(kicks),))
    for w, mu, phase in zip(kicks, shifts, phases, strict=True):
        c = spectrum.coordinates(kick_operator(w) @ spectrum.state(c))
        if signs:
            c = np.exp(-1j * phase * sign_of(spectrum.energies, mu, schedule.width)) * c
        record.append(np.abs(c) ** 2)
    return np.array(record)


def kick_operator(w: ArrayLike) -> Complex[np.ndarray, "N N"]:
    """prod_i e^{-i w_i . sigma_i} for w of shape (n, 3): one rotation for each spin, cos|w| - i sin|w| w.sigma/|w|."""
    w = checks.real_array(w, "w", (None, 3))
    if not 1 <= len(w) <= 12:
        raise ValueError(f"w must have 1 to 12 rows, one for each spin, got {len(w)}")
    length = np.linalg.norm(w, axis=1)
    axis = np.sinc(length / np.pi)[:, None] * w
    sites = np.cos(length)[:, None, None] * np.eye(2) - 1j * np.tensordot(axis, PAULIS, axes=1)
    return reduce(np.kron, sites)


def recorded_training() -> Training:
    """300 iterations of Adam on the Heisenberg chain of four spins, from all up, four layers (ours).

    Made by `python -m spectral_lab.cooling.data.training`; float32.
    """
    with np.load(str(files("spectral_lab.cooling") / "data" / "training.npz")) as stored:
        arrays = {name: stored[name].astype(float) for name in stored.files}
    return Training(**(arrays | {"width": float(arrays["width"])}))
