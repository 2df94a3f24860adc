"""Prune a language model block after block: each block sees what the pruned ones before it give (AlphaPruning)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Int
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.heavytails.models.gpt import TinyGPT
from spectral_lab.heavytails.pruning import magnitude_mask, sparsegpt, wanda_mask

METHODS = ("magnitude", "wanda", "sparsegpt")


def blocks_of(model: TinyGPT) -> list[dict[str, nn.Linear]]:
    """The linear layers of each block by name: what is pruned. Embedding and head are not."""
    return [{name: m for name, m in block.named_modules() if isinstance(m, nn.Linear)} for block in model.blocks]


@torch.no_grad()
def prune_blocks(model: TinyGPT, tokens: Int[Tensor, "samples t"], sparsities: Sequence[float], method: str) -> None:
    """Prune every block to its sparsity, in place; `tokens` are the calibration texts.

    Raises: ValueError.
    """
    method, layers = checks.choice(method, "method", METHODS), blocks_of(model)
    if len(sparsities) != len(layers):
        raise ValueError(f"sparsities must be one for each of {len(layers)} blocks, got {len(sparsities)}")
    x = model.embed(tokens)
    for block, linears, sparsity in zip(model.blocks, layers, sparsities, strict=True):
        inputs: dict[str, Tensor] = {}
        hooks = list(_listening(linears, inputs))
        block(x)
        for hook in hooks:
            hook.remove()
        for name, linear in linears.items():
            W, seen = linear.weight.double().cpu().numpy(), inputs[name].double().cpu().numpy()
            if method == "sparsegpt":
                pruned, _ = sparsegpt(W, seen, float(sparsity))
            else:
                kept = magnitude_mask(W, sparsity) if method == "magnitude" else wanda_mask(W, seen, float(sparsity))
                pruned = W * kept
            linear.weight.copy_(torch.tensor(pruned))
        x = block(x)


def _listening(linears: dict[str, nn.Linear], inputs: dict[str, Tensor]) -> Iterator[torch.utils.hooks.RemovableHandle]:
    for name, linear in linears.items():

        def keep(module: nn.Module, given: tuple[Tensor, ...], output: Tensor, name: str = name) -> None:
            inputs[name] = given[0].flatten(0, -2)

        yield linear.register_forward_hook(keep)
