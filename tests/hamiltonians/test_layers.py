from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from spectral_lab.hamiltonians import choose, rotation, spherical_harmonics, wa_loss, wigner_3j, wigner_d
from spectral_lab.hamiltonians import models as m
from spectral_lab.hamiltonians.models.gates import quantile_by_group
from spectral_lab.hamiltonians.models.layers import ExchangeLinear, shifted_softplus


def tensor(array: Any) -> Tensor:
    return torch.tensor(array)


def from_e3nn(flat: np.ndarray, L: int, channels: int) -> Tensor:
    """e3nn's layout, degree by degree and channel-major, as [rows, channels, (L+1)^2]."""
    starts = channels * np.arange(L + 2) ** 2
    parts = [flat[:, starts[l] : starts[l + 1]].reshape(-1, channels, 2 * l + 1) for l in range(L + 1)]
    return tensor(np.concatenate(parts, axis=2))


def turned(x: Tensor, R: np.ndarray) -> Tensor:
    L = round(x.shape[-1] ** 0.5) - 1
    parts = [x[..., l * l : (l + 1) ** 2] @ tensor(wigner_d(l, R)).T for l in range(L + 1)]
    return torch.cat(parts, dim=-1)


def randomised(module: nn.Module) -> nn.Module:
    for parameter in module.parameters():
        parameter.data = parameter.data.double() + 0.3 * torch.randn(parameter.shape, dtype=torch.float64)
    return module.double()


def test_layers_meet_the_released_ones(reference: Callable[[str], Any]) -> None:
    b = reference("blocks.npz")
    rbf = m.BernsteinRBF(int(b["rbf_n"]), float(b["rbf_cut"]), float(b["rbf_alpha"])).double()
    torch.testing.assert_close(rbf(tensor(b["rbf_r"])), tensor(b["rbf_out"]), rtol=0, atol=1e-12)
    gate = m.NormGate(2, 4).double()
    for number, linear in enumerate(module for module in gate.modules() if isinstance(module, nn.Linear)):
        linear.weight.data, linear.bias.data = tensor(b[f"ng_w{number}"]), tensor(b[f"ng_b{number}"])
    torch.testing.assert_close(gate(from_e3nn(b["ng_x"], 2, 4)), from_e3nn(b["ng_out"], 2, 4))
    products = m.inner_product(from_e3nn(b["ip_x"], 2, 4), from_e3nn(b["ip_y"], 2, 4))
    torch.testing.assert_close(products.transpose(1, 2).flatten(1), tensor(b["ip_out"]))
    norm = m.EquivariantLayerNorm(2, 4).double()
    norm.weight.data, norm.bias.data = tensor(np.stack([b["ln_w0"], *b["ln_w"]])), tensor(b["ln_b0"])
    torch.testing.assert_close(norm(tensor(b["ln_x"]).transpose(1, 2)), tensor(b["ln_out"]).transpose(1, 2))
    expansion = m.Expansion(int(b["ex_channels"]), "def2-svp")
    assert expansion.paths == [tuple(row) for row in b["ex_instr"].tolist()]
    blocks = expansion(from_e3nn(b["ex_f"], 4, 4), tensor(b["ex_W"]), tensor(b["ex_b"]))
    torch.testing.assert_close(blocks, tensor(b["ex_out"]), rtol=0, atol=1e-12)
    pair_gate = m.PairGate(8, float(b["pg_k"])).double()
    pair_gate.score.weight.data, pair_gate.score.bias.data = tensor(b["pg_w"]), tensor(b["pg_b"])
    kept, rows = pair_gate(tensor(b["pg_s0"]), torch.zeros(10, dtype=torch.long))
    assert kept.tolist() == b["pg_keep"].tolist()
    torch.testing.assert_close(rows, tensor(b["pg_out"]))


def test_sparse_tensor_products_meet_the_released_one(reference: Callable[[str], Any]) -> None:
    s = reference("sparse_tp.npz")
    product, gate = m.SparseTensorProduct(2, 4), m.TPGate(2, float(s["sparsity"])).double()
    gate.gate.data = tensor(s["gate"])
    assert product.paths == [tuple(row) for row in s["paths"].tolist()]
    torch.testing.assert_close(product.alpha, tensor(s["alpha"]))
    x, y, w = from_e3nn(s["x"], 2, 4), from_e3nn(s["y"], 2, 4), tensor(s["w"]).reshape(3, 15, 4)
    torch.testing.assert_close(product(x, y, w), from_e3nn(s["out_dense"], 2, 4), rtol=0, atol=1e-12)
    assert gate.select("adaptive").tolist() == s["mask_adaptive"].tolist()
    for name in ("adaptive", "random"):
        paths = tensor(s[f"mask_{name}"])
        out = product(x, y, w[:, paths], paths, gate.coefficients(paths))
        torch.testing.assert_close(out, from_e3nn(s[f"out_{name}"], 2, 4), rtol=0, atol=1e-12)
    adaptive = gate.coefficients(tensor(s["mask_adaptive"]))
    torch.testing.assert_close(adaptive, tensor(s["coef_adaptive"]))


@pytest.mark.parametrize(
    ("basis", "counts"), [("sto-3g", (352, 5)), ("def2-svp", (1792, 14)), ("def2-tzvp", (10144, 55))]
)
def test_expansions_ask_for_as_many_weights_as_counted(basis: str, counts: tuple[int, int]) -> None:
    expansion = m.Expansion(32, basis)
    assert (expansion.weight_count, expansion.bias_count) == counts


@given(L=st.integers(0, 4), seed=st.integers(0, 999), parity=st.booleans(), shared=st.booleans())
def test_a_sparse_product_is_the_dense_formula_with_zeros(L: int, seed: int, parity: bool, shared: bool) -> None:
    torch.manual_seed(seed)
    product = m.SparseTensorProduct(L, 3, parity)
    P, columns = len(product.paths), (L + 1) ** 2
    x, y = torch.randn(2, 3, columns).double(), torch.randn(2, 1 if shared else 3, columns).double()
    paths = torch.randperm(P)[: 1 + seed % P]
    w, c = torch.randn(2, len(paths), 3).double(), torch.randn(len(paths)).double()
    expected = torch.zeros(2, 3, columns, dtype=torch.float64)
    for place, p in enumerate(paths.tolist()):
        l1, l2, l3 = product.paths[p]
        a, b, out = (slice(l * l, (l + 1) ** 2) for l in (l1, l2, l3))
        term = torch.einsum("ijk,rui,ruj->ruk", tensor(wigner_3j(l1, l2, l3)), x[..., a], y.expand(2, 3, -1)[..., b])
        expected[..., out] += c[place] * w[:, place, :, None] * term
    torch.testing.assert_close(product(x, y, w, paths, c), expected)


def test_paths_and_coefficients_may_be_lists_or_arrays() -> None:
    torch.manual_seed(0)
    product = m.SparseTensorProduct(2, 3)
    x, y, w = torch.randn(2, 3, 9).double(), torch.randn(2, 3, 9).double(), torch.randn(2, 3, 3).double()
    for c in (None, [0.5, 2.0, -1.0]):
        expected = product(x, y, w, tensor([0, 4, 14]), None if c is None else tensor(c))
        for paths in ([0, 4, 14], np.array([0, 4, 14])):
            torch.testing.assert_close(product(x, y, w, paths, c), expected)
            torch.testing.assert_close(product(x, y, w, paths, None if c is None else np.array(c)), expected)


@given(seed=st.integers(0, 999))
def test_every_layer_turns_with_its_input_whatever_its_parameters(seed: int) -> None:
    torch.manual_seed(seed)
    L, R = 3, rotation(*np.random.default_rng(seed).uniform(0, 6, 3))
    x, y = torch.randn(2, 4, 6, (L + 1) ** 2).double()
    w = torch.randn(4, 34, 6).double()
    product = m.SparseTensorProduct(L, 6)
    torch.testing.assert_close(product(turned(x, R), turned(y, R), w), turned(product(x, y, w), R))
    torch.testing.assert_close(m.inner_product(turned(x, R), turned(y, R)), m.inner_product(x, y))
    for layer in (m.EquivariantLinear(L, 6, 5), m.NormGate(L, 6), m.NormGate(L, 6, odd=2), ExchangeLinear(L, 6, 4),
                  m.EquivariantLayerNorm(L, 6)):  # fmt: skip
        randomised(layer)
        torch.testing.assert_close(layer(turned(x, R)), turned(layer(x), R))


def test_odd_channels_change_sign_and_nothing_else() -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 6, 9).double()
    flipped = torch.cat([x[:, :3], -x[:, 3:]], dim=1)
    layer = randomised(nn.Sequential(m.NormGate(2, 6, odd=3), ExchangeLinear(2, 6, 4)))
    out, other = layer(x), layer(flipped)
    torch.testing.assert_close(other, torch.cat([out[:, :2], -out[:, 2:]], dim=1))
    assert out[:, 2:, 0].abs().min() > 1e-3


def test_differentiable_harmonics_are_the_harmonics() -> None:
    points = np.random.default_rng(0).standard_normal((7, 3))
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    expected = np.concatenate([spherical_harmonics(l, points) for l in range(7)], axis=1)
    torch.testing.assert_close(m.harmonics(6, tensor(unit)), tensor(expected))


def test_the_softplus_has_mean_square_one() -> None:
    x = torch.randn(1_000_000, generator=torch.Generator().manual_seed(0))
    assert shifted_softplus(x).square().mean().item() == pytest.approx(1, abs=0.005)
    assert shifted_softplus(torch.zeros(1)).item() == pytest.approx(0, abs=1e-7)


def test_weights_of_kept_paths_are_slices_of_all_weights() -> None:
    torch.manual_seed(0)
    network = m.PathWeights(5, 7, 6, 15, 4).double()
    rbf, s, kept = torch.randn(3, 5).double(), torch.randn(3, 7).double(), tensor([0, 3, 14])
    torch.testing.assert_close(network(rbf, s, kept), network(rbf, s)[:, kept])
    torch.testing.assert_close(network(0 * rbf, s), torch.zeros(3, 15, 4).double())  # none beyond the cutoff
    biased = m.PathWeights(5, 7, 6, 15, 4, biased=True).double()
    torch.testing.assert_close(biased(rbf, s, kept), biased(rbf, s)[:, kept])
    assert biased(rbf, 0 * s).abs().min() > 0


def test_radial_functions_end_at_the_cutoff() -> None:
    rbf = m.BernsteinRBF(8, 3.0, 1.5)
    values = rbf(tensor([0.0, 2.999, 3.0, 10.0]))
    assert values[0].tolist() == pytest.approx([1.0] + [0.0] * 7, abs=1e-6)
    assert not values[2:].any()
    assert values[1].max() < 1e-10
    loss = rbf(torch.zeros(1, requires_grad=True)).sum()
    loss.backward()
    assert torch.isfinite(rbf.raw_alpha.grad)


# --- gates -----------------------------------------------------------------------------------------------------------


def test_kept_paths_are_counted_as_in_the_paper() -> None:
    gate = m.TPGate(4, 0.7)
    assert len(gate.select("adaptive")) == 65  # all gates are equal at the start
    gate.gate.data = torch.randn(65)
    kept = gate.select("adaptive")
    assert len(kept) == 20
    assert gate.gate[kept].min() > gate.gate[[p for p in range(65) if p not in kept]].max()
    assert [len(m.TPGate(2, k).select("random")) for k in (0.3, 0.5, 0.7, 0.8)] == [10, 7, 4, 3]
    draws = torch.stack([torch.bincount(gate.select("random"), minlength=65) for _ in range(2000)]).float().mean(0)
    assert draws.sum() == pytest.approx(19)
    assert draws.min() > 0.22  # each of them 19 / 65 = 0.29
    assert draws.max() < 0.36


@pytest.mark.parametrize(
    ("L", "parity", "k"), [(6, True, "3/5"), (2, True, "7/10"), (4, False, "7/10"), (6, False, "1/2")]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_gate_is_lost_to_rounding_where_the_quantile_falls_on_one(
    L: int, parity: bool, k: str, dtype: torch.dtype
) -> None:
    gate = m.TPGate(L, float(Fraction(k)), parity).to(dtype)
    P = len(gate.gate)
    exact = P - ceil((P - 1) * Fraction(k))
    for seed in range(30):
        gate.gate.data = 0.5 + torch.rand(P, dtype=dtype, generator=torch.Generator().manual_seed(seed))
        assert len(gate.select("adaptive")) == exact == len(choose(gate.gate.data.double().numpy(), float(Fraction(k))))


@given(
    n=st.integers(1, 40),
    k=st.sampled_from([0.0, 0.3, 0.5, 0.7, 0.95]),
    values=st.integers(1, 40),
    seed=st.integers(0, 999),
)
def test_what_is_chosen_is_what_reaches_the_quantile(n: int, k: float, values: int, seed: int) -> None:
    """Ties, if there are fewer values than scores, are all kept."""
    scores = np.random.default_rng(seed).integers(0, values, n).astype(float)
    assert choose(scores, k).tolist() == np.flatnonzero(scores >= np.quantile(scores, k) - 1e-9).tolist()


def test_gradient_reaches_gates_through_kept_paths_only() -> None:
    gate = m.TPGate(2, 0.7)
    gate.gate.data = torch.linspace(0.5, 1.5, 15)
    paths = gate.select("random", torch.Generator().manual_seed(1))
    c = gate.coefficients(paths)
    assert c.sum().item() == pytest.approx(1)
    (c * torch.randn(len(c))).sum().backward()
    assert set(torch.nonzero(gate.gate.grad).ravel().tolist()) == set(paths.tolist())


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5), k=st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]),
       seed=st.integers(0, 999))  # fmt: skip
def test_quantiles_of_groups_are_those_of_each_group(sizes: list[int], k: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    values = rng.standard_normal(len(group))
    expected = [np.quantile(values[group == g], k) for g in range(len(sizes))]
    np.testing.assert_allclose(quantile_by_group(tensor(values), tensor(group), k).numpy(), expected, atol=1e-12)


@given(seed=st.integers(0, 999), k=st.sampled_from([0.2, 0.5, 0.7]))
def test_pairs_are_chosen_in_each_molecule_unless_the_batch_is_asked(seed: int, k: float) -> None:
    torch.manual_seed(seed)
    s, other = torch.randn(9, 5), torch.randn(6, 5) + 1
    together = torch.cat([s, other])
    molecule = tensor([0] * 9 + [1] * 6)
    gate = m.PairGate(5, k)
    alone, rows = gate(s, molecule[:9])
    kept, gated = gate(together, molecule)
    assert kept[kept < 9].tolist() == alone.tolist()
    torch.testing.assert_close(gated[: len(alone)], rows)
    assert len(alone) == 9 - int(np.ceil(8 * k - 1e-9))
    score = gate.score(s).squeeze(-1)
    torch.testing.assert_close(rows, torch.sigmoid(score - torch.quantile(score, k))[alone, None] * s[alone])
    assert (rows.abs() >= 0.499 * s[alone].abs()).all()


def test_another_molecule_changes_my_edges_where_the_quantile_is_the_batchs() -> None:
    gate = m.PairGate(1, 0.5, per="batch")
    gate.score.weight.data.fill_(1.0)
    mine, loud = torch.arange(4.0)[:, None], torch.full((4, 1), 9.0)
    alone, _ = gate(mine, torch.zeros(4, dtype=torch.long))
    both, _ = gate(torch.cat([mine, loud]), tensor([0] * 4 + [1] * 4))
    assert alone.tolist() == [2, 3]
    assert both[both < 4].tolist() == []


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_pairs_that_a_symmetry_exchanges_are_kept_together(dtype) -> None:
    """Their rows differ by rounding alone, which differs from batch to batch."""
    gate = m.PairGate(7, 0.5).to(dtype)
    generator = torch.Generator().manual_seed(3)
    for _ in range(50):
        row = torch.randn(7, generator=generator, dtype=dtype)
        rounding = 1 + 2 * torch.finfo(dtype).eps * torch.randint(-1, 2, (6, 7), generator=generator).to(dtype)
        kept, _ = gate(row * rounding, torch.zeros(6, dtype=torch.long))
        assert kept.tolist() == [0, 1, 2, 3, 4, 5]


def test_the_scheduler_moves_when_told_and_is_taken_up() -> None:
    scheduler = m.ThreePhaseScheduler()
    seen = []
    for _ in range(5):
        seen.append(scheduler.phase)
        scheduler.advance()
    assert seen == ["random", "random", "adaptive", "fixed", "fixed"]
    again = m.ThreePhaseScheduler()
    again.load_state_dict({"random": 2, "adaptive": 1, "epoch": 2})
    assert again.phase == "adaptive"
    assert again.state_dict() == {"random": 2, "adaptive": 1, "epoch": 2}
    assert m.ThreePhaseScheduler(0, 0).phase == "fixed"


def test_a_schedule_is_kept_with_its_lengths() -> None:
    long, other = m.ThreePhaseScheduler(5, 2), m.ThreePhaseScheduler()
    for _ in range(3):
        long.advance()
    other.load_state_dict(long.state_dict())
    seen = []
    for _ in range(5):
        seen.append((long.phase, other.phase))
        long.advance()
        other.advance()
    assert seen == [("random",) * 2] * 2 + [("adaptive",) * 2] * 2 + [("fixed",) * 2]
    for wrong in ({"epoch": 2}, {"random": 1, "adaptive": 1, "epoch": -1}, {"random": 1, "adaptive": "x", "epoch": 0}):
        with pytest.raises(ValueError, match="state"):
            other.load_state_dict(wrong)
    assert other.state_dict() == long.state_dict()


@pytest.mark.parametrize("sparsity", [-0.1, 1.0, float("nan")])
def test_a_share_is_below_one(sparsity: float) -> None:
    with pytest.raises(ValueError, match="sparsity"):
        m.TPGate(2, sparsity)


def test_the_alignment_loss_of_a_batch_is_the_mean_of_the_molecules() -> None:
    rng = np.random.default_rng(0)
    H, C, e = rng.standard_normal((3, 4, 4)), rng.standard_normal((3, 4, 4)), rng.standard_normal((3, 4))
    H = H + H.swapaxes(1, 2)
    found = m.wa_loss(tensor(H), tensor(C), tensor(e), 0.5)
    assert found.item() == pytest.approx(
        np.mean([wa_loss(*each, off_diagonal=0.5) for each in zip(H, C, e, strict=True)])
    )
