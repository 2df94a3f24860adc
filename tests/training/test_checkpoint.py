"""A checkpoint that cannot be used says why, and is left as it is; writing one cannot leave half a file."""

from __future__ import annotations

import json
import pickle
from contextlib import suppress
from pathlib import Path

import pytest
import tiny_recipe
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from spectral_lab.training import CheckpointError, Optimiser, Part, Silent, TrainingError, train
from spectral_lab.training.checkpoint import _digest, load_checkpoint, read_state, save_checkpoint, set_aside


@pytest.fixture
def unfinished(tmp_path) -> Path:
    """The checkpoint of a run that was stopped after 9 of 24 steps."""

    def stop():
        raise KeyboardInterrupt

    return train(tiny_recipe.recipe(), reporter=tiny_recipe.AtStep(9, stop), folder=tmp_path).checkpoint


def refused(path: Path, match: str) -> None:
    """Training refuses the file with this message, and changes no byte of it."""
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=match) as caught:
        train(tiny_recipe.recipe(), reporter=Silent(), folder=path.parent)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("kept", [0, 4, 100, 0.5, 0.99])
def test_a_truncated_file_is_refused(unfinished, kept):
    content = unfinished.read_bytes()
    unfinished.write_bytes(content[: int(kept if kept >= 1 or kept == 0 else kept * len(content))])
    refused(unfinished, "is not a whole safetensors file")


def test_a_pickle_is_refused_without_being_opened(unfinished):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was loaded",))

    unfinished.write_bytes(pickle.dumps(Bomb()))
    refused(unfinished, "is not a whole safetensors file")


def test_a_safetensors_file_of_another_program_is_refused(unfinished):
    save_file({"weight": torch.zeros(3)}, unfinished)
    refused(unfinished, "not a checkpoint of this kit")
    save_file({"weight": torch.zeros(3)}, unfinished, {"format": "pt"})
    refused(unfinished, "not a checkpoint of this kit")


@pytest.mark.parametrize("version", ["1", "2", "99"])
def test_a_checkpoint_of_another_version_may_be_deleted(unfinished, version):
    sealed(unfinished, format=f"spectral_lab.training {version}")
    refused(unfinished, "is a checkpoint of another version of this kit, .*: you may delete the file")


def test_a_checkpoint_of_another_configuration_is_refused_by_name(unfinished):
    before = unfinished.read_bytes()
    with pytest.raises(CheckpointError, match=r"optimiser\.learning_rate: 0\.05 or 0\.1") as caught:
        train(tiny_recipe.recipe(optimiser=Optimiser("adamw", 0.1, 0.1)), reporter=Silent(), folder=unfinished.parent)
    assert "resume=False" in str(caught.value)
    assert unfinished.read_bytes() == before


def test_a_checkpoint_of_other_code_is_refused_and_changes_nothing(unfinished):
    recipe = tiny_recipe.recipe()
    model = torch.nn.Linear(2, 2)
    weights = model.weight.detach().clone()
    with pytest.raises(CheckpointError, match="the model's code has changed"):
        load_checkpoint(unfinished, recipe, model, torch.optim.AdamW(model.parameters()))
    assert torch.equal(model.weight, weights)


@pytest.mark.parametrize("where", [0.3, 0.6, 0.9, -1])
def test_a_flipped_bit_is_refused(unfinished, where):
    content = bytearray(unfinished.read_bytes())
    content[int(where * len(content)) if where > 0 else -1] ^= 1
    unfinished.write_bytes(content)
    refused(unfinished, "is damaged|is not a whole safetensors file")


def test_a_flipped_bit_is_refused_in_every_byte(tmp_path):
    """All bits of the header's length, and one of each other byte, in a file of the smallest model."""
    path = tmp_path / "one.safetensors"
    recipe = tiny_recipe.recipe(plain=True)
    model = recipe.model()
    optimiser = recipe.optimiser.build(model)
    state = {"recipe": recipe.config(), "step": 0}
    save_checkpoint(path, model, optimiser, state)
    content = path.read_bytes()
    assert read_state(path) == state
    for at in range(len(content)):
        for bit in range(8) if at < 8 else [at % 8]:
            path.write_bytes(content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :])
            with suppress(CheckpointError):
                # what can be flipped without a change of meaning, such as a blank, still loads the same
                assert load_checkpoint(path, recipe, recipe.model(), optimiser) == state
                assert all(torch.equal(a, b) for a, b in zip(kept(path), kept(path, content), strict=True))


def kept(path, content=None):
    if content is not None:
        path.write_bytes(content)
    return load_file(path).values()


def sealed(path: Path, **changes: str | None) -> None:
    """Write the checkpoint anew with other metadata and the digest that fits them; None leaves one out."""
    with safe_open(path, "pt") as file:
        metadata = {**file.metadata(), **changes}
    tensors = load_file(path)
    metadata = {name: value for name, value in metadata.items() if value is not None}
    if "digest" not in changes:
        metadata["digest"] = _digest(tensors, metadata)
    save_file(tensors, path, metadata)


@pytest.mark.parametrize("name", ["format", "state", "optimiser", "pairs", "digest"])
@pytest.mark.parametrize(
    "value", [None, "", "{", "null", "3", "[]", "{}", '{"step": 3}', '["x"]', "[" * 5000, "NaN", "\0"]
)
def test_foreign_metadata_are_refused(unfinished, name, value):
    sealed(unfinished, **{name: value})
    if (name, value) in {("pairs", "[]"), ("pairs", "{}"), ("optimiser", "{}")}:  # as much as the file had before
        assert train(tiny_recipe.recipe(), reporter=Silent(), folder=unfinished.parent).finished
    else:
        refused(unfinished, "not a checkpoint of this kit|is damaged|does not hold what|no state of this optimiser")


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": None},
        {"epoch": -1},
        {"epoch": 3},  # at step 9, that is in epoch 1
        {"step": 10**30},
        {"step": -1},
        {"step": True},
        {"step": "9"},
        {"seconds": "long"},
        {"pending": [None]},
        {"pending": 3},
        {"curves": []},
        {"curves": {"loss": [[1]]}},
        {"curves": {"loss": [[1, "low"]]}},
        {"hardware": {}},
        {"hardware": "a machine"},
        {"recipe": "tiny"},
    ],
)
def test_a_state_that_no_run_has_is_refused(unfinished, change):
    state = read_state(unfinished) | change
    sealed(unfinished, state=json.dumps(state))
    refused(unfinished, "does not say how far|which this run never does|does not hold what")
    for gone in change.keys() - {"hardware"}:  # without it the run is said to be of this machine
        sealed(unfinished, state=json.dumps({name: value for name, value in state.items() if name != gone}))
        refused(unfinished, "does not say how far|does not hold what")


def test_an_optimiser_state_of_other_parameters_is_refused(unfinished):
    whole = load_file(unfinished)
    with safe_open(unfinished, "pt") as file:
        metadata = file.metadata()
    for name, tensor in (
        ("optimiser.99.step", torch.zeros(())),
        ("optimiser.x.step", torch.zeros(())),
        ("optimiser.0", torch.zeros(())),
        ("optimiser.0.exp_avg", torch.zeros(7)),
        ("optimiser.0.more", torch.zeros(())),
        ("average.0.weight", torch.zeros(8, 2)),  # of a recipe that keeps none
    ):
        tensors = whole | {name: tensor}
        save_file(tensors, unfinished, metadata | {"digest": _digest(tensors, metadata)})
        refused(unfinished, "no state of this optimiser|state in part|other tensors than this model")


class Complex(torch.nn.Module):
    def __init__(self, kind: torch.dtype) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(2, 2, dtype=kind))

    def forward(self, x):
        return (x.to(self.weight.dtype) @ self.weight).real.float()


def complex_network(kind: str) -> torch.nn.Module:
    return Complex(getattr(torch, kind))


@pytest.mark.parametrize("kind", ["complex64", "complex128"])
def test_complex_parameters_are_kept_to_the_last_bit(tmp_path, kind):
    optimiser = Optimiser("adamw", 0.05, clip=0.5)
    recipe = tiny_recipe.recipe(model=Part(complex_network, {"kind": kind}), optimiser=optimiser, average=0.9)
    whole = train(recipe, reporter=Silent(), folder=tmp_path / "whole")

    def stop():
        raise KeyboardInterrupt

    train(recipe, reporter=tiny_recipe.AtStep(9, stop), folder=tmp_path / "parts")
    resumed = train(recipe, reporter=tiny_recipe.AtStep(8, pytest.fail), folder=tmp_path / "parts")
    assert torch.equal(whole.model.weight, resumed.model.weight)
    assert whole.curves == resumed.curves


def sparse_network() -> torch.nn.Module:
    network = tiny_recipe.network(plain=True)
    network.register_buffer("links", torch.eye(2).to_sparse())
    return network


def half_complex_network() -> torch.nn.Module:
    network = tiny_recipe.network(plain=True)
    network.register_buffer("links", torch.zeros(2, dtype=torch.complex32))
    return network


@pytest.mark.parametrize("network", [sparse_network, half_complex_network])
def test_a_model_that_cannot_be_saved_is_refused_before_training(tmp_path, network):
    with pytest.raises(ValueError, match=r"model must keep .*tensors .*but links is"):
        train(tiny_recipe.recipe(model=Part(network)), reporter=tiny_recipe.AtStep(1, pytest.fail), folder=tmp_path)


def test_an_unwritable_folder_names_the_variable(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="SPECTRAL_LAB_RUNS"):
        train(tiny_recipe.recipe(), reporter=Silent(), folder=tmp_path / "file")


def test_setting_aside_loses_no_step(tmp_path):
    path = tmp_path / "one.safetensors"
    model = tiny_recipe.recipe().model()

    def aside(step, **changes):
        state = {"recipe": tiny_recipe.recipe(**changes).config(), "step": step}
        save_checkpoint(path, model, torch.optim.AdamW(model.parameters()), state)
        return set_aside(path).name

    assert aside(20) == "one.previous.safetensors"
    assert aside(2) == "one.previous-2.safetensors"  # less than what is kept: beside it
    assert aside(3) == "one.previous-2.safetensors"  # the same run, further on: in its place
    assert aside(24) == "one.previous.safetensors"
    assert aside(24, batch_size=4) == "one.previous-3.safetensors"  # another run
    path.write_bytes(b"not a checkpoint")
    assert set_aside(path).name == "one.previous-4.safetensors"
    kept = [read_state(tmp_path / f"one.previous{number}.safetensors")["step"] for number in ("", "-2", "-3")]
    assert kept == [24, 3, 24]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="there is no checkpoint at"):
        read_state(tmp_path / "nothing.safetensors")


@pytest.mark.parametrize("make", [torch.optim.Adam, torch.optim.AdamW, lambda p: torch.optim.SGD(p, momentum=0.9)])
def test_optimiser_state_comes_back_exactly(tmp_path, make):
    recipe, path = tiny_recipe.recipe(), tmp_path / "one.safetensors"

    def model_and_optimiser():
        torch.manual_seed(1)
        model = recipe.model()
        return model, make(model.parameters())

    def step(model, optimiser):
        optimiser.zero_grad()
        recipe.loss(model.eval(), recipe.data()["train"][:8]).backward()
        optimiser.step()

    model, optimiser = model_and_optimiser()
    for _ in range(3):
        step(model, optimiser)
    save_checkpoint(path, model, optimiser, {"recipe": recipe.config(), "step": 3})
    other, restored = model_and_optimiser()
    assert load_checkpoint(path, recipe, other, restored)["step"] == 3
    step(model, optimiser)
    step(other, restored)
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
