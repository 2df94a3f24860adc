"""`spectral-lab train`, and what a bare GPU machine needs for it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import types

import numpy as np
import pytest
import tiny_recipe

from spectral_lab.checkout import ROOT
from spectral_lab.course import CHAPTERS
from spectral_lab.datasets import DatasetUnavailable
from spectral_lab.training import Part, command

TRAINED = [item.package for item in CHAPTERS if (ROOT / f"spectral_lab/{item.package}/recipe.py").is_file()]
NAMES = ("tiny/one", "tiny/two")  # the first task, which is trained by default
OTHER = "other"
RECIPES = {
    name: lambda preset, name=name: tiny_recipe.recipe(name=f"tests/{name}", preset=preset) for name in (*NAMES, OTHER)
}


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """Runs and records go to a temporary folder."""
    monkeypatch.setenv("SPECTRAL_LAB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("SPECTRAL_LAB_RESULTS", str(tmp_path / "results"))
    return tmp_path


def call(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(words), RECIPES)


def test_it_trains_records_and_shows_the_table(folder, capsys):
    assert call("--preset", "miniature", "--epochs", "2", "--seed", "5", "--record") == 0
    said = capsys.readouterr()
    assert "tests/tiny/one" in said.out
    assert "this run" in said.out
    records = [json.loads(path.read_text()) for path in sorted((folder / "results").glob("*.json"))]
    assert [record["name"] for record in records] == ["tests/tiny/one", "tests/tiny/two"]
    assert all(record["seed"] == 5 and record["recipe"]["epochs"] == 2 for record in records)


def test_seeds_are_an_ensemble_in_one_row(folder, capsys):
    words = ("--task", "tiny", "--preset", "miniature", "--epochs", "2")
    assert call(*words, "--seeds", "0", "1", "2", "--record") == 0
    found = [json.loads(path.read_text()) for path in sorted((folder / "results").glob("*.json"))]
    assert [(record["name"], record["seed"]) for record in found] == [
        (f"tests/{name}", seed) for name in NAMES for seed in (0, 1, 2)
    ]
    said = capsys.readouterr().out.splitlines()
    for name in NAMES:
        values = [record["metrics"]["accuracy"] for record in found if record["name"] == f"tests/{name}"]
        spread = f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"
        assert len(set(values)) > 1
        rows = [line for line in said if line.startswith(f"tests/{name} ")]
        assert [spread in row for row in rows] == [False, True, True]  # the paper's number; recorded; here
        assert "miniature, here, mean ± standard deviation of seeds 0, 1, 2" in rows[-1]
        assert "seeds 0, 1, 2" in rows[-2]
    assert call(*words, "--seeds", "0", "1", "2", "--resume") == 0
    assert capsys.readouterr().err.count("was finished before") == 6


def test_a_batch_in_parts_from_the_command_line(folder):
    assert call("--task", "tiny/one", "--preset", "miniature", "--accumulate", "4", "--record") == 0
    (record,) = (folder / "results").iterdir()
    assert json.loads(record.read_text())["recipe"]["accumulate"] == 4


def test_one_task_by_name_and_the_list(folder, capsys):
    assert call("--task", "tiny/two", "--preset", "miniature", "--runs", str(folder / "here")) == 0
    assert [path.name for path in (folder / "here").iterdir()] == ["tests-tiny-two-miniature-seed0.safetensors"]
    capsys.readouterr()
    assert call("--task", "list") == 0
    assert capsys.readouterr().out.split() == [*NAMES, OTHER]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--task", "huge"), "task must be one of 'tiny/one', 'tiny/two'"),
        (("--seeds", "1", "1"), "seeds must be a list of different whole numbers, got [1, 1]"),
        (("--seeds", "-1"), "seed must be a whole number between 0 and"),
        (("--accumulate", "3"), "accumulate must divide the batch_size 8, got 3"),
        (("--epochs", "0"), "epochs must be a whole number between 1 and 1e+06, got 0"),
    ],
)
def test_what_it_does_not_understand_it_says(folder, capsys, words, message):
    assert call(*words) == 2
    assert message in capsys.readouterr().err


def test_a_broken_checkpoint_ends_with_one_line(folder, capsys):
    path = folder / "runs" / "tests-tiny-one-miniature-seed0.safetensors"
    path.parent.mkdir()
    path.write_bytes(b"not a checkpoint")
    assert call("--task", "tiny/one", "--preset", "miniature", "--resume") == 1
    assert "is not a whole safetensors file" in capsys.readouterr().err
    assert call("--task", "tiny/one", "--preset", "miniature") == 0
    assert path.with_suffix(".previous.safetensors").read_bytes() == b"not a checkpoint"


def test_resume_does_not_repeat_a_finished_run_and_records_it(folder, capsys):
    words = ("--task", "tiny/one", "--preset", "miniature")
    assert call(*words) == 0
    (checkpoint,) = (folder / "runs").iterdir()
    content = checkpoint.read_bytes()
    assert call(*words, "--resume", "--record") == 0
    assert "was finished before" in capsys.readouterr().err
    assert checkpoint.read_bytes() == content
    (record,) = (folder / "results").iterdir()
    assert json.loads(record.read_text())["finished"]


def test_a_record_that_cannot_be_written_is_known_before_training(folder, capsys):
    (folder / "results").write_text("not a folder")
    assert call("--preset", "miniature", "--record") == 1
    assert str(folder / "results") in capsys.readouterr().err
    assert not (folder / "runs").exists()


def test_a_record_that_fails_says_that_the_run_is_kept(folder, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spectral_lab.records.write_atomically", full)
    assert call("--task", "tiny/one", "--preset", "miniature", "--record") == 1
    said = capsys.readouterr().err
    assert "the record could not be written ([Errno 28] No space left on device)" in said
    assert "the same command with --resume" in said


def unavailable():
    raise DatasetUnavailable("get it elsewhere")


def test_data_that_are_not_here_end_with_one_line(folder, capsys, monkeypatch):
    monkeypatch.setitem(RECIPES, OTHER, lambda preset: tiny_recipe.recipe(data=Part(unavailable)))
    assert call("--task", OTHER, "--preset", "miniature") == 1
    assert capsys.readouterr().err.splitlines()[-1] == "spectral-lab train: get it elsewhere"


def test_only_the_first_process_shows_the_table(folder, capsys, monkeypatch):
    monkeypatch.setattr(command.torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(command.torch.distributed, "get_rank", lambda: 1)
    monkeypatch.setattr(command, "train", lambda recipe, **_: types.SimpleNamespace(finished=True))
    assert call("--preset", "miniature", "--record") == 0
    assert capsys.readouterr().out == ""
    assert list((folder / "results").iterdir()) == []


BARE = """
import sys
sys.modules.update(dict.fromkeys({unwanted!r}))  # as if they were not installed
import spectral_lab.training.command, {module}
"""
UNWANTED = (
    "ipywidgets",
    "plotly",
    "matplotlib",
    "anywidget",
    "jupyter",
    "jupyterlab",
    "IPython",
    "sklearn",
)


@pytest.mark.parametrize("module", ["spectral_lab.training", "spectral_lab.pseudospectra.recipe"])
def test_training_needs_no_widget_and_no_plot(module):
    code = BARE.format(unwanted=UNWANTED, module=module)
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", TRAINED)
def test_the_recipes_of_a_chapter_are_found_where_no_widget_is_installed(name):
    """A bare GPU machine once failed here: the search imported the explorer kit on its way."""
    script = (
        "import sys; sys.modules.update(anywidget=None, ipywidgets=None, plotly=None)\n"
        f"from spectral_lab.course import chapter; assert chapter({name!r}).listed('RECIPES')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
