"""The data of chapter 03: splits, scales, and archives of the published formats, written here in small."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from spectral_lab import cli
from spectral_lab.hippo.data import sequences
from spectral_lab.pseudospectra import data


def test_digits_are_split_without_overlap_and_scaled_by_the_training_set():
    splits = data.digits()
    train, test = splits["train"], splits["test"]
    assert train.x.shape == (1400, 64, 1)
    assert test.x.shape == (397, 64, 1)
    assert abs(float(train.x.mean())) < 1e-5
    assert float(train.x.std()) == pytest.approx(1, abs=1e-5)
    # duplicates among the 1797 images would be no overlap of the split; there are none
    rows = {image.numpy().tobytes() for split in splits.values() for image in split.x}
    assert len(rows) == 1797
    assert not torch.equal(data.digits(seed=1)["test"].labels, test.labels)


def test_enlarged_digits_keep_their_labels_and_are_redrawn_only_for_training():
    plain, large = data.digits(), data.digits(size=16, copies=3)
    assert large["train"].x.shape == (4200, 256, 1)
    assert torch.equal(large["train"].labels, plain["train"].labels.repeat(3))
    assert torch.equal(large["test"].labels, plain["test"].labels)
    small = large["train"].x.view(4200, 16, 16).unfold(1, 2, 2).unfold(2, 2, 2).mean((3, 4))
    correlation = torch.stack(
        [
            torch.corrcoef(torch.stack(pair))[0, 1]
            for pair in zip(small[:100].flatten(1), plain["train"].x[:100].flatten(1), strict=True)
        ]
    )
    assert correlation.min() > 0.9
    assert not torch.equal(large["train"].x[:1400], large["train"].x[1400:2800])
    assert torch.equal(large["train"].x, data.digits(size=16, copies=3)["train"].x)


def test_redrawing_moves_an_image_by_no_more_than_it_says():
    dot = torch.zeros(200, 1, 33, 33)
    dot[:, :, 16, 16] = 1.0
    redrawn = data.redraw(dot, seed=3)[:, 0]
    weight = redrawn.sum((1, 2))
    place = torch.arange(33.0)
    across, down = (redrawn.sum(1) @ place) / weight, (redrawn.sum(2) @ place) / weight
    shift = torch.stack([across, down]) - 16
    assert shift.abs().max() < 1.2 * 3.4 / 0.85 + 0.5  # a tenth of 33 pixels, turned and stretched
    assert shift.abs().max() > 2.0


def test_a_batch_is_a_slice():
    split = data.Sequences(torch.arange(12.0).view(4, 3, 1), torch.arange(4), torch.tensor([3, 2, 1, 3]))
    x, lengths, labels = split.collate(split.__getitems__([2, 0]))
    assert torch.equal(x, split.x[[2, 0]])
    assert lengths.tolist() == [1, 3]
    assert labels.tolist() == [2, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"size": 7}, "size must be"), ({"copies": 0}, "copies must be"), ({"train_size": 1797}, "train_size must be")],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        data.digits(**options)


# --- CIFAR-10 --------------------------------------------------------------------------------------------------------


def cifar_archive(path: Path, batches: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in batches.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


NAMES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")


def records(count: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).integers(0, 256, (count, 3073), dtype=np.uint8)
    rows[:, 0] %= 10
    return rows


@pytest.fixture
def cifar(tmp_path) -> tuple[Path, dict[str, np.ndarray]]:
    batches = {name: records(4, seed) for seed, name in enumerate(NAMES)}
    path = cifar_archive(tmp_path / "cifar.tar.gz", {name: rows.tobytes() for name, rows in batches.items()})
    return path, batches


def test_cifar_in_colour(cifar):
    path, batches = cifar
    splits = data.cifar10(colour=True, path=str(path))
    assert {name: tuple(split.x.shape) for name, split in splits.items()} == {
        "train": (18, 1024, 3),
        "val": (2, 1024, 3),
        "test": (4, 1024, 3),
    }
    test = batches["test_batch"]
    assert splits["test"].labels.tolist() == test[:, 0].tolist()
    green = test[1, 1 + 1024 : 1 + 2048] / 255  # a plane a colour, row by row
    np.testing.assert_allclose(splits["test"].x[1, :, 1], (green - 0.4822) / 0.1994, atol=1e-5)
    seen = torch.cat([splits["train"].labels, splits["val"].labels]).sort().values
    assert seen.tolist() == sorted(np.concatenate([batches[name][:, 0] for name in NAMES[:5]]).tolist())


def test_cifar_in_grey(cifar):
    path, batches = cifar
    test = data.cifar10(path=str(path))["test"]
    red, green, blue = batches["test_batch"][2, 1:].reshape(3, 1024).astype(float)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    np.testing.assert_allclose(test.x[2, :, 0], (luma - 122.6) / 61, atol=0.51 / 61)  # rounded to whole greys
    white = sequences._greys(torch.full((1, 3, 32, 32), 255, dtype=torch.uint8))
    assert float(white.max()) == pytest.approx((255 - 122.6) / 61)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: {**b, "test_batch": b["test_batch"][:-1]}, "test_batch.bin does not consist of 3073-byte records"),
        (lambda b: {**b, "data_batch_2": b"\x0b" + b["data_batch_2"][1:]}, "labels 0 to 9"),
        (lambda b: {name: rows for name, rows in b.items() if name != "data_batch_3"}, "is not the binary CIFAR-10"),
    ],
)
def test_a_wrong_cifar_archive_is_refused(tmp_path, cifar, change, message):
    batches = {name: rows.tobytes() for name, rows in cifar[1].items()}
    with pytest.raises(data.FormatError, match=message):
        data.read_cifar10(cifar_archive(tmp_path / "wrong.tar.gz", change(batches)))


def test_a_truncated_cifar_archive_is_refused(tmp_path, cifar):
    whole = cifar[0].read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(data.FormatError, match="is not the binary CIFAR-10 archive"):
        data.read_cifar10(tmp_path / "cut.tar.gz")


def test_the_command_lists_cifar_and_says_what_to_do_offline(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path))
    assert cli.main(["data"]) == 0
    assert "cifar10: CIFAR-10" in capsys.readouterr().out
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(b"something else")
    assert cli.main(["data", "cifar10"]) == 1
    assert "must be c4a38c50" in capsys.readouterr().err
