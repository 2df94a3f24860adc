"""Geometries around an equilibrium: normal modes, and samples of them at a temperature.

In mass-weighted coordinates q = M^(1/2) (x - x_0) the energy near the minimum is q^T K q / 2, K = M^(-1/2) (Hessian)
M^(-1/2). Its eigenvectors are the normal modes, its eigenvalues omega^2. Classically each mode is an independent
Gaussian: q_k ~ N(0, kT / omega_k^2).
"""

from __future__ import annotations

from typing import NamedTuple, SupportsFloat, SupportsInt

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hamiltonians.roothaan import symmetric

ANGSTROM = 1 / 0.529177210903  # in Bohr
DALTON = 1822.888486209  # in electron masses
KELVIN = 3.166811563e-6  # in Hartree: Boltzmann's constant
WAVENUMBER = 219474.63136320  # cm^-1 of one Hartree


class NormalModes(NamedTuple):
    """Vibrations of a molecule.

    frequencies    omega in atomic units, ascending; times WAVENUMBER in cm^-1
    displacements  (modes, atoms, 3): M^(-1/2) v, in Bohr for one unit of q; their signs mean nothing
    """

    frequencies: Float[np.ndarray, " modes"]
    displacements: Float[np.ndarray, "modes atoms 3"]


def normal_modes(positions: ArrayLike, masses: ArrayLike, hessian: ArrayLike) -> NormalModes:
    """The vibrations at a minimum of the energy; translations and rotations are projected out.

    Args: positions (atoms, 3) in Angstrom, at least 2 atoms; masses (atoms,) in Dalton; hessian (3 atoms, 3 atoms) in
    Hartree per Bohr^2, atom by atom. Raises: ValueError, also where the Hessian has a direction that lowers the energy.
    """
    X = checks.real_array(positions, "positions", (None, 3))
    if len(X) < 2 or len(X) > 1000 or np.abs(X).max() > 1e6:
        raise ValueError(f"positions must have shape (2 to 1000, 3) and lie within 10^6 Angstrom, got {X.shape}")
    if np.ptp(X, axis=0).max() < 1e-6:
        raise ValueError("positions must be of atoms apart from each other, got all of them at one point")
    mass = checks.real_array(masses, "masses", (len(X),))
    if not ((mass > 1e-6) & (mass < 1e6)).all():
        raise ValueError(f"masses must lie between 1e-6 and 1e6 Dalton, got {checks.shown(mass.tolist())}")
    K = symmetric(hessian, "hessian")
    if len(K) != 3 * len(X):
        raise ValueError(f"hessian must have shape {(3 * len(X),) * 2} for {len(X)} atoms, got {K.shape}")
    root = np.sqrt(np.repeat(mass * DALTON, 3))
    inner = _vibrational_space(X, mass)
    values, vectors = np.linalg.eigh(inner.T @ (K / root[:, None] / root) @ inner)
    if not values[0] > 1e-12 * np.abs(values).max():
        raise ValueError("hessian must be that of a minimum, got a vibration along which the energy does not rise")
    return NormalModes(np.sqrt(values), ((inner @ vectors) / root[:, None]).T.reshape(-1, len(X), 3))


def sample_normal_modes(
    positions: ArrayLike,
    modes: NormalModes,
    temperature: SupportsFloat,
    count: SupportsInt,
    seed: SupportsInt,
) -> Float[np.ndarray, "count atoms 3"]:
    """Geometries in Angstrom from the classical distribution of harmonic vibrations at a temperature in Kelvin.

    Deterministic by seed for given modes; as a mode's sign means nothing, keep the geometries, not the seed.
    Args: positions (atoms, 3) in Angstrom; modes from `normal_modes`. Raises: ValueError.
    """
    X = checks.real_array(positions, "positions", (None, 3))
    if not isinstance(modes, NormalModes) or modes.displacements.shape[1] != len(X):
        raise ValueError(
            f"modes must be NormalModes of as many atoms as the shape of positions says, got {checks.shown(modes)}"
        )
    kT = KELVIN * checks.number(temperature, "temperature", 0, 1e5)
    draws = checks.integer(count, "count", 1, 1_000_000)
    checks.room(draws * X.size, "count and positions")
    rng = np.random.default_rng(checks.integer(seed, "seed", 0, 2**63 - 1))
    q = rng.standard_normal((draws, len(modes.frequencies))) * np.sqrt(kT) / modes.frequencies
    return X + np.tensordot(q, modes.displacements, 1) / ANGSTROM


def _vibrational_space(X: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """An orthonormal basis of the mass-weighted displacements that neither move nor turn the molecule."""
    root = np.sqrt(mass)[:, None]
    centred = X - (mass @ X) / mass.sum()
    scale = np.abs(centred).max() or 1.0
    moves = [(root * axis).ravel() for axis in np.eye(3)]
    turns = [(root * np.cross(axis, centred / scale)).ravel() for axis in np.eye(3)]
    left, values, _ = np.linalg.svd(np.stack([*moves, *turns], axis=1))
    rank = int((values > 1e-4 * values[0]).sum())  # a linear molecule turns in two ways only
    return left[:, rank:]
