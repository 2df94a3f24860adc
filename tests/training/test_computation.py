"""What takes long and trains nothing is asked for, shown and recorded like a training run."""

from __future__ import annotations

import argparse

import pytest

from spectral_lab import records
from spectral_lab.training import Computation, Part, Target, command, results_table, train_here
from spectral_lab.training.recipe import Optimiser


def powers(seed: int, report, *, base: float):
    report(1, 2, f"{base:g}")
    return {"power": base**seed, "lost": float("nan")}, {"all": [base**k for k in range(seed + 1)]}


def computation(preset: str, base: float = 3.0) -> Computation:
    return Computation(f"tests/powers/{base:g}", preset, Part(powers, {"base": base}), Target(("power",), {"power": 8}))


RECIPES = {"powers/3": computation, "powers/2": lambda preset: computation(preset, 2.0)}


def run_command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(words), RECIPES)


def test_a_computation_is_run_and_recorded_by_the_command(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("SPECTRAL_LAB_RESULTS", str(tmp_path))
    assert run_command("--task", "powers", "--preset", "lecture", "--seeds", "2", "3", "--record") == 0
    said = capsys.readouterr()
    assert "step 1 of 2: 3; about" in said.err
    assert said.err.count("Record: ") == 4
    found = records.select("tests/powers/2", "lecture", metrics=["power"])
    assert [(run.seed, run.metrics["power"]) for run in found] == [(2, 4.0), (3, 8.0)]
    assert found[1].content["details"] == {"all": [1.0, 2.0, 4.0, 8.0]}
    assert found[0].content["metrics"]["lost"] == "NaN"
    assert found[0].content["recipe"]["compute"] == {"function": f"{powers.__module__}.powers", "base": 2.0}
    assert found[0].content["hardware"]["cores"] >= 1
    assert "6.000 ± 2.828" in said.out


def test_a_pattern_selects_and_a_training_is_not_asked_of_it(capsys) -> None:
    assert run_command("--task", "*/2", "--preset", "miniature") == 0
    said = capsys.readouterr()
    assert "tests/powers/2" in said.out
    assert "tests/powers/3" not in said.out
    assert said.err == ""
    assert run_command("--task", "powers", "--epochs", "3") == 2
    assert "epochs must not be given: tests/powers/3 trains nothing" in capsys.readouterr().err


def test_a_notebook_computes_it(tmp_path) -> None:
    runs = train_here(RECIPES, "powers/2", wanted="miniature", seeds=(3,))
    table = results_table(runs, results=tmp_path)
    assert [row[1:] for row in table.rows] == [
        ("paper", "", "8"),
        ("recorded", "not yet run", ""),
        ("this run", "miniature, here", "8.0"),
    ]
    assert runs.metric("power")["2"] == 8.0
    assert computation("miniature").fingerprint() != computation("miniature", 2.0).fingerprint()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"preset": "huge"}, "preset must be one of"),
        ({"name": ""}, "name must be of the kind str"),
        ({"compute": powers}, "compute must be of the kind Part"),
        ({"target": Optimiser("adam", 0.1)}, "target must be of the kind Target"),
        ({"seed": -1}, "seed must be a whole number between 0"),
    ],
)
@pytest.mark.usefixtures("as_users_call")
def test_a_wrong_field_is_named(change, message) -> None:
    fields = {"name": "a/b", "preset": "lecture", "compute": Part(powers), "target": Target(())}
    with pytest.raises(ValueError, match=message):
        Computation(**fields | change)
