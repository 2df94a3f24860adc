"""LLaMA, as far as pruning and perplexity need it; parameters are named as published checkpoints name them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from spectral_lab.archives import FormatError
from spectral_lab.heavytails.checkpoints import open_checkpoint


class RMSNorm(nn.Module):
    """x over its root mean square, times a weight."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        y = x.float()
        return self.weight * (y * (y.square().mean(-1, keepdim=True) + self.eps).rsqrt()).to(x.dtype)


class Attention(nn.Module):
    """Causal attention with rotary positions; several query heads may share a key and a value head."""

    def __init__(self, width: int, heads: int, shared: int, theta: float) -> None:
        super().__init__()
        self.heads, self.size, self.theta = heads, width // heads, theta
        self.q_proj, self.o_proj = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.k_proj, self.v_proj = (nn.Linear(width, shared * self.size, bias=False) for _ in range(2))

    def turned(self, x: Float[Tensor, "b h t c"]) -> Float[Tensor, "b h t c"]:
        """Each pair (x_i, x_{i + c/2}) turned by t theta^(-2i/c)."""
        half = self.size // 2
        speed = self.theta ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
        angle = torch.arange(x.shape[2], device=x.device)[:, None] * speed
        cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        q, k, v = (f(x).unflatten(-1, (-1, self.size)).transpose(1, 2) for f in (self.q_proj, self.k_proj, self.v_proj))
        k, v = (part.repeat_interleave(self.heads // part.shape[1], 1) for part in (k, v))
        mixed = F.scaled_dot_product_attention(self.turned(q), self.turned(k), v, is_causal=True)
        return self.o_proj(mixed.transpose(1, 2).flatten(2))


class Gated(nn.Module):
    """The feed-forward layer: down (silu(gate x) * up x)."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.gate_proj, self.up_proj = (nn.Linear(width, inner, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(inner, width, bias=False)

    def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class LlamaBlock(nn.Module):
    """Attention and feed-forward, each behind a norm and beside a shortcut."""

    def __init__(self, width: int, inner: int, heads: int, shared: int, eps: float, theta: float) -> None:
        super().__init__()
        self.input_layernorm, self.post_attention_layernorm = RMSNorm(width, eps), RMSNorm(width, eps)
        self.self_attn, self.mlp = Attention(width, heads, shared, theta), Gated(width, inner)

    def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        x = x + self.self_attn(self.input_layernorm(x))
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    """A LLaMA of the sizes that the `config.json` of a published checkpoint gives."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        width, heads = config["hidden_size"], config["num_attention_heads"]
        shared, eps = config.get("num_key_value_heads") or heads, config["rms_norm_eps"]
        sizes = (width, config["intermediate_size"], heads, shared, eps, config.get("rope_theta") or 10_000.0)
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(config["vocab_size"], width)
        self.model.layers = nn.ModuleList(LlamaBlock(*sizes) for _ in range(config["num_hidden_layers"]))
        self.model.norm = RMSNorm(width, eps)
        self.lm_head = nn.Linear(width, config["vocab_size"], bias=False)

    @property
    def blocks(self) -> nn.ModuleList:
        """The blocks, which are what is pruned."""
        return self.model.layers  # type: ignore[return-value]

    def embed(self, tokens: Int[Tensor, "b t"]) -> Float[Tensor, "b t d"]:
        """What the first block takes in."""
        return self.model.embed_tokens(tokens)  # type: ignore[operator]

    def forward(self, tokens: Int[Tensor, "b t"]) -> Float[Tensor, "b t v"]:
        x = self.embed(tokens)
        for block in self.blocks:
            x = block(x)
        return self.lm_head(self.model.norm(x))  # type: ignore[operator]


def load_llama(folder: Path, device: torch.device) -> Llama:
    """The model of a folder as published, in half precision on a GPU. Raises: FormatError, OSError."""
    kind = torch.float32 if device.type == "cpu" else torch.float16
    with torch.device("meta"):
        net = Llama(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    wanted, found = net.state_dict(), {}
    for entry in open_checkpoint(folder).entries:
        if entry.name in wanted:
            if entry.shape != tuple(wanted[entry.name].shape):
                raise FormatError(f"{entry.name} has shape {entry.shape}, not {tuple(wanted[entry.name].shape)}")
            found[entry.name] = torch.from_numpy(entry.read().copy()).to(device, kind)
    if "model.embed_tokens.weight" in found:
        found.setdefault("lm_head.weight", found["model.embed_tokens.weight"])  # where both are one
    if missing := [name for name in wanted if name not in found]:
        raise FormatError(f"{folder} lacks {', '.join(missing[:3])}")
    net.load_state_dict(found, assign=True)
    return net.eval()
