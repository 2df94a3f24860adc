"""Records: the whole ones are read, the others are passed over and named, and every one is JSON."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
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


NAMES = st.from_regex(r"[a-z]{1,6}(/[a-z0-9_.-]{0,3}[a-z0-9]){0,3}", fullmatch=True)
METRICS = st.dictionaries(st.text(max_size=8), st.floats() | st.integers(-(10**6), 10**6), max_size=4)


@given(NAMES, st.sampled_from(["paper", "lecture"]), st.integers(0, 10**9), METRICS)
def test_what_is_written_is_found_by_its_name_again(name: str, preset: str, seed: int, metrics: dict) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = records.write(records.record(name, preset, seed=seed, metrics=metrics, seconds=1.26, rows=[1]), folder)
        assert list(folder.iterdir()) == [path]
        for asked in (name, "*", f"{name.split('/')[0]}*"):
            (found,) = records.select(asked, preset, metrics=list(metrics), folder=folder)
            assert (found.name, found.preset, found.seed) == (name, preset, seed)
            assert repr(found.metrics) == repr({metric: float(value) for metric, value in metrics.items()})
            assert found.machine == found.content["hardware"]["name"]
            assert (found.content["seconds"], found.content["rows"]) == (1.3, [1])
        assert records.select(f"{name}x", folder=folder) == records.select(name, "miniature", folder=folder) == []


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "/"},
        {"preset": None},
        {"seed": 0.5},
        {"seed": True},
        {"metrics": {"error": "low"}},
        {"metrics": {"error": None}},
        {"metrics": [1.0]},
        {"hardware": {}},
        {"hardware": {"name": 3}},
        {"rows": {1j}},
    ],
)
def test_what_could_not_be_read_again_is_not_written(tmp_path: Path, change: dict) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        records.write(WHOLE | change, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_asked_for_when_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2):
        monkeypatch.setenv("SPECTRAL_LAB_RESULTS", str(tmp_path / str(number)))
        assert records.select() == []
        assert records.write(WHOLE).parent == tmp_path / str(number)
        assert [record.content for record in records.select()] == [WHOLE]


def test_records_need_no_torch() -> None:
    script = "import sys, spectral_lab.records as r; r.select(); print({'torch', 'numpy'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "set()\n"
    )


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
