"""Two tables of the elements, stored with the chapter, so that its crystals need no library for them.

`radii`: Shannon's radii of ions (Acta Crystallographica A32, 1976), as pymatgen has them; of several spin states the
high one. `form_factors`: the coefficients of Cromer and Mann (International Tables, volume C), as gemmi has them.
`write` reads both libraries and makes `elements.json` anew.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from spectral_lab.atomic import write_atomically

FILE = Path(__file__).with_name("elements.json")
NUMERALS = {6: "VI", 8: "VIII", 4: "IV", 12: "XII"}  # of coordination numbers, in the order of falling back


def radii(element: str, charge: int) -> dict[str, float]:
    """Radii in A of this ion by coordination number, a numeral; those of `NUMERALS` that are known."""
    return _tables()["radii"].get(element, {}).get(str(charge), {})


def form_factors(element: str) -> tuple[list[float], list[float], float] | None:
    """(a, b, c) of f = sum a_i exp(-b_i s^2) + c of the neutral atom; None where there are none."""
    found = _tables()["form factors"].get(element)
    return None if found is None else (found[:4], found[4:8], found[8])


@cache
def _tables() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8"))


def collect() -> dict[str, Any]:
    """Both tables, as pymatgen and gemmi have them now."""
    import gemmi
    from pymatgen.core import Element

    known: dict[str, Any] = {"radii": {}, "form factors": {}}
    for element in Element:
        ions = {
            charge: {
                numeral: next(spins[spin] for spin in ("", "High Spin", "Low Spin") if spin in spins)["ionic_radius"]
                for numeral in NUMERALS.values()
                if (spins := table.get(numeral))
            }
            for charge, table in (element.data.get("Shannon radii") or {}).items()
        }
        if any(ions.values()):
            known["radii"][element.symbol] = {charge: found for charge, found in ions.items() if found}
    for number in range(1, 119):
        atom = gemmi.Element(number)
        if atom.it92 is not None:
            known["form factors"][atom.name] = atom.it92.get_coefs()
    return known


def write() -> None:
    """Write `elements.json` anew."""
    write_atomically(FILE, (json.dumps(collect(), separators=(",", ":")) + "\n").encode())
