"""The demonstrations of the chapter; `EXPLORERS` has them in the order of the lesson."""

from spectral_lab.generation.explorers.basis import eigenbasis_or_cholesky
from spectral_lab.generation.explorers.cloud import next_atom
from spectral_lab.generation.explorers.first_step import first_step
from spectral_lab.generation.explorers.frames import frames_are_eigenvectors
from spectral_lab.generation.explorers.microscope import crystal_microscope
from spectral_lab.generation.explorers.sentence import mixed_sentence
from spectral_lab.generation.explorers.words import words_or_numbers

EXPLORERS = (
    mixed_sentence,
    next_atom,
    first_step,
    eigenbasis_or_cholesky,
    crystal_microscope,
    words_or_numbers,
    frames_are_eigenvectors,
)

__all__ = [
    "EXPLORERS",
    "crystal_microscope",
    "eigenbasis_or_cholesky",
    "first_step",
    "frames_are_eigenvectors",
    "mixed_sentence",
    "next_atom",
    "words_or_numbers",
]
