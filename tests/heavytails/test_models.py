from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from spectral_lab.archives import FormatError
from spectral_lab.datasets import DatasetUnavailable
from spectral_lab.heavytails import esd, farms_esd, sigmoid_balance, tail_exponent, temperature_balance
from spectral_lab.heavytails.data import cifar100, compressible_flows, passages, shipped_text
from spectral_lab.heavytails.data.compressible import FIELDS
from spectral_lab.heavytails.data.images import Augmented
from spectral_lab.heavytails.models import (
    VGG,
    ResNet,
    SigmoidBalance,
    TemperatureBalance,
    TinyGPT,
    TinyImageNet,
    blocks_of,
    fourier_spectra,
    layer_spectra,
    prune_blocks,
)
from spectral_lab.heavytails.models.balance import FEWEST
from spectral_lab.latent.models import FNO
from spectral_lab.samples import Labelled


def reference_net(case: dict[str, Any]) -> nn.Module:
    """The small network of the reference numbers, with its weights."""
    a, b, c = case["channels"]
    net = nn.Module()
    net.conv1, net.bn1 = nn.Conv2d(3, a, 3, bias=False), nn.BatchNorm2d(a)
    net.conv2, net.bn2 = nn.Conv2d(a, b, 3, bias=False), nn.BatchNorm2d(b)
    net.conv3, net.bn3 = nn.Conv2d(b, b, 3, bias=False), nn.BatchNorm2d(b)
    net.conv4 = nn.Conv2d(b, c, 1, bias=False)
    net.shortcut = nn.Sequential(nn.Conv2d(a, c, 1, bias=False), nn.BatchNorm2d(c))
    net.linear = nn.Linear(c, case["classes"])
    stream = np.random.RandomState(case["seed"])
    for name in case["order"]:
        weight = net.get_submodule(name).weight
        draw = stream.standard_normal(weight.shape) / np.sqrt(weight[0].numel())
        weight.data = torch.tensor(draw.astype(np.float32))
    return net


class Noted:
    """Stands for a run: keeps what a callback sets."""

    def __init__(self) -> None:
        self.rates: dict[str, float] = {}
        self.notes: dict[str, Any] = {}

    def scale_rates(self, factors: dict[str, float]) -> None:
        self.rates = factors

    def note(self, name: str, value: Any) -> None:
        self.notes[name] = value


def test_spectra_exponents_and_rates_of_the_released_programs(reference: Any) -> None:
    for case in reference("conv_net.json"):
        net = reference_net(case)
        for run in case["runs"]:
            options = {"size": None} if run["Q"] is None else {"size": case["num_row_samples"], "Q": run["Q"]}
            layers = layer_spectra(net, **options, per_axis=case["sampling_ops_per_dim"], fit="released")
            for layer, expected in zip(layers, run.get("esd", []), strict="esd" in run):
                assert layer.name == expected["layer"]
                assert layer.alpha == pytest.approx(expected["alpha"], rel=5e-4)
                assert layer.fit.distance == pytest.approx(expected["D"], abs=5e-4)
                assert len(layer.eigenvalues) == expected["num_eigs"]
            tuned = layers[run["remove_first"] : len(layers) - run["remove_last"]]
            rates = temperature_balance([layer.alpha for layer in tuned], 0.1, 0.5, 1.5)
            found = {name: rate for layer, rate in zip(tuned, rates, strict=True) for name in layer.parameters}
            stored = {name: group["lr"] for group in run["param_groups"] for name in group["params"]}
            assert {name: found.get(name, 0.1) for name in stored} == pytest.approx(stored, rel=5e-4)


@pytest.mark.parametrize("size", [None, 7])
def test_double_weights_are_read_in_double_precision(size: int | None) -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(5, 8, 3), torch.nn.Linear(30, 20)).double()
    for layer, module in zip(layer_spectra(net, size), net, strict=True):
        W = module.weight.detach().numpy()
        values = esd(W) if size is None else farms_esd(W, size)
        np.testing.assert_allclose(layer.eigenvalues, values, rtol=1e-10)
    for layer, exact in zip(layer_spectra(net.float(), size), layer_spectra(net.double(), size), strict=True):
        assert layer.alpha == pytest.approx(exact.alpha, rel=1e-5)


def test_sizes_of_the_networks() -> None:
    count = {name: sum(p.numel() for p in net.parameters()) for name, net in {
        "resnet": ResNet(18), "vgg": VGG(16), "gpt": TinyGPT()}.items()}  # fmt: skip
    assert count["resnet"] == 11_220_132
    assert count["vgg"] == 14_774_436
    assert abs(count["gpt"] - 700_000) < 10_000
    pictures = torch.randn(2, 3, 32, 32)
    for net in (ResNet(34), VGG(19)):
        assert net(pictures).shape == (2, 100)
    ratios = [max(w.shape[:2]) / min(w.shape[:2]) for w in TinyImageNet().parameters() if w.ndim > 1]
    assert ratios == [16, 4, 1, 2, 2, 25.6]


def test_noise_of_a_fresh_resnet_reads_its_shapes_and_windows_take_them_out() -> None:
    torch.manual_seed(0)
    net, layers = ResNet(18), {"whole": None, "windows": 100}
    found = {name: {s.name: s.alpha for s in layer_spectra(net, size)} for name, size in layers.items()}
    assert len(found["whole"]) == 21
    assert found["whole"]["linear"] > 3.5
    changed = [name for name in found["whole"] if abs(found["whole"][name] - found["windows"][name]) > 1e-6]
    assert len(changed) == 8  # conv1, three strided 3x3, three 1x1 shortcuts, the head
    assert max(found["windows"].values()) < 2.4
    names = {s.name: s.parameters for s in layer_spectra(net)}
    assert names["layer1.0.conv1"] == ("layer1.0.conv1.weight", "layer1.0.bn1.weight", "layer1.0.bn1.bias")
    assert names["layer2.0.shortcut.0"] == ("layer2.0.shortcut.0.weight",)


def test_balance_sets_rates_and_its_controls_turn_them_round() -> None:
    torch.manual_seed(1)
    net, rates = TinyImageNet(), {}
    for order in ("as read", "reversed", "permuted"):
        run = Noted()
        TemperatureBalance(net, order=order).before_epoch(run)
        rates[order] = run.rates
    values = [np.array(list(dict.fromkeys(r.values()))) for r in rates.values()]
    assert (values[0].min(), values[0].max()) == pytest.approx((0.5, 1.5))
    np.testing.assert_allclose(
        [rates["reversed"][name] for name in rates["as read"]], 2 - np.array(list(rates["as read"].values()))
    )
    assert sorted(values[2]) == pytest.approx(sorted(values[0]))
    run = Noted()
    TemperatureBalance(net, size=10_000, excluded=("first", "last")).before_epoch(run)
    assert "conv1.weight" not in run.rates
    assert "linear2.weight" not in run.rates
    assert run.rates.keys() == {
        name for name, _ in net.named_parameters() if not name.startswith(("conv1.", "bn1.", "linear2."))
    }
    assert all(len(layer.eigenvalues) >= FEWEST for layer in layer_spectra(net))


def test_pruning_goes_block_by_block_and_leaves_the_rest() -> None:
    torch.manual_seed(0)
    tokens = torch.randint(0, 256, (4, 16))
    for method in ("magnitude", "wanda", "sparsegpt"):
        net = TinyGPT(width=16, blocks=3, heads=2, context=16)
        kept = net.embedding.weight.clone()
        prune_blocks(net, tokens, [0.25, 0.5, 0.75], method)
        for linears, sparsity in zip(blocks_of(net), (0.25, 0.5, 0.75), strict=True):
            assert len(linears) == 6
            for linear in linears.values():
                share = float((linear.weight == 0).double().mean())
                assert share == pytest.approx(sparsity, abs=0.01)
        assert torch.equal(net.embedding.weight, kept)
    with pytest.raises(ValueError, match="one for each of 3 blocks"):
        prune_blocks(net, tokens, [0.5], "wanda")


def test_a_gpt_does_not_see_what_follows() -> None:
    torch.manual_seed(0)
    net, tokens = TinyGPT(width=16, blocks=2, heads=2, context=16).eval(), torch.randint(0, 256, (1, 16))
    changed = tokens.clone()
    changed[0, 10:] = 7
    with torch.no_grad():
        assert torch.allclose(net(tokens)[0, :10], net(changed)[0, :10], atol=1e-6)


def test_text_that_python_ships_in_passages() -> None:
    content = shipped_text()
    parts = passages(context=32, most=20)
    assert len(parts["test"]) == 20
    x, y = parts["train"].__getitems__([0, 3])
    assert bytes(x[0].tolist()) == content[:32]
    assert bytes(y[1].tolist()) == content[49:81]
    test, _ = parts["test"].__getitems__(list(range(20)))
    assert bytes(test.flatten().tolist()) == content[int(0.9 * len(content)) :][: 20 * 32]


def test_crops_and_mirrors_keep_the_label_and_move_the_picture() -> None:
    torch.manual_seed(0)
    pictures = torch.arange(3 * 8 * 8.0).view(1, 3, 8, 8).repeat(64, 1, 1, 1) + 1
    part = Augmented(Labelled(pictures, torch.arange(64)))
    x, labels = part.__getitems__(list(range(64)))
    assert x.shape == (64, 3, 8, 8)
    assert torch.equal(labels, torch.arange(64))
    inside = x > 0
    step = (x[..., 1:] - x[..., :-1])[inside[..., 1:] & inside[..., :-1]]
    assert set(step.tolist()) == {-1.0, 1.0}  # neighbours stay neighbours, in either direction
    assert inside.float().mean() > 0.5


def test_cifar100_is_learnt_from_as_published(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = {name: rng.integers(0, 256, (6, 3074), dtype=np.uint8) for name in ("train", "test")}
    with tarfile.open(tmp_path / "cifar.tar.gz", "w:gz") as tar:
        for name, content in rows.items():
            content[:, :2] %= 20
            member = tarfile.TarInfo(f"cifar-100-binary/{name}.bin")
            member.size = content.size
            tar.addfile(member, io.BytesIO(content.tobytes()))
    parts = cifar100(tmp_path / "cifar.tar.gz")
    x, labels = parts["test"].__getitems__([1, 4])
    assert labels.tolist() == rows["test"][[1, 4], 1].tolist()  # the fine classes
    planes = rows["test"][1, 2:].reshape(3, 32, 32) / 255.0
    mean, deviation = np.array([[0.5071, 0.4867, 0.4408], [0.2675, 0.2565, 0.2761]])[:, :, None, None]
    np.testing.assert_allclose(x[0], (planes - mean) / deviation, atol=1e-5)
    torch.manual_seed(1)
    moved, same = parts["train"].__getitems__([0] * 200)
    assert set(same.tolist()) == {int(rows["train"][0, 1])}
    whole = torch.tensor((rows["train"][0, 2:].reshape(3, 32, 32) / 255.0 - mean) / deviation).float()
    padded = torch.nn.functional.pad(whole, (4, 4, 4, 4))
    shifted = [padded[:, i : i + 32, j : j + 32] for i in range(9) for j in range(9)]
    allowed = torch.stack([*shifted, *(picture.flip(2) for picture in shifted)])
    nearest = torch.cdist(moved.flatten(1), allowed.flatten(1)).min(1)
    assert nearest.values.max() < 0.1  # every one is a crop of the padded picture, or its mirror image
    assert len(set(nearest.indices.tolist())) > 100
    with pytest.raises(FormatError):
        cifar100(tmp_path / "none.tar.gz")


# --- Fourier neural operators and the flows that they learn -----------------------------------------------------------


def test_fourier_layers_are_read_as_one_matrix_a_mode() -> None:
    torch.manual_seed(0)
    model = FNO(3, 1, 6, (4, 3), (2, 2))
    layers = fourier_spectra(model)
    assert [layer.name for layer in layers] == [f"body.spectral.{i}" for i in range(4)]
    first = layers[0]
    assert first.shape == (6, 6, 24)  # 4 x 3 modes at each of two corners
    assert first.parameters == ("body.spectral.0.corners.0", "body.spectral.0.corners.1")
    low, high = (corner.detach().numpy() for corner in model.body.spectral[0].corners)
    one_by_one = [W[:, :, i, j] for W in (low, high) for i in range(4) for j in range(3)]
    # A complex matrix A + iB has the singular values of the real [[A, -B], [B, A]], which has each of them twice.
    real = [np.block([[W.real, -W.imag], [W.imag, W.real]]) for W in one_by_one]
    assert first.eigenvalues == pytest.approx(esd(np.stack(real))[::2], rel=1e-6)
    assert first.alpha == tail_exponent(first.eigenvalues).alpha


def test_the_values_of_its_modes_are_those_of_the_fourier_layer_as_an_operator() -> None:
    """On fields the layer is a circular convolution: each value of a mode and of its mirror image is one of it.

    The modes without a frequency along the last axis are their own mirror images, and left out here.
    """
    torch.manual_seed(0)
    layer = FNO(1, 1, 2, (3, 3)).body.spectral[0]
    with torch.no_grad():
        operator = layer(torch.eye(2 * 8 * 8).view(-1, 2, 8, 8)).flatten(1).double().numpy()
        for corner in layer.corners:
            corner[..., 0] = 0
    found = np.sort(np.linalg.svd(operator, compute_uv=False) ** 2)
    spectrum = fourier_spectra(nn.Sequential(layer))[0].eigenvalues
    expected = np.repeat(spectrum[spectrum > 0], 2)
    assert len(expected) == 2 * 2 * (2 * 3 * 2)
    nearest = np.abs(found[:, None] - expected).min(axis=0)
    assert nearest.max() < 1e-5 * expected.max()


def test_sigmoid_balance_reads_what_the_released_program_reads() -> None:
    torch.manual_seed(0)
    net, run = FNO(40, 4, 20, (3, 3), (2, 2)), Noted()
    SigmoidBalance(net).before_epoch(run)
    read = [f"body.pointwise.{i}" for i in range(4)] + ["lift", "head.0"]
    assert list(run.notes["alpha"]) == read
    layers = {layer.name: layer.alpha for layer in layer_spectra(net)}
    factors = sigmoid_balance([layers[name] for name in read], 1.0, 0.5, 0.5)
    assert run.rates == pytest.approx(
        {f"{name}.{part}": f for name, f in zip(read, factors, strict=True) for part in ("weight", "bias")}
    )


def test_windows_change_two_layers_of_an_fno() -> None:
    torch.manual_seed(0)
    net, whole, cut = FNO(40, 4, 20, (3, 3), (2, 2)), Noted(), Noted()
    SigmoidBalance(net, spectral=True).before_epoch(whole)
    SigmoidBalance(net, size=10_000, spectral=True).before_epoch(cut)
    changed = [name for name, alpha in whole.notes["alpha"].items() if abs(alpha - cut.notes["alpha"][name]) > 1e-3]
    assert changed == ["lift", "head.0"]
    assert len(whole.notes["alpha"]) == 10


def pdebench(path: Path, samples: int = 12, times: int = 12, points: int = 6) -> dict[str, np.ndarray]:
    """A file with the names and shapes of PDEBench's compressible flows, in small."""
    h5py = pytest.importorskip("h5py", reason="PDEBench's files need h5py: pip install h5py")
    rng = np.random.default_rng(0)
    fields = {name: rng.standard_normal((samples, times, points, points)).astype("f4") for name in FIELDS}
    with h5py.File(path, "w") as file:
        for name, values in fields.items():
            file[name] = values
        for name, count in (("t", times + 1), ("x", points), ("y", points)):
            file[f"{name}-coordinate"] = np.linspace(0, 1, count, dtype="f4")
    return fields


def test_compressible_flows_are_stacked_and_split_as_released(tmp_path: Path) -> None:
    path = tmp_path / "flows.hdf5"
    fields = pdebench(path)
    splits = compressible_flows(path, every=4, train=9, test=3)
    train, test = splits["train"], splits["test"]
    assert (tuple(train.input.shape), tuple(train.target.shape)) == ((3, 3, 3, 40), (3, 3, 3, 8))
    assert tuple(test.input.shape) == (3, 3, 3, 40)
    for channel, name in enumerate(FIELDS):
        seen = fields[name][:, :, ::2, ::2]
        np.testing.assert_array_equal(train.input[1, ..., 4 * 7 + channel], seen[3 + 4, 7])
        np.testing.assert_array_equal(train.target[2, ..., 4 + channel], seen[3 + 8, 11])
        np.testing.assert_array_equal(test.input[2, ..., channel], seen[2, 0])
    batch = train.__getitems__([2, 0])
    assert torch.equal(batch.target[0], train.target[2])


def test_flows_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "flows.hdf5"
    with pytest.raises(DatasetUnavailable, match=r"flows\.hdf5"):
        compressible_flows(path)
    path.write_bytes(b"no HDF5")
    with pytest.raises(FormatError, match="HDF5"):
        compressible_flows(path)
    pdebench(path)
    with pytest.raises(FormatError, match="10000 flows of more than 10 frames, got 12 of 12"):
        compressible_flows(path)
    with pytest.raises(FormatError, match="12 frames"):
        compressible_flows(path, train=9, test=3, first=12)
    import h5py

    with h5py.File(path, "a") as file:
        del file["Vy"]
    with pytest.raises(FormatError, match="must hold density, pressure, Vx, Vy"):
        compressible_flows(path, train=9, test=3)
    with pytest.raises(ValueError, match="every"):
        compressible_flows(path, every=0)
