"""Several molecules as one batch: their atoms in a row, and all pairs of atoms of one molecule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from spectral_lab.hamiltonians.blocks import atom_pairs


class Molecules(NamedTuple):
    """A batch.

    numbers, positions   of all atoms, in Angstrom
    molecule             the molecule of each atom
    pairs                (i, j) of atoms of one molecule, i > j, molecule by molecule in the order of `atom_pairs`
    """

    numbers: Int[Tensor, " atoms"]
    positions: Float[Tensor, "atoms 3"]
    molecule: Int[Tensor, " atoms"]
    pairs: Int[Tensor, "pairs 2"]


def join(molecules: Sequence[tuple[Sequence[int], np.ndarray]], dtype: torch.dtype = torch.float32) -> Molecules:
    """Molecules given as (numbers, positions) as one batch."""
    sizes = [len(numbers) for numbers, _ in molecules]
    first = np.cumsum([0, *sizes[:-1]])
    pairs = np.concatenate([atom_pairs(size) + start for size, start in zip(sizes, first, strict=True)])
    return Molecules(
        torch.tensor(np.concatenate([numbers for numbers, _ in molecules])),
        torch.tensor(np.concatenate([positions for _, positions in molecules]), dtype=dtype),
        torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes)),
        torch.tensor(pairs),
    )


class Edges(NamedTuple):
    """Both directions of every pair: who sends, who receives, how far, and the unit vector from sender to receiver."""

    sender: Int[Tensor, " edges"]
    receiver: Int[Tensor, " edges"]
    distance: Float[Tensor, " edges"]
    direction: Float[Tensor, "edges 3"]


def edges(batch: Molecules) -> Edges:
    """The edges of a batch."""
    receiver = torch.cat([batch.pairs[:, 0], batch.pairs[:, 1]])
    sender = torch.cat([batch.pairs[:, 1], batch.pairs[:, 0]])
    difference = batch.positions[receiver] - batch.positions[sender]
    distance = torch.linalg.vector_norm(difference, dim=-1)
    return Edges(sender, receiver, distance, difference / distance[:, None])


def gather(messages: Tensor, receiver: Int[Tensor, " edges"], atoms: int) -> Tensor:
    """The sum of the messages that each atom receives."""
    return messages.new_zeros((atoms, *messages.shape[1:])).index_add(0, receiver, messages)
