"""Which paths and which pairs of atoms to keep: SPHNet's two gates, and the phases of their choice.

Top-k from equal starts has nothing to choose by: all gates tie, and all paths are kept. So the paths of a tensor
product are drawn at random first, then chosen by their learned gates, then frozen.
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.hamiltonians.models.tensor_product import path_normalisation

PHASES = ("random", "adaptive", "fixed")


class TPGate(nn.Module):
    """One learnable number g_p for each path; the kept paths K get the coefficients alpha_p g_p / sum_K alpha_q g_q.

    Args: L, 0 to 12; sparsity k, at least 0 and below 1, the share of paths left out. Raises: ValueError.
    """

    def __init__(self, L: int, sparsity: float, parity: bool = False) -> None:
        super().__init__()
        self.sparsity = sparsity_of(sparsity)
        self.alpha = path_normalisation(L, parity)
        self.gate = nn.Parameter(torch.ones(len(self.alpha)))

    def select(self, phase: str, generator: torch.Generator | None = None) -> Int[Tensor, " k"]:
        """The kept paths, ascending: floor((1 - k) P) at random, or "adaptive": those with g at least its k-quantile.

        Gates that tie at the quantile are all kept. Raises: ValueError.
        """
        if checks.choice(phase, "phase", ("random", "adaptive")) == "adaptive":
            gate = self.gate.detach()
            place = ceil(round((len(gate) - 1) * self.sparsity, 9))  # no interpolation, whose rounding may lose a gate
            return torch.nonzero(gate >= gate.sort().values[place]).ravel().cpu()
        count = max(1, floor((1 - self.sparsity) * len(self.alpha) + 1e-9))  # 0.2 * 15 is 2.9999999999999996
        return torch.randperm(len(self.alpha), generator=generator)[:count].sort().values

    def coefficients(self, paths: Int[Tensor, " k"]) -> Float[Tensor, " k"]:
        """alpha_p g_p over its sum on the kept paths."""
        weighted = self.alpha.to(self.gate)[paths] * self.gate[paths]
        return weighted / weighted.sum()


ROUNDING = 64  # how many units in the last place two scores of equal pairs may differ by


class PairGate(nn.Module):
    """Keeps the pairs with a high score a^T s + b, and weighs their scalars by it.

    Q is the k-quantile of the scores of a molecule; pairs with a score of at least Q are kept, and their rows s become
    sigmoid(score - Q) s. `per="batch"` takes one quantile over the whole batch, as the released code does: then other
    molecules of the batch change what is predicted for this one.

    Args: width of s; sparsity k, at least 0 and below 1; per, "molecule" or "batch". Raises: ValueError.
    """

    def __init__(self, width: int, sparsity: float, per: str = "molecule") -> None:
        super().__init__()
        self.sparsity = sparsity_of(sparsity)
        self.per = checks.choice(per, "per", ("molecule", "batch"))
        self.score = nn.Linear(width, 1)

    def forward(
        self, s: Float[Tensor, "rows width"], molecule: Int[Tensor, " rows"]
    ) -> tuple[Int[Tensor, " kept"], Float[Tensor, "kept width"]]:
        """The indices of the kept rows, ascending, and these rows, weighed. molecule: the molecule of each row."""
        score = self.score(s).squeeze(-1)
        group = torch.zeros_like(molecule) if self.per == "batch" else molecule
        above = score - quantile_by_group(score, group, self.sparsity)[group]
        # Scores that differ by rounding are equal: pairs that a symmetry exchanges are kept together, in any batch.
        with torch.no_grad():
            size = s.abs() @ self.score.weight[0].abs() + self.score.bias.abs()
            kept = torch.nonzero(above >= -ROUNDING * torch.finfo(s.dtype).eps * size).ravel()
        return kept, torch.sigmoid(above[kept])[:, None] * s[kept]


class ThreePhaseScheduler:
    """Random for some epochs, then adaptive for some, then fixed; `advance` is called after each epoch, by nobody else.

    Raises: ValueError.
    """

    def __init__(self, random: int = 2, adaptive: int = 1) -> None:
        self.random = checks.integer(random, "random", 0, 1_000_000)
        self.adaptive = checks.integer(adaptive, "adaptive", 0, 1_000_000)
        self.epoch = 0

    @property
    def phase(self) -> str:
        """ "random", "adaptive" or "fixed"."""
        if self.epoch < self.random:
            return "random"
        return "adaptive" if self.epoch < self.random + self.adaptive else "fixed"

    def advance(self) -> None:
        """One more epoch is done."""
        self.epoch += 1

    def state_dict(self) -> dict[str, Any]:
        """What must be kept, as JSON values."""
        return {"random": self.random, "adaptive": self.adaptive, "epoch": self.epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the kept schedule where it stands. Raises: ValueError, and then nothing is changed."""
        names = ("random", "adaptive", "epoch")
        if not isinstance(state, dict) or not state.keys() >= set(names):
            raise ValueError(f"state must be a dict with the entries {', '.join(names)}, got {checks.shown(state)}")
        self.random, self.adaptive, self.epoch = (
            checks.integer(state[name], f"state['{name}']", 0, 1_000_000) for name in names
        )


def quantile_by_group(values: Float[Tensor, " n"], group: Int[Tensor, " n"], k: float) -> Float[Tensor, " groups"]:
    """The k-quantile of the values of each group, linear between the two nearest; 0 for a group without values."""
    order = values.detach().argsort(stable=True)
    order = order[group[order].argsort(stable=True)]
    counts = torch.bincount(group)
    first = counts.cumsum(0) - counts
    # Rounded, so that a place that is whole in exact arithmetic falls on that value.
    place = ((counts - 1).clamp(min=0).double() * k * 1e9).round() / 1e9
    low = place.floor().long()
    low_value, high_value = (
        values[order[(first + at).clamp(max=len(values) - 1)]]
        for at in (low, torch.minimum(low + 1, (counts - 1).clamp(min=0)))
    )
    between = low_value + (place - low).to(values) * (high_value - low_value)
    return torch.where(counts > 0, between, torch.zeros_like(between))


def sparsity_of(value: float) -> float:
    """A share left out, at least 0 and below 1. Raises: ValueError."""
    sparsity = checks.number(value, "sparsity", 0, 1)
    if sparsity == 1:
        raise ValueError(f"sparsity must be below 1, or nothing is kept, got {checks.shown(value)}")
    return sparsity
