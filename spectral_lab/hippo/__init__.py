"""HiPPO: memories as projections onto orthogonal polynomials."""

from __future__ import annotations

from spectral_lab.hippo.discretization import discretize
from spectral_lab.hippo.matrices import fout, lagt, legs, legt, lmu

__all__ = ["discretize", "fout", "lagt", "legs", "legt", "lmu"]
