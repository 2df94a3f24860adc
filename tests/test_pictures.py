"""Pictures for several chapters: splits, scales, and archives of the published formats, written here in small."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from spectral_lab.archives import FormatError
from spectral_lab.datasets import DatasetUnavailable
from spectral_lab.pictures import DATASETS, cifar, digits, mnist, read_idx, redraw
from spectral_lab.samples import Labelled, Sequences

# --- samples ---------------------------------------------------------------------------------------------------------


def test_a_batch_is_a_slice() -> None:
    split = Sequences(torch.arange(12.0).view(4, 3, 1), torch.arange(4), torch.tensor([3, 2, 1, 3]))
    x, lengths, labels = split.collate(split.__getitems__([2, 0]))
    assert torch.equal(x, split.x[[2, 0]])
    assert lengths is not None
    assert lengths.tolist() == [1, 3]
    assert labels.tolist() == [2, 0]


def test_bytes_are_widened_in_the_batch() -> None:
    tokens = torch.arange(12, dtype=torch.uint8).view(4, 3)
    x, _, _ = Sequences(tokens, torch.arange(4), torch.tensor([3, 2, 1, 2])).__getitems__([3, 1])
    assert x.dtype == torch.int64
    assert x.tolist() == [[9, 10], [3, 4]]  # cut to the longest
    pixels = Labelled(tokens, torch.arange(4), scale=255.0)
    x, labels = pixels.collate(pixels.__getitems__([2]))
    torch.testing.assert_close(x, tokens[2:3] / 255)
    assert labels.tolist() == [2]


# --- digits ----------------------------------------------------------------------------------------------------------


def test_digits_are_split_without_overlap_and_scaled_by_the_training_set() -> None:
    parts = digits()
    train, test = parts["train"], parts["test"]
    assert train.x.shape == (1400, 1, 8, 8)
    assert test.x.shape == (397, 1, 8, 8)
    assert abs(float(train.x.mean())) < 1e-5
    assert float(train.x.std()) == pytest.approx(1, abs=1e-5)
    # duplicates among the 1797 images would be no overlap of the split; there are none
    rows = {image.numpy().tobytes() for part in parts.values() for image in part.x}
    assert len(rows) == 1797
    assert not torch.equal(digits(seed=1)["test"].labels, test.labels)
    assert len(digits(train_size=100)["test"]) == 1697


def test_enlarged_digits_keep_their_labels_and_are_redrawn_only_for_training() -> None:
    plain, large = digits(), digits(size=16, copies=3)
    assert large["train"].x.shape == (4200, 1, 16, 16)
    assert torch.equal(large["train"].labels, plain["train"].labels.repeat(3))
    assert torch.equal(large["test"].labels, plain["test"].labels)
    small = torch.nn.functional.avg_pool2d(large["train"].x[:100], 2).flatten(1)
    pairs = zip(small, plain["train"].x[:100].flatten(1), strict=True)
    assert min(float(torch.corrcoef(torch.stack(pair))[0, 1]) for pair in pairs) > 0.9
    assert not torch.equal(large["train"].x[:1400], large["train"].x[1400:2800])
    assert torch.equal(large["train"].x, digits(size=16, copies=3)["train"].x)


def test_redrawing_moves_an_image_by_no_more_than_it_says() -> None:
    dot = torch.zeros(200, 1, 33, 33)
    dot[:, :, 16, 16] = 1.0
    redrawn = redraw(dot, seed=3)[:, 0]
    weight = redrawn.sum((1, 2))
    place = torch.arange(33.0)
    across, down = (redrawn.sum(1) @ place) / weight, (redrawn.sum(2) @ place) / weight
    shift = torch.stack([across, down]) - 16
    assert shift.abs().max() < 1.2 * 3.4 / 0.85 + 0.5  # a tenth of 33 pixels, turned and stretched
    assert shift.abs().max() > 2.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: digits(size=7), "size must be"),
        (lambda: digits(copies=0), "copies must be"),
        (lambda: digits(train_size=1797), "train_size must be"),
        (lambda: digits(seed=-1), "seed must be"),
        (lambda: redraw(None, 0), "images must"),
        (lambda: cifar(20), "classes must be 10 or 100, got 20"),
        (lambda: cifar("ten"), "classes must be a whole number"),
        (lambda: cifar(10, 3), "path must be a path"),
        (lambda: mnist(3), "folder must be a path"),
    ],
)
@pytest.mark.usefixtures("as_users_call")
def test_wrong_arguments_are_named(call, message) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        call()


# --- CIFAR-10 and CIFAR-100 ------------------------------------------------------------------------------------------

FILES = {
    10: [f"cifar-10-batches-bin/{name}.bin" for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")],
    100: ["cifar-100-binary/train.bin", "cifar-100-binary/test.bin"],
}


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def records(classes: int, seed: int, count: int = 4) -> np.ndarray:
    """Label bytes, of CIFAR-100 a coarse one first, and 3072 bytes of picture."""
    rng, labels = np.random.default_rng(seed), 1 if classes == 10 else 2
    rows = rng.integers(0, 256, (count, labels + 3072), dtype=np.uint8)
    rows[:, labels - 1] %= classes
    return rows


@pytest.fixture(params=[10, 100])
def published(request, tmp_path) -> tuple[int, Path, dict[str, np.ndarray]]:
    files = {name: records(request.param, seed) for seed, name in enumerate(FILES[request.param])}
    path = archive(tmp_path / "cifar.tar.gz", {name: rows.tobytes() for name, rows in files.items()})
    return request.param, path, files


def test_cifar_is_read_record_by_record(published) -> None:
    classes, path, files = published
    parts, labels = cifar(classes, str(path)), 1 if classes == 10 else 2
    train = np.concatenate([files[name] for name in FILES[classes][:-1]])
    for part, rows in (("train", train), ("test", files[FILES[classes][-1]])):
        assert parts[part].labels.tolist() == rows[:, labels - 1].tolist()
        assert parts[part].x.shape == (len(rows), 3, 32, 32)
        x, _ = parts[part].__getitems__([2])
        green = rows[2, labels + 1024 : labels + 2048].reshape(32, 32)  # a plane a colour, row by row
        np.testing.assert_allclose(x[0, 1], green / 255, atol=1e-6)


def test_a_wrong_cifar_archive_is_refused(tmp_path, published) -> None:
    classes, path, files = published
    last, label = FILES[classes][-1], 0 if classes == 10 else 1
    whole = {name: rows.tobytes() for name, rows in files.items()}
    foreign = bytearray(whole[last])
    foreign[label] = classes
    changes = {
        f"{last} does not consist of {3073 + label}-byte records": whole | {last: whole[last][:-1]},
        f"labels 0 to {classes - 1}": whole | {last: bytes(foreign)},
        f"is not the binary CIFAR-{classes} archive: it holds no file {last}": {
            n: b for n, b in whole.items() if n != last
        },
    }
    for message, changed in changes.items():
        with pytest.raises(FormatError, match=message):
            cifar(classes, archive(tmp_path / "wrong.tar.gz", changed))
    (tmp_path / "cut.tar.gz").write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    for wrong in ("cut.tar.gz", "none.tar.gz"):
        with pytest.raises(FormatError, match=f"is not the binary CIFAR-{classes} archive"):
            cifar(classes, tmp_path / wrong)


def test_one_set_is_not_taken_for_the_other(published) -> None:
    classes, path, _ = published
    with pytest.raises(FormatError, match="it holds no file"):
        cifar(110 - classes, path)


@pytest.mark.parametrize("classes", [10, 100])
def test_another_file_in_the_place_of_cifar_is_named(classes, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path))
    (tmp_path / f"cifar-{classes}-binary.tar.gz").write_bytes(b"something else")
    with pytest.raises(DatasetUnavailable, match=f"must be {DATASETS[f'cifar{classes}'].files[0].digest}"):
        cifar(classes)


# --- MNIST -----------------------------------------------------------------------------------------------------------


def idx(values: np.ndarray) -> bytes:
    head = b"\x00\x00\x08" + bytes([values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return gzip.compress(head + values.astype(np.uint8).tobytes())


def mnist_folder(folder: Path, changed: dict[str, bytes] | None = None) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    images = {"train": rng.integers(0, 256, (20, 28, 28)), "t10k": rng.integers(0, 256, (5, 28, 28))}
    files = {f"{name}-images-idx3-ubyte.gz": idx(values) for name, values in images.items()}
    files |= {f"{name}-labels-idx1-ubyte.gz": idx(np.arange(len(values)) % 10) for name, values in images.items()}
    for name, content in (files | (changed or {})).items():
        (folder / name).write_bytes(content)
    return images


def test_mnist_reads_idx_files(tmp_path) -> None:
    images = mnist_folder(tmp_path)
    parts = mnist(tmp_path)
    assert {name: tuple(part.x.shape) for name, part in parts.items()} == {
        "train": (20, 1, 28, 28),
        "test": (5, 1, 28, 28),
    }
    x, labels = parts["test"].__getitems__([3])
    np.testing.assert_allclose(x[0, 0], images["t10k"][3] / 255, rtol=1e-6)
    assert int(labels[0]) == 3
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DatasetUnavailable, match=r"mnist: .* holds no t10k-labels-idx1-ubyte\.gz"):
        mnist(tmp_path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train-images-idx3-ubyte.gz": idx(np.zeros((20, 14, 56)))}, "must hold 28x28 images"),
        ({"train-labels-idx1-ubyte.gz": idx(np.arange(19) % 10)}, "must hold 28x28 images"),
        ({"t10k-labels-idx1-ubyte.gz": idx(np.array([3, 12, 1, 1, 1]))}, "must hold 28x28 images"),
        ({"t10k-images-idx3-ubyte.gz": gzip.compress(b"\x00\x00\x08\x03\x00\x00")}, "path must be a whole IDX"),
        ({"t10k-images-idx3-ubyte.gz": gzip.compress(b"\x00\x00\x08\x01\x00\x00\x00\x09abc")}, "path must be a whole"),
        ({"t10k-images-idx3-ubyte.gz": idx(np.zeros((5, 28, 28)))[:40]}, "path must be a gzipped IDX"),
    ],
)
def test_damaged_mnist_is_named(tmp_path, changed, message) -> None:
    mnist_folder(tmp_path, changed)
    with pytest.raises(FormatError, match=message):
        mnist(tmp_path)


def test_a_file_that_swells_is_refused(tmp_path) -> None:
    swollen = tmp_path / "swollen.gz"
    swollen.write_bytes(gzip.compress(bytes(300_000_000), 9))
    with pytest.raises(FormatError, match="path must be a gzipped IDX"):
        read_idx(swollen)
