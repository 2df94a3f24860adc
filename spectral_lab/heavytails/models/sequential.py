"""Prune a language model block after block: each block sees what the pruned ones before it give (AlphaPruning).

What all three methods need of a layer's inputs X is X^T X, which is summed up text by text. `pruning.py` has the
methods as they are read; here they run on the device of the model, in double precision on a processor, in single on a
GPU.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.heavytails.models.gpt import TinyGPT
from spectral_lab.heavytails.models.llama import Llama
from spectral_lab.heavytails.pruning import BLOCK, DAMPING

METHODS = ("magnitude", "wanda", "sparsegpt")
TOGETHER = 8  # texts that go through a block at a time


def blocks_of(model: TinyGPT | Llama) -> list[dict[str, nn.Linear]]:
    """The linear layers of each block by name: what is pruned. Embedding and head are not."""
    return [{name: m for name, m in block.named_modules() if isinstance(m, nn.Linear)} for block in model.blocks]


@torch.no_grad()
def prune_blocks(
    model: TinyGPT | Llama, tokens: Int[Tensor, "samples t"], sparsities: Sequence[float], method: str
) -> None:
    """Prune every block to its sparsity, in place; `tokens` are the calibration texts.

    Raises: ValueError.
    """
    method, layers = checks.choice(method, "method", METHODS), blocks_of(model)
    if len(sparsities) != len(layers):
        raise ValueError(f"sparsities must be one for each of {len(layers)} blocks, got {len(sparsities)}")
    texts = [model.embed(some) for some in tokens.split(TOGETHER)]
    for block, linears, sparsity in zip(model.blocks, layers, sparsities, strict=True):
        grams: dict[str, Tensor] = {}
        hooks = list(_listening(linears, grams))
        for x in texts:
            block(x)
        for hook in hooks:
            hook.remove()
        for name, linear in linears.items():
            linear.weight.copy_(pruned(linear.weight, grams[name], tokens.numel(), float(sparsity), method))
        texts = [block(x) for x in texts]


def _listening(linears: dict[str, nn.Linear], grams: dict[str, Tensor]) -> Iterator[torch.utils.hooks.RemovableHandle]:
    for name, linear in linears.items():

        def add(module: nn.Module, given: tuple[Tensor, ...], output: Tensor, name: str = name) -> None:
            X = given[0].flatten(0, -2)
            X = X.to(torch.float64 if X.device.type == "cpu" else torch.float32)
            grams[name] = grams.get(name, 0) + X.T @ X

        yield linear.register_forward_hook(add)


def pruned(
    weight: Float[Tensor, "out in"], gram: Float[Tensor, "in in"], tokens: int, sparsity: float, method: str
) -> Float[Tensor, "out in"]:
    """The weights as `magnitude_mask`, `wanda_mask` and `sparsegpt` leave them; gram is X^T X over all tokens."""
    W = weight.to(gram.dtype)
    if method == "magnitude":
        return W * (W.abs() > _threshold(W.abs(), sparsity))
    if method == "wanda":
        score = W.abs() * gram.diagonal().sqrt()
        gone = score.argsort(dim=1, stable=True)[:, : int(W.shape[1] * sparsity)]
        return W.scatter(1, gone, 0.0)
    dead = gram.diagonal() == 0
    H = 2 / tokens * gram + torch.diag(dead.to(gram.dtype))
    H.diagonal().add_(DAMPING * H.diagonal().mean())
    U = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(H)), upper=True)
    W = W.masked_fill(dead, 0.0)
    for first in range(0, W.shape[1], BLOCK):
        here = slice(first, min(first + BLOCK, W.shape[1]))
        part, factor = W[:, here].clone(), U[here, here]
        cost = (part / factor.diagonal()).abs()
        kept = cost > _threshold(cost, sparsity)
        errors = torch.zeros_like(part)
        for j in range(part.shape[1]):
            errors[:, j] = part[:, j].masked_fill(kept[:, j], 0.0) / factor[j, j]
            part[:, j:] -= torch.outer(errors[:, j], factor[j, j:])
        W[:, here] = part * kept
        W[:, here.stop :] -= errors @ U[here, here.stop :]
    return W


def _threshold(values: Tensor, sparsity: float) -> Tensor:
    """The floor(sparsity count)-th smallest value, counted from 0: what is not above it goes."""
    place = min(int(values.numel() * sparsity), values.numel() - 1)
    return values.flatten().sort().values[place]
