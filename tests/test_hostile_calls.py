"""However a call of a public function is spoiled, it ends in an answer or in a ValueError that names the argument."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spectral_lab.course import CHAPTERS

PACKAGES = [item.package for item in CHAPTERS if item.written]


@pytest.mark.parametrize("package", PACKAGES)
def test_spoiled_calls_are_refused_by_name(package: str) -> None:
    script = Path(__file__).with_name("hostile.py")
    run = subprocess.run([sys.executable, script, package], capture_output=True, text=True, timeout=900)
    assert run.stdout == ""
    assert run.returncode == 0, run.stderr
