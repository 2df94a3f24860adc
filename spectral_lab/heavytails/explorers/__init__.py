"""The demonstrations of the chapter; `EXPLORERS` has them in the order of the lesson."""

from spectral_lab.heavytails.explorers.illusion import aspect_ratio_illusion
from spectral_lab.heavytails.explorers.noise import nothing_but_noise
from spectral_lab.heavytails.explorers.phases import spikes_and_phases
from spectral_lab.heavytails.explorers.player import farms_player
from spectral_lab.heavytails.explorers.pruned import who_gets_pruned
from spectral_lab.heavytails.explorers.start import where_the_tail_starts

EXPLORERS = (
    nothing_but_noise,
    aspect_ratio_illusion,
    where_the_tail_starts,
    spikes_and_phases,
    farms_player,
    who_gets_pruned,
)

__all__ = [
    "EXPLORERS",
    "aspect_ratio_illusion",
    "farms_player",
    "nothing_but_noise",
    "spikes_and_phases",
    "where_the_tail_starts",
    "who_gets_pruned",
]
