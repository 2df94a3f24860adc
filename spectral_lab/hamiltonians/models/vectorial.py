"""The scalars of the released SPHNet, by messages of scalars and vectors: from near atoms, then from groups of atoms.

Near atoms as in ViSNet (Wang et al. 2024), groups as in LSRM (Li et al. 2024). Vectors are used inside; only scalars
come out. Groups come from k-means with a fixed seed, so that numbering the atoms anew may change a prediction, and two
molecules far apart are not predicted as each alone. Our own `ScalarNetwork` has no groups and none of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, pi

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from spectral_lab.hamiltonians.models.molecules import Edges, Molecules, gather

# Angstrom: which atoms and which centres of groups an atom hears, and where the functions of both distances end.
NEAR, FAR = 3.0, 9.0
CUTOFF, GROUP_CUTOFF = 5.0, 15.0
DISTANCES, HEADS, GROUP = 50, 8, 4
ZERO = 1e-5  # vectors that are shorter are rounding, where symmetry asks for zero


class ExpNormalRBF(nn.Module):
    """A distance r as bumps in e^(-5r/c): cut(r) exp(-beta_n (e^(-5r/c) - mu_n)^2), where mu and beta are learned."""

    def __init__(self, count: int, cutoff: float) -> None:
        super().__init__()
        self.cutoff, end = cutoff, exp(-cutoff)
        self.means = nn.Parameter(torch.linspace(end, 1, count))
        self.betas = nn.Parameter(torch.full((count,), (2 / count * (1 - end)) ** -2))

    def forward(self, r: Float[Tensor, " rows"]) -> Float[Tensor, "rows count"]:
        """Zeros beyond the cutoff c."""
        away = torch.exp(-5 * r / self.cutoff)[:, None] - self.means
        return cosine_cutoff(r, self.cutoff)[:, None] * torch.exp(-self.betas * away**2)


def cosine_cutoff(r: Float[Tensor, " rows"], c: float) -> Float[Tensor, " rows"]:
    """(1 + cos(pi r / c)) / 2, and 0 beyond c."""
    return torch.where(r < c, (torch.cos(pi * r / c) + 1) / 2, torch.zeros_like(r))


def rescaled(v: Float[Tensor, "rows 3 u"]) -> Float[Tensor, "rows 3 u"]:
    """The vectors of a row with lengths moved onto [0, 1], shortest channel to longest; their directions stay.

    In the released code rounding grows to length 1 where symmetry leaves no vector, as at methane's carbon, and the
    scalars of its network turn with the molecule. Here rows without a vector as long as 1e-5 are zero.
    """
    length = torch.linalg.vector_norm(v, dim=1, keepdim=True)
    low, high = length.amin(dim=-1, keepdim=True), length.amax(dim=-1, keepdim=True)
    spread = torch.where(high < ZERO, torch.full_like(high, torch.inf), _or_one(high - low))
    return (length - low) / spread * (v / _or_one(length))


def _or_one(x: Tensor) -> Tensor:
    return torch.where(x == 0, torch.ones_like(x), x)


def across(v: Float[Tensor, "edges 3 u"], d: Float[Tensor, "edges 3"]) -> Float[Tensor, "edges 3 u"]:
    """The part of v at right angles to the unit vector d."""
    return v - (v * d[:, :, None]).sum(dim=1, keepdim=True) * d[:, :, None]


def heads(x: Float[Tensor, "rows u"]) -> Float[Tensor, "rows heads w"]:
    """The channels in groups, one for each head of an attention."""
    return x.unflatten(-1, (HEADS, -1))


class ShortLayer(nn.Module):
    """Attention to near atoms, with a SiLU for the softmax; x, v and features f of edges each get an addition.

    a_ij = SiLU(sum q_i k_j SiLU(A f_ij)) cut(r_ij) and m_ij = a_ij value_j SiLU(B f_ij), head by head;
    [s1, s2] = SiLU(C m_ij), [o1, o2, o3] = O sum_j m_ij. The additions are

        x: <V1 v, V2 v> o2 + o3,    v: o1 V3 v + sum_j (s1 v_j + s2 d_ij),    f: SiLU(F f_ij) <T v_i, S v_j>,

    the last product between the parts at right angles to the direction d_ij.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.query, self.key, self.value, self.edge_key, self.edge_value, self.edge_update = (
            nn.Linear(channels, channels) for _ in range(6)
        )
        self.to_vectors, self.output = nn.Linear(channels, 2 * channels), nn.Linear(channels, 3 * channels)
        self.vectors = nn.Linear(channels, 3 * channels, bias=False)
        self.of_receiver, self.of_sender = (nn.Linear(channels, channels, bias=False) for _ in range(2))

    def forward(
        self, x: Float[Tensor, "atoms u"], v: Float[Tensor, "atoms 3 u"], f: Float[Tensor, "edges u"], edge: Edges
    ) -> tuple[Float[Tensor, "atoms u"], Float[Tensor, "atoms 3 u"], Float[Tensor, "edges u"]]:
        """The additions to x, v and f."""
        i, j, d = edge.receiver, edge.sender, edge.direction
        x, v = self.norm(x), rescaled(v)
        score = heads(self.query(x)[i] * self.key(x)[j] * F.silu(self.edge_key(f))).sum(dim=-1)
        attention = F.silu(score) * cosine_cutoff(edge.distance, CUTOFF)[:, None]
        message = (heads(self.value(x)[j] * F.silu(self.edge_value(f))) * attention[..., None]).flatten(1)
        s1, s2 = F.silu(self.to_vectors(message))[:, None, :].chunk(2, dim=-1)
        vectors = gather(v[j] * s1 + d[:, :, None] * s2, i, len(x))
        turned = across(self.of_receiver(v)[i], d) * across(self.of_sender(v)[j], d)
        df = F.silu(self.edge_update(f)) * turned.sum(dim=1)
        o = self.output(gather(message, i, len(x))).chunk(3, dim=-1)
        return *additions(o, self.vectors(v).chunk(3, dim=-1), vectors), df


class GroupLayer(nn.Module):
    """Attention to groups g, whose features are means over their atoms. The additions are those of `ShortLayer`, with

    a_ig = SiLU(sum q_i k_g rho_ig / sqrt(U / 8)), m_ig = a_ig value_g, and sum_g (d_ig MLP(m_ig) + v_g MLP'(m_ig)) for
    the sum over j. rho_ig is learned of the distance.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm, self.group_norm = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.query, self.key, self.value = (nn.Linear(channels, channels) for _ in range(3))
        self.along, self.scale = (
            nn.Sequential(nn.Linear(channels, channels), nn.SiLU(), nn.Linear(channels, channels)) for _ in range(2)
        )
        self.output, self.vectors = (
            nn.ModuleList(nn.Linear(channels, channels, bias=False) for _ in range(3)) for _ in range(2)
        )

    def forward(
        self,
        x: Float[Tensor, "atoms u"],
        v: Float[Tensor, "atoms 3 u"],
        group: Int[Tensor, " atoms"],
        edge: Edges,
        rho: Float[Tensor, "edges u"],
    ) -> tuple[Float[Tensor, "atoms u"], Float[Tensor, "atoms 3 u"]]:
        """The additions to x and v."""
        i, g = edge.receiver, edge.sender
        of_group, vector = self.group_norm(group_means(x, group)), rescaled(group_means(v, group))
        x, v = self.norm(x), rescaled(v)
        score = heads(self.query(x)[i] * self.key(of_group)[g] * rho).sum(dim=-1) / (x.shape[1] / HEADS) ** 0.5
        message = (heads(self.value(of_group)[g]) * F.silu(score)[..., None]).flatten(1)
        along, scale = self.along(message)[:, None, :], self.scale(message)[:, None, :]
        vectors = gather(edge.direction[:, :, None] * along + vector[g] * scale, i, len(x))
        total = gather(message, i, len(x))
        return additions([layer(total) for layer in self.output], [layer(v) for layer in self.vectors], vectors)


def additions(
    o: Sequence[Tensor], v: Sequence[Tensor], vectors: Float[Tensor, "atoms 3 u"]
) -> tuple[Float[Tensor, "atoms u"], Float[Tensor, "atoms 3 u"]]:
    """What both kinds of layers add to scalars and to vectors."""
    (o1, o2, o3), (v1, v2, v3) = o, v
    return (v1 * v2).sum(dim=1) * o2 + o3, v3 * o1[:, None, :] + vectors


def group_means(values: Tensor, group: Int[Tensor, " atoms"]) -> Tensor:
    """The mean over the atoms of each group."""
    count = torch.bincount(group).to(values)
    return gather(values, group, len(count)) / count.view(-1, *[1] * (values.ndim - 1))


def cluster(positions: Float[np.ndarray, "atoms 3"]) -> Int[np.ndarray, " atoms"]:
    """The group of each atom of a molecule: one group for 4 atoms, by scikit-learn's k-means; below 4 each atom alone.

    The seed is that of the released code for QH9. Its version of scikit-learn is not stated there, and another one may
    divide otherwise; the files of PubChemQH hold groups of their own.
    """
    atoms = len(positions)
    if atoms < 2 * GROUP:
        return np.arange(atoms) if atoms < GROUP else np.zeros(atoms, dtype=int)
    from sklearn.cluster import KMeans

    return np.unique(KMeans(atoms // GROUP, random_state=0).fit_predict(positions), return_inverse=True)[1]


def groups(batch: Molecules) -> tuple[Int[Tensor, " atoms"], Edges]:
    """The group of each atom, and edges from the groups of a molecule to its atoms within 9 Angstrom of the centre.

    Centres are weighed by atomic numbers. An atom at the centre itself, such as methane's carbon, has no direction.
    """
    labels: list[np.ndarray] = []
    home: list[int] = []  # the molecule of each group
    for number, positions in enumerate(batch.positions.detach().split(torch.bincount(batch.molecule).tolist())):
        label = cluster(positions.cpu().double().numpy())
        labels.append(label + len(home))
        home += [number] * int(label.max() + 1)
    group = torch.as_tensor(np.concatenate(labels), device=batch.molecule.device)
    Z = batch.numbers.to(batch.positions)
    weight = Z / gather(Z, group, len(home))[group]
    centres = gather(weight[:, None] * batch.positions, group, len(home))
    atom, of = torch.nonzero(batch.molecule[:, None] == torch.tensor(home).to(group), as_tuple=True)
    difference = batch.positions[atom] - centres[of]
    distance = torch.linalg.vector_norm(difference, dim=-1)
    known = torch.where(distance < ZERO, torch.full_like(distance, torch.inf), distance)
    edge = Edges(of, atom, distance, difference / known[:, None])
    return group, Edges(*(part[distance < FAR] for part in edge))


class VectorialNetwork(nn.Module):
    """Scalars of atoms by `layers` short and as many long layers; channels are a multiple of 8 (the heads).

    Sums over neighbours of learned vectors of elements, times functions of the distance, come first. Weights start as
    PyTorch makes them.
    """

    def __init__(self, channels: int, layers: int, elements: int) -> None:
        super().__init__()
        if channels % HEADS:
            raise ValueError(f"channels must be a multiple of {HEADS}, the heads of the attention, got {channels}")
        self.rbf, self.group_rbf = ExpNormalRBF(DISTANCES, CUTOFF), ExpNormalRBF(DISTANCES, GROUP_CUTOFF)
        self.neighbours = nn.Embedding(elements, channels)
        self.filter, self.edge, self.group_edge = (nn.Linear(DISTANCES, channels) for _ in range(3))
        self.combine, self.start = nn.Linear(2 * channels, channels), nn.Linear(channels, channels)
        self.short = nn.ModuleList(ShortLayer(channels) for _ in range(layers))
        self.long = nn.ModuleList(GroupLayer(channels) for _ in range(layers))
        self.short_norm, self.long_norm = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.output = nn.Linear(2 * channels, channels)

    def forward(self, x: Float[Tensor, "atoms u"], batch: Molecules, edge: Edges) -> Float[Tensor, "atoms u"]:
        """From the embeddings of the elements."""
        edge = Edges(*(part[edge.distance < NEAR] for part in edge))
        rbf = self.rbf(edge.distance)
        filters = self.filter(rbf) * cosine_cutoff(edge.distance, CUTOFF)[:, None]
        around = gather(self.neighbours(batch.numbers)[edge.sender] * filters, edge.receiver, len(x))
        x = self.start(self.combine(torch.cat([x, around], dim=-1)))
        v, f = x.new_zeros(len(x), 3, x.shape[1]), self.edge(rbf)
        for layer in self.short:
            dx, dv, df = layer(x, v, f, edge)
            x, v, f = x + dx, v + dv, f + df
        short = self.short_norm(x)
        group, edge = groups(batch)
        rho = self.group_edge(self.group_rbf(edge.distance))
        for layer in self.long:
            dx, dv = layer(x, v, group, edge, rho)
            x, v = x + dx, v + dv
        return self.output(torch.cat([short, self.long_norm(x)], dim=-1))
