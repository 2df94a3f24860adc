"""Guesses and exercises of chapter 07, in the order of the lesson."""

from __future__ import annotations

import numpy as np

from spectral_lab.course import Exercise, Function, Prediction, Value
from spectral_lab.hamiltonians import (
    basis_rotation,
    couple,
    matrix_noise,
    path_costs,
    rotation,
    solve_roothaan,
    stored,
    tensor_product_paths,
    uncouple,
)

# --- guesses -----------------------------------------------------------------------------------------------------

STAYS = ("only the entries of H", "only the levels", "both", "neither")


def _what_changes() -> str:
    one = stored("water")
    D = basis_rotation(rotation(0.7, 0.9, 0.3), one["Z"], "def2-svp")
    H, S = D @ one["H"] @ D.T, D @ one["S"] @ D.T
    entries = np.abs(H - one["H"]).max() > 1e-6
    levels = np.abs(solve_roothaan(H, S).energies - solve_roothaan(one["H"], one["S"]).energies).max() > 1e-6
    return {(True, False): STAYS[0], (False, True): STAYS[1], (True, True): STAYS[2]}.get((entries, levels), STAYS[3])


guess_what_changes = Prediction(
    "Turn a molecule in empty space. What changes?",
    answer=_what_changes,
    options=STAYS,
    because="p and d orbitals point along the axes of the room, so their entries mix. The levels are energies, and no "
    "direction of space has a say in them.",
)

guess_zeros = Prediction(
    "A tensor product of features with degrees up to $L=4$ is computed as dense products with the coupling tensors. "
    "How many per cent of its multiplications are by zero?",
    answer=lambda: 100 * (1 - path_costs(4).nonzeros / path_costs(4).multiplies),
    unit="%",
    digits=2,
    tolerance=0.1,
    because="Of 13 075 numbers in the tensors 2052 are not 0. A processor multiplies all of them, because dense blocks "
    "are faster than picking.",
)


def _saved_by(order: slice) -> float:
    cost = np.sort((2 * tensor_product_paths(4) + 1).prod(axis=1))[order]
    return 100 * (1 - cost[:19].sum() / cost.sum())


guess_saved = Prediction(
    "Keep 19 of the 65 paths, and of all choices the one that costs most. How many per cent of the work are saved?",
    answer=lambda: _saved_by(slice(None, None, -1)),
    unit="%",
    digits=2,
    tolerance=0.2,
    because="A path costs $(2l_1+1)(2l_2+1)(2l_3+1)$: from 1 to 729. The dear ones are few and carry most of the work.",
)


def _shift() -> float:
    one = stored("hydrogen")
    H, S = one["H"][0], one["S"][0]
    E = matrix_noise(len(H), 1e-5, 1)
    return float(np.abs(solve_roothaan(H + E, S).energies - solve_roothaan(H, S).energies).max())


guess_shift = Prediction(
    r"Two hydrogen nuclei 0.15 Å apart, a basis with diffuse functions, and a predicted $H$ with a mean error of "
    r"$10^{-5}$ "
    "Hartree, which would be a very good one. By how much is some level off at most, in Hartree?",
    answer=_shift,
    digits=2,
    tolerance=1.0,
    because=r"The functions of the two atoms nearly coincide: $\lambda_{\min}(S)=2.5\cdot10^{-5}$. An error along "
    "their difference is divided by that.",
)

guess_iterations = Prediction(
    "PySCF needs 7 iterations for water from its usual guess. How many from the right $H$ with an error of $10^{-4}$ "
    "Hartree in the mean?",
    answer=lambda: float(stored("cycles")["water"][4]),
    digits=1,
    tolerance=0.25,
    because="Each decade of error costs one or two iterations: what a guess saves grows with the digits it has right, "
    "and no more.",
)

# --- exercises ---------------------------------------------------------------------------------------------------

count_even = Exercise(
    title="How many even paths?",
    level=1,
    statement="How many paths $(l_1,l_2,l_3)$ with all degrees at most 4 are there for which $l_1+l_2+l_3$ is even?",
    starter="paths = ...",
    judge=Value(
        lambda: len(tensor_product_paths(4, parity=True)),
        relative=1e-9,
        mistakes=((65, "These are all of them, odd sums too."),),
    ),
    hint_text="`tensor_product_paths(4, parity=True)`.",
    solution_text="42 of 65. Only they respect inversion, if features of degree $l$ have parity $(-1)^l$.",
)

degrees_of_a_block = Exercise(
    title="What is in a block",
    level=1,
    statement="A p shell on one atom and a d shell on another: with which degrees do parts of their block of $H$ turn? "
    "Give them as an ascending list.",
    starter="degrees = ...",
    judge=Value(lambda: [1.0, 2.0, 3.0], relative=1e-9),
    hint_text=r"Between $|l_a-l_b|$ and $l_a+l_b$. Or ask `couple(block, 1, 2)`.",
    solution_text="1, 2 and 3: $3+5+7=15=3\\cdot5$ numbers. Degree 2 is the unnatural one, $1+2+2$ being odd.",
)

useless_bound = Exercise(
    title="A bound that says nothing",
    level=1,
    statement=r"A network errs by $\|\Delta\|_2=10^{-2}$ Hartree, and the smallest eigenvalue of $S$ is $10^{-3}$. "
    r"What does $\|\Delta\|/\lambda_{\min}(S)$ promise for the error of a level, in Hartree?",
    starter="error = ...",
    judge=Value(lambda: 10.0, relative=1e-6, mistakes=((1e-5, "Divide by the small eigenvalue, do not multiply."),)),
    hint_text="Divide.",
    solution_text=r"10 Hartree, which is useless. To first order a level moves by $c_i^\top\Delta c_i$, and an "
    "occupied orbital rarely lies along the weak direction of $S$.",
)

kept_paths = Exercise(
    title="How many are kept?",
    level=2,
    statement=r"There are $P=65$ paths and a share $k=0.7$ is left out. The random phase keeps $\lfloor(1-k)P\rfloor$, "
    "the adaptive one all gates that are at least the $k$-quantile (linear between neighbours) of 65 different values. "
    "Give both counts.",
    starter="counts = [..., ...]",
    judge=Value(lambda: [19.0, 20.0], relative=1e-9),
    hint_text="The quantile stands at place $64k$, counted from 0.",
    solution_text="19, and 20: the quantile stands at place 44.8, so the gates at places 45 to 64 are kept.",
)


def _forgotten() -> float:
    one = stored("water")
    D = basis_rotation(rotation(*np.radians([40, 50, 20])), one["Z"], "def2-svp")
    return float(solve_roothaan(D @ one["H"] @ D.T, one["S"]).energies[4])


forgotten_overlap = Exercise(
    title="Turn one, forget the other",
    level=2,
    statement=r"Turn the Hamiltonian of `stored('water')` by the angles 40°, 50°, 20° and leave $S$ as it was. Where "
    "does the highest occupied level (there are 10 electrons) end up, in Hartree? Three digits.",
    starter="level = ...",
    judge=Value(
        _forgotten,
        relative=2e-3,
        mistakes=((-0.2876, "This is the right level: here S must stay as it was."),),
    ),
    hint_text="`basis_rotation`, `rotation` and `solve_roothaan`; `np.radians` for the angles. Levels count from 0.",
    solution_text=r"At $-0.327$. $D$ is orthogonal, so the eigenvalues of $DHD^\top$ alone are those of $H$. But "
    r"levels belong to the pair: $\det(H-\varepsilon S)=0$ keeps its roots only if both turn.",
)


def _first_order(delta: np.ndarray, C: np.ndarray) -> np.ndarray:
    return np.einsum("ai,ab,bi->i", C, delta, C)


first_order = Exercise(
    title="By how much does a level move?",
    level=2,
    statement=r"Write `first_order(delta, C)`: the change of every level to first order in an error $\Delta$ of $H$, "
    r"given the orbitals as columns of $C$ with $C^\top SC=I$.",
    starter="def first_order(delta, C):\n    return ...",
    judge=Function(
        _first_order,
        [
            (np.diag([1.0, 2.0]), np.eye(2)),
            (np.array([[0.1, 0.2], [0.2, -0.3]]), np.array([[1.0, 0.5], [0.0, 2.0]])),
            (matrix_noise(5, 0.1, 3), np.random.default_rng(0).standard_normal((5, 5))),
        ],
    ),
    hint_text=r"Differentiate $c^\top(H-\varepsilon S)c=0$ with $c^\top Sc=1$.",
    solution_text='`np.einsum("ai,ab,bi->i", C, delta, C)`, the diagonal of $C^\\top\\Delta C$. The alignment loss '
    "punishes "
    "exactly this.",
)


def _part(B: np.ndarray, l1: int, l2: int, l3: int) -> np.ndarray:
    return uncouple({l3: couple(B, l1, l2)[l3]}, l1, l2)


part_of_a_block = Exercise(
    title="One part of a block",
    level=3,
    statement=r"Write `part(B, l1, l2, l3)`: the part of a block $B$, $(2l_1+1)\times(2l_2+1)$, that turns with degree "
    "$l_3$, as a block of the same shape. The parts of all degrees add up to $B$. `wigner_3j(l1, l2, l3)` is at hand.",
    starter="def part(B, l1, l2, l3):\n    return ...",
    judge=Function(
        _part,
        [
            (np.arange(15.0).reshape(3, 5), 1, 2, 2),
            (np.eye(3), 1, 1, 0),
            (np.random.default_rng(1).standard_normal((5, 5)), 2, 2, 3),
        ],
    ),
    hint_text=r"Project: $c_k=\sum_{ij}C_{ijk}B_{ij}$. What factor makes the projection of a part the part itself?",
    solution_text='`C = wigner_3j(l1, l2, l3)`; `(2 * l3 + 1) * C @ np.einsum("ijk,ij->k", C, B)`, since '
    r"$\sum_{ij}C_{ijk}C_{ijk'}=\delta_{kk'}/(2l_3+1)$.",
)


def _worst(C: np.ndarray, i: int) -> np.ndarray:
    c = C[:, i]
    return np.outer(c, c) / (c @ c)


worst_error = Exercise(
    title="The error that hurts most",
    level=3,
    statement=r"Write `worst_error(C, i)`: the symmetric $\Delta$ with $\|\Delta\|_2=1$ that raises level $i$ most, to "
    "first order, for orbitals $C$.",
    starter="def worst_error(C, i):\n    return ...",
    judge=Function(
        _worst,
        [
            (np.eye(3), 1),
            (np.array([[1.0, 0.5], [0.0, 2.0]]), 1),
            (np.random.default_rng(2).standard_normal((4, 4)), 2),
        ],
    ),
    hint_text=r"Maximise $c^\top\Delta c$ over symmetric matrices with eigenvalues in $[-1,1]$. Many attain it; give "
    "the one of rank one.",
    solution_text=r"$\Delta=cc^\top/(c^\top c)$ raises the level by $c^\top c$, which is at most "
    r"$1/\lambda_{\min}(S)$: the "
    "loose bound of the lesson, attained by an orbital along the weak direction.",
)


def _saving(L: int, kept: int) -> float:
    cost = np.sort((2 * tensor_product_paths(L) + 1).prod(axis=1))[::-1]
    return float(1 - cost[:kept].sum() / cost.sum())


least_saving = Exercise(
    title="What is saved at least",
    level=3,
    statement="Write `least_saving(L, kept)`: the share of the multiplications of a dense tensor product up to degree "
    "$L$ that is saved whichever `kept` paths are kept.",
    starter="def least_saving(L, kept):\n    return ...",
    judge=Function(_saving, [(1, 2), (2, 5), (4, 20), (6, 52)]),
    hint_text="The worst case keeps the dearest paths. `tensor_product_paths(L)`, and $d=2l+1$.",
    solution_text="`cost = np.sort((2 * tensor_product_paths(L) + 1).prod(axis=1))[::-1]`; "
    "`1 - cost[:kept].sum() / cost.sum()`. For $L=4$ and 20 paths it is 0.39: far from 0.7.",
)

EXERCISES = (
    count_even,
    degrees_of_a_block,
    useless_bound,
    kept_paths,
    forgotten_overlap,
    first_order,
    part_of_a_block,
    worst_error,
    least_saving,
)
PREDICTIONS = (guess_what_changes, guess_zeros, guess_saved, guess_shift, guess_iterations)
