"""Folders are where the environment says, else in the checkout, else where there is room."""

from __future__ import annotations

from pathlib import Path

import pytest

from spectral_lab import checkout
from spectral_lab.checkout import ROOT, local_folder
from spectral_lab.datasets import data_folder
from spectral_lab.records import results_folder
from spectral_lab.training.checkpoint import runs_folder


def test_the_root_is_that_of_the_checkout() -> None:
    assert Path(__file__).resolve().parents[1] == ROOT
    assert (ROOT / "pyproject.toml").is_file()


@pytest.mark.parametrize(
    ("variable", "name", "folder"),
    [
        ("SPECTRAL_LAB_RUNS", "runs", runs_folder),
        ("SPECTRAL_LAB_RESULTS", "results", results_folder),
        ("SPECTRAL_LAB_DATA", "data", data_folder),
    ],
)
def test_folders_follow_the_environment(variable, name, folder, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    assert folder() == tmp_path / "elsewhere"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, "~/mine")
    assert folder() == tmp_path / "mine"
    monkeypatch.delenv(variable)
    assert folder() == ROOT / name


def test_without_a_checkout_a_folder_is_in_the_present_one_or_where_it_is_said(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(checkout, "ROOT", tmp_path / "site-packages")
    monkeypatch.chdir(tmp_path)
    assert local_folder("SPECTRAL_LAB_NOWHERE", "runs") == tmp_path / "runs"
    assert local_folder("SPECTRAL_LAB_NOWHERE", "runs", lambda: tmp_path / "cache") == tmp_path / "cache"
    monkeypatch.delenv("SPECTRAL_LAB_DATA", raising=False)
    assert "spectral_lab" in data_folder().parts
