"""What could be imported by an old name can be imported by it still, and a warning says the new name."""

from __future__ import annotations

import importlib
import sys

import pytest

from spectral_lab.moved import MOVED

NAMES = {
    "cooling.cooling": ["cool", "Trajectory", "POLICIES"],
    "cooling.hamiltonians": ["PAULIS", "tfim", "xxz", "start_state", "gue"],
    "course.first_exercises": ["heat_without_eigenvalues", "overshoot", "filter_of", "matrix_function"],
    "course.first_explorer": ["functions_of_a_matrix", "path_laplacian", "filter_of"],
    "eigenspaces.formats": ["FormatError", "read_tu", "read_zinc", "LabelledGraph"],
    "eigenspaces.molecules": ["nci_molecules", "penalised_logp"],
    "hippo.data.sequences": ["Sequences", "cifar10", "digits", "mnist", "read_idx", "bit_reversal", "DATASETS"],
    "hippo.data.signals": ["Signals", "delay", "reconstruction"],
    "pseudospectra.scan": ["linear_scan"],
    "training.files": ["write_atomically", "results_folder", "local_folder", "make_writable"],
}


@pytest.mark.parametrize("old", MOVED)
def test_old_names_are_found_and_say_the_new_ones(old: str) -> None:
    sys.modules.pop(f"spectral_lab.{old}", None)
    with pytest.warns(DeprecationWarning, match=f"spectral_lab.{old} is now spectral_lab"):
        module = importlib.import_module(f"spectral_lab.{old}")
    assert [name for name in NAMES[old] if not hasattr(module, name)] == []
