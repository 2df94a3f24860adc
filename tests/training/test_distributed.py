"""Two processes with the same global batch learn the same curve as one; and SLURM's variables are understood."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny_recipe
from lightning_fabric import Fabric

from spectral_lab.checkout import ROOT
from spectral_lab.training import Silent, loop, train

# Two half batches are summed in another order than one whole batch: single precision, 24 steps of AdamW.
TOLERANCE = 2e-5


def torchrun(folder: Path, *arguments: str, processes: int = 2) -> dict:
    script = Path(tiny_recipe.__file__)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    command += ["--master-addr", "127.0.0.1", "--master-port", str(port), str(script), str(folder), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "curves.json").read_text())


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> dict:
    plan = tiny_recipe.recipe(plain=True, noise=0.0, full=True)
    run = train(plan, reporter=Silent(), folder=tmp_path_factory.mktemp("alone"))
    return {**run.curves, "notes": run.notes}


def assert_same_curve(one: dict, other: dict) -> None:
    for name in ("loss", "accuracy", "median margin", "tail", "forcing"):
        a, b = np.array(one[name]), np.array(other[name])
        assert len(a) > 0
        np.testing.assert_array_equal(a[:, 0], b[:, 0])
        np.testing.assert_allclose(a[:, 1], b[:, 1], rtol=TOLERANCE)
    for name in ("phase", "sample", "rates"):  # drawn alike on all processes
        assert list(map(list, one["notes"][name])) == list(map(list, other["notes"][name]))


def test_two_processes_learn_the_same_curve_as_one(alone, tmp_path):
    assert_same_curve(alone, torchrun(tmp_path, "--plain"))


def test_two_processes_stop_together_and_go_on(alone, tmp_path):
    partial = torchrun(tmp_path, "--plain", "--interrupt", "9")
    assert partial["step"] in (9, 10)
    assert_same_curve(alone, torchrun(tmp_path, "--plain"))


def test_one_process_takes_up_what_two_began(alone, tmp_path):
    torchrun(tmp_path, "--plain", "--interrupt", "9")
    plan = tiny_recipe.recipe(plain=True, noise=0.0, full=True)
    run = train(plan, reporter=tiny_recipe.AtStep(5, pytest.fail), folder=tmp_path)
    assert_same_curve(alone, {**run.curves, "notes": run.notes})


def test_a_batch_that_does_not_divide_is_refused():
    recipe = tiny_recipe.recipe()
    with pytest.raises(ValueError, match="batch_size must be at most the 48 training samples and a multiple of the 3"):
        loop._steps_per_epoch(recipe, recipe.data(), processes=3)
    with pytest.raises(ValueError, match="split 'test' must have a sample for each process, got 20"):
        loop._steps_per_epoch(recipe, recipe.data(), processes=24)
    parts = tiny_recipe.recipe(accumulate=4)
    with pytest.raises(ValueError, match="a multiple of the 4 processes times 4 parts, got 8"):
        loop._steps_per_epoch(parts, parts.data(), processes=4)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {"devices": 1, "num_nodes": 1, "strategy": "auto"}),
        ({"WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4"}, {"devices": 4, "num_nodes": 2, "strategy": "ddp"}),
        (
            {"SLURM_STEP_NUM_TASKS": "16", "SLURM_STEP_NUM_NODES": "2", "SLURM_NTASKS": "16"},
            {"devices": 8, "num_nodes": 2, "strategy": "ddp"},
        ),
        ({"SLURM_STEP_NUM_TASKS": "1", "SLURM_STEP_NUM_NODES": "1"}, {"devices": 1, "strategy": "auto"}),
        ({"SLURM_NTASKS": "8"}, {"devices": 1, "num_nodes": 1, "strategy": "auto"}),  # an allocation, no step
    ],
)
def test_the_launcher_decides_the_number_of_processes(monkeypatch, variables, expected):
    for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_NUM_NODES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    asked = {}

    class Recorder(Fabric):
        def __init__(self, **options):
            asked.update(options)

        def launch(self): ...

    monkeypatch.setattr(loop, "Fabric", Recorder)
    loop._fabric("tf32")
    assert {name: asked[name] for name in expected} == expected
    assert asked["precision"] == "32-true"


def test_a_notebook_in_an_allocation_trains_alone(alone, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_NTASKS", "8")
    monkeypatch.setenv("SLURM_JOB_NAME", "notebook")
    run = train(tiny_recipe.recipe(plain=True, noise=0.0, full=True), reporter=Silent(), folder=tmp_path)
    assert {**run.curves, "notes": run.notes} == alone
