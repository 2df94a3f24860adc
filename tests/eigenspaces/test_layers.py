"""Packing and blocks: what exists is kept, the rest is zero, and the gradients are exact."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.eigenspaces.models.layers import MLP, Blocks, Packing


def masks(sizes: list[int], columns: list[int], width: int, seed: int) -> torch.Tensor:
    """An outer product of nodes and columns for each graph, at shuffled places."""
    draw = torch.Generator().manual_seed(seed)
    rows = torch.zeros(len(sizes), width, dtype=torch.bool)
    cols = torch.zeros_like(rows)
    for b, (n, k) in enumerate(zip(sizes, columns, strict=True)):
        rows[b, torch.randperm(width, generator=draw)[:n]] = True
        cols[b, torch.randperm(width, generator=draw)[:k]] = True
    return rows[:, :, None] & cols[:, None, :]


shapes = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=5)


@settings(deadline=None, max_examples=30)
@given(shapes, st.integers(0, 99))
def test_blocks_give_the_neighbour_sums_of_the_padded_tensor(shape, seed):
    sizes, columns = map(list, zip(*shape, strict=True))
    mask = masks(sizes, columns, 6, seed)
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(len(sizes), 6, 6, 3, generator=draw, dtype=torch.float64) * mask[..., None]
    A = (torch.rand(len(sizes), 6, 6, generator=draw) < 0.5).double()
    nodes = mask.any(dim=2).double()
    A = A * nodes[:, :, None] * nodes[:, None, :]
    blocks = Blocks(mask)
    torch.testing.assert_close(blocks.unpack(blocks.pack(x)), x)
    sums = blocks.unpack(blocks.neighbours(blocks.pack(x), blocks.adjacency(A)))
    torch.testing.assert_close(sums, torch.einsum("bij,bjkc->bikc", A, x) * mask[..., None])


def test_a_perceptron_drops_out_after_its_last_map_too():
    """As published. In training one half of the outputs is 0 and the other doubled; in evaluation nothing happens."""
    torch.manual_seed(0)
    mlp, x = MLP(1, 3, 1, 2000, norm="none", dropout=0.5), torch.randn(1, 3)
    trained, exact = mlp(x), mlp.linears[0](x)
    kept = trained != 0
    assert 0.4 < kept.double().mean() < 0.6
    torch.testing.assert_close(trained[kept], 2 * exact[kept])
    torch.testing.assert_close(mlp.eval()(x), exact)


def test_the_gradients_of_packing_are_exact():
    mask = masks([3, 1], [2, 4], 4, 0)
    packing = Packing(mask)
    x = torch.randn(2, 4, 4, 2, dtype=torch.float64, requires_grad=True)
    rows = torch.randn(int(mask.sum()), 2, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(packing.pack, (x,))
    torch.autograd.gradcheck(packing.unpack, (rows,))
    torch.autograd.gradgradcheck(packing.pack, (x,))
