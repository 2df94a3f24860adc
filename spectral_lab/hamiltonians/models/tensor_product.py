"""The tensor product of equivariant features, which computes the paths that are kept and no others.

Features are [rows, channels, (L+1)^2]: degree l takes the columns l^2 .. (l+1)^2, in the order m = -l..l.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.hamiltonians.coupling import tensor_product_paths, wigner_3j

LARGEST_CHANNELS = 4096


def degree(l: int) -> slice:
    """The columns of degree l."""
    return slice(l * l, (l + 1) ** 2)


class SparseTensorProduct(nn.Module):
    """Channel by channel, the parts of degree l3 of products of parts of degrees l1 and l2:

        z^l3_uk = sum_p coefficient_p w_pu sum_ij C^p_ijk x^l1_ui y^l2_uj,    p = (l1, l2, l3)

    Paths with the same (l1, l2) share one outer product and one matrix product; a group without a kept path is skipped.
    `alpha` are the coefficients of QHNet and SPHNet, sqrt(d3 / n(l3) sqrt(d3 / P)), where d3 = 2 l3 + 1, P is the
    number of paths and n(l3) of those into l3.

    Args: L, 0 to 12; channels; parity, whether only paths with l1 + l2 + l3 even exist. Raises: ValueError.
    """

    def __init__(self, L: int, channels: int, parity: bool = False) -> None:
        super().__init__()
        self.L, self.channels = L, checks.integer(channels, "channels", 1, LARGEST_CHANNELS)
        self.paths = [(int(a), int(b), int(c)) for a, b, c in tensor_product_paths(L, parity)]
        self.alpha = path_normalisation(L, parity)

    def forward(
        self,
        x: Float[Tensor, "rows u m"],
        y: Float[Tensor, "rows v m"],
        weights: Float[Tensor, "weightrows k u"],
        paths: Int[Tensor, " k"] | Int[np.ndarray, " k"] | Sequence[int] | None = None,
        coefficients: Float[Tensor, " k"] | Float[np.ndarray, " k"] | Sequence[float] | None = None,
    ) -> Float[Tensor, "rows u m"]:
        """The product over the kept paths (default all) with these coefficients (default alpha).

        y has as many channels as x, or one, which all share; weights are those of the kept paths, one row each or one
        for all. Arrays and lists will do for paths and coefficients.
        """
        paths = torch.arange(len(self.paths)) if paths is None else torch.as_tensor(paths)
        coefficients = self.alpha[paths.cpu()] if coefficients is None else torch.as_tensor(coefficients)
        weights = weights * coefficients.to(weights)[:, None]
        kept = [(self.paths[p], place) for place, p in enumerate(paths.tolist())]
        parts: list[Tensor | None] = [None] * (self.L + 1)
        for (l1, l2), members in groupby(sorted(kept), key=lambda item: item[0][:2]):
            group = list(members)
            outer = (x[..., degree(l1), None] * y[..., None, degree(l2)]).flatten(-2)
            products = outer @ coupling_matrix(tuple(path for path, _ in group), x.dtype, x.device)
            for ((_, _, l3), place), product in zip(group, _split(products, group), strict=True):
                term = product * weights[:, place, :, None]
                parts[l3] = term if parts[l3] is None else parts[l3] + term
        filled = [x.new_zeros(*x.shape[:2], 2 * l + 1) if part is None else part for l, part in enumerate(parts)]
        return torch.cat(filled, dim=-1)


def path_normalisation(L: int, parity: bool = False) -> Float[Tensor, " paths"]:
    """alpha of `SparseTensorProduct`, in double precision."""
    into = tensor_product_paths(L, parity)[:, 2]
    d3, count = 2 * into + 1, np.bincount(into)[into]
    return torch.tensor(np.sqrt(d3 / count * np.sqrt(d3 / len(into))))


@lru_cache(maxsize=8192)
def coupling_matrix(paths: tuple[tuple[int, int, int], ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """The tensors C of paths with one (l1, l2), side by side: (d1 d2, sum of d3). Kept in no buffer, so that a model
    turned to double precision computes with exact constants."""
    side_by_side = np.concatenate([wigner_3j(*path).reshape(-1, 2 * path[2] + 1) for path in paths], axis=1)
    return torch.tensor(side_by_side, dtype=dtype, device=device)


def _split(products: Tensor, group: Iterable[tuple[tuple[int, int, int], int]]) -> tuple[Tensor, ...]:
    return products.split([2 * l3 + 1 for (_, _, l3), _ in group], dim=-1)
