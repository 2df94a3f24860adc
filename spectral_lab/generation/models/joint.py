"""Joint diffusion: all numbers of a sentence at once, with the exact score of a Gaussian fitted to the training set.

What UniGenX does not do. Given its symbols a sentence's numbers are taken to be Gaussian, their mean linear in which
symbol stands where. Then the best predictor is known (`gaussian_predictor`), nothing is trained, and diffusion acts on
the eigenbasis of the covariance of the whole structure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from spectral_lab.generation.data import Sentences, generated_sentences
from spectral_lab.generation.gaussian import gaussian_predictor
from spectral_lab.generation.models.judging import SCHEDULE, compared_crystals, compared_molecules, match_rates
from spectral_lab.generation.samplers import dpm_solver
from spectral_lab.generation.tokens import TokenSequence
from spectral_lab.generation.vocabulary import Vocabulary

RIDGE = 1.0  # of the coefficients: in units of one sentence


def joint_samples(train: Sentences, asked: Sentences, seed: int = 0) -> list[Float[np.ndarray, "slots 3"]]:
    """One sample of the numbers of each sentence that is asked, from Gaussians of the training sentences like it.

    Alike are sentences of as many symbols and numbers. Where there is none, the numbers are not finite.
    """
    noise, written = np.random.RandomState(seed).standard_normal, []
    shapes = [_shape(sequence) for sequence in train.sequences]
    for sequence in asked.sequences:
        alike = [one for one, shape in zip(train.sequences, shapes, strict=True) if shape == _shape(sequence)]
        if not alike:
            written.append(np.full(sequence.coordinates.shape, np.nan))
            continue
        mean, covariance = _gaussian(alike, sequence)
        sample = dpm_solver(gaussian_predictor(mean, covariance), SCHEDULE, (1, len(mean)), noise)
        written.append(sample.reshape(-1, 3))
    return written


def joint_diffusion(
    seed: int, report: Callable[[int, int, str], None], **options: Any
) -> tuple[dict[str, float], dict[str, Any]]:
    """What `joint_samples` of the generated sentences are worth, by the metrics of the other recipes."""
    splits = generated_sentences(**options)
    rows = joint_samples(splits["train"], splits["crystals"], seed)
    pooled = compared_crystals(rows, splits["crystals"].records)
    found = match_rates({name: column.numpy() for name, column in pooled.items()})
    report(1, 2, f"match {found['match']:.2f}")
    rows = joint_samples(splits["train"], splits["molecules"], seed)
    found |= {
        name: float(column.mean()) for name, column in compared_molecules(rows, splits["molecules"].records).items()
    }
    report(2, 2, f"conformer RMSD {found['conformer RMSD']:.2f} A")
    return found, {}


def _gaussian(alike: list[TokenSequence], asked: TokenSequence) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the numbers behind these symbols, by ridge regression on which symbol stands where."""
    features = np.stack([_features(sequence) for sequence in alike])
    x = np.stack([sequence.coordinates.ravel() for sequence in alike])
    used = features.any(0)
    A, centre = features[:, used] - features[:, used].mean(0), x.mean(0)
    coefficients = np.linalg.solve(A.T @ A + RIDGE * np.eye(used.sum()), A.T @ (x - centre))
    rest = x - centre - A @ coefficients
    mean = centre + (_features(asked)[used] - features[:, used].mean(0)) @ coefficients
    return mean, rest.T @ rest / len(x)


def _features(sequence: TokenSequence) -> Float[np.ndarray, " features"]:
    """1 for each symbol at its place."""
    symbols = sequence.tokens[sequence.coordinates_mask == 0]
    return np.eye(len(Vocabulary("uni")))[symbols].ravel()


def _shape(sequence: TokenSequence) -> tuple[int, int]:
    return len(sequence), len(sequence.coordinates)
