"""The predictions and exercises of chapter 01."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from spectral_lab.course import Exercise, Function, Prediction, Value
from spectral_lab.eigenspaces.counting import counting_graphs, counting_targets
from spectral_lab.eigenspaces.cycles import cycle_counts
from spectral_lab.eigenspaces.filters import spectral_filter
from spectral_lab.eigenspaces.landau_zener import landau_zener_ring, ring_gap
from spectral_lab.eigenspaces.laplacian import adjacency_matrix, normalized_laplacian
from spectral_lab.eigenspaces.partitions import bump, contrast_bound
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
    "Decalin has two hexagons, bicyclopentyl two pentagons; message passing cannot tell them apart. What is the lowest "
    "power $k$ at which the traces of $(I-L)^k$ differ?",
    answer=_first_power,
    options=POWERS,
    because="A closed walk of length 5 on a graph without triangles is a pentagon, and decalin has none.",
)

SHARP = ("both fall", "training falls, test rises", "both rise")


def _tradeoff() -> str:
    splits = [counting_graphs(60, 0), counting_graphs(300, 1)]
    spectra, counts = [laplacian_spectra(g) for g in splits], [counting_targets(g)[:, 0] for g in splits]
    errors = []
    for pieces in (1, 48):
        features = [spline_features(s, pieces) for s in spectra]
        fit = fit_spline(features[0], counts[0])
        errors.append([np.abs(fit(X) - y).mean() for X, y in zip(features, counts, strict=True)])
    falls = bool(errors[1][0] < errors[0][0]), bool(errors[1][1] < errors[0][1])
    return {(True, True): SHARP[0], (True, False): SHARP[1]}.get(falls, SHARP[2])


sharpness = Prediction(
    "Triangles are counted from the spectrum by a spline, trained on 60 graphs. From 1 piece to 48 pieces: what "
    "happens to the errors?",
    answer=_tradeoff,
    options=SHARP,
    because="48 pieces can follow every accident of 60 graphs, with slopes beyond 10 000. "
    "Stability is what bounds the gap.",
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
    title="The gap of the ring",
    level=1,
    statement="The ring of 8 nodes, $\\delta=0$. What is the gap $\\lambda_3-\\lambda_2$ at $w=1.02$, to first order?",
    starter="gap = ...",
    judge=Value(
        lambda: ring_gap(8, 1.02, 0.0),
        relative=0.01,
        mistakes=((0.02 / 4, "The prefactor is (2/n) sin²(2π/n), which is 1/8 for n = 8."),),
    ),
    hint_text="$\\lambda_3-\\lambda_2=\\frac2n\\sin^2\\frac{2\\pi}n\\,|w-1|$ when $\\delta=0$.",
    solution_text="$\\frac28\\cdot\\frac12\\cdot0.02=0.0025$.",
)

contrast = Exercise(
    title="What a soft partition cannot do",
    level=2,
    statement="$\\varphi:\\mathbb R^d\\to\\mathbb R^d$ is permutation equivariant and Lipschitz with $K=5$. Two "
    "eigenvalues are 0.01 apart. What is the largest difference that their weights can have?",
    starter="difference = ...",
    judge=Value(
        lambda: contrast_bound(5, 0.01),
        relative=1e-3,
        mistakes=(
            (np.sqrt(2) * 0.05, "That bound holds, but it is not sharp: the weights change in two places as well."),
        ),
    ),
    hint_text="Exchange the two eigenvalues. How far does $\\lambda$ move, and how far does $\\varphi(\\lambda)$ move?",
    solution_text="$\\lambda$ moves by $\\sqrt2\\cdot0.01$. By equivariance $\\varphi(\\lambda)$ has its two entries "
    "exchanged, so it moves by $\\sqrt2\\,|\\varphi_i-\\varphi_j|$. Hence "
    "$|\\varphi_i-\\varphi_j|\\le5\\cdot0.01=0.05$, and $\\varphi(\\lambda)=5\\lambda$ attains it.",
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
            (120, "That is the trace of $A^5$: every cycle is walked from 5 places in 2 directions."),
            (24, "Divide by 5 starting places and by 2 directions."),
        ),
    ),
    hint_text="Without triangles, every closed walk of length 5 goes once around a pentagon.",
    solution_text="$\\mathrm{tr}A^5=3^5+5\\cdot1+4\\cdot(-2)^5=120$, and $120/10=12$.",
)

all_lengths = Exercise(
    title="PEG with everything",
    level=1,
    statement="What is $\\|V_i-V_j\\|$, $i\\ne j$, when all $n$ eigenvectors are kept?",
    starter="length = ...",
    judge=Value(lambda: np.sqrt(2), relative=5e-3, mistakes=((2.0, "That is the square."), (1.0, "Use Pythagoras."))),
    hint_text="$V$ is an orthogonal matrix, so its rows are orthonormal.",
    solution_text="$\\|V_i-V_j\\|^2=1+1-2\\cdot0=2$.",
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

orthogonal = Exercise(
    title="A textbook crossing",
    level=2,
    statement="For which ring size $n>4$ are the two changes of the ring ($w$ and $\\delta$) orthogonal, so that the "
    "gap is proportional to $\\sqrt{a^2+\\delta^2}$?",
    starter="n = ...",
    judge=Value(lambda: 8, relative=1e-9),
    hint_text="Look for the cross term in the formula of the gap.",
    solution_text="$\\cos\\frac{4\\pi}n=0$ gives $n=8$ (and $n=8/3$, which is no ring).",
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
