"""What is shipped, what it is judged by, and the baselines beside it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spectral_lab.generation import Crystal, match, prototype_crystal, respace
from spectral_lab.generation.data import (
    chance_by_prototype,
    dipole_moment,
    dipole_sentences,
    generated_sentences,
    polymorph_sentences,
    relaxed,
    stability_of_data,
)
from spectral_lab.generation.models import UniGenX, generate, judging
from spectral_lab.generation.models.joint import joint_samples
from spectral_lab.generation.models.judging import (
    compared_crystals,
    judged_polymorphs,
    judged_properties,
    samplers_compared,
)
from spectral_lab.generation.models.shipped import SHIPPED, shipped, shipped_record
from spectral_lab.generation.noise import CosineSchedule
from spectral_lab.generation.recipe import RECIPES, TINY, stream
from spectral_lab.generation.samplers import dpm_solver


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_is_what_its_record_says(name) -> None:
    """The recipe of the record is today's, and the model is of its size."""
    record, recipe = shipped_record(name), RECIPES[SHIPPED[name]]("miniature")
    assert (record["name"], record["preset"], record["finished"]) == (recipe.name, "miniature", True)
    for part in ("model", "optimiser", "batch_size", "epochs", "seed", "data", "schedule"):
        assert record["recipe"][part] == recipe.config()[part], part
    assert sum(p.numel() for p in shipped(name).parameters()) == 211_331
    assert not shipped(name).training


@torch.no_grad()
def test_a_shipped_model_has_learned() -> None:
    """Its loss is a small part of a new model's, on sentences that it was not trained on."""
    batch = generated_sentences(["rocksalt", "perovskite"], tested=20)["crystals"].__getitems__(list(range(20)))
    losses = []
    for model in (stream(TINY), shipped("unified")):
        torch.manual_seed(0)
        losses.append(model.loss(*batch[:4]))
    assert losses[1].diffusion < 0.15 * losses[0].diffusion
    assert losses[1].ce < 0.5 * losses[0].ce


# --- polymorphs ------------------------------------------------------------------------------------------------------


def test_two_polymorphs_stand_behind_one_prompt_and_do_not_match_each_other() -> None:
    splits = polymorph_sentences()
    train, asked = splits["train"], splits["polymorphs"]
    assert (len(train), len(asked)) == (2 * (133 - 12), 12)
    for a, b in zip(train.sequences[::2], train.sequences[1::2], strict=True):
        np.testing.assert_array_equal(a.tokens, b.tokens)
        assert np.abs(a.coordinates - b.coordinates).max() > 0.5
    for zincblende, wurtzite in asked.records[:3]:
        assert match(zincblende, wurtzite) is None
        assert match(wurtzite, zincblende) is None
        assert zincblende.volume == pytest.approx(wurtzite.volume, rel=0.02)
    held_out = {pair[0].species for pair in asked.records}
    assert not held_out & {crystal.species for crystal in train.records}


class Telling:
    """A head that writes these rows, sample by sample and slot by slot."""

    def __init__(self, rows: torch.Tensor) -> None:
        self.rows, self.slot = rows, -1

    def predictor(self, c):
        self.slot += 1
        return self.rows[:, self.slot]

    @staticmethod
    def sampler(predictor, shape, noise):
        noise(shape)
        return predictor


def test_polymorphs_are_counted_as_found_once_each() -> None:
    """Of four samples two are zincblende, one wurtzite, and one is nothing."""
    batch = polymorph_sentences()["polymorphs"].__getitems__([0])
    zincblende, wurtzite = batch.records[0]
    rows = [np.concatenate([crystal.lattice, 4 * crystal.frac]) for crystal in (zincblende, zincblende, wurtzite)]
    model = stream(TINY)
    told = torch.tensor(np.stack([*rows, rows[0] + np.random.RandomState(0).standard_normal((7, 3))])).float()
    del model.head
    model.head = Telling(told)
    found = {name: float(values[0]) for name, values in judged_polymorphs(model, batch, samples=4).items()}
    assert found == {"match@1": 0.5, "match@4": 1.0, "no match": 0.25, "random match@1": found["random match@1"],
                     "zincblende": 0.5}  # fmt: skip
    assert 0 < found["random match@1"] < 0.6


# --- samplers on one model -------------------------------------------------------------------------------------------


def test_samplers_are_judged_on_the_same_crystals_by_match_and_distance(monkeypatch) -> None:
    """A head that knows the answer gives it to every sampler that asks; one that writes zeros matches nothing."""
    splits = {"crystals": generated_sentences(["fluorite"], tested=1)["crystals"]}
    truth = splits["crystals"].__getitems__([0]).coordinates[None]
    monkeypatch.setattr(judging, "SAMPLERS", {"good": Telling.sampler, "bad": lambda *args: 0 * Telling.sampler(*args)})
    model = stream(TINY)
    del model.head
    model.head = Telling(truth.repeat(1, 2, 1))
    found = samplers_compared(model, splits)
    assert found == {"good: match": 1.0, "good: RMSE": pytest.approx(0, abs=1e-6), "bad: match": 0.0}


@torch.no_grad()
def test_many_samples_of_one_prompt_are_those_of_one_at_a_time() -> None:
    """The prefix is read once for all of them; the numbers are those of each alone."""
    model, draws = shipped("unified"), torch.tensor(np.random.RandomState(0).standard_normal((6, 3))).float()
    words = model.vocabulary
    prompts = [[words.bos, *words.encode(["<material>", "<m>Na", "<m>Cl"]), words.coord]] * 4
    prompts += [[words.bos, *words.encode(["<material>", "<m>Ca", "<m>F", "<m>F"]), words.coord]] * 2
    slots = [5] * 4 + [6] * 2

    def sampler(predictor, shape, noise):
        return dpm_solver(predictor, respace(CosineSchedule(), 50), shape, noise, 5)

    together = generate(model, prompts, slots, sampler, lambda shape: draws)
    for i in range(6):
        (alone,) = generate(model, [prompts[i]], [slots[i]], sampler, lambda shape, i=i: draws[i : i + 1])
        np.testing.assert_allclose(together[i], alone, atol=2e-5)


@torch.no_grad()
@pytest.mark.parametrize("width", [16, 48])
@pytest.mark.parametrize("outputs", [3, 6])
def test_a_prepared_predictor_is_the_forward(width, outputs) -> None:
    """At any width, before and after it was told the timesteps, and at timesteps that it was not told."""
    from spectral_lab.generation.models import DiffusionHead

    torch.manual_seed(0)
    head = DiffusionHead(width, 8, 2, outputs).double()
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    x, c = torch.randn(5, 3).double(), torch.randn(5, 8).double()
    predictor = head.predictor(c)
    for timesteps in ([], [999, 0, 500]):
        predictor.prepare(timesteps)
        for step in (0, 500, 501, 999):
            t = torch.full((5,), step)
            torch.testing.assert_close(predictor(x, t), head(x, t, c), atol=1e-12, rtol=1e-12)


# --- joint diffusion -------------------------------------------------------------------------------------------------


def test_joint_diffusion_has_the_mean_and_the_spread_of_its_gaussian() -> None:
    """One composition in cells of many sizes: samples have the training set's edge on the average, and its spread."""
    from spectral_lab.generation.data import crystal_sentences

    cell = prototype_crystal("perovskite", [("Sr", 2), ("Ti", 4), ("O", -2)])
    rng = np.random.RandomState(0)
    edges = 4 + 0.3 * rng.standard_normal(60)
    train = crystal_sentences([Crystal(edge * np.eye(3), cell.species, cell.frac) for edge in edges])
    written = joint_samples(train, crystal_sentences([cell] * 60), seed=1)
    found = np.array([rows[0, 0] for rows in written])
    assert found.mean() == pytest.approx(edges.mean(), abs=0.15)
    assert found.std() == pytest.approx(edges.std(), rel=0.3)
    for rows in written[:5]:
        np.testing.assert_allclose(rows[0, 0], rows[1, 1], atol=0.02)  # one mode moves all three edges
        np.testing.assert_allclose(rows[3:] / 4, cell.frac, atol=0.02)


def test_joint_diffusion_of_a_shape_that_was_not_seen_is_judged_as_lost() -> None:
    from spectral_lab.generation.data import crystal_sentences

    salt, cell = (prototype_crystal(name, ions) for name, ions in (
        ("rocksalt", [("Na", 1), ("Cl", -1)]), ("perovskite", [("Sr", 2), ("Ti", 4), ("O", -2)])))  # fmt: skip
    written = joint_samples(crystal_sentences([salt]), crystal_sentences([cell]))
    assert np.isnan(written[0]).all()
    assert compared_crystals(written, [cell], draws=0)["rms"].tolist() == [-1.0]


# --- properties, and the data's own scores ---------------------------------------------------------------------------


def test_dipole_moments_are_those_of_symmetry() -> None:
    """None for what has a centre, some for what has not; and independent of how the molecule lies."""
    assert dipole_moment(relaxed("C=C")) < 0.02
    assert dipole_moment(relaxed("N#N")) < 1e-6
    water, turned = relaxed("O"), relaxed("O", seed=3)
    assert 0.5 < dipole_moment(water) < 4
    assert dipole_moment(water) == pytest.approx(dipole_moment(turned), rel=0.02)


def test_molecules_stand_behind_their_property() -> None:
    splits = dipole_sentences(3, 3)
    sequence, record = splits["train"].sequences[0], splits["train"].records[0]
    np.testing.assert_allclose(sequence.coordinates[0], record["mu"])
    assert len(sequence.coordinates) == 1 + record["num"]
    torch.manual_seed(0)
    model = UniGenX("cond_mol", 16, 1, 2, 16, 16, 1, 3)
    found = judged_properties(model, splits, 3)
    assert 0 <= found["valid"] <= 1
    assert found["random dipole error"] > 0.1


def test_the_data_have_scores_of_their_own() -> None:
    found = stability_of_data(4, 30)
    assert 0.8 < found["molecules"] < found["atoms"] < 1
    salt, rutile = chance_by_prototype(10, 1, names=["rocksalt", "rutile"])
    assert (salt["atoms"], salt["crystals"], salt["cdvae"]) == (2, 83, 1)
    assert (rutile["atoms"], rutile["crystals"]) == (6, 87)
    assert rutile["default"] <= rutile["cdvae"] < 1
