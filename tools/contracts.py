"""The two import contracts that speak of chapters take them from the list of chapters, not from a copy of it."""

from __future__ import annotations

from typing import Any

from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import Layer, LayerField, LayersContract
from importlinter.domain import fields

from spectral_lab.course.chapters import CHAPTERS


class _Layer(LayerField):
    def parse(self, raw_data: str | list[str]) -> Layer:
        chapters = " : ".join(f"({item.package})" for item in CHAPTERS)
        return super().parse(chapters if raw_data == "chapters" else raw_data)


class Layers(LayersContract):
    """Layers, of which the one called `chapters` holds every package of chapters.py; those not yet written may miss."""

    type_name = "layers_with_chapters"
    layers = fields.ListField(subfield=_Layer())


class Apart(IndependenceContract):
    """Chapters do not know of each other, but for those that one `builds_on`."""

    type_name = "chapters_apart"

    def __init__(self, name: str, session_options: dict[str, Any], contract_options: dict[str, Any]) -> None:
        written = [item for item in CHAPTERS if item.written]
        modules = [f"spectral_lab.{item.package}" for item in written]
        known = [
            f"spectral_lab.{item.package}{part} -> spectral_lab.{base}{other}"
            for item in written
            for base in item.builds_on
            for part in ("", ".**")
            for other in ("", ".**")
        ]
        derived = {"modules": modules, "ignore_imports": known, "unmatched_ignore_imports_alerting": "none"}
        super().__init__(name, session_options, contract_options | derived)
