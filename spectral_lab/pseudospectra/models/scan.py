"""The linear recurrence x_t = lambda x_{t-1} + b_t in parallel, with its own adjoint.

Autograd through a parallel scan keeps every pass in memory. The adjoint of a linear recurrence is the same
recurrence run backwards with the conjugate of lambda, so the forward pass has to keep its result and nothing else.
"""

from __future__ import annotations

from itertools import pairwise
from math import isqrt
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Inexact
from torch import Tensor


def linear_scan(lam: Tensor, b: Tensor, reverse: bool = False) -> Inexact[Tensor, "batch length p"]:
    """x_t = lam x_{t-1} + b_t with x_{-1} = 0; with `reverse`, x_t = lam x_{t+1} + b_t from the other end.

    Its gradients, with g_t = dL/dx_t + conj(lam) g_{t+1} (Appendix H of the S5 paper has the scan; the adjoint is
    derived here): dL/db_t = g_t and dL/dlam = sum over t and batch of g_t conj(x_{t-1}).

    Args: lam, (p,), |lam| <= 1 for a stable one; b, (batch, length, p), of the same type, real or complex.
    Raises: ValueError if the shapes or types do not fit.
    """
    if lam.ndim != 1 or b.ndim != 3 or b.shape[-1] != lam.shape[0] or 0 in b.shape:
        raise ValueError(
            f"b must be (batch, length, p) and lam (p,), none empty; got {(*b.shape,)} and {(*lam.shape,)}"
        )
    if lam.dtype != b.dtype:
        raise ValueError(f"lam and b must be of the same type, got {lam.dtype} and {b.dtype}")
    return _LinearScan.apply(lam, b, reverse)


class _LinearScan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, lam: Tensor, b: Tensor, reverse: bool) -> Tensor:
        x = _scan(lam, b, reverse)
        ctx.save_for_backward(lam, x)
        ctx.reverse = reverse
        return x

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, Tensor, None]:
        lam, x = ctx.saved_tensors
        g = linear_scan(lam.conj().resolve_conj(), upstream[0], not ctx.reverse)
        if not ctx.needs_input_grad[0]:
            return None, g, None
        late, early = (slice(None, -1), slice(1, None)) if ctx.reverse else (slice(1, None), slice(None, -1))
        return (g[:, late] * x[:, early].conj()).sum((0, 1)), g, None


def _scan(lam: Tensor, b: Tensor, reverse: bool) -> Tensor:
    """In about sqrt(length) blocks of about sqrt(length) steps: all blocks at once from 0, then their carries.

    2 sqrt(length) short operations and three passes over the data, where doubling needs log2(length) passes. Run in
    either direction in place: turning the data round costs more than the scan.
    """
    batch, length, p = b.shape
    T = max(1, isqrt(length))
    blocks = -(-length // T)
    x = F.pad(b, (0, 0, 0, blocks * T - length)).view(batch, blocks, T, p)  # a copy; the zeros reach no state
    steps, order = (range(n)[:: -1 if reverse else 1] for n in (T, blocks))
    for before, now in pairwise(steps):
        x[:, :, now].addcmul_(lam, x[:, :, before])  # within each block

    power = lam.expand(T, p).cumprod(0)  # (T, p): lam^1 .. lam^T
    carry = x[:, :, steps[-1]].clone()  # (batch, blocks, p): what each block hands on
    for before, now in pairwise(order):
        carry[:, now].addcmul_(power[-1], carry[:, before])
    if reverse:
        x[:, :-1].addcmul_(power.flip(0), carry[:, 1:, None])
    else:
        x[:, 1:].addcmul_(power, carry[:, :-1, None])
    return x.view(batch, blocks * T, p)[:, :length]
