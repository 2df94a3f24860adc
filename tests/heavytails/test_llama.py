from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from spectral_lab.archives import FormatError
from spectral_lab.datasets import DatasetUnavailable
from spectral_lab.heavytails import data, magnitude_mask, recipe, sparsegpt, wanda_mask
from spectral_lab.heavytails.models import Llama, load_llama, prune_blocks
from spectral_lab.heavytails.models.sequential import pruned

CONFIG = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-6,
    "vocab_size": 128,
    "rope_theta": 10_000.0,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything that the recipe reads, small: a model in two parts, a text, and documents of which some are short."""
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path))
    torch.manual_seed(0)
    state = {name: 0.3 * torch.randn(weight.shape) for name, weight in Llama(CONFIG).state_dict().items()}
    place = tmp_path / data.llama.MODEL
    place.mkdir()
    (place / "config.json").write_text(json.dumps(CONFIG))
    (place / "tokenizer.json").write_text("{}")
    files = {f"part{k}.safetensors": list(state)[k::2] for k in range(2)}
    for file, names in files.items():
        save_file({name: state[name].half() for name in names}, place / file)
    index = {name: file for file, names in files.items() for name in names}
    (place / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    for name in (data.llama.TEST, data.llama.CALIBRATION):
        (tmp_path / name).parent.mkdir()
    (tmp_path / data.llama.TEST).write_text("".join(chr(32 + 7 * k % 90) for k in range(100)))
    with gzip.open(tmp_path / data.llama.CALIBRATION, "wt") as file:
        file.writelines(json.dumps({"text": "abcdefghij" * (k % 3 + 1)}) + "\n" for k in range(12))
    return tmp_path


def encode(text: str) -> list[int]:
    return list(text.encode())


@pytest.mark.parametrize("method", ["magnitude", "wanda", "sparsegpt"])
def test_weights_are_pruned_as_the_methods_are_read(method: str) -> None:
    rng = np.random.default_rng(0)
    for S in (0.3, 0.8):
        W, X = rng.standard_normal((24, 150)), rng.standard_normal((400, 150)) @ rng.standard_normal((150, 150))
        X[:, 7] = 0
        if method == "sparsegpt":
            expected, _ = sparsegpt(W, X, S)
        else:
            expected = W * (magnitude_mask(W, S) if method == "magnitude" else wanda_mask(W, X, S))
        found = pruned(torch.tensor(W), torch.tensor(X.T @ X), len(X), S, method).numpy()
        np.testing.assert_array_equal(found != 0, expected != 0)
        np.testing.assert_allclose(found, expected, atol=1e-8)


def test_llama_sees_the_past_and_how_far_it_is() -> None:
    torch.manual_seed(1)
    net, tokens = Llama(CONFIG).eval(), torch.randint(0, 128, (1, 12))
    changed = tokens.clone()
    changed[0, 8:] = 3
    with torch.no_grad():
        assert torch.allclose(net(tokens)[0, :8], net(changed)[0, :8], atol=1e-6)
        attention = net.blocks[0].self_attn
        q, k = torch.randn(2, 1, 1, 1, attention.size)
        turned = [attention.turned(x.expand(1, 1, 12, -1)) for x in (q, k)]
        scores = (turned[0] @ turned[1].transpose(2, 3))[0, 0]  # depend on the distance of the places alone
        assert torch.allclose(scores[5, 2], scores[9, 6], atol=1e-5)
        assert not torch.allclose(scores[5, 2], scores[5, 4], atol=1e-3)


def test_llama_computes_what_transformers_does() -> None:
    transformers = pytest.importorskip("transformers", reason="pip install transformers to compare with it")
    torch.manual_seed(2)
    theirs = transformers.LlamaForCausalLM(transformers.LlamaConfig(**CONFIG, tie_word_embeddings=False)).eval()
    ours, tokens = Llama(CONFIG).eval(), torch.randint(0, 128, (2, 20))
    ours.load_state_dict(theirs.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(ours(tokens), theirs(tokens).logits, atol=1e-5, rtol=1e-5)


def test_the_recipe_prunes_a_checkpoint_by_every_rule(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "tokenizer", lambda place: encode)
    told: list[str] = []
    found, _ = recipe.prune_llama(0, lambda done, of, words: told.append(words), method="wanda", samples=3, length=15)
    rules = ("uniform", "alpha", "farms")
    assert found.keys() == {"perplexity", *(f"{S} {rule}" for S in (0.7, 0.8) for rule in rules)}
    assert len(told) == 7
    assert len(set(found.values())) == 7
    windows = data.windows_of(folder / data.llama.TEST, encode, 15)
    assert windows.shape == (6, 15)
    model = load_llama(folder / data.llama.MODEL, torch.device("cpu"))
    logits = model(windows).detach()
    losses = torch.nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2), windows[:, 1:])
    assert found["perplexity"] == pytest.approx(float(losses.exp()), rel=1e-4)
    tokens = data.calibration(folder / data.llama.CALIBRATION, encode, 15, 3, 0)
    prune_blocks(model, tokens, [0.7, 0.7], "wanda")
    assert recipe.window_perplexity(model, windows) == pytest.approx(found["0.7 uniform"], rel=1e-4)


def test_calibration_takes_long_documents_by_its_seed(folder: Path) -> None:
    path = folder / data.llama.CALIBRATION
    some = data.calibration(path, encode, 15, 3, 0)
    assert some.shape == (3, 15)
    assert torch.equal(some, data.calibration(path, encode, 15, 3, 0))
    assert not torch.equal(some, data.calibration(path, encode, 15, 3, 1))
    assert (some.diff() % 10 == 1).all()  # neighbours stay neighbours: abcdefghijabc...
    with pytest.raises(FormatError, match="too short"):
        data.calibration(path, encode, 29, 5, 0)


def test_what_is_missing_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, cpu = folder / data.llama.MODEL, torch.device("cpu")
    config: dict[str, Any] = {**CONFIG, "intermediate_size": 40}
    (place / "config.json").write_text(json.dumps(config))
    with pytest.raises(FormatError, match="has shape"):
        load_llama(place, cpu)
    (place / "config.json").write_text(json.dumps({**CONFIG, "num_hidden_layers": 3}))
    with pytest.raises(FormatError, match=r"lacks model.layers.2"):
        load_llama(place, cpu)
    with pytest.raises(ValueError, match="text/gpt"):
        recipe.llama("wanda", "lecture")
    assert recipe.llama("sparsegpt", "paper").target.published["0.8 farms"] == 79.42
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(folder / "nowhere"))
    with pytest.raises(DatasetUnavailable, match="LLaMA-7B in safetensors"):
        recipe.prune_llama(0, lambda *told: None, method="wanda", samples=3, length=15)
