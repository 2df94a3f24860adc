"""The parallel scan is the loop, and its adjoint is the loop's gradient."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectral_lab.pseudospectra.models.scan import linear_scan


def loop(lam: Tensor, b: Tensor, reverse: bool = False) -> Tensor:
    """The recurrence as it is written."""
    steps = range(b.shape[1])
    x, states = torch.zeros_like(b[:, 0]), [torch.empty(0)] * b.shape[1]
    for t in reversed(steps) if reverse else steps:
        x = lam * x + b[:, t]
        states[t] = x
    return torch.stack(states, 1)


def draw(batch: int, length: int, p: int, dtype: torch.dtype, seed: int) -> tuple[Tensor, Tensor]:
    """A stable lambda and an input."""
    generator = torch.Generator().manual_seed(seed)
    lam = torch.randn(p, dtype=dtype, generator=generator)
    lam = lam / (1 + lam.abs())
    return lam.requires_grad_(), torch.randn(batch, length, p, dtype=dtype, generator=generator).requires_grad_()


@given(
    batch=st.integers(1, 3),
    length=st.integers(1, 70),
    p=st.integers(1, 5),
    dtype=st.sampled_from([torch.float64, torch.complex128]),
    reverse=st.booleans(),
    seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=60)
def test_states_and_gradients_are_those_of_the_loop(batch, length, p, dtype, reverse, seed):
    lam, b = draw(batch, length, p, dtype, seed)
    weight = torch.randn(batch, length, p, dtype=dtype, generator=torch.Generator().manual_seed(seed + 1))
    found, expected = linear_scan(lam, b, reverse), loop(lam, b, reverse)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    gradients = [torch.autograd.grad((x * weight).abs().square().sum(), (lam, b)) for x in (found, expected)]
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
@pytest.mark.parametrize("reverse", [False, True])
def test_gradients_against_finite_differences(dtype, reverse):
    lam, b = draw(2, 7, 3, dtype, seed=4)
    assert torch.autograd.gradcheck(linear_scan, (lam, b, reverse))


def test_second_derivatives_in_the_input_too():
    lam, b = draw(1, 5, 2, torch.complex128, seed=5)
    fixed = lam.detach()
    assert torch.autograd.gradgradcheck(lambda b: linear_scan(fixed, b).abs().square(), (b,))


def test_a_constant_input_reaches_the_geometric_sum():
    lam = torch.tensor([0.9, -0.5, 0.0], dtype=torch.float64)
    x = linear_scan(lam, torch.ones(1, 400, 3, dtype=torch.float64))
    torch.testing.assert_close(x[0, -1], 1 / (1 - lam), rtol=1e-12, atol=0.0)


def test_single_precision_stays_close_over_a_long_sequence():
    _, b = draw(1, 4096, 8, torch.complex64, seed=6)
    lam = (0.999 * torch.exp(1j * torch.linspace(0, 3, 8))).to(torch.complex64)
    exact = loop(lam.to(torch.complex128), b.to(torch.complex128))
    assert (linear_scan(lam, b) - exact).norm() < 1e-5 * exact.norm()  # rounding of about 1000 remembered products


def test_only_the_states_are_kept_for_the_backward_pass():
    lam, b = draw(2, 64, 3, torch.complex128, seed=7)
    kept: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, lambda t: t):
        linear_scan(lam, b)
    assert sum(kept) == lam.numel() + b.numel()


@pytest.mark.parametrize(
    ("lam", "b", "message"),
    [
        (torch.ones(3), torch.ones(2, 4, 2), "b must be \\(batch, length, p\\) and lam \\(p,\\)"),
        (torch.ones(2), torch.ones(1, 0, 2), "none empty"),
        (torch.ones(2), torch.ones(4, 2), "b must be"),
        (torch.ones(2), torch.ones(1, 4, 2, dtype=torch.complex64), "of the same type"),
    ],
)
def test_wrong_shapes_and_types_are_named(lam, b, message):
    with pytest.raises(ValueError, match=message):
        linear_scan(lam, b)
