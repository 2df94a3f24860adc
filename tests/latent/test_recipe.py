from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from spectral_lab.latent.data import FieldBatch
from spectral_lab.latent.recipe import FILES, PUBLISHED, RECIPES, flow_error, flow_loss, relative
from spectral_lab.training import Computation, Silent, train
from spectral_lab.training.recipe import PRESETS


@pytest.mark.parametrize("name", RECIPES)
def test_every_preset_is_a_recipe_or_says_why_not(name: str) -> None:
    for preset in PRESETS:
        if name.split("/")[0] in FILES and preset != "paper":
            with pytest.raises(ValueError, match="preset must be 'paper'"):
                RECIPES[name](preset)
            continue
        recipe = RECIPES[name](preset)
        assert recipe.name == f"latent/{name}"
        if isinstance(recipe, Computation):
            continue
        with torch.device("meta"):
            model = recipe.model()
        assert sum(parameter.numel() for parameter in model.parameters()) > 1000


def test_the_paper_presets_have_the_published_sizes(reference) -> None:
    counts = reference("lsm_models.json")["param_counts"]
    names = {"darcy": "darcy", "flow": "ns", "airfoil": "airfoil", "pipe": "pipe"}
    names |= {"elasticity-grid": "elas_interp", "plasticity": "plas"}
    for task, key in names.items():
        with torch.device("meta"):
            model = RECIPES[f"{task}/lsm"]("paper").model()
        assert sum(parameter.numel() for parameter in model.parameters()) == counts[key]["LSM"]


def test_the_mean_gain_over_the_second_best_is_eleven_and_a_half_per_cent() -> None:
    """Of the rows kept here, LSM is the best on every task."""
    for task, value in PUBLISHED["lsm"].items():
        assert value < min(PUBLISHED["fno"][task], PUBLISHED["unet"][task])


class Still(nn.Module):
    """Predicts the last frame."""

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return frames[..., -1:]


def test_a_model_that_repeats_the_last_frame_has_the_persistence_error() -> None:
    frames, target = torch.randn(3, 4, 4, 2), torch.randn(3, 4, 4, 5)
    batch = FieldBatch(frames, target, torch.zeros(1), torch.ones(1), None)
    found = flow_error(Still(), batch)
    torch.testing.assert_close(found["relative L2"], found["persistence"])
    by_frame = [relative(frames[..., -1], target[..., i]).mean() for i in range(5)]
    torch.testing.assert_close(flow_loss(Still(), batch), sum(by_frame))


def test_a_miniature_learns_more_than_the_mean_and_runs_again_alike(tmp_path: Path) -> None:
    recipe = RECIPES["darcy/fno"]("miniature")
    short = replace(recipe, epochs=4)
    runs = [train(short, reporter=Silent(), folder=tmp_path / name) for name in ("one", "two")]
    assert runs[0].metrics == runs[1].metrics
    assert runs[0].metrics["relative L2"] < 0.2  # the mean field: 0.264
