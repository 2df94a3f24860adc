"""Labels from PySCF, which is an optional package: `pip install "spectral_lab[dft]"`.

A label is the converged Kohn-Sham matrix H of a geometry, with the matrix H0 of the starting density, one Fock build
that a network need not learn, and the overlap S. All in degree order, in Hartree.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from spectral_lab.hamiltonians.orbitals import to_degree_order
from spectral_lab.hamiltonians.vibrations import ANGSTROM

XC = "b3lyp5"  # B3LYP with the VWN5 form, as in QH9; plain "b3lyp" means another one since PySCF 2.3
GRID_LEVEL = 3
MASSES = {1: 1.00782503, 6: 12.0, 7: 14.0030740, 8: 15.9949146, 9: 18.9984032}  # of the common isotopes, in Dalton

# Textbook geometries in Angstrom, to start from.
MOLECULES: dict[str, tuple[tuple[int, ...], tuple[tuple[float, float, float], ...]]] = {
    "water": ((8, 1, 1), ((0.0, 0.0, 0.117), (0.0, 0.757, -0.469), (0.0, -0.757, -0.469))),
    "ammonia": (
        (7, 1, 1, 1),
        ((0.0, 0.0, 0.116), (0.0, 0.94, -0.27), (0.814, -0.47, -0.27), (-0.814, -0.47, -0.27)),
    ),
    "methane": (
        (6, 1, 1, 1, 1),
        ((0.0, 0.0, 0.0), (0.63, 0.63, 0.63), (0.63, -0.63, -0.63), (-0.63, 0.63, -0.63), (-0.63, -0.63, 0.63)),
    ),
    "formaldehyde": ((6, 8, 1, 1), ((0.0, 0.0, 0.0), (0.0, 0.0, 1.2), (0.0, 0.94, -0.58), (0.0, -0.94, -0.58))),
    "methanol": (
        (6, 8, 1, 1, 1, 1),
        ((0.0, 0.0, 0.0), (1.42, 0.0, 0.0), (1.72, -0.9, 0.0), (-0.36, 1.03, 0.0), (-0.36, -0.51, 0.89),
         (-0.36, -0.51, -0.89)),
    ),
    "ethanol": (
        (6, 6, 8, 1, 1, 1, 1, 1, 1),
        ((1.19, -0.38, 0.0), (0.0, 0.55, 0.0), (-1.19, -0.25, 0.0), (-1.92, 0.39, 0.0), (2.1, 0.23, 0.0),
         (1.12, -1.01, 0.89), (1.12, -1.01, -0.89), (-0.02, 1.18, 0.89), (-0.02, 1.18, -0.89)),
    ),
}  # fmt: skip


class PySCFMissing(ImportError):
    """PySCF is not installed; the message says how to get it."""


class Label(NamedTuple):
    """What one calculation gives, in degree order: the matrices, the total energy, the iterations it took."""

    H: Float[np.ndarray, "n n"]
    H0: Float[np.ndarray, "n n"]
    S: Float[np.ndarray, "n n"]
    energy: float
    cycles: int


def label(numbers: tuple[int, ...], positions: Float[np.ndarray, "atoms 3"], basis: str, xc: str = XC) -> Label:
    """The converged Kohn-Sham matrix of a geometry in Angstrom. Raises: PySCFMissing, RuntimeError."""
    field = mean_field(numbers, positions, basis, xc)
    start = field.init_guess_by_minao()
    first = field.get_fock(dm=start)
    energy = field.kernel(dm0=start)
    if not field.converged:
        raise RuntimeError(f"the field of {numbers} did not converge at positions {np.round(positions, 4).tolist()}")
    H, H0, S = (to_degree_order(M, numbers, basis) for M in (field.get_fock(), first, field.get_ovlp()))
    return Label(H, H0, S, float(energy), int(field.cycles))


def mean_field(
    numbers: tuple[int, ...], positions: Float[np.ndarray, "atoms 3"], basis: str, xc: str | None = XC
) -> Any:
    """PySCF's object for restricted Kohn-Sham, or Hartree-Fock if xc is None. Raises: PySCFMissing."""
    pyscf = _pyscf()
    molecule = pyscf.gto.M(
        atom=list(zip(map(int, numbers), np.asarray(positions).tolist(), strict=True)), basis=basis, unit="Angstrom",
        verbose=0,
    )  # fmt: skip
    if xc is None:
        field = pyscf.scf.RHF(molecule)
    else:
        field = pyscf.dft.RKS(molecule, xc=xc)
        field.grids.level = GRID_LEVEL
    field.conv_tol = 1e-9
    return field


def minimum(name: str) -> tuple[Float[np.ndarray, "atoms 3"], Float[np.ndarray, "k k"]]:
    """The geometry of least RHF/STO-3G energy near the textbook's, in Angstrom, and the Hessian there, in atomic units.

    Raises: PySCFMissing, RuntimeError.
    """
    import scipy

    numbers, start = MOLECULES[name]
    shape = (len(numbers), 3)

    def energy_and_gradient(x: np.ndarray) -> tuple[float, np.ndarray]:
        field = mean_field(numbers, x.reshape(shape) / ANGSTROM, "sto-3g", xc=None)
        energy = field.kernel()
        return energy, field.nuc_grad_method().kernel().ravel()

    found = scipy.optimize.minimize(
        energy_and_gradient, np.array(start).ravel() * ANGSTROM, jac=True, method="BFGS", options={"gtol": 1e-5}
    )
    if np.abs(found.jac).max() > 1e-4:
        raise RuntimeError(f"the minimum of {name} was not found: {found.message}")
    positions = found.x.reshape(shape) / ANGSTROM
    field = mean_field(numbers, positions, "sto-3g", xc=None)
    field.conv_tol = 1e-12
    field.kernel()
    return positions, field.Hessian().kernel().transpose(0, 2, 1, 3).reshape(found.x.size, found.x.size)


def _pyscf() -> Any:
    try:
        import pyscf
        import pyscf.dft
        import pyscf.scf
    except ImportError:
        raise PySCFMissing('this needs PySCF: pip install "spectral_lab[dft]"') from None
    pyscf.lib.num_threads(1)  # processes are parallel, threads would only compete
    return pyscf
