"""Worlds in which a claim is false, or true: what the tests put in the place of the library, or into `results/`.

tests/<chapter>/falsehoods.py holds `FALSEHOODS`, from a claim's id to worlds in which it is false: evidence that does
not see it there would also pass if the claim were false. For claims that recorded runs settle it also holds `TRUTHS`,
from the id to records with which the claim holds.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from spectral_lab import records
from spectral_lab.course import Evidence


@dataclass(frozen=True)
class Instead:
    """A world with something else in the place of `where.name`: what `change` makes of it."""

    where: ModuleType
    name: str
    change: Callable[[Any], Any]

    def ask(self, evidence: Callable[..., Evidence], patch: pytest.MonkeyPatch, folder: Path) -> Evidence:
        patch.setattr(self.where, self.name, self.change(getattr(self.where, self.name)))
        return evidence()

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Given:
    """A world in which the evidence measures something else: its keyword arguments."""

    arguments: Mapping[str, Any]

    def ask(self, evidence: Callable[..., Evidence], patch: pytest.MonkeyPatch, folder: Path) -> Evidence:
        return evidence(**self.arguments)

    def __str__(self) -> str:
        return ",".join(self.arguments)


@dataclass(frozen=True)
class Runs:
    """A world with these recorded runs of a preset: metrics by the recipe's name, one run each."""

    preset: str
    metrics: Mapping[str, Mapping[str, float]]

    def but(self, name: str, **changed: float) -> Runs:
        """The same, but with other metrics of one run."""
        return Runs(self.preset, {**self.metrics, name: {**self.metrics[name], **changed}})

    def ask(self, evidence: Callable[..., Evidence], patch: pytest.MonkeyPatch, folder: Path) -> Evidence:
        patch.setenv("SPECTRAL_LAB_RESULTS", str(folder))
        for name, metrics in self.metrics.items():
            content = records.record(name, self.preset, metrics=metrics, seconds=1.0)
            records.write(content | {"hardware": {"name": "A GPU"}})
        return evidence()

    def __str__(self) -> str:
        return "runs"


World = Instead | Given | Runs


def instead(where: ModuleType, name: str, change: Callable[[Any], Any]) -> Instead:
    return Instead(where, name, change)


def given(**arguments: Any) -> Given:
    return Given(arguments)


def worlds(package: str, name: str) -> dict[str, list[World]]:
    """`FALSEHOODS` or `TRUTHS` of a chapter; none where it has no such file (yet)."""
    path = Path(__file__).parent / package / "falsehoods.py"
    if not path.is_file():
        return {}
    spec = importlib.util.spec_from_file_location(f"falsehoods_of_{package}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name, {})
