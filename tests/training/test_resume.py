"""A run that was cut short and taken up again is the run that was never cut, to the last bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_recipe
import torch
from safetensors.torch import load_file

from spectral_lab.checkout import ROOT
from spectral_lab.training import (
    CheckpointError,
    Optimiser,
    Part,
    Run,
    Silent,
    TrainingError,
    checkpoint,
    schedules,
    train,
)


def tensors(run: Run) -> dict[str, torch.Tensor]:
    """Weights, buffers and optimiser state as they stand in the checkpoint."""
    return load_file(run.checkpoint)


def assert_same(one: Run, other: Run) -> None:
    assert one.finished
    assert other.finished
    assert one.curves == other.curves
    assert one.notes == other.notes
    assert one.metrics == other.metrics
    assert one.state()["callbacks"] == other.state()["callbacks"]
    assert all(torch.equal(a, b) for a, b in zip(one.model.parameters(), other.model.parameters(), strict=True))
    a, b = tensors(one), tensors(other)
    assert a.keys() == b.keys()
    assert len(a) > 15  # weights, batch norm's buffers, and two moments for each weight
    assert all(torch.equal(a[name], b[name]) for name in a)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Run:
    return train(tiny_recipe.recipe(full=True), reporter=Silent(), folder=tmp_path_factory.mktemp("whole"))


def run_script(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    script = Path(tiny_recipe.__file__)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    return subprocess.run(
        [sys.executable, str(script), str(folder), *arguments], env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize("step", [13, 18])  # in the middle of an epoch; at the end of one
def test_killed_and_resumed(whole, tmp_path, step):
    killed = run_script(tmp_path, "--kill", str(step))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (checkpoint,) = tmp_path.glob("*.safetensors")
    resumed = train(whole.recipe, reporter=tiny_recipe.AtStep(1, pytest.fail), folder=tmp_path)
    assert resumed.checkpoint == checkpoint
    assert_same(whole, resumed)


@pytest.mark.parametrize("step", [1, 6, 11, 24])
def test_an_interrupt_keeps_the_run(whole, tmp_path, step):
    interrupt = tiny_recipe.AtStep(step, lambda: os.kill(os.getpid(), signal.SIGINT))
    partial = train(whole.recipe, reporter=interrupt, folder=tmp_path)
    if step < 24:
        assert not partial.finished
        assert partial.step in (step, step + 1)  # the step under way is finished first
        assert partial.checkpoint.exists()
        assert f"{partial.step} of 24 steps" in repr(partial)
    assert_same(whole, train(whole.recipe, reporter=Silent(), folder=tmp_path))


@pytest.mark.parametrize("step", [4, 12])
def test_a_keyboard_interrupt_raised_by_a_listener_keeps_the_run(whole, tmp_path, step):
    def stop():
        raise KeyboardInterrupt

    partial = train(whole.recipe, reporter=tiny_recipe.AtStep(step, stop), folder=tmp_path)
    assert (partial.step, partial.finished) == (step, False)
    assert_same(whole, train(whole.recipe, reporter=Silent(), folder=tmp_path))


def test_an_exception_leaves_the_last_checkpoint(whole, tmp_path):
    def fail():
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        train(whole.recipe, reporter=tiny_recipe.AtStep(15, fail), folder=tmp_path)
    assert_same(whole, train(whole.recipe, reporter=tiny_recipe.AtStep(12, pytest.fail), folder=tmp_path))


def test_the_signal_handlers_and_settings_come_back(tmp_path):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), torch.get_rng_state()
    train(tiny_recipe.recipe(epochs=1), reporter=Silent(), folder=tmp_path)
    assert signal.getsignal(signal.SIGINT) == before[0]
    assert signal.getsignal(signal.SIGTERM) == before[1]
    assert torch.equal(torch.get_rng_state(), before[2])
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_curve_of_windows_survives_too(whole, tmp_path, monkeypatch):
    monkeypatch.setattr("spectral_lab.training.upkeep.CURVE_POINTS", 5)  # windows of 4 steps, epochs of 6
    straight = train(whole.recipe, reporter=Silent(), folder=tmp_path / "a")
    assert [step for step, _ in straight.curves["loss"]] == [4, 8, 12, 16, 20, 24]
    fine = [value for _, value in whole.curves["loss"]]
    for number, (_, mean) in enumerate(straight.curves["loss"]):
        assert mean == pytest.approx(sum(fine[4 * number : 4 * number + 4]) / 4, rel=1e-12)

    interrupt = tiny_recipe.AtStep(8, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert train(whole.recipe, reporter=interrupt, folder=tmp_path / "b").step in (8, 9)
    assert_same(straight, train(whole.recipe, reporter=Silent(), folder=tmp_path / "b"))


def test_a_finished_run_is_trained_anew_and_set_aside(whole, tmp_path):
    first = train(whole.recipe, reporter=Silent(), folder=tmp_path)
    content = first.checkpoint.read_bytes()
    again = train(whole.recipe, reporter=Silent(), folder=tmp_path)
    assert_same(first, again)
    assert first.checkpoint.with_suffix(".previous.safetensors").read_bytes() == content


def test_a_finished_run_can_be_taken_as_it_is(tmp_path):
    first = train(tiny_recipe.recipe(), reporter=Silent(), folder=tmp_path)
    first.hardware["name"] = "another machine"
    checkpoint.save_checkpoint(
        first.checkpoint, first.model, torch.optim.AdamW(first.model.parameters()), first.state()
    )
    taken = train(first.recipe, again=False, reporter=tiny_recipe.AtStep(1, pytest.fail), folder=tmp_path)
    assert taken.finished
    assert (taken.curves, taken.metrics, taken.seconds) == (first.curves, first.metrics, first.seconds)
    assert taken.record()["hardware"]["name"] == "another machine"
    assert list(tmp_path.iterdir()) == [first.checkpoint]


def test_a_finished_run_of_another_recipe_is_not_taken(whole, tmp_path):
    first = train(tiny_recipe.recipe(epochs=2), reporter=Silent(), folder=tmp_path)
    with pytest.raises(CheckpointError, match=r"another configuration \(epochs: 2 or 1\)"):
        train(tiny_recipe.recipe(epochs=1), again=False, reporter=Silent(), folder=tmp_path)
    anew = train(tiny_recipe.recipe(epochs=1), reporter=Silent(), folder=tmp_path)
    assert anew.finished
    assert anew.replaced == first.checkpoint.with_suffix(".previous.safetensors")


def test_starting_anew_sets_an_unfinished_run_aside(whole, tmp_path):
    interrupt = tiny_recipe.AtStep(7, lambda: os.kill(os.getpid(), signal.SIGINT))
    partial = train(whole.recipe, reporter=interrupt, folder=tmp_path)
    content = partial.checkpoint.read_bytes()
    anew = train(whole.recipe, reporter=Silent(), folder=tmp_path, resume=False)
    assert_same(whole, anew)
    assert anew.checkpoint.with_suffix(".previous.safetensors").read_bytes() == content


def test_another_seed_is_another_run(whole, tmp_path):
    other = train(tiny_recipe.recipe(full=True, seed=1), reporter=Silent(), folder=tmp_path)
    assert other.curves["loss"] != whole.curves["loss"]
    assert other.checkpoint.name != whole.checkpoint.name


def test_nan_loss_stops_with_the_last_good_checkpoint(tmp_path):
    broken = tiny_recipe.recipe(epochs=20, loss=Part(tiny_recipe.poisoned, {"threshold": 0.35}))
    with pytest.raises(TrainingError, match=r"the loss became nan at step \d+\. The last good checkpoint is kept at"):
        train(broken, reporter=Silent(), folder=tmp_path)
    (checkpoint,) = tmp_path.glob("*.safetensors")
    kept = load_file(checkpoint)
    assert all(value.isfinite().all() for value in kept.values())


def test_a_folder_that_cannot_be_written_is_named_before_the_first_step(tmp_path):
    folder = tmp_path / "file"
    folder.write_text("not a folder")
    listener = tiny_recipe.AtStep(1, pytest.fail)
    with pytest.raises(TrainingError, match=r"checkpoints cannot be written into .*file .*: choose another folder"):
        train(tiny_recipe.recipe(), reporter=listener, folder=folder)


def test_a_full_disk_keeps_the_last_checkpoint(whole, tmp_path, monkeypatch):
    write, room = checkpoint.write_atomically, [2]

    def until_full(path, content):
        room[0] -= 1
        if room[0] < 0:
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(checkpoint, "write_atomically", until_full)
    with pytest.raises(TrainingError, match=r"could not be written at step 18 .*No space left.*is kept at"):
        train(whole.recipe, reporter=Silent(), folder=tmp_path)
    monkeypatch.undo()
    assert_same(whole, train(whole.recipe, reporter=tiny_recipe.AtStep(12, pytest.fail), folder=tmp_path))


def greedy(model, batch):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nDetails follow.")


def test_too_little_memory_is_said_in_one_line(tmp_path):
    with pytest.raises(TrainingError, match=r"memory of the GPU is too small \(CUDA out of memory.*2\.00 GiB\)\. Noth"):
        train(tiny_recipe.recipe(loss=Part(greedy)), reporter=Silent(), folder=tmp_path)


def test_an_exploding_weight_is_never_saved(tmp_path):
    wild = tiny_recipe.recipe(plain=True, optimiser=Optimiser("sgd", 1e38), schedule=Part(schedules.constant))
    with pytest.raises(TrainingError, match=r"Nothing was saved.*learning rate .*1e\+38"):
        train(wild, reporter=Silent(), folder=tmp_path, checkpoint_seconds=0.0)
    assert list(tmp_path.iterdir()) == []
