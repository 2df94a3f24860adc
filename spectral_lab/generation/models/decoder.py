"""A causal decoder in the style of Llama (Touvron et al. 2023): RMS norms, rotary positions, SwiGLU, no biases.

The first dimension of every tensor is the batch, the second the position. A cache holds the keys and values of the
positions seen so far, so that a new slot costs one position and not the whole prefix.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from spectral_lab import checks

ROTARY_BASE = 10_000.0
EPSILON = 1e-6

Cache = list[tuple[Tensor, Tensor]]


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
        self,
        x: Float[Tensor, "b t hidden"],
        positions: Int[Tensor, "b t"],
        valid: Bool[Tensor, "b s"],
        cache: Cache | None = None,
    ) -> Float[Tensor, "b t hidden"]:
        """Hidden states of the new slots x, at these positions; valid marks all slots so far that are no padding.

        cache: keys and values of earlier slots, one pair a layer; it is extended in place.
        """
        rotation = rotary(positions, self.size, x.dtype)
        allowed = causal(valid, x.shape[1])
        for i, layer in enumerate(self.layers):
            x = layer(x, rotation, allowed, cache, i)
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
        self, x: Tensor, rotation: tuple[Tensor, Tensor], allowed: Tensor, cache: Cache | None, i: int
    ) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), rotation, allowed, cache, i)
        return x + self.mlp(self.post_attention_layernorm(x))


class Attention(nn.Module):
    """Multi-head attention with rotary positions."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(hidden, hidden, bias=False) for _ in range(4))

    def forward(
        self, x: Tensor, rotation: tuple[Tensor, Tensor], allowed: Tensor, cache: Cache | None, i: int
    ) -> Tensor:
        q, k, v = (p(x).unflatten(2, (self.heads, -1)).transpose(1, 2) for p in (self.q_proj, self.k_proj, self.v_proj))
        q, k = rotate(q, rotation), rotate(k, rotation)
        if cache is not None:
            if i < len(cache):
                k, v = torch.cat([cache[i][0], k], dim=2), torch.cat([cache[i][1], v], dim=2)
                cache[i] = (k, v)
            else:
                cache.append((k, v))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed[:, None])
        return self.o_proj(y.transpose(1, 2).flatten(2))


class SwiGLU(nn.Module):
    """down(silu(gate(x)) * up(x)) (Shazeer 2020)."""

    def __init__(self, hidden: int, feedforward: int) -> None:
        super().__init__()
        self.gate_proj, self.up_proj = (nn.Linear(hidden, feedforward, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(feedforward, hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


def rotary(positions: Int[Tensor, "b t"], size: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """cos and sin (B, 1, T, size/2) of position times 10 000^(-2 i/size) (Su et al. 2021).

    The angles are computed in single precision at least.
    """
    exact = torch.promote_types(dtype, torch.float32)
    steps = torch.arange(0, size, 2, device=positions.device, dtype=exact) / size
    angles = positions[:, None, :, None].to(exact) * ROTARY_BASE**-steps
    return angles.cos().to(dtype), angles.sin().to(dtype)


def rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Turn each pair (x_i, x_{i + size/2}) by its angle."""
    cos, sin = rotation
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def causal(valid: Bool[Tensor, "b s"], new: int) -> Bool[Tensor, "b new s"]:
    """Whom each of the last `new` slots may look at: valid slots up to itself."""
    total = valid.shape[1]
    order = torch.arange(total, device=valid.device)
    queries = order[total - new :, None]
    allowed = (order <= queries) & valid[:, None]
    # Padding before the first token looks at itself, or its softmax would be over nothing.
    return allowed | ((order == queries) & ~allowed.any(-1, keepdim=True))
