"""The stored tables of the elements are those of pymatgen and gemmi."""

from __future__ import annotations

import json
import sys

import gemmi
import numpy as np
import pytest

from spectral_lab.generation import ionic_radius, tables
from spectral_lab.generation.crystals import Crystal, xrd_pattern


def test_stored_tables_are_those_of_the_libraries() -> None:
    assert json.loads(tables.FILE.read_text(encoding="utf-8")) == json.loads(json.dumps(tables.collect()))


def test_a_neutral_atom_scatters_as_many_electrons_as_it_has() -> None:
    for element in ("H", "O", "Ti", "Sr", "U"):
        a, _, c = tables.form_factors(element)
        assert sum(a) + c == pytest.approx(gemmi.Element(element).atomic_number, abs=0.05)


def test_crystals_need_neither_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pymatgen", "pymatgen.core", "gemmi"):
        monkeypatch.setitem(sys.modules, name, None)
    edge = 2 * (ionic_radius("Na", 1) + ionic_radius("Cl", -1))
    angles, strengths = xrd_pattern(Crystal(edge * (1 - np.eye(3)) / 2, ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]))
    assert len(angles) > 5
    assert strengths.max() == pytest.approx(100)
    assert tables.radii("Na", 3) == {}
    assert tables.form_factors("Og") is None
