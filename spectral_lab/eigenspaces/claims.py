"""The claims of chapter 01, each measured: what the paper states, what we add, and where it does not help.

What a function measures it takes as arguments, with the claim's own values as defaults; the tests put falsehoods in
their place, and the evidence must then say that they do not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
from jaxtyping import Float

from spectral_lab.course import Claim, Evidence, above, at_least, at_most, below, between, recorded, within
from spectral_lab.eigenspaces.counting import counting_graphs, counting_targets
from spectral_lab.eigenspaces.cycles import cycle_counts
from spectral_lab.eigenspaces.filters import spectral_filter
from spectral_lab.eigenspaces.landau_zener import landau_zener_ring, ring_gap, ring_rotation
from spectral_lab.eigenspaces.laplacian import adjacency_matrix, normalized_laplacian
from spectral_lab.eigenspaces.partitions import contrast_bound, eigenspace_labels, projectors
from spectral_lab.eigenspaces.perturbation import davis_kahan, gap_at
from spectral_lab.eigenspaces.regression import fit_spline, spline_features
from spectral_lab.eigenspaces.spectra import adjacency_batch, laplacian_spectra
from spectral_lab.eigenspaces.stability import spe_bound, spe_bound_sharp
from spectral_lab.eigenspaces.walks import stable_colours
from spectral_lab.eigenspaces.zoo import named_graph

if TYPE_CHECKING:
    import torch

CENTRE, WIDTH = 0.3, 0.2
LIPSCHITZ = float(1 / (WIDTH * np.sqrt(np.e)))  # of the Gaussian below


def gauss(lam: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """The filter of C1, C5 and C10."""
    return np.exp(-(((lam - CENTRE) / WIDTH) ** 2) / 2)


def random_rotation(lam: Float[np.ndarray, " d"], rng: np.random.Generator) -> Float[np.ndarray, "d d"]:
    """A random Q in O(λ): an orthogonal matrix for every eigenspace."""
    Q = np.zeros((len(lam), len(lam)))
    labels = eigenspace_labels(lam)
    for space in np.unique(labels):
        members = np.flatnonzero(labels == space)
        Q[np.ix_(members, members)] = np.linalg.qr(rng.standard_normal((len(members), len(members))))[0]
    return Q


def ring_pair(eta: float, delta: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """The Laplacians of the 8-ring at w = 1 - η and w = 1 + η."""
    return tuple(normalized_laplacian(landau_zener_ring(8, w, delta)) for w in (1 - eta, 1 + eta))  # type: ignore[return-value]


def up_to_sign(v: np.ndarray, w: np.ndarray) -> float:
    """The distance of two vectors of which each may be flipped."""
    return float(min(np.linalg.norm(v - w), np.linalg.norm(v + w)))


# --- C1 to C5: what is wrong with eigenvectors --------------------------------------------------------------------


def basis_is_arbitrary(encoding: Callable = lambda V, lam: spectral_filter(V, lam, gauss)) -> Evidence:
    rng, moved, changed = np.random.default_rng(0), [], []
    for name in ("hexagon", "Petersen"):
        lam, V = np.linalg.eigh(normalized_laplacian(named_graph(name)))
        Q = random_rotation(lam, rng)
        moved.append(np.linalg.norm(V @ Q - V))
        changed.append(np.abs(encoding(V @ Q, lam) - encoding(V, lam)).max())
    kept = below(changed, 1e-14, "less than")
    return Evidence(
        f"V moves by {moved[0]:.1f} (hexagon) and {moved[1]:.1f} (Petersen), the filtered matrix by {kept}",
        above(moved, 1),
        kept,
    )


def signs_and_bases(basis_free: str = "spe", sign_free: str = "signnet", neither: str = "raw") -> Evidence:
    import torch

    models = [_model(name, d=10) for name in (basis_free, sign_free, neither)]
    inputs = _inputs(["decalin"], 10)
    flips = np.array(np.meshgrid(*[[1.0, -1.0]] * 10)).reshape(10, -1).T
    batch = {k: v.expand(len(flips), *v.shape[1:]) for k, v in inputs.items()}
    batch["eigenvectors"] = batch["eigenvectors"] * torch.from_numpy(flips)[:, None, :]
    spread = [float((out.max() - out.min()) / out.abs().max()) for out in (_call(m, batch) for m in models)]
    basis = [_spread_over_bases(m, "Petersen", 10) for m in models[:2]]
    flipped, raw = below(spread[:2], 1e-12, "less than"), above(100 * spread[2], 1, "more than")
    turned, dependent = below(basis[0], 1e-12, "less than"), above(100 * basis[1], 0.1, "more than")
    return Evidence(
        f"over all {len(flips)} sign choices SPE and SignNet change by {flipped}, raw eigenvectors by {raw} %; over "
        f"8 bases of Petersen SPE by {turned}, SignNet by {dependent} %",
        flipped,
        raw,
        turned,
        dependent,
    )


def _spread_over_bases(model: torch.nn.Module, name: str, d: int) -> float:
    """How far the output for one graph is spread over 8 random bases of its eigenspaces, relative to its size."""
    import torch

    inputs, rng = _inputs([name], d), np.random.default_rng(1)
    lam, V = inputs["eigenvalues"][0].numpy(), inputs["eigenvectors"]
    turned = [V @ torch.from_numpy(random_rotation(lam, rng)) for _ in range(8)]
    outputs = torch.cat([_call(model, {**inputs, "eigenvectors": W}) for W in turned])
    return float((outputs.max() - outputs.min()) / outputs.abs().max())


def raw_eigenvectors_jump(delta: float = 0.0) -> Evidence:
    jumps, changes = [], []
    for eta in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5):
        L, L2 = ring_pair(eta, delta)
        jumps.append(up_to_sign(np.linalg.eigh(L)[1][:, 1], np.linalg.eigh(L2)[1][:, 1]))
        changes.append(np.linalg.norm(L - L2))
    return Evidence(
        f"distance {min(jumps):.4f} to {max(jumps):.4f} while the graph moves by {changes[0]:.1e} down to "
        f"{changes[-1]:.1e}",
        within(jumps, 1e-6, of=np.sqrt(2)),
    )


def avoided_crossing(
    gap: Callable[[int, float, float], float] = ring_gap, rotation: Callable[[float, float], float] = ring_rotation
) -> Evidence:
    gaps, angles = [], []
    for a in (-3e-4, -1e-4, 0.0, 2e-4):
        for delta in (1e-4, 3e-4):
            lam, V = np.linalg.eigh(normalized_laplacian(landau_zener_ring(8, 1 + a, delta)))
            far = np.linalg.eigh(normalized_laplacian(landau_zener_ring(8, 1 + 1e-3, 0.0)))[1][:, 1:3]
            gaps.append((lam[2] - lam[1]) / gap(8, 1 + a, delta) - 1)
            overlap = np.abs(far.T @ V[:, 1:3])
            angles.append(np.arctan2(overlap[1, 0], overlap[0, 0]) - rotation(1 + a, delta))
    return Evidence(
        f"gap within {np.abs(gaps).max():.2%} of the formula, angle within {np.abs(angles).max():.0e} rad of "
        "½ arctan(δ/a)",
        below(np.abs(gaps), 3e-3),
        below(np.abs(angles), 5e-3),
    )


def pair_and_spe_are_lipschitz(phi: Callable = gauss, lipschitz: float = LIPSCHITZ) -> Evidence:
    ratios, pairs = [], []
    for eta in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5):
        L, L2 = ring_pair(eta)
        (lam, V), (mu, W) = np.linalg.eigh(L), np.linalg.eigh(L2)
        change = np.linalg.norm(L - L2)
        ratios.append(np.linalg.norm(spectral_filter(V, lam, phi) - spectral_filter(W, mu, phi)) / change)
        pairs.append(np.linalg.norm(V[:, 1:3] @ V[:, 1:3].T - W[:, 1:3] @ W[:, 1:3].T) / change)
    return Evidence(
        f"SPE moves {min(ratios):.3f} to {max(ratios):.3f} times as far as the graph, the pair's projector at most "
        f"{max(pairs):.2f} times; Lip φ = {lipschitz:.2f}",
        below(ratios, lipschitz),
        below(pairs, 1),
    )


# --- C6 to C12: stability -----------------------------------------------------------------------------------------


def basisnet_jumps(hard: str = "basisnet", soft: str = "spe") -> Evidence:
    changes: dict[str, np.ndarray] = {}
    for name in (hard, soft):
        rows = []
        for seed in range(5):
            model = _model(name, d=8, seed=seed)
            outputs = [_encode(model, _ring_inputs(1 + eps)) for eps in (0.0, 1e-2, 1e-3, 1e-4, 1e-6)]
            rows.append([float((out - outputs[0]).norm() / outputs[0].norm()) for out in outputs[1:]])
        changes[name] = np.median(rows, axis=0)
    basis, spe = changes[hard], changes[soft]
    return Evidence(
        f"splitting a pair by ε = 1e-2, 1e-3, 1e-4 changes BasisNet by {basis[0]:.1e}, {basis[1]:.1e}, {basis[2]:.1e} "
        f"(a jump; none below the tolerance), SPE by {spe[0]:.0e}, {spe[1]:.0e}, {spe[2]:.0e}",
        above(basis[2] / basis[0], 0.5),
        below(basis[3] / basis[0], 1e-3),
        within(spe[:-2] / spe[1:-1], 2, of=10),
    )


@cache
def _trials() -> Float[np.ndarray, "trials 4"]:
    """‖ΔSPE‖, the theorem, the sharper bound without and with its gap term.

    For random weighted graphs, a change of one edge, and random equivariant filters.
    """
    rng, rows = np.random.default_rng(0), list[tuple[float, float, float, float]]()
    while len(rows) < 300:
        n = int(rng.integers(4, 13))
        A = np.triu((rng.random((n, n)) < 0.5) * rng.uniform(0.3, 1.5, (n, n)), 1)
        A += A.T
        B, (i, j) = A.copy(), rng.choice(n, 2, replace=False)
        B[i, j] = B[j, i] = (0.0 if A[i, j] else 1.0) if rng.random() < 0.5 else A[i, j] + 10 ** rng.uniform(-4, 0)
        L, L2 = normalized_laplacian(A), normalized_laplacian(B)
        (lam, V), (mu, W) = np.linalg.eigh(L), np.linalg.eigh(L2)
        d = int(rng.integers(1, n + 1))
        gamma = gap_at(lam, d)
        if gamma < 1e-9:  # of a spectrum in [0, 2]: the cut goes through a repeated eigenvalue
            continue
        a, b = rng.uniform(0, 3, (2, 4))

        def phi(x: np.ndarray, a: np.ndarray = a, b: np.ndarray = b) -> np.ndarray:
            return np.sin(a * x[:, None] + b * x.mean())

        moved = spectral_filter(V[:, :d], lam[:d], phi) - spectral_filter(W[:, :d], mu[:d], phi)
        change, K = float(np.linalg.norm(L - L2)), a + b
        paper = spe_bound(change, K, np.full(4, np.sqrt(d)), d, gamma)
        whole = spe_bound_sharp(change, K, np.ones(4), gamma)
        rows.append((float(np.linalg.norm(moved)), paper, spe_bound_sharp(change, K, np.ones(4)), whole))
    return np.array(rows)


def _sharp_terms() -> Float[np.ndarray, "trials 2"]:
    """The Lipschitz term and the gap term of the sharper bound."""
    _, _, lipschitz, whole = _trials().T
    return np.stack([lipschitz, whole - lipschitz], axis=1)


def swapped_components(nodes: int = 20, link: float = 1e-5, heavy: float = 1e6) -> tuple[np.ndarray, np.ndarray]:
    """Two Laplacians that differ by little more than γ(1) of the first, with nearly orthogonal lowest eigenvectors.

    Two cliques, each node of one weakly linked to each of the other: v_1 = D^{1/2} 1 sits on the heavier clique. The
    weights are exchanged, and the links made weaker still. Derived here; for d = 1 we know no graphs that come closer
    to the bounds.
    """
    clique, all_pairs = np.ones((nodes, nodes)) - np.eye(nodes), np.ones((nodes, nodes))
    weights = ((1.0, heavy, link), (heavy, 1.0, 1e-3 * link))
    graphs = [np.block([[a * clique, c * all_pairs], [c * all_pairs, b * clique]]) for a, b, c in weights]
    return normalized_laplacian(graphs[0]), normalized_laplacian(graphs[1])


def theorem_holds(factor: float = 1.0) -> Evidence:
    """`factor` multiplies the theorem's right side."""
    left, right, *_ = _trials().T
    L, L2 = swapped_components()
    (lam, V), (_, W) = np.linalg.eigh(L), np.linalg.eigh(L2)
    moved = float(np.linalg.norm(np.outer(V[:, 0], V[:, 0]) - np.outer(W[:, 0], W[:, 0])))  # φ = 1, d = 1
    bound = factor * spe_bound(float(np.linalg.norm(L - L2)), 0.0, 1.0, 1, gap_at(lam, 1))
    broken = int(np.sum(left > factor * right)) + int(moved > bound)
    ratio = factor * right / np.maximum(left, 1e-300)
    return Evidence(
        f"{broken} violations in {len(left)} random trials and an extremal one; the bound is too large by a factor of "
        f"{ratio.min():.0f} or more in the random ones (median {np.median(ratio):.0e}), {bound / moved:.1f} in the "
        "extremal",
        broken == 0,
        below(bound / moved, 5),
    )


def sharper_bound_holds(lipschitz_factor: float = 1.0, gap_factor: float = 1.0, filter_: Callable = gauss) -> Evidence:
    """The factors multiply the two terms of the bound; the filter is that of the slopes."""
    left = _trials()[:, 0]
    right = _sharp_terms() @ [lipschitz_factor, gap_factor]
    cuts, lines = _extremal(lipschitz_factor, gap_factor)
    slopes = []
    rng = np.random.default_rng(3)
    for d in (10, 4):
        A = np.triu(rng.uniform(0.5, 1.5, (10, 10)), 1)
        E = np.triu(rng.standard_normal((10, 10)), 1)
        moves = []
        for eps in (1e-3, 1e-4, 1e-5):
            pairs = [np.linalg.eigh(normalized_laplacian(M + M.T)) for M in (A, A + eps * E)]
            (lam, V), (mu, W) = pairs
            moved = spectral_filter(V[:, :d], lam[:d], filter_) - spectral_filter(W[:, :d], mu[:d], filter_)
            moves.append((np.linalg.norm((V * lam) @ V.T - (W * mu) @ W.T), np.linalg.norm(moved)))
        x, y = np.log(moves).T
        slopes.append(np.polyfit(x, y, 1)[0])
    broken, ratio = int(np.sum(left > right * (1 + 1e-9))), right / np.maximum(left, 1e-300)
    return Evidence(
        f"{broken} violations in {len(left)} trials, ratio at least {ratio.min():.1f} (median {np.median(ratio):.0f}); "
        f"{cuts:.1f} where only the cut acts, {lines:.1f} for φ(λ) = λ; slope of log ‖ΔSPE‖ against log ‖ΔL‖: "
        f"{slopes[0]:.3f} (d = n), {slopes[1]:.3f} (d = 4)",
        broken == 0,
        at_least([cuts, lines], 1),
        below(cuts, 2.1),
        below(lines, 3.9),
        within(slopes, 0.01, of=1),
    )


def _extremal(lipschitz_factor: float, gap_factor: float) -> tuple[float, float]:
    """Bound over move where it is smallest: a constant φ whose projector is exchanged, and a linear φ with d = n."""
    L, L2 = swapped_components()
    (lam, V), (_, W) = np.linalg.eigh(L), np.linalg.eigh(L2)
    moved = np.linalg.norm(np.outer(V[:, 0], V[:, 0]) - np.outer(W[:, 0], W[:, 0]))
    cut = gap_factor * spe_bound_sharp(float(np.linalg.norm(L - L2)), 0.0, 1.0, gap_at(lam, 1)) / moved
    return float(cut), lipschitz_factor * spe_bound_sharp(1.0, 1.0, 2.0)  # for φ(λ) = λ the move is ‖ΔL‖ itself


def _cut(gap_eta: float, d: int, phi: Callable[[np.ndarray], np.ndarray]) -> tuple[float, float]:
    """‖ΔSPE‖/‖ΔL‖ and γ(2) for the ring at w = 1 + 2η, perturbed by δ = η/1000."""
    w = 1 + 2 * gap_eta
    L, L2 = (normalized_laplacian(landau_zener_ring(8, w, delta)) for delta in (0.0, 1e-3 * gap_eta))
    (lam, V), (mu, W) = np.linalg.eigh(L), np.linalg.eigh(L2)
    moved = spectral_filter(V[:, :d], lam[:d], phi) - spectral_filter(W[:, :d], mu[:d], phi)
    return float(np.linalg.norm(moved) / np.linalg.norm(L - L2)), gap_at(lam, 2)


def truncation_costs_the_gap(d: int = 2, limit: float = 1 / (2 * np.sqrt(6))) -> Evidence:
    results = [_cut(eta, d, np.ones_like) for eta in (1e-1, 1e-2, 1e-3, 1e-4)]
    products, gammas = [ratio * gamma for ratio, gamma in results], [gamma for _, gamma in results]
    return Evidence(
        f"ratio · γ = {', '.join(f'{p:.4f}' for p in products)} for γ from {gammas[0]:.0e} to {gammas[-1]:.0e}",
        within(products[-1], 1e-3, of=limit),
    )


def full_spectrum_has_no_gap(d: int = 8) -> Evidence:
    ratios, gammas = zip(*(_cut(eta, d, gauss) for eta in (1e-1, 1e-2, 1e-3, 1e-4)), strict=True)
    return Evidence(
        f"d = n: ratio {min(ratios):.2f} to {max(ratios):.2f} for the same graphs, γ(2) from {gammas[0]:.0e} to "
        f"{gammas[-1]:.0e}; Lip φ = {LIPSCHITZ:.2f}",
        at_most(ratios, LIPSCHITZ),
        below(max(ratios) / min(ratios), 1.2),
    )


def davis_kahan_holds(constant: float = 2.0) -> Evidence:
    rng, cases = np.random.default_rng(0), []
    for _ in range(1000):
        n = int(rng.integers(3, 10))
        M, E = rng.standard_normal((2, n, n))
        cases.append((M + M.T, M + M.T + 10 ** rng.uniform(-3, 0) * (E + E.T), int(rng.integers(1, n))))
    # Both levels moved to the middle, and past each other: eigenvectors exchanged at the least cost.
    middle = np.diag([0.5 + 1e-9, 0.5 - 1e-9])
    cases += [(np.kron(np.diag([0.0, 1.0]), np.eye(d)), np.kron(middle, np.eye(d)), d) for d in (1, 2, 5)]
    ratios = np.array([2 * davis_kahan(*case).tightness for case in cases])  # of ‖sin Θ‖ and ‖ΔL‖ / γ
    broken = int(np.sum(ratios > constant))
    return Evidence(
        f"{broken} violations in {len(cases)} pairs; largest ‖sin Θ‖ γ / ‖ΔL‖: {ratios[:1000].max():.2f} in random "
        f"ones, {ratios[1000:].max():.4f} where two levels are exchanged",
        at_most(ratios, constant),
        within(ratios.max(), 1e-6, of=np.sqrt(2)),
    )


def soft_partitions_have_a_resolution(limit: float = 1.0) -> Evidence:
    rng, shares = np.random.default_rng(0), []
    for _ in range(200):
        d, width = int(rng.integers(3, 9)), 8
        lam = np.sort(rng.uniform(0, 2, d))
        x, K = lam[:, None], 1.0
        for inp, out in ((1, width), (width, width), (width, 1)):
            own, everyone = rng.standard_normal((out, inp)), rng.standard_normal((out, inp)) / d
            x = x @ own.T + x.sum(axis=0) @ everyone.T
            x = np.maximum(x, 0) if out > 1 else x
            # The layer acts as `own` on sums of 0 over the set, and as own + d · everyone on constants.
            K *= float(max(np.linalg.norm(own, 2), np.linalg.norm(own + d * everyone, 2)))
        contrast = np.abs(np.diff(x[:, 0]))
        shares += [c / contrast_bound(K, gap) for c, gap in zip(contrast, np.diff(lam), strict=True)]
    linear = 5 * 0.5 / contrast_bound(5.0, 0.5)  # φ(λ) = 5λ at two eigenvalues 0.5 apart
    return Evidence(
        f"largest |φ_i − φ_j| / (K |λ_i − λ_j|): {max(shares):.2f} over 200 random DeepSets, {linear:.2f} for "
        "φ(λ) = Kλ",
        at_most([*shares, linear], limit),
        above(linear, 0.999 * limit),
    )


# --- C13 to C17: expressivity -------------------------------------------------------------------------------------


def wl_pairs_are_told_apart(encoder: str = "spe") -> Evidence:
    apart: dict[str, list[float]] = {"none": [], encoder: []}
    same = True
    for name, gaps in apart.items():
        for pair, d in ((("decalin", "bicyclopentyl"), 10), (("hexagon", "two triangles"), 6)):
            colours = np.split(stable_colours(nx.disjoint_union(*map(named_graph, pair))), 2)
            same &= np.array_equal(np.sort(colours[0]), np.sort(colours[1]))
            out = _call(_model(name, d), _inputs(list(pair), d))[:, 0]
            gaps.append(float((out[0] - out[1]).abs() / out.abs().max()))
    blind, sees = below(apart["none"], 1e-13), above(100 * np.array(apart[encoder]), 0.1)
    return Evidence(
        f"{'same' if same else 'other'} 1-WL colours; no encoding: difference {blind}; SPE: {sees} %",
        same,
        blind,
        sees,
    )


def strongly_regular_pair(pair: tuple[str, str] = ("rook 4x4", "Shrikhande")) -> Evidence:
    d = named_graph(pair[0]).number_of_nodes()
    both = _call(_model("spe", d), _inputs(list(pair), d))[:, 0]
    apart = below(float((both[0] - both[1]).abs() / both.abs().max()), 1e-12, words="")
    spread = above(_spread_over_bases(_model("signnet", d), pair[0], d), 1e-4)
    means, errors = zip(*map(_mean_over_bases, pair), strict=True)
    return Evidence(
        f"SPE gives both the same to {apart}; SignNet on the rook's graph alone "
        f"{'depends' if spread else 'does not depend'} on the basis it is given; a "
        f"sign-invariant feature averaged over all bases: {means[0]:.1f} and {means[1]:.1f}, standard error "
        f"{max(errors):.2f}",
        apart,
        spread,
        above(abs(means[0] - means[1]) / sum(errors), 10),
    )


def _mean_over_bases(name: str) -> tuple[float, float]:
    """The mean of Σ_i (Σ_{j~i} |v_j|)^4 over unit vectors v of the second eigenspace, and its standard error.

    The vectors are projections of random ones: they depend on the eigenspace, and not on a basis of it.
    """
    A = adjacency_matrix(named_graph(name))
    P = projectors(*np.linalg.eigh(normalized_laplacian(A)))[1]
    v = np.random.default_rng(0).standard_normal((20_000, len(A))) @ P
    feature = ((np.abs(v / np.linalg.norm(v, axis=1, keepdims=True)) @ A) ** 4).sum(axis=1)
    return float(feature.mean()), float(feature.std() / np.sqrt(len(feature)))


def peg_is_blind_at_full_d(d: int = 10) -> Evidence:
    V = laplacian_spectra([named_graph("decalin")]).eigenvectors[0]
    few, more, all_ = (_pair_lengths(V[:, :k]) for k in (2, 8, d))
    equal, length = below(all_.std(), 1e-12), within(all_, 1e-9, of=np.sqrt(2))
    told = "0 (d = n = 10), where all are √2" if equal and length else f"{all_.std():.1e} (d = {d})"
    return Evidence(
        f"decalin: deviation of the lengths {few.std():.3f} (d = 2), {more.std():.3f} (d = 8), {told}", equal, length
    )


def _pair_lengths(V: np.ndarray) -> np.ndarray:
    return np.linalg.norm(V[:, None] - V[None], axis=2)[np.triu_indices(len(V), 1)]


# Two graphs of 8 nodes with the same degrees and the same spectrum of L, found by a random search.
COSPECTRAL = (
    (8, [(0, 3), (0, 6), (1, 2), (1, 5), (1, 6), (1, 7), (2, 3), (2, 6), (2, 7), (3, 5), (3, 6), (4, 5)]),
    (8, [(0, 2), (0, 4), (1, 2), (1, 3), (1, 6), (1, 7), (2, 5), (2, 6), (3, 4), (3, 6), (3, 7), (6, 7)]),
)


def counting_is_exact(count: Callable[[Any, int], Any] = cycle_counts, pair: tuple[Any, Any] = COSPECTRAL) -> Evidence:
    wrong, graphs = 0, [g for g in counting_graphs(60, 0) if g[0] <= 15][:12]
    for n, edges in graphs:
        cycles = [len(c) for c in nx.simple_cycles(nx.Graph(edges.tolist()), length_bound=6)]
        degrees = adjacency_matrix((n, edges)).sum(axis=1)
        lam, V = np.linalg.eigh(normalized_laplacian((n, edges)))
        A = spectral_filter(V, lam, lambda x: 1 - x) * np.sqrt(np.outer(degrees, degrees))
        wrong += sum(count(np.rint(A), k) != cycles.count(k) for k in (3, 4, 5, 6))
    spectra = laplacian_spectra(pair).eigenvalues
    degrees = [sorted(adjacency_matrix(graph).sum(axis=1)) for graph in pair]
    alike = bool(np.allclose(*spectra, atol=1e-12)) and degrees[0] == degrees[1]
    counts = [[int(count(graph, k)) for k in (3, 4, 5, 6)] for graph in pair]
    return Evidence(
        f"{wrong} wrong counts of length 3 to 6 in {len(graphs)} random graphs, from V(1−Λ)V^T and the degrees; two "
        f"graphs of 8 nodes with {'one spectrum and the same' if alike else 'other spectra or'} degrees have "
        f"{counts[0]} and {counts[1]}",
        wrong == 0,
        alike,
        counts[0] != counts[1],
    )


def learns_to_count(better: str = "spe", worse: str = "none") -> Evidence:
    import tempfile

    from spectral_lab.eigenspaces.recipe import RECIPES
    from spectral_lab.training import Silent, train

    errors = {}
    with tempfile.TemporaryDirectory() as folder:
        for method in (better, worse):
            recipe = RECIPES[f"counting/all/{method}"]("miniature")
            errors[method] = train(recipe, reporter=Silent(), folder=Path(folder)).metrics["test MAE"]
    return Evidence(
        f"300 training graphs, seconds of training: the test error of SPE is {errors[better] / errors[worse]:.1f} "
        "times that without an encoding",
        below(errors[better] / errors[worse], 1),
    )


# --- C21 to C24: the trade-off, and our own tools ------------------------------------------------------------------


@cache
def _counting_split(sizes: tuple[int, ...], count: int, seed: int) -> tuple[Any, np.ndarray]:
    graphs = counting_graphs(count, seed, sizes)
    return laplacian_spectra(graphs), counting_targets(graphs)[:, 0]


def _spline_errors(pieces: int, splits: Sequence[tuple[tuple[int, ...], int, int]]) -> tuple[list[float], float]:
    """Mean errors on the splits of the regression that is fitted to the first, in its standard deviations; Lip φ."""
    data = [(spline_features(spectra, pieces), y) for spectra, y in (_counting_split(*s) for s in splits)]
    mean, std = data[0][1].mean(), data[0][1].std()
    fit = fit_spline(data[0][0], (data[0][1] - mean) / std, 1e-3)
    return [float(np.abs(fit(X) - (y - mean) / std).mean()) for X, y in data], fit.lipschitz


def stable_or_sharp(few: int = 60, many: int = 3000, sharp: int = 48) -> Evidence:
    everything, rows = (10, 15, 20, 30), {}
    for count in (few, many):
        for pieces in (1, sharp):
            (train, test), lipschitz = _spline_errors(pieces, [(everything, count, 0), (everything, 300, 1)])
            rows[count, pieces] = train, test, lipschitz
    steep, flat = rows[few, sharp], rows[few, 1]
    text = "; ".join(
        f"{count} graphs, {pieces} piece{'s' if pieces > 1 else ''}: {train:.2f}, {test:.2f} (Lip φ {_written_out(K)})"
        for (count, pieces), (train, test, K) in rows.items()
    )
    return Evidence(
        f"triangles, train and test error: {text}",
        below(steep[0] / flat[0], 0.6),
        above(steep[1] / flat[1], 2),
        below(rows[many, sharp][1] / rows[many, 1][1], 0.95),
        above(steep[2] / rows[many, sharp][2], 100),
    )


def _written_out(value: float) -> str:
    """Two digits, written out."""
    return f"{float(f'{value:.1e}'):.0f}"


def shifted_sizes(larger: tuple[int, ...] = (20, 30)) -> Evidence:
    ratios = {}
    for pieces in (1, 8, 48):
        draws = []
        for seed in range(0, 30, 3):  # one draw says little: the errors of sharp filters scatter
            splits = [((10, 15), 60, seed), ((10, 15), 300, seed + 1), (larger, 300, seed + 2)]
            (_, inside, shifted), _ = _spline_errors(pieces, splits)
            draws.append(shifted / inside)
        ratios[pieces] = np.sort(draws)
    medians = {p: np.median(draws) for p, draws in ratios.items()}
    return Evidence(
        "trained on 10 and 15 nodes, error on 20 and 30 over error on 10 and 15, median (range) of 10 draws: "
        + ", ".join(
            f"{p} {'piece' if p == 1 else 'pieces'} {medians[p]:.0f} ({draws[0]:.0f} to {draws[-1]:.0f})"
            for p, draws in ratios.items()
        ),
        above(list(medians.values()), 1.5),
        above([medians[8] / medians[1], medians[48] / medians[1]], 2),
    )


def batched_spectra_are_exact(spectra: Callable = laplacian_spectra) -> Evidence:
    graphs = counting_graphs(100, 0)
    lam, V, _ = spectra(graphs)
    errors = []
    for row, graph in enumerate(graphs):
        n, L = graph[0], normalized_laplacian(graph)
        errors.append(np.abs(lam[row, :n] - np.linalg.eigvalsh(L)).max())
        errors.append(np.abs((V[row, :n, :n] * lam[row, :n]) @ V[row, :n, :n].T - L).max())
    worst = below(errors, 1e-13, "within")
    return Evidence(f"eigenvalues and reconstructed Laplacians of 100 graphs {worst}", worst)


def encoders_are_equivariant(
    equivariant: Sequence[str] = ("spe", "signnet", "basisnet", "peg", "none"), broken: str = "released"
) -> Evidence:
    """The barbell has repeated eigenvalues; decalin has none, so that there the answers do not depend on a basis."""
    errors = [_relabelling_error(name, graph) for name in equivariant for graph in ("barbell", "decalin")]
    worst, released = below(errors, 1e-12, words=""), _relabelling_error(broken, "decalin")
    return Evidence(
        f"relabelled barbell and decalin: all five within {worst}; BasisNet as released changes by {released:.0e} of "
        "its size on decalin",
        worst,
        above(released, 1e-6),
    )


def _relabelling_error(name: str, graph: str) -> float:
    """How far a model's output moves, relative to its size, when the nodes of the graph are renumbered."""
    import torch

    order, inputs, model = (
        torch.from_numpy(np.random.default_rng(5).permutation(10)),
        _inputs([graph], 7),
        _model(name, 7),
    )
    moved = {k: v[:, order] if k in ("nodes", "eigenvectors", "mask") else v for k, v in inputs.items()}
    moved |= {k: inputs[k][:, order][:, :, order] for k in ("edges", "adjacency")}
    before, after = _call(model, inputs), _call(model, moved)
    return float((before - after).abs().max() / before.abs().max())


# --- models with ordinary random weights ---------------------------------------------------------------------------


def _model(name: str, d: int, seed: int = 0) -> torch.nn.Module:
    """A small double-precision GINE with the named encoder and normal weights, in evaluation mode."""
    import torch

    from spectral_lab.eigenspaces.models import GINE, PEG, SPE, BasisNet, RawEigenvectors, SignNet

    encoders: dict[str, Callable[[], torch.nn.Module | None]] = {
        "spe": lambda: SPE(d, 4, "mlp", 3, 8, 2, 8),
        "signnet": lambda: SignNet(d, "sum", 2, 8, 2),
        "basisnet": lambda: BasisNet(d, d, 8, 2),
        "released": lambda: BasisNet(d, d, 8, 2, as_released=True),
        "peg": lambda: PEG(d),
        "raw": lambda: RawEigenvectors(d),
        "none": lambda: None,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = GINE(encoders[name](), width=8, layers=2).double().eval()
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=1.5 / parameter.shape[-1] ** 0.5)
    return model


def _inputs(names: list[str], d: int) -> dict[str, torch.Tensor]:
    return _tensors([named_graph(name) for name in names], d)


def _ring_inputs(w: float) -> dict[str, torch.Tensor]:
    """The 8-ring whose edge (0, 7) has weight w, with the plain ring for the messages."""
    plain = _tensors([landau_zener_ring(8, 1.0, 0.0)], 8)
    return {**_tensors([landau_zener_ring(8, w, 0.0)], 8), "adjacency": plain["adjacency"]}


def _tensors(graphs: list[Any], d: int) -> dict[str, torch.Tensor]:
    import torch

    lam, V, mask = laplacian_spectra(graphs, d)
    adjacency = adjacency_batch(graphs)[1]
    arrays = {"adjacency": adjacency, "eigenvalues": lam, "eigenvectors": V, "mask": mask}
    arrays |= {"nodes": np.zeros(mask.shape, dtype=int), "edges": np.zeros(adjacency.shape, dtype=int)}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _encode(model: torch.nn.Module, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """What the encoder gives to every node."""
    import torch

    encoder: Any = model.encoder
    with torch.no_grad():
        return encoder(*(inputs[name] for name in ("eigenvalues", "eigenvectors", "adjacency", "mask")))


def _call(model: torch.nn.Module, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    import torch

    with torch.no_grad():
        return model(**inputs)


# --- recorded runs ---------------------------------------------------------------------------------------------------

NAMES = {"spe": "SPE", "signnet": "SignNet", "peg": "PEG", "none": "no encoding"}


def spe_leads_on_zinc() -> Evidence:
    methods = ("spe", "signnet", "none")
    found = recorded("eigenspaces/zinc", methods, preset="paper", metrics=["test MAE"])
    spe, signnet, none = (found.mean(method, "test MAE") for method in methods)
    return Evidence(
        f"recorded on {found.where}: test MAE: SPE {spe:.4f}, SignNet {signnet:.4f}, no encoding {none:.4f}",
        between(spe, 0.065, 0.080),
        below([spe / signnet, spe / none], 1),
    )


def spe_leads_on_alchemy() -> Evidence:
    methods = ("spe", "basisnet", "none")
    found = recorded("eigenspaces/alchemy", methods, preset="paper", metrics=["test MAE"])
    spe, basisnet, none = (found.mean(method, "test MAE") for method in methods)
    return Evidence(
        f"recorded on {found.where}: test MAE: SPE {spe:.3f}, BasisNet {basisnet:.3f}, no encoding {none:.3f}",
        below(spe / none, 1),
    )


def spe_under_shifts() -> Evidence:
    shifts, auroc = ("assay", "scaffold", "size"), "ood_test AUROC"
    variants = [f"{shift}/{method}" for shift in shifts for method in ("spe", "none")]
    found = recorded("eigenspaces/drugood", variants, preset="paper", metrics=[auroc])
    spe, none = (np.array([100 * found.mean(f"{shift}/{m}", auroc) for shift in shifts]) for m in ("spe", "none"))
    told = [", ".join(f"{value:.1f}" for value in values) for values in (spe, none)]
    return Evidence(
        f"recorded on {found.where}: AUROC under shift of assay, scaffold, size: SPE {told[0]}; no encoding {told[1]}",
        above((spe - none)[:2], 0),
    )


def spe_counts_best() -> Evidence:
    """The lecture runs, one network with four outputs for each encoding; several seeds or machines are averaged."""
    methods, lengths = ("spe", "signnet", "peg", "none"), [f"test {k}-cycles" for k in (3, 4, 5, 6)]
    found = recorded("eigenspaces/counting/all", methods, preset="lecture", metrics=lengths)
    mean = {method: np.array([found.mean(method, length) for length in lengths]) for method in methods}
    told = "; ".join(f"{NAMES[method]} {', '.join(f'{e:.3f}' for e in errors)}" for method, errors in mean.items())
    return Evidence(
        f"recorded on {found.where}: error for lengths 3, 4, 5, 6: {told}",
        below([mean["spe"] / mean[rival] for rival in methods[1:]], 1),
    )


CLAIMS = (
    Claim(
        id="C1",
        statement=r"Eigenvectors are not unique: any $Q\in O(\lambda)$ gives an equally good $VQ$, and "
        r"$V\varphi(\Lambda)V^\top$ does not see it.",
        source="paper, section 2",
        origin="paper",
        bound="V moves by more than 1, the matrix by less than 1e-14",
        cost="instant",
        evidence=basis_is_arbitrary,
    ),
    Claim(
        id="C2",
        statement="SPE and SignNet are invariant to signs; only SPE is invariant to the basis of an eigenspace.",
        source="paper, section 2",
        origin="paper",
        bound="below 1e-12 where invariant, above 0.1 % where not, 1 % for raw eigenvectors",
        cost="seconds",
        evidence=signs_and_bases,
    ),
    Claim(
        id="C3",
        statement=r"Raw eigenvectors are unstable: at a crossing $v_2$ jumps by $\sqrt2$, however small the change.",
        source="paper, section 2; the ring is ours",
        origin="addition",
        bound="1.4142 within 1e-6 for five sizes",
        cost="instant",
        evidence=raw_eigenvectors_jump,
    ),
    Claim(
        id="C4",
        statement=r"The 8-ring is a Landau-Zener crossing: gap $\frac18\sqrt{a^2+\delta^2}$, rotation "
        r"$\frac12\arctan(\delta/a)$.",
        source="derived here",
        origin="addition",
        bound="0.3 % and 5e-3 rad",
        cost="instant",
        evidence=avoided_crossing,
    ),
    Claim(
        id="C5",
        statement=r"There the pair's projector and SPE are Lipschitz, with a ratio below $\mathrm{Lip}(\varphi)$.",
        source="paper, Theorem on stability; the bound is ours",
        origin="addition",
        bound="SPE below Lip φ = 3.03, the projector below 1",
        cost="instant",
        evidence=pair_and_spe_are_lipschitz,
    ),
    Claim(
        id="C6",
        statement="A hard partition jumps when a degeneracy splits; a soft one moves in proportion.",
        source="paper, section 3, that the hard one jumps and the soft one does not; in proportion: ours, see C8",
        origin="paper",
        bound="BasisNet at ε = 1e-4 above half of ε = 1e-2, at 1e-6 below 1e-3 of it; SPE linear within 20 %",
        cost="seconds",
        evidence=basisnet_jumps,
    ),
    Claim(
        id="C7",
        statement=r"Theorem: $\|\Delta\mathrm{SPE}\|\le(\alpha_1+\alpha_2)d^{5/4}\sqrt{\|\Delta L\|}+(\alpha_2 "
        r"d/\gamma+\alpha_3)\|\Delta L\|$. A bound five times smaller would be wrong.",
        source="paper, Theorem on stability; the extremal graphs are ours",
        origin="paper",
        bound="no violation; at most 5 times too large for two weakly linked cliques",
        cost="instant",
        evidence=theorem_holds,
    ),
    Claim(
        id="C8",
        statement="The square root is an artefact of the proof: "
        r"$J\sum[(1+2\sqrt2)K+2\sqrt2\|\varphi\|_\infty/\gamma]\|\Delta L\|$ bounds it too, so SPE with $d=n$ is "
        "Lipschitz.",
        source="derived here",
        origin="addition",
        bound="no violation; in extremal cases the terms at most 3.9 and 2.1 times too large; slopes 1 within 0.01",
        cost="instant",
        evidence=sharper_bound_holds,
    ),
    Claim(
        id="C9",
        statement=r"The term $1/\gamma$ is unavoidable for $d<n$: cutting through the near-pair of the 8-ring gives a "
        r"ratio of $0.2041/\gamma$.",
        source="derived here",
        origin="addition",
        bound="1/(2√6) = 0.2041 within 1e-3",
        cost="instant",
        evidence=truncation_costs_the_gap,
    ),
    Claim(
        id="C10",
        statement="With $d=n$ there is no dependence on a gap.",
        source="paper, after the theorem",
        origin="paper",
        bound="below Lip φ = 3.03; the same within 20 % for gaps from 2e-2 to 2e-5",
        cost="instant",
        evidence=full_spectrum_has_no_gap,
    ),
    Claim(
        id="C11",
        statement=r"Davis and Kahan: $\|\sin\Theta\|_F\le2\|\Delta L\|_F/\gamma$. The 2 may be lowered to $\sqrt2$, "
        "and no further.",
        source="Yu, Wang, Samworth 2015, used in the paper's proof; √2: Vu, Cho, Lei, Rohe 2013; that it is best is "
        "derived here",
        origin="paper",
        bound="no violation; the largest ratio is √2 within 1e-6",
        cost="instant",
        evidence=davis_kahan_holds,
    ),
    Claim(
        id="C12",
        statement=r"Equivariant $K$-Lipschitz weights cannot differ by more than $K|\lambda_i-\lambda_j|$: a soft "
        "partition has a resolution.",
        source="derived here",
        origin="addition",
        bound="at most 1, and 0.999 is exceeded",
        cost="instant",
        evidence=soft_partitions_have_a_resolution,
    ),
    Claim(
        id="C13",
        statement="SPE tells apart graphs that 1-WL, and so message passing, cannot.",
        source="paper, section 3",
        origin="paper",
        bound="1e-13 without, more than 0.1 % with",
        cost="seconds",
        evidence=wl_pairs_are_told_apart,
    ),
    Claim(
        id="C14",
        statement="SPE with a GIN has a limit, 2-FWL: it gives the rook's graph and Shrikhande's the same. SignNet's "
        "answer for either depends on the basis that it is given; averaged over all bases, what is invariant to signs "
        "can tell them apart.",
        source="Zhang, Zhao, Maron 2024 (arXiv 2406.04336) for the limit; the average is ours",
        origin="addition",
        bound="equal to 1e-12; SignNet spread by more than 1e-4; means apart by more than 10 standard errors",
        cost="seconds",
        evidence=strongly_regular_pair,
    ),
    Claim(
        id="C15",
        statement=r"PEG with $d=n$ says nothing: every length is $\sqrt2$.",
        source="derived here",
        origin="addition",
        bound="deviation below 1e-12; lengths √2 within 1e-9",
        cost="instant",
        evidence=peg_is_blind_at_full_d,
    ),
    Claim(
        id="C16",
        statement=r"The filters $V\varphi(\Lambda)V^\top$ and the degrees give the number of 3-, 4-, 5- and 6-cycles "
        "in closed form. The spectrum and the degrees alone do not.",
        source="paper, section 3, for 3 to 5; 6 and the counterexample are ours",
        origin="addition",
        bound="no wrong count against enumeration; two graphs with one spectrum, the same degrees and other counts",
        cost="instant",
        evidence=counting_is_exact,
    ),
    Claim(
        id="C17",
        statement="SPE learns to count cycles better than the same network without an encoding.",
        source="paper, counting figure; here in miniature",
        origin="paper",
        bound="SPE below no encoding",
        cost="seconds",
        evidence=learns_to_count,
    ),
    Claim(
        id="C18",
        statement="ZINC, test MAE: SPE 0.0693, SignNet 0.0853, no encoding 0.1772.",
        source="paper, ZINC table",
        origin="paper",
        bound="SPE between 0.065 and 0.080, and below the others",
        cost="GPU",
        evidence=spe_leads_on_zinc,
    ),
    Claim(
        id="C19",
        statement="Alchemy, test MAE: SPE 0.108, BasisNet 0.110, no encoding 0.112, each ± 0.001: a small lead.",
        source="paper, Alchemy table",
        origin="paper",
        bound="SPE below no encoding",
        cost="GPU",
        evidence=spe_leads_on_alchemy,
    ),
    Claim(
        id="C20",
        statement="DrugOOD, AUROC under shift of assay, scaffold, size: SPE 72.5, 69.6, 66.0; no encoding 71.7, 68.0, "
        "66.0. On size SPE is no better than nothing.",
        source="paper, DrugOOD table",
        origin="paper",
        bound="SPE above no encoding on assay and scaffold",
        cost="GPU",
        evidence=spe_under_shifts,
    ),
    Claim(
        id="C21",
        statement="With few graphs a sharper filter fits better and generalises worse; with many, more pieces "
        "generalise better. The data, not the number of pieces, decide how sharp the filter becomes.",
        source="paper, trade-off figure; here a regression",
        origin="reconstruction",
        bound="60 graphs: train error down by 40 %, test error doubled; 3000 graphs: test error down by 5 %, Lip φ 100 "
        "times smaller",
        cost="seconds",
        evidence=stable_or_sharp,
    ),
    Claim(
        id="C22",
        statement="Under a shift of sizes the error grows by a factor, and by a larger one for sharper filters, in the "
        "median of ten draws.",
        source="paper, domain generalisation bound; here a regression",
        origin="reconstruction",
        bound="medians above 1.5; of sharper filters twice that of 1 piece",
        cost="seconds",
        evidence=shifted_sizes,
    ),
    Claim(
        id="C23",
        statement="Spectra of many graphs at once equal those one by one.",
        source="derived here",
        origin="addition",
        bound="1e-13",
        cost="instant",
        evidence=batched_spectra_are_exact,
    ),
    Claim(
        id="C24",
        statement="Every encoder is permutation equivariant, except BasisNet as it was released.",
        source="derived here",
        origin="addition",
        bound="1e-12 of the output; above 1e-6 as released",
        cost="seconds",
        evidence=encoders_are_equivariant,
    ),
    Claim(
        id="D1",
        statement="At the published widths, trained for 80 of the paper's 600 epochs, SPE errs less than SignNet, PEG "
        "and no encoding for every length.",
        source="paper, counting figure (bars without numbers, SPE and SignNet); one network for all four lengths is "
        "ours",
        origin="reconstruction",
        bound="SPE below the others at lengths 3, 4, 5 and 6",
        cost="GPU",
        evidence=spe_counts_best,
    ),
)
