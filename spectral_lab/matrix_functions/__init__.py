"""Chapter 00: functions of matrices, the one map for all chapters.

functions.py    f(A) = V f(Λ) Vᵀ, and four functions f
path.py         the Laplacian of a path, and signals on it
"""

from spectral_lab.matrix_functions.functions import CUT, FILTERS, HEAT, RESOLVENT, WAVE, filter_of, matrix_function
from spectral_lab.matrix_functions.path import path_laplacian, signal

__all__ = [
    "CUT",
    "FILTERS",
    "HEAT",
    "RESOLVENT",
    "WAVE",
    "filter_of",
    "matrix_function",
    "path_laplacian",
    "signal",
]
