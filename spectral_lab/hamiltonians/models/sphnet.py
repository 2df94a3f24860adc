"""SPHNet (Luo et al. 2025): a Hamiltonian in one pass, by tensor products that leave out pairs of atoms and paths.

Scalars of the neighbourhood; two convolutions that make features of degrees 0..L; features of single atoms and of pairs
by tensor products; blocks. All of it turns with the molecule.

Two parts are ours. The scalars come from four message-passing layers in the manner of PaiNN, in place of the released
block: any invariant network of this width may stand there. And the head is exact under an exchange of atoms: the
released one predicts the block (i, j), i > j, from x_i and x_j in this order, so numbering like atoms anew changes it.
Here half of the channels of a pair are products with x_i + x_j and half with x_i - x_j; these change sign, and the
block (j, i) is the transpose of (i, j). The number of tensor products is the same.

`SPHNet(released=True)` has the released parts in these two places, and the released layer norm with its fault.
`load_published` takes its weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.hamiltonians.models import released as released_weights
from spectral_lab.hamiltonians.models.backbone import ScalarNetwork
from spectral_lab.hamiltonians.models.expansion import Expansion
from spectral_lab.hamiltonians.models.gates import PHASES, PairGate, TPGate, sparsity_of
from spectral_lab.hamiltonians.models.layers import (
    BernsteinRBF,
    EquivariantLayerNorm,
    EquivariantLinear,
    ExchangeLinear,
    NormGate,
    PathWeights,
    ReleasedLayerNorm,
    degrees,
    harmonics,
    inner_product,
)
from spectral_lab.hamiltonians.models.molecules import Edges, Molecules, edges, gather
from spectral_lab.hamiltonians.models.tensor_product import SparseTensorProduct
from spectral_lab.hamiltonians.models.vectorial import VectorialNetwork

ELEMENTS = 100


class GatedProduct(nn.Module):
    """A tensor product whose paths a gate chooses, by phase; without sparsity all paths, with coefficients alpha.

    In the random phase every training step draws anew. Evaluation draws nothing: it takes the best paths so far. In the
    fixed phase paths and coefficients are those of the last adaptive step, numbers that nothing changes.
    """

    stage: Tensor
    kept: Tensor
    coefficients: Tensor

    def __init__(self, L: int, channels: int, sparsity: float, parity: bool) -> None:
        super().__init__()
        self.product = SparseTensorProduct(L, channels, parity)
        self.gate = TPGate(L, sparsity, parity) if sparsity_of(sparsity) else None
        if self.gate is not None:  # buffers are kept with the rest of the state, or a reload would thaw the choice
            count = len(self.product.paths)
            self.register_buffer("stage", torch.tensor(0))
            self.register_buffer("kept", torch.zeros(count, dtype=torch.bool))
            self.register_buffer("coefficients", torch.zeros(count))

    @property
    def phase(self) -> str:
        """ "random", "adaptive" or "fixed"; the first where there is no gate."""
        return PHASES[int(self.stage)] if self.gate is not None else PHASES[0]

    def choose(self) -> tuple[Int[Tensor, " k"] | None, Float[Tensor, " k"] | None]:
        """The kept paths and their coefficients; None for all paths with alpha."""
        if self.gate is None:
            return None, None
        if self.phase == "fixed":
            paths = torch.nonzero(self.kept).ravel().cpu()
            return paths, self.coefficients[paths]
        paths = self.gate.select("random" if self.training and self.phase == "random" else "adaptive")
        coefficients = self.gate.coefficients(paths)
        if self.training and self.phase == "adaptive":
            self._keep(paths, coefficients.detach())
        return paths, coefficients

    def enter(self, phase: str) -> None:
        """Go to a phase; to "fixed" without an adaptive step before it, with the best paths now."""
        number = PHASES.index(checks.choice(phase, "phase", PHASES))
        if self.gate is None:
            return
        self.stage.fill_(number)
        if phase == "fixed" and not self.kept.any():
            self.freeze(self.gate.select("adaptive"))

    def draw(self) -> None:
        """Keep a random choice from now on, if there is a gate."""
        if self.gate is not None:
            self.freeze(self.gate.select("random"))

    def freeze(self, paths: Int[Tensor, " k"]) -> None:
        """Keep these paths from now on."""
        if self.gate is not None:
            self._keep(paths, self.gate.coefficients(paths).detach())
            self.stage.fill_(PHASES.index("fixed"))

    def _keep(self, paths: Tensor, coefficients: Tensor) -> None:
        self.kept.zero_()
        self.kept[paths] = True
        self.coefficients[paths] = coefficients.to(self.coefficients)


class Lifting(nn.Module):
    """The first convolution, of scalars x: sum_j w^l_u(r, s) x_ju Y^l(r_ij), whose paths are (0, l, l); then mixed.

    norm: the class of a layer that comes before the mixing.
    """

    def __init__(self, L: int, channels: int, rbf: int, hidden: int, norm: type[nn.Module] = nn.Identity) -> None:
        super().__init__()
        self.L = L
        self.weights = PathWeights(rbf, 2 * channels, hidden, L + 1, channels)
        self.norm = norm(L, channels)
        self.linear = EquivariantLinear(L, channels, channels)

    def forward(
        self, x: Float[Tensor, "atoms u"], edge: Edges, Y: Float[Tensor, "edges m"], rbf: Float[Tensor, "edges n"]
    ) -> Float[Tensor, "atoms u m"]:
        """Features of degrees 0..L from scalars."""
        degree = degrees(self.L).to(x.device)
        w = self.weights(rbf, torch.cat([x[edge.receiver], x[edge.sender]], dim=-1)).transpose(1, 2)[..., degree]
        size = ((2 * degree + 1).to(Y) / (self.L + 1)) ** 0.25  # alpha of these paths times C^(0 l l)
        messages = w * x[edge.sender][..., None] * (size * Y)[:, None, :]
        return self.linear(self.norm(gather(messages, edge.receiver, len(x))))


class Convolution(nn.Module):
    """A convolution with a residual: x_i + Linear(h_i + sum_j TP(h_j, Y(r_ij))), h = Linear(NormGate(x)).

    All features are of natural parity here, (-1)^l: the paths have even l1 + l2 + l3. norm: the class of a layer for
    the sum. pair_sparsity: a gate chooses among the edges of a molecule, or of the batch.
    """

    def __init__(
        self, L: int, channels: int, rbf: int, hidden: int, norm: type[nn.Module] = nn.Identity,
        pair_sparsity: float = 0.0, per: str = "molecule",
    ) -> None:  # fmt: skip
        super().__init__()
        self.inner = EquivariantLinear(L, channels, channels)
        self.before = nn.Sequential(NormGate(L, channels), EquivariantLinear(L, channels, channels))
        width = channels * (L + 2)
        self.pair_gate = PairGate(width, pair_sparsity, per) if pair_sparsity else None
        self.product = SparseTensorProduct(L, channels, parity=True)
        self.weights = PathWeights(rbf, width, hidden, len(self.product.paths), channels)
        self.norm = norm(L, channels)
        self.linear = EquivariantLinear(L, channels, channels)

    def forward(
        self,
        x: Float[Tensor, "atoms u m"],
        edge: Edges,
        Y: Float[Tensor, "edges m"],
        rbf: Float[Tensor, "edges n"],
        molecule: Int[Tensor, " edges"],
    ) -> Float[Tensor, "atoms u m"]:
        """See the class. molecule: of each edge."""
        receiver, sender = edge.receiver, edge.sender
        s, h = pair_scalars(self.inner(x), receiver, sender), self.before(x)
        if self.pair_gate is not None:
            kept, s = self.pair_gate(s, molecule)
            receiver, sender, Y, rbf = receiver[kept], sender[kept], Y[kept], rbf[kept]
        messages = self.product(h[sender], Y[:, None, :], self.weights(rbf, s))
        return x + self.linear(self.norm(gather(messages, receiver, len(x))) + h)


def pair_scalars(
    x: Float[Tensor, "atoms u m"], i: Int[Tensor, " pairs"], j: Int[Tensor, " pairs"]
) -> Float[Tensor, "pairs width"]:
    """What rotations leave alone in two atoms: the scalars of i, those of j, inner products of degrees 1..L."""
    return torch.cat(
        [x[i][..., 0], x[j][..., 0], inner_product(x[i], x[j])[..., 1:].transpose(1, 2).flatten(1)], dim=-1
    )


class SelfLayer(nn.Module):
    """Features of single atoms: the tensor product of two views of x_i. residual: x_i is added to it."""

    def __init__(self, L: int, channels: int, residual: bool, sparsity: float = 0.0, parity: bool = False) -> None:
        super().__init__()
        self.residual = residual
        self.left = nn.Sequential(NormGate(L, channels), EquivariantLinear(L, channels, channels))
        self.right = nn.Sequential(NormGate(L, channels), EquivariantLinear(L, channels, channels))
        self.product = GatedProduct(L, channels, sparsity, parity)
        self.weight = nn.Parameter(torch.randn(1, len(self.product.product.paths), channels))
        self.after = nn.Sequential(NormGate(L, channels), EquivariantLinear(L, channels, channels))

    def forward(self, x: Float[Tensor, "atoms u m"]) -> Float[Tensor, "atoms u m"]:
        """See the class."""
        paths, coefficients = self.product.choose()
        weight = self.weight if paths is None else self.weight[:, paths.to(self.weight.device)]
        z = self.product.product(self.left(x), self.right(x), weight, paths, coefficients)
        return self.after(z + x if self.residual else z)


class PairLayer(nn.Module):
    """Features of pairs: the tensor product of x_i + x_j with itself in half of the channels, with x_i - x_j in others.

    Exchanging i and j changes the sign of the latter, and nothing else. released: the tensor product of x_j with x_i.
    """

    def __init__(
        self,
        L: int,
        channels: int,
        rbf: int,
        hidden: int,
        sparsity: float,
        pair_sparsity: float,
        per: str,
        parity: bool,
        released: bool,
    ) -> None:
        super().__init__()
        self.released, self.odd = released, 0 if released else channels // 2
        self.inner = EquivariantLinear(L, channels, channels)
        self.before = nn.Sequential(NormGate(L, channels), EquivariantLinear(L, channels, channels))
        width = channels * (L + 1)
        self.pair_gate = PairGate(width, pair_sparsity, per) if pair_sparsity else None
        self.product = GatedProduct(L, channels, sparsity, parity)
        self.weights = PathWeights(rbf, width, hidden, len(self.product.product.paths), channels, biased=True)
        linear = EquivariantLinear if released else ExchangeLinear
        self.after = nn.Sequential(NormGate(L, channels, self.odd), linear(L, channels, channels))

    def forward(
        self,
        x: Float[Tensor, "atoms u m"],
        pairs: Int[Tensor, "pairs 2"],
        rbf: Float[Tensor, "pairs n"],
        molecule: Int[Tensor, " pairs"],
        former: Float[Tensor, "pairs u m"] | None,
    ) -> Float[Tensor, "pairs u m"]:
        """The features of this layer on top of those of the former one, which pairs that are not kept retain."""
        h, (i, j) = self.before(x), pairs.T
        first, second, products = pair_scalars(self.inner(x), i, j).tensor_split([x.shape[1], 2 * x.shape[1]], dim=-1)
        s = torch.cat([(first + second) / 2, products], dim=-1)
        kept = None
        if self.pair_gate is not None:
            kept, s = self.pair_gate(s, molecule)
            i, j, rbf = i[kept], j[kept], rbf[kept]
        paths, coefficients = self.product.choose()
        left, right = h[j], h[i]
        if not self.released:
            left = h[i] + h[j]
            right = torch.cat([left[:, : -self.odd], (h[i] - h[j])[:, -self.odd :]], dim=1)
        z = self.after(self.product.product(left, right, self.weights(rbf, s, paths), paths, coefficients))
        if former is None:
            return z if kept is None else z.new_zeros(len(pairs), *z.shape[1:]).index_add(0, kept, z)
        return former + z if kept is None else former.index_add(0, kept, z)


class ExpansionWeights(nn.Module):
    """Weights and biases of an `Expansion`, each from scalars by two linear layers with a SiLU between."""

    def __init__(self, scalars: int, hidden: int, expansion: Expansion) -> None:
        super().__init__()
        self.of_weights, self.of_biases = (
            nn.Sequential(nn.Linear(scalars, hidden), nn.SiLU(), nn.Linear(hidden, count))
            for count in (expansion.weight_count, expansion.bias_count)
        )

    def forward(self, scalars: Float[Tensor, "rows u"]) -> tuple[Float[Tensor, "rows w"], Float[Tensor, "rows b"]]:
        """Both, for each row."""
        return self.of_weights(scalars), self.of_biases(scalars)


class BlockHead(nn.Module):
    """From features to blocks of atoms and of pairs, with expansion weights made from scalars.

    released: the block (i, j) comes from the features of (i, j) alone.
    """

    def __init__(self, L: int, channels: int, bottleneck: int, basis: str, parity: bool, released: bool) -> None:
        super().__init__()
        self.expansion = Expansion(bottleneck, basis, parity)
        self.released, self.odd = released, bottleneck // 2
        self.narrow = EquivariantLinear(L, channels, bottleneck, bias=not released)
        self.narrow_pairs = (
            EquivariantLinear(L, channels, bottleneck, bias=False)
            if released
            else ExchangeLinear(L, channels, bottleneck)
        )
        self.of_atoms, self.of_pairs = (ExpansionWeights(channels, channels, self.expansion) for _ in range(2))

    def forward(
        self, scalars: Tensor, atoms: Tensor, pairs: Tensor, indices: Int[Tensor, "pairs 2"]
    ) -> tuple[Float[Tensor, "atoms k k"], Float[Tensor, "pairs k k"]]:
        """Diagonal blocks, and blocks (i, j) of pairs. Unless released, exchanging i and j transposes the latter."""
        diagonal = self.expansion(self.narrow(atoms), *self.of_atoms(scalars))
        diagonal = diagonal / 2 + diagonal.transpose(1, 2) / 2
        weights, biases = self.of_pairs(scalars[indices].sum(dim=1))
        there = self.narrow_pairs(pairs)
        lower = self.expansion(there, weights, biases)
        if self.released:
            return diagonal, lower
        back = torch.cat([there[:, : -self.odd], -there[:, -self.odd :]], dim=1)
        return diagonal, lower / 2 + self.expansion(back, weights, biases).transpose(1, 2) / 2


class SPHNet(nn.Module):
    """Predicts the blocks of H, or of H - H0, in degree order.

    Args:
        basis: "sto-3g", "def2-svp" or "def2-tzvp", which decides L: 2, 4 or 6.
        channels, bottleneck: features of each degree, and of those that become blocks; even.
        hidden, pair_hidden: width of the networks that make the weights of tensor products.
        rbf, cutoff, pair_cutoff, alpha: functions of the distance, in Angstrom.
        scalar_layers: message-passing layers before the first convolution; 0 for atoms that know only their number.
        sparsity, pair_sparsity: shares of paths and of pairs left out, 0 to keep all.
        per: whether pairs are chosen in each "molecule", or in the whole "batch" as in the released code.
        parity: leave out everything that inversion would not respect: then H(-X) follows exactly from H(X). The
            convolutions do so anyway; atoms, pairs and blocks do not.
        released: the network as its authors released it (see the top of this module), for `load_published`.
    Raises: ValueError.
    """

    def __init__(
        self, basis: str = "def2-svp", channels: int = 128, bottleneck: int = 32, hidden: int = 32,
        pair_hidden: int = 128, rbf: int = 16, cutoff: float = 15.0, pair_cutoff: float = 30.0, alpha: float = 0.5,
        scalar_layers: int = 4, sparsity: float = 0.0, pair_sparsity: float = 0.0, per: str = "molecule",
        parity: bool = False, released: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        for name, value in (("channels", channels), ("bottleneck", bottleneck)):
            if checks.integer(value, name, 2) % 2:
                raise ValueError(f"{name} must be even: half of the channels of a pair change sign, got {value}")
        self.L = L = Expansion(bottleneck, basis).L
        self.head = BlockHead(L, channels, bottleneck, basis, parity, released)
        self.embedding = nn.Embedding(ELEMENTS, channels)
        self.scalars: VectorialNetwork | ScalarNetwork = (
            VectorialNetwork(channels, scalar_layers, ELEMENTS) if released else ScalarNetwork(channels, scalar_layers)
        )
        self.rbf, self.pair_rbf = BernsteinRBF(rbf, cutoff, alpha), BernsteinRBF(rbf, pair_cutoff, alpha)
        norm = ReleasedLayerNorm if released else EquivariantLayerNorm
        self.lifting = Lifting(L, channels, rbf, hidden, norm)
        self.convolution = Convolution(L, channels, rbf, hidden, norm, pair_sparsity, per)
        self.self_layers = nn.ModuleList(SelfLayer(L, channels, second, sparsity, parity) for second in (False, True))
        self.pair_layers = nn.ModuleList(
            PairLayer(L, channels, rbf, pair_hidden, sparsity, share, per, parity, released)
            for share in (0.0, pair_sparsity)
        )

    def forward(self, batch: Molecules) -> tuple[Float[Tensor, "atoms k k"], Float[Tensor, "pairs k k"]]:
        """The diagonal blocks of all atoms, symmetric, and the blocks (i, j) of `batch.pairs`."""
        edge = edges(batch)
        x = self.embedding(batch.numbers)
        vectorial = isinstance(self.scalars, VectorialNetwork)
        scalars = self.scalars(x, batch, edge) if vectorial else self.scalars(x, edge)
        Y, rbf = harmonics(self.L, edge.direction), self.rbf(edge.distance)
        first = self.lifting(scalars, edge, Y, rbf)
        second = self.convolution(first, edge, Y, rbf, batch.molecule[edge.receiver])
        near, molecule = self.pair_rbf(edge.distance[: len(batch.pairs)]), batch.molecule[batch.pairs[:, 0]]
        atoms, pairs = self.self_layers[0](first), self.pair_layers[0](first, batch.pairs, near, molecule, None)
        atoms = atoms + self.self_layers[1](second)
        pairs = self.pair_layers[1](second, batch.pairs, near, molecule, pairs)
        return self.head(scalars, atoms, pairs, batch.pairs)

    def products(self) -> list[GatedProduct]:
        """All tensor products that a gate may thin out."""
        return [module for module in self.modules() if isinstance(module, GatedProduct)]

    def enter(self, phase: str) -> None:
        """Put all gates of paths into a phase: "random", "adaptive" or "fixed"."""
        for product in self.products():
            product.enter(phase)

    def load_published(self, state_dict: Mapping[str, Any]) -> list[str]:
        """Take weights of the released network (github.com/microsoft/SPHNet), or change nothing and raise.

        For SPHNet(released=True, pair_sparsity=0.7) as configured there, also with basis="def2-tzvp". On made-up
        weights this predicts what their code does for one molecule at a time (for a batch with per="batch"), to 1e-6 of
        the largest entry: it adds so much to each component of a vector, against rotations. At exactly symmetric
        places it differs more (see `rescaled` in vectorial.py). Not compared: molecules wider than 15 Angstrom or of
        more than 33 atoms, where it leaves out edges. All paths are computed, as with "use_sparse_tp" there. Without it
        their training keeps its paths in files that run code when opened; such weights are refused.

        state_dict: the entry "state_dict" of a file of its training, read by torch.load(path, weights_only=True). That
        may refuse the file for the settings stored beside: then have its owner save the entry alone. Returns the names
        that are not used. Raises: ValueError with the name of what is missing, foreign or misshaped.
        """
        if not isinstance(self.scalars, VectorialNetwork) or self.products()[0].gate is not None:
            raise ValueError("load_published needs SPHNet(released=True, sparsity=0.0): this network has other layers")
        layers = len(self.scalars.short)
        return released_weights.load_sphnet(self, state_dict, self.embedding.embedding_dim, layers)
