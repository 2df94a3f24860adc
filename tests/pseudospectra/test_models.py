"""S4D, S5 and their PTD forms hold the systems they say, compute them right, and meet the authors' numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from spectral_lab.hippo import legs
from spectral_lab.pseudospectra import legs_normal, stored_path
from spectral_lab.pseudospectra.models import (
    S5SSM,
    Block,
    DiagonalSSM,
    FourierNoise,
    Modes,
    Norm,
    OneHot,
    S5Block,
    Stack,
    TiedDropout,
    ptd_modes,
    reader,
    s4d_modes,
)


def rank_one(n: int) -> np.ndarray:
    return stored_path(n).nearest(0.04).E


def set_to(module: nn.Module, **values: Any) -> None:
    """Put numbers into parameters and buffers; complex ones as pairs."""
    for name, value in values.items():
        tensor = torch.as_tensor(value)
        tensor = torch.view_as_real(tensor.to(torch.complex128)) if tensor.is_complex() else tensor
        getattr(module, name).data = tensor


# --- modes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 5, 16, 32])
def test_s4d_modes_are_those_of_the_normal_part(n):
    modes, (A, B) = s4d_modes(n), legs_normal(n)
    np.testing.assert_allclose((modes.V * modes.eigenvalues) @ modes.V.conj().T, A, atol=1e-12 * n**2)
    np.testing.assert_allclose(modes.V @ modes.B, B, atol=1e-12 * n)
    np.testing.assert_allclose(s4d_modes(n, half=False).B, 2 * modes.B, atol=1e-15)


@pytest.mark.parametrize("n", [8, 16, 32])
def test_ptd_modes_are_those_of_the_perturbed_matrix(n, reference):
    A, B = legs(n)
    for E in (rank_one(n), reference("authors_perturbations.npz")[f"ptbHiPPO{n}_E"]):
        modes = ptd_modes(E)
        back = (modes.V * modes.eigenvalues) @ np.linalg.inv(modes.V)
        np.testing.assert_allclose(back, A + E, atol=1e-11 * n**2)
        np.testing.assert_allclose(modes.V @ modes.B, B, atol=1e-12 * n)


def test_the_authors_eigenvalues(reference):
    stored = reference("authors_perturbations.npz")
    for n in (8, 16, 32):
        found, expected = ptd_modes(stored[f"ptbHiPPO{n}_E"]).eigenvalues, stored[f"ptbHiPPO{n}_eigs"]
        distance = abs(found[:, None] - expected).min(1)
        assert (distance < 1e-6 * abs(expected).max()).all()


# --- the layer -------------------------------------------------------------------------------------------------------


def test_the_authors_kernel_output_and_tone(reference):
    r = reference("s4ptd_kernel.npz")
    torch.manual_seed(0)
    ssm = DiagonalSSM(Modes(r["A"][0], np.eye(32, dtype=complex), r["B"][0]), channels=3)
    A = {"A_real": np.log(-r["A"].real), "A_imag": -r["A"].imag}
    set_to(ssm.kernel, inv_step=r["log_dt"], B=r["B"], C=r["C"][None], **A)
    K = ssm.kernel(48)[0].detach().numpy()
    assert abs(K - r["K"]).max() < 1e-5 * abs(r["K"]).max()
    with torch.no_grad():
        y = ssm(torch.tensor(r["u"].T[None]))[0].numpy().T
    assert abs(y - r["y"]).max() < 1e-5 * abs(r["y"]).max()
    silence = torch.zeros(1, 48, 3)
    tone = FourierNoise(325.4, 1.0).add(silence, ssm.kernel.step_sizes().detach())[0]
    wave = (tone / tone[0]).T.numpy()  # the first sample is the strength itself
    np.testing.assert_allclose(wave, r["noise_wave_omega_325_4"], atol=2e-4)  # theirs is in float32, at 1500 radians


def zoh_kernel(A: np.ndarray, B: np.ndarray, C: np.ndarray, step: float, length: int) -> np.ndarray:
    """C e^{A step l} int_0^step e^{A t} B dt from the dense exponential of the augmented matrix."""
    n = len(B)
    augmented = np.zeros((n + 1, n + 1))
    augmented[:n, :n], augmented[:n, n] = A, B
    propagator = scipy.linalg.expm(step * augmented)
    x, kernel = propagator[:n, n], []
    for _ in range(length):
        kernel.append(C @ x)
        x = propagator[:n, :n] @ x
    return np.array(kernel)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("system", ["s4d", "ptd"])
def test_the_kernel_is_that_of_the_dense_system(shared, system):
    n, channels, length = 8, 3, 33
    torch.manual_seed(1)
    modes = s4d_modes(n) if system == "s4d" else ptd_modes(rank_one(n))
    ssm = DiagonalSSM(modes, channels, shared=shared).double()
    A, B = legs_normal(n) if system == "s4d" else (legs(n)[0] + rank_one(n), legs(n)[1])
    C0 = np.random.default_rng(2).standard_normal((channels, n))
    C = C0 @ modes.V
    set_to(ssm.kernel, C=(C * modes.B if shared else C)[None].astype(complex))
    set_to(ssm.kernel, A_real=np.log(-modes.eigenvalues.real)[None].repeat(1 if shared else channels, 0))
    set_to(ssm.kernel, A_imag=-modes.eigenvalues.imag[None].repeat(1 if shared else channels, 0))
    if not shared:
        set_to(ssm.kernel, B=modes.B[None].repeat(channels, 0).astype(complex))
    K, steps = ssm.kernel(length)[0].detach().numpy(), ssm.kernel.step_sizes().detach().numpy()
    for h in range(channels):
        expected = 2 * zoh_kernel(A, B, C0[h], float(steps[h]), length)  # the 2 of the authors' code
        np.testing.assert_allclose(K[h], expected, atol=1e-10 * abs(expected).max())


@given(length=st.integers(1, 40), bidirectional=st.booleans(), skip=st.booleans(), seed=st.integers(0, 99))
def test_the_output_is_the_convolution(length, bidirectional, skip, seed):
    torch.manual_seed(seed)
    ssm = DiagonalSSM(s4d_modes(4), 2, bidirectional=bidirectional, skip=skip).double()
    u = torch.randn(2, length, 2, dtype=torch.float64)
    K = ssm.kernel(length)
    expected = torch.zeros_like(u)
    for t in range(length):
        for l in range(t + 1):
            expected[:, t] += K[0, :, l] * u[:, t - l]
        if bidirectional:
            for l in range(length - t - 1):
                expected[:, t] += K[1, :, l] * u[:, t + l + 1]
    if ssm.D is not None:
        expected = expected + ssm.D * u
    torch.testing.assert_close(ssm(u), expected, rtol=1e-9, atol=1e-9 * float(K.detach().abs().max()))


def test_a_tone_meets_the_spike_at_every_channels_own_step():
    """At nu_0 the response of S4D grows with time, at a frequency between spikes it does not: the paper's point."""
    n = 32
    torch.manual_seed(0)
    quiet = torch.zeros(1, 4096, 8)
    loudness = {}
    for name, modes in {"s4d": s4d_modes(n), "ptd": ptd_modes(rank_one(n))}.items():
        ssm = DiagonalSSM(modes, 8, steps=(1e-3, 1e-3), trainable=False)
        for frequency in (200.0, 325.4263):
            with torch.no_grad(), FourierNoise(frequency, 1.0).inside(ssm):
                y = ssm(quiet)
            loudness[name, frequency] = float(y[:, 2048:].square().mean().sqrt())
    assert loudness["s4d", 325.4263] > 5 * loudness["s4d", 200.0]
    assert loudness["ptd", 325.4263] < 2 * loudness["ptd", 200.0]


def test_frozen_layers_learn_only_their_read_outs():
    ssm = DiagonalSSM(s4d_modes(4), 3, trainable=False)
    assert [name for name, _ in ssm.named_parameters()] == ["kernel.C"]
    trained, shared = DiagonalSSM(s4d_modes(4), 3), DiagonalSSM(s4d_modes(4), 3, shared=True)
    learnt = {name.removeprefix("kernel.") for name, _ in trained.named_parameters()}
    assert learnt == {"A_real", "A_imag", "B", "C", "inv_step"}
    assert {name.removeprefix("kernel.") for name, _ in shared.named_parameters()} == learnt - {"B"}
    assert set(ssm.state_dict()) == set(trained.state_dict())


def test_gradients_reach_every_parameter():
    torch.manual_seed(3)
    block = Block(DiagonalSSM(ptd_modes(rank_one(8)), 4, bidirectional=True, skip=True))
    block(torch.randn(2, 20, 4)).square().sum().backward()
    for name, parameter in block.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_an_unstable_mode_is_reflected():
    E = np.zeros((8, 8))
    E[1, 7] = 12.3  # one entry is enough to make the perturbed system unstable
    modes = ptd_modes(E)
    assert modes.eigenvalues.real.max() > 0.1
    K = DiagonalSSM(modes, 2, steps=(0.1, 0.1)).kernel(4000)
    assert K[..., -1000:].abs().max() < 1e-3 * K.abs().max()


# --- S5 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["zoh", "bilinear"])
@pytest.mark.parametrize("form", ["uni_full", "bi_full", "uni_conj"])
def test_the_authors_s5(method, form, reference):
    r = reference("s5_jax.npz")
    kept = slice(4) if form == "uni_conj" else slice(8)
    modes = Modes(r["Lambda"], r["V"], r["V"].conj().T @ np.ones(8))
    ssm = S5SSM(modes, 3, conjugate=form == "uni_conj", bidirectional=form == "bi_full", method=method)
    B, C = (r["V"].conj().T @ r["B"])[kept], (r["C"] @ r["V"])[:, kept]
    set_to(ssm, real=r["Lambda"].real[kept], imag=r["Lambda"].imag[kept], log_step=np.log(r["dt"][kept]), D=np.zeros(3))
    set_to(ssm, B=B, C=np.stack([C, 0.5 * C]) if form == "bi_full" else C[None])
    propagator, drive = ssm.discretized()
    np.testing.assert_allclose(propagator.detach(), r[f"{method}_Lambda_bar"][kept], rtol=1e-9)
    np.testing.assert_allclose(drive.detach(), r[f"{method}_B_bar"][kept], rtol=1e-9, atol=1e-15)
    y = ssm(torch.tensor(r["u"][None]))[0].detach().numpy()
    expected = r[f"{method}_y_{form}"]
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-9 * abs(expected).max())


@pytest.mark.parametrize("blocks", [1, 2])
def test_s5_is_its_dense_system(blocks):
    """With one step for all states it is x' = A x + B_0 u, y = C_0 x in the coordinates of HiPPO, block by block."""
    n, H, length, step = 6, 3, 12, 0.05
    modes = s4d_modes(n)
    A = (modes.V * modes.eigenvalues) @ modes.V.conj().T
    torch.manual_seed(0)
    ssm = S5SSM(modes, H, blocks=blocks, conjugate=False, steps=(step, step), inputs="hippo").double()
    u = torch.randn(1, length, H, dtype=torch.float64)
    C = torch.view_as_complex(ssm.C.detach())[0].reshape(H, blocks, n).sum(1) @ torch.as_tensor(modes.V.conj().T)
    B0 = np.outer(legs(n)[1], np.ones(H))
    propagator = scipy.linalg.expm(step * A)
    B_bar = np.linalg.solve(A, (propagator - np.eye(n)) @ B0)
    x, expected = np.zeros(n, dtype=complex), []
    for sample in u[0].numpy():
        x = propagator @ x + B_bar @ sample
        expected.append((C.numpy() @ x).real + ssm.D.detach().numpy() * sample)
    np.testing.assert_allclose(ssm(u)[0].detach(), expected, atol=2e-5)  # lambda, B and C start in single precision


def test_half_the_modes_say_as_much_as_all_where_partners_share_a_step():
    torch.manual_seed(1)
    half, full = S5SSM(s4d_modes(8), 3), S5SSM(s4d_modes(8), 3, conjugate=False)
    for name in ("real", "log_step"):
        set_to(full, **{name: torch.cat([getattr(half, name).detach()] * 2)})
    set_to(full, imag=torch.cat([half.imag.detach(), -half.imag.detach()]), D=half.D.detach())
    B, C = torch.view_as_complex(half.B.detach()), torch.view_as_complex(half.C.detach())
    set_to(full, B=torch.cat([B, B.conj()]), C=torch.cat([C, C.conj()], -1))
    u = torch.randn(2, 30, 3)
    torch.testing.assert_close(full.float()(u), half(u), rtol=1e-4, atol=1e-5)


# Parameters of the Long Range Arena models as the authors' code counts them: inputs, layers, H, J, n, half, whole.
COUNTS = [
    ("listops", 20, 10, 8, 128, 8, 2, 188_490, 237_834),
    ("text", 135, 2, 6, 256, 12, 16, 1_321_154, 2_207_618),
    ("image", 1, 10, 6, 512, 3, 128, 5_133_706, 8_676_106),
    ("pathfinder", 1, 2, 6, 192, 8, 32, 1_113_602, 2_000_642),
    ("pathx", 1, 2, 6, 128, 16, 16, 694_018, 1_286_146),
    ("retrieval", 98, 2, 6, 128, 16, 16, 772_098, 1_364_226),
]


@pytest.mark.parametrize(("task", "inputs", "classes", "layers", "H", "J", "n", "half", "whole"), COUNTS)
def test_the_number_of_parameters_is_the_authors(task, inputs, classes, layers, H, J, n, half, whole):
    for conjugate, expected in ((True, half), (False, whole)):
        block = S5Block(S5SSM(s4d_modes(n), H, blocks=J, conjugate=conjugate, bidirectional=True), H)
        model = reader(nn.Linear(inputs, H), Stack([block]), H, classes, pairs=task == "retrieval")
        one, rest = (sum(parameter.numel() for parameter in part.parameters()) for part in (block, model))
        assert rest + (layers - 1) * one == expected


@pytest.mark.parametrize(("read_out", "variance"), [("lecun", 1 / (8 * 200)), ("truncated", 1 / 8), ("complex", 1.0)])
def test_read_outs_are_drawn_with_the_authors_variance(read_out, variance):
    torch.manual_seed(2)
    C = torch.view_as_complex(S5SSM(s4d_modes(8), 200, conjugate=False, read_out=read_out).C.detach())
    # V is unitary, so it keeps the variance; real and imaginary parts have `variance` each, "complex" in sum
    expected = variance if read_out == "complex" else 2 * variance
    assert float(C.abs().square().mean()) == pytest.approx(expected, rel=0.1)


def test_s5_stabilisers():
    E = np.zeros((8, 8))
    E[1, 7] = 12.3
    modes = ptd_modes(E)
    unstable = modes.eigenvalues.real > 0
    assert unstable.any()
    real = {
        s: S5SSM(modes, 2, conjugate=False, stabiliser=s).eigenvalues().real.numpy(force=True)
        for s in ("none", "clip", "reflect")
    }
    assert (real["none"][unstable] > 0).all()
    np.testing.assert_allclose(real["clip"][unstable], -1e-4)
    np.testing.assert_allclose(real["reflect"], -abs(real["none"]))
    np.testing.assert_allclose(real["clip"][~unstable], real["none"][~unstable])


@pytest.mark.parametrize("activation", ["half_glu1", "half_glu2", "full_glu"])
def test_s5_blocks_learn_all_their_parameters(activation):
    torch.manual_seed(3)
    block = S5Block(S5SSM(s4d_modes(4), 5, bidirectional=True), 5, activation=activation, dropout=0.1)
    x = torch.randn(3, 11, 5)
    with FourierNoise(5.0, 0.1).inside(block):
        block(x).square().sum().backward()
    for name, parameter in block.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    with torch.no_grad():
        block.eval()
        y, g = block.ssm(block.norm(x)), None
        g = nn.functional.gelu(y, approximate="tanh")
        left = {"half_glu1": g, "half_glu2": y, "full_glu": block.value(g) if block.value else g}[activation]
        torch.testing.assert_close(block(x), x + left * torch.sigmoid(block.gate(g)))


def test_s5_hears_a_tone_at_the_step_of_its_highest_state():
    torch.manual_seed(5)
    ssm = S5SSM(s4d_modes(8), 3)
    highest = int(ssm.imag.abs().argmax())
    torch.testing.assert_close(ssm.tone_step(), ssm.log_step[highest].exp().expand(3))
    noise, u = FourierNoise(7.0, 0.3), torch.zeros(2, 20, 3)
    torch.manual_seed(6)
    expected = ssm(noise.add(u, ssm.tone_step()))
    torch.manual_seed(6)
    with noise.inside(ssm):
        torch.testing.assert_close(ssm(u), expected)
    torch.testing.assert_close(ssm(u), torch.zeros_like(u))  # the tone is gone


def test_s5_resamples_a_slow_signal():
    """Half as many samples, each twice as long: nearly the same output at the kept samples."""
    torch.manual_seed(7)
    ssm = S5SSM(s4d_modes(8), 2, steps=(1e-3, 2e-3)).double()
    t = torch.arange(4000, dtype=torch.float64) / 4000
    u = torch.stack([torch.sin(6 * t), torch.cos(4 * t)], -1)[None]
    fine, coarse = ssm(u)[:, 1::2], ssm(u[:, 1::2], rate=2.0)
    assert (fine - coarse)[:, 100:].abs().max() < 0.02 * fine.abs().max()


def test_pairs_of_tokens_are_read():
    torch.manual_seed(4)
    encoder = nn.Sequential(OneHot(5), nn.Linear(5, 4))
    model = reader(encoder, Stack([S5Block(S5SSM(s4d_modes(4), 4), 4)]), 4, 2, pairs=True, gelu="tanh").eval()
    first, second = torch.randint(0, 5, (3, 9)), torch.randint(0, 5, (3, 7))
    n, m = torch.tensor([9, 3, 1]), torch.tensor([5, 7, 2])
    answers = model(first, n, second, m)
    alone = model(first[1:2, :3], n[1:2], second[1:2], m[1:2])
    torch.testing.assert_close(answers[1:2], alone, rtol=1e-4, atol=1e-5)


# --- around the layer ------------------------------------------------------------------------------------------------


def test_tied_dropout_has_one_mask_for_the_whole_sequence():
    torch.manual_seed(4)
    dropout = TiedDropout(0.5)
    y = dropout(torch.ones(6, 9, 20))
    assert torch.equal(y, y[:, :1].expand_as(y))
    assert set(y.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(dropout.eval()(y), y)


def test_batch_norm_normalises_over_batch_and_length():
    torch.manual_seed(5)
    y = Norm("batch", 3)(2 + 5 * torch.randn(4, 50, 3))
    torch.testing.assert_close(y.mean((0, 1)), torch.zeros(3), rtol=0, atol=1e-5)
    torch.testing.assert_close(y.std((0, 1), unbiased=False), torch.ones(3), rtol=1e-3, atol=0)


@pytest.mark.parametrize("prenorm", [False, True])
def test_the_residual_is_what_is_left_when_the_layer_is_silent(prenorm):
    block = Block(DiagonalSSM(s4d_modes(4), 3), norm="batch", prenorm=prenorm)
    nn.init.zeros_(block.mix.weight)
    nn.init.zeros_(block.mix.bias)
    x = torch.randn(2, 7, 3)
    torch.testing.assert_close(block(x), x if prenorm else block.norm(x))
    block.residual = False
    torch.testing.assert_close(block(x), torch.zeros_like(x))


def test_samples_after_the_end_change_nothing():
    torch.manual_seed(6)
    model = reader(nn.Linear(1, 4), Stack([Block(DiagonalSSM(s4d_modes(4), 4))]), 4, classes=3)
    x = torch.randn(2, 10, 1)
    lengths = torch.tensor([10, 6])
    other = x.clone()
    other[1, 6:] = 99.0
    torch.testing.assert_close(model(other, lengths), model(x, lengths), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(model(x[1:, :6]), model(x, lengths)[1:], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: s4d_modes(0), "n must be a whole number of at least 1"),
        (lambda: ptd_modes([[1.0, 2.0]]), "E must be a square matrix"),
        (lambda: DiagonalSSM(s4d_modes(4), 2, steps=(0.0, 0.1)), "steps must be the smallest and the largest step"),
        (lambda: DiagonalSSM(s4d_modes(4), 2, steps=(0.1,)), "steps must be the smallest and the largest step"),
        (lambda: S5SSM(s4d_modes(4), 2, steps=(0.1, -1.0)), "steps must be the smallest and the largest step, above 0"),
        (lambda: S5SSM(s4d_modes(4), 2)(torch.zeros(1, 5, 2), 0.0), "rate must be a finite number greater than 0"),
        (lambda: DiagonalSSM(s4d_modes(4), 0), "channels must be a whole number of at least 1"),
        (lambda: DiagonalSSM(s4d_modes(4), 0, shared=True), "channels must be a whole number of at least 1"),
        (lambda: DiagonalSSM(s4d_modes(4), 2).kernel(0), "length must be a whole number between 1 and"),
        (lambda: S5SSM(s4d_modes(5), 2), "conjugate needs modes in conjugate pairs, none of them real"),
        (lambda: S5SSM(s4d_modes(4), 2, method="euler"), "method must be one of 'zoh', 'bilinear'"),
        (lambda: S5SSM(s4d_modes(4), 2, read_out="normal"), "read_out must be one of"),
        (lambda: S5Block(S5SSM(s4d_modes(4), 2), 2, activation="relu"), "activation must be one of"),
        (lambda: TiedDropout(1.5), "rate must be a finite number between 0 and 1"),
        (lambda: Block(DiagonalSSM(s4d_modes(4), 2), norm="group"), "norm must be one of 'layer', 'batch'"),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
