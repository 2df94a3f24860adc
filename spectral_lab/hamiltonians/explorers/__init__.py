"""The demonstrations of the chapter; `EXPLORERS` has them in the order of the lesson."""

from spectral_lab.hamiltonians.explorers.anatomy import anatomy_of_a_product
from spectral_lab.hamiltonians.explorers.error import error_to_physics
from spectral_lab.hamiltonians.explorers.pairs import which_pairs
from spectral_lab.hamiltonians.explorers.phases import three_phases
from spectral_lab.hamiltonians.explorers.start import head_start
from spectral_lab.hamiltonians.explorers.turn import turn_the_molecule

EXPLORERS = (turn_the_molecule, anatomy_of_a_product, three_phases, which_pairs, error_to_physics, head_start)

__all__ = [
    "EXPLORERS",
    "anatomy_of_a_product",
    "error_to_physics",
    "head_start",
    "three_phases",
    "turn_the_molecule",
    "which_pairs",
]
