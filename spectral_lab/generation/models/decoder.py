"""A causal decoder in the style of Llama (Touvron et al. 2023): RMS norms, rotary positions, SwiGLU, no biases.

The first dimension of every tensor is the batch, the second the position. A cache holds the keys and values of the
positions seen so far, so that a new slot costs one position and not the whole prefix.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from spectral_lab import checks

ROTARY_BASE = 10_000.0
EPSILON = 1e-6


class Cache:
    """Keys and values of the slots seen so far, for every layer, in room that is taken at once.

    valid (b, slots) marks the slots, those to come too, that are no padding: positions count these, and what follows
    from them is computed once.
    """

    def __init__(self, decoder: Decoder, valid: Bool[Tensor, "b slots"]) -> None:
        like, heads = decoder.norm.weight, decoder.norm.weight.numel() // decoder.size
        shape = (len(decoder.layers), 2, len(valid), heads, valid.shape[1], decoder.size)
        self.room: Tensor = like.new_empty(shape)
        self.seen, self.valid = 0, valid
        self.cos, self.sin = rotary((valid.long().cumsum(1) - 1).clamp(min=0), decoder.size, like.dtype)
        # One product in the place of three, and of two: what is cached is for generating, where weights stand still.
        layers: Any = decoder.layers
        attentions, mlps = [layer.self_attn for layer in layers], [layer.mlp for layer in layers]
        self.projections = [torch.cat([a.q_proj.weight, a.k_proj.weight, a.v_proj.weight]) for a in attentions]
        self.gates = [torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]) for mlp in mlps]

    def sight(self, new: int) -> tuple[tuple[Tensor, Tensor], Tensor | None]:
        """The rotations of the next `new` slots, and whom they may look at."""
        end = self.seen + new
        rotation = self.cos[:, :, self.seen : end], self.sin[:, :, self.seen : end]
        return rotation, causal(self.valid[:, :end], new)

    def extended(self, i: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and values of layer i, the new ones included."""
        end = self.seen + k.shape[2]
        self.room[i, 0, :, :, self.seen : end], self.room[i, 1, :, :, self.seen : end] = k, v
        return self.room[i, 0, :, :, :end], self.room[i, 1, :, :, :end]

    def spread(self, rows: Int[Tensor, " b"]) -> None:
        """Give each of these rows a copy of its own of what was seen: rows that began alike were read once."""
        self.room = self.room[:, :, rows]
        self.valid, self.cos, self.sin = self.valid[rows], self.cos[rows], self.sin[rows]


class Decoder(nn.Module):
    """Embedded slots (B, T, hidden) -> hidden states after the last norm (B, T, hidden)."""

    def __init__(self, tokens: int, hidden: int, layers: int, heads: int, feedforward: int) -> None:
        super().__init__()
        hidden, heads = checks.integer(hidden, "hidden", 2, 65536), checks.integer(heads, "heads", 1, 1024)
        layers = checks.integer(layers, "layers", 1, 512)
        feedforward = checks.integer(feedforward, "feedforward", 1, 10**6)
        if hidden % (2 * heads):
            raise ValueError(f"hidden must be a multiple of twice the {heads} heads, got {hidden}")
        self.size = hidden // heads  # of a head
        self.embed_tokens = nn.Embedding(tokens, hidden)
        self.layers = nn.ModuleList(DecoderLayer(hidden, heads, feedforward) for _ in range(layers))
        self.norm = nn.RMSNorm(hidden, eps=EPSILON)

    def forward(
        self, x: Float[Tensor, "b t hidden"], positions: Int[Tensor, "b t"], valid: Bool[Tensor, "b t"]
    ) -> Float[Tensor, "b t hidden"]:
        """Hidden states of the slots x, at these positions; valid marks those that are no padding."""
        rotation, allowed = rotary(positions, self.size, x.dtype), causal(valid, x.shape[1])
        for i, layer in enumerate(self.layers):
            x = layer(x, rotation, allowed, None, i)
        return self.norm(x)

    def extend(self, x: Float[Tensor, "b t hidden"], cache: Cache) -> Float[Tensor, "b t hidden"]:
        """Hidden states of new slots x behind those that the cache has seen; it takes them in."""
        rotation, allowed = cache.sight(x.shape[1])
        for i, layer in enumerate(self.layers):
            x = layer(x, rotation, allowed, cache, i)
        cache.seen += x.shape[1]
        return self.norm(x)


class DecoderLayer(nn.Module):
    """x + attention(norm(x)), then x + SwiGLU(norm(x))."""

    def __init__(self, hidden: int, heads: int, feedforward: int) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(hidden, eps=EPSILON)
        self.self_attn = Attention(hidden, heads)
        self.post_attention_layernorm = nn.RMSNorm(hidden, eps=EPSILON)
        self.mlp = SwiGLU(hidden, feedforward)

    def forward(
        self, x: Tensor, rotation: tuple[Tensor, Tensor], allowed: Tensor | None, cache: Cache | None, i: int
    ) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), rotation, allowed, cache, i)
        gate = None if cache is None else cache.gates[i]
        return x + self.mlp(self.post_attention_layernorm(x), gate)


class Attention(nn.Module):
    """Multi-head attention with rotary positions."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(hidden, hidden, bias=False) for _ in range(4))

    def forward(
        self, x: Tensor, rotation: tuple[Tensor, Tensor], allowed: Tensor | None, cache: Cache | None, i: int
    ) -> Tensor:
        if cache is None:
            together = torch.cat([project(x) for project in (self.q_proj, self.k_proj, self.v_proj)], dim=-1)
        else:
            together = F.linear(x, cache.projections[i])
        heads = together.unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (3, B, heads, T, size)
        (q, k), v = rotate(heads[:2], rotation), heads[2]
        if cache is not None:
            k, v = cache.extended(i, k, v)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=None if allowed is None else allowed[:, None])
        return self.o_proj(y.transpose(1, 2).flatten(2))


class SwiGLU(nn.Module):
    """down(silu(gate(x)) * up(x)) (Shazeer 2020)."""

    def __init__(self, hidden: int, feedforward: int) -> None:
        super().__init__()
        self.gate_proj, self.up_proj = (nn.Linear(hidden, feedforward, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(feedforward, hidden, bias=False)

    def forward(self, x: Tensor, together: Tensor | None = None) -> Tensor:
        """together: the weights of gate and up in one matrix, where they are at hand."""
        if together is None:
            gate, up = self.gate_proj(x), self.up_proj(x)
        else:
            gate, up = F.linear(x, together).chunk(2, dim=-1)
        return self.down_proj(F.silu(gate) * up)


def rotary(positions: Int[Tensor, "b t"], size: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """cos, and sin with its sign, (B, 1, T, size), of position times 10 000^(-2 i/size) (Su et al. 2021).

    Entries i and i + size/2 turn by one angle; the sine is negative in the first half. The angles are computed in
    single precision at least.
    """
    exact = torch.promote_types(dtype, torch.float32)
    steps = torch.arange(0, size, 2, device=positions.device, dtype=exact) / size
    angles = positions[:, None, :, None].to(exact) * ROTARY_BASE**-steps
    cos, sin = angles.cos().to(dtype), angles.sin().to(dtype)
    return torch.cat([cos, cos], dim=-1), torch.cat([-sin, sin], dim=-1)


def rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Turn each pair (x_i, x_{i + size/2}) by its angle."""
    cos, sin = rotation
    return x * cos + x.roll(x.shape[-1] // 2, dims=-1) * sin


def causal(valid: Bool[Tensor, "b s"], new: int) -> Bool[Tensor, "b new s"] | None:
    """Whom each of the last `new` slots may look at: valid slots up to itself. None: one slot, which sees them all."""
    if new == 1 and valid.all():
        return None
    total = valid.shape[1]
    order = torch.arange(total, device=valid.device)
    queries = order[total - new :, None]
    allowed = (order <= queries) & valid[:, None]
    # Padding before the first token looks at itself, or its softmax would be over nothing.
    return allowed | ((order == queries) & ~allowed.any(-1, keepdim=True))
