"""The demonstrations of the chapter; `EXPLORERS` has them in the order of the lesson."""

from spectral_lab.generation.explorers.sentence import mixed_sentence

EXPLORERS = (mixed_sentence,)

__all__ = ["EXPLORERS", "mixed_sentence"]
