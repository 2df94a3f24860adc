"""SPHNet and QHNet turn as the Hamiltonian does, with every parameter at random: at their start much is hidden."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spectral_lab.hamiltonians import assemble, basis_rotation, rotation, shells
from spectral_lab.hamiltonians import models as m

Molecule = tuple[list[int], np.ndarray]


def molecule(numbers: Sequence[int], seed: int) -> Molecule:
    return list(numbers), 1.5 * np.random.default_rng(seed).standard_normal((len(numbers), 3))


def small(basis: str, **options: object) -> m.SPHNet:
    return m.SPHNet(basis, channels=8, bottleneck=4, hidden=8, pair_hidden=8, scalar_layers=2, **options)


def randomised(network: nn.Module) -> nn.Module:
    torch.manual_seed(1)
    for parameter in network.parameters():
        size = 0.1 * (parameter.data.abs().mean() + 0.1)
        parameter.data = parameter.data + size * torch.randn(parameter.shape, dtype=parameter.dtype)
    if isinstance(network, m.SPHNet):
        network.enter("fixed")
    return network.double().eval()


def predicted(network: nn.Module, basis: str, molecules: Sequence[Molecule]) -> list[np.ndarray]:
    with torch.no_grad():
        diagonal, lower = (part.numpy() for part in network(m.join(molecules, torch.float64)))
    whole, atom, pair = [], 0, 0
    for numbers, _ in molecules:
        n, pairs = len(numbers), len(numbers) * (len(numbers) - 1) // 2
        whole.append(assemble(diagonal[atom : atom + n], lower[pair : pair + pairs], numbers, basis))
        atom, pair = atom + n, pair + pairs
    return whole


NETWORKS: dict[str, Callable[[str], nn.Module]] = {
    "SPHNet": lambda basis: small(basis),
    "SPHNet with gates": lambda basis: small(basis, sparsity=0.7, pair_sparsity=0.5),
    "SPHNet with parity": lambda basis: small(basis, sparsity=0.5, pair_sparsity=0.5, parity=True),
    "QHNet": lambda basis: m.QHNet(basis, channels=8, bottleneck=4, hidden=8, pair_hidden=8),
}


@pytest.mark.parametrize("basis", ["sto-3g", "def2-svp", "def2-tzvp"])
@pytest.mark.parametrize("name", NETWORKS)
def test_predictions_turn_move_and_permute_with_the_molecule(name: str, basis: str) -> None:
    torch.manual_seed(0)
    network = randomised(NETWORKS[name](basis))
    numbers, X = molecule([6, 1, 1, 8, 1], 0)
    (H,) = predicted(network, basis, [(numbers, X)])
    atom = np.array([atom for atom, l in shells(numbers, basis) for _ in range(2 * l + 1)])
    assert np.abs(H[atom[:, None] != atom]).max() > 1e-3  # pairs matter
    bound = 1e-10 * np.abs(H).max()

    R = rotation(0.3, 1.0, 2.0)
    D = basis_rotation(R, numbers, basis)
    assert np.abs(D @ H @ D.T - H).max() > 1e-3 * np.abs(H).max()  # turning matters
    np.testing.assert_allclose(
        predicted(network, basis, [(numbers, X @ R.T + [1.0, -2.0, 3.0])])[0], D @ H @ D.T, atol=bound
    )

    order = [3, 4, 0, 2, 1]
    moved = np.concatenate([np.flatnonzero(atom == i) for i in order])
    (permuted,) = predicted(network, basis, [([numbers[i] for i in order], X[order])])
    np.testing.assert_allclose(permuted, H[np.ix_(moved, moved)], atol=bound)

    inversion = basis_rotation(-np.eye(3), numbers, basis)
    gap = np.abs(predicted(network, basis, [(numbers, -X)])[0] - inversion @ H @ inversion.T).max()
    assert gap < bound if "parity" in name else gap > 1e-6 * np.abs(H).max()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_molecule_is_predicted_alike_alone_and_in_any_batch(name: str) -> None:
    torch.manual_seed(0)
    network = randomised(NETWORKS[name]("def2-svp"))
    mine, other = molecule([6, 1, 1, 8, 1], 0), molecule([8, 1, 1], 3)
    (alone,) = predicted(network, "def2-svp", [mine])
    batch = predicted(network, "def2-svp", [other, mine, molecule([1], 5), other])
    np.testing.assert_allclose(batch[1], alone, atol=1e-12)
    np.testing.assert_allclose(batch[0], batch[3], atol=1e-12)


def test_a_quantile_of_the_batch_lets_another_molecule_change_this_one() -> None:
    torch.manual_seed(0)
    network = randomised(small("sto-3g", pair_sparsity=0.7, per="batch"))
    mine, other = molecule([6, 1, 1, 8, 1], 0), molecule([6, 6, 1, 1], 3)
    (alone,) = predicted(network, "sto-3g", [mine])
    together = predicted(network, "sto-3g", [mine, other])[0]
    assert np.abs(together - alone).max() > 1e-4 * np.abs(alone).max()


def test_phases_draw_choose_and_freeze() -> None:
    torch.manual_seed(0)
    network = small("def2-svp", sparsity=0.7).train()
    products = network.products()
    assert len(products) == 4  # two of single atoms, two of pairs
    batch = m.join([molecule([8, 1, 1], 0)])
    draws = [products[0].choose()[0].tolist() for _ in range(3)]
    assert len({tuple(draw) for draw in draws}) == 3
    assert {len(draw) for draw in draws} == {19}
    network.eval()
    assert len({tuple(products[0].choose()[0].tolist()) for _ in range(3)}) == 1  # evaluation draws nothing
    for product in products:
        product.gate.gate.data = torch.rand(65) + 0.5
    network.train().enter("adaptive")
    network(batch)
    last = [product.choose() for product in products]
    before = network(batch)
    network.enter("fixed")
    for (paths, coefficients), product in zip(last, products, strict=True):
        product.gate.gate.data += torch.rand(65)  # as the optimiser's next step does
        kept, frozen = product.choose()
        assert kept.tolist() == paths.tolist()
        torch.testing.assert_close(frozen, coefficients.detach())
        assert not frozen.requires_grad
    for part, frozen_part in zip(before, network(batch), strict=True):
        torch.testing.assert_close(frozen_part, part, rtol=0, atol=1e-6)
    sum(part.square().sum() for part in network(batch)).backward()
    assert all(product.gate.gate.grad is None for product in products)


def test_what_is_frozen_travels_with_the_weights() -> None:
    torch.manual_seed(0)
    network = small("sto-3g", sparsity=0.5)
    for product in network.products():
        product.freeze(product.gate.select("random"))
    copy = small("sto-3g", sparsity=0.5)
    copy.load_state_dict(network.state_dict())
    copy.enter("fixed")
    batch = m.join([molecule([8, 1, 1], 0)])
    for mine, theirs in zip(network(batch), copy(batch), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_every_parameter_learns() -> None:
    torch.manual_seed(0)
    for network in (small("def2-svp", sparsity=0.3, pair_sparsity=0.3), m.QHNet("def2-svp", 8, 4, 8, 8)):
        network.train()
        if isinstance(network, m.SPHNet):
            network.enter("adaptive")
        batch = m.join([molecule([6, 8, 1, 1], 0), molecule([7, 1, 1, 1], 1)])
        sum(part.square().sum() + part.sum() for part in network(batch)).backward()
        idle = {
            name for name, parameter in network.named_parameters() if parameter.grad is None or not parameter.grad.any()
        }
        # The last layer's vectors have no reader: only scalars leave the backbone. The bias of a score cancels against
        # the quantile, so its gradient is 0 but for rounding.
        assert {name for name in idle if "scalars.layers.1" not in name and "score.bias" not in name} == set()


def test_the_size_is_near_the_published_one() -> None:
    size = sum(parameter.numel() for parameter in m.SPHNet().parameters())
    assert size == pytest.approx(18_076_502, rel=0.1)  # with another network for the scalars


# --- released weights of QHNet ---------------------------------------------------------------------------------------


@pytest.fixture
def released(reference: Callable[[str], Any]) -> dict[str, Tensor]:
    """A state of the released names and shapes, filled as tests/reference/sphnet/README.md says, with its buffers."""
    given, rng = reference("qhnet.npz"), np.random.default_rng(0)
    state = {}
    for name, shape in zip(given["names"].tolist(), map(json.loads, given["shapes"].tolist()), strict=True):
        values = rng.standard_normal(shape) if shape else np.array(-0.4)
        narrow = name.endswith(("norm_gate.fc.0.weight", "fc.2.weight"))
        state[name] = torch.tensor(values / shape[-1] ** 0.5 if narrow else values)
    for part in ("e3_gnn_layer.1.conv.tp_node", "e3_gnn_node_layer.0.tp", "e3_gnn_layer.1.conv.linear_out"):
        state |= {
            f"{part}.output_mask": torch.ones(100),
            f"{part}._compiled_main_left_right._w3j_1_1_2": torch.ones(45),
        }
    return state | {"output_ii.bias": torch.zeros(0), "distance_expansion.cutoff": torch.tensor(15.0)}


def released_size(**options: Any) -> m.QHNet:
    return m.QHNet(**{"channels": 4, "bottleneck": 2, "pair_hidden": 4, "rbf": 16, "elements": 10} | options).double()


def test_qhnet_with_released_weights_predicts_what_the_released_code_does(
    released: dict[str, Tensor], reference: Callable[[str], Any]
) -> None:
    given, network = reference("qhnet.npz"), released_size()
    left_out = network.load_published(released)
    assert not [name for name in left_out if name.endswith(("fc.0.weight", "linear_out.weight", "linear_node_3.weight"))
                and not name.startswith("e3_gnn_layer.0.conv.norm_gate")]  # fmt: skip
    Z, X = given["Z"].tolist(), given["X"]
    with torch.no_grad():
        blocks = network(m.join([(Z[:3], X[:3]), (Z[3:], X[3:])], torch.float64))
    for mine, name in zip(blocks, ("diagonal", "lower"), strict=True):
        np.testing.assert_allclose(mine.numpy(), given[name], rtol=0, atol=1e-10)


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda s: s.pop("output_ii.weight"), "must hold output_ii.weight, which is missing"),
    (lambda s: s.update({"output_ik.weight": torch.ones(3)}), "holds output_ik.weight, which this model has not"),
    (lambda s: s.update({"e3_gnn_layer.9.conv.linear_out.bias": torch.ones(4)}), "holds e3_gnn_layer.9"),
    (lambda s: s.update({"output_ij.weight": torch.ones(5, 4, 2)}), r"output_ij.weight of shape \(40,\)"),
    (lambda s: s.update({"e3_gnn_layer.2.conv.fc_node.layer1.weight": torch.ones(168, 32)}), r"shape \(32, 168\)"),
    (lambda s: s.update({"fc_ii.hamiltonian.0.bias": torch.ones(3)}), r"fc_ii.hamiltonian.0.bias of shape \(4,\)"),
    (lambda s: s.update({"distance_expansion.cutoff": torch.tensor(12.0)}), r"cutoff 15 \(Angstrom\), got 12"),
])  # fmt: skip
def test_what_does_not_fit_changes_nothing(
    released: dict[str, Tensor], spoil: Callable[[dict[str, Tensor]], object], words: str
) -> None:
    network = released_size()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    spoil(released)
    with pytest.raises(ValueError, match=words):
        network.load_published(released)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_odd_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="channels must be even"):
        m.SPHNet(channels=7)


@pytest.mark.parametrize("how", ["fixed", "drawn"])
def test_a_frozen_choice_stays_frozen_in_the_state(how: str) -> None:
    torch.manual_seed(0)
    network = randomised(small("sto-3g", sparsity=0.7, pair_sparsity=0.5))
    if how == "drawn":
        for product in network.products():
            product.draw()
    for product in network.products():
        product.gate.gate.data += torch.rand(len(product.gate.gate))  # what is chosen anew would be another choice
    again = small("sto-3g", sparsity=0.7, pair_sparsity=0.5).double()
    again.load_state_dict(network.state_dict())
    assert [product.phase for product in again.products()] == ["fixed"] * len(again.products())
    mine = molecule([8, 1, 1], 3)
    for mode in (True, False):  # in training mode too
        np.testing.assert_array_equal(
            predicted(again.train(mode), "sto-3g", [mine])[0], predicted(network.train(mode), "sto-3g", [mine])[0]
        )
