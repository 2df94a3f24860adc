"""Worlds in which the claims of chapter 07 are false, and records with which the recorded ones hold."""

from __future__ import annotations

import numpy as np
from worlds import Runs, instead

from spectral_lab import hamiltonians as h
from spectral_lab.hamiltonians import claims, models
from spectral_lab.hamiltonians.models import sphnet


def here(name, false):
    """Something false in the place of what the evidence imports."""
    return instead(claims, name, lambda true: false)


def spoiled(name, **changes):
    """Stored arrays, some of them changed."""

    def stored(asked):
        arrays = dict(h.stored(asked))
        return arrays | {key: change(arrays[key]) for key, change in changes.items()} if asked == name else arrays

    return here("stored", stored)


def miniature(**errors):
    return Runs("miniature", {f"hamiltonians/dynamic/{name}": {"H": value} for name, value in errors.items()})


def qh9(both, qhnet):
    return Runs(
        "paper", {"hamiltonians/qh9/stable-id/both": {"H": both}, "hamiltonians/qh9/stable-id/qhnet": {"H": qhnet}}
    )


LEARNT, PHASES = miniature(dense=230.0, frozen=270.0), miniature(tp=900.0, both=380.0)
SCHEDULE, PUBLISHED = miniature(tp=900.0, frozen=270.0), qh9(45.0, 76.0)


class Ordered(models.SPHNet):
    """A network to which directions of space are not alike."""

    def forward(self, batch):
        diagonal, lower = super().forward(batch)
        return diagonal + batch.positions[:, :1, None] * 1e-3, lower


FALSEHOODS = {
    "C1": [here("basis_rotation", lambda R, Z, basis: np.eye(24))],
    "C2": [spoiled("grid", errors=lambda e: 1e-12 + 0 * e)],
    "C3": [spoiled("grid", turned_with_it=lambda e: e + 1e-9)],
    "C4": [here("from_degree_order", lambda M, *a: np.zeros_like(M))],
    "C5": [here("couple", lambda B, l1, l2: {1: np.ones(3)}), here("couple", lambda B, l1, l2: {1: np.zeros(3)})],
    "C6": [here("path_costs", lambda L: h.PathCosts((L + 1) ** 5, (L + 1) ** 5))],
    "C7": [instead(models.TPGate, "coefficients", lambda true: lambda self, paths: 2 * true(self, paths))],
    "C8": [instead(sphnet.GatedProduct, "_keep", lambda true: lambda self, paths, c: true(self, paths, 0.5 * c))],
    "C9": [here("_least_times", lambda *works: [1.0] * len(works))],
    "C10": [here("_least_times", lambda *works: [1.0] * len(works))],
    "C11": [here("eigenvalue_bound", lambda E, S: h.EigenvalueBound(np.linalg.norm(E, 2) / 100, 1.0)),
            spoiled("hydrogen", S=lambda S: np.array([np.eye(18)] * len(S)))],
    "C12": [here("energy_of", lambda F, *a: float(h.energy_of(F, *a) + np.abs(F).sum() * 1e-3))],
    "C13": [spoiled("cycles", water=lambda c: c[:1].repeat(len(c))),
            spoiled("cycles", water=lambda c: np.array([*c[:-1], c[-2]])),  # a decade that saves nothing
            spoiled("cycles", formaldehyde=lambda c: np.array([c[0] + 2, *c[1:]]))],  # 1e-2 that saves
    "C14": [spoiled("hexane", H0=lambda M: 0 * M, H=lambda M: M / np.abs(M).clip(1e-300))],
    "C15": [here("couple", lambda B, la, lb: {la + lb: np.full(2 * (la + lb) + 1, 0.0)})],
    "C16": [LEARNT.but("hamiltonians/dynamic/dense", H=900.0), LEARNT.but("hamiltonians/dynamic/frozen", H=9000.0)],
    "C17": [here("solve_roothaan", lambda H, S: h.Orbitals(np.linalg.eigvalsh(H), np.eye(len(H))))],
    "C18": [instead(models, "SPHNet", lambda true: Ordered)],
    "C19": [qh9(80.0, 76.0)],
    "D1": [instead(models, "SPHNet", lambda true: lambda *a, parity=False, **k: true(*a, **k))],
    "D2": [SCHEDULE.but("hamiltonians/dynamic/tp", H=200.0)],
    "D3": [PHASES.but("hamiltonians/dynamic/tp", H=300.0)],
}  # fmt: skip
TRUTHS = {"C16": [LEARNT], "C19": [PUBLISHED], "D2": [SCHEDULE], "D3": [PHASES]}
