from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hippo import (
    DPLR,
    diagonal,
    discrete_system,
    discretize_diagonal,
    dplr,
    generating_function,
    impulse_response,
    kernel,
    legs,
    system,
    vandermonde_kernel,
    without_low_rank,
)
from spectral_lab.hippo.kernels import METHODS, kernel_as_printed, multiplications

C8 = np.cos(np.arange(8) + 1)


def complex_normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


@pytest.mark.parametrize("rule", ["bilinear", "zoh"])
@pytest.mark.parametrize("family", ["legs", "legt", "fout"])
def test_kernels_of_the_exact_systems_are_the_reference(numbers, family, rule):
    reference = numbers[f"kern_{family}_{rule}"]
    form = dplr(family, 8, window=2.0)
    for method in METHODS if rule == "bilinear" else ("powers", "krylov"):
        np.testing.assert_allclose(kernel(form, C8, 0.03, 50, method, rule), reference, atol=1e-12, err_msg=method)
    for method in ("powers", "krylov"):
        pair = system(family, 8, window=2.0)
        np.testing.assert_allclose(kernel(pair, C8, 0.03, 50, method, rule), reference, atol=1e-12, err_msg=method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", ["legs", "legt", "fout"])
def test_s4_kernels_are_the_authors(numbers, family, method):
    part = {key: numbers[f"s4_{family}_{key}"] for key in ("A", "P", "B", "C", "dt", "K")}
    form = DPLR(Lambda=part["A"], P=part["P"], B=part["B"])
    np.testing.assert_allclose(kernel(form, part["C"], part["dt"], 50, method), part["K"], atol=1e-10)


@pytest.mark.parametrize("rule", ["zoh", "bilinear"])
@pytest.mark.parametrize("name", ["lin", "inv", "legs", "real"])
def test_s4d_kernels_are_the_authors(numbers, name, rule):
    part = {key: numbers[f"s4d_{name}_{rule}_{key}"] for key in ("A", "B", "C", "dt", "K")}
    for algorithm in ("two_level", "direct"):
        K = vandermonde_kernel(part["A"], part["B"], part["C"], part["dt"], 50, rule, algorithm)
        np.testing.assert_allclose(K, part["K"], atol=1e-12)
    if name != "legs":  # the authors store single precision, and clamp |Im| at 1e-4; V^* B of legs has a free phase
        Lambda, _ = diagonal(name, 16)
        np.testing.assert_allclose(part["A"][0], Lambda, atol=1.1e-4)


@given(
    family=st.sampled_from(["legs", "legt", "fout"]),
    half=st.integers(1, 16),
    length=st.integers(1, 70),
    step=st.floats(1e-3, 2),
    seed=st.integers(0, 1000),
)
def test_all_algorithms_agree(family, half, length, step, seed):
    rng = np.random.default_rng(seed)
    form = dplr(family, 2 * half)
    C = complex_normal(rng, 2, half)
    oracle = kernel(form, C, step, length, "powers")
    assert oracle.shape == (2, length)
    scale = np.abs(oracle).max() + step
    for method in ("cauchy", "krylov"):
        np.testing.assert_allclose(kernel(form, C, step, length, method), oracle, atol=1e-9 * scale, err_msg=method)


@given(
    half=st.integers(1, 16),
    length=st.integers(1, 300),
    step=st.floats(1e-3, 1),
    rule=st.sampled_from(["zoh", "bilinear"]),
    seed=st.integers(0, 1000),
)
def test_two_levels_are_the_direct_sum(half, length, step, rule, seed):
    rng = np.random.default_rng(seed)
    Lambda = -rng.exponential(size=half) + 1j * rng.normal(size=half) * 20
    B, C = complex_normal(rng, 2, half)
    direct = vandermonde_kernel(Lambda, B, C, step, length, rule, "direct")
    two = vandermonde_kernel(Lambda, B, C, step, length, rule)
    np.testing.assert_allclose(two, direct, atol=1e-10 * (1 + np.abs(direct).max()))


def test_kernel_is_the_recurrence():
    """The convolution with K and x_k = A_bar x_{k-1} + B_bar u_k give the same output."""
    rng = np.random.default_rng(0)
    form, C = dplr("legs", 16), complex_normal(rng, 8)
    u = rng.normal(size=100)
    A_bar, B_bar, c = discrete_system(form, C, 0.05)
    x, y = np.zeros(16), []
    for sample in u:
        x = A_bar @ x + B_bar * sample
        y.append(c @ x)
    np.testing.assert_allclose(np.convolve(kernel(form, C, 0.05, 100), u)[:100], y, atol=1e-12)


@given(family=st.sampled_from(["legs", "fout", "legt"]), half=st.integers(1, 24), step=st.floats(1e-3, 10))
def test_bilinear_steps_never_amplify(family, half, step):
    form = dplr(family, 2 * half)
    A_bar, _, _ = discrete_system(form, np.zeros(half), step)
    assert np.linalg.norm(A_bar, 2) <= 1 + 1e-9


def test_removable_points_of_the_generating_function():
    """At omega = -1, and at omega = 1 with the zero eigenvalue of FouT, it is the plain sum like everywhere else."""
    for family in ("legs", "fout", "legt"):
        form = dplr(family, 8)
        K = kernel(form, C8, 0.1, 20, "powers")
        omega = np.array([1, -1, 1j, np.exp(2j * np.pi / 20)])
        expected = (K * omega[:, None] ** np.arange(20)).sum(axis=-1)
        np.testing.assert_allclose(generating_function(form, C8, 0.1, 20, omega), expected, atol=1e-12)


def test_cauchy_sums_as_printed_are_the_kernel_but_for_their_pole():
    form = dplr("legs", 8)
    C, step, length = form.rotate(np.cos(np.arange(8.0))), 0.1, 64
    assert np.isnan(kernel_as_printed(form, C, step, length)).all()
    np.testing.assert_allclose(kernel_as_printed(form, C, step, 63), kernel(form, C, step, 63), atol=1e-12)
    with pytest.raises(ValueError, match="system must be one DPLR of rank one"):
        kernel_as_printed((np.eye(2), np.ones(2)), C, step, 64)


def test_multiplications_grow_as_the_algorithms_do():
    assert multiplications("powers", 64, 1 << 20) == 2 * multiplications("powers", 64, 1 << 19)
    for method in ("cauchy", "krylov"):
        assert multiplications(method, 64, 1 << 22) / multiplications(method, 64, 1 << 20) == pytest.approx(4, rel=0.25)
        assert multiplications(method, 64, 4096) < multiplications("powers", 64, 4096) / 3
    with pytest.raises(ValueError, match="method must be one of"):
        multiplications("fast", 8, 8)


def test_single_precision_stays_single_and_close():
    rng = np.random.default_rng(1)
    form, H = dplr("legs", 32), 5
    stacked = [np.broadcast_to(x[..., None, :], (*x.shape[:-1], H, 16)) for x in (form.Lambda, form.P, form.B)]
    C, step = complex_normal(rng, 1, H, 16), np.geomspace(1e-3, 0.1, H)
    single = DPLR(*(x.astype(np.complex64) for x in stacked))
    for method, rule in (("krylov", "bilinear"), ("cauchy", "bilinear"), ("krylov", "zoh")):
        K = kernel(single, C.astype(np.complex64), step, 700, method, rule)
        assert K.dtype == np.float32
        exact = kernel(DPLR(*stacked), C, step, 700, "krylov", rule)
        assert K.shape == (1, H, 700)
        assert np.abs(K - exact).max() < 5e-5 * np.abs(exact).max()


def test_zero_order_hold_integrates_a_zero_eigenvalue():
    Lambda_bar, B_bar = discretize_diagonal(np.zeros(1), np.ones(1), 0.25)
    np.testing.assert_allclose([Lambda_bar[0], B_bar[0]], [1, 0.25])


def test_zero_order_hold_is_exact_for_held_inputs():
    """The step response of the discrete system is the integral of the continuous kernel."""
    Lambda, B = diagonal("lin", 8)
    K = vandermonde_kernel(Lambda, B, np.ones(4), 0.1, 50)
    t = 0.1 * np.arange(1, 51)
    integral = 2 * ((np.exp(t[:, None] * Lambda) - 1) / Lambda @ B).real
    np.testing.assert_allclose(np.cumsum(K), integral, atol=1e-12)


@pytest.mark.parametrize("n", [8, 32, 128])
def test_s4d_legs_converges_weakly_and_not_strongly(facts, n):
    reference = facts["s4d_legs_convergence"][str(n)]
    t = np.linspace(0, 6, 601)
    A, B = without_low_rank("legs", n)
    # antiderivatives in closed form: int_0^t e^{sA} B ds = A^{-1} (e^{tA} - I) B
    full_A, full_B = legs(n)
    weak = (
        np.linalg.solve(A, (impulse_response(A, B, t) - B).T).T
        - np.linalg.solve(full_A, (impulse_response(full_A, full_B, t) - full_B).T).T
    )
    np.testing.assert_allclose(np.abs(weak[:, :4]).max(axis=0), reference["weak_sup_antiderivative_n0to3"], rtol=2e-2)
    s = np.linspace(0, 8, 1601)
    gap = impulse_response(A, B, s)[:, :4] - impulse_response(full_A, full_B, s)[:, :4]
    strong = np.sqrt(np.trapezoid(gap**2, s, axis=0))
    np.testing.assert_allclose(strong, reference["strong_L2_0_8_n0to3"], rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kernel(dplr("legs", 8), C8, 0.0, 5), "step must"),
        (lambda: kernel(dplr("legs", 8), C8, 0.1, 0), "length must"),
        (lambda: kernel(dplr("legs", 8), C8[:3], 0.1, 5), "C must"),
        (lambda: kernel(dplr("legs", 8), C8, 0.1, 5, "fft"), "method must"),
        (lambda: kernel(system("legs", 8), C8, 0.1, 5, "cauchy"), "method 'cauchy' needs"),
        (lambda: kernel(system("legs", 8), C8, 0.1, 5, "powers", "rk4"), "discretization must"),
        (lambda: kernel(3, C8, 0.1, 5), "system must"),
        (lambda: kernel(dplr("legs", 8), C8, [0.1, 0.2], 5), "step must"),
        (lambda: vandermonde_kernel([-1.0], [1.0], [1.0], -1.0, 5), "step must"),
        (lambda: vandermonde_kernel([-1.0, -2.0], [1.0, 2.0, 3.0], [1.0], 1.0, 5), "Lambda"),
        (lambda: vandermonde_kernel([np.nan], [1.0], [1.0], 1.0, 5), "Lambda must"),
        (lambda: vandermonde_kernel([-1.0, -2.0], [1.0, 2.0], [1.0], 1.0, 5), "C must"),
        (lambda: vandermonde_kernel([-1.0, -2.0], [1.0, 2.0], np.ones((2, 3, 2)), [0.1, 0.2], 5), "C must"),
        (lambda: vandermonde_kernel(-1.0, [1.0, 2.0], [1.0, 1.0], 1.0, 5), "Lambda"),
        (lambda: vandermonde_kernel([9.0], [1.0], [1.0], 1.0, 500), "Lambda must"),
        (lambda: vandermonde_kernel([1e4], [1.0], [1.0], 1.0, 5), "step must"),
        (lambda: discretize_diagonal([20.0], [1.0], 0.1, "bilinear"), "step must"),
        (lambda: kernel((np.eye(2), np.ones(2)), np.ones(2), 0.5, 5000), "step must"),
        (lambda: discrete_system(legs(4), np.ones(4), 0.1, "foh"), "discretization must"),
        (lambda: kernel((np.eye(2), np.ones(2)), np.ones(2), 0.5, 5000, "powers"), "step must"),
        (lambda: generating_function(legs(4), np.ones(4), 0.1, 8, [1.0]), "system must"),
        (lambda: generating_function(dplr("legs", 8), C8, 0.1, 8, [0.5]), "omega must"),
        (lambda: diagonal("lin", 7), "n must"),
        (lambda: kernel(legs(4), np.ones(4), 0.1, 10**400), "length must"),
        (lambda: kernel(dplr("legs", 8), np.ones((1000, 8)), 0.1, 10**6), "C and length must"),
        (lambda: vandermonde_kernel([-1.0], [1.0], [1.0], 0.1, 10**9), "length must"),
        (lambda: diagonal("random", 8), "name must"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()


@pytest.mark.parametrize(
    ("Lambda", "P", "B", "V", "message"),
    [
        (np.ones(3), np.ones((1, 2)), np.ones(3), None, "Lambda and B must"),
        (np.ones(3), np.ones(3), np.ones(3), None, "Lambda and B must"),
        (np.ones(3), np.ones((1, 3)), np.ones(1), None, "Lambda and B must"),
        (np.ones(1), np.ones((1, 1)), np.ones(1), np.eye(2), "V must"),
    ],
)
def test_the_parts_of_a_dplr_must_fit(Lambda, P, B, V, message):
    """P of another size would be broadcast to a wrong kernel. (Under a type checker the shapes are refused before.)"""
    parts = [None if x is None else x.astype(complex) for x in (Lambda, P, B, V)]
    with pytest.raises((ValueError, TypeError), match=f"^({message}|Type-check error)"):
        DPLR(*parts)


@pytest.mark.parametrize("unit", [1e-20, 1e-14, 1e20])
def test_cauchy_sums_do_not_depend_on_the_unit_of_time(unit):
    """Lambda/unit with the step times unit is the same kernel over unit; an absolute threshold would see only zeros."""
    form, C = dplr("legs", 16), np.cos(np.arange(8))
    other = DPLR(form.Lambda / unit, form.P / np.sqrt(unit), form.B / unit)
    for method in ("cauchy", "krylov"):
        K = kernel(form, C, 0.1, 64, method)
        np.testing.assert_allclose(kernel(other, C, 0.1 * unit, 64, method), K, atol=1e-12 * np.abs(K).max())
