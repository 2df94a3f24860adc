"""An elasticity-like set: stress around a void in a pulled square, on points that differ from sample to sample.

A stand-in for the published "Elasticity" (Geo-FNO's Random_UnitCell), not that benchmark: its code and the meaning of
its "sigma" are not known to us. The same law of the void and the same load; the published material is rubber-like, but
at this load it is strained by less than a thousandth, so a linear, incompressible one in plane stress does.

    div sigma = 0,  sigma = 2 mu (eps(u) + tr eps(u) 1),  u = 0 at the bottom,  sigma n = (0, 100) at the top, 0 else

Quadratic elements of scikit-fem, which is needed for this and for nothing else in the chapter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int

from spectral_lab import checks
from spectral_lab.datasets import DatasetUnavailable
from spectral_lab.latent.data.fields import Fields

RADII = 42  # that describe a void, as in the published set
LOAD = 100.0
SHEAR_MODULUS = 2 * (1.863e5 + 9.79e3)  # that of the rubber-like law at small strain, 2 (C1 + C2)


@dataclass(frozen=True)
class Stress:
    """Where the nodes of a mesh are, its triangles, and (sigma_xx, sigma_yy, sigma_xy) at the nodes."""

    points: Float[np.ndarray, "n 2"]
    triangles: Int[np.ndarray, "t 3"]
    components: Float[np.ndarray, "3 n"]

    @property
    def von_mises(self) -> Float[np.ndarray, " n"]:
        """sqrt(sigma_xx^2 + sigma_yy^2 - sigma_xx sigma_yy + 3 sigma_xy^2) at the nodes."""
        xx, yy, xy = self.components
        return np.sqrt(xx**2 + yy**2 - xx * yy + 3 * xy**2)


def elasticity_like(
    train: int = 1000, test: int = 200, points: int = 972, angles: int = 64, rings: int = 15, seed: int = 0
) -> dict[str, Fields]:
    """Points around a void, and its 42 radii as code -> von Mises' stress at them, with one mean and one scale for all.

    Each sample keeps `points` of the angles (rings + 1) nodes of its mesh, drawn at random. Deterministic by seed.

    Args: angles, a multiple of 8; the others as for `pull`. Raises: ValueError; DatasetUnavailable without scikit-fem.
    """
    counts = [checks.integer(count, name, 2, 100_000) for name, count in (("train", train), ("test", test))]
    angles, rings = checks.integer(angles, "angles", 8, 512), checks.integer(rings, "rings", 1, 256)
    points, seed = checks.integer(points, "points", 1, angles * (rings + 1)), checks.integer(seed, "seed", 0, 2**30)
    splits = []
    for i, count in enumerate(counts):
        rng = np.random.RandomState(2 * seed + i + 1)
        places, stresses, codes = [], [], []
        for _ in range(count):
            radii = void_radii(rng.standard_normal(RADII - 1))
            found, kept = pull(radii, angles, rings), rng.permutation(angles * (rings + 1))[:points]
            places.append(found.points[kept])
            stresses.append(found.von_mises[kept, None])
            codes.append(radii)
        splits.append([torch.as_tensor(np.array(part), dtype=torch.float32) for part in (places, stresses, codes)])
    mean, scale = splits[0][1].mean().view(1, 1, 1), splits[0][1].std().view(1, 1, 1)
    return {
        name: Fields(place, stress, mean, scale, code)
        for name, (place, stress, code) in zip(("train", "test"), splits, strict=True)
    }


def void_radii(noise: Float[np.ndarray, " modes"]) -> Float[np.ndarray, " radii"]:
    """r = 0.2 + 0.2 / (1 + e^g) at 42 angles, g ~ N(0, 4^2 (-d^2/dtheta^2 + 3^2)^{-1}) on the circle: from 0.2 to 0.4.

    Args: noise (41,): of the constant, of cos k theta and of sin k theta, k = 1..20. Raises: ValueError.
    """
    noise = checks.real_array(noise, "noise", (RADII - 1,))
    return 0.2 + 0.2 / (1 + np.exp(_waves(2 * np.pi * np.arange(RADII) / RADII) @ (_amplitudes() * noise)))


def pull(radii: Float[np.ndarray, " radii"], angles: int = 64, rings: int = 15) -> Stress:
    """The stress around a void at the centre of the unit square, clamped at the bottom and pulled at the top.

    The mesh has `angles` rays from the void to the edge and `rings` rows of cells between them. The stress of the
    quadratic displacement is projected onto linear elements, component by component: its integrals stay exact.

    Args: radii (42,), 0.02 to 0.48; angles, a multiple of 8, so that corners are nodes, at most 512; rings, 1 to 256.
    Raises: ValueError; DatasetUnavailable without scikit-fem.
    """
    points, triangles = ring_mesh(radii, angles, rings)
    try:
        import skfem
        from skfem.models.elasticity import linear_elasticity, linear_stress
    except ImportError:
        raise DatasetUnavailable("the elasticity-like set needs scikit-fem: pip install 'spectral_lab[pde]'") from None
    mesh = skfem.MeshTri(points.T.copy(), triangles.T.copy())
    quadratic, linear = skfem.ElementVector(skfem.ElementTriP2()), skfem.ElementTriP1()
    basis, nodes = skfem.Basis(mesh, quadratic, intorder=4), skfem.Basis(mesh, linear, intorder=4)
    top = skfem.FacetBasis(mesh, quadratic, facets=mesh.facets_satisfying(lambda x: x[1] > 1 - 1e-9))
    # Plane stress without change of volume: lambda = 2 mu.
    A = skfem.asm(linear_elasticity(2 * SHEAR_MODULUS, SHEAR_MODULUS), basis)
    b = skfem.asm(skfem.LinearForm(lambda v, _: LOAD * v[1]), top)
    u = skfem.solve(*skfem.condense(A, b, D=basis.get_dofs(lambda x: x[1] < 1e-9)))
    gradient = np.asarray(basis.interpolate(u).grad)
    sigma = linear_stress(2 * SHEAR_MODULUS, SHEAR_MODULUS)((gradient + gradient.swapaxes(0, 1)) / 2)
    components = np.array([nodes.project(sigma[i, j]) for i, j in ((0, 0), (1, 1), (0, 1))])
    return Stress(mesh.p.T, mesh.t.T, components)


def ring_mesh(radii: Any, angles: Any, rings: Any) -> tuple[Float[np.ndarray, "n 2"], Int[np.ndarray, "t 3"]]:
    """(points, triangles): rays from the void to the edge of the square, and quadrilaterals between, cut in two."""
    radii = checks.real_array(radii, "radii", (RADII,))
    if radii.min() < 0.02 or radii.max() > 0.48:
        raise ValueError(f"radii must be between 0.02 and 0.48, got {radii.min():.3g} to {radii.max():.3g}")
    angles, rings = checks.integer(angles, "angles", 8, 512), checks.integer(rings, "rings", 1, 256)
    if angles % 8:
        raise ValueError(f"angles must be a multiple of 8, got {angles}")
    theta = 2 * np.pi * np.arange(angles) / angles
    direction = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
    coefficients = np.linalg.lstsq(_waves(2 * np.pi * np.arange(RADII) / RADII), radii, rcond=None)[0]
    inner = np.clip(_waves(theta) @ coefficients, 0.02, 0.48)[:, None] * direction
    outer = 0.5 * direction / np.abs(direction).max(axis=1, keepdims=True)
    share = np.linspace(0, 1, rings + 1)[:, None, None]
    points = 0.5 + ((1 - share) * inner + share * outer).reshape(-1, 2)
    i, j = np.meshgrid(np.arange(rings), np.arange(angles), indexing="ij")
    a, b = angles * i + j, angles * i + (j + 1) % angles  # along a ring; a ring further out, + angles
    triangles = np.concatenate(
        [np.stack(part, axis=-1).reshape(-1, 3) for part in ((a, a + angles, b + angles), (a, b + angles, b))]
    )
    return points, triangles


def _waves(theta: np.ndarray) -> Float[np.ndarray, "n modes"]:
    """1, cos k theta, sin k theta, k = 1..20."""
    k = np.outer(theta, np.arange(1, RADII // 2))
    return np.concatenate([np.ones((len(theta), 1)), np.cos(k), np.sin(k)], axis=1)


def _amplitudes() -> Float[np.ndarray, " modes"]:
    """4 / sqrt(k^2 + 9) times 1 / sqrt(2 pi) for the constant, 1 / sqrt(pi) for the waves: an orthonormal basis."""
    k = np.arange(1, RADII // 2)
    waves = 4 / np.sqrt(np.pi * (k**2 + 9.0))
    return np.concatenate([[4 / np.sqrt(18 * np.pi)], waves, waves])
