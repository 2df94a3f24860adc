"""The demonstrations of the chapter; `EXPLORERS` has them in the order of the lesson."""

from spectral_lab.cooling.explorers.angles import angle_factory
from spectral_lab.cooling.explorers.bands import two_bands
from spectral_lab.cooling.explorers.bill import the_bill
from spectral_lab.cooling.explorers.circuit import the_circuit
from spectral_lab.cooling.explorers.jumps import who_may_jump
from spectral_lab.cooling.explorers.machine import cooling_machine
from spectral_lab.cooling.explorers.teach import teach_it_to_cool

EXPLORERS = (two_bands, angle_factory, who_may_jump, the_circuit, cooling_machine, the_bill, teach_it_to_cool)

__all__ = [
    "EXPLORERS",
    "angle_factory",
    "cooling_machine",
    "teach_it_to_cool",
    "the_bill",
    "the_circuit",
    "two_bands",
    "who_may_jump",
]
