"""Crystals and their spectra: structure factors, powder patterns, and what noise on the positions does to them.

A crystal is a lattice, species and fractional coordinates. Its structure factors are its Fourier series on the torus,
and noise on the fractional coordinates is the heat semigroup there: high orders die first (Debye 1913, Waller 1923).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.generation.tables import form_factors
from spectral_lab.generation.vocabulary import ELEMENTS

CU_K_ALPHA = 1.54184  # A
TWO_THETA = (10.0, 90.0)  # degrees
SAME_ANGLE = 1e-5  # degrees: reflections nearer than this are one line
WEAKEST = 1e-3  # of the strongest line = 100
LARGEST_PLANES = 2_000_000
LARGEST_SITES = 2000
SHORTEST_DISTANCE, SMALLEST_VOLUME = 0.5, 0.1  # A, A^3: what counts as a structure at all (CDVAE)


@dataclass(frozen=True, eq=False)
class Crystal:
    """A crystal: `lattice` (3, 3), its rows a, b, c in A; `species`, n element symbols; `frac` (n, 3).

    Raises ValueError on an unknown element, sizes that do not fit, or a lattice without volume.
    """

    lattice: Float[np.ndarray, "3 3"]
    species: tuple[str, ...]
    frac: Float[np.ndarray, "n 3"]

    def __init__(self, lattice: ArrayLike, species: Sequence[str], frac: ArrayLike) -> None:
        if isinstance(species, str) or not isinstance(species, Sequence) or not 0 < len(species) <= LARGEST_SITES:
            raise ValueError(f"species must be 1 to {LARGEST_SITES} element symbols, got {checks.shown(species)}")
        names = tuple(checks.choice(name, "species", ELEMENTS) for name in species)
        lattice = checks.real_array(lattice, "lattice", (3, 3))
        lengths = np.linalg.norm(lattice, axis=1)
        # Scale-free: a flat cell is one whose volume is no part of a cube's with its edges.
        if not abs(np.linalg.det(lattice)) > 1e-9 * np.prod(lengths):
            raise ValueError(f"lattice must have three independent rows, got {checks.shown(lattice.tolist())}")
        object.__setattr__(self, "lattice", lattice)
        object.__setattr__(self, "species", names)
        object.__setattr__(self, "frac", checks.real_array(frac, "frac", (len(names), 3)))

    def __len__(self) -> int:
        return len(self.species)

    @property
    def numbers(self) -> Float[np.ndarray, " n"]:
        """The atomic numbers Z."""
        return np.array([ELEMENTS.index(name) + 1.0 for name in self.species])

    @property
    def volume(self) -> float:
        """The volume of the cell in A^3."""
        return float(abs(np.linalg.det(self.lattice)))


def structure_factor(crystal: Crystal, hkl: ArrayLike) -> Complex[np.ndarray, " planes"]:
    """F(h) = sum_j Z_j exp(2 pi i h.f_j) at the integer orders hkl (planes, 3), atoms as points of weight Z.

    Raises ValueError.
    """
    crystal, orders = as_crystal(crystal), checks.real_array(hkl, "hkl", (None, 3))
    if not np.array_equal(orders, np.round(orders)):
        raise ValueError(f"hkl must be whole numbers, got {checks.shown(hkl)}")
    checks.room(len(orders) * len(crystal), "hkl and crystal")
    # Modulo 1 before the exponential, so that high orders keep their digits.
    return np.exp(2j * np.pi * ((orders @ crystal.frac.T) % 1.0)) @ crystal.numbers


def debye_waller(hkl: ArrayLike, sigma: Any) -> Float[np.ndarray, " planes"]:
    """E F / F_0 = exp(-2 pi^2 |h|^2 sigma^2) under normal noise of std sigma on every fractional coordinate.

    |h| in index units. It is the factor of the mean amplitude; see `mean_intensity` for the mean of |F|^2.
    Raises ValueError.
    """
    orders, sigma = checks.real_array(hkl, "hkl", (None, 3)), checks.number(sigma, "sigma", 0.0, 1e100)
    return np.exp(-2 * np.pi**2 * sigma**2 * (orders**2).sum(axis=1))


def mean_intensity(crystal: Crystal, hkl: ArrayLike, sigma: Any) -> Float[np.ndarray, " planes"]:
    """E |F|^2 under that noise: q |F_0|^2 + (1 - q) sum_j Z_j^2 with q = `debye_waller` squared. Raises ValueError.

    What the lines lose goes into a flat background: noise hides a crystal, it does not darken it.
    """
    crystal = as_crystal(crystal)
    q = debye_waller(hkl, sigma) ** 2
    return q * np.abs(structure_factor(crystal, hkl)) ** 2 + (1 - q) * (crystal.numbers**2).sum()


def xrd_pattern(crystal: Crystal) -> tuple[Float[np.ndarray, " lines"], Float[np.ndarray, " lines"]]:
    """The powder pattern for Cu K alpha (1.54184 A): angles 2 theta between 10 and 90 degrees, and intensities.

    Intensity |sum_j f_j exp(2 pi i h.f_j)|^2 (1 + cos^2 2 theta)/(sin^2 theta cos theta), the strongest 100; f_j are
    the tabulated form factors of neutral atoms (International Tables, `tables`). Lines below 1e-3 are left out.
    Raises ValueError, also on a cell so large that it has more than two million planes.
    """
    crystal = as_crystal(crystal)
    planes = _planes(crystal)
    theta = np.arcsin(np.linalg.norm(planes @ np.linalg.inv(crystal.lattice).T, axis=1) * CU_K_ALPHA / 2)
    order = np.argsort(theta, kind="stable")
    planes, theta = planes[order], theta[order]
    squared = (np.sin(theta) / CU_K_ALPHA) ** 2
    amplitude = np.zeros(len(planes), dtype=complex)
    for name in dict.fromkeys(crystal.species):
        sites = crystal.frac[[own == name for own in crystal.species]]
        amplitude += _form_factor(name, squared) * np.exp(2j * np.pi * ((planes @ sites.T) % 1.0)).sum(axis=1)
    intensity = np.abs(amplitude) ** 2 * (1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
    two_theta = np.degrees(2 * theta)
    first = np.flatnonzero(np.diff(two_theta, prepend=-1.0) > SAME_ANGLE)
    two_theta, intensity = two_theta[first], np.add.reduceat(intensity, first) if len(first) else intensity
    if not len(intensity) or intensity.max() <= 0:
        return two_theta[:0], intensity[:0]
    intensity = 100 * intensity / intensity.max()
    strong = intensity > WEAKEST
    return two_theta[strong], intensity[strong]


def xrd_cosine(a: Crystal, b: Crystal, fwhm: Any = 0.3) -> float:
    """The cosine of the angle between two powder patterns, each line a Gaussian of full width `fwhm` degrees.

    The width is at half maximum. 1 for the same pattern; it sees the size of the cell, which a match of structures does
    not. Raises ValueError.
    """
    width = checks.number(fwhm, "fwhm", 1e-3, 10.0) / np.sqrt(8 * np.log(2))
    patterns = [xrd_pattern(as_crystal(crystal, name)) for crystal, name in ((a, "a"), (b, "b"))]

    def product(p: int, q: int) -> float:
        # The integral of two Gaussians at distance u is a Gaussian in u, of twice the variance.
        (x, u), (y, v) = patterns[p], patterns[q]
        return float(u @ np.exp(-((x[:, None] - y) ** 2) / (4 * width**2)) @ v)

    sizes = product(0, 0) * product(1, 1)
    return float(product(0, 1) / np.sqrt(sizes)) if sizes > 0 else 0.0


def structure_valid(crystal: Crystal) -> bool:
    """Whether all distances, over all images, are at least 0.5 A and the cell at least 0.1 A^3 (as CDVAE counts)."""
    crystal = as_crystal(crystal)
    if crystal.volume < SMALLEST_VOLUME:
        return False
    apart = crystal.frac[:, None] - crystal.frac[None]
    others = apart[~np.eye(len(crystal), dtype=bool)]
    others = others - np.round(others)
    ranges = [range(-k, k + 1) for k in _reach(crystal.lattice, SHORTEST_DISTANCE)]
    return not any(
        (np.linalg.norm((others + image) @ crystal.lattice, axis=1) < SHORTEST_DISTANCE).any()
        for image in itertools.product(*ranges)
    )


def _reach(lattice: np.ndarray, radius: float) -> list[int]:
    """How many cells along each axis hold all lattice points within this radius, and half a cell more."""
    heights = 1 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    counts = np.ceil(radius / heights + 0.5)
    if np.prod(2 * counts + 1) > 50_000:
        raise ValueError("lattice must not be so flat that more than 50,000 images of an atom are near it")
    return counts.astype(int).tolist()


def _planes(crystal: Crystal) -> np.ndarray:
    """All integer orders whose reflections fall between the two angles."""
    low, high = (2 * np.sin(np.radians(angle / 2)) / CU_K_ALPHA for angle in TWO_THETA)
    # |h_i| = |g.a_i| <= |g| |a_i|.
    largest = np.floor(high * np.linalg.norm(crystal.lattice, axis=1))
    if np.prod(2 * largest + 1) > LARGEST_PLANES:
        raise ValueError(
            f"crystal must have at most {LARGEST_PLANES:,} planes, got edges of {largest.max() / high:.3g} A"
        )
    axes = [np.arange(-k, k + 1) for k in largest.astype(int)]
    orders = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    lengths = np.linalg.norm(orders @ np.linalg.inv(crystal.lattice).T, axis=1)
    return orders[(lengths >= low) & (lengths <= high)]


def _form_factor(name: str, squared: np.ndarray) -> np.ndarray:
    """f = sum a_i exp(-b_i (sin theta / wavelength)^2) + c (Cromer and Mann)."""
    if (table := form_factors(name)) is None:
        raise ValueError(f"species must have a tabulated form factor, got {name!r}")
    a, b, c = table
    return np.exp(-np.multiply.outer(squared, b)) @ np.array(a) + c


def as_crystal(crystal: Any, name: str = "crystal") -> Crystal:
    """The crystal itself. Raises ValueError, by the name of the argument, on anything else."""
    if not isinstance(crystal, Crystal):
        raise ValueError(f"{name} must be a Crystal, got {checks.shown(crystal)}")
    return crystal
