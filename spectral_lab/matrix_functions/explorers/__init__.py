"""The demonstration of the chapter."""

from spectral_lab.matrix_functions.explorers.three_views import functions_of_a_matrix

EXPLORERS = (functions_of_a_matrix,)

__all__ = ["EXPLORERS", "functions_of_a_matrix"]
