from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from spectral_lab.archives import FormatError
from spectral_lab.cli import main
from spectral_lab.heavytails import esd, gaussian_matrix, planted_matrix, tail_exponent
from spectral_lab.heavytails.checkpoints import Checkpoint, Entry, decode, open_checkpoint
from spectral_lab.heavytails.page import page
from spectral_lab.heavytails.report import memory, read_layers, report

NOISE, SIGNAL = gaussian_matrix((48, 96), 0), planted_matrix((48, 96), np.geomspace(8, 0.5, 16), 1)


def tensors(**arrays: Any) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(np.asarray(value, dtype=np.float32)) for name, value in arrays.items()}


def file_of(path: Path, header: dict[str, Any], body: bytes) -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    return path


def claim(shape: tuple[int, ...], start: int, end: int, kind: str = "F32") -> dict[str, Any]:
    return {"dtype": kind, "shape": list(shape), "data_offsets": [start, end]}


def test_a_folder_with_an_index_in_half_precision_as_language_models_are_published(tmp_path: Path) -> None:
    names = [f"model.layers.{i}.{part}.weight" for i in range(2) for part in ("self_attn.q_proj", "mlp.down_proj")]
    placed = {}
    for number, kind in enumerate((torch.bfloat16, torch.float16)):
        part = {name: torch.tensor(SIGNAL).to(kind) for name in names[2 * number : 2 * number + 2]}
        part[f"model.layers.{number}.input_layernorm.weight"] = torch.ones(48, dtype=kind)
        real = tmp_path / "blobs" / f"blob{number}"  # model hubs keep links to files with other names
        real.parent.mkdir(exist_ok=True)
        save_file(part, real)
        (tmp_path / f"part{number}.safetensors").symlink_to(real)
        placed |= dict.fromkeys(part, f"part{number}.safetensors")
    placed |= {"lm_head.weight": "part2.safetensors", "evil.weight": "../../evil.safetensors"}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": placed}))
    result = report(tmp_path, farms=32)
    assert [layer.name for layer in result.layers] == sorted(names)
    for layer in result.layers:
        assert layer.alpha == pytest.approx(tail_exponent(esd(SIGNAL)).alpha, rel=0.02)
        assert layer.reading in ("heavy tail", "some structure")
        assert layer.farms is not None
    told = "\n".join(result.remarks)
    assert "part2.safetensors is missing, and 1 tensors with it" in told
    assert "'../../evil.safetensors' in model.safetensors.index.json is no name of a file beside it" in told


def test_transposing_as_gpt2_does_changes_no_spectrum_and_noise_reads_like_noise() -> None:
    weights = {"h.0.attn.c_attn.weight": SIGNAL.T, "linear.weight": SIGNAL, "noise.weight": NOISE}
    first, second, noise = report(weights, farms=24).layers
    assert first.alpha == pytest.approx(second.alpha, rel=1e-4)
    assert first.farms == pytest.approx(second.farms, rel=1e-4)
    assert (noise.reading, noise.spikes) == ("like noise", 0)
    assert abs(noise.corrected) < 4 * noise.spread
    assert first.spikes > 3
    assert first.corrected < -0.2


def test_convolutions_of_a_torch_state_dict_and_what_shares_its_values(tmp_path: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Conv2d(8, 24, 3), torch.nn.BatchNorm2d(24), torch.nn.Linear(24, 40))
    state = dict(model.state_dict())
    state["tied.weight"] = state["2.weight"]
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "net.pt")
    result = report(tmp_path / "net.pt")
    assert [layer.name for layer in result.layers] == ["0.weight", "2.weight"]
    assert result.layers[0].count == 9 * 8
    assert result.remarks == ("tied.weight shares its values with 2.weight: read once",)
    in_memory = report(model)
    assert [layer.alpha for layer in in_memory.layers] == [layer.alpha for layer in result.layers]


def test_nothing_in_a_torch_file_runs(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"weight": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(FormatError, match=r"would run as code. Save model.state_dict\(\) alone"):
        open_checkpoint(tmp_path / "evil.pt")
    (tmp_path / "broken.pt").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(FormatError, match=r"broken.pt is not loaded"):
        open_checkpoint(tmp_path / "broken.pt")
    assert not (tmp_path / "ran").exists()


def test_each_lie_of_a_header_costs_one_tensor(tmp_path: Path) -> None:
    body = NOISE.astype("<f4").tobytes()
    size = len(body)
    spoiled = np.full((48, 96), np.nan, dtype="<f4").tobytes()
    header = {
        "good": claim((48, 96), 0, size),
        "spoiled": claim((48, 96), size, 2 * size),
        "twin": claim((48, 96), 0, size),
        "large": claim((10**9, 10**9), 0, 16),
        "odd": claim((2, 2), 0, 16, "Q7"),
        "fraction": claim((2.5, 2), 0, 20),
        "before": claim((2, 2), -16, 0),
        "codes": claim((48, 96), 0, 48 * 96, "I8"),
        "empty": claim((0, 5), 0, 0),
        "vector": claim((96,), 0, 384),
        "cut": claim((48, 96), 2 * size, 3 * size),
        "no": {"dtype": "F32"},
        "nothing": None,
    }
    path = file_of(tmp_path / "lies.safetensors", header, body + spoiled)
    result = report(path)
    assert [layer.name for layer in result.layers] == ["good"]
    told = {line.split()[0].rstrip(":"): line for line in result.remarks}
    assert told.keys() == header.keys() - {"good", "vector"}
    expected = {
        "spoiled": "4,608 NaN or infinite numbers of 4,608",
        "twin": "shares its values with good",
        "large": "needs",
        "odd": "'Q7'",
        "codes": "codes, not weights",
        "empty": "is empty",
        "cut": f"{size:,} bytes of it are missing",
        "no": "lacks",
    }
    assert all(words in told[name] for name, words in expected.items())


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    for content in (b"", b"\xff" * 30, (10**15).to_bytes(8, "little") + b"{}", (3).to_bytes(8, "little") + b"[1]"):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=r"x\.safetensors"):
            open_checkpoint(path)
    path.write_bytes((2).to_bytes(8, "little") + b"{}")  # says, correctly, that there is nothing
    assert open_checkpoint(path).entries == ()


@given(content=st.binary(max_size=200), length=st.integers(0, 200))
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes, length: int) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + content)
    with suppress(FormatError):
        open_checkpoint(path)


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("F32", "float32"),
        ("F64", "float64"),
        ("F16", "float16"),
        ("BF16", "bfloat16"),
        ("F8_E4M3", "float8_e4m3fn"),
        ("F8_E5M2", "float8_e5m2"),
    ],
)
def test_numbers_are_decoded_as_torch_does(kind: str, dtype: str) -> None:
    values = torch.cat([torch.randn(500, generator=torch.Generator().manual_seed(0)) * 10.0**k for k in (-3, 0, 2)])
    stored = values.to(getattr(torch, dtype))
    raw = stored.view(torch.uint8).numpy().tobytes()
    np.testing.assert_array_equal(decode(raw, kind), stored.to(torch.float32).numpy())
    if "8" in dtype:
        every = torch.arange(256, dtype=torch.uint8)
        expected = every.view(getattr(torch, dtype)).to(torch.float32).numpy()
        np.testing.assert_array_equal(decode(every.numpy().tobytes(), kind), expected)


def test_the_report_in_words_as_json_and_as_a_page() -> None:
    weights = {
        "a <b>": SIGNAL,
        "few": NOISE[:10, :12],
        "zero": np.zeros((20, 30)),
        "dead": np.pad(NOISE, ((0, 30), (0, 0))),
    }
    result = report(weights, farms=16)
    text = repr(result)
    assert "few" in text
    assert "too few values" in text
    assert "zero is zero throughout" in text
    assert "dead: 30 of 78 eigenvalues are 0" in text
    content = json.loads(result.json())
    assert [layer["name"] for layer in content["layers"]] == ["a <b>", "few", "dead"]
    html = page(result)
    assert html.count("<svg") == 3
    assert "a &lt;b&gt;" in html
    assert "<b>'" not in html
    assert "http" not in html.replace("http-equiv", "")


def test_what_is_no_tail_is_called_by_its_name() -> None:
    rng = np.random.default_rng(0)
    weights = {
        "red\x1b[31m\n": rng.standard_normal((60, 5)) @ rng.standard_normal((5, 80)),
        "isometry": np.linalg.qr(rng.standard_normal((60, 60)))[0],
        "h.0.attn.bias": np.tril(np.ones((1, 1, 40, 40))),
    }
    result = report(weights)
    assert [layer.reading for layer in result.layers] == ["low rank", "equal values"]
    text = repr(result)
    assert "\x1b" not in text
    assert "red\\x1b[31m\\n" in text
    assert "isometry: the tail spans a factor of 1.00" in text
    assert "h.0.attn.bias of shape (1, 1, 40, 40) is by its name a bias or a mask: left out" in text


def test_a_type_that_is_no_word_is_refused(tmp_path: Path) -> None:
    header = {"a": claim((2, 2), 0, 16) | {"dtype": ["F32"]}, "b": claim((2, 2), 0, 16)}
    found = open_checkpoint(file_of(tmp_path / "m.safetensors", header, bytes(16)))
    assert [entry.name for entry in found.entries] == ["b"]
    assert "is not one that is read" in found.remarks[0]


def run(*words: str) -> int:
    return main(["spectra", *words])


def test_the_command_writes_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: Any) -> None:
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path / "kept"))
    save_file(tensors(a=NOISE, b=SIGNAL, c=np.ones(4)), tmp_path / "m.safetensors")
    out = [str(tmp_path / name) for name in ("page.html", "numbers.json")]
    assert run(str(tmp_path / "m.safetensors"), "--farms", "32", "--html", out[0], "--json", out[1]) == 0
    shown = capsys.readouterr()
    assert "2 matrices; one at a time, about 1 MB of memory" in shown.err
    assert "like noise" in shown.out
    assert json.loads(Path(out[1]).read_text())["farms"] == 32
    assert Path(out[0]).read_text().startswith("<!doctype html>")
    assert not list((tmp_path / "kept").rglob("*.json"))
    assert run(str(tmp_path / "none.safetensors")) == 2
    assert run(str(tmp_path / "m.safetensors"), "--farms", "1") == 2
    assert run(str(tmp_path / "m.safetensors"), "--html", str(tmp_path / "no" / "x.html")) == 2
    assert "there is no folder" in capsys.readouterr().err


def test_an_interrupted_command_goes_on_where_it_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: Any
) -> None:
    from spectral_lab.heavytails import report as reports

    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path / "kept"))
    save_file(tensors(a=NOISE, b=SIGNAL, c=NOISE[:, :60]), tmp_path / "m.safetensors")
    read, seen = reports._read, []

    def stopping(entry: Any, size: Any, rule: str) -> Any:
        if len(seen) == 2:
            seen.append("stop")
            raise KeyboardInterrupt
        seen.append(entry.name)
        return read(entry, size, rule)

    monkeypatch.setattr(reports, "_read", stopping)
    assert run(str(tmp_path / "m.safetensors")) == 130
    assert "Stopped after 2 of 3" in capsys.readouterr().err
    assert run(str(tmp_path / "m.safetensors")) == 0
    assert seen == ["a", "b", "stop", "c"]
    whole = capsys.readouterr().out
    assert whole == f"{report(tmp_path / 'm.safetensors')}\n"


def test_a_matrix_is_read_when_its_turn_comes() -> None:
    read = []

    def entry(name: str) -> Entry:
        return Entry(name, NOISE.shape, "F32", NOISE.size * 4, lambda: (read.append(name), NOISE.astype(np.float32))[1])

    lines = read_layers(Checkpoint("x", tuple(map(entry, "abc"))))
    assert read == []
    assert next(lines).name == "a"
    assert read == ["a"]
    assert len(list(lines)) == 2
    assert memory(Checkpoint("x", (entry("a"),))) == NOISE.size * (4 + 12) + 24 * 48**2
