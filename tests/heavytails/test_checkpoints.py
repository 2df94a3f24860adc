from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
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


def bert(h: int) -> dict[str, tuple[int, ...]]:
    block = {f"attention.self.{part}.weight": (h, h) for part in ("query", "key", "value")}
    block |= {f"attention.self.{part}.bias": (h,) for part in ("query", "key", "value")}
    block |= {"attention.output.dense.weight": (h, h), "attention.output.LayerNorm.weight": (h,)}
    block |= {"intermediate.dense.weight": (4 * h, h), "output.dense.weight": (h, 4 * h)}
    tables = {"word_embeddings": (300, h), "position_embeddings": (64, h), "token_type_embeddings": (2, h)}
    names = {f"bert.embeddings.{name}.weight": shape for name, shape in tables.items()}
    names |= {f"bert.encoder.layer.{i}.{name}": shape for i in range(2) for name, shape in block.items()}
    return names | {"bert.pooler.dense.weight": (h, h), "cls.predictions.bias": (300,)}


def vit(h: int) -> dict[str, tuple[int, ...]]:
    block = {f"attention.attention.{part}.weight": (h, h) for part in ("query", "key", "value")}
    block |= {"attention.output.dense.weight": (h, h), "layernorm_before.weight": (h,)}
    block |= {"intermediate.dense.weight": (4 * h, h), "output.dense.weight": (h, 4 * h)}
    names = {"vit.embeddings.cls_token": (1, 1, h), "vit.embeddings.position_embeddings": (1, 50, h)}
    names |= {"vit.embeddings.patch_embeddings.projection.weight": (h, 3, 8, 8), "classifier.weight": (20, h)}
    return names | {f"vit.encoder.layer.{i}.{name}": shape for i in range(2) for name, shape in block.items()}


def gpt2(h: int) -> dict[str, tuple[int, ...]]:
    block = {"attn.c_attn.weight": (h, 3 * h), "attn.c_proj.weight": (h, h), "attn.bias": (1, 1, 32, 32)}
    block |= {"mlp.c_fc.weight": (h, 4 * h), "mlp.c_proj.weight": (4 * h, h), "ln_1.weight": (h,)}
    names = {f"h.{i}.{name}": shape for i in range(2) for name, shape in block.items()}
    return {"wte.weight": (300, h), "wpe.weight": (32, h)} | names


def llama(h: int) -> dict[str, tuple[int, ...]]:
    block = {"self_attn.q_proj.weight": (h, h), "self_attn.k_proj.weight": (h // 4, h)}
    block |= {"self_attn.v_proj.weight": (h // 4, h), "self_attn.o_proj.weight": (h, h)}
    block |= {"mlp.gate_proj.weight": (2 * h, h), "mlp.up_proj.weight": (2 * h, h), "mlp.down_proj.weight": (h, 2 * h)}
    names = {f"model.layers.{i}.{name}": shape for i in range(2) for name, shape in block.items()}
    return names | {"model.embed_tokens.weight": (300, h), "model.norm.weight": (h,), "lm_head.weight": (300, h)}


def resnet(h: int) -> dict[str, tuple[int, ...]]:
    names = {"conv1.weight": (h, 3, 7, 7), "bn1.weight": (h,), "bn1.running_mean": (h,), "fc.weight": (100, 2 * h)}
    names |= {"layer1.0.conv1.weight": (h, h, 3, 3), "layer2.0.conv1.weight": (2 * h, h, 3, 3)}
    return names | {"layer2.0.downsample.0.weight": (2 * h, h, 1, 1)}


TABLE = ("vit.embeddings.position_embeddings", (50, 48))


@pytest.mark.parametrize(("layout", "pieces"), [(bert, 1), (vit, 1), (gpt2, 1), (llama, 2), (resnet, 0)])
def test_noise_in_the_layouts_of_published_models_reads_like_noise(tmp_path: Path, layout: Any, pieces: int) -> None:
    shapes, draw = layout(48), torch.Generator().manual_seed(0)
    state = {name: torch.randn(shape, generator=draw) for name, shape in shapes.items()}
    for name in state:
        if name.endswith("attn.bias"):
            state[name] = torch.tril(torch.ones(32, 32)).view(1, 1, 32, 32)
    places = {"bert.embeddings.position_ids": torch.arange(64)[None]} if layout is bert else {}
    if layout is resnet:
        torch.save(state | {"bn1.num_batches_tracked": torch.tensor(7)}, tmp_path / "net.pth")
        path = tmp_path / "net.pth"
    else:
        path, names = tmp_path, list(state)
        files = {f"model-{i + 1}-of-{pieces}.safetensors": names[i::pieces] for i in range(pieces)}
        if pieces == 1:
            files = {"model.safetensors": names}
        for file, held in files.items():
            save_file({name: state[name] for name in held} | places, tmp_path / file)
        if pieces > 1:
            index = {name: file for file, held in files.items() for name in held}
            (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    result = report(path)
    wanted = {name: shape for name, shape in shapes.items() if len(shape) > 1 and not name.endswith(("bias", "token"))}
    table, shape = TABLE
    wanted |= {table: shape} if table in wanted else {}
    found = {layer.name: layer for layer in result.layers}
    assert found.keys() == wanted.keys()
    for name, layer in found.items():
        assert layer.shape == wanted[name]
        assert layer.count == min(wanted[name][:2]) * int(np.prod(wanted[name][2:]))
        if layer.count >= 16:
            assert abs(layer.corrected) < 5 * layer.spread
        assert layer.reading in ("like noise", "too few values", "some structure")
    read = [layer.reading for layer in result.layers if layer.reading != "too few values"]
    assert read.count("some structure") <= 1  # noise passes a bound of one in a thousand now and then
    assert all("is by its name a bias or a mask" in line for line in result.remarks)


def test_experts_are_pooled_and_what_quantised_weights_come_with_is_named() -> None:
    experts = np.stack([gaussian_matrix((32, 48), seed) for seed in range(4)])
    weights = {"mlp.experts.gate_up_proj": experts, "q_proj.scales": np.ones((4, 40))}
    result = report(weights | {"q_proj.weight_scale_inv": np.ones((4, 40))})
    (layer,) = result.layers
    assert (layer.shape, layer.count, layer.reading) == ((32, 48, 4), 4 * 32, "like noise")
    assert layer.alpha == pytest.approx(tail_exponent(esd(experts)).alpha, rel=1e-6)
    assert "4 experts are pooled" in repr(result)
    assert sum("belongs by its name to quantised weights" in line for line in result.remarks) == 2


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
    assert not (tmp_path / "ran").exists()


def test_a_torch_file_that_is_broken_is_called_so(tmp_path: Path) -> None:
    torch.save({"a.weight": torch.zeros(300, 300)}, tmp_path / "whole.pt")
    torch.save({"a.weight": torch.zeros(30, 30)}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    whole, old = (tmp_path / "whole.pt").read_bytes(), (tmp_path / "old.pt").read_bytes()
    damaged = "is cut short, damaged, or no file of torch.save"
    cases = {
        whole[: len(whole) // 2]: damaged,
        whole[:400] + bytes(200) + whole[600:]: damaged,
        b"PK\x03\x04 and no more": damaged,
        old[:1500]: damaged,
        b"\x80\x02 no pickle": damaged,
        b"": "is empty",
        b"<html>not found</html>": "is no file of torch.save",
        b"e" * 50: "is no file of torch.save",
    }
    for content, words in cases.items():
        (tmp_path / "x.pt").write_bytes(content)
        with pytest.raises(FormatError, match=f"^x.pt is not loaded: it {words}$"):
            open_checkpoint(tmp_path / "x.pt")
    for name in ("x.pt", "model.safetensors"):
        (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
        with pytest.raises(FormatError, match="is a pointer of git-lfs"):
            open_checkpoint(tmp_path / name)


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
    assert html.count("<figure>") == 3
    assert "color-scheme: light dark" in html
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
    assert re.search(r"isometry +60x60 +1 +above 10,000 +2\.\d\d ± 0\.0\d+ +0 +60\.0 +equal values", text)
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


def seen_in(terminal: int, wanted: str) -> str:
    """What the program has written to its terminal, up to the words, or to its end."""
    seen = b""
    while not re.search(wanted, seen.decode(errors="ignore")):
        try:
            seen += os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
    return seen.decode()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a terminal of Unix")
def test_ctrl_c_in_a_terminal_keeps_what_was_read(tmp_path: Path) -> None:
    import fcntl
    import pty
    import struct
    import termios

    # Large enough that some are left when a busy machine comes to interrupt.
    many = {f"layer{i:02}": gaussian_matrix((800, 816), i) for i in range(24)}
    save_file(tensors(**many), tmp_path / "m.safetensors")
    words = [sys.executable, "-m", "spectral_lab.cli", "spectra", str(tmp_path / "m.safetensors")]
    surroundings = os.environ | {"SPECTRAL_LAB_DATA": str(tmp_path / "kept")}

    def start() -> tuple[subprocess.Popen[bytes], int]:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        told = tmp_path / "told.txt"
        with told.open("wb") as file:
            process = subprocess.Popen(words, stdin=theirs, stdout=file, stderr=theirs, env=surroundings)
        os.close(theirs)
        return process, ours

    process, terminal = start()
    line = seen_in(terminal, r"[1-9]\d? % \|.*left, layer")
    assert "24 matrices; one at a time, about" in line
    assert re.search(r"% \|.*\| \d\d:\d\d gone, \d\d:\d\d left, layer", line)
    process.send_signal(signal.SIGINT)
    stopped = seen_in(terminal, r"the same command goes on there\.")
    assert process.wait(60) == 130
    done = int(re.search(r"Stopped after (\d+) of 24", stopped)[1])
    (kept,) = (tmp_path / "kept").rglob("*.json")
    assert 1 <= done == len(json.loads(kept.read_text())) < 24
    process, terminal = start()
    assert f"going on after {done} of 24" in seen_in(terminal, "never")
    assert process.wait(60) == 0
    assert (tmp_path / "told.txt").read_text() == f"{report(tmp_path / 'm.safetensors')}\n"
    assert not kept.exists()


def test_a_matrix_is_read_when_its_turn_comes() -> None:
    read = []

    def entry(name: str) -> Entry:
        return Entry(name, NOISE.shape, "F32", NOISE.size * 4, lambda: (read.append(name), NOISE.astype(np.float32))[1])

    lines = read_layers(Checkpoint("x", tuple(map(entry, "abc"))))
    assert read == []
    assert next(lines).name == "a"
    assert read == ["a"]
    assert len(list(lines)) == 2
    assert memory(Checkpoint("x", (entry("a"),))) == NOISE.size * (4 + 8) + 16 * 48**2
