"""What happens to a run between two epochs or two steps: rates that follow a spectrum, phases of sparsity, a forcing
that fades. Evaluations never call a callback, so that measuring a model cannot change how it is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

if TYPE_CHECKING:
    from spectral_lab.training.run import Run


class Callback:
    """The base of what a recipe lists under `callbacks`: it does nothing, and a callback overrides what it needs.

    A recipe names it as a `Part`, which is called with the model; so its options are in the record. A resumed run is
    the run that was never cut, if whatever the callback remembers is in `state_dict`, or in buffers of the model, or
    is a function of the step. Random choices come from torch's generator, which is seeded anew before each call, alike
    on all processes.

    A callback may read `run.model`, `run.epoch`, `run.step`, `run.steps` and `run.steps_per_epoch`, set the learning
    rates of single parameters with `run.scale_rates`, and put what it did into the record with `run.note`.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def before_epoch(self, run: Run) -> None:
        """Called once before the first step of each epoch; `run.epoch` epochs are done and measured."""

    def before_step(self, run: Run) -> None:
        """Called before each step; `run.step` steps are done."""

    def state_dict(self) -> dict[str, Any]:
        """What it remembers, as JSON values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up what `state_dict` gave, and put the model's attributes as they were."""
