from __future__ import annotations

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hippo import discretize, fout, legs, legt

RULES = ("bilinear", "zoh", "euler", "backward_euler")


def stable(n, rng):
    A = rng.standard_normal((n, n))
    return A - (np.linalg.eigvals(A).real.max() + 0.1) * np.eye(n), rng.standard_normal(n)


@pytest.mark.parametrize("family", ["legs", "legt", "fout"])
@pytest.mark.parametrize("method", RULES)
def test_steps_are_those_of_the_reference(numbers, facts, family, method):
    theirs = "backward_diff" if method == "backward_euler" else method
    A, B = numbers[f"A_{family}"], numbers[f"B_{family}"]
    A_bar, B_bar = discretize(A, B, facts["inputs"]["dt"], method)
    np.testing.assert_allclose(A_bar, numbers[f"dA_{family}_{theirs}"], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(B_bar, numbers[f"dB_{family}_{theirs}"], rtol=1e-12, atol=1e-12)


@given(re=st.floats(-3, 3), im=st.floats(-30, 30), step=st.floats(1e-4, 0.5))
def test_one_state_has_the_closed_forms(re, im, step):
    lam = complex(re, im)
    expected = {
        "bilinear": ((1 + lam * step / 2) / (1 - lam * step / 2), step / (1 - lam * step / 2)),
        # the quotient tends to the step; numpy cannot divide by a subnormal complex number
        "zoh": (np.exp(lam * step), step if abs(lam) < 1e-20 else np.expm1(lam * step) / lam),
        "euler": (1 + lam * step, step),
        "backward_euler": (1 / (1 - lam * step), step / (1 - lam * step)),
    }
    for method, (a, b) in expected.items():
        A_bar, B_bar = discretize([[lam]], [1.0], step, method)
        assert A_bar[0, 0] == pytest.approx(a, rel=1e-9)
        assert B_bar[0] == pytest.approx(b, rel=1e-9)


@given(n=st.integers(1, 8), seed=st.integers(0, 1000))
def test_bilinear_and_zoh_keep_a_stable_system_stable_at_any_step(n, seed):
    A, B = stable(n, np.random.default_rng(seed))
    for step in (0.01, 1.0, 100.0):
        for method in ("bilinear", "zoh", "backward_euler"):
            assert np.abs(np.linalg.eigvals(discretize(A, B, step, method)[0])).max() < 1


@pytest.mark.parametrize(("method", "order"), [("bilinear", 2), ("euler", 1), ("backward_euler", 1)])
@pytest.mark.parametrize("system", [legs(6), legt(6), fout(6)], ids=["legs", "legt", "fout"])
def test_errors_against_the_exact_kernel_fall_with_the_order_of_the_rule(method, order, system):
    # The response at time 1 to an input 1: x(1) = int_0^1 e^{sA} B ds, which zoh has exactly.
    A, B = system
    errors = []
    for steps in (400, 800):
        A_bar, B_bar = discretize(A, B, 1 / steps, method)
        x = np.zeros(len(A))
        for _ in range(steps):
            x = A_bar @ x + B_bar
        errors.append(np.linalg.norm(x - discretize(A, B, 1.0, "zoh")[1]))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.1)


@given(n=st.integers(1, 8), seed=st.integers(0, 1000), step=st.floats(1e-3, 2), parts=st.integers(2, 5))
def test_zoh_is_exact_for_held_inputs_so_steps_compose(n, seed, step, parts):
    A, B = stable(n, np.random.default_rng(seed))
    A_bar, B_bar = discretize(A, B, step, "zoh")
    np.testing.assert_allclose(A_bar, scipy.linalg.expm(step * A), rtol=1e-9, atol=1e-12)
    small_A, small_B = discretize(A, B, step / parts, "zoh")
    x = np.zeros(n)
    for _ in range(parts):
        x = small_A @ x + small_B
    np.testing.assert_allclose(x, B_bar, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(A @ B_bar, (A_bar - np.eye(n)) @ B, rtol=1e-7, atol=1e-9)


@given(n=st.integers(1, 6), inputs=st.integers(1, 3), method=st.sampled_from(RULES), seed=st.integers(0, 99))
def test_each_input_is_discretised_for_itself(n, inputs, method, seed):
    rng = np.random.default_rng(seed)
    A, B = stable(n, rng)[0], rng.standard_normal((n, inputs))
    A_bar, B_bar = discretize(A, B, 0.1, method)
    assert B_bar.shape == B.shape
    for i in range(inputs):
        one_A, one_B = discretize(A, B[:, i], 0.1, method)
        np.testing.assert_allclose(A_bar, one_A, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(B_bar[:, i], one_B, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((np.ones((2, 3)), [1, 1], 0.1, "zoh"), "A"),
        (([[np.nan]], [1], 0.1, "zoh"), "A"),
        ((np.eye(2), [1, 1, 1], 0.1, "zoh"), "B"),
        ((np.eye(2), np.ones((2, 1, 1)), 0.1, "zoh"), "B"),
        ((np.eye(2), [1, np.inf], 0.1, "zoh"), "B"),
        ((np.eye(2), [1, 1], 0.0, "zoh"), "step"),
        ((np.eye(2), [1, 1], -0.1, "euler"), "step"),
        ((np.eye(2), [1, 1], np.nan, "euler"), "step"),
        ((np.eye(2), [1, 1], 0.1, "tustin"), "method"),
        ((np.eye(2), [1, 1], 1e200, "zoh"), "step"),
        ((np.eye(2) * 1e10, [1, 1], 1e300, "euler"), "step"),
        ((np.eye(2), [1, 1], 2.0, "bilinear"), "step"),
        ((np.eye(2), [1, 1], 1.0, "backward_euler"), "step"),
    ],
)
def test_bad_input_is_named(arguments, name):
    with pytest.raises(ValueError, match=rf"^{name} must"):
        discretize(*arguments)
