"""The demonstrations of the chapter; `EXPLORERS` has them in the order of the lesson."""

from spectral_lab.hippo.explorers.algorithms import three_ways
from spectral_lab.hippo.explorers.aliasing import discretised_spectrum
from spectral_lab.hippo.explorers.delays import delay_line
from spectral_lab.hippo.explorers.drawing import what_it_draws
from spectral_lab.hippo.explorers.lens import foveated_lens
from spectral_lab.hippo.explorers.ruler import step_is_a_ruler

EXPLORERS = (what_it_draws, foveated_lens, step_is_a_ruler, three_ways, delay_line, discretised_spectrum)

__all__ = [
    "EXPLORERS",
    "delay_line",
    "discretised_spectrum",
    "foveated_lens",
    "step_is_a_ruler",
    "three_ways",
    "what_it_draws",
]
