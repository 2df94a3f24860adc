"""Data of chapter 06: solved equations, generated, and the seven published sets, read.

fields.py      fields and their targets in memory, with the normalisation that belongs to them
solvers.py     Darcy's law and turbulence for a batch of tensors, on a CPU or a GPU
generated.py   random coefficients and flows by the published laws, deterministic by seed
elasticity.py  an elasticity-like set: stress around a void, by finite elements, deterministic by seed
published.py   the files of the published benchmarks, split as published
"""

from __future__ import annotations

from spectral_lab.latent.data.elasticity import elasticity_like
from spectral_lab.latent.data.fields import FieldBatch, Fields, plain, pointwise
from spectral_lab.latent.data.generated import darcy_fields, flow_fields
from spectral_lab.latent.data.published import (
    DATASETS,
    airfoil,
    check_darcy,
    check_navier_stokes,
    darcy,
    elasticity_grid,
    elasticity_points,
    navier_stokes,
    open_hdf5,
    pipe,
    plasticity,
    read_array,
)
from spectral_lab.latent.data.solvers import solve_darcy_batch, solve_flow_batch

__all__ = [
    "DATASETS",
    "FieldBatch",
    "Fields",
    "airfoil",
    "check_darcy",
    "check_navier_stokes",
    "darcy",
    "darcy_fields",
    "elasticity_grid",
    "elasticity_like",
    "elasticity_points",
    "flow_fields",
    "navier_stokes",
    "open_hdf5",
    "pipe",
    "plain",
    "plasticity",
    "pointwise",
    "read_array",
    "solve_darcy_batch",
    "solve_flow_batch",
]
