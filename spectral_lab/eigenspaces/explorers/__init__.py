"""The demonstrations of the chapter; `EXPLORERS` has them in the order of the lesson."""

from spectral_lab.eigenspaces.explorers.counting import counting
from spectral_lab.eigenspaces.explorers.crossing import crossing
from spectral_lab.eigenspaces.explorers.fader import fader
from spectral_lab.eigenspaces.explorers.lengths import lengths
from spectral_lab.eigenspaces.explorers.tradeoff import tradeoff
from spectral_lab.eigenspaces.explorers.truncation import truncation

EXPLORERS = (crossing, fader, truncation, counting, lengths, tradeoff)

__all__ = ["EXPLORERS", "counting", "crossing", "fader", "lengths", "tradeoff", "truncation"]
