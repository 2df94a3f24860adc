"""The released SPHNet: vectorial layers for its scalars, and weights under the names of its authors' code."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from spectral_lab.hamiltonians import assemble, basis_rotation, rotation
from spectral_lab.hamiltonians import models as m
from spectral_lab.hamiltonians.models.layers import ReleasedLayerNorm
from spectral_lab.hamiltonians.models.molecules import edges
from spectral_lab.hamiltonians.models.vectorial import cluster, groups

Molecule = tuple[list[int], np.ndarray]
METHANE = ([6, 1, 1, 1, 1], 0.63 * np.array([[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], float))
LARGE = [6, 1, 8, 1, 7, 1, 6, 1, 1]  # two groups


def molecule(numbers: Sequence[int], seed: int) -> Molecule:
    return list(numbers), 1.5 * np.random.default_rng(seed).standard_normal((len(numbers), 3))


def network() -> m.SPHNet:
    """Small, with every parameter at random."""
    torch.manual_seed(0)
    options = {"rbf": 4, "scalar_layers": 2, "pair_sparsity": 0.5, "released": True}
    made = m.SPHNet("def2-svp", channels=8, bottleneck=4, hidden=8, pair_hidden=8, **options).double()
    for parameter in made.parameters():
        parameter.data += 0.1 * (parameter.data.abs().mean() + 0.1) * torch.randn(parameter.shape)
    return made


def scalars(made: m.SPHNet, *molecules: Molecule) -> Tensor:
    batch = m.join(molecules, torch.float64)
    with torch.no_grad():
        return made.scalars(made.embedding(batch.numbers), batch, edges(batch))


def H_of(made: m.SPHNet, numbers: list[int], X: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        diagonal, lower = made(m.join([(numbers, X)], torch.float64))
    return assemble(diagonal.numpy(), lower.numpy(), numbers, "def2-svp")


def test_scalars_stay_when_the_molecule_turns_moves_or_is_mirrored() -> None:
    made, R = network(), rotation(0.3, 1.0, 2.0)
    for numbers, X in (molecule(LARGE, 0), METHANE):
        still = scalars(made, (numbers, X))
        for other in (X @ R.T + [1.0, -2.0, 3.0], -X):
            torch.testing.assert_close(scalars(made, (numbers, other)), still, rtol=0, atol=1e-10)
        assert (scalars(made, (numbers, 1.05 * X)) - still).abs().max() > 1e-3


def test_distant_atoms_are_heard_through_groups_alone() -> None:
    made, (numbers, X) = network(), molecule(LARGE, 0)
    far = X + 6.0 * np.array([[0.0]] * 4 + [[1.0]] * 5)  # beyond 3, two groups within 9 Angstrom of some atoms
    bent = far.copy()
    bent[8] += 0.1
    moved = scalars(made, (numbers, bent)) - scalars(made, (numbers, far))
    assert moved[:4].abs().max() > 1e-6
    for layer in made.scalars.long:
        layer.value.weight.data.zero_()
        layer.value.bias.data.zero_()
    moved = scalars(made, (numbers, bent)) - scalars(made, (numbers, far))
    assert moved[:4].abs().max() == 0


def test_a_molecule_is_predicted_alike_alone_and_in_any_batch() -> None:
    made, mine, other = network(), molecule(LARGE, 0), molecule([8, 1, 1], 3)
    together = [other, mine, molecule([1], 5), mine]
    batch = m.join(together, torch.float64)
    with torch.no_grad():
        diagonal, lower = made(batch)
        alone = [made(m.join([one], torch.float64)) for one in together]
    torch.testing.assert_close(diagonal, torch.cat([one[0] for one in alone]), rtol=0, atol=1e-12)
    torch.testing.assert_close(lower, torch.cat([one[1] for one in alone]), rtol=0, atol=1e-12)
    torch.testing.assert_close(scalars(made, mine, METHANE)[9:], scalars(made, METHANE), rtol=0, atol=1e-12)


def test_gradients_are_finite_where_lengths_are_zero_and_every_parameter_learns() -> None:
    made = network()
    batch = m.join([METHANE, molecule(LARGE, 0), molecule([8, 1, 1], 3), molecule([1], 5)], torch.float64)
    batch.positions.requires_grad_()
    sum(part.square().sum() + part.sum() for part in made(batch)).backward()
    assert batch.positions.grad.isfinite().all()
    grads = {name: parameter.grad for name, parameter in made.named_parameters()}
    assert all(grad.isfinite().all() for grad in grads.values() if grad is not None)
    idle = {name for name, grad in grads.items() if grad is None or not grad.any()}
    # The first layer has no vectors yet, and those of the last, and its edges, have no reader. The bias of a score
    # cancels against the quantile.
    known = ("short.0.vectors", "short.0.of_", "short.0.edge_update", "short.1.of_", "short.1.edge_update",
             "long.1.along", "long.1.scale", "long.1.output.0", "long.1.vectors.2", "score.bias")  # fmt: skip
    assert {name for name in idle if not any(part in name for part in known)} == set()


def test_the_released_norm_forgets_rotations_as_soon_as_its_weights_differ() -> None:
    x = torch.randn(5, 8, 25, dtype=torch.float64)
    misread, right = ReleasedLayerNorm(4, 8).double(), m.EquivariantLayerNorm(4, 8).double()
    torch.testing.assert_close(misread(x), right(x))
    # The weight of channel c meets number c, 8 + c, 16 + c of a row of channel after channel.
    misread.weight.data[0] = torch.arange(8)
    kept = misread(x)[0, :, 1:4].flatten() / right(x)[0, :, 1:4].flatten()
    torch.testing.assert_close(kept, torch.arange(24.0, dtype=torch.float64) % 8)

    made, (numbers, X) = network(), molecule([6, 1, 1, 8, 1], 0)
    R = rotation(0.3, 1.0, 2.0)
    D = basis_rotation(R, numbers, "def2-svp")
    weights = [made.lifting.norm.weight, made.convolution.norm.weight]
    errors = []
    for size in (0.0, 0.1):
        for weight in weights:
            weight.data = 1 + size * torch.randn(weight.shape, dtype=torch.float64)
        H = H_of(made, numbers, X)
        errors.append(np.abs(H_of(made, numbers, X @ R.T) - D @ H @ D.T).max() / np.abs(H).max())
    assert errors[0] < 1e-10
    assert errors[1] > 1e-3


def test_groups_are_of_four_atoms_and_centred_by_charge() -> None:
    assert [len(set(cluster(molecule([1] * n, n)[1]))) for n in (1, 3, 4, 7, 8, 13)] == [1, 3, 1, 1, 2, 3]
    apart = np.concatenate([molecule([1] * 5, 0)[1], molecule([1] * 4, 1)[1] + 30])
    assert len({*cluster(apart)[:5]}) == len({*cluster(apart)[5:]}) == 1
    group, edge = groups(m.join([([8] * 5 + [1] * 4, apart), METHANE, ([7, 1], apart[:2])], torch.float64))
    assert len(set(group.tolist())) == 5
    # Each atom hears its own group, that of the molecule: 30 Angstrom are beyond 9. Two atoms are two groups.
    assert sorted(edge.receiver.tolist()) == [*range(14), 14, 14, 15, 15]
    distance = np.linalg.norm(apart[0] - apart[1])
    np.testing.assert_allclose(edge.distance[-4:].sort().values[2:], distance, atol=1e-12)
    near = np.concatenate([apart[:5], apart[5:] - 25])  # the other group's centre is near to some atoms only
    label, heard = groups(m.join([([8] * 9, near)], torch.float64))
    centres = np.stack([near[label == g].mean(axis=0) for g in (0, 1)])
    within = np.argwhere(np.linalg.norm(near[:, None] - centres, axis=-1) < 9)
    assert 9 < len(within) < 18
    np.testing.assert_array_equal(np.stack([heard.receiver, heard.sender], axis=1), within)
    mixed = groups(m.join([([8, 1, 1, 1], apart[:4])], torch.float64))[1]
    centre = np.average(apart[:4], axis=0, weights=[8, 1, 1, 1])
    np.testing.assert_allclose(mixed.distance, np.linalg.norm(apart[:4] - centre, axis=1), atol=1e-12)
    assert not edge.direction[edge.receiver == 9].any()  # methane's carbon


def test_groups_depend_on_the_numbering_and_on_a_far_molecule() -> None:
    made, (numbers, X) = network(), molecule(LARGE, 0)
    orders = [np.random.default_rng(seed).permutation(9) for seed in range(8)]
    here = scalars(made, (numbers, X)).numpy()
    moved = [np.abs(scalars(made, ([numbers[i] for i in order], X[order])).numpy() - here[order]).max()
             for order in orders]  # fmt: skip
    assert min(moved) < 1e-10
    assert max(moved) > 1e-4
    (Z, water), away = molecule([8, 1, 1], 3), [50.0, 0.0, 0.0]
    pair = scalars(made, (Z + Z, np.concatenate([water, water + away])))  # as one molecule
    assert (pair[:3] - scalars(made, (Z, water))).abs().max() > 1e-4


def test_channels_must_suit_the_heads() -> None:
    with pytest.raises(ValueError, match="channels must be a multiple of 8"):
        m.SPHNet(channels=12, released=True)


# --- released weights ------------------------------------------------------------------------------------------------


@pytest.fixture
def released(reference: Callable[[str], Any]) -> dict[str, Tensor]:
    """A state of the released names and shapes, filled as tests/reference/sphnet/README.md says, with some buffers."""
    given, rng = reference("sphnet.npz"), np.random.default_rng(0)
    state = {}
    for name, shape in zip(given["names"].tolist(), json.loads(str(given["shapes"])), strict=True):
        values = rng.standard_normal(shape)
        state[name] = torch.tensor(values / shape[-1] ** 0.5 if len(shape) > 1 else values)
    conv = "representation_model.Spherical_interaction.1.conv"
    return state | {
        "mean": torch.tensor(0.0),
        "hami_model.rbf.cutoff": torch.tensor(30.0),
        "hami_model.output_ii.bias": torch.zeros(0),
        "hami_model.expand_ii.hamiltonian._compiled_expansion.w3j_0_0_0": torch.ones(1, 1, 1),
        "representation_model.radial_basis_functions.logc": torch.zeros(4),
        f"{conv}.tp_node._compiled_main_left_right._w3j_1_1_2": torch.ones(3, 3, 5),
        f"{conv}.norm_gate.norm.tp.weight": torch.zeros(0),
        f"{conv}.norm.balance_degree_weight": torch.ones(24, 1),
        f"{conv}.linear_out.output_mask": torch.ones(200),
    }


def released_size(**options: Any) -> m.SPHNet:
    sizes = {"channels": 16, "bottleneck": 2, "pair_hidden": 16, "rbf": 4, "pair_sparsity": 0.7, "released": True}
    return m.SPHNet(**(sizes | options)).double()


@pytest.mark.parametrize(("prefix", "per", "end"), [("", "molecule", ""), ("model.", "batch", "_batch")])
def test_sphnet_with_released_weights_predicts_what_the_released_code_does(
    released: dict[str, Tensor], reference: Callable[[str], Any], prefix: str, per: str, end: str
) -> None:
    given, made = reference("sphnet.npz"), released_size(per=per)
    made.load_published({prefix + name: value for name, value in released.items()})
    Z, X, across = given["Z"].tolist(), given["X"], np.cos(np.arange(14.0))
    both = (Z[:4], X[:4]), (Z[4:], X[4:])
    np.testing.assert_allclose(scalars(made, *both), given["scalars"], rtol=0, atol=1e-10)
    with torch.no_grad():
        blocks = made(m.join(both, torch.float64))
    for mine, name in zip(blocks, ("diagonal", "lower"), strict=True):
        np.testing.assert_allclose(mine.numpy() @ across, given[name + end], rtol=0, atol=1e-10)
    assert np.abs(given["lower_batch"] - given["lower"]).max() > 1e-2  # which pairs are kept matters


@pytest.mark.parametrize(("basis", "L", "total", "vectorial", "spherical"), [
    ("def2-svp", 4, 18_076_502, 2.13e6, 1.64e6), ("def2-tzvp", 6, 37_461_592, 2.13e6, 3.10e6)
])  # fmt: skip
def test_states_of_the_released_size_are_taken_whole(
    reference: Callable[[str], Any], basis: str, L: int, total: int, vectorial: float, spherical: float
) -> None:
    given = reference("sphnet.npz")
    state = {
        name: torch.zeros(shape)
        for name, shape in zip(given["names"].tolist(), json.loads(str(given[f"shapes_{L}"])), strict=True)
    }
    sizes = {name: value.numel() for name, value in state.items()}
    assert sum(sizes.values()) == total
    of = {part: sum(size for name, size in sizes.items() if part in name) for part in ("Vectorial", "Spherical")}
    assert of["Vectorial"] == pytest.approx(vectorial, rel=5e-3)
    assert of["Spherical"] == pytest.approx(spherical, rel=5e-3)

    made = m.SPHNet(basis, pair_sparsity=0.7, released=True)
    left_out = made.load_published(state)
    assert not any(parameter.any() for parameter in made.parameters())
    twice = 128 * 129  # the half of mlp_node_fea that nothing reads
    used = sum(parameter.numel() for parameter in made.parameters())
    assert used + twice + sum(sizes[name] for name in left_out) == total


CONV, PAIRS = "representation_model.Spherical_interaction.1.conv", "hami_model.e3_gnn_node_pair_layer"
VECTORIAL = "representation_model.Vectorial_interaction"


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda s: s.pop("hami_model.output_ii.weight"), "must hold hami_model.output_ii.weight, which is missing"),
    (lambda s: s.pop(f"{CONV}.pair_select_layer.weight"), f"must hold {CONV}.pair_select_layer.weight, which is miss"),
    (lambda s: s.pop(f"{CONV}.norm.norm_l0.bias"), f"must hold {CONV}.norm.norm_l0.bias, which is missing"),
    (lambda s: s.pop(f"{VECTORIAL}.node_fea_init.embedding.weight"), "must hold .*node_fea_init.embedding.weight"),
    (lambda s: s.update({"hami_model.output_ik.weight": torch.ones(3)}), "holds hami_model.output_ik.weight, which th"),
    (lambda s: s.update({f"{VECTORIAL}.visnet_att0.9.q_proj.bias": torch.ones(16)}), "holds .*visnet_att0.9.q_proj"),
    (lambda s: s.update({f"{VECTORIAL}.mlp_node_fea.weight": torch.ones(16, 16)}), r"mlp_node_fea.* \(32, 16\)"),
    (lambda s: s.update({f"{CONV}.norm.affine_weight": torch.ones(3, 16)}), r"norm.affine_weight of shape \(4, 16\)"),
    (lambda s: s.update({"hami_model.e3_gnn_node_layer.1.tp_fix.weight": torch.ones(320)}),
     r"e3_gnn_node_layer.1.tp_fix.weight of shape \(1040,\), got \(320,\)"),
    (lambda s: s.update({f"{PAIRS}.1.fc_node_pair.layer1.weight": torch.ones(1040, 16)}), r"shape \(16, 1040\)"),
    (lambda s: s.update({"hami_model.rbf.cutoff": torch.tensor(15.0)}), r"rbf.cutoff 30 \(Angstrom\), got 15"),
])  # fmt: skip
def test_what_does_not_fit_changes_nothing(
    released: dict[str, Tensor], spoil: Callable[[dict[str, Tensor]], object], words: str
) -> None:
    made = released_size()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    spoil(released)
    with pytest.raises(ValueError, match=words):
        made.load_published(released)
    assert all(torch.equal(value, before[name]) for name, value in made.state_dict().items())


@pytest.mark.parametrize("options", [{"released": False}, {"sparsity": 0.7}])
def test_another_network_takes_no_released_weights(released: dict[str, Tensor], options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"needs SPHNet\(released=True, sparsity=0.0\)"):
        released_size(**options).load_published(released)
