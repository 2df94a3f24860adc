from __future__ import annotations

import gzip
import io
import os
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab import pictures
from spectral_lab.archives import FormatError
from spectral_lab.hippo import data
from spectral_lab.hippo.data import arena, expressions, pixels, snakes
from spectral_lab.hippo.data.memory_tasks import delayed

SMALL = {"max_depth": 5, "max_args": 5, "min_length": 10, "max_length": 60}


def words(row: np.ndarray, length: int) -> list[str]:
    return [expressions.VOCABULARY[code] for code in row[: length - 1]]


@pytest.fixture(autouse=True)
def _data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path))


# --- ListOps ---------------------------------------------------------------------------------------------------------


def test_tokens_and_values_are_the_arena_s(facts):
    for example in facts["listops"]["examples"]:
        assert data.listops_tokens(example["source"]) == example["tokens"]
        assert len(example["tokens"]) == example["length"]
        assert data.listops_value(example["tokens"]) == example["target"]


def test_generated_expressions_have_the_value_and_length_they_say():
    x, lengths, values = data.listops_arrays(300, seed=1, workers=1)
    assert len({row.tobytes() for row in x}) == 300
    assert ((lengths - 1 > 500) & (lengths - 1 < 2000)).all()
    for row, length, value in zip(x[:60], lengths, values, strict=False):
        assert row[length - 1] == expressions.END
        assert not row[length:].any()
        assert data.listops_value(words(row, length)) == value
    assert abs(lengths.mean() - 1034) < 80


@given(seed=st.integers(0, 10**6))
def test_small_trees_obey_their_limits(seed):
    x, lengths, values = data.listops_arrays(20, seed, workers=1, **SMALL)
    for row, length, value in zip(x, lengths, values, strict=True):
        tokens = words(row, length)
        assert 10 < len(tokens) < 60
        assert data.listops_value(tokens) == value
        depth = np.cumsum([(t in expressions.OPERATORS) - (t == "X") for t in tokens])
        assert depth.max() <= 4


def test_operators_arguments_and_answers_are_spread_as_the_recipe_says():
    """Against a plain recursion with Python's generator: shares of answers, and the mean length."""
    import random

    draw = random.Random(0)

    def tree(depth: int) -> tuple[int, int]:
        if depth == 10 or draw.random() > 0.25:
            return draw.randrange(10), 1
        parts = [tree(depth + 1) for _ in range(draw.randint(2, 10))]
        values = np.array([value for value, _ in parts])
        return expressions._apply(draw.choice(expressions.OPERATORS), values), 2 + sum(n for _, n in parts)

    kept = []
    while len(kept) < 400:
        value, length = tree(1)
        if 500 < length < 2000:
            kept.append((value, length))
    _, lengths, values = data.listops_arrays(3000, seed=0, workers=1)
    plain = np.bincount([value for value, _ in kept], minlength=10) / len(kept)
    ours = np.bincount(values, minlength=10) / len(values)
    assert np.abs(plain - ours).max() < 0.06
    assert ours[0] == pytest.approx(ours[9], abs=0.03)
    assert lengths.mean() - 1 == pytest.approx(np.mean([length for _, length in kept]), rel=0.08)


def test_bushy_trees_do_not_outgrow_memory():
    """With 40 arguments an operator the tenth level would hold 5^9 nodes for each root; hopeless trees stop growing."""
    arity, _, short = expressions._grow(np.random.default_rng(0), 10, 40, 2000)
    assert max(map(len, arity)) < 4 * expressions.CROWD
    assert short.any()
    x, lengths, values = data.listops_arrays(20, 2, max_depth=6, max_args=40, workers=1)
    assert ((lengths - 1 > 500) & (lengths - 1 < 2000)).all()
    for row, length, value in zip(x, lengths, values, strict=True):
        assert data.listops_value(words(row, length)) == value


def test_growth_in_a_crowd_keeps_the_distribution(monkeypatch):
    plain = data.listops_arrays(1500, 4, workers=1, **SMALL)
    monkeypatch.setattr(expressions, "CROWD", 0)
    crowded = data.listops_arrays(1500, 5, workers=1, **SMALL)
    assert crowded[1].mean() == pytest.approx(plain[1].mean(), abs=4 * plain[1].std() * np.sqrt(2 / 1500))
    shares = [np.bincount(values, minlength=10) / 1500 for _, _, values in (plain, crowded)]
    assert np.abs(shares[0] - shares[1]).max() < 0.05


def test_the_result_does_not_depend_on_the_workers():
    alone = data.listops_arrays(50, 3, workers=1, **SMALL)
    together = data.listops_arrays(50, 3, workers=2, **SMALL)
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


def test_listops_is_cached_and_split(tmp_path):
    first = data.listops(30, 10, 10, seed=5, workers=1, **SMALL)
    assert len(list((tmp_path / "hippo").glob("listops-*.npz"))) == 1
    again = data.listops(30, 10, 10, seed=5, workers=1, **SMALL)
    assert torch.equal(first["test"].x, again["test"].x)
    x, lengths, labels = again["train"].__getitems__([0, 3])
    assert x.dtype == torch.int64
    assert x.shape == (2, int(lengths.max()))
    assert len(labels) == 2


# --- Pathfinder ------------------------------------------------------------------------------------------------------


def test_pathfinder_has_the_statistics_of_the_original(facts):
    images, labels = data.pathfinder_images(200, 32, seed=0, workers=2)
    reference = facts["pathfinder32_stats"]
    error = reference["per_image_mean_std"] * np.sqrt(2 / 200)  # of the difference of two samples of 200
    assert images.mean() == pytest.approx(reference["mean"], abs=2.5 * error)
    assert images.std() == pytest.approx(reference["std"], abs=0.8)
    assert (images > 0).mean() == pytest.approx(reference["nonzero_fraction"], abs=0.01)
    assert (images >= 128).mean() == pytest.approx(reference["fraction_ge_128"], abs=0.008)
    assert images.mean((1, 2)).std() == pytest.approx(reference["per_image_mean_std"], rel=0.3)
    assert 0.3 < labels.mean() < 0.7


def test_path_x_has_the_statistics_of_the_original(facts, numbers):
    images, _ = data.pathfinder_images(5, 128, seed=0, workers=1)
    reference = facts["pathfinder128_stats"]
    assert images.mean() == pytest.approx(reference["mean"], abs=0.6)
    assert images.std() == pytest.approx(reference["std"], abs=1.5)
    assert (images > 0).mean() == pytest.approx(reference["nonzero_fraction"], abs=0.01)
    assert numbers["pf128_images"].shape[1:] == images.shape[1:]


@pytest.mark.parametrize(
    ("end", "pixels", "sums", "squares"),
    [
        ((0, 10), 33, (0, 165), (22, 1155)),
        ((-10, 0), 33, (-165, 0), (1155, 22)),
        ((7, 8), 40, (140, 160), (692, 924)),
        ((-4, 9), 24, (-48, 108), (148, 704)),
        ((9, 6), 42, (189, 126), (1205, 544)),
        ((1, 10), 24, (12, 120), (16, 870)),
        ((-6, -7), 34, (-102, -119), (442, 613)),
    ],
)
def test_thick_strokes_are_those_of_the_image_library(end, pixels, sums, squares):
    """Pixels, and sums of their offsets and squares, of ImageDraw.line with width 3 (Pillow 13), which drew the set."""
    at = np.argwhere(snakes._stroke(41, (20, 20), (20 + end[0], 20 + end[1]), 3)) - 20
    assert (len(at), tuple(at.sum(0)), tuple((at**2).sum(0))) == (pixels, sums, squares)


def test_level_and_upright_paddles_are_straight():
    """sin(180 degrees) is 1e-16, which must not be rounded up to a pixel: most paddles lie along an axis."""
    for size, setting in snakes.SETTINGS.items():
        for margin in setting.margins:
            length = setting.paddle * snakes.FINE
            tips = {d: snakes.fine_tip(setting, np.deg2rad(d), margin) for d in (-180, -90, 0, 90, 180, -30, 150)}
            assert tips[0] == (0, length), size
            assert tips[90] == (length, 0)
            assert tips[-90] == (-length, 0)
            assert tips[180] == tips[-180] == (0, -length)
            assert tips[-30][0] == -length // 2
            assert tips[150][0] == length // 2


def test_labels_say_whether_the_discs_share_a_snake():
    """The two tips are marked by discs: same snake for label 1, else one tip of each; checked on the drawing itself."""
    setting, seen = snakes.SETTINGS[32], set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        image, label = snakes.one_image(setting, rng)
        assert image.min() == 0
        assert image.max() == 255
        seen.add(label)
    assert seen == {0, 1}


def test_a_paddle_shrinks_like_a_lanczos_filter():
    """A constant stays constant, and a paddle keeps its area: a quarter of its pixels at twice the resolution."""
    np.testing.assert_array_equal(snakes.shrink(np.full((21, 21), 200.0), 11), 200)
    paddle = snakes.sprite((0, 10), 5, 1.5, 2)
    assert paddle.line.sum() == pytest.approx(33 / 4, rel=0.1)
    assert (paddle.mask >= paddle.line - 1e-9).all()


def test_pathfinder_splits_pixels_in_order():
    parts = data.pathfinder(32, 3, 1, 1, workers=1)
    x, lengths, labels = parts["train"].__getitems__([0, 1, 2])
    assert x.shape == (3, 1024, 1)
    assert lengths is None
    assert 0 <= float(x.min()) < float(x.max()) <= 1
    images, expected = data.pathfinder_images(5, 32, 0, workers=1)
    np.testing.assert_allclose(x[:, :, 0].numpy(), images[:3].reshape(3, -1) / 255, rtol=1e-6)
    np.testing.assert_array_equal(labels, expected[:3])


# --- signals ---------------------------------------------------------------------------------------------------------


def test_delay_signals_are_the_authors(numbers, facts):
    p = facts["inputs"]["delay"]
    made = data.delay(1, p["samples"], p["l_seq"], p["l_lag"], p["freq"], p["seed"])["test"]
    np.testing.assert_allclose(made.x.numpy(), numbers["delay_x"], atol=1e-6)
    np.testing.assert_allclose(made.targets.numpy(), numbers["delay_y"], atol=1e-6)


def test_reconstruction_asks_for_the_end_of_the_signal():
    part = data.reconstruction(2, 1, length=400, remembered=100, dt=1e-2, freq=5.0)["train"]
    assert torch.equal(part.x[:, -100:, 0], part.targets)
    np.testing.assert_array_equal(delayed([[1.0, 2.0, 3.0]], 1), [[0, 1, 2]])


# --- published formats -----------------------------------------------------------------------------------------------


def test_bit_reversal_is_the_authors(facts):
    order = data.bit_reversal(784)
    assert order[:20].tolist() == facts["bitrev784_first20"]
    assert sorted(order.tolist()) == list(range(784))


def idx(values: np.ndarray) -> bytes:
    head = b"\x00\x00\x08" + bytes([values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return gzip.compress(head + values.astype(np.uint8).tobytes())


def test_mnist_reads_idx_files(tmp_path):
    rng = np.random.default_rng(0)
    images = {"train": rng.integers(0, 256, (20, 28, 28)), "t10k": rng.integers(0, 256, (5, 28, 28))}
    for name, values in images.items():
        (tmp_path / f"{name}-images-idx3-ubyte.gz").write_bytes(idx(values))
        (tmp_path / f"{name}-labels-idx1-ubyte.gz").write_bytes(idx(np.arange(len(values)) % 10))
    parts = data.mnist(folder=tmp_path)
    assert {name: len(part) for name, part in parts.items()} == {"train": 18, "val": 2, "test": 5}
    x, _, labels = parts["test"].__getitems__([3])
    np.testing.assert_allclose(x[0, :, 0].numpy(), images["t10k"][3].ravel() / 255, rtol=1e-6)
    assert int(labels[0]) == 3
    permuted, _, _ = data.mnist(permuted=True, folder=tmp_path)["test"].__getitems__([3])
    np.testing.assert_allclose(permuted[0, :, 0], x[0, data.bit_reversal(784), 0])


def test_cifar_reads_records_of_a_label_and_three_planes(tmp_path):
    rng, path = np.random.default_rng(1), tmp_path / "cifar.tar.gz"
    planes, labels = rng.integers(0, 256, (60, 3072), dtype=np.uint8), rng.integers(0, 10, (60, 1), dtype=np.uint8)
    records = np.concatenate([labels, planes], axis=1)
    with tarfile.open(path, "w:gz") as archive:
        for i, name in enumerate([*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]):
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            body = records[10 * i : 10 * i + 10].tobytes()
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    parts = data.cifar10(path=str(path))
    assert {name: len(part) for name, part in parts.items()} == {"train": 45, "val": 5, "test": 10}
    red, green, blue = planes[52].reshape(3, 1024)[:, 7].astype(int)
    grey = (19595 * red + 38470 * green + 7471 * blue + 2**15) >> 16
    assert float(parts["test"].x[2, 7, 0]) == pytest.approx((grey - 122.6) / 61, abs=1e-5)
    assert data.cifar10(True, str(path))["test"].x.shape == (10, 1024, 3)
    green = planes[53].reshape(3, 1024)[1] / 255
    np.testing.assert_allclose(data.cifar10(True, path)["test"].x[3, :, 1], (green - 0.4822) / 0.1994, atol=1e-5)
    white = pixels._greys(torch.full((1, 3, 32, 32), 255, dtype=torch.uint8))
    assert float(white.max()) == pytest.approx((255 - 122.6) / 61)


def test_digits_are_the_pictures_row_by_row():
    for options in ({}, {"size": 16, "copies": 2, "train_size": 100}):
        parts, images = data.digits(**options), pictures.digits(**options)
        for name, part in parts.items():
            torch.testing.assert_close(part.x.view(images[name].x.shape), images[name].x)
            assert torch.equal(part.labels, images[name].labels)


def test_lra_listops_reads_the_release(tmp_path, facts):
    lines = ["Source\tTarget"] + [f"{e['source']}\t{e['target']}" for e in facts["listops"]["examples"]]
    for name in ("train", "val", "test"):
        (tmp_path / f"basic_{name}.tsv").write_text("\n".join(lines) + "\n")
    part = data.lra_listops(tmp_path)["val"]
    first = facts["listops"]["examples"][0]
    assert words(part.x[0].numpy(), int(part.lengths[0])) == first["tokens"]
    assert part.labels.tolist() == [e["target"] for e in facts["listops"]["examples"]]
    (tmp_path / "basic_val.tsv").write_text("a\tb\n")
    with pytest.raises(ValueError, match="folder must"):
        data.lra_listops(tmp_path)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(image: np.ndarray, kind: int) -> bytes:
    """A grey PNG whose rows are all filtered in one of the five ways."""
    rows, above = b"", np.zeros(image.shape[1], dtype=int)
    for row in image.astype(int):
        left, corner = np.concatenate([[0], row[:-1]]), np.concatenate([[0], above[:-1]])
        p = left + above - corner
        options = np.stack([left, above, corner])
        paeth = np.take_along_axis(options, np.abs(p - options).argmin(0)[None], 0)[0]
        guess = [0 * row, left, above, (left + above) // 2, paeth][kind]
        rows += bytes([kind]) + ((row - guess) % 256).astype(np.uint8).tobytes()
        above = row

    header = struct.pack(">IIBBBBB", image.shape[1], image.shape[0], 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@given(kind=st.integers(0, 4), seed=st.integers(0, 1000))
def test_png_filters_are_undone(kind, seed, tmp_path_factory):
    image = np.random.default_rng(seed).integers(0, 256, (6, 9)).astype(np.uint8)
    path = tmp_path_factory.mktemp("png") / "x.png"
    path.write_bytes(png(image, kind))
    np.testing.assert_array_equal(arena.read_png(path), image)


def test_lra_pathfinder_reads_metadata_and_skips_the_empty_file(tmp_path):
    (tmp_path / "metadata").mkdir()
    (tmp_path / "imgs" / "0").mkdir(parents=True)
    lines = []
    for i in range(21):
        file = tmp_path / "imgs" / "0" / f"sample_{i}.png"
        file.write_bytes(b"" if i == 4 else png(np.full((32, 32), i, dtype=np.uint8), 1))
        lines.append(f"imgs/0 sample_{i}.png {i} {i % 2} 1.0 14 4 2 0.5 1 1")
    (tmp_path / "metadata" / "0.npy").write_text("\n".join(lines))
    parts = data.lra_pathfinder(tmp_path)
    assert {name: len(part) for name, part in parts.items()} == {"train": 16, "val": 2, "test": 2}
    for part in parts.values():
        assert (part.labels == part.x[:, 0, 0] % 2).all()
        assert 4 not in part.x[:, 0, 0]


def test_imdb_reads_characters_from_the_archive(tmp_path):
    path = tmp_path / "small.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in {"train/pos/0_9.txt": "aab", "train/neg/1_2.txt": "abz", "test/pos/2_8.txt": "bq"}.items():
            info = tarfile.TarInfo(f"aclImdb/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    parts = data.imdb(path, length=3, rare=2)
    assert parts["train"].x.tolist() == [[3, 3, 2], [3, 4, 2]]  # cut to length with <eos>
    assert parts["test"].x.tolist() == [[4, 1, 2]]  # q was never seen
    assert parts["train"].labels.tolist() == [1, 0]
    with pytest.raises(ValueError, match="path must be the IMDB archive"):
        data.imdb(tmp_path / "missing.tar.gz")


def test_aan_reads_pairs(tmp_path):
    for name in ("train", "eval", "test"):
        (tmp_path / f"new_aan_pairs.{name}.tsv").write_text("1.0\t7\t8\tab\tb\n0.0\t9\t8\tb\t'\"a\n")
    pairs = data.aan(tmp_path)["val"]
    x, n, y, m, labels = pairs.__getitems__([0, 1])
    assert (n.tolist(), m.tolist(), labels.tolist()) == ([3, 2], [2, 4], [1, 0])
    assert x.shape == (2, 3)
    assert y.shape == (2, 4)


def test_batches_of_the_release_are_read_in_the_order_of_their_numbers(tmp_path):
    """... and split by torch's permutation, as the authors do: 2 before 10."""
    (tmp_path / "metadata").mkdir()
    (tmp_path / "imgs").mkdir()
    for i, batch in enumerate((0, 1, 2, 10, 11, 20, 100, 101, 102, 103)):
        (tmp_path / "imgs" / f"{batch}.png").write_bytes(png(np.full((4, 4), i, dtype=np.uint8), 0))
        (tmp_path / "metadata" / f"{batch}.npy").write_text(f"imgs {batch}.png 0 {i % 2} 1.0\n")
    parts = data.lra_pathfinder(tmp_path)
    order = torch.randperm(10, generator=torch.Generator().manual_seed(42))
    found = torch.cat([parts[name].x[:, 0, 0] for name in ("train", "val", "test")])
    assert torch.equal(found.long(), order)


def test_cifar_and_mnist_are_split_as_by_the_authors(tmp_path):
    """torch.utils.data.random_split with the seed 42."""
    path = tmp_path / "cifar.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for k, name in enumerate([*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]):
            body = b"".join(bytes([k]) + bytes([10 * k + i]) * 3072 for i in range(10))
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    val = data.cifar10(path=str(path))["val"].x[:, 0, 0] * 61 + 122.6
    _, expected = torch.utils.data.random_split(range(50), (45, 5), generator=torch.Generator().manual_seed(42))
    assert val.round().long().tolist() == list(expected)


def damaged_archive(tmp_path, names: list[str], size: int = 20_000) -> object:
    """A gzipped tar with noise inside, in whose middle 50 bytes are overwritten."""
    file, rng = io.BytesIO(), np.random.default_rng(0)
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = size
            archive.addfile(info, io.BytesIO(rng.integers(0, 8, size).astype(np.uint8).tobytes()))
    content = bytearray(file.getvalue())
    content[len(content) // 2 : len(content) // 2 + 50] = bytes(50)
    path = tmp_path / "damaged.tar.gz"
    path.write_bytes(bytes(content))
    return path


HEAD = "Source\tTarget\n( ( ( [MAX 3 ) 4 ) ] )\t4\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Source\tTarget\n", "folder must hold basic_train.tsv"),
        (HEAD + "( 3 )\n", "line 3: must have an expression"),
        (HEAD + "3\tx\n", "line 3: label must be"),
        (HEAD + "3\t11\n", "line 3: label must be"),
        (HEAD + "\t4\n", "line 3: must have an expression"),
        (HEAD + "[FOO 3 ]\t3\n", "source must be one of"),
    ],
)
def test_damaged_listops_is_named(tmp_path, text, message):
    for name in ("train", "val", "test"):
        (tmp_path / f"basic_{name}.tsv").write_text(text)
    with pytest.raises(ValueError, match=message):
        data.lra_listops(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [("x\t1\t2\ta\tb", "label must be"), ("2\t1\t2\ta\tb", "label must be"), ("1\t1\t2\ta", "must have five columns")],
)
def test_damaged_aan_is_named(tmp_path, line, message):
    for name in ("train", "eval", "test"):
        (tmp_path / f"new_aan_pairs.{name}.tsv").write_text(f"1.0\t7\t8\tab\tb\n{line}\n")
    with pytest.raises(ValueError, match=f"line 2: {message}"):
        data.aan(tmp_path)


@pytest.mark.parametrize(
    ("image", "line", "message"),
    [
        (png(np.zeros((4, 4)), 0)[:50], "", "path must be a whole PNG"),
        (png(np.zeros((4, 4)), 0)[:12], "", "path must be a whole PNG"),
        (png(np.zeros((2, 2)), 0), "", r"must have the size \(4, 4\)"),
        (None, "", "names an image that is missing"),
        (png(np.zeros((4, 4)), 0), "imgs x.png 1", "line 2: must name an image"),
        (png(np.zeros((4, 4)), 0), "imgs 1.png 1 left", "line 2: label must be"),
    ],
)
def test_damaged_pathfinder_is_named(tmp_path, image, line, message):
    (tmp_path / "metadata").mkdir()
    (tmp_path / "imgs").mkdir()
    (tmp_path / "imgs" / "0.png").write_bytes(png(np.zeros((4, 4)), 0))
    if image is not None:
        (tmp_path / "imgs" / "1.png").write_bytes(image)
    (tmp_path / "metadata" / "0.npy").write_text(f"imgs 0.png 0 0 1.0\n{line or 'imgs 1.png 1 1 1.0'}\n")
    with pytest.raises(ValueError, match=message):
        data.lra_pathfinder(tmp_path)


def test_damaged_archives_and_caches_are_named(tmp_path):
    with pytest.raises(ValueError, match="path must be the IMDB archive"):
        data.imdb(damaged_archive(tmp_path, [f"aclImdb/{p}/{q}/0_1.txt" for p in ("train", "test") for q in ("pos",)]))
    names = [f"cifar-10-batches-bin/{name}.bin" for name in (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch")]
    with pytest.raises(ValueError, match=r"binary CIFAR-10 archive|3073-byte records"):
        data.cifar10(path=str(damaged_archive(tmp_path, names)))
    data.listops(30, 10, 10, seed=5, workers=1, **SMALL)
    (cache,) = (tmp_path / "hippo").glob("listops-*.npz")
    cache.write_bytes(cache.read_bytes()[:200])
    with pytest.raises(ValueError, match="is damaged, delete it"):
        data.listops(30, 10, 10, seed=5, workers=1, **SMALL)


def test_a_picture_that_claims_more_than_it_holds_is_refused(tmp_path):
    """A size of 2^31, a stream that swells, and one that is too short for its size."""
    path = tmp_path / "x.png"
    start, bomb = b"\x89PNG\r\n\x1a\n", zlib.compress(bytes(50_000_000))
    for width, height, body in ((2**31 - 1, 2**31 - 1, bomb), (4, 4, bomb), (1000, 1000, zlib.compress(b"abc"))):
        header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
        path.write_bytes(start + chunk(b"IHDR", header) + chunk(b"IDAT", body))
        with pytest.raises(FormatError, match="path must be a"):
            arena.read_png(path)


def test_a_table_may_not_name_files_outside_its_folder(tmp_path):
    folder = tmp_path / "set"
    (folder / "metadata").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(png(np.zeros((4, 4)), 0))
    for where in ("..", str(tmp_path)):
        (folder / "metadata" / "0.npy").write_text(f"{where} secret.png 0 1 1.0\n")
        with pytest.raises(FormatError, match="not a path inside"):
            data.lra_pathfinder(folder)


def test_files_that_swell_or_run_on_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(arena, "LONGEST_LINE", 100)
    for name in ("train", "val", "test"):
        (tmp_path / f"basic_{name}.tsv").write_text(HEAD + "[MAX " + "3 " * 100 + "]\t3\n")
    with pytest.raises(FormatError, match="more than the 100 characters"):
        data.lra_listops(tmp_path)
    monkeypatch.setattr(arena, "LONGEST_LINE", 1000)
    monkeypatch.setattr(arena, "LARGEST", 150)
    with pytest.raises(FormatError, match="2 texts of up to 103 tokens"):
        data.lra_listops(tmp_path)


@pytest.mark.parametrize("text", ["1e19", "nan", "-1", "inf", "0.5", "10" * 200])
def test_a_label_is_a_class(tmp_path, text):
    with pytest.raises(FormatError, match="label must be"):
        arena._label(text, 10, tmp_path, 1)


def test_a_cache_that_claims_more_than_it_holds_is_refused(tmp_path):
    path = tmp_path / "cache.npz"
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"shape": (10**12,), "fortran_order": False, "descr": "<f8"})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("arr_0.npy", head.getvalue() + bytes(8))
    with pytest.raises(FormatError, match="is damaged, delete it"):
        expressions.cached(path, list)


def test_processes_are_capped_by_cores_and_work(monkeypatch):
    asked = []
    monkeypatch.setattr(expressions.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(expressions, "ProcessPoolExecutor", lambda count, **_: asked.append(count) or nullcontext())
    for workers, jobs in ((200, 100), (10**6, 3), (None, 100), (2, 100)):
        with expressions.in_processes(workers, jobs):
            pass
    assert asked == [4, 3, 4, 2]
    with expressions.in_processes(200, 1) as pool:  # one job needs no process
        assert list(pool.map(abs, [-1])) == [1]


ORPHANS = """
import os
from spectral_lab.hippo.data import expressions
expressions.os.cpu_count = lambda: 2
with expressions.in_processes(2, 2) as pool:
    print(*{pool.submit(os.getpid).result() for _ in range(20)}, *pool._processes, flush=True)
    os._exit(9)  # as a killed process ends: nothing is cleaned up
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are looked up in the way of POSIX systems")
def test_processes_end_with_their_parent():
    run = subprocess.run([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, text=True, check=False)
    left = {int(pid) for pid in run.stdout.split()}
    assert left
    for _ in range(100):
        left = {pid for pid in left if _alive(pid)}
        if not left:
            break
        time.sleep(0.1)
    assert not left


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.is_file() and status.read_text().split(")")[-1].split()[0] == "Z")  # dead, not yet collected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: data.listops_tokens(3), "source must"),
        (lambda: data.listops_value(None), "tokens must"),
        (lambda: data.listops_arrays(10**400), "count must"),
        (lambda: data.listops_arrays(5, max_args=10**9), "max_args must"),
        (lambda: data.pathfinder_images(10**9), "count must"),
        (lambda: data.delay(10**9, 1, length=100, lag=3), "train and length must"),
        (lambda: delayed(np.ones((2, 4)) + 1j, 1), "signals must"),
        (lambda: data.listops_tokens("( [MAX 3 ) foo"), "source must"),
        (lambda: data.listops_value(["[MAX", "3"]), "tokens must be one whole"),
        (lambda: data.listops_value(["X"]), "tokens must close"),
        (lambda: data.listops_arrays(0), "count must"),
        (lambda: data.listops_arrays(5, min_length=20, max_length=10), "max_length must"),
        (
            lambda: data.listops_arrays(5000, max_depth=2, max_args=2, min_length=3, max_length=5, workers=1),
            "count must",
        ),
        (lambda: data.pathfinder_images(1, 33), "size must"),
        (lambda: data.pathfinder_images(1, 32, -1), "seed must"),
        (lambda: data.pathfinder(64, 1, 1, 1), "size must"),
        (lambda: data.delay(length=3, lag=1, train=1, test=1), "length must"),
        (lambda: data.delay(length=100, lag=100, train=1, test=1), "lag must"),
        (lambda: data.reconstruction(1, 1, length=10, remembered=11), "remembered must"),
        (lambda: data.bit_reversal(0), "length must"),
    ],
)
@pytest.mark.usefixtures("as_users_call")
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
