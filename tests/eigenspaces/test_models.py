"""What the models claim: equivariance, invariance to signs and bases, padding that changes nothing, gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import ortho_group

from spectral_lab.eigenspaces import eigenspace_labels, landau_zener_ring, laplacian_spectra, named_graph
from spectral_lab.eigenspaces import random_walk_encoding as walk_reference
from spectral_lab.eigenspaces.models import (
    GINE,
    PEG,
    SPE,
    BasisNet,
    RandomWalk,
    RawEigenvectors,
    SignNet,
    load_released_weights,
    released_parameter_count,
)
from spectral_lab.eigenspaces.models.filters import ElementwiseFilters

from .released import batch
from .strategies import random_adjacency

NAMES = ("Petersen", "decalin", "hexagon", "barbell", "two triangles", "cube")
D = 7


@pytest.fixture(autouse=True)
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def encoder(name: str, d: int = D) -> torch.nn.Module | None:
    small = {"rho_layers": 2}
    return {
        "SPE mlp": lambda: SPE(d, 3, "mlp", 3, 5, 2, 6),
        "SPE deepsets": lambda: SPE(d, 3, "deepsets", 2, 5, 2, 6),
        "SPE deepsets, padding counted": lambda: SPE(d, 3, "deepsets", 2, 5, 2, 6, count_padding=True),
        "SPE constant": lambda: SPE(d, 3, "constant", rho_layers=2, rho_width=6),
        "SPE layer norm": lambda: SPE(d, 3, "mlp", 3, 5, 2, 6, norm="layer"),
        "SignNet sum": lambda: SignNet(d, "sum", 2, 6, **small, norm_between=True),
        "SignNet concatenate": lambda: SignNet(d, "concatenate", 2, 6, **small),
        "BasisNet": lambda: BasisNet(d, 6, 6, 2),
        "BasisNet as released": lambda: BasisNet(d, 6, 6, 2, as_released=True),
        "PEG": lambda: PEG(d),
        "random walk": lambda: RandomWalk(5),
        "raw eigenvectors": lambda: RawEigenvectors(d),
        "none": lambda: None,
    }[name]()


def model(name: str, seed: int = 0, d: int = D, **options) -> GINE:
    torch.manual_seed(seed)
    net = GINE(encoder(name, d), width=6, layers=2, node_types=3, edge_types=3, **options)
    for parameter in net.parameters():
        # BasisNet's published start leaves signals of 1e-4; ordinary numbers everywhere make a failure visible.
        torch.nn.init.normal_(parameter, std=0.5)
    return net.eval()


EQUIVARIANT = [
    "SPE mlp",
    "SPE deepsets",
    "SPE deepsets, padding counted",
    "SPE constant",
    "SPE layer norm",
    "SignNet sum",
    "SignNet concatenate",
    "BasisNet",
    "PEG",
    "random walk",
    "raw eigenvectors",
    "none",
]
BASIS_INVARIANT = [n for n in EQUIVARIANT if not n.startswith(("SignNet", "raw"))]


def inputs_for(names=NAMES, d: int = D):
    return batch([named_graph(name) for name in names], d, types=True)


def permuted(inputs: dict[str, torch.Tensor], order: torch.Tensor) -> dict[str, torch.Tensor]:
    pairs = {k: inputs[k][:, order][:, :, order] for k in ("edges", "adjacency")}
    nodes = {k: inputs[k][:, order] for k in ("nodes", "eigenvectors", "mask")}
    return {**inputs, **pairs, **nodes}


def rotated(inputs: dict[str, torch.Tensor], seed: int, signs_only: bool = False) -> dict[str, torch.Tensor]:
    """Another basis of every eigenspace that the d eigenpairs hold whole or cut; cut spaces keep their span."""
    rng = np.random.default_rng(seed)
    V = inputs["eigenvectors"].numpy().copy()
    for b, lam in enumerate(inputs["eigenvalues"].numpy()):
        count = min(int(inputs["mask"][b].sum()), len(lam))
        labels = np.arange(count) if signs_only else eigenspace_labels(lam[:count])
        for space in np.unique(labels):
            columns = np.flatnonzero(labels == space)
            size = len(columns)
            Q = ortho_group.rvs(size, random_state=rng) if size > 1 else np.array([[rng.choice([-1.0, 1.0])]])
            V[b][:, columns] = V[b][:, columns] @ Q
    return {**inputs, "eigenvectors": torch.from_numpy(V)}


def encode(net: GINE, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    return net.encoder(*(inputs[k] for k in ("eigenvalues", "eigenvectors", "adjacency", "mask")))


@pytest.mark.parametrize("inject", ["input", "every_layer"])
@pytest.mark.parametrize("name", EQUIVARIANT)
@torch.no_grad()
def test_permuting_the_nodes_permutes_the_encoding_and_leaves_the_output(name, inject):
    net, inputs = model(name, inject=inject), inputs_for()
    order = torch.from_numpy(np.random.default_rng(5).permutation(inputs["mask"].shape[1]))
    moved = permuted(inputs, order)
    torch.testing.assert_close(net(**moved), net(**inputs), rtol=1e-10, atol=1e-10)
    if name not in ("none", "PEG"):
        torch.testing.assert_close(encode(net, moved), encode(net, inputs)[:, order], rtol=1e-10, atol=1e-10)


@torch.no_grad()
def test_basisnet_as_released_is_not_equivariant():
    net, inputs = model("BasisNet as released"), inputs_for()
    order = torch.from_numpy(np.random.default_rng(5).permutation(10))
    inputs = {k: v[:1] for k, v in inputs_for(("barbell",)).items()}
    assert not torch.allclose(net(**permuted(inputs, order)), net(**inputs), rtol=1e-6)


@pytest.mark.parametrize("name", BASIS_INVARIANT)
@torch.no_grad()
def test_another_basis_of_each_eigenspace_changes_nothing(name):
    net, inputs = model(name), inputs_for()
    turned = rotated(inputs, seed=2)
    assert (turned["eigenvectors"] - inputs["eigenvectors"]).norm() > 1
    torch.testing.assert_close(net(**turned), net(**inputs), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", ["SignNet sum", "SignNet concatenate"])
@torch.no_grad()
def test_signnet_ignores_signs_but_not_bases(name):
    net, inputs = model(name), inputs_for()
    torch.testing.assert_close(net(**rotated(inputs, 3, signs_only=True)), net(**inputs), rtol=1e-12, atol=1e-12)
    assert (net(**rotated(inputs, 3)) - net(**inputs)).abs().max() > 1e-6


@torch.no_grad()
def test_raw_eigenvectors_depend_on_signs():
    net, inputs = model("raw eigenvectors"), inputs_for()
    assert (net(**rotated(inputs, 3, signs_only=True)) - net(**inputs)).abs().max() > 1e-3


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", [n for n in EQUIVARIANT if n != "SignNet concatenate"])
@torch.no_grad()
def test_more_padding_changes_nothing_in_training_and_in_evaluation(name, training):
    """Extra padded nodes, with rubbish in their types, leave sums, pools and batch-norm statistics alone."""
    net, inputs = model(name).train(training), inputs_for()
    extra = 4
    pad = torch.nn.functional.pad
    wider = {
        "nodes": pad(inputs["nodes"], (0, extra), value=2),
        "edges": pad(inputs["edges"], (0, extra, 0, extra), value=1),
        "adjacency": pad(inputs["adjacency"], (0, extra, 0, extra)),
        "eigenvalues": inputs["eigenvalues"],
        "eigenvectors": pad(inputs["eigenvectors"], (0, 0, 0, extra)),
        "mask": pad(inputs["mask"], (0, extra), value=False),
    }
    torch.testing.assert_close(net(**wider), net(**inputs), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", EQUIVARIANT)
@torch.no_grad()
def test_a_batch_is_its_graphs_one_by_one(name):
    net, inputs = model(name), inputs_for()
    together = net(**inputs)
    for row, graph in enumerate(NAMES):
        torch.testing.assert_close(net(**inputs_for((graph,))), together[row : row + 1], rtol=1e-10, atol=1e-10)


@torch.no_grad()
def test_masked_deepsets_do_not_depend_on_the_padding_of_the_spectrum():
    """With d beyond every n, more padded eigenvalues change nothing unless padding is counted."""
    short, long = inputs_for(d=10), inputs_for(d=14)
    for counted, same in ((False, True), (True, False)):
        torch.manual_seed(1)
        spe = SPE(10, 3, "deepsets", 3, 5, 2, 6, out=4, count_padding=counted).eval()
        for parameter in spe.phi.parameters():
            parameter.abs_()  # alive in every layer, so that padding has something to add
        before = spe(*(short[k] for k in ("eigenvalues", "eigenvectors", "adjacency", "mask")))
        spe.d = 14
        after = spe(*(long[k] for k in ("eigenvalues", "eigenvectors", "adjacency", "mask")))
        assert torch.allclose(before, after, atol=1e-12) == same


@torch.no_grad()
def test_peg_at_full_d_says_nothing():
    graph = named_graph("decalin")
    inputs = batch([graph], 10)
    edges = inputs["adjacency"].nonzero(as_tuple=True)
    torch.testing.assert_close(PEG(10)(inputs["eigenvectors"], edges), torch.full((22, 1), 2.0**0.5))


@torch.no_grad()
def test_random_walk_matches_the_plain_function():
    A = 0.1 * random_adjacency(np.random.default_rng(0), 6, weighted=True)  # degrees below 1, one node without edges
    A[:, 2] = A[2] = 0.0
    weighted = RandomWalk(6)(torch.zeros(1, 1), torch.zeros(1, 6, 1), torch.from_numpy(A)[None], torch.ones(1, 6) > 0)
    np.testing.assert_allclose(weighted[0].numpy(), walk_reference(A, 6), atol=1e-14)
    inputs = inputs_for()
    ours = RandomWalk(6)(*(inputs[k] for k in ("eigenvalues", "eigenvectors", "adjacency", "mask")))
    for row, name in enumerate(NAMES):
        graph = named_graph(name)
        np.testing.assert_allclose(ours[row, : len(graph)].numpy(), walk_reference(graph, 6), atol=1e-14)


def test_filters_side_by_side_are_separate_networks():
    """The grouped filters equal m perceptrons that know nothing of each other, also in training mode."""
    torch.manual_seed(0)
    filters = ElementwiseFilters(3, 3, 4).train()
    lam = torch.rand(2, 5) * 2
    exists = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    together = filters(lam, exists)
    assert not together[1, 3:].any()
    for l in range(3):
        x = lam[exists][:, None]
        for k, norm in enumerate(filters.norms):
            x = x @ filters.linears[k].weight[l].T + filters.linears[k].bias[l]
            x = torch.relu((x - x.mean(0)) / torch.sqrt(x.var(0, unbiased=False) + norm.eps))
        x = x @ filters.linears[2].weight[l].T + filters.linears[2].bias[l]
        torch.testing.assert_close(together[exists][:, l], x[:, 0])


@pytest.mark.parametrize("name", EQUIVARIANT)
def test_gradients_agree_with_finite_differences(name):
    """Smooth at this point: the step is too small to cross a kink of a ReLU."""
    net, inputs = model(name), inputs_for(("decalin", "hexagon"))
    loss = net(**inputs).square().sum()
    loss.backward()
    for parameter in net.parameters():
        direction = torch.randn_like(parameter)
        slopes = []
        for sign in (1, -1):
            with torch.no_grad():
                parameter.add_(sign * 1e-7 * direction)
                slopes.append(net(**inputs).square().sum())
                parameter.sub_(sign * 1e-7 * direction)
        numeric = (slopes[0] - slopes[1]) / 2e-7
        analytic = torch.tensor(0.0) if parameter.grad is None else (parameter.grad * direction).sum()
        scale = 1 + float(loss.detach())  # central differences at 1e-7 carry an error of about 1e-9 of the loss
        assert abs(float(numeric - analytic)) < 1e-6 * scale + 1e-5 * abs(float(analytic))


@torch.no_grad()
def test_spe_is_linear_in_the_change_where_basisnet_jumps():
    """A split degeneracy: SPE moves with the graph, BasisNet jumps however small the change is."""

    def distances(name: str) -> list[float]:
        net, moves = model(name, d=8), []
        for eps in (1e-2, 1e-3):
            encodings = []
            for w in (1.0, 1.0 + eps):
                spectra = laplacian_spectra([landau_zener_ring(8, w, 0.0)])
                adjacency = torch.from_numpy((landau_zener_ring(8, w, 0.0) > 0).astype(float))[None]
                lam, V, mask = (torch.from_numpy(x) for x in spectra)
                encodings.append(net.encoder(lam, V, adjacency, mask))
            moves.append(float((encodings[0] - encodings[1]).norm()))
        return moves

    spe, basis = distances("SPE mlp"), distances("BasisNet")
    assert spe[0] / spe[1] == pytest.approx(10, rel=0.1)
    assert basis[0] / basis[1] == pytest.approx(1, rel=0.1)


def test_basisnet_names_a_multiplicity_that_it_cannot_read():
    with pytest.raises(ValueError, match="dimension 5; max_multiplicity is 2"):
        GINE(BasisNet(10, 2, 4, 1), width=4, layers=1)(**batch([named_graph("Petersen")], 10))


@pytest.mark.parametrize(
    "build",
    [
        lambda: SPE(0),
        lambda: SPE(4, phi="transformer"),
        lambda: SignNet(4, combine="product"),
        lambda: BasisNet(4, 2, partition="guess"),
        lambda: GINE(pooling="max"),
        lambda: GINE(inject="never"),
        lambda: GINE(aggregate="multiply"),
        lambda: GINE("spe"),
        lambda: GINE(layers=0),
        lambda: GINE(width=-1),
        lambda: SPE(4, 0),
        lambda: SPE(4, 2, rho_layers=0),
        lambda: SPE(4, 2, out=0),
        lambda: SignNet(4, phi_layers=0),
        lambda: BasisNet(4, 0),
        lambda: BasisNet(4, 2, width=0),
        lambda: BasisNet(4, 2, tol=0.0),
    ],
)
def test_bad_arguments_are_refused(build):
    with pytest.raises(ValueError, match="must be"):
        build()


def test_published_parameter_counts(reference):
    counts = reference("params")

    def spe(d, m, phi, phi_layers, phi_width, rho_layers, width):
        return SPE(d, m, phi, phi_layers, phi_width, rho_layers, width)

    molecules = {"node_types": 28, "edge_types": 3}
    alchemy = {"node_types": 6, "edge_types": 4, "features": True, "targets": 12}
    builds = {
        "count/SPE_gine_gin_mlp.yaml": lambda: GINE(spe(30, 8, "mlp", 4, 80, 4, 80), 80, 4),
        "count/gine_nope.yaml": lambda: GINE(None, 120, 4),
        "count/signNet_gine_mask.yaml": lambda: GINE(SignNet(30, "sum", 4, 85, 4), 85, 4),
        "zinc/SPE_gine_gin_mlp_pe37.yaml": lambda: GINE(spe(37, 16, "mlp", 3, 16, 8, 128), 128, 4, **molecules),
        "zinc/SPE_gine_gin_deepsets_pe8.yaml": lambda: GINE(spe(8, 6, "deepsets", 4, 16, 8, 128), 128, 4, **molecules),
        "zinc/signNet_gine_pe37_mask.yaml": lambda: GINE(
            SignNet(37, "sum", 8, 120, 8, norm_between=True), 120, 4, **molecules
        ),
        "zinc/signNet_gine_pe8.yaml": lambda: GINE(
            SignNet(8, "concatenate", 8, 120, 8, norm_between=True), 120, 4, **molecules
        ),
        "zinc/gine_nope.yaml": lambda: GINE(None, 200, 4, **molecules),
        "alchemy/SPE_gine_gin_mlp_pe12.yaml": lambda: GINE(spe(12, 12, "mlp", 3, 16, 8, 128), 128, 16, **alchemy),
        "alchemy/gine_nope.yaml": lambda: GINE(None, 128, 16, **alchemy),
        "alchemy/signNet_gine_pe12_mask.yaml": lambda: GINE(
            SignNet(12, "sum", 8, 120, 8, norm_between=True), 120, 16, **alchemy
        ),
        "drugood/scaffold/SPE_gine_gin_mlp_pe32_simple.yaml": lambda: GINE(
            SPE(32, 16, "constant", rho_layers=3, rho_width=64, norm="none"),
            64,
            4,
            node_types=39,
            edge_types=10,
            features=True,
            aggregate="concatenate",
        ),
    }
    for name, make in builds.items():
        assert released_parameter_count(make()) == counts[name]["without_per_layer"], name
    for name, d, max_width in (("zinc/basisNet_gine_pe8.yaml", 8, 120), ("zinc/basisNet_gine_pe37.yaml", 37, 108)):
        read = BasisNet(d, 5, max_width, 8, mlp_width=max_width)
        total = released_parameter_count(GINE(read, max_width, 4, **molecules))
        assert total == counts[name]["without_per_layer"], name
    peg = GINE(PEG(8), 150, 4, **molecules)
    assert released_parameter_count(peg) == counts["zinc/gine_peg.yaml"]["total"]


def test_a_random_graph_of_every_size_survives():
    rng = np.random.default_rng(0)
    graphs = [random_adjacency(rng, n) for n in (1, 2, 3, 8)] + [np.zeros((3, 3))]
    for name in EQUIVARIANT:
        out = model(name, d=5)(**batch(graphs, 5))
        assert torch.isfinite(out).all()


def test_perceptrons_of_one_layer_can_be_counted():
    net = GINE(SPE(3, 2, mlp_layers=1), 4, 1, mlp_layers=1)
    own = sum(p.numel() for p in net.parameters())
    assert released_parameter_count(net) == own + 3 * 3 + 3  # and the map beside ρ that the released code never uses


def test_released_weights_need_a_released_architecture():
    with pytest.raises(ValueError, match="missing"):
        load_released_weights(model("none"), {})


@pytest.mark.parametrize("name", ["SPE mlp", "SignNet sum", "BasisNet"])
def test_another_number_of_eigenpairs_is_named(name):
    with pytest.raises(ValueError, match="eigenvalues must have 5 columns"):
        model(name, d=5)(**inputs_for(d=7))


@torch.no_grad()
def test_peg_uses_d_eigenvectors_of_those_it_is_given():
    wide, narrow = inputs_for(d=7), inputs_for(d=3)
    torch.testing.assert_close(model("PEG", d=3)(**wide), model("PEG", d=3)(**narrow))
