"""Records: the whole ones are read, the others are passed over and named, and every one is JSON."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab import records
from spectral_lab.checkout import ROOT

WHOLE = {
    "format": records.FORMAT,
    "name": "a/b",
    "preset": "lecture",
    "seed": 0,
    "finished": True,
    "metrics": {"error": 0.5},
    "hardware": {"name": "a machine"},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "whole.json").write_text(json.dumps(WHOLE))
    monkeypatch.setattr(records, "_told", set())
    return tmp_path


def found(folder: Path, *which: str, metrics=()) -> list[dict]:
    return [record.content for record in records.select(*which, metrics=metrics, folder=folder)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps(WHOLE | {"metrics": None}).encode(),
        json.dumps(WHOLE | {"metrics": {"error": None}}).encode(),
        json.dumps(WHOLE | {"metrics": {"error": "low"}}).encode(),
        json.dumps(WHOLE | {"metrics": {"error": True}}).encode(),
        json.dumps(WHOLE | {"metrics": {"other": 1.0}}).encode(),
        json.dumps(WHOLE | {"hardware": "a machine"}).encode(),
        *(
            json.dumps({k: v for k, v in WHOLE.items() if k != gone}).encode()
            for gone in ("metrics", "hardware", "name", "preset", "seed")
        ),
    ],
)
def test_a_broken_record_is_passed_over_and_named_once(folder: Path, content: bytes, capsys) -> None:
    (folder / "broken.json").write_bytes(content)
    for _ in range(2):
        assert found(folder, metrics=["error"]) == [WHOLE]
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"the record {folder / 'broken.json'} is passed over" in said


def test_links_to_nowhere_and_folders_are_passed_over_and_named(folder: Path, capsys) -> None:
    (folder / "dangling.json").symlink_to(folder / "gone")
    (folder / "circle.json").symlink_to(folder / "circle.json")
    (folder / "folder.json").mkdir()
    assert found(folder) == [WHOLE]
    said = capsys.readouterr().err
    assert all(f"{name}.json is passed over" in said for name in ("dangling", "circle", "folder"))


def test_what_is_meant_for_others_is_passed_over_in_silence(folder: Path, capsys) -> None:
    (folder / "other.json").write_text('{"format": "something else"}')
    (folder / "unfinished.json").write_text(json.dumps(WHOLE | {"finished": False}))
    assert found(folder) == [WHOLE]
    assert found(folder, "nothing/*") == []
    assert found(folder / "nowhere") == []
    assert capsys.readouterr().err == ""


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(VALUES)
def test_every_record_is_json(value: object) -> None:
    def reject(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    json.loads(records.to_json(value), parse_constant=reject)


@given(st.floats())
def test_a_number_comes_back_from_json(value: float) -> None:
    assert repr(records.number(json.loads(records.to_json(value)))) == repr(value)


@given(st.floats(), st.sampled_from([".1f", ".3g", ".4g"]))
def test_a_figure_is_never_minus_zero_nor_a_bare_nan(value: float, form: str) -> None:
    shown = records.figure(value, form)
    assert shown == f"{value:{form}}" or not math.isfinite(value) or float(shown) == 0
    assert not shown.startswith(("-0.0", "nan", "inf", "-inf")) or float(shown) != 0
    assert shown not in ("-0", "-0.0", "nan", "inf", "-inf")


def test_no_claim_fails_where_there_is_no_record(tmp_path: Path) -> None:
    """As in an installation without the checkout: what is read from records is "not yet run"."""
    script = (
        "from spectral_lab.course import CHAPTERS\n"
        "from spectral_lab.course.claims import examine\n"
        "claims = {f'{item.number} {c.id}': c for item in CHAPTERS for c in item.listed('CLAIMS')}\n"
        "told = [c for c in claims.values() if c.cost == 'GPU']\n"
        "print({examine(claim).verdict for claim in told}, examine(claims['2 D3']).measured)\n"
    )
    environment = os.environ | {"SPECTRAL_LAB_RESULTS": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("{'not yet run'} needs recorded runs: spectral-lab train hippo --task delay")


def test_the_tests_read_the_records_that_git_knows() -> None:
    """A run recorded on this machine, or one more seed, must not change what the tests and the notebooks show."""
    known = subprocess.run(["git", "ls-files", "results"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    if not known:
        pytest.skip("this is no clone: without git the tests read results/ as it is")
    folder = records.results_folder()
    assert folder != ROOT / "results"
    assert {str(Path("results") / path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == set(
        known.splitlines()
    )
