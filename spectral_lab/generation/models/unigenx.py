"""UniGenX: one causal sequence in which symbols are drawn by a softmax and 3-vectors by a diffusion head.

p(u, x) = prod_i p(u_i | < i)^(1 - m_i) p(x_i | < i)^(m_i). The hidden state of slot i predicts slot i + 1, symbol or
number alike: a state that predicted its own slot would have seen it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.generation.models.decoder import Cache, Decoder
from spectral_lab.generation.models.head import DiffusionHead
from spectral_lab.generation.vocabulary import Vocabulary
from spectral_lab.training.published import load

DIFFUSION_WEIGHT = 100.0
NAMES = [("model.", "decoder."), ("diffloss.net.time_embed.mlp.", "head.time_embed."), ("diffloss.net.", "head.")]


class Output(NamedTuple):
    """Logits of the next symbol (B, T, vocabulary) and hidden states (B, T, hidden)."""

    logits: Float[Tensor, "b t vocabulary"]
    hidden: Float[Tensor, "b t hidden"]


class Loss(NamedTuple):
    """Cross-entropy of the symbols, loss of the diffusion, and ce + 100 diffusion."""

    ce: Float[Tensor, ""]
    diffusion: Float[Tensor, ""]
    total: Float[Tensor, ""]


class UniGenX(nn.Module):
    """The model. vocabulary: a `Vocabulary` or its name. Raises ValueError on sizes that do not fit.

    A batch is `tokens` (B, T), `mask` (B, T; 1 = numbers), `coordinates` (n, 3), a row for each 1 of the mask in
    reading order, and `attention` (B, T; 0 = padding; default no padding).
    """

    def __init__(
        self,
        vocabulary: Vocabulary | str,
        hidden: int,
        layers: int,
        heads: int,
        feedforward: int,
        head_width: int,
        head_depth: int,
        head_outputs: int = 6,
    ) -> None:
        super().__init__()
        self.vocabulary = vocabulary if isinstance(vocabulary, Vocabulary) else Vocabulary(vocabulary)
        self.decoder = Decoder(len(self.vocabulary), hidden, layers, heads, feedforward)
        self.lm_head = nn.Linear(hidden, len(self.vocabulary), bias=False)
        self.coordinate_encoder = CoordinateEncoder(hidden)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
        self.head: Any = DiffusionHead(head_width, hidden, head_depth, head_outputs)  # starts at zero, by its own rule

    def forward(
        self,
        tokens: Int[Tensor, "b t"],
        mask: Shaped[Tensor, "b t"],
        coordinates: Float[Tensor, "n 3"],
        attention: Shaped[Tensor, "b t"] | None = None,
    ) -> Output:
        """Logits and hidden states of every slot; slot i sees slots up to i, and no padding."""
        valid = torch.ones_like(tokens, dtype=torch.bool) if attention is None else attention.bool()
        positions = torch.arange(tokens.shape[1], device=tokens.device).expand_as(tokens)
        hidden = self.decoder(self.embed(tokens, mask, coordinates), positions, valid)
        return Output(self.lm_head(hidden), hidden)

    def loss(
        self,
        tokens: Int[Tensor, "b t"],
        mask: Shaped[Tensor, "b t"],
        coordinates: Float[Tensor, "n 3"],
        attention: Shaped[Tensor, "b t"] | None = None,
        t: Int[Tensor, " rows"] | None = None,
        noise: Float[Tensor, "rows 3"] | None = None,
        repeat: int = 4,
        smoothing: float = 0.05,
        include_padding: bool = False,
    ) -> Loss:
        """Cross-entropy where the next slot is a symbol, diffusion where it is a number.

        Every number is used `repeat` times, the whole list tiled, each time with its own timestep t (of 1000) and
        noise, drawn where they are not given: the decoder is dear and the head is cheap. smoothing: of the labels.
        A part of which there is nothing to predict is 0.
        include_padding: count padding as symbols to be predicted, as the released code does. Raises ValueError.
        """
        logits, hidden = self(tokens, mask, coordinates, attention)
        number = mask.bool()[:, 1:]
        valid = torch.ones_like(number) if attention is None or include_padding else attention.bool()[:, 1:]
        symbol = ~number & valid
        rows = logits[:, :-1][symbol]
        ce = F.cross_entropy(rows, tokens[:, 1:][symbol], label_smoothing=smoothing) if len(rows) else rows.sum()
        full = self.lm_head.weight.dtype  # also where the decoder runs in half precision
        c, x0 = hidden[:, :-1][number].to(full).repeat(repeat, 1), coordinates.to(full).repeat(repeat, 1)
        if t is None:
            t = torch.randint(1000, (len(x0),), device=x0.device)
        noise = torch.randn_like(x0) if noise is None else noise.to(x0.dtype)
        if len(t) != len(x0) or len(noise) != len(x0):
            raise ValueError(
                f"t and noise must have {len(x0)} rows, {repeat} for each number, got {len(t)}, {len(noise)}"
            )
        diffusion = self.head.loss(x0, c, t, noise).total.mean() if len(x0) else c.sum()
        return Loss(ce, diffusion, ce + DIFFUSION_WEIGHT * diffusion)

    def embed(
        self, tokens: Int[Tensor, "b t"], mask: Shaped[Tensor, "b t"], coordinates: Float[Tensor, "n 3"]
    ) -> Float[Tensor, "b t hidden"]:
        """Embedded slots: of a symbol its row of the table, of a number a small network of its three entries."""
        number = mask.bool()
        if number[:, :1].any() or int(number.sum()) != len(coordinates):
            raise ValueError(
                f"mask must be 0 in the first slot and have a 1 for each of {len(coordinates)} rows of coordinates, "
                f"got {int(number.sum())}"
            )
        x = self.decoder.embed_tokens(tokens)
        return x.masked_scatter(number[..., None], self.coordinate_encoder(coordinates.to(x.dtype)).to(x.dtype))

    def load_published(self, state_dict: Mapping[str, Any], dictionary: Iterable[str] | None = None) -> list[str]:
        """Take a released checkpoint by its names, or raise ValueError; returns the names that were not needed.

        dictionary: the lines of the dictionary that the checkpoint was trained with. Dictionaries of one size with
        other tokens exist ("mat", "cond_mat"); with the wrong one a model runs and writes nonsense.
        """
        if dictionary is not None:
            own = list(self.vocabulary.tokens[4:-3])
            given = [line.strip() for line in dictionary if line.strip()]
            for place, (theirs, ours) in enumerate(zip(given, own, strict=False)):
                if theirs != ours:
                    raise ValueError(
                        f"dictionary must be that of {self.vocabulary!r}, but line {place + 1} is {theirs!r}, "
                        f"not {ours!r}"
                    )
            if len(given) != len(own):
                raise ValueError(f"dictionary must have {len(own)} lines, got {len(given)}")
        return load(self, state_dict, NAMES, unused=r"model\..*rotary_emb\.inv_freq")


class CoordinateEncoder(nn.Module):
    """W_2 GELU(W_1 x + b_1) + b_2 of a 3-vector."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(3, hidden), nn.Linear(hidden, hidden)

    def forward(self, x: Float[Tensor, "n 3"]) -> Float[Tensor, "n hidden"]:
        return self.fc2(F.gelu(self.fc1(x)))


def generate(
    model: UniGenX,
    prompts: Sequence[Sequence[int]],
    slots: Sequence[int],
    sampler: Callable[[Callable, tuple[int, int], Callable], Any],
    noise: Callable[[tuple[int, int]], Any],
    numbers: Sequence[Any] | None = None,
) -> list[Float[Tensor, "slots 3"]]:
    """The numbers of each prompt: `slots[i]` rows of three behind prompt i, whose tokens end in `<coord>`.

    numbers: for each prompt the rows (k, 3) of the k `<mask>` slots that it holds itself, such as wanted properties.

    Prompts of unequal length are padded on the left. Each step runs the decoder on one slot, and the sampler
    `sampler(predictor, shape, noise)` on the whole batch, finished rows included: so a row does not depend on who else
    is there, except through a shared noise source. Raises ValueError.
    """
    tokens, valid = _left_padded(model, prompts)
    counts = [checks.integer(count, "slots", 1, 10_000) for count in slots]
    if len(counts) != len(prompts):
        raise ValueError(f"slots must hold a number for each of {len(prompts)} prompts, got {len(counts)}")
    with torch.inference_mode():
        x = _embedded(model, tokens, valid, numbers)
        together = _written(model, x, valid, _alike(model, tokens, valid), max(counts), sampler, noise)
    return [together[i, :count].clone() for i, count in enumerate(counts)]  # ordinary tensors again


def _written(
    model: UniGenX,
    x: Tensor,
    valid: Tensor,
    alike: tuple[Tensor, Tensor],
    steps: int,
    sampler: Callable,
    noise: Callable,
) -> Float[Tensor, "b steps 3"]:
    """The numbers of so many slots behind each embedded sentence."""
    was_training = model.training
    model.eval()
    different, rows_of = alike
    cache = Cache(model.decoder, F.pad(valid[different], (0, steps), value=True))
    hidden = model.decoder.extend(x[different], cache)[rows_of]
    cache.spread(rows_of)
    # A head that has work to share between its predictors says so.
    predictor = getattr(model.head, "predictors", lambda: model.head.predictor)()
    like, rows = hidden[:, -1], list[Tensor]()

    def drawn(shape: tuple[int, int]) -> Tensor:
        return torch.as_tensor(noise(shape), dtype=like.dtype, device=like.device)

    for step in range(steps):
        c = hidden[:, -1]
        x = sampler(predictor(c), (len(c), 3), drawn)
        rows.append(x)
        if step + 1 < steps:
            hidden = model.decoder.extend(model.coordinate_encoder(x)[:, None], cache)
    model.train(was_training)
    return torch.stack(rows, dim=1)


def _alike(model: UniGenX, tokens: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """One row of each kind of prompt, and the kind of each row: many samples of one composition are read once."""
    every = torch.arange(len(tokens), device=tokens.device)
    if (tokens == model.vocabulary.mask).any():
        return every, every  # they may differ in their numbers
    _, kinds = torch.unique(torch.stack([tokens, valid.long()], dim=1), dim=0, return_inverse=True)
    return kinds.new_empty(int(kinds.max()) + 1).scatter_(0, kinds, every), kinds


def _embedded(model: UniGenX, tokens: Tensor, valid: Tensor, numbers: Sequence[Any] | None) -> Tensor:
    """Prompts and the numbers in them. Raises ValueError unless these are as many as their slots."""
    given = [] if numbers is None else [torch.as_tensor(rows).reshape(-1, 3) for rows in numbers]
    like = model.lm_head.weight
    coordinates = torch.cat(given).to(like) if given else like.new_zeros(0, 3)
    return model.embed(tokens, (tokens == model.vocabulary.mask) & valid, coordinates)


@torch.no_grad()
def write_symbols(
    model: UniGenX,
    prompts: Sequence[Sequence[int]],
    top_p: float = 0.8,
    temperature: float = 1.0,
    limit: int = 100,
    generator: torch.Generator | None = None,
    numbers: Sequence[Any] | None = None,
) -> list[list[int]]:
    """Prompts continued symbol by symbol, by nucleus sampling, until `<coord>` or `<eos>` or `limit` more tokens.

    Of each distribution (logits over temperature) the most likely symbols are kept whose probabilities first sum to
    top_p (Holtzman et al. 2020). numbers: for each prompt the rows (k, 3) of its k `<mask>` slots, such as wanted
    properties. Raises ValueError.
    """
    top_p = checks.number(top_p, "top_p", maximum=1.0, above=0.0)
    temperature = checks.number(temperature, "temperature", above=0.0)
    limit = checks.integer(limit, "limit", 1, 10_000)
    tokens, valid = _left_padded(model, prompts)
    x = _embedded(model, tokens, valid, numbers)
    was_training = model.training
    model.eval()
    cache = Cache(model.decoder, F.pad(valid, (0, limit), value=True))
    hidden = model.decoder.extend(x, cache)
    texts, ends = [list(prompt) for prompt in prompts], {model.vocabulary.coord, model.vocabulary.eos}
    for _ in range(limit):
        probability = (model.lm_head(hidden[:, -1]) / temperature).softmax(-1)
        ranked, order = probability.sort(descending=True)
        ranked = ranked * (ranked.cumsum(-1) - ranked < top_p)
        drawn = order.gather(1, torch.multinomial(ranked, 1, generator=generator))
        for text, token in zip(texts, drawn[:, 0].tolist(), strict=True):
            if text[-1] not in ends:
                text.append(token)
        if all(text[-1] in ends for text in texts):
            break
        hidden = model.decoder.extend(model.decoder.embed_tokens(drawn), cache)
    model.train(was_training)
    return texts


def _left_padded(model: UniGenX, prompts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    if not len(prompts) or not all(len(prompt) for prompt in prompts):
        raise ValueError("prompts must hold at least one token each, and there must be one")
    longest, last = max(map(len, prompts)), len(model.vocabulary) - 1
    pads = [longest - len(prompt) for prompt in prompts]
    rows = [
        [model.vocabulary.pad] * pad + [checks.integer(token, "prompts", 0, last) for token in prompt]
        for pad, prompt in zip(pads, prompts, strict=True)
    ]
    tokens = torch.tensor(rows, device=model.lm_head.weight.device)
    return tokens, torch.arange(tokens.shape[1], device=tokens.device) >= tokens.new_tensor(pads)[:, None]
