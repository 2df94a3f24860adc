from __future__ import annotations

import numpy as np
import pytest
import torch

from spectral_lab.generation import CosineSchedule, Vocabulary, ddim, ddpm, dpm_solver, respace
from spectral_lab.generation.models import DiffusionHead, UniGenX, generate, write_symbols

SCHEDULE = CosineSchedule()


def tape(seed):
    return np.random.RandomState(seed).standard_normal


def weights(archive):
    return {name.removeprefix("w."): torch.tensor(value) for name, value in archive.items() if name.startswith("w.")}


@pytest.fixture(scope="module")
def head_case(reference):
    return reference("head.npz")


@pytest.fixture(scope="module")
def released_head(head_case):
    head = DiffusionHead(width=16, condition=8, depth=2).double()
    assert head.load_published(weights(head_case)) == []
    return head


@pytest.fixture(scope="module")
def case(reference):
    return reference("model.npz")


def small(seed=0, vocabulary="uni", **options):
    torch.manual_seed(seed)
    model = UniGenX(vocabulary, 32, 2, 4, 64, 24, 2, **options)
    with torch.no_grad():
        for parameter in model.parameters():  # away from the zero start, so that nothing is hidden
            parameter.add_(0.02 * torch.randn_like(parameter))
    return model


@pytest.fixture(scope="module")
def released(case):
    model = UniGenX("uni", 32, 2, 4, 64, 24, 2)
    assert model.load_published(weights(case)) == []
    return model


def batch(case):
    get = {name.removeprefix("batch."): torch.tensor(v) for name, v in case.items() if name.startswith("batch.")}
    return get["input_ids"], get["coordinates_mask"], get["input_coordinates"], get["attention_mask"]


def test_the_head_is_the_released_one(head_case, released_head):
    x, t, c = (torch.tensor(head_case[name]) for name in "xtc")
    np.testing.assert_allclose(released_head(x, t, c).detach(), head_case["out"], atol=1e-12)
    x0, noise = torch.tensor(head_case["x0"]), torch.tensor(head_case["eps"])
    loss = released_head.loss(x0, c, t, noise)
    for name, expected in (("mse", "loss_mse"), ("vb", "loss_vb"), ("total", "loss_loss")):
        np.testing.assert_allclose(getattr(loss, name).detach(), head_case[expected], rtol=1e-10)
    plain = DiffusionHead(16, 8, 2, outputs=3).double()
    state = weights(head_case)
    state["final_layer.linear.weight"] = state["final_layer.linear.weight"][:3]
    state["final_layer.linear.bias"] = state["final_layer.linear.bias"][:3]
    plain.load_published(state)
    loss = plain.loss(x0, c, t, noise)
    np.testing.assert_allclose(loss.total.detach(), head_case["loss_nosigma"], rtol=1e-10)
    np.testing.assert_array_equal(loss.vb, 0)


@torch.no_grad()
def test_samples_of_the_released_head(head_case, released_head):
    """To 1e-6 relative: these chains explode on purpose, so that an error in any step is seen."""
    c = torch.tensor(head_case["samp_c"])

    def predictor(x, t):
        return released_head(x, t, c)

    def noise(seed):
        draw = tape(seed)
        return lambda shape: torch.tensor(draw(shape))

    for steps in (10, 50):
        schedule = respace(SCHEDULE, steps)
        for temperature in (1.0, 0.7):
            found = ddpm(predictor, schedule, (4, 3), noise(11), temperature)
            np.testing.assert_allclose(found, head_case[f"ddpm_N{steps}_tau{temperature}"], rtol=1e-6)
        found = ddpm(lambda x, t: predictor(x, t)[:, :3], schedule, (4, 3), noise(11), variance="large")
        np.testing.assert_allclose(found, head_case[f"ddpm_fixedlarge_N{steps}_tau1.0"], rtol=1e-6)
        np.testing.assert_allclose(
            ddim(predictor, schedule, (4, 3), noise(11)), head_case[f"ddim_N{steps}_eta0"], rtol=1e-6
        )
    for steps, order in ((20, 2), (20, 1), (10, 2)):
        found = dpm_solver(predictor, respace(SCHEDULE, 200), (4, 3), noise(11), steps, order)
        np.testing.assert_allclose(found, head_case[f"dpmpp_N200_S{steps}_O{order}"], atol=2e-4)


def test_a_new_head_returns_exactly_zero_and_has_the_published_size():
    head = DiffusionHead(width=128, condition=128, depth=3, outputs=3)
    x, c = torch.randn(5, 3), torch.randn(5, 128)
    assert not head(x, torch.arange(5), c).any()
    assert sum(p.numel() for p in head.parameters()) == 348_291
    with torch.device("meta"):
        for depth, size in ((3, 20_221_958), (12, 67_472_390)):
            assert sum(p.numel() for p in DiffusionHead(1024, 1024, depth).parameters()) == size


def test_the_model_is_the_released_one(case, released):
    tokens, mask, coordinates, attention = batch(case)
    logits, hidden = released(tokens, mask, coordinates, attention)
    real = attention.bool()
    np.testing.assert_allclose(logits.detach()[real], case["logits"][real], atol=2e-4)
    np.testing.assert_allclose(hidden.detach()[real], case["hidden_last"][real], atol=2e-5)
    t, noise = torch.tensor(case["t"]), torch.tensor(case["eps"])
    loss = released.loss(tokens, mask, coordinates, attention, t, noise, include_padding=True)
    assert loss.ce.item() == pytest.approx(float(case["ce"]), rel=1e-4)
    assert loss.diffusion.item() == pytest.approx(float(case["diff_loss"]), rel=1e-4)
    assert loss.total.item() == pytest.approx(float(case["total"]), rel=1e-4)
    released.zero_grad()
    loss.total.backward()
    size = torch.stack([p.grad.norm() for p in released.parameters()]).norm()
    assert size.item() == pytest.approx(float(case["grad_norm"]), rel=1e-2)
    without = released.loss(tokens, mask, coordinates, attention, t, noise)
    assert without.ce.item() == pytest.approx(float(case["ce_excl_pad"]), rel=1e-4)


def test_generation_is_the_released_one(case, released):
    ids = torch.tensor(case["gen.input_ids"])
    prompts = [[token for token in row if token != released.vocabulary.pad] for row in ids.tolist()]
    slots = [3 + len(prompt) - 3 for prompt in prompts]  # <bos> <material> and <coord> are no atoms

    def sampler(predictor, shape, noise):
        return dpm_solver(predictor, respace(SCHEDULE, 200), shape, noise, 20, 2)

    found = generate(released, prompts, slots, sampler, tape(33))
    np.testing.assert_allclose(torch.cat(found), case["gen.coordinates_dpmpp200_20_2"], atol=1e-3)


def test_no_slot_sees_itself_or_what_comes_after():
    """Changing a slot changes no output before it, and the state that predicts it is one of those."""
    model = small().double()
    tokens = torch.tensor([[1, 5, 61, 67, 191, 190, 190, 190, 2]])
    mask = (tokens == 190).long()
    x = torch.randn(3, 3, dtype=torch.float64)
    before = model(tokens, mask, x)
    for slot in range(9):
        changed, moved = tokens.clone(), x.clone()
        if mask[0, slot]:
            moved[slot - 5] += 1
        else:
            changed[0, slot] = 60
        after = model(changed, mask, moved)
        np.testing.assert_array_equal(after.hidden[:, :slot].detach(), before.hidden[:, :slot].detach())
        assert not torch.equal(after.hidden[:, slot], before.hidden[:, slot])


def test_a_sentence_does_not_see_who_else_is_in_the_batch():
    model = small()
    long, short = [1, 5, 61, 67, 67, 191, 190, 190, 2], [1, 4, 8, 191, 190, 2]
    tokens = torch.tensor([long, short + [0] * 3])
    mask, attention = (tokens == 190).long(), (tokens != 0).long()
    x = torch.randn(3, 3)
    together = model(tokens, mask, x, attention)
    alone = model(torch.tensor([short]), torch.tensor([[0, 0, 0, 0, 1, 0]]), x[2:])
    np.testing.assert_allclose(together.hidden[1, :6].detach(), alone.hidden[0].detach(), atol=1e-5)


@torch.no_grad()
def test_generated_numbers_do_not_see_padding_or_company_and_the_cache_changes_nothing():
    model = small().double()
    prompts, slots = [[1, 5, 61, 67, 191], [1, 5, 88, 72, 58, 58, 58, 191]], [5, 8]

    def sampler(predictor, shape, noise):
        return dpm_solver(predictor, respace(SCHEDULE, 50), shape, noise, 8)

    def zero(shape):
        return np.full(shape, 0.3)

    together = generate(model, prompts, slots, sampler, zero)
    for prompt, count, rows in zip(prompts, slots, together, strict=True):
        (alone,) = generate(model, [prompt], [count], sampler, zero)
        np.testing.assert_allclose(rows, alone, atol=1e-11)
        # Without a cache: run the whole sentence anew for each slot.
        x = torch.zeros(0, 3).double()
        for _ in range(count):
            tokens = torch.tensor([[*prompt, *[190] * len(x)]])
            c = model(tokens, tokens == 190, x).hidden[:, -1]
            new = sampler(lambda x, t, c=c: model.head(x, t, c), (1, 3), lambda shape: torch.tensor(zero(shape)))
            x = torch.cat([x, new])
        np.testing.assert_allclose(rows, x, atol=1e-11)


def test_symbols_are_drawn_from_the_nucleus():
    """With a nucleus smaller than the largest probability only the most likely symbol is left: no randomness."""
    model = small(vocabulary="qm9")
    prompt = [1, 5, 5]
    texts = write_symbols(model, [prompt, prompt[:2]], top_p=1e-6, limit=6, generator=torch.Generator().manual_seed(0))
    for start, text in zip((prompt, prompt[:2]), texts, strict=True):
        expected = list(start)
        while len(expected) < len(text):
            tokens = torch.tensor([expected])
            logits = model(tokens, torch.zeros_like(tokens), torch.zeros(0, 3)).logits[0, -1]
            expected.append(int(logits.argmax()))
        assert text == expected
    seeds = [torch.Generator().manual_seed(3) for _ in range(2)]
    assert write_symbols(model, [prompt], 1.0, 2.0, 8, seeds[0]) == write_symbols(
        model, [prompt], 1.0, 2.0, 8, seeds[1]
    )


def test_wanted_properties_are_seen():
    model = small(vocabulary="cond_mol").double()
    vocabulary = Vocabulary("cond_mol")
    prompt = [1, *vocabulary.encode(["<a>"]), vocabulary.mask, *vocabulary.encode(["<w>"])]
    texts = [
        write_symbols(model, [prompt], 1.0, 0.5, 12, torch.Generator().manual_seed(0), numbers=[[[v, v, v]]])
        for v in (0.0, 0.0, 50.0)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_numbers_behind_a_property_see_it():
    """In the second phase of conditional generation too; left out, the property is missed by name."""
    model, vocabulary = small(vocabulary="cond_mol"), Vocabulary("cond_mol")
    prompt = [1, *vocabulary.encode(["<a>"]), vocabulary.mask, *vocabulary.encode(["<w>", "C", "O"]), vocabulary.coord]

    def sampler(predictor, shape, noise):
        return dpm_solver(predictor, respace(SCHEDULE, 50), shape, noise, 5)

    def zero(shape):
        return np.full(shape, 0.3)

    values = [[[v, v, v]] for v in (0.0, 0.0, 50.0)]
    same, again, other = generate(model, [prompt] * 3, [2] * 3, sampler, zero, values)
    np.testing.assert_allclose(same, again, atol=1e-6)
    assert (same - other).abs().max() > 1e-3
    (alone,) = generate(model, [prompt], [2], sampler, zero, values[2:])
    np.testing.assert_allclose(other, alone, atol=1e-5)
    with pytest.raises(ValueError, match="mask must be 0 in the first slot and have a 1 for each of 0 rows"):
        generate(model, [prompt], [2], sampler, zero)


@pytest.mark.parametrize(
    ("vocabulary", "sizes", "outputs", "total"),
    [
        ("mat", (1024, 24, 16, 4096, 1024, 3), 6, 424_706_054),
        ("uni", (1024, 24, 16, 4096, 1024, 12), 6, 471_624_710),
        ("qm9", (1024, 24, 16, 4096, 1024, 3), 3, 424_031_235),
        ("uni", (1024, 6, 16, 4096, 1024, 3), 6, 122_347_526),
        ("uni", (1280, 32, 20, 5120, 1024, 3), 6, 861_566_982),
        ("uni", (2560, 32, 32, 10240, 1024, 3), 6, 3_384_958_982),
    ],
)
def test_sizes_are_the_published_ones(vocabulary, sizes, outputs, total):
    with torch.device("meta"):
        model = UniGenX(vocabulary, *sizes, head_outputs=outputs)
    assert sum(p.numel() for p in model.parameters()) == total


def test_gradients_are_those_of_finite_differences():
    torch.manual_seed(0)
    model = small().double()
    tokens = torch.tensor([[1, 4, 8, 8, 191, 190, 190, 2]])
    x = torch.randn(2, 3, dtype=torch.float64)
    t, noise = torch.tensor([0, 300, 700, 998]), torch.randn(4, 3, dtype=torch.float64)

    def mse():
        c = model(tokens, tokens == 190, x).hidden[:, 4:6].reshape(2, -1).repeat(2, 1)
        return model.head.loss(x.repeat(2, 1), c, t, noise).mse.mean()

    weight = model.decoder.layers[0].mlp.up_proj.weight
    (gradient,) = torch.autograd.grad(mse(), weight)
    with torch.no_grad():
        direction = torch.randn_like(weight)
        values = []
        for step in (1e-5, -2e-5):
            weight.add_(step * direction)
            values.append(mse().item())
    assert (values[0] - values[1]) / 2e-5 == pytest.approx((gradient * direction).sum().item(), rel=1e-5)


def test_checkpoints_and_dictionaries_that_do_not_fit_are_named(case, released):
    state = weights(case)
    with pytest.raises(ValueError, match=r"embed_tokens\.weight of shape \(27, 32\), got \(193, 32\)"):
        UniGenX("qm9", 32, 2, 4, 64, 24, 2).load_published(state)
    missing = {name: value for name, value in state.items() if name != "diffloss.net.input_proj.bias"}
    with pytest.raises(ValueError, match=r"diffloss\.net\.input_proj\.bias"):
        UniGenX("uni", 32, 2, 4, 64, 24, 2).load_published(missing)
    lines = list(Vocabulary("uni").tokens[4:-3])
    assert released.load_published(state, lines) == []
    with pytest.raises(ValueError, match=r"line 5 is '<s>N', not '<s>C'"):
        released.load_published(state, [*lines[:4], lines[5], lines[4], *lines[6:]])
    with pytest.raises(ValueError, match="186 lines"):
        released.load_published(state, lines[:-1])


def test_a_batch_of_symbols_or_of_numbers_alone_has_a_loss_and_gradients():
    model = small()
    tokens = torch.tensor([[1, 4, 8, 191]])
    symbols = model.loss(tokens, tokens == 190, torch.zeros(0, 3))
    assert symbols.diffusion == 0
    assert symbols.total == symbols.ce > 0
    tokens = torch.tensor([[191, 190, 190]])
    numbers = model.loss(tokens, tokens == 190, torch.randn(2, 3))
    assert numbers.ce == 0
    assert numbers.total == 100 * numbers.diffusion > 0
    (symbols.total + numbers.total).backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters() if parameter.grad is not None)


@pytest.mark.usefixtures("as_users_call")
def test_prompts_may_be_arrays_and_their_tokens_must_be_tokens():
    model = small()

    def zero(shape):
        return np.full(shape, 0.3)

    def sampler(predictor, shape, noise):
        return dpm_solver(predictor, respace(SCHEDULE, 50), shape, noise, 3)

    prompts = [[1, 5, 61, 191], [1, 5, 88, 191]]
    for one, other in zip(
        *(generate(model, p, [2, 3], sampler, zero) for p in (prompts, np.array(prompts))), strict=True
    ):
        assert torch.equal(one, other)
    for wrong in ([], [[]], [[True]], [[1.0]], [[-1]], [[193]], [[[1]]], [["1"]]):
        with pytest.raises(ValueError, match=r"^prompts must"):
            generate(model, wrong, [1], sampler, zero)


def test_wrong_batches_are_named():
    model = small()
    tokens = torch.tensor([[1, 4, 8, 191, 190, 2]])
    with pytest.raises(ValueError, match="mask must"):
        model(tokens, tokens == 190, torch.zeros(2, 3))
    with pytest.raises(ValueError, match="t and noise must have 4 rows"):
        model.loss(tokens, tokens == 190, torch.zeros(1, 3), t=torch.zeros(3, dtype=torch.long))
    with pytest.raises(ValueError, match="slots must"):
        generate(model, [[1, 191]], [1, 2], ddim, np.zeros)
    with pytest.raises(ValueError, match="hidden must be a multiple"):
        UniGenX("uni", 30, 2, 4, 64, 24, 2)
