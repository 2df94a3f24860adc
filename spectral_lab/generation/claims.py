"""The claims of the chapter, each measured here and now or read from recorded runs, in the order of the lesson.

The paper's own text was not available to us: what is called the paper's was read in its released code, or in its
abstract. The exact Gaussian facts and the spectral reading are ours. Trained models are those that come with the course
(`shipped`), each with the record of the recipe that made it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_lab.course import Claim, Evidence, above, at_least, at_most, below, between, recorded, within
from spectral_lab.generation.crystals import Crystal, debye_waller, mean_intensity, structure_factor, xrd_cosine
from spectral_lab.generation.gaussian import (
    conditional_variances,
    emergence_step,
    gaussian_predictor,
    std_ratio,
    terminal_amplification,
)
from spectral_lab.generation.matching import match, random_baseline
from spectral_lab.generation.noise import CosineSchedule
from spectral_lab.generation.prototypes import prototype_crystal
from spectral_lab.generation.samplers import ddim

IONS: dict[str, list[tuple[str, int]]] = {
    "rocksalt": [("Na", 1), ("Cl", -1)],
    "fluorite": [("Ca", 2), ("F", -1)],
    "wurtzite": [("Zn", 2), ("S", -2)],
    "perovskite": [("Sr", 2), ("Ti", 4), ("O", -2)],
    "spinel": [("Mg", 2), ("Al", 3), ("O", -2)],
}
SRTIO3 = IONS["perovskite"]
ORDERS = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 1], [2, 0, 0]])
TESTED = 24  # crystals on which the shipped model is judged


def words_and_numbers() -> Evidence:
    """The shipped model on compositions that it was not trained on."""
    from spectral_lab.generation.models.judging import judged_crystals, match_rates
    from spectral_lab.generation.models.shipped import shipped

    pooled = judged_crystals(shipped("unified"), _test_batch(), draws=10)
    rates = match_rates({name: column.numpy() for name, column in pooled.items()})
    found, chance, rmse = rates["match"], rates["random match"], rates.get("RMSE", np.nan)
    return Evidence(
        f"match {found:.2f}, random positions {chance:.2f}, RMSE {below(rmse, 0.06)}",
        at_least(found, 0.9), below(rmse, 0.06), below(chance, 0.4),
    )  # fmt: skip


def _test_batch() -> Any:
    """The first test crystals of the miniature."""
    from spectral_lab.generation.data import generated_sentences
    from spectral_lab.generation.data.sentences import CUBIC

    return generated_sentences(CUBIC, tested=TESTED)["crystals"].__getitems__(list(range(TESTED)))


def shift_by_one() -> Evidence:
    """Change one slot, symbol or number, and see which hidden states change."""
    import torch

    from spectral_lab.generation.models import UniGenX

    torch.manual_seed(0)
    model = UniGenX("qm9", 16, 2, 2, 16, 16, 1, 3).double()
    tokens, coordinates = torch.tensor([[1, 5, 6, 25, 24, 24, 2]]), torch.randn(2, 3).double()
    mask = tokens == 24
    changed, moved = tokens.clone(), coordinates.clone()
    changed[0, 2], moved[1] = 7, 1.0
    with torch.no_grad():
        before = model(tokens, mask, coordinates).hidden
        by_symbol = (model(changed, mask, coordinates).hidden - before).abs().amax(2)[0].numpy()
        by_number = (model(tokens, mask, moved).hidden - before).abs().amax(2)[0].numpy()
    early = below(np.concatenate([by_symbol[:2], by_number[:5]]), 1e-14)
    late = above(np.concatenate([by_symbol[2:], by_number[5:]]), 1e-6)
    return Evidence(f"states before a changed slot move {early}, those from it on {late}", early, late)


def schedule_constants() -> Evidence:
    """abar at three steps, and where the cap of 0.999 bites."""
    schedule = CosineSchedule()
    abar = schedule.alphas_cumprod
    capped = np.flatnonzero(schedule.betas > 0.999 - 1e-9).tolist()
    first, middle, last = 1e5 * (1 - abar[0]), abar[499], 1e9 * abar[999]
    return Evidence(
        f"1 - abar_0 = {first:.3f}e-5, abar_499 = {middle:.5f}, abar_999 = {last:.4f}e-9; capped at {capped}",
        within(first, 1e-3, of=4.128), within(middle, 1e-5, of=0.49384), within(last, 1e-4, of=2.4288),
        capped == [999],
    )  # fmt: skip


def padding_is_trained() -> Evidence:
    """Rock salt beside a spinel: 80 steps with the loss as released, which counts the padding behind the short one."""
    import torch

    from spectral_lab.generation.data import crystal_sentences
    from spectral_lab.generation.models import UniGenX

    batch = crystal_sentences([prototype_crystal(name, IONS[name]) for name in ("rocksalt", "spinel")]).__getitems__(
        [0, 1]
    )
    behind = ~batch.attention[:, 1:]  # slots whose next is padding
    symbols = ~batch.mask[:, 1:] & ~behind
    share = float(behind.sum() / (behind | symbols).sum())
    torch.manual_seed(0)
    told = {}
    for include in (True, False):
        model = UniGenX("uni", 32, 1, 2, 32, 16, 1, 3)
        optimiser = torch.optim.Adam(model.parameters(), 0.01)
        for _ in range(80):
            loss = model.loss(*batch[:4], smoothing=0.0, include_padding=include).ce
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        with torch.no_grad():
            logits = model(*batch[:4]).logits[:, :-1]
        told[include] = float(logits.softmax(-1)[behind][:, model.vocabulary.pad].mean())
    return Evidence(
        f"padding is {100 * share:.0f} % of what is predicted; its probability behind the sentence is "
        f"{above(told[True], 0.9)} after training as released, {below(told[False], 0.1)} without it",
        above(share, 0.4), above(told[True], 0.9), below(told[False], 0.1),
    )  # fmt: skip


def bins_against_diffusion() -> Evidence:
    """The recorded heads on one smooth curve, with the same points, steps and rates."""
    bins, scales = (16, 64, 256, 1024), (1, 4, 16)
    names = [*(f"bins-{count}" for count in bins), *(f"diffusion-{scale}" for scale in scales), "regression"]
    found = recorded("generation/precision", names, preset="miniature", metrics=["RMSE"])
    words = [found.mean(f"bins-{count}", "RMSE") for count in bins]
    numbers = [found.mean(f"diffusion-{scale}", "RMSE") for scale in scales]
    mean = found.mean("regression", "RMSE")
    told = [", ".join(f"{error:.3f}" for error in errors) for errors in (words, numbers)]
    return Evidence(
        f"bins {told[0]} at {', '.join(map(str, bins))}; diffusion {told[1]} at scale {', '.join(map(str, scales))}; "
        f"least squares {mean:.3f} ({found.where})",
        below(np.array(numbers) / min(words), 0.75), above(words[-1] / words[0], 1), below(numbers[-1] / numbers[0], 1),
        below(mean / min(numbers), 1),
    )  # fmt: skip


def quantisation_floor() -> Evidence:
    """200 000 uniform numbers in K bins of [-1, 1], each told as the centre of its bin."""
    import torch

    from spectral_lab.generation.models import BinnedHead

    x = torch.rand(200_000, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1
    counts, ratios = (8, 64, 1024, 4096), []
    for bins in counts:
        head = BinnedHead(2, 2, bins, -1.0, 1.0)
        error = (head.centres()[head.bin(x)] - x).double().square().mean().sqrt()
        ratios.append(float(error) / (2 / bins / np.sqrt(12)))
    same = within(ratios, 0.01, of=1)
    return Evidence(f"error over width / sqrt(12) {same}, for {', '.join(map(str, counts))} bins", same)


def scaling_is_a_shift() -> Evidence:
    """log SNR of scaled data, and how many of 1000 steps have less noise than a fraction of the signal."""
    schedule = CosineSchedule()
    ratio = np.exp(-schedule.log_snr)
    counts = [int((ratio < level).sum()) for level in (0.03, 0.01, 0.0064)]
    # The variance of one mode of standard deviation s is outweighed where that of 1 would be, at noise larger by s.
    shifts = [schedule.log_snr[emergence_step(scale**2)] + np.log(scale) for scale in (0.25, 0.5, 1.0, 2.0, 4.0)]
    worst = between(shifts, -0.02, 0)
    return Evidence(
        f"{counts} steps below 0.03, 0.01, 0.0064; log SNR + log s at emergence {worst}", counts == [12, 2, 0], worst
    )


def modes_emerge() -> Evidence:
    """The emergence of six variances, and DDIM with 1000 steps against the exact flow."""
    steps = [emergence_step(variance) for variance in (100, 10, 1, 0.1, 0.01, 0.001)]
    abar, scale = CosineSchedule().alphas_cumprod[-1], 0.5
    flow = scale / np.sqrt(abar * scale**2 + 1 - abar)
    x = ddim(gaussian_predictor([0.0], [[scale**2]]), CosineSchedule(), (1, 1), np.ones)
    gap = below(abs(float(x[0, 0]) / flow - 1), 0.01)
    return Evidence(
        f"steps {steps}; DDIM differs from the flow by {gap} of it", steps == [936, 803, 496, 188, 56, 13], gap
    )


def ddim_shrinks() -> Evidence:
    """The standard deviation of samples over 0.1, for five numbers of steps."""
    ratios = np.array([std_ratio("ddim", 0.1, steps) for steps in (10, 20, 50, 200, 1000)])
    told = ", ".join(f"{ratio:.3f}" for ratio in ratios)
    return Evidence(
        f"{told} at 10, 20, 50, 200, 1000 steps",
        within(ratios - [0.506, 0.716, 0.879, 0.967, 0.992], 6e-4, of=0), above(np.diff(ratios), 0),
    )  # fmt: skip


def variances_of_ddpm() -> Evidence:
    """Unit data with both fixed variances, and a temperature."""
    large = [std_ratio("ddpm", 1.0, steps, "large") for steps in (10, 20, 200, 1000)]
    small, cool = std_ratio("ddpm", 1.0, 20), std_ratio("ddpm", 1.0, 200, temperature=0.7)
    exact = within(large, 2e-4, of=1)
    return Evidence(
        f"large {exact}, small at 20 steps {small:.3f}, temperature 0.7 at 200 steps {cool:.3f}",
        exact, within(small, 1e-3, of=0.897), within(cool, 1e-3, of=0.692),
    )  # fmt: skip


def first_step_explodes() -> Evidence:
    """c_1 sqrt(1/abar - 1) at the end of respaced schedules."""
    found = np.array([terminal_amplification(steps) for steps in (10, 20, 50, 100, 200, 1000)])
    told = ", ".join(f"{value:.0f}" for value in found[:-1])
    return Evidence(
        f"{told} at 10, 20, 50, 100, 200 steps and {found[-1]:.1f} at 1000",
        within(found / [3493, 1674, 632, 316, 158, 0.999 * np.sqrt(1000)], 2e-3, of=1),
    )  # fmt: skip


def samplers_on_the_same_weights() -> Evidence:
    """The shipped model under six samplers, on the same test crystals."""
    from spectral_lab.generation.models.judging import SAMPLERS, judged_crystals
    from spectral_lab.generation.models.shipped import shipped

    model, batch = shipped("unified"), _test_batch()
    found = {
        name: float((judged_crystals(model, batch, SAMPLERS[name], draws=0)["rms"] >= 0).double().mean())
        for name in ("DPM-Solver++ 10", "DPM-Solver++ 20", "DDPM 20", "DDPM 100", "DDPM 200 clipped", "DDPM 200 late")
    }
    return Evidence(
        "match " + ", ".join(f"{name} {rate:.2f}" for name, rate in found.items()),
        at_least([rate for name, rate in found.items() if name not in ("DDPM 20", "DDPM 100")], 0.9),
        at_most([found["DDPM 20"], found["DDPM 100"]], 0.1),
    )  # fmt: skip


def cholesky_and_eigenbasis() -> Evidence:
    """Six conditional variances in ten orders, and six eigenvalues, of twenty random covariances."""
    products, lowest, highest, spreads = [], [], [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        factor = rng.standard_normal((6, 6))
        Sigma = factor @ factor.T
        values = np.linalg.eigvalsh(Sigma)
        orders = np.array([conditional_variances(Sigma, rng.permutation(6)) for _ in range(10)])
        products.append(np.abs(orders.prod(1) / values.prod() - 1).max())
        lowest.append((orders.min(1) / values[0]).min())
        highest.append((orders.max(1) / values[-1]).max())
        spreads.append(np.log(orders.max(1) / orders.min(1)).mean() / np.log(values[-1] / values[0]))
    same, spread = below(products, 1e-10), between(spreads, 0.4, 0.85)
    return Evidence(
        f"products differ {same}; conditional variances lie between the least and the largest eigenvalue, and spread "
        f"over {np.mean(spreads):.1f} of their range (in logarithms)",
        same, above(lowest, 1), below(highest, 1), spread,
    )  # fmt: skip


def noise_is_heat() -> Evidence:
    """SrTiO3 with noise 0.06 on its fractional coordinates, 20 000 times, at four reflections."""
    crystal, sigma, draws = prototype_crystal("perovskite", SRTIO3), 0.06, 20_000
    noise = sigma * np.random.RandomState(0).standard_normal((draws, len(crystal), 3))
    phases = np.exp(2j * np.pi * np.einsum("nja,ha->nhj", crystal.frac + noise, ORDERS))
    F = phases @ crystal.numbers
    size = (crystal.numbers**2).sum()
    amplitude = np.abs(F.mean(0) - debye_waller(ORDERS, sigma) * structure_factor(crystal, ORDERS)) / np.sqrt(size)
    intensity = np.abs((np.abs(F) ** 2).mean(0) / mean_intensity(crystal, ORDERS, sigma) - 1)
    worst = below(amplitude, 0.03), below(intensity, 0.03)
    return Evidence(f"amplitudes differ {worst[0]} of the background's, intensities {worst[1]}", *worst)


def chance_matches() -> Evidence:
    """The true lattice with random positions, 100 draws for each prototype, at both tolerances."""
    names = ("rocksalt", "fluorite", "wurtzite", "perovskite")
    shares = {name: random_baseline(prototype_crystal(name, IONS[name]), 100) for name in names}
    shares["spinel"] = random_baseline(prototype_crystal("spinel", IONS["spinel"]), 20)
    strict = random_baseline(prototype_crystal("perovskite", SRTIO3), 100, tolerance="default")
    told = ", ".join(f"{name} {share:.2f}" for name, share in shares.items())
    return Evidence(
        f"{told}; with pymatgen's own tolerance perovskite {strict:.2f}",
        within(shares["rocksalt"], 0, of=1), within(shares["fluorite"], 0.1, of=0.85),
        within(shares["wurtzite"], 0.15, of=0.6), within(shares["perovskite"], 0.1, of=0.17),
        at_most(shares["spinel"], 0), at_most(strict, 0.05),
    )  # fmt: skip


def blind_to_volume() -> Evidence:
    """SrTiO3 at twice its edge, and at 0.99 of it; a doubled cell."""
    crystal = prototype_crystal("perovskite", SRTIO3)
    twice, smaller = (Crystal(scale * crystal.lattice, crystal.species, crystal.frac) for scale in (2.0, 0.99))
    frac = np.concatenate([crystal.frac, crystal.frac + [0, 0, 1]]) / [1, 1, 2]
    doubled = Crystal(crystal.lattice * [[1], [1], [2]], crystal.species * 2, frac)
    apart = [match(other, crystal) for other in (twice, smaller, doubled)]
    found, seen, same = [rms is not None for rms in apart], xrd_cosine(smaller, crystal), xrd_cosine(doubled, crystal)
    rms = below([rms for rms in apart if rms is not None] or [np.nan], 1e-6)
    return Evidence(
        f"all match, at distances {rms}; cosine of the patterns {seen:.2f} at 0.99, {same:.3f} in a doubled cell",
        all(found), rms, below(seen, 0.2), within(same, 1e-6, of=1),
    )  # fmt: skip


def patterns_bear_disorder() -> Evidence:
    """SrTiO3 with normal noise on its fractional coordinates, 30 times for each of four sizes."""
    crystal, rng = prototype_crystal("perovskite", SRTIO3), np.random.RandomState(0)
    cosines, distances, shares = [], [], []
    for sigma in (0.01, 0.05, 0.1, 0.2):
        noisy = [
            Crystal(crystal.lattice, crystal.species, crystal.frac + sigma * noise)
            for noise in rng.standard_normal((30, len(crystal), 3))
        ]
        apart = [match(one, crystal) for one in noisy]
        cosines.append(np.mean([xrd_cosine(one, crystal) for one in noisy]))
        distances.append(np.mean([rms for rms in apart if rms is not None] or [np.nan]))
        shares.append(np.mean([rms is not None for rms in apart]))
    told = [", ".join(f"{value:.2f}" for value in values) for values in (cosines, distances, shares)]
    return Evidence(
        f"cosine {told[0]}; distance {told[1]}; matched {told[2]}, at noise 0.01, 0.05, 0.1, 0.2",
        above(cosines[0], 0.999), within(cosines[1], 0.02, of=0.97), within(cosines[2], 0.05, of=0.87),
        within(cosines[3], 0.08, of=0.71), within(np.array(distances[:3]) / [0.01, 0.05, 0.1], 0.5, of=2.4),
        at_least(shares[:3], 1), between(shares[3], 0.1, 0.95),
    )  # fmt: skip


def one_step_rules_the_bound() -> Evidence:
    """The variational bound of a new head, which answers zero, at each of 1000 timesteps, with noise of +-1."""
    import torch

    from spectral_lab.generation.models import DiffusionHead

    head, t = DiffusionHead(8, 8, 1), torch.arange(1000)
    noise = torch.ones(1000, 3) - 2 * (torch.arange(3000).view(1000, 3) % 2)
    with torch.no_grad():
        bits = head.double().loss(torch.zeros(1000, 3).double(), torch.zeros(1000, 8).double(), t, noise.double()).vb
    mean, last, share = float(bits.mean()), float(bits[999]), float(bits[999] / bits.sum())
    return Evidence(
        f"{mean:.3f} bits on the average, {last:.1f} at t = 999: {100 * share:.0f} % of the sum",
        within(mean, 0.005, of=0.74), within(last, 0.5, of=720.6), above(share, 0.97),
    )  # fmt: skip


def published_sizes() -> Evidence:
    """Parameters of the released configurations, counted without memory for them."""
    import torch

    from spectral_lab.generation.models import UniGenX

    sizes = {  # dictionary, hidden, layers, heads, feedforward, width and depth of the head, its outputs
        424_706_054: ("mat", 1024, 24, 16, 4096, 1024, 3, 6),
        471_624_710: ("uni", 1024, 24, 16, 4096, 1024, 12, 6),
        424_031_235: ("qm9", 1024, 24, 16, 4096, 1024, 3, 3),
        122_347_526: ("uni", 1024, 6, 16, 4096, 1024, 3, 6),
        223_023_110: ("uni", 1024, 12, 16, 4096, 1024, 3, 6),
        861_566_982: ("uni", 1280, 32, 20, 5120, 1024, 3, 6),
        1_636_978_694: ("uni", 2048, 24, 32, 8192, 1024, 3, 6),
        3_384_958_982: ("uni", 2560, 32, 32, 10240, 1024, 3, 6),
    }
    with torch.device("meta"):
        found = [sum(p.numel() for p in UniGenX(*size).parameters()) for size in sizes.values()]
    return Evidence(f"{found[0]:,} to {found[-1]:,} parameters, as in the released code", found == list(sizes))


def both_polymorphs(compositions: int = 8) -> Evidence:
    """The shipped model on ion pairs that it was not trained on: 20 samples each, against both crystals."""
    from spectral_lab.generation.data import polymorph_sentences
    from spectral_lab.generation.models.judging import judged_polymorphs
    from spectral_lab.generation.models.shipped import shipped

    batch = polymorph_sentences()["polymorphs"].__getitems__(list(range(compositions)))
    found = {name: float(values.mean()) for name, values in judged_polymorphs(shipped("polymorphs"), batch).items()}
    return Evidence(
        f"one sample finds {found['match@1']:.2f} of the polymorphs, twenty find {found['match@20']:.2f}; "
        f"{found['zincblende']:.2f} of the samples are zincblende, {found['no match']:.2f} are neither",
        between(found["match@1"], 0.3, 0.6), at_least(found["match@20"], 0.9), between(found["zincblende"], 0.2, 0.8),
        below(found["no match"], 0.2),
    )  # fmt: skip


def structures_of_a_table() -> Evidence:
    """Match rate and RMSE on MP-20, one sample for each composition, from scratch."""
    found = recorded("generation/csp", ("mp-20",), preset="paper", metrics=["match", "RMSE"])
    rate, rmse = found.mean("mp-20", "match"), found.mean("mp-20", "RMSE")
    return Evidence(f"match {rate:.3f}, RMSE {rmse:.3f} ({found.where})", at_least(rate, 0.6388), at_most(rmse, 0.0598))


def joint_training() -> Evidence:
    """Crystals alone, molecules alone, and both, in as many steps of one size, from three seeds."""
    both = recorded("generation/unified", ("diffusion",), preset="miniature", metrics=["match", "conformer RMSD"])
    crystals = recorded("generation/crystals", ("diffusion",), preset="miniature", metrics=["match"])
    molecules = recorded("generation/molecules", ("diffusion",), preset="miniature", metrics=["conformer RMSD"])
    match_gain = both.mean("diffusion", "match") - crystals.mean("diffusion", "match")
    distance = both.mean("diffusion", "conformer RMSD") / molecules.mean("diffusion", "conformer RMSD")
    return Evidence(
        f"match rate {match_gain:+.2f}, conformer RMSD times {distance:.2f} ({both.where}, {both.seeds} seeds)",
        at_least(match_gain, -0.05), below(distance, 1.1),
    )  # fmt: skip


def heads_compared() -> Evidence:
    """The recorded miniatures with their three heads, trained alike."""
    heads = ("diffusion", "bins", "regression")
    found = recorded("generation/unified", heads, preset="miniature", metrics=["conformer RMSD"])
    distance = {head: found.mean(head, "conformer RMSD") for head in heads}
    told = ", ".join(f"{head} {value:.2f} A" for head, value in distance.items())
    return Evidence(
        f"conformers: {told} ({found.where}, {found.seeds} seeds)",
        below(distance["diffusion"] / distance["bins"], 1), below(distance["diffusion"] / distance["regression"], 1),
    )  # fmt: skip


CLAIMS = (
    Claim(
        id="C1",
        statement="One causal model writes words and numbers: after 400 steps it predicts crystals from their "
        "compositions.",
        source="repository; our miniature, shipped",
        origin="reconstruction",
        bound="match at least 0.9, RMSE below 0.06, chance below 0.4",
        cost="seconds",
        evidence=words_and_numbers,
    ),
    Claim(
        id="C2",
        statement="The state of slot $i$ predicts slot $i+1$, symbol or number: no state sees a later slot.",
        source="repository",
        origin="paper",
        bound="1e-14 before, 1e-6 after",
        cost="seconds",
        evidence=shift_by_one,
    ),
    Claim(
        id="C3",
        statement=r"The cosine schedule: $1-\bar\alpha_0=4.128\cdot10^{-5}$, "
        r"$\bar\alpha_{999}=2.43\cdot10^{-9}$; the cap 0.999 bites in the last step alone.",
        source="Nichol and Dhariwal 2021, as released",
        origin="paper",
        bound="4.128 within 0.001, 0.49384 within 1e-05, 2.4288 within 0.0001",
        cost="instant",
        evidence=schedule_constants,
    ),
    Claim(
        id="C4",
        statement="The released loss counts padding as a symbol to be predicted: with long pads it mostly learns them.",
        source="repository",
        origin="paper",
        bound="above 0.4 of the slots; its probability above 0.9 with, below 0.1 without",
        cost="seconds",
        evidence=padding_is_trained,
    ),
    Claim(
        id="C5",
        statement="In equal steps a diffusion head tells a number more precisely than 16 to 1024 bins, and a little "
        "more so on a larger scale; finer bins do not help. Where there is one answer, least squares beats both.",
        source="abstract; our heads on a curve; the bound was set after its first seed",
        origin="reconstruction",
        bound="diffusion over the best bins below 0.75; 1024 bins over 16 above 1; scale 16 over scale 1 below 1; "
        "least squares over the best diffusion below 1",
        cost="GPU",
        evidence=bins_against_diffusion,
    ),
    Claim(
        id="C6",
        statement=r"A number in one of $K$ bins cannot be told better than the width of a bin over $\sqrt{12}$.",
        source="derived here",
        origin="addition",
        bound="ratio to it 1 within 0.01",
        cost="seconds",
        evidence=quantisation_floor,
    ),
    Claim(
        id="C7",
        statement=r"Scaling the coordinates by $s$ shifts the log SNR by $\log s$ (twice that in powers).",
        source="derived here",
        origin="addition",
        bound="12, 2 and 0 steps; 0.02",
        cost="instant",
        evidence=scaling_is_a_shift,
    ),
    Claim(
        id="C8",
        statement=r"A mode of variance $\lambda$ appears where $\bar\alpha_t\lambda=1-\bar\alpha_t$: large "
        "ones first, detail last.",
        source="derived here",
        origin="addition",
        bound="936, 803, 496, 188, 56, 13; 0.01",
        cost="instant",
        evidence=modes_emerge,
    ),
    Claim(
        id="C9",
        statement="DDIM makes narrow modes too narrow, the more the fewer its steps.",
        source="derived here",
        origin="addition",
        bound="6e-4 of the exact ratios",
        cost="instant",
        evidence=ddim_shrinks,
    ),
    Claim(
        id="C10",
        statement="The large fixed variance of DDPM is exact for unit data, the small one too narrow, and "
        "a temperature below 1 narrows what it makes.",
        source="derived here; Ho et al. 2020",
        origin="addition",
        bound="2e-4, 1e-3",
        cost="instant",
        evidence=variances_of_ddpm,
    ),
    Claim(
        id="C11",
        statement=r"The first reverse step multiplies an error of the noise by $0.999/\sqrt{1-0.999}=31.6$, and "
        "by thousands in few steps.",
        source="derived here",
        origin="addition",
        bound="found over expected is 1 within 0.002",
        cost="instant",
        evidence=first_step_explodes,
    ),
    Claim(
        id="C12",
        statement="So DDPM in few steps fails where DPM-Solver++ works, on the same weights of a short training; a "
        "clipped guess or a later start mends it.",
        source="measured here, on the shipped model",
        origin="addition",
        bound="at most 0.1 for DDPM in 20 and 100 steps, at least 0.9 for the others",
        cost="seconds",
        evidence=samplers_on_the_same_weights,
    ),
    Claim(
        id="C13",
        statement="Autoregression uses the Cholesky factor, joint diffusion the eigenbasis; the product of variances "
        "is the determinant in every order, and they spread less.",
        source="derived here",
        origin="addition",
        bound="products to 1e-10; all between the extreme eigenvalues; spread between 0.4 and 0.85 of theirs",
        cost="instant",
        evidence=cholesky_and_eigenbasis,
    ),
    Claim(
        id="C14",
        statement=r"Noise on positions is heat on the torus: $\mathbb{E}F=e^{-2\pi^2|h|^2\sigma^2}F_0$, and "
        "intensity goes into the background.",
        source="Debye 1913, Waller 1923",
        origin="addition",
        bound="0.03 by 20 000 draws",
        cost="seconds",
        evidence=noise_is_heat,
    ),
    Claim(
        id="C15",
        statement="A match rate has a random baseline: the true lattice with random positions.",
        source="measured here",
        origin="addition",
        bound="1 for rock salt; 0.85 within 0.1 for fluorite, 0.6 within 0.15 for wurtzite, 0.17 within 0.1 for a "
        "perovskite, 0 for a spinel; at most 0.05 at the stricter tolerance",
        cost="seconds",
        evidence=chance_matches,
    ),
    Claim(
        id="C16",
        statement="A matcher is blind to the volume, and a powder pattern is not.",
        source="pymatgen; measured here",
        origin="addition",
        bound="distances below 1e-6; cosine below 0.2",
        cost="seconds",
        evidence=blind_to_volume,
    ),
    Claim(
        id="C17",
        statement="A powder pattern bears small disorder, and sees larger one before the matcher does.",
        source="measured here",
        origin="addition",
        bound="cosine above 0.999, 0.97 within 0.02, 0.87 within 0.05, 0.71 within 0.08; distance over noise 2.4 "
        "within 0.5; all match up to noise 0.1, between 0.1 and 0.95 at 0.2",
        cost="seconds",
        evidence=patterns_bear_disorder,
    ),
    Claim(
        id="C18",
        statement="At the start the loss of the learned variance is that of one timestep, the last.",
        source="derived here; repository",
        origin="addition",
        bound="mean 0.74 within 0.005 bits, 720.6 within 0.5 at t = 999, above 0.97 of the sum",
        cost="seconds",
        evidence=one_step_rules_the_bound,
    ),
    Claim(
        id="C19",
        statement="The released configurations have these numbers of parameters.",
        source="repository; counted here",
        origin="paper",
        bound="equal",
        cost="seconds",
        evidence=published_sizes,
    ),
    Claim(
        id="C20",
        statement="Of two crystals behind one prompt a sample finds one, and twenty samples find both.",
        source="repository; our miniature, shipped",
        origin="reconstruction",
        bound="match@1 between 0.3 and 0.6, match@20 at least 0.9, zincblende between 0.2 and 0.8, neither below 0.2",
        cost="seconds",
        evidence=both_polymorphs,
    ),
    Claim(
        id="C21",
        statement="From scratch it predicts 63.88 % of MP-20 with one sample each, at a distance of 0.0598.",
        source="quoted second hand (Uni-3DAR, Table 4)",
        origin="paper",
        bound="match at least 0.6388, RMSE at most 0.0598",
        cost="GPU",
        evidence=structures_of_a_table,
    ),
    Claim(
        id="C22",
        statement="Training on crystals and molecules together helps, or does not hurt, in equal steps.",
        source="repository",
        origin="paper",
        bound="match at least -0.05, RMSD below 1.1 times",
        cost="GPU",
        evidence=joint_training,
        expected="does not hold",
    ),
    Claim(
        id="D1",
        statement="A diffusion head places atoms of molecules better than 1024 tokens a number, and than least "
        "squares, in equal steps.",
        source="ours, after the abstract; the bound was set after its first seed, 0",
        origin="addition",
        bound="conformer RMSD over that of both below 1",
        cost="GPU",
        evidence=heads_compared,
        expected="does not hold",
    ),
)
