"""What is computed for the lesson, once: `stored.npz`, which the pictures and the claims read.

    python -m spectral_lab.hamiltonians.data.build

takes about six minutes on one core and writes the file anew: matrices by PySCF, and the gates of two small networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from spectral_lab.hamiltonians import models
from spectral_lab.hamiltonians.coupling import tensor_product_paths
from spectral_lab.hamiltonians.data import sets
from spectral_lab.hamiltonians.data.generate import write_arrays
from spectral_lab.hamiltonians.data.labels import MOLECULES, label, mean_field, minimum
from spectral_lab.hamiltonians.harmonics import rotation
from spectral_lab.hamiltonians.orbitals import basis_rotation, to_degree_order
from spectral_lab.hamiltonians.stored import FILE, stored

TURN = rotation(0.7, 1.1, 2.3)
GRID_LEVELS = (0, 1, 3, 5, 7)
STRETCHES = (1.0, 1.5, 2.0, 2.5)  # of both bonds of water
BONDS = (0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.74, 0.9, 1.1, 1.4, 1.8, 2.4)  # of hydrogen, in Angstrom
STEPS, RANDOM, ADAPTIVE = 200, 40, 20  # of the trainings whose gates are kept
NOISES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)  # mean absolute errors of a guess, in Hartree


def molecules() -> dict[str, Any]:
    """Four molecules in def2-SVP and a chain of six carbons in STO-3G: H, H0 and S in degree order."""
    found: dict[str, Any] = {}
    for name in ("water", "ammonia", "formaldehyde", "ethanol"):
        found |= _molecule(name, MOLECULES[name][0], minimum(name)[0], "def2-svp")
    return found | _molecule("hexane", *hexane(), "sto-3g")


def _molecule(name: str, numbers: tuple[int, ...], positions: np.ndarray, basis: str) -> dict[str, Any]:
    one = label(numbers, positions, basis)
    arrays = {"Z": np.array(numbers), "X": positions, **one._asdict()}
    return {f"{name}/{key}": np.asarray(value) for key, value in arrays.items()}


def hexane() -> tuple[tuple[int, ...], np.ndarray]:
    """The stretched chain C6H14: tetrahedral angles, C-C 1.53, C-H 1.09 Angstrom."""
    half = np.arccos(-1 / 3) / 2  # half the tetrahedral angle
    across, along = 1.53 * np.cos(half), 1.53 * np.sin(half)
    carbons = np.array([[along * k, across * (k % 2), 0.0] for k in range(6)])
    hydrogens = []
    for k, carbon in enumerate(carbons):
        outward = 1.0 if k % 2 else -1.0
        for side in (1.0, -1.0):
            hydrogens.append(carbon + 1.09 * np.array([0.0, outward * np.cos(half), side * np.sin(half)]))
    for end, inner in ((0, 1), (5, 4)):
        away = carbons[end] - carbons[inner]
        mirrored = np.array([away[0], -away[1], 0.0]) / 1.53  # anti to the chain
        hydrogens.append(carbons[end] + 1.09 * mirrored)
    return (6,) * 6 + (1,) * 14, np.concatenate([carbons, hydrogens])


def turned() -> dict[str, Any]:
    """Hartree-Fock water in def2-SVP, computed in two directions: no grid, so the law of rotation holds to rounding."""
    numbers, positions = MOLECULES["water"][0], minimum("water")[0] + np.array([[0, 0, 0], [0.05, 0, 0], [0, 0.03, 0]])
    found: dict[str, Any] = {"turned/Z": np.array(numbers), "turned/R": TURN, "turned/X": positions}
    for number, X in enumerate((positions, positions @ TURN.T)):
        field = mean_field(numbers, X, "def2-svp", xc=None)
        field.conv_tol, field.conv_tol_grad = 1e-13, 1e-10
        field.kernel()
        matrices = {"F": field.get_fock(), "S": field.get_ovlp(), "core": field.get_hcore()}
        found |= {f"turned/{key}{number}": to_degree_order(M, numbers, "def2-svp") for key, M in matrices.items()}
    return found


def grid_errors() -> dict[str, Any]:
    """How far the label of a turned molecule is from the turned label, by level of the integration grid.

    The grid of DFT is fixed in space. The last entry turns it with the molecule.
    """
    numbers, positions = MOLECULES["water"][0], minimum("water")[0]
    D = basis_rotation(TURN, numbers, "def2-svp")

    def fock(X: np.ndarray, level: int, grid: tuple[np.ndarray, np.ndarray] | None = None) -> tuple[np.ndarray, Any]:
        field = mean_field(numbers, X, "def2-svp")
        field.conv_tol, field.small_rho_cutoff, field.grids.level = 1e-12, 0, level
        field.grids.build(sort_grids=False, with_non0tab=True)
        if grid is not None:
            field.grids.coords, field.grids.weights = grid
            field.grids.non0tab = field.grids.make_mask(field.mol, field.grids.coords)
        field.kernel()
        return to_degree_order(field.get_fock(), numbers, "def2-svp"), field.grids

    errors = []
    for level in GRID_LEVELS:
        here, grid = fock(positions, level)
        error = np.abs(D @ here @ D.T - fock(positions @ TURN.T, level)[0])
        errors.append([error.max(), error.mean()])
    along = fock(positions @ TURN.T, GRID_LEVELS[-1], (grid.coords @ TURN.T, grid.weights))[0]
    return {
        "grid/levels": np.array(GRID_LEVELS), "grid/errors": np.array(errors),
        "grid/turned_with_it": np.abs(D @ here @ D.T - along).max(),
    }  # fmt: skip


def hydrogen() -> dict[str, Any]:
    """Hydrogen in aug-cc-pVDZ, Hartree-Fock: diffuse functions that nearly coincide when the bond is short."""
    fields = [mean_field((1, 1), np.array([[0, 0, 0], [0, 0, bond]]), "aug-cc-pvdz", xc=None) for bond in BONDS]
    for field in fields:
        field.kernel()
    return {
        "hydrogen/bonds": np.array(BONDS), "hydrogen/S": np.array([field.get_ovlp() for field in fields]),
        "hydrogen/H": np.array([field.get_fock() for field in fields]),
    }  # fmt: skip


def integrals() -> dict[str, Any]:
    """Everything that Hartree-Fock of water in STO-3G needs, for four lengths of its bonds."""
    numbers, positions = MOLECULES["water"][0], minimum("water")[0]
    found: dict[str, list[Any]] = {"core": [], "S": [], "eri": [], "minao": [], "nuclear": []}
    for stretch in STRETCHES:
        field = mean_field(numbers, positions[0] + stretch * (positions - positions[0]), "sto-3g", xc=None)
        found["core"].append(field.get_hcore())
        found["S"].append(field.get_ovlp())
        found["eri"].append(field.mol.intor("int2e"))
        found["minao"].append(field.get_fock(dm=field.init_guess_by_minao()))
        found["nuclear"].append(field.energy_nuc())
    return {f"integrals/{name}": np.array(values) for name, values in found.items()} | {
        "integrals/stretches": np.array(STRETCHES)
    }


def cycles() -> dict[str, Any]:
    """How many iterations PySCF's field (with DIIS) takes from two usual guesses and from H* + noise."""
    found: dict[str, Any] = {"cycles/noises": np.array(NOISES)}
    for name in ("water", "formaldehyde"):
        numbers, positions = MOLECULES[name][0], minimum(name)[0]
        field = mean_field(numbers, positions, "def2-svp")
        field.kernel()
        H, S = field.get_fock(), field.get_ovlp()
        E = np.random.default_rng(0).standard_normal(H.shape)
        E = (E + E.T) / np.abs(E + E.T).mean()
        starts = [field.init_guess_by_minao(), field.init_guess_by_1e()]
        for noise in NOISES:
            starts.append(field.make_rdm1(*_orbitals(field, H + noise * E, S)))
        counts = []
        for start in starts:
            again = mean_field(numbers, positions, "def2-svp")
            again.kernel(dm0=start)
            counts.append(again.cycles)
        found[f"cycles/{name}"] = np.array(counts)
    return found


def _orbitals(field: Any, H: np.ndarray, S: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    energies, C = field.eig(H, S)
    return C, field.get_occ(energies, C)


def gates() -> dict[str, Any]:
    """The gates of paths of the miniature in training, k = 0.7: before each of 200 steps, and which were kept then."""
    from spectral_lab.hamiltonians import recipe

    torch.manual_seed(0)
    network = models.SPHNet("sto-3g", **(recipe.TINY | recipe.DYNAMIC["miniature"]["scalars"]), sparsity=0.7)
    products = network.products()
    kept = np.zeros((STEPS, len(products), len(products[0].product.paths)), dtype=bool)
    values, losses = np.zeros(kept.shape, dtype=np.float32), np.zeros(STEPS)
    chosen: dict[int, torch.Tensor] = {}
    for place, product in enumerate(products):
        product.choose = _told(product.choose, chosen, place)  # type: ignore[method-assign]
    data = sets.water(200)["train"]
    order = torch.randperm(200)
    for step, learn in enumerate(_steps(network, 2e-2)):
        network.enter("random" if step < RANDOM else "adaptive" if step < RANDOM + ADAPTIVE else "fixed")
        values[step] = [product.gate.gate.detach().numpy() for product in products if product.gate is not None]
        losses[step] = learn(data.__getitems__(order.view(-1, 20)[step % 10].tolist()))
        for place, paths in chosen.items():
            kept[step, place, paths] = True
    return {"gates/values": values, "gates/kept": kept, "gates/losses": losses,
            "gates/paths": tensor_product_paths(2), "gates/phases": np.array([RANDOM, ADAPTIVE])}  # fmt: skip


def scores() -> dict[str, Any]:
    """Scores of pairs by a small network whose gate of pairs, k = 0.5, has learnt from four molecules at rest."""
    torch.manual_seed(0)
    network = models.SPHNet("def2-svp", 8, 8, 8, 8, cutoff=6.0, pair_cutoff=10.0, alpha=1.0, scalar_layers=2,
                            pair_sparsity=0.5)  # fmt: skip
    found = _molecules_at_rest()
    data = sets.Hamiltonians(lambda row: found[row], np.arange(len(found)), "def2-svp")
    batch = data.__getitems__(list(range(len(found))))
    losses = [learn(batch) for learn in _steps(network, 1e-2)]
    seen: list[np.ndarray] = []
    gate = network.pair_layers[1].get_submodule("pair_gate.score")
    gate.register_forward_hook(lambda module, given, score: seen.append(score.detach().numpy().ravel()))
    told: dict[str, Any] = {"scores/losses": np.array(losses)}
    for name in ("water", "ethanol", "hexane"):
        one = stored(name)
        with torch.no_grad():
            network.eval()(models.join([(one["Z"].tolist(), one["X"])]))
        told[f"scores/{name}"] = seen[-1]
    return told


def _molecules_at_rest() -> list[sets.Sample]:
    found = []
    for name in ("water", "ammonia", "formaldehyde", "ethanol"):
        one = stored(name)
        found.append(sets.Sample(tuple(one["Z"].tolist()), one["X"], one["H"], one["H0"], one["S"]))
    return found


def _steps(network: nn.Module, rate: float) -> Iterator[Callable[[sets.Batch], float]]:
    """Steps of AdamW, each a function of a batch that learns from it and returns its loss."""
    from spectral_lab.hamiltonians.recipe import loss

    optimiser = torch.optim.AdamW(network.parameters(), rate, betas=(0.9, 0.99), weight_decay=0.0)
    for step in range(STEPS):
        optimiser.param_groups[0]["lr"] = rate * min(1, (step + 1) / 20) * (1 - step / STEPS)

        def learn(batch: sets.Batch) -> float:
            value = loss(network, batch, 20.0)
            optimiser.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            return float(value.detach())

        yield learn


def _told(choose: Callable[[], Any], chosen: dict[int, torch.Tensor], place: int) -> Callable[[], Any]:
    def choose_and_tell() -> Any:
        chosen[place], coefficients = choose()
        return chosen[place], coefficients

    return choose_and_tell


def build(path: Path = FILE) -> None:
    """Compute all of it and write the file. Raises: PySCFMissing, RuntimeError."""
    parts = (molecules, turned, grid_errors, hydrogen, integrals, cycles, gates, scores)
    write_arrays(path, {name: array for part in parts for name, array in part().items()})


if __name__ == "__main__":
    build()
