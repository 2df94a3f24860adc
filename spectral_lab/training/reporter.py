"""What a run tells the world while it goes on. The loop knows this protocol and no widget, plot or terminal."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any, Protocol, TextIO, cast, runtime_checkable

from spectral_lab.records import figure

if TYPE_CHECKING:
    from spectral_lab.training.run import Run


@runtime_checkable
class Reporter(Protocol):
    """Whoever listens to a run; each method is called between two steps, on the first process only."""

    def start(self, run: Run) -> None:
        """The run is about to begin, or to go on: `run.step` of `run.steps` steps are done."""

    def estimate(self, seconds: float) -> None:
        """How long the rest will take, measured on the first steps."""

    def step(self, step: int, loss: float) -> None:
        """A new point of the loss curve."""

    def evaluation(self, step: int, metrics: dict[str, float]) -> None:
        """New metrics."""

    def end(self, run: Run) -> None:
        """The run has ended, or was interrupted (`run.finished` says which)."""


class Silent:
    """Says nothing."""

    def start(self, run: Run) -> None: ...

    def estimate(self, seconds: float) -> None: ...

    def step(self, step: int, loss: float) -> None: ...

    def evaluation(self, step: int, metrics: dict[str, float]) -> None: ...

    def end(self, run: Run) -> None: ...


class Text:
    """A progress bar and one line an evaluation, on standard error."""

    def __init__(self, stream: io.TextIOBase | None = None) -> None:
        self.stream = cast(TextIO, stream or sys.stderr)
        self._bar: Any = None

    def start(self, run: Run) -> None:
        from tqdm import tqdm

        recipe = run.recipe
        begin = f"goes on at step {run.step}" if run.step else "begins"
        begin = "was finished before" if run.finished else begin
        self._say(f"{recipe.name}, preset {recipe.preset}, seed {recipe.seed}: {begin} on {run.hardware['name']}.")
        if run.replaced:
            self._say(f"The checkpoint that was there is kept as {run.replaced}.")
        self._bar = tqdm(total=run.steps, initial=run.step, unit="step", file=self.stream, leave=False)

    def estimate(self, seconds: float) -> None:
        self._say(f"It will take about {duration(seconds)}, by its first steps.")

    def step(self, step: int, loss: float) -> None:
        self._bar.set_postfix_str(f"loss {loss:.4g}", refresh=False)
        self._bar.update(step - self._bar.n)

    def evaluation(self, step: int, metrics: dict[str, float]) -> None:
        self._say(f"step {step}: " + ", ".join(f"{name} {figure(value, '.4g')}" for name, value in metrics.items()))

    def end(self, run: Run) -> None:
        self._bar.close()
        if run.finished:
            self._say(f"Finished in {duration(run.seconds)}.")
        else:
            self._say(f"Interrupted at step {run.step} of {run.steps}; it goes on from {run.checkpoint}.")

    def _say(self, text: str) -> None:
        if self._bar is None:
            print(text, file=self.stream, flush=True)
        else:
            self._bar.write(text, file=self.stream)


def duration(seconds: float) -> str:
    """Seconds in words: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
