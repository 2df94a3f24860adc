"""The released computations once more, written from their formulas in numpy: other widths, depths and step counts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from spectral_lab.generation import CosineSchedule, ddim, ddpm, dpm_solver, respace
from spectral_lab.generation.models import Decoder, DiffusionHead

SCHEDULE = CosineSchedule()
HEADS = [(24, 12, 1, 6), (40, 7, 4, 3), (8, 5, 0, 6)]  # width, condition, depth, outputs


def silu(x):
    return x / (1 + np.exp(-x))


def random_head(width, condition, depth, outputs):
    torch.manual_seed(width)
    head = DiffusionHead(width, condition, depth, outputs).double()
    for parameter in head.parameters():
        nn.init.normal_(parameter, std=0.3)
    return head


def plain_head(head, x, t, c):
    weights = {name: value.numpy() for name, value in head.state_dict().items()}

    def linear(name, v):
        return v @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(v):
        return (v - v.mean(1, keepdims=True)) / np.sqrt(v.var(1, keepdims=True) + 1e-6)

    angles = np.asarray(t)[:, None] * 10_000.0 ** (-np.arange(128) / 128)
    features = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    y = linear("time_embed.2", silu(linear("time_embed.0", features))) + linear("cond_embed", c)
    z = linear("input_proj", x)
    for i in range(len(head.res_blocks)):
        block = f"res_blocks.{i}"
        shift, scale, gate = np.split(linear(f"{block}.adaLN_modulation.1", silu(y)), 3, axis=1)
        u = norm(z) * weights[f"{block}.in_ln.weight"] + weights[f"{block}.in_ln.bias"]
        hidden = silu(linear(f"{block}.mlp.0", u * (1 + scale) + shift))
        z = z + gate * linear(f"{block}.mlp.2", hidden)
    shift, scale = np.split(linear("final_layer.adaLN_modulation.1", silu(y)), 2, axis=1)
    return linear("final_layer.linear", norm(z) * (1 + scale) + shift)


@pytest.mark.parametrize("size", HEADS)
@torch.no_grad()
def test_the_head_is_its_formula(size):
    head, rng = random_head(*size), np.random.RandomState(0)
    x, t, c = rng.standard_normal((6, 3)), np.array([0, 1, 17, 500, 998, 999]), rng.standard_normal((6, size[1]))
    found = head(torch.tensor(x), torch.tensor(t), torch.tensor(c)).numpy()
    np.testing.assert_allclose(found, plain_head(head, x, t, c), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("size", HEADS)
@torch.no_grad()
def test_a_predictor_is_the_head_for_every_condition(size):
    """Told its timesteps beforehand or not: what is kept for the next condition does not depend on this one."""
    head, rng = random_head(*size), np.random.RandomState(3)
    predictors = head.predictors()
    for told in ([], [37], [999, 37, 0], [37]):
        c, x = (torch.tensor(rng.standard_normal((4, width))) for width in (size[1], 3))
        predictor = predictors(c)
        predictor.prepare(told)
        for step in (37, 999):
            t = torch.full((4,), step)
            np.testing.assert_allclose(predictor(x, t), head(x, t, c), rtol=1e-12, atol=1e-12)


def plain_chain(head, c, N, seed, temperature):
    """Ancestral sampling: learned variance with six outputs, else beta."""
    kept, place = [], 0.0
    for _ in range(N):
        kept.append(round(place))
        place += 999 / (N - 1)
    abar = SCHEDULE.alphas_cumprod[kept]
    before = np.append(1, abar[:-1])
    beta = 1 - abar / before
    small = beta * (1 - before) / (1 - abar)
    small[0] = small[1]
    tape = np.random.RandomState(seed)
    x = tape.standard_normal((len(c), 3))
    for i in reversed(range(N)):
        out = plain_head(head, x, np.full(len(c), kept[i]), c)
        x0 = x / np.sqrt(abar[i]) - np.sqrt(1 / abar[i] - 1) * out[:, :3]
        mean = beta[i] * np.sqrt(before[i]) * x0 + (1 - before[i]) * np.sqrt(1 - beta[i]) * x
        large = beta[i] if i else small[1]
        v = (out[:, 3:] + 1) / 2
        variance = beta[i] ** v * small[i] ** (1 - v) if out.shape[1] == 6 else large
        x = mean / (1 - abar[i]) + (i > 0) * temperature * np.sqrt(variance) * tape.standard_normal((len(c), 3))
    return x


@pytest.mark.parametrize("size", HEADS)
@pytest.mark.parametrize("N", [7, 33])
@torch.no_grad()
def test_ancestral_sampling_is_its_formula(size, N):
    head, c = random_head(*size), np.random.RandomState(1).standard_normal((4, size[1]))
    tape = np.random.RandomState(5).standard_normal
    variance = "learned" if size[3] == 6 else "large"
    predictor = head.predictor(torch.tensor(c))
    found = ddpm(predictor, respace(SCHEDULE, N), (4, 3), lambda shape: torch.tensor(tape(shape)), 0.8, variance)
    expected = plain_chain(head, c, N, 5, 0.8)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


def plain_solver(head, c, N, seed, steps):
    schedule = respace(SCHEDULE, N)
    lam = 0.5 * np.log(schedule.alphas_cumprod / (1 - schedule.alphas_cumprod))
    M = int((lam >= -5.1).sum())
    times, log_alpha = (np.arange(M) + 1) / M, 0.5 * np.log(schedule.alphas_cumprod[:M])
    grid = np.linspace(lam[M - 1], lam[0], steps + 1)
    along = -0.5 * np.log1p(np.exp(-2 * grid))
    at, alpha = np.interp(-along, -log_alpha, times), np.exp(along)
    sigma = np.sqrt(1 - alpha**2)
    x, last = np.random.RandomState(seed).standard_normal((len(c), 3)), None
    for i in range(1, steps + 1):
        index = min(int(np.floor(at[i - 1] * M + 1e-6)), N - 1)
        eps = plain_head(head, x, np.full(len(c), schedule.timesteps[index]), c)[:, :3]
        x0, h = (x - sigma[i - 1] * eps) / alpha[i - 1], grid[i] - grid[i - 1]
        first = last is None or i == steps < 10
        mixed = x0 if first else x0 + 0.5 * h / (grid[i - 1] - grid[i - 2]) * (x0 - last)
        x, last = sigma[i] / sigma[i - 1] * x - alpha[i] * np.expm1(-h) * mixed, x0
    return x


@pytest.mark.parametrize("size", HEADS)
@pytest.mark.parametrize(("N", "steps"), [(33, 5), (128, 11), (250, 20)])
@torch.no_grad()
def test_the_solver_is_its_formula(size, N, steps):
    head, c = random_head(*size), np.random.RandomState(1).standard_normal((4, size[1]))
    tape = np.random.RandomState(6).standard_normal
    predictor = head.predictor(torch.tensor(c))
    found = dpm_solver(predictor, respace(SCHEDULE, N), (4, 3), lambda shape: torch.tensor(tape(shape)), steps)
    np.testing.assert_allclose(found.numpy(), plain_solver(head, c, N, 6, steps), rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_the_variational_bound_is_its_formula():
    head, rng = random_head(8, 4, 1, 6), np.random.RandomState(2)
    x0, t, c = rng.standard_normal((40, 3)), rng.randint(0, 1000, 40), rng.standard_normal((40, 4))
    t[:4], x0[0], x0[1] = 0, 1.2, -1.3
    noise = rng.standard_normal((40, 3))
    abar, beta = (getattr(SCHEDULE, name)[t][:, None] for name in ("alphas_cumprod", "betas"))
    x = np.sqrt(abar) * x0 + np.sqrt(1 - abar) * noise
    eps, v = np.split(plain_head(head, x, t, c), 2, axis=1)
    small = SCHEDULE.posterior_log_variance_clipped[t][:, None]
    log_variance = (v + 1) / 2 * np.log(beta) + (1 - v) / 2 * small
    c1, c2 = (getattr(SCHEDULE, f"posterior_mean_coef{k}")[t][:, None] for k in (1, 2))
    guess = c1 * (x / np.sqrt(abar) - np.sqrt(1 / abar - 1) * eps) + c2 * x
    apart = (c1 * x0 + c2 * x - guess) ** 2 * np.exp(-log_variance)
    divergence = (log_variance - small - 1 + np.exp(small - log_variance) + apart) / 2 / np.log(2)
    below, above = (phi((x0 - guess + side / 255) * np.exp(-log_variance / 2)) for side in (-1, 1))
    likelihood = np.where(x0 < -0.999, above, np.where(x0 > 0.999, 1 - below, above - below))
    bits = np.where(t[:, None] == 0, -np.log2(likelihood.clip(1e-12)), divergence).mean(1)
    found = head.loss(*(torch.tensor(array) for array in (x0, c, t, noise)))
    np.testing.assert_allclose(found.vb.numpy(), bits, rtol=1e-9)
    np.testing.assert_allclose(found.total.numpy(), ((noise - eps) ** 2).mean(1) + bits, rtol=1e-9)


def phi(y):
    return 0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (y + 0.044715 * y**3)))


@pytest.mark.parametrize(("hidden", "layers", "heads", "feedforward"), [(24, 3, 3, 20), (16, 1, 2, 40)])
@torch.no_grad()
def test_the_decoder_is_its_formula(hidden, layers, heads, feedforward):
    """Row by row and head by head, with padding on the left of one sentence."""
    torch.manual_seed(hidden)
    decoder = Decoder(5, hidden, layers, heads, feedforward).double()
    for parameter in decoder.parameters():
        nn.init.normal_(parameter, std=0.3)
    x, pad = torch.randn(2, 6, hidden).double(), 2
    valid = torch.ones(2, 6, dtype=torch.bool)
    valid[1, :pad] = False
    positions = (valid.long().cumsum(1) - 1).clamp(min=0)
    found = decoder(x, positions, valid).numpy()
    np.testing.assert_allclose(found[0], plain_decoder(decoder, x[0].numpy(), heads), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(found[1, pad:], plain_decoder(decoder, x[1, pad:].numpy(), heads), rtol=1e-9, atol=1e-10)


def plain_decoder(decoder, x, heads):
    weights = {name: value.numpy() for name, value in decoder.state_dict().items()}
    size = x.shape[1] // heads

    def norm(name, v):
        return v / np.sqrt((v**2).mean(1, keepdims=True) + 1e-6) * weights[f"{name}.weight"]

    def turned(v):  # (T, size): pairs (i, i + size/2) by position / 10 000^(2 i / size)
        angle = np.arange(len(v))[:, None] / 10_000.0 ** (2 * np.arange(size // 2) / size)
        z = (v[:, : size // 2] + 1j * v[:, size // 2 :]) * np.exp(1j * angle)
        return np.concatenate([z.real, z.imag], axis=1)

    for i in range(len(decoder.layers)):
        layer = f"layers.{i}"
        y = norm(f"{layer}.input_layernorm", x)
        q, k, v = (y @ weights[f"{layer}.self_attn.{name}_proj.weight"].T for name in "qkv")
        parts = []
        for j in range(heads):
            own = slice(j * size, (j + 1) * size)
            score = turned(q[:, own]) @ turned(k[:, own]).T / np.sqrt(size)
            share = np.exp(score) * np.tri(len(x))
            parts.append(share / share.sum(1, keepdims=True) @ v[:, own])
        x = x + np.concatenate(parts, axis=1) @ weights[f"{layer}.self_attn.o_proj.weight"].T
        y = norm(f"{layer}.post_attention_layernorm", x)
        gate, up = (y @ weights[f"{layer}.mlp.{name}_proj.weight"].T for name in ("gate", "up"))
        x = x + silu(gate) * up @ weights[f"{layer}.mlp.down_proj.weight"].T
    return norm("norm", x)


def test_ddim_without_a_network_is_its_formula():
    """x_{t-1} = sqrt(abar') x_0^ + sqrt(1 - abar') eps^ with a predictor that is a plain function of x and t."""

    def predictor(x, t):
        return np.tanh(x) * (1 + np.asarray(t)[:, None] / 1000)

    schedule = respace(SCHEDULE, 9)
    x = start = np.random.RandomState(7).standard_normal((3, 2))
    for i in reversed(range(9)):
        eps, abar = predictor(x, [schedule.timesteps[i]] * 3), schedule.alphas_cumprod[i]
        before = schedule.alphas_cumprod[i - 1] if i else 1.0
        x = np.sqrt(before) * (x - np.sqrt(1 - abar) * eps) / np.sqrt(abar) + np.sqrt(1 - before) * eps
    found = ddim(predictor, schedule, (3, 2), lambda shape: start)
    np.testing.assert_allclose(found, x, rtol=1e-8)
