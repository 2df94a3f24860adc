"""The lock holds every pin of constraints.txt, with hashes, and every requirement of the project."""

from __future__ import annotations

import re
import tomllib

from spectral_lab.checkout import ROOT

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
ENTRIES = re.findall(r"^([\w.-]+)==([^\s;]+)[^\\]*((?:\\\n +--hash=sha256:[0-9a-f]{64} ?)+)$", LOCK, re.M)


def plain(name: str) -> str:
    """The name of a package as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_line_is_a_pin_with_hashes() -> None:
    lines = [line for line in LOCK.splitlines() if not line.startswith(("#", "    --hash=sha256:"))]
    assert len(lines) == len(ENTRIES) > 100


def test_the_lock_and_the_constraints_name_the_same_versions() -> None:
    pins = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.M)
    locked = {plain(name): version for name, version, _ in ENTRIES}
    assert len(pins) > 100
    assert {name: locked.get(plain(name)) for name, _ in pins} == dict(pins)


def test_every_requirement_of_the_project_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["test"]]
    wanted += project["build-system"]["requires"]
    names = {plain(re.split(r"[<>=!~\[; ]", line)[0]) for line in wanted}
    assert names <= {plain(name) for name, *_ in ENTRIES}
