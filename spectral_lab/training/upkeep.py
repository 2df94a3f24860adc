"""What the loop needs around it: the loss curve, the keeping of checkpoints, the clock, Ctrl-C, determinism."""

from __future__ import annotations

import os
import signal
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import isfinite
from types import FrameType
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from torch import nn

from spectral_lab.training.checkpoint import save_checkpoint
from spectral_lab.training.reporter import Reporter
from spectral_lab.training.run import Run

CURVE_POINTS = 400  # a loss curve keeps about this many points, however long the run
MEASURED_STEPS = 5  # steps timed for the estimate, after a first one that warms up


class TrainingError(RuntimeError):
    """A run cannot go on; the message says at which step, why, and where its last good checkpoint is."""


class LossCurve:
    """Means over windows of steps, so that not every step has to wait for the device to tell its loss."""

    def __init__(self, run: Run, fabric: Fabric, listener: Reporter) -> None:
        self.run, self.fabric, self.listener = run, fabric, listener
        self.window = max(1, run.steps // CURVE_POINTS)
        self.unread: list[torch.Tensor] = []

    def add(self, loss: torch.Tensor) -> None:
        """Note the loss of a step without reading it."""
        self.unread.append(loss.detach())

    def agree(self, stop: bool) -> bool:
        """Read the losses if it is time to; returns whether all processes stop here.

        Several processes compare only when a window is full or an epoch ends, so that none waits for another; one
        process alone stops at any step. Raises: TrainingError as `read` does.
        """
        step, alone = self.run.step, self.fabric.world_size == 1
        if step % self.window and step % self.run.steps_per_epoch and not (alone and stop):
            return False
        self.read()
        return bool(over_processes(self.fabric, torch.tensor(float(stop)), "sum") > 0)

    def read(self) -> None:
        """Take the losses noted so far into the curve. Raises: TrainingError if a loss or a weight is not finite."""
        if not self.unread:
            return
        run = self.run
        values = over_processes(self.fabric, torch.stack(self.unread).double(), "mean").tolist()
        self.unread.clear()
        for step, value in enumerate(values, run.step - len(values) + 1):
            if not isfinite(value):
                raise stopped(run, f"the loss became {value} at step {step}", _slower(run))
        with torch.no_grad():
            if not torch.nn.utils.get_total_norm(list(run.model.parameters())).isfinite():
                why = f"a weight stopped being a finite number at step {run.step} or shortly before"
                raise stopped(run, why, _slower(run))
        run.pending += values
        if len(run.pending) >= self.window:
            point = (run.step, statistics.fmean(run.pending))
            run.pending.clear()
            run.curves.setdefault("loss", []).append(point)
            self.listener.step(*point)


class Average:
    """An exponential moving average of the weights: a <- d a + (1 - d) w after each step t.

    d is the smaller of `decay` and (1 + t) / (10 + t), so that a short run forgets its random start. `weights` is
    empty where `decay` is None.
    """

    def __init__(self, model: nn.Module, decay: float | None) -> None:
        self.model, self.decay = model, decay
        weights = model.named_parameters() if decay is not None else ()
        self.weights = {name: weight.detach().clone() for name, weight in weights}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after this step."""
        for name, average in self.weights.items():
            assert self.decay is not None
            average.lerp_(self.model.get_parameter(name), 1 - min(self.decay, (1 + step) / (10 + step)))

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the weights of the model and their average."""
        for name, average in self.weights.items():
            weight = self.model.get_parameter(name)
            kept = weight.clone()
            weight.copy_(average)
            average.copy_(kept)


class Keeper:
    """Saves the run, from the first process, and knows when it is too torn to be saved."""

    def __init__(
        self, run: Run, fabric: Fabric, optimiser: torch.optim.Optimizer, average: Average, seconds: float
    ) -> None:
        self.run, self.fabric, self.optimiser, self.average, self.seconds = run, fabric, optimiser, average, seconds
        self.started = self.saved = time.perf_counter()
        self.earlier = run.seconds
        self.torn = False

    def save(self) -> None:
        """Write the checkpoint."""
        self.run.seconds = self.earlier + time.perf_counter() - self.started
        if self.fabric.is_global_zero:
            run, weights = self.run, self.average.weights
            try:
                save_checkpoint(run.checkpoint, run.model, self.optimiser, run.state(), weights)
            except OSError as error:
                raise stopped(run, f"the checkpoint could not be written at step {run.step} ({error})") from None
        self.saved = time.perf_counter()

    def save_now_and_then(self) -> None:
        """Write the checkpoint if the last one is old enough."""
        if time.perf_counter() - self.saved >= self.seconds:
            self.save()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Within it the run is neither the old nor the new one: an interruption here must not be saved."""
        self.torn = True
        yield
        self.torn = False

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within it the model has the averaged weights, if there is an average."""
        with self.changing():
            self.average.swap()
        try:
            yield
        finally:
            with self.changing():
                self.average.swap()


class Clock:
    """Measures the first steps, then says once how long the rest will take."""

    def __init__(self, run: Run, device: torch.device) -> None:
        self.run, self.device = run, device
        self.first = run.step + 1
        self.begin = 0.0

    def tick(self, listener: Reporter, evaluation_seconds: Callable[[], float]) -> None:
        """To be called after each step."""
        if self.run.step not in (self.first, self.first + MEASURED_STEPS):
            return
        wait_for(self.device)
        now = time.perf_counter()
        if self.run.step == self.first:
            self.begin = now
        else:
            each = (now - self.begin) / MEASURED_STEPS
            listener.estimate(each * (self.run.steps - self.run.step) + evaluation_seconds())


class DeferredInterrupt:
    """Turns the first Ctrl-C (or SIGTERM, as SLURM sends it) into a question that the loop asks between two steps.

    A second one interrupts at once. Outside the main thread, where no signal can arrive, it does nothing.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> DeferredInterrupt:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def repeatable(precision: str, threads: int) -> Iterator[None]:
    """Deterministic kernels, the matrix precision and threads asked for; the caller's settings and random stream after.

    The order of a sum depends on the number of threads, and so does the last bit of the result.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what cuBLAS needs to be deterministic
    enabled = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    matmul, stream = torch.get_float32_matmul_precision(), torch.get_rng_state()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
        torch.set_float32_matmul_precision(matmul)
        torch.set_rng_state(stream)
        torch.set_num_threads(before)


def over_processes(fabric: Fabric, value: torch.Tensor, operation: str) -> torch.Tensor:
    """The sum or mean of a tensor over all processes."""
    return cast(torch.Tensor, fabric.all_reduce(value.to(fabric.device), reduce_op=operation))


def wait_for(device: torch.device) -> None:
    """Wait until the device has done what it was given, so that a time means something."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def stopped(run: Run, why: str, advice: str = "") -> TrainingError:
    """The error of a run that cannot go on: why, what is kept of it, and what may help."""
    kept = f"The last good checkpoint is kept at {run.checkpoint}." if run.checkpoint.exists() else "Nothing was saved."
    return TrainingError(f"{run.recipe.name}, preset {run.recipe.preset}: {why}. {kept} {advice}".rstrip())


def _slower(run: Run) -> str:
    rates = sorted({group.learning_rate for group in run.recipe.optimiser.groups if group.learning_rate})
    rates = [run.recipe.optimiser.learning_rate, *rates]
    return f"A smaller learning rate usually helps (this run: {', '.join(f'{rate:g}' for rate in rates)})."
