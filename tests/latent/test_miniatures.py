from __future__ import annotations

import copy
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from spectral_lab.latent import TrainedNetwork, miniatures, trained_network
from spectral_lab.latent.data import Fields
from spectral_lab.latent.models import LSM
from spectral_lab.latent.recipe import RECIPES

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from ship_networks import normals, numpy_weights

PLAIN = {"mean_in": np.zeros(1), "scale_in": np.ones(1), "mean": np.zeros(1), "scale": np.ones(1)}


def stirred(model: nn.Module) -> nn.Module:
    """The model with other norms than it was made with: one forward in training mode, random gains and shifts."""
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            for vector in (part.weight.data, part.running_var):
                vector.uniform_(0.5, 2)
            for vector in (part.bias.data, part.running_mean):
                vector.normal_()
    return model.eval()


@pytest.mark.parametrize("name", miniatures.NETWORKS)
def test_numpy_computes_what_torch_does(name: str) -> None:
    torch.manual_seed(0)
    model = RECIPES[name.replace("-", "/")]("miniature").model()
    model, n, inputs = stirred(model).double(), 32 if "flow" in name else 29, 4 if "flow" in name else 1
    network = TrainedNetwork(numpy_weights(model) | PLAIN, {"recipe": {"model": {"grid": [n, n]}}})
    x = torch.randn(2, n, n, inputs, dtype=torch.float64)
    expected = model(x).detach().numpy()[..., 0]
    for fields, wanted in zip(x.numpy(), expected, strict=True):
        np.testing.assert_allclose(network(fields), wanted, atol=1e-9 * np.abs(expected).max())


@cache
def made(task: str) -> dict[str, Fields]:
    return RECIPES[f"{task}/fno"]("miniature").data()


@pytest.mark.parametrize("name", miniatures.NETWORKS)
def test_what_is_shipped_has_the_error_that_its_record_says(name: str) -> None:
    """Rounded weights, in numpy, on the test set of the recipe."""
    network = trained_network(name)
    recipe = RECIPES[name.replace("-", "/")]("miniature")
    assert network.record["recipe"] == copy.deepcopy(recipe.config()) | {"seed": network.record["seed"]}
    splits, errors = made(name.partition("-")[0]), []
    scales = normals(recipe, splits["train"])
    for i in range(8):
        batch = splits["test"].__getitems__([i])
        fields, target = batch.input[0].numpy() * scales["scale_in"] + scales["mean_in"], batch.target[0].numpy()
        if "flow" in name:
            told = network.forecast(np.moveaxis(fields, -1, 0), target.shape[-1])
        else:
            told = network(fields)[None]
        target = np.moveaxis(target, -1, 0)
        errors.append(np.linalg.norm(told - target) / np.linalg.norm(target))
    assert np.mean(errors) == pytest.approx(network.record["metrics"]["relative L2"], rel=0.25)  # 8 samples, rounded


def test_what_is_shipped_is_small() -> None:
    sizes = {path.stem: path.stat().st_size for path in miniatures.FOLDER.glob("*.npz")}
    assert set(sizes) == set(miniatures.NETWORKS)
    assert sizes["darcy-lsm"] + sizes["darcy-fno"] < 300_000


def test_packing_keeps_weights_to_half_a_step_and_vectors_whole() -> None:
    weights = numpy_weights(LSM(1, 1, 8, grid=(16, 16)))
    found = miniatures.unpacked(miniatures.packed(weights))
    assert list(found) == list(weights)
    for name, array in weights.items():
        rows = np.abs(array).reshape(len(array), -1).max(axis=1) if array.ndim > 1 else np.zeros(1)
        off = np.abs(found[name] - array).reshape(len(array), -1).max(axis=1)
        assert (off <= rows / (2 * miniatures.LEVELS) + 1e-6 * np.abs(array).max()).all()


def test_a_forecast_reads_its_own_answers() -> None:
    network = trained_network("flow-fno")
    frames = 0.3 * np.random.default_rng(0).standard_normal((4, 32, 32))
    told = network.forecast(frames, 3)
    seen = np.concatenate([frames, told])
    for step in range(3):
        np.testing.assert_allclose(told[step], network(np.moveaxis(seen[step : step + 4], 0, -1)), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: trained_network("darcy-unet"), "name"),
        (lambda: trained_network("darcy-fno")(np.zeros((28, 28))), "fields"),
        (lambda: trained_network("darcy-fno")(np.full((29, 29), 1e7)), "fields"),
        (lambda: trained_network("flow-fno")(np.zeros((32, 32))), "fields"),
        (lambda: trained_network("flow-fno").forecast(np.zeros((4, 16, 16)), 2), "frames"),
        (lambda: trained_network("flow-fno").forecast(np.zeros((4, 32, 32)), 0), "steps"),
    ],
)
def test_bad_arguments_are_refused_by_name(call, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}\b"):
        call()
