"""The demonstrations of the chapter; `EXPLORERS` has them in the order of the lesson."""

from spectral_lab.pseudospectra.explorers.backward import backward_and_forward
from spectral_lab.pseudospectra.explorers.bell import ringing_bell
from spectral_lab.pseudospectra.explorers.calm import calm_or_not
from spectral_lab.pseudospectra.explorers.hidden import hidden_eigenvalues
from spectral_lab.pseudospectra.explorers.own import own_matrix
from spectral_lab.pseudospectra.explorers.poison import how_much_poison
from spectral_lab.pseudospectra.explorers.sing import sing_at_it
from spectral_lab.pseudospectra.explorers.weak import weak_not_strong

EXPLORERS = (
    hidden_eigenvalues,
    ringing_bell,
    weak_not_strong,
    backward_and_forward,
    how_much_poison,
    sing_at_it,
    calm_or_not,
    own_matrix,
)

__all__ = [
    "EXPLORERS",
    "backward_and_forward",
    "calm_or_not",
    "hidden_eigenvalues",
    "how_much_poison",
    "own_matrix",
    "ringing_bell",
    "sing_at_it",
    "weak_not_strong",
]
