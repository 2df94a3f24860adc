"""The right answer of every exercise of chapter 07, and slips; tests/chapters/test_exercises.py checks them."""

from __future__ import annotations

import numpy as np

from spectral_lab.hamiltonians import tensor_product_paths, wigner_3j


def first_order(delta: np.ndarray, C: np.ndarray) -> np.ndarray:
    return np.diag(C.T @ delta @ C)


def part(B: np.ndarray, l1: int, l2: int, l3: int) -> np.ndarray:
    C = wigner_3j(l1, l2, l3)
    return (2 * l3 + 1) * C @ np.einsum("ijk,ij->k", C, B)


def worst_error(C: np.ndarray, i: int) -> np.ndarray:
    return np.outer(C[:, i], C[:, i]) / (C[:, i] @ C[:, i])


def least_saving(L: int, kept: int) -> float:
    cost = np.sort((2 * tensor_product_paths(L) + 1).prod(axis=1))[::-1]
    return 1 - cost[:kept].sum() / cost.sum()


ANSWERS = {
    "count_even": (42, 65),
    "degrees_of_a_block": ([1, 2, 3], [0, 1, 2]),
    "useless_bound": (10.0, 1e-5),
    "kept_paths": ([19, 20], [20, 19]),
    "forgotten_overlap": (-0.3265, -0.2876),
    "first_order": (first_order, lambda delta, C: np.linalg.eigvalsh(delta)),
    "part_of_a_block": (part, lambda B, l1, l2, l3: part(B, l1, l2, l3) / (2 * l3 + 1)),
    "worst_error": (worst_error, lambda C, i: np.outer(C[:, i], C[:, i])),
    "least_saving": (least_saving, lambda L, kept: 1 - kept / len(tensor_product_paths(L))),
}
