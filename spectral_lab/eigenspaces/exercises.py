"""The predictions and exercises of chapter 01."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from spectral_lab.course import Exercise, Function, Prediction, Value
from spectral_lab.eigenspaces.counting import counting_graphs, counting_targets
from spectral_lab.eigenspaces.cycles import cycle_counts
from spectral_lab.eigenspaces.filters import spectral_filter
from spectral_lab.eigenspaces.landau_zener import landau_zener_ring
from spectral_lab.eigenspaces.laplacian import adjacency_matrix, normalized_laplacian
from spectral_lab.eigenspaces.partitions import bump
from spectral_lab.eigenspaces.regression import fit_spline, spline_features
from spectral_lab.eigenspaces.spectra import laplacian_spectra
from spectral_lab.eigenspaces.zoo import named_graph

# --- predictions: one before each explorer ------------------------------------------------------------------------


def _v2_jump() -> float:
    L = (normalized_laplacian(landau_zener_ring(8, w, 0.0)) for w in (0.999, 1.001))
    before, after = (np.linalg.eigh(matrix)[1][:, 1] for matrix in L)
    return float(min(np.linalg.norm(before - after), np.linalg.norm(before + after)))


jump = Prediction(
    "A ring of 8 nodes; one edge has weight 0.999, then 1.001. The Laplacian moves by 0.0009. How far does the "
    "eigenvector $v_2$ move (up to its sign)?",
    answer=_v2_jump,
    because="$v_2$ and $v_3$ trade places at $w=1$, and orthogonal unit vectors are $\\sqrt2$ apart. The size of the "
    "change does not matter.",
)

STEEPER = ("it stays below Lip φ", "it grows without limit", "it goes to 0")


def _scissors() -> str:
    L = [normalized_laplacian(landau_zener_ring(8, w, 0.02)) for w in (0.96, 0.961)]
    ratios = []
    for softness in (1.0, 0.0):
        parts = []
        for matrix in L:
            lam, V = np.linalg.eigh(matrix)
            edge = 0.5 * sum(np.linalg.eigvalsh(M)[1] for M in L)  # just between the two values of λ_2
            parts.append(spectral_filter(V, lam, bump(lam, edge - 0.2, 0.2, softness)))
        ratios.append(np.linalg.norm(parts[1] - parts[0]) / np.linalg.norm(L[1] - L[0]))
    return STEEPER[1] if ratios[1] > 100 * ratios[0] else STEEPER[0]


scissors = Prediction(
    "The filter is turned from a soft bump into a box, and an eigenvalue crosses the edge of the box. What happens to "
    "the ratio of the matrix's move to the graph's move as the graph's move goes to 0?",
    answer=_scissors,
    options=STEEPER,
    because="A box has no Lipschitz constant. The matrix jumps by one whole projector, whatever the graph does.",
)

CUTS = ("at the largest d", "where two eigenvalues are close", "at d = 1")


def _worst_cut() -> str:
    L = [normalized_laplacian(landau_zener_ring(8, *detuning)) for detuning in ((1.01, 0.0), (1.0, 0.01))]
    projectors = []
    for matrix in L:
        V = np.linalg.eigh(matrix)[1]
        projectors.append(np.cumsum([np.outer(v, v) for v in V.T], axis=0))
    errors = np.linalg.norm(projectors[1] - projectors[0], axis=(1, 2))
    gaps = np.append(np.diff(np.linalg.eigvalsh(L[0])), np.inf)
    return CUTS[1] if gaps[errors.argmax()] < 0.1 * np.median(gaps) else CUTS[0]


cut = Prediction(
    "Only the $d$ lowest eigenpairs are kept. For which $d$ is the encoding least stable?",
    answer=_worst_cut,
    options=CUTS,
    because="The cut goes between two eigenvalues, and what matters is the gap there. With all eigenpairs kept nothing "
    "is cut.",
)

POWERS = ("3", "4", "5", "6")


def _first_power() -> str:
    traces = []
    for name in ("decalin", "bicyclopentyl"):
        lam = laplacian_spectra([named_graph(name)]).eigenvalues[0]
        traces.append([np.sum((1 - lam) ** k) for k in (3, 4, 5, 6)])
    return POWERS[int(np.argmax(np.abs(np.diff(traces, axis=0)[0]) > 1e-9))]


power = Prediction(
    "Decalin is two hexagons that share an edge, bicyclopentyl two pentagons joined by one; message passing cannot "
    "tell them apart. What is the lowest power $k$ at which the traces of $(I-L)^k$ differ?",
    answer=_first_power,
    options=POWERS,
    because="A closed walk of length 5 on a graph without triangles is a pentagon, and decalin has none.",
)


def _steeper() -> float:
    """How many times steeper 48 pieces are than one, both fitted to 60 graphs."""
    graphs = counting_graphs(60, 0)
    spectra, y = laplacian_spectra(graphs), counting_targets(graphs)[:, 0]
    one, many = (fit_spline(spline_features(spectra, pieces), y).lipschitz for pieces in (1, 48))
    return many / one


sharpness = Prediction(
    "Triangles are counted from the spectrum by a spline $\\varphi$ that is fitted to 60 graphs: first with one piece, "
    "then with 48. How many times steeper does $\\varphi$ become?",
    answer=_steeper,
    digits=1,
    tolerance=1.0,
    because="48 pieces can follow every accident of 60 graphs, and between two eigenvalues that lie close together "
    "they do. With 3000 graphs the same 48 pieces become some 8 times as steep as one, and no more (C21).",
)

MORE = ("they spread out", "they become equal", "they shrink to 0")


def _lengths() -> str:
    V = laplacian_spectra([named_graph("decalin")]).eigenvectors[0]
    lengths = np.linalg.norm(V[:, None] - V[None], axis=2)[np.triu_indices(10, 1)]
    return MORE[1] if lengths.std() < 1e-9 else MORE[0]


spread = Prediction(
    "PEG reads the distances $\\|V_i-V_j\\|$ between rows of $V$. What happens to them when all eigenvectors are used?",
    answer=_lengths,
    options=MORE,
    because="The rows of an orthogonal matrix are orthonormal, so every distance is $\\sqrt2$.",
)

# --- exercises ----------------------------------------------------------------------------------------------------

gap = Exercise(
    title="Where the gap is 0.01",
    level=1,
    statement="The ring of 8 nodes, $\\delta=0.06$. For which $w>1$ is the gap $\\lambda_3-\\lambda_2$ equal to 0.01, "
    "to first order?",
    starter="w = ...",
    judge=Value(
        lambda: 1 + np.sqrt(0.08**2 - 0.06**2),
        relative=1e-3,
        mistakes=(
            (1.08, "That is the answer for δ = 0. Here a part of the gap comes from δ."),
            (np.sqrt(0.08**2 - 0.06**2), "That is w − 1."),
        ),
    ),
    hint_text="For $n=8$ the cross term vanishes: the gap is $\\frac18\\sqrt{(w-1)^2+\\delta^2}$.",
    solution_text="$(w-1)^2=0.08^2-0.06^2=0.0028$, so $w=1.0529$.",
)

steepness = Exercise(
    title="A filter for the constant vector",
    level=2,
    statement="A ring of $n$ nodes. An equivariant $K$-Lipschitz $\\varphi$ shall give the eigenvalue 0 the weight 1 "
    "and $\\lambda_2$ the weight 0. What is the smallest $K$, as a function of $n$? (How does it grow?)",
    starter="def smallest_K(n):\n    return ...",
    judge=Function(lambda n: 1 / (1 - np.cos(2 * np.pi / n)), [(6,), (20,), (100,)], relative=1e-6),
    hint_text="The resolution of a soft partition is $1/K$, and $\\lambda_2=1-\\cos\\frac{2\\pi}n$.",
    solution_text="The weights differ by 1, so $K\\ge1/\\lambda_2$, and "
    "$\\varphi(\\lambda)=\\max(0,1-\\lambda/\\lambda_2)$ attains it: $K=1/(1-\\cos\\frac{2\\pi}n)$. For large $n$ it "
    "is $n^2/(2\\pi^2)$: what holds for every size of graph at one steepness is blind to the shape of the large ones.",
)

pentagons = Exercise(
    title="Pentagons of Petersen",
    level=2,
    statement="The Petersen graph has adjacency eigenvalues 3 (once), 1 (five times), $-2$ (four times), and no "
    "triangle. How many 5-cycles does it have?",
    starter="cycles = ...",
    judge=Value(
        lambda: cycle_counts(named_graph("Petersen"), 5),
        relative=1e-9,
        mistakes=(
            (120, "That is the trace of A⁵: every cycle is walked from 5 places in 2 directions."),
            (24, "Divide by 5 starting places and by 2 directions."),
        ),
    ),
    hint_text="Without triangles, every closed walk of length 5 goes once around a pentagon.",
    solution_text="$\\mathrm{tr}A^5=3^5+5\\cdot1+4\\cdot(-2)^5=120$, and $120/10=12$.",
)


def mean_square_length(n: int, d: int) -> float:
    """The mean of ||V_i - V_j||² over the pairs of nodes of a connected regular graph: 2 (d - 1) / (n - 1)."""
    return 2 * (d - 1) / (n - 1)


all_lengths = Exercise(
    title="How much length there is",
    level=2,
    statement="A connected regular graph of $n$ nodes; $V$ holds its $d$ lowest eigenvectors. What is the mean of "
    "$\\|V_i-V_j\\|^2$ over all pairs $i\\ne j$? It depends on $n$ and $d$ only.",
    starter="def mean_square_length(n, d):\n    return ...",
    judge=Function(mean_square_length, [(10, 1), (10, 4), (16, 7), (8, 8)], relative=1e-6),
    hint_text="$\\sum_{i,j}\\|V_i-V_j\\|^2=2n\\sum_i\\|V_i\\|^2-2\\,\\|\\sum_iV_i\\|^2$. The first eigenvector is "
    "constant, and the others are orthogonal to it.",
    solution_text="$\\sum_i\\|V_i\\|^2=d$, and $\\sum_iV_i=(\\sqrt n,0,\\dots,0)$. So the sum over ordered pairs is "
    "$2nd-2n$, and the mean $\\frac{2(d-1)}{n-1}$. At $d=n$ it is 2: more eigenvectors add length, and in the end the "
    "same to every pair.",
)

complete = Exercise(
    title="The spectrum of a complete graph",
    level=1,
    statement="What are the five eigenvalues of the normalised Laplacian of $K_5$, in ascending order?",
    starter="eigenvalues = ...",
    judge=Value(
        lambda: np.array([0, 1.25, 1.25, 1.25, 1.25]),
        relative=1e-6,
        mistakes=(
            ([1.25, 1.25, 1.25, 1.25, 0], "The values are right; 0 is the smallest and comes first."),
            ([0, 5, 5, 5, 5], "Those belong to D − A. Normalised, they are divided by the degree, 4."),
        ),
    ),
    hint_text="$L=I-\\frac14(J-I)$, where $J$ is the matrix of ones.",
    solution_text="$L=\\frac54I-\\frac14J$; $J$ has the eigenvalues 5 and 0 (four times): 0 and $\\frac54$ (four "
    "times).",
)

exchange = Exercise(
    title="The cheapest exchange",
    level=2,
    statement="$L=\\mathrm{diag}(0,1)$. What is the smallest $\\|\\Delta L\\|_F$ (or rather its infimum) with which "
    "the two eigenvectors of $L+\\Delta L$, sorted by eigenvalue, have traded places?",
    starter="size = ...",
    judge=Value(
        lambda: np.sqrt(0.5),
        relative=1e-3,
        mistakes=(
            (1.0, "That moves one level past the other. Two levels can also meet half-way."),
            (0.5, "That is the spectral norm. The Frobenius norm counts both levels."),
        ),
    ),
    hint_text="A diagonal $\\Delta L$ is enough. Where do the two levels meet?",
    solution_text="$\\Delta L=\\mathrm{diag}(\\frac12,-\\frac12)$ moves both to the middle; a little more, and they "
    "have passed each other. Its norm is $\\frac1{\\sqrt2}$. Here $\\|\\sin\\Theta\\|_F=1$ and $\\gamma=1$, so in "
    "Davis and Kahan's bound the constant 2 cannot be lowered below $\\sqrt2$ (C11).",
)


def smallest_gap(n: int, delta: float) -> float:
    """The smallest gap along the sweep of w, to first order: (2/n) sin²(2π/n) |δ sin(4π/n)| (derived here)."""
    return float(2 / n * np.sin(2 * np.pi / n) ** 2 * abs(delta * np.sin(4 * np.pi / n)))


narrowest = Exercise(
    title="The narrowest gap",
    level=3,
    statement="A ring of $n$ nodes with a fixed $\\delta$. While $w$ is swept through 1 the gap has a smallest "
    "value. Write it as a function of $n$ and $\\delta$, to first order.",
    starter="def smallest_gap(n, delta):\n    return ...",
    judge=Function(smallest_gap, [(8, 0.01), (12, 0.01), (6, 0.02), (24, 0.003)], relative=1e-6),
    hint_text="Minimise $a^2+\\delta^2+2a\\delta\\cos\\frac{4\\pi}n$ over $a=w-1$.",
    solution_text="The minimum is at $a=-\\delta\\cos\\frac{4\\pi}n$ and equals $\\delta^2\\sin^2\\frac{4\\pi}n$. "
    "The smallest gap is $\\frac2n\\sin^2\\frac{2\\pi}n\\,|\\delta\\sin\\frac{4\\pi}n|$.",
)


def four_cycles(lam: Float[np.ndarray, " n"], V: Float[np.ndarray, "n n"], degrees: Float[np.ndarray, " n"]) -> int:
    """C_4 = (tr A⁴ - 2 Σ d² + Σ d) / 8, with A = D^{1/2} V (1 - Λ) V^T D^{1/2}."""
    root = np.sqrt(degrees)
    A = spectral_filter(V, lam, lambda x: 1 - x) * np.outer(root, root)
    return round(float((np.sum((A @ A) ** 2) - 2 * np.sum(degrees**2) + degrees.sum()) / 8))


def _spectral_case(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lam, V, _ = laplacian_spectra([named_graph(name)])
    return lam[0], V[0], adjacency_matrix(named_graph(name)).sum(axis=1)


squares = Exercise(
    title="Squares from the spectrum",
    level=3,
    statement="Given the eigenvalues and eigenvectors of $L$ and the degrees of a graph, return the number of its "
    "4-cycles. The answer must not depend on the basis of an eigenspace.",
    starter="def four_cycles(lam, V, degrees):\n    return ...",
    judge=Function(four_cycles, [_spectral_case(name) for name in ("cube", "Petersen", "barbell", "rook 4x4")]),
    hint_text="The filter $\\varphi(\\lambda)=1-\\lambda$ gives $D^{-1/2}AD^{-1/2}$. Then "
    "$C_4=\\frac18(\\mathrm{tr}A^4-2\\sum d_i^2+\\sum d_i)$.",
    solution_text="`A = V @ np.diag(1 - lam) @ V.T * np.sqrt(np.outer(degrees, degrees))`; then "
    "`(np.trace(A @ A @ A @ A) - 2 * (degrees**2).sum() + degrees.sum()) / 8`.",
)

PREDICTIONS = (jump, scissors, cut, power, spread, sharpness)
EXERCISES = (gap, complete, all_lengths, steepness, pentagons, exchange, narrowest, squares)
