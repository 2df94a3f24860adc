"""The loss and the metric of a classifier. A batch is (inputs..., labels), and `model(*inputs)` gives logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn


def cross_entropy(model: nn.Module, batch: Sequence[Any]) -> Float[Tensor, ""]:
    """The mean cross-entropy of a batch."""
    *inputs, labels = batch
    return F.cross_entropy(model(*inputs), labels)


def accuracy(model: nn.Module, batch: Sequence[Any], name: str = "accuracy") -> dict[str, Bool[Tensor, " b"]]:
    """Whether each sample is classified right."""
    *inputs, labels = batch
    return {name: model(*inputs).argmax(-1) == labels}
