from __future__ import annotations

import numpy as np
import pytest
import torch

from spectral_lab import hippo
from spectral_lab.hippo.models import (
    Block,
    Convolution,
    DelayModel,
    DiagonalKernel,
    FreeKernel,
    Network,
    PairNetwork,
    Recurrent,
    S4DKernel,
    S4Kernel,
    Stack,
    Transformer,
    s4_stack,
)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def layers(channels: int = 6) -> dict[str, Convolution]:
    made = {f"s4 {init}": S4Kernel(channels, 16, init=init) for init in ("legs", "fout", "legt")}
    mixed = {"s4 legs/fout": S4Kernel(channels, 16, init="legs/fout", copies=2)}
    s4d = {f"s4d {init}": S4DKernel(channels, 16, init=init) for init in ("legs", "lin", "inv", "real", "foud")}
    bilinear = {"s4d bilinear": S4DKernel(channels, 16, init="lin", discretisation="bilinear")}
    return {name: Convolution(kernel) for name, kernel in (made | mixed | s4d | bilinear).items()}


def test_two_layer_stack_is_the_authors(numbers):
    stack = Stack([Block(Convolution(S4Kernel(3, 8, copies=3, bidirectional=True))) for _ in range(2)]).double()
    with torch.no_grad():
        for i, block in enumerate(stack.blocks):
            given = {
                key.removeprefix(f"stack_sd/layers.{i}."): torch.tensor(value)
                for key, value in numbers.items()
                if key.startswith(f"stack_sd/layers.{i}.")
            }
            kernel = block.convolution.kernel
            for name in ("C", "B", "A_real", "A_imag", "P"):
                getattr(kernel, name).copy_(given[f"layer.layer.kernel.{name}"].reshape(getattr(kernel, name).shape))
            kernel.inv_step.copy_(given["layer.layer.kernel.inv_dt"][:, 0])
            block.convolution.D.copy_(given["layer.layer.D"][0])
            for ours, theirs in (("mix", "layer.output_linear.0"), ("norm.norm", "norm.norm")):
                block.get_submodule(ours).weight.copy_(given[f"{theirs}.weight"])
                block.get_submodule(ours).bias.copy_(given[f"{theirs}.bias"])
        stack.norm.norm.weight.copy_(torch.tensor(numbers["stack_sd/norm.norm.weight"]))
        stack.norm.norm.bias.copy_(torch.tensor(numbers["stack_sd/norm.norm.bias"]))
        y = stack(torch.tensor(numbers["stack_x"]))
    np.testing.assert_allclose(y.numpy(), numbers["stack_y"], atol=1e-9)


@pytest.mark.parametrize("direction", ["uni", "bi"])
def test_convolutions_are_the_authors(numbers, direction):
    x, k = (torch.tensor(numbers[f"conv_{direction}_{part}"]) for part in "xk")
    layer = Convolution(FreeKernel(3, 50, bidirectional=direction == "bi")).double()
    with torch.no_grad():
        layer.kernel.values.copy_(k)
        layer.D.copy_(torch.tensor(numbers[f"conv_{direction}_D"])[0])
        y = layer(x.transpose(1, 2)).transpose(1, 2)
    np.testing.assert_allclose(y.numpy(), numbers[f"conv_{direction}_y"], atol=1e-12)


@pytest.mark.parametrize("name", list(layers()))
def test_kernels_are_those_of_the_mathematics(name):
    kernel = layers()[name].double().kernel
    Lambda, B = (x.detach().numpy() for x in kernel.modes())
    C, step = kernel.read_out().detach().numpy(), kernel.step_sizes().detach().numpy()
    if isinstance(kernel, S4Kernel):
        P = kernel._spread(torch.view_as_complex(kernel.P)).detach().numpy()
        expected = hippo.kernel(hippo.DPLR(Lambda, P, B), C, step, 90, "powers")
    else:
        expected = hippo.vandermonde_kernel(Lambda, B, C, step, 90, kernel.discretisation, "direct")
    np.testing.assert_allclose(kernel(90).detach().numpy(), expected, atol=1e-11)


@pytest.mark.parametrize("name", list(layers()))
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-6), (torch.float32, 1e-4)])
def test_forward_is_step(name, dtype, tolerance):
    """The convolution and the recurrence are one map, to the tolerance relative to the largest output."""
    layer = layers()[name].to(dtype)
    u = torch.randn(2, 300, 6, dtype=dtype)
    with torch.no_grad():
        whole, state, system = layer(u), None, layer.kernel.stepper()
        for i in range(u.shape[1]):
            y, state = layer.step(u[:, i], state, system)
            assert (y - whole[:, i]).abs().max() < tolerance * whole.abs().max()


def test_without_a_skip_there_is_no_d():
    """In the convolution as in the recurrence: the output is what D adds less."""
    kernel = S4DKernel(3, 8)
    plain, whole, u = Convolution(kernel, skip=False), Convolution(kernel), torch.randn(2, 40, 3)
    assert [name for name, _ in plain.named_parameters() if name == "D"] == []
    torch.testing.assert_close(whole(u), plain(u) + whole.D * u)
    torch.testing.assert_close(whole.step(u[:, 0])[0], plain.step(u[:, 0])[0] + whole.D * u[:, 0])


def test_a_diagonal_kernel_starts_where_it_is_told():
    """From given modes, with B in its place or folded into C, where it is not learnt."""
    Lambda, B = hippo.diagonal("lin", 8)
    C = torch.view_as_complex(torch.randn(2, 6, 4, 2))
    options = {"steps": (0.01, 0.01), "step_map": "exp"}
    apart = DiagonalKernel(6, Lambda[None], B[None], C, **options)
    folded = DiagonalKernel(6, Lambda[None], None, C * torch.tensor(B), **options)
    assert apart(50).shape == (2, 6, 50)  # C says that it looks both ways
    torch.testing.assert_close(apart(50), folded(50), rtol=1e-4, atol=1e-5)
    assert {name for name, _ in apart.named_parameters()} - {name for name, _ in folded.named_parameters()} == {"B"}


def test_a_block_without_a_residual_is_what_it_adds():
    torch.manual_seed(1)
    with_x, without = (Block(Convolution(S4DKernel(3, 8)), residual=residual).eval() for residual in (True, False))
    without.load_state_dict(with_x.state_dict())
    x = torch.randn(2, 30, 3)
    torch.testing.assert_close(with_x(x), x + without(x))


def test_bidirectional_meets_the_next_sample_first():
    layer = Convolution(FreeKernel(1, 5, bidirectional=True)).double()
    u = torch.randn(1, 5, 1, dtype=torch.float64)
    k0, k1 = layer.kernel.values[:, 0]
    direct = [
        sum(k0[i - j] * u[0, j, 0] for j in range(i + 1)) + sum(k1[j - i - 1] * u[0, j, 0] for j in range(i + 1, 5))
        for i in range(5)
    ]
    np.testing.assert_allclose((layer(u) - layer.D * u)[0, :, 0].detach(), torch.stack(direct).detach(), atol=1e-12)


@pytest.mark.parametrize("kernel", ["s4", "s4d", "free"])
def test_padding_changes_nothing(kernel):
    """A padded sequence with its length gives what the sequence alone gives (layer norm: no statistics are shared)."""
    body = s4_stack(6, 2, states=8, kernel=kernel, norm="layer", length=40)
    network = Network(torch.nn.Linear(2, 6), body, torch.nn.Linear(6, 3)).double().eval()
    x = torch.randn(2, 40, 2, dtype=torch.float64)
    lengths = torch.tensor([25, 40])
    alone = network(x[:1, :25])
    np.testing.assert_allclose(network(x, lengths)[:1].detach(), alone.detach(), atol=1e-10)


@pytest.mark.parametrize("body", [Recurrent(8, 2, True), Transformer(8)])
def test_baselines_ignore_padding(body):
    network = Network(torch.nn.Embedding(10, 8), body, torch.nn.Linear(8, 3), "last").double().eval()
    x, lengths = torch.randint(10, (2, 12)), torch.tensor([7, 12])
    np.testing.assert_allclose(network(x, lengths)[:1].detach(), network(x[:1, :7]).detach(), atol=1e-10)


def test_resampling_a_slow_signal_changes_little():
    """Half as many samples, each twice as long: the same model at rate 2 gives the same output at the kept samples."""
    layer = Convolution(S4Kernel(2, 16, steps=(1e-3, 2e-3))).double()
    t = torch.arange(4000, dtype=torch.float64) / 4000
    u = torch.stack([torch.sin(6 * t), torch.cos(4 * t)], -1)[None]
    fine, coarse = layer(u)[:, 1::2], layer(u[:, 1::2], rate=2.0)
    assert (fine - coarse)[:, 100:].abs().max() < 0.02 * fine.abs().max()


def test_initial_spectrum_steps_and_clip():
    kernel = S4Kernel(8, 64, steps=(1e-3, 1e-1), B_clip=2.0)
    Lambda, B = kernel.modes()
    np.testing.assert_allclose(Lambda[3].detach().numpy(), hippo.dplr("legs", 64).Lambda, rtol=1e-5)
    assert B.imag.abs().max() <= 2
    assert ((kernel.step_sizes() >= 0.999e-3) & (kernel.step_sizes() <= 0.1001)).all()
    mixed = S4Kernel(4, 8, init="legs/fout", copies=4)
    np.testing.assert_allclose(mixed.modes()[0].real.detach()[:, 0], [-0.5, -0.5, -1e-4, -1e-4], rtol=1e-5)


@pytest.mark.parametrize("name", ["s4 legs", "s4 legt", "s4d legs"])
def test_gradients_are_finite_differences(name):
    kernel = layers(2)[name].double().kernel
    weight = torch.randn(1, 2, 20, dtype=torch.float64)
    (kernel(20) * weight).sum().backward()
    for parameter in kernel.parameters():
        assert parameter.grad is not None
        where, h = int(parameter.grad.abs().argmax()), 1e-6
        with torch.no_grad():
            flat, values = parameter.view(-1), []
            for shift in (h, -2 * h):
                flat[where] += shift
                values.append(float((kernel(20) * weight).sum()))
            flat[where] += h
        slope = (values[0] - values[1]) / (2 * h)
        assert float(parameter.grad.view(-1)[where]) == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_pairs_share_their_batch_norm_and_are_otherwise_read_alone():
    """In training the statistics are those of both documents together; in use each is as if it were read alone."""
    network = Network(torch.nn.Embedding(9, 4), s4_stack(4, 1, states=4, norm="batch"), torch.nn.Identity())
    pair, first, second = PairNetwork(network, 4), torch.randint(9, (6, 10)), torch.randint(9, (6, 10))
    whole = torch.full((6,), 10)
    pair(first, whole, second, whole)
    norm = network.body.blocks[0].norm.norm
    both = network.encoder(torch.cat([first, second])).flatten(0, 1)
    torch.testing.assert_close(norm.running_mean, 0.1 * both.mean(0))
    torch.testing.assert_close(norm.running_var, 0.9 + 0.1 * both.var(0))
    pair.eval()
    n, m = torch.tensor([10, 9, 8, 1, 2, 3]), torch.tensor([6, 5, 4, 3, 2, 1])
    a, b = network.features(first, n), network.features(second[:, :6], m)
    torch.testing.assert_close(pair(first, n, second[:, :6], m), pair.head(torch.cat([a, b, a - b, a * b], -1)))


def test_frozen_state_space_part_has_only_c_to_learn():
    kernel = S4Kernel(2, 8, trainable=False)
    assert [name for name, _ in kernel.named_parameters()] == ["C"]
    assert "P" in kernel.state_dict()


def test_parameter_counts_are_the_authors():
    """Current configurations: ListOps 815 186, Image 3 564 682, Pathfinder 1 288 706 (their modules, counted)."""
    cases = [
        (815_186, torch.nn.Embedding(18, 256), 6, 256, 4, 10, 1),
        (3_564_682, torch.nn.Linear(1, 512), 6, 512, 64, 10, 1),
        (1_288_706, torch.nn.Linear(1, 256), 6, 256, 64, 2, 256),
    ]
    for count, encoder, depth, channels, states, classes, copies in cases:
        prenorm = count == 1_288_706
        body = s4_stack(channels, depth, states=states, copies=copies, prenorm=prenorm)
        network = Network(encoder, body, torch.nn.Linear(channels, classes))
        assert sum(p.numel() for p in network.parameters()) == count


def test_pairs_and_delays_have_their_shapes():
    network = Network(torch.nn.Embedding(9, 4), s4_stack(4, 1, states=4), torch.nn.Identity())
    pair = PairNetwork(network, 4)
    n, m = torch.tensor([10, 3, 1]), torch.tensor([8, 8, 1])
    assert pair(torch.randint(9, (3, 10)), n, torch.randint(9, (3, 8)), m).shape == (3, 2)
    assert DelayModel("legs", 8, (0.1, 0.2))(torch.randn(2, 20, 1)).shape == (2, 20, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: S4Kernel(3, 7), "n must"),
        (lambda: S4Kernel(3, 8, init="lin"), "init must"),
        (lambda: S4Kernel(3, 8, copies=2), "channels must"),
        (lambda: S4Kernel(4, 8, init="legs/fout", copies=1), "copies must"),
        (lambda: S4Kernel(4, 8, steps=(0.1, 0.01)), "steps must"),
        (lambda: S4Kernel(4, 8, B_clip=0.0), "B_clip must"),
        (lambda: S4DKernel(4, 8, init="fout"), "init must"),
        (lambda: FreeKernel(4, 8)(8, 2.0), "rate must"),
        (lambda: Convolution(S4Kernel(2, 4, bidirectional=True)).step(torch.zeros(1, 2)), "kernel must"),
        (lambda: s4_stack(4, 0), "layers must"),
        (lambda: S4Kernel(4, 8)(0), "length must"),
        (lambda: S4DKernel(4, 8)(-1), "length must"),
        (lambda: FreeKernel(4, 8)(0), "length must"),
        (lambda: S4Kernel(4, 8)(9, 0.0), "rate must"),
        (lambda: S4DKernel(4, 8)(9, -1.0), "rate must"),
        (lambda: S4DKernel(4, 8)(9, float("nan")), "rate must"),
        (lambda: S4Kernel(4, 8, steps=(1e-3, float("inf"))), "steps must"),
        (lambda: S4Kernel(4, 8, steps=(1e-3,)), "steps must"),
        (lambda: Convolution(S4Kernel(4, 8))(torch.zeros(2, 9, 5)), "u must"),
        (lambda: Convolution(S4Kernel(4, 8))(torch.zeros(2, 0, 4)), "u must"),
        (lambda: Convolution(S4Kernel(4, 8)).step(torch.zeros(2, 5)), "u must"),
        (lambda: Stack([]), "blocks must"),
        (lambda: Transformer(5, 1, 1), "channels must"),
        (lambda: Transformer(6, 1, 4), "channels must"),
        (lambda: s4_stack(4, 1, kernel="s4d", B_clip=2.0), "B_clip must"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()


@pytest.mark.parametrize("lengths", [[9, 0, 1], [9, 10, 1], [9, -3, 1], [9, 3]])
def test_lengths_that_do_not_fit_are_named(lengths):
    """A length 0 gave NaN, a negative one a number without meaning. (A type checker refuses two lengths for three.)"""
    network = Network(torch.nn.Embedding(5, 4), s4_stack(4, 1, states=4), torch.nn.Linear(4, 2)).eval()
    with pytest.raises((ValueError, TypeError), match=r"^(lengths must be 3 whole numbers from 1 to 9|Type-check)"):
        network(torch.zeros(3, 9, dtype=torch.long), torch.tensor(lengths))


@pytest.mark.parametrize("step_map", ["softplus", "exp"])
def test_steps_of_any_size_come_back_from_their_parameters(step_map):
    """log(e^step - 1) overflowed in single precision for steps above 88."""
    for size in (1e-8, 1e-3, 5.0, 19.0, 21.0, 100.0, 1000.0):
        steps = S4DKernel(4, 8, steps=(size, size), step_map=step_map).step_sizes()
        np.testing.assert_allclose(steps.detach().numpy(), size, rtol=2e-5)
