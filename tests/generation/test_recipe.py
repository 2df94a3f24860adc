from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from spectral_lab.generation import Crystal, Vocabulary, prototype_crystal
from spectral_lab.generation.data import crystal_sentences
from spectral_lab.generation.models import BinnedHead, DiffusionHead, RegressionHead, UniGenX
from spectral_lab.generation.models.judging import as_crystal, judged_crystals, match_rates, numbers
from spectral_lab.generation.models.precision import Curve, curve
from spectral_lab.generation.recipe import MINI, PAPER, RECIPES, TINY, sentence_loss, sentences, stream
from spectral_lab.training import Computation, Silent, train
from spectral_lab.training.recipe import PRESETS

SMALL = {"hidden": 16, "layers": 1, "heads": 2, "feedforward": 16, "head_width": 16, "head_depth": 1, "head_outputs": 3}
ROCKSALT = prototype_crystal("rocksalt", [("Na", 1), ("Cl", -1)])
SPINEL = prototype_crystal("spinel", [("Mg", 2), ("Al", 3), ("O", -2)])


def batch(*crystals: Crystal):
    return crystal_sentences(crystals).__getitems__(list(range(len(crystals))))


@pytest.mark.parametrize("name", RECIPES)
def test_every_preset_is_a_recipe_or_says_why_not(name: str) -> None:
    for preset in PRESETS:
        if name.startswith(("csp", "unified-33m")) and preset != "paper":
            with pytest.raises(ValueError, match="preset must be 'paper'"):
                RECIPES[name](preset)
            continue
        recipe = RECIPES[name](preset)
        assert recipe.name == f"generation/{name}"
        if isinstance(recipe, Computation):
            continue
        with torch.device("meta"):
            assert isinstance(recipe.model(), UniGenX | Curve)


def test_the_models_have_the_sizes_that_are_told() -> None:
    def count(size: dict, outputs: int, words: str = "uni") -> int:
        with torch.device("meta"):
            return sum(p.numel() for p in UniGenX(words, **{**size, "head_outputs": outputs}).parameters())

    assert count(TINY, 3) == 211_331
    assert count(MINI, 3) == 1_054_595
    assert count(PAPER, 6) == 424_706_054 - 2 * 1024 * (355 - len(Vocabulary("uni")))
    assert count(PAPER, 6, "mat") == 424_706_054
    with torch.device("meta"):
        local = sum(p.numel() for p in RECIPES["unified-33m/diffusion"]("paper").model().parameters())
    assert 30e6 < local < 36e6


def test_one_kind_alone_is_trained_as_long_as_both_together() -> None:
    options = {"prototypes": ["cscl"], "largest": 3, "tested": 2}
    both, crystals = sentences("unified", **options), sentences("crystals", **options)
    assert len(both["train"]) == len(crystals["train"])
    assert all(isinstance(record, Crystal) for record in crystals["train"].records)
    assert not any(isinstance(record, Crystal) for record in sentences("molecules", **options)["train"].records)


class Knowing(nn.Module):
    """A head that answers with the truth, slot by slot."""

    def __init__(self, rows: torch.Tensor) -> None:
        super().__init__()
        self.rows, self.slot = rows, 0

    def predictor(self, c):
        self.slot += 1
        return lambda x, t: self.rows[:, self.slot - 1].float()

    sampler = staticmethod(RegressionHead.sampler)


def test_a_model_that_knows_the_truth_matches_and_one_that_does_not_fails() -> None:
    model, given = stream(SMALL), batch(ROCKSALT, ROCKSALT)
    model.head = Knowing(given.coordinates.view(2, 5, 3))
    found = match_rates({name: values.numpy() for name, values in judged_crystals(model, given, draws=5).items()})
    assert found["match"] == found["strict match"] == found["random match"] == 1
    assert found["RMSE"] < 1e-5
    assert found["volume error"] < 1e-5
    given = batch(SPINEL)
    found = match_rates(
        {name: values.numpy() for name, values in judged_crystals(stream(SMALL), given, draws=5).items()}
    )
    assert found["match"] == found["random match"] == 0
    assert "RMSE" not in found


def test_the_distance_is_that_of_the_matched_alone() -> None:
    pooled = {
        "rms": np.array([0.1, -1, 0.3, -1]), "rms strict": np.array([0.1, -1, -1, -1]),
        "volume": np.log([1.0, 1.0, 1.1, 1.1]), "chance": np.array([0, 0, 1, 1.0]),
    }  # fmt: skip
    found = match_rates(pooled)
    assert (found["match"], found["strict match"], found["random match"]) == (0.5, 0.25, 0.5)
    assert found["RMSE"] == pytest.approx(0.2)


def test_numbers_that_are_no_crystal_match_nothing() -> None:
    assert as_crystal(np.zeros((5, 3)), ROCKSALT) is None
    assert as_crystal(np.full((5, 3), np.nan), ROCKSALT) is None
    rows = batch(ROCKSALT).coordinates.numpy()
    np.testing.assert_allclose(as_crystal(rows, ROCKSALT).frac, ROCKSALT.frac)


def test_a_sample_does_not_depend_on_the_padding_of_its_batch() -> None:
    torch.manual_seed(0)
    model = stream(SMALL)
    nn.init.normal_(model.head.final_layer.linear.weight, std=0.1)
    alone = numbers(model, batch(ROCKSALT))[0]
    together = numbers(model, batch(ROCKSALT, ROCKSALT), seed=0)
    assert [len(rows) for rows in numbers(model, batch(ROCKSALT, SPINEL))] == [5, 17]
    assert alone.shape == together[0].shape
    np.testing.assert_array_equal(alone, numbers(model, batch(ROCKSALT))[0])


# --- the other heads -------------------------------------------------------------------------------------------------


def test_least_squares_learns_the_mean_of_two_answers_and_diffusion_does_not() -> None:
    """Two rows of numbers, one condition: the mean is neither of them."""
    torch.manual_seed(0)
    c, x0 = torch.ones(64, 4), torch.tensor([[1.0, 0, 0], [-1.0, 0, 0]]).repeat(32, 1)
    head = RegressionHead(16, 4)
    optimiser = torch.optim.Adam(head.parameters(), 0.01)
    for _ in range(100):
        optimiser.zero_grad()
        head.loss(x0, c, torch.zeros(64).long(), x0).total.mean().backward()
        optimiser.step()
    assert float(head(x0, torch.zeros(64).long(), c).abs().max()) < 0.05
    assert float(head.loss(x0, c, torch.zeros(64).long(), x0).total.mean()) == pytest.approx(1 / 3, abs=0.01)


def test_bins_draw_both_answers_and_keep_what_belongs_together() -> None:
    """(1, 2, 3) or (-1, -2, -3): after the first coordinate the others follow from it."""
    torch.manual_seed(0)
    answer = torch.tensor([1.0, 2.0, 3.0])
    c, x0 = torch.ones(64, 4), torch.stack([answer, -answer]).repeat(32, 1)
    head = BinnedHead(16, 4, 32, -4, 4)
    optimiser = torch.optim.Adam(head.parameters(), 0.02)
    for _ in range(200):
        optimiser.zero_grad()
        loss = head.loss(x0, c, torch.zeros(64).long(), x0).total.mean()
        loss.backward()
        optimiser.step()
    assert float(loss) == pytest.approx(np.log(2) / 3, abs=0.02)
    x = head.sampler(lambda x, t: head(x, t, c), (64, 3), lambda shape: torch.randn(shape))
    sign = x[:, :1].sign()
    assert 10 < int((sign > 0).sum()) < 54
    assert float(((x - sign * answer).abs().max(1).values < 0.13).float().mean()) > 0.95


def test_a_bin_stands_for_its_centre() -> None:
    head = BinnedHead(4, 4, 100, -1, 1)
    x = torch.rand(1000, 3) * 2 - 1
    back = head.centres()[head.bin(x)]
    assert float((back - x).abs().max()) <= 0.01 + 1e-6
    assert float((back - x).square().mean().sqrt()) == pytest.approx(0.02 / np.sqrt(12), rel=0.05)
    assert head.bin(torch.tensor([[-5.0, 5.0, 1.0]])).tolist() == [[0, 99, 99]]


@pytest.mark.parametrize("head", ["bins", "regression"])
def test_the_other_heads_train_and_generate_in_the_stream(head: str) -> None:
    torch.manual_seed(0)
    model, given = stream(SMALL, head, 16), batch(ROCKSALT, SPINEL)
    sentence_loss(model, given).backward()
    assert all(p.grad is not None for p in model.head.parameters())
    first, second = numbers(model, given)
    assert (first.shape, second.shape) == ((5, 3), (17, 3))
    assert np.isfinite(second).all()


def test_the_head_computes_in_full_precision_where_the_decoder_does_not() -> None:
    torch.manual_seed(0)
    head = DiffusionHead(16, 8, 1, 3)
    nn.init.normal_(head.final_layer.linear.weight)
    x, t, c = torch.randn(4, 3), torch.arange(4), torch.randn(4, 8)
    with torch.autocast("cpu", torch.bfloat16):
        half = head(x, t, c)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, head(x, t, c))
    model, given = stream(SMALL), batch(ROCKSALT)
    with torch.autocast("cpu", torch.bfloat16):
        sentence_loss(model, given).backward()
    assert model.decoder.embed_tokens.weight.grad.dtype == torch.float32


def test_a_sampler_is_told_what_the_forward_says() -> None:
    torch.manual_seed(0)
    head = DiffusionHead(16, 8, 2, 6)
    for parameter in head.parameters():
        nn.init.normal_(parameter, std=0.3)
    x, c = torch.randn(5, 3), torch.randn(5, 8)
    for step in (0, 500, 999):
        t = torch.full((5,), step)
        torch.testing.assert_close(head.predictor(c)(x, t), head(x, t, c))


def test_a_miniature_trains_and_runs_again_alike() -> None:
    recipe = RECIPES["crystals/diffusion"]("miniature")
    data = replace(recipe.data, options={"kind": "crystals", "prototypes": ["cscl"], "largest": 3, "tested": 2})
    short = replace(recipe, data=data, epochs=1, batch_size=8)
    runs = [train(short, reporter=Silent()) for _ in range(2)]
    assert runs[0].metrics == runs[1].metrics
    assert 0 <= runs[0].metrics["match"] <= 1


def test_the_heads_on_a_curve_see_one_problem_in_equal_steps() -> None:
    recipes = [RECIPES[name]("miniature") for name in RECIPES if name.startswith("precision/")]
    same = {(recipe.batch_size, recipe.epochs, recipe.optimiser.learning_rate, str(recipe.data)) for recipe in recipes}
    assert len(recipes) == 9
    assert len(same) == 1
    c = torch.rand(50, 1)
    assert curve(c).abs().max() < 1
    torch.testing.assert_close(curve(c), curve(c + 1), atol=1e-5, rtol=0)
    torch.manual_seed(0)
    # What a head writes is divided by the scale that its targets were multiplied with.
    model = Curve("regression", scale=4.0)
    with torch.no_grad():
        torch.testing.assert_close(4 * model(c), model.head.network(model.encoder(2 * c - 1)))
