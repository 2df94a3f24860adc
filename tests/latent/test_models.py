from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.latent import decode, latent_solve, latent_tokens
from spectral_lab.latent.models import FNO, LSM, DeepONet, LSMPoints, SpectralBlock, UNet, forecast, rollout
from spectral_lab.latent.models.fno import LAYERS
from spectral_lab.latent.models.multiscale import CONV, convolve_joined

Part = Callable[[str], dict[str, torch.Tensor]]


def z(shape: Any, seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.RandomState(seed).standard_normal(shape))


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def published(reference) -> Part:
    """A state under the published names, filled by the recipe of tests/reference/lsm/README.md."""

    def fill(key: str) -> dict[str, torch.Tensor]:
        state = {}
        for row in reference("lsm_fill_recipe.json")[key]:
            value = z(row["shape"] + [2] * row["complex"], row["seed"]) * row["scale"]
            value = value.abs() if row.get("abs") else value
            state[row["name"]] = torch.view_as_complex(value) if row["complex"] else value + row["shift"]
        return state

    return fill


def flip(text: str) -> tuple[int, ...]:
    """A published padding, last axis first, in the order of the axes."""
    return tuple(int(part) for part in reversed(text.split(",")))


def in_order(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def close(out: torch.Tensor, expected: Any, atol: float = 1e-12) -> None:
    np.testing.assert_allclose(out.detach().numpy(), expected, rtol=0, atol=atol)


def test_parity_of_the_block_and_its_gradients(reference, published) -> None:
    case, arrays = reference("lsm_models.json")["block2d"], reference("lsm_models.npz")
    block = SpectralBlock(case["width"], tuple(case["patch"]), case["num_basis"], case["num_token"])
    block.load_published(published("block2d"))
    x = z(case["x_shape"], case["x_seed"]).requires_grad_()
    out = block(x)
    close(out, arrays["block2d_out"])
    (out * z(out.shape, case["cotangent_seed"])).sum().backward()
    close(x.grad, arrays["block2d_grad_x"], 1e-11)
    close(block.weights.grad, arrays["block2d_grad_weights"], 1e-10)
    close(block.tokens.grad, arrays["block2d_grad_latent"], 1e-11)
    for theirs, ours in (("encoder_attn", block.encoder), ("decoder_attn", block.decoder)):
        for name in ("weight", "bias"):
            expected = case["grad_norms"][f"{theirs}.{name}"]
            assert float(getattr(ours, name).grad.norm()) == pytest.approx(expected, rel=1e-11)


def test_parity_of_the_block_in_three_dimensions(reference, published) -> None:
    case = reference("lsm_models.json")["block3d"]
    block = SpectralBlock(case["width"], tuple(case["patch"]), case["num_basis"], case["num_token"])
    block.load_published(published("block3d"))
    close(block(z(case["x_shape"], case["x_seed"])), reference("lsm_models.npz")["block3d_out"])


def lsm_of(args: dict[str, Any]) -> LSM:
    padding, patch = flip(args["padding"]), in_order(args["patch_size"])
    return LSM(args["in_dim"], args["out_dim"], args["d_model"], patch, padding, args["num_basis"], args["num_token"])


def test_parity_of_the_network_its_loss_gradients_and_statistics(reference, published) -> None:
    case, arrays = reference("lsm_models.json")["lsm2d"], reference("lsm_models.npz")
    model = lsm_of(case["args"])
    assert model.load_published(published("lsm2d")) == []
    assert count(model) == case["n_params"]
    x = z(case["x_shape"], case["x_seed"])
    model.eval()
    with torch.no_grad():
        out = model(x)
    close(out, arrays["lsm2d_eval"], 2e-7 * np.abs(arrays["lsm2d_eval"]).max())
    assert float(out.norm()) == pytest.approx(case["eval_norm"], rel=1e-12)
    close(out.flatten()[:4], case["eval_first4"])
    model.train()
    out = model(x)
    assert float(out.norm()) == pytest.approx(case["train_norm"], rel=1e-12)
    target = z(out.shape, case["target_seed"])
    loss = ((out - target).flatten(1).norm(dim=1) / target.flatten(1).norm(dim=1)).sum()
    assert float(loss) == pytest.approx(case["loss_sum_rel_l2"], rel=1e-12)
    loss.backward()
    blocks, norms = model.body.blocks, case["grad_norms"]
    for i in range(5):
        parts = {"weights": blocks[i].weights, "latent": blocks[i].tokens}
        parts |= {f"encoder_attn.{n}": getattr(blocks[i].encoder, n) for n in ("weight", "bias")}
        parts |= {f"decoder_attn.{n}": getattr(blocks[i].decoder, n) for n in ("weight", "bias")}
        for name, part in parts.items():
            assert float(part.grad.norm()) == pytest.approx(norms[f"process{i + 1}.{name}"], rel=1e-10), name
    for name, layer in (("fc0", model.lift), ("fc1", model.head[0]), ("fc2", model.head[2])):
        assert float(layer.weight.grad.norm()) == pytest.approx(norms[f"{name}.weight"], rel=1e-10)
    close(model.body.start[1].running_mean[:3], case["running_mean_inc_after"])
    close(model.body.start[1].running_var[:3], case["running_var_inc_after"])
    # One step of Adam with decay added to the gradient: without complex weights torch's is the authors'.
    torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4).step()
    model.eval()
    assert float(model(x).norm()) == pytest.approx(case["eval_norm_after_one_step"], rel=1e-9)


def test_parity_in_three_dimensions(reference, published) -> None:
    case = reference("lsm_models.json")["lsm3d"]
    model = lsm_of(case["args"])
    model.load_published(published("lsm3d"))
    assert count(model) == case["n_params"]
    with torch.no_grad():
        out = model.eval()(z(case["x_shape"], case["x_seed"]))
    assert float(out.norm()) == pytest.approx(case["norm"], rel=1e-12)
    close(out[0, ::3, ::3, ::3], reference("lsm_models.npz")["lsm3d_slice"])


def test_parity_on_points(reference, published) -> None:
    case, arrays = reference("lsm_models.json")["lsmgeo"], reference("lsm_models.npz")
    args = case["args"]
    model = LSMPoints(
        2, 1, args["d_model"], in_order(args["patch_size"]), (case["modes1"], case["modes2"]), (case["s1"], case["s2"]),
        args["num_basis"], args["num_token"], deformation_width=case["iphi_width"],
    )  # fmt: skip
    model.load_published(published("lsmgeo"), published("iphi"))
    assert count(model) - count(model.deformation) == case["n_params"]
    assert count(model.deformation) == case["iphi_params"]
    points = torch.from_numpy(np.random.RandomState(100007).uniform(0.02, 0.98, (2, 40, 2)))
    code = torch.from_numpy(np.random.RandomState(100008).uniform(0.2, 0.4, (2, 42)))
    with torch.no_grad():
        model.eval()
        close(model.deformation(points, code), arrays["iphi_xi"])
        close(model(points, code), arrays["lsmgeo_out"], 1e-11)
        close(model(points), arrays["lsmgeo_out_nocode"], 1e-11)


def test_parity_of_the_fourier_neural_operator(reference, published) -> None:
    case = reference("lsm_models.json")["fno2d"]
    args = case["args"]
    model = FNO(2, 1, args["d_model"], (4, 4), flip(args["padding"]))
    model.load_published(published("fno2d"))
    assert count(model) == case["n_params"]
    x = z(case["x_shape"], case["x_seed"])
    out = model(x)
    close(out, reference("lsm_models.npz")["fno2d_out"])
    target = z(out.shape, case["target_seed"])
    loss = ((out - target).flatten(1).norm(dim=1) / target.flatten(1).norm(dim=1)).sum()
    assert float(loss) == pytest.approx(case["loss"], rel=1e-12)
    loss.backward()
    assert float(model.body.spectral[0].corners[0].grad.norm()) == pytest.approx(case["grad_norm_conv0_w1"], rel=1e-10)
    torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4).step()
    assert float(model(x).norm()) == pytest.approx(case["norm_after_torch_adam_step"], rel=1e-9)


CONFIGURATIONS = {  # in, out, width, grid, patch, padding, of the published scripts, in the order of the axes
    "darcy": (1, 1, 64, (85, 85), (6, 6), (11, 11)),
    "ns": (10, 1, 64, (64, 64), (4, 4), (0, 0)),
    "airfoil": (2, 1, 32, (221, 51), (14, 4), (3, 13)),
    "pipe": (2, 1, 48, (129, 129), (9, 9), (15, 15)),
    "elas_interp": (1, 1, 32, (41, 41), (3, 3), (7, 7)),
    "plas": (1, 4, 32, (101, 31, 20), (7, 2, 2), (11, 1, 12)),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_parameters_of_the_published_configurations(name: str, reference) -> None:
    inputs, outputs, width, grid, patch, padding = CONFIGURATIONS[name]
    expected = reference("lsm_models.json")["param_counts"][name]
    with torch.device("meta"):
        model = LSM(inputs, outputs, width, patch, padding)
        by_grid = LSM(inputs, outputs, width, grid=grid)
        fno = FNO(inputs, outputs, width, (12, 12, 6)[: len(grid)] if len(grid) == 3 else (12, 12), padding)
    assert (by_grid.patch, by_grid.padding) == (patch, padding)
    assert count(model) == expected["LSM"]
    assert count(model.body.blocks) == expected["spectral_blocks"]
    assert sum(block.weights.numel() for block in model.body.blocks) == expected["basis_weights"]
    assert sum(block.tokens.numel() for block in model.body.blocks) == expected["latent_tokens"]
    assert count(fno) == expected["FNO"] - (2 * LAYERS * width if len(grid) == 3 else 0)  # norms that are never called
    axes = len(grid)
    square, fixed = (4669, 270) if axes == 2 else (13111, 271)
    assert count(model) == square * width**2 + (fixed + 23 * (3 + 24 + 4) + inputs) * width + 128 + 129 * outputs


def test_parameters_on_points(reference) -> None:
    expected = reference("lsm_models.json")["param_counts"]["elas"]
    model = LSMPoints(2, 1, 32)
    assert count(model.deformation) == expected["IPHI"]
    assert count(model) - count(model.deformation) == expected["LSM"]


def count(model: torch.nn.Module) -> int:
    """Parameters, complex ones counted once."""
    return sum(parameter.numel() for parameter in model.parameters())


@given(
    axes=st.integers(1, 3),
    seed=st.integers(0, 1000),
    N=st.integers(1, 9),
    C=st.integers(1, 5),
    frequencies=st.sampled_from(["code", "integer"]),
)
@settings(max_examples=20)
def test_the_block_is_its_equations_patch_by_patch(axes: int, seed: int, N: int, C: int, frequencies: str) -> None:
    rng = np.random.default_rng(seed)
    patch, patches = rng.integers(1, 4, axes), rng.integers(1, 3, axes)
    block = SpectralBlock(16, tuple(patch.tolist()), N, C, frequencies)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.copy_(torch.from_numpy(0.5 * rng.standard_normal(parameter.shape)))
        x = rng.standard_normal((2, 16, *(patch * patches)))
        out = block(torch.from_numpy(x)).numpy()
    part = {name: value.detach().numpy() for name, value in block.named_parameters()}
    for place in np.ndindex(2, *patches):
        corner = tuple(slice(i * p, (i + 1) * p) for i, p in zip(place[1:], patch, strict=True))
        X = x[(place[0], slice(None), *corner)].reshape(16, -1).T
        T = latent_tokens(X, part["tokens"], part["encoder.weight"], part["encoder.bias"])
        Y = decode(X, latent_solve(T, part["weights"], frequencies), part["decoder.weight"], part["decoder.bias"])
        np.testing.assert_allclose(out[(place[0], slice(None), *corner)].reshape(16, -1).T, Y, atol=1e-12)


@given(axes=st.integers(1, 3), seed=st.integers(0, 1000))
@settings(max_examples=20)
def test_channels_may_be_mixed_before_a_field_is_doubled(axes: int, seed: int) -> None:
    inputs, outputs, *grid = np.random.default_rng(seed).integers(1, 6, 2 + axes).tolist()
    skip, x = z((2, inputs, *(2 * n for n in grid)), seed).requires_grad_(), z((2, inputs, *grid), seed + 1)
    first = CONV[axes](2 * inputs, outputs, 3, padding=1, bias=False)
    x.requires_grad_()
    doubled = torch.nn.functional.interpolate(
        x, scale_factor=2.0, mode=("linear", "bilinear", "trilinear")[axes - 1], align_corners=True
    )
    expected = first(torch.cat([skip, doubled], dim=1))
    out = convolve_joined(torch.nn.Sequential(first), skip, x)
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-12)
    loss = z(out.shape, seed + 2)
    for ours, theirs in zip(
        *(torch.autograd.grad(y, (skip, x, first.weight), loss) for y in (out, expected)), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-11)


@pytest.mark.parametrize(
    ("model", "x"),
    [
        (lambda: LSM(1, 1, 8, grid=(16,)), lambda: torch.randn(2, 16, 1)),
        (lambda: UNet(1, 1, 4, grid=(16, 17)), lambda: torch.randn(2, 16, 17, 1)),
        (lambda: FNO(1, 1, 4, (3, 3)), lambda: torch.randn(2, 8, 8, 1)),
        (lambda: DeepONet(1, 1, (4, 4), 8), lambda: torch.randn(2, 4, 4, 1)),
        (lambda: LSMPoints(2, 1, 8, (1, 1), (3, 3), (16, 16), deformation_width=8), lambda: torch.rand(2, 5, 2)),
    ],
)
def test_models_compute_with_the_weights_they_are_lent(model, x) -> None:
    lender, borrower, x = model().eval(), model().eval(), x()
    lent = {name: value.clone() for name, value in lender.state_dict().items()}
    torch.testing.assert_close(torch.func.functional_call(borrower, lent, (x,)), lender(x))
    assert not torch.allclose(borrower(x), lender(x))
    vector = torch.nn.utils.parameters_to_vector(lender.parameters())  # as torch's own tools read them: in one stretch
    assert len(vector) == sum(parameter.numel() for parameter in lender.parameters())


@given(axes=st.integers(1, 3), seed=st.integers(0, 100))
@settings(max_examples=6)
def test_models_run_on_grids_of_every_dimension(axes: int, seed: int) -> None:
    grid = tuple(np.random.default_rng(seed).integers(17, 30 if axes < 3 else 20, axes).tolist())
    x = torch.randn(2, *grid, 3)
    for model in (
        LSM(3, 2, 8, grid=grid),
        UNet(3, 2, 4, grid=grid),
        FNO(3, 2, 4, (4,) * axes),
        DeepONet(3, 2, grid, 8),
    ):
        assert model(x).shape == (2, *grid, 2)


def test_a_model_in_single_precision_and_on_another_device_agrees(reference, published) -> None:
    case = reference("lsm_models.json")["lsm2d"]
    torch.set_default_dtype(torch.float32)
    model = lsm_of(case["args"])
    model.load_published(published("lsm2d"))
    out = model.eval()(z(case["x_shape"], case["x_seed"]).float())
    assert out.dtype == torch.float32
    close(out, reference("lsm_models.npz")["lsm2d_eval"], 2e-5)
    points = LSMPoints(2, 1, 8, (2, 2), (4, 4), (32, 32), deformation_width=8).to("meta")
    assert points(torch.empty(1, 5, 2, device="meta")).device.type == "meta"


def test_checkpoints_that_do_not_fit_are_refused_by_name(published, as_users_call) -> None:
    state = published("fno2d")
    model = FNO(2, 1, 6, (4, 4), (2, 3))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    without = {name: value for name, value in state.items() if name != "w2.bias"}
    for spoiled, name in (
        (without, "w2.bias"),
        ({**state, "w4.bias": state["w2.bias"]}, "w4.bias"),
        ({**state, "conv1.weights2": state["conv1.weights2"][..., :3]}, "conv1.weights2"),
        ({**state, "fc0.bias": state["fc0.bias"] + 1j}, "fc0.bias"),
        ({**state, "fc0.bias": state["fc0.bias"] / 0}, "fc0.bias"),
        ({**state, "conv1.weights2": state["conv1.weights2"].real}, "conv1.weights2"),
        ([1, 2], "state_dict"),
    ):
        with pytest.raises(ValueError, match=name):
            model.load_published(spoiled)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    norms = {f"bn{i}.{part}": torch.zeros(6) for i in range(4) for part in ("weight", "running_var")}
    assert model.load_published({**state, **norms}) == sorted(norms)


def test_a_checkpoint_on_points_is_taken_whole_or_not_at_all(reference, published, as_users_call) -> None:
    case = reference("lsm_models.json")["lsmgeo"]
    args = case["args"]
    model = LSMPoints(
        2, 1, args["d_model"], in_order(args["patch_size"]), (case["modes1"], case["modes2"]), (case["s1"], case["s2"]),
        args["num_basis"], args["num_token"], deformation_width=case["iphi_width"],
    )  # fmt: skip
    before = {name: value.clone() for name, value in model.state_dict().items()}
    network, deformation = published("lsmgeo"), published("iphi")
    some, other = next(iter(network)), next(iter(deformation))
    for first, second in (
        (network, {name: value for name, value in deformation.items() if name != other}),
        (network, {**deformation, other: torch.zeros(1)}),
        ({name: value for name, value in network.items() if name != some}, deformation),
        (network, [1]),
    ):
        with pytest.raises(ValueError, match="state_dict"):
            model.load_published(first, second)
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("model", "x"),
    [
        (lambda: FNO(1, 1, 8, (4, 4)), lambda: torch.randn(1, 16, 16, 1)),
        (lambda: LSMPoints(2, 1, 8, (2, 2), (4, 4), (32, 32), deformation_width=8), lambda: torch.rand(1, 5, 2)),
    ],
)
def test_models_with_complex_weights_change_their_precision(model, x) -> None:
    model, x = model().float().eval(), x()
    for parameter in model.parameters():
        if parameter.is_complex():
            parameter.data = parameter.data.to(torch.complex64)
    single = model(x.float())
    double = model.double()(x.double())
    assert (single.dtype, double.dtype) == (torch.float32, torch.float64)
    close(single, double.detach(), 1e-5)
    double.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters() if parameter.is_complex())


def test_counts_of_batches_are_accepted(published) -> None:
    state = published("lsm2d")
    state |= {
        name.replace("running_var", "num_batches_tracked"): torch.tensor(7)
        for name in list(state)
        if "running_var" in name
    }
    model = LSM(2, 1, 8, (2, 3), (2, 3), 5, 3)
    assert model.load_published(state) == []
    assert int(model.body.start[1].num_batches_tracked) == 7
    with pytest.raises(ValueError, match=r"process1\.latent"):
        LSM(2, 1, 8, (2, 3), (2, 3), 5, 4).load_published(state)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LSM(1, 1, 12, grid=(32, 32)), "width must be a multiple of the 8 heads"),
        (lambda: LSM(1, 1, 8, (2, 2), (0,)), "padding must be a tuple of 2"),
        (lambda: LSM(1, 1, 8), "grid must be given"),
        (lambda: LSM(1, 1, 8, (3, 3), (0, 0))(torch.randn(1, 32, 32, 1)), "padding and patch must fit the grid"),
        (lambda: LSM(1, 1, 8, grid=(32, 32))(torch.randn(1, 32, 32, 2)), "x must have shape"),
        (lambda: LSM(1, 1, 8, grid=(32, 32))(torch.randn(0, 32, 32, 1)), "B at least 1"),
        (lambda: DeepONet(1, 1, (4, 4))(torch.randn(0, 4, 4, 1)), "B at least 1"),
        (lambda: SpectralBlock(8, (3, 3))(torch.randn(1, 8, 4, 4)), r"got 1 of width 8 and grid \(4, 4\)"),
        (lambda: SpectralBlock(8, (2, 2))(torch.randn(0, 8, 4, 4)), "got 0 of width 8"),
        (lambda: SpectralBlock(8, (2, 2), frequencies="best"), "frequencies must be one of"),
        (lambda: SpectralBlock(8, (2, 2), num_token=0), "num_token"),
        (lambda: FNO(1, 1, 8, (20, 20))(torch.randn(1, 32, 32, 1)), "modes must fit the grid"),
        (lambda: LSMPoints(2, 1, 8, (2, 2), (4, 4), (40, 32)), "grid must hold a multiple"),
        (lambda: LSMPoints(2, 1, 8, deformation_width=6), "deformation_width"),
        (lambda: LSMPoints(2, 1, 8)(torch.randn(2, 0, 2)), "B and n at least 1"),
        (lambda: LSMPoints(2, 1, 8)(torch.randn(2, 5, 2), torch.randn(1, 42)), "code must have shape"),
    ],
)
def test_wrong_arguments_are_refused_by_name(make, message) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_rollouts_read_their_own_predictions_and_leave_the_model_as_it_was() -> None:
    model = LSM(3, 1, 8, grid=(16, 32))
    frames = torch.randn(3, 16, 32, 3)
    model.train()
    model(frames)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    out = rollout(model, frames, 2)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    model.eval()
    first = model(frames)
    second = model(torch.cat([frames[..., 1:], first], dim=-1))
    close(out, torch.cat([first, second], dim=-1).detach())
    close(forecast(model, frames, 2), out)
    by_batch = rollout(model, frames, 2, batch_statistics=True)
    assert not torch.allclose(by_batch, out)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    model.train()
    close(by_batch, forecast(model, frames, 2).detach())


def test_frames_of_several_fields_are_read_and_told_together() -> None:
    model = FNO(6, 2, 8, (3, 3))  # three frames of two fields
    frames = torch.randn(2, 8, 8, 6)
    first = model(frames)
    second = model(torch.cat([frames[..., 2:], first], dim=-1))
    close(forecast(model, frames, 2), torch.cat([first, second], dim=-1).detach())
