from __future__ import annotations

import numpy as np
import pytest
import qutip
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.cooling import bands
from spectral_lab.cooling import spin_chains as hm
from spectral_lab.cooling.levels import levels, smooth_sign
from spectral_lab.cooling.sign_functions import sign_of

strength, times, seeds = st.floats(0.01, 1.5), st.floats(0.1, 200.0), st.integers(0, 2**32)


def two_bands(lower, upper):
    return np.concatenate([-np.ones(lower), np.ones(upper)])


def unit_norm(dimension, seed):
    V = hm.gue(dimension, seed)
    return V / np.linalg.norm(V, 2)


def slope(x, y):
    return np.polyfit(np.log(x), np.log(y), 1)[0]


@pytest.mark.parametrize("pulsed", [False, True])
def test_steps_match_the_reference(reference, pulsed):
    case = reference["dynamics"]
    spectrum = levels(hm.tfim(4))
    c, V = spectrum.coordinates(hm.start_state(4, "neel")), spectrum.operator(case["V_coefficients"])
    for step in case["single_steps"]:
        drive, prefix = ("bang-bang", "bangbang_") if pulsed else ("constant", "")
        options = {"alpha": step["alpha"], "angle": step["tau"], "drive": drive}
        s = sign_of(spectrum.energies, step["mu"], step["w"])
        after = np.abs(bands.evolve(c, s, V, **options)) ** 2
        np.testing.assert_allclose(after, step[prefix + "populations"], atol=1e-10)
        U = bands.step_unitary(s, V, **options)
        assert bands.leak(U, s) == pytest.approx(step[prefix + "leak_opnorm_sq"], abs=1e-10)
        if pulsed:
            assert bands.pulses(step["tau"], step["alpha"]) == step["bangbang_r"]
        else:
            assert after @ spectrum.energies == pytest.approx(step["energy"], abs=1e-9)


@pytest.mark.parametrize("drive", bands.DRIVES)
def test_qutip_solves_the_same_step(drive):
    """An independent oracle: qutip's own integrator, with operators on the sites instead of levels."""
    n, alpha, angle, mu, width = 3, 0.3, 2.0, -0.4, 0.3
    H, psi = hm.tfim(n), hm.start_state(n, "plus")
    v = hm.random_field(n, 5)
    V, S = hm.field_operator(v), smooth_sign(H, mu, width)
    options = {"progress_bar": "", "nsteps": 200_000, "atol": 1e-12, "rtol": 1e-10, "method": "vern9"}
    T = angle / alpha
    if drive == "constant":
        theirs = qutip.sesolve(S + alpha * V, psi, [0, T], options=options).states[-1]
    elif drive == "ramp":
        coupling = [V, lambda t: 2 * alpha * np.sin(np.pi * t / T) ** 2]
        theirs = qutip.sesolve([S, coupling], psi, [0, T], options=options).states[-1]
    else:
        r = bands.pulses(angle, alpha)
        half = (-0.5j * angle / r * V).expm()
        theirs = psi
        for _ in range(r):
            theirs = half * ((-0.5j * np.pi * S).expm() * (half * theirs))
    ours = bands.cooling_step(psi, H, v, mu, width=width, alpha=alpha, angle=angle, drive=drive)
    # the ramp is a Magnus integrator of order 4; the others are exact
    np.testing.assert_allclose(ours, theirs.full()[:, 0], atol=2e-6 if drive == "ramp" else 1e-8)


@pytest.mark.parametrize(("alpha", "angle"), [(1.0, 1.0), (0.5, 1.0), (0.5, 4.0), (0.1, 8.0)])
def test_short_ramps_are_followed_as_well_as_long_ones(alpha, angle):
    s, V, T = two_bands(3, 4), unit_norm(7, 2), angle / alpha
    psi = np.eye(7, dtype=complex)[0]
    exact = scipy.integrate.solve_ivp(
        lambda t, c: -1j * (s * c + 2 * alpha * np.sin(np.pi * t / T) ** 2 * (V @ c)),
        (0, T),
        psi,
        method="DOP853",
        rtol=1e-11,
        atol=1e-12,
    ).y[:, -1]
    np.testing.assert_allclose(bands.evolve(psi, s, V, alpha=alpha, angle=angle, drive="ramp"), exact, atol=2e-6)


@settings(deadline=None, max_examples=40)
@given(lower=st.integers(1, 7), upper=st.integers(1, 7), alpha=strength, t=times, seed=seeds)
def test_the_bound_is_never_violated(lower, upper, alpha, t, seed):
    s, V = two_bands(lower, upper), unit_norm(lower + upper, seed)
    U = bands.step_unitary(s, V, alpha=alpha, angle=alpha * t)
    np.testing.assert_allclose(U @ U.conj().T, np.eye(len(s)), atol=1e-11)
    assert bands.leak(U, s) <= bands.leak_bound(alpha) + 1e-12
    # the exact statement behind it: 2 Q U P = -alpha Q [V, U] P
    across = U[lower:, :lower]
    commutator = (V @ U - U @ V)[lower:, :lower]
    np.testing.assert_allclose(2 * across, -alpha * commutator, atol=1e-10)


@settings(deadline=None, max_examples=25)
@given(lower=st.integers(1, 5), upper=st.integers(1, 5), alpha=st.floats(0.01, 0.5), gap=st.floats(0.3, 2), seed=seeds)
def test_the_bound_holds_for_a_smooth_sign_with_its_own_gap(lower, upper, alpha, gap, seed):
    rng = np.random.default_rng(seed)
    s = np.concatenate([-rng.uniform(gap / 2, 1, lower), rng.uniform(gap / 2, 1, upper)])
    gap = s[lower:].min() - s[:lower].max()
    norm = rng.uniform(0.2, 2.0)
    U = bands.step_unitary(s, norm * unit_norm(len(s), seed), alpha=alpha, angle=20.0)
    assert bands.leak(U, s) <= bands.leak_bound(alpha, norm, gap) + 1e-12


@settings(deadline=None, max_examples=25)
@given(lower=st.integers(1, 6), upper=st.integers(1, 6), alpha=strength, t=times, seed=seeds)
def test_total_energy_is_conserved_and_band_energy_almost(lower, upper, alpha, t, seed):
    """S + alpha V is conserved exactly; so S itself moves by at most 2 alpha, however long the step."""
    s, V = two_bands(lower, upper), unit_norm(lower + upper, seed)
    c = np.random.default_rng(seed).normal(size=(len(s), 2)) @ np.array([1, 1j])
    c /= np.linalg.norm(c)
    after = bands.evolve(c, s, V, alpha=alpha, angle=alpha * t)

    def energy(x):
        return (np.abs(x) ** 2 @ s, alpha * (x.conj() @ V @ x).real)

    before, now = energy(c), energy(after)
    assert sum(now) == pytest.approx(sum(before), abs=1e-10)
    assert abs(now[0] - before[0]) <= 2 * alpha + 1e-10
    assert np.linalg.norm(after) == pytest.approx(1, abs=1e-12)


@settings(deadline=None, max_examples=10)
@given(seed=seeds, drive=st.sampled_from(bands.DRIVES))
def test_steps_are_unitary_and_act_on_columns(seed, drive):
    s, V = two_bands(3, 4), unit_norm(7, seed)
    options = {"alpha": 0.3, "angle": 3.0, "drive": drive}
    U = bands.step_unitary(s, V, **options)
    np.testing.assert_allclose(U @ U.conj().T, np.eye(7), atol=1e-12)
    c = np.random.default_rng(seed).normal(size=(7, 3)) + 0j
    np.testing.assert_allclose(bands.evolve(c, s, V, **options), U @ c, atol=1e-11)
    np.testing.assert_allclose(bands.evolve(c[:, 0], s, V, **options), U @ c[:, 0], atol=1e-11)


@pytest.mark.parametrize("drive", bands.DRIVES)
def test_the_path_of_a_step_ends_in_the_step(drive):
    s, V = two_bands(3, 3), unit_norm(6, 1)
    options = {"alpha": 0.2, "angle": 3.0, "drive": drive}
    times, states = bands.during(np.eye(6)[1], s, V, **options)
    assert times[-1] == pytest.approx(15.0)
    np.testing.assert_allclose(np.linalg.norm(states, axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(states[0], np.eye(6)[1], atol=1e-12)
    np.testing.assert_allclose(states[-1], bands.evolve(np.eye(6)[1], s, V, **options), atol=1e-12)
    if drive == "constant":
        half = bands.evolve(np.eye(6)[1], s, V, alpha=0.2, angle=0.2 * times[7])
        np.testing.assert_allclose(states[7], half, atol=1e-12)


def test_two_levels_in_closed_form():
    t = np.linspace(0, 40, 81)[1:]
    X = np.array([[0, 1], [1, 0]])
    for alpha in (0.05, 0.3):
        across = [bands.leak(bands.step_unitary([-1, 1], X, alpha=alpha, angle=alpha * x), [-1, 1]) for x in t]
        np.testing.assert_allclose(across, bands.two_level_leak(alpha, t), atol=1e-12)
        inside = [abs(bands.step_unitary([-1, -1], X, alpha=alpha, angle=alpha * x)[1, 0]) ** 2 for x in t]
        np.testing.assert_allclose(inside, bands.two_level_exchange(alpha, t), atol=1e-12)
        assert bands.two_level_leak(alpha, t).max() <= alpha**2 / (1 + alpha**2)


def test_golden_rule_is_the_first_order_of_the_dynamics():
    s, V, t = two_bands(4, 5), unit_norm(9, 3), 2.0
    errors = []
    for alpha in (0.02, 0.01):
        exact = np.abs(bands.step_unitary(s, V, alpha=alpha, angle=alpha * t)) ** 2
        first = bands.golden_rule(s, V, alpha, t)
        np.testing.assert_allclose(first.sum(axis=0), 1, atol=1e-12)
        assert first[4:, :4].max() <= alpha**2 * np.abs(V).max() ** 2 + 1e-15
        errors.append(np.abs(exact - first).max())
    assert slope([0.02, 0.01], errors) > 2.8  # what is left out is of order alpha^3


def test_motion_in_the_band_needs_the_second_order():
    """Over t ~ 1/alpha the first order alone is wrong at O(alpha); the shift by the other band leaves O(alpha^2)."""
    s, V = two_bands(5, 6), unit_norm(11, 8)
    alphas, first, second = np.array([0.02, 0.01, 0.005]), [], []
    for alpha in alphas:
        t = np.pi / (2 * alpha)
        exact = bands.step_unitary(s, V, alpha=alpha, angle=alpha * t)[:5, :5]
        for errors, order in ((first, 1), (second, 2)):
            errors.append(np.linalg.norm(exact - bands.motion_in_band(s, V, alpha, t, order=order), 2))
    assert slope(alphas, first) == pytest.approx(1, abs=0.1)
    assert slope(alphas, second) == pytest.approx(2, abs=0.2)


def test_how_fast_the_leaks_vanish():
    """Sudden and unsymmetric pulses leak as the square, symmetric pulses as the fourth power, a ramp faster."""
    spectrum = levels(hm.tfim(4))
    s, V = sign_of(spectrum.energies, -1.0), spectrum.operator(hm.random_field(4, 2))
    alphas = np.array([0.2, 0.1, 0.05])

    def worst(drive):
        # the largest over a few angles: a single time may sit at a zero of the oscillation
        return [
            max(bands.leak(bands.step_unitary(s, V, alpha=a, angle=x, drive=drive), s) for x in (2.6, 3.0, 3.4))
            for a in alphas
        ]

    assert 1.8 < slope(alphas, worst("constant")) < 2.2
    assert 3.6 < slope(alphas, worst("bang-bang")) < 4.4
    assert slope(alphas, worst("ramp")) > 5


def test_budget_keeps_the_leak_and_grows_as_three_halves():
    d = np.array([5, 10, 40, 160])
    alphas, total = np.array([bands.budget(int(k)) for k in d]).T
    np.testing.assert_allclose(d * alphas**2, 0.2)
    assert slope(d, total) == pytest.approx(1.5, abs=1e-12)


def test_plain_evolution_hardly_moves_a_level():
    """Under H + alpha V no transition is resonant: each probability is below 4 alpha^2 |V|^2/(E_i - E_j)^2 or so."""
    spectrum = levels(hm.tfim(4))
    E, V, alpha = spectrum.energies, spectrum.operator(hm.random_field(4, 0)), 0.02
    first = bands.golden_rule(E, V, alpha, 400.0)
    gaps = np.abs(E[:, None] - E[None, :]) + np.eye(16)
    assert np.all(first - np.diag(np.diag(first)) <= (2 * alpha * np.abs(V) / gaps) ** 2 + 1e-12)


@pytest.mark.parametrize("unit", [1e-30, 1e-12, 1e12])
@pytest.mark.parametrize("drive", ["constant", "ramp"])
def test_the_unit_of_energy_does_not_matter(drive, unit):
    """Under H + alpha V itself, s and alpha are energies: t scales against them, and nothing else changes."""
    E, V = np.linalg.eigvalsh(hm.tfim(3).full()), unit_norm(8, 3)
    c = np.eye(8)[2]
    right, there = (bands.evolve(c, E * u, V, alpha=0.3 * u, angle=4.0, drive=drive) for u in (1.0, unit))
    np.testing.assert_allclose(there, right, atol=1e-9)
    right, there = (bands.golden_rule(E * u, V, 0.01 * u, 3 / u) for u in (1.0, unit))
    np.testing.assert_allclose(there, right, atol=1e-12)


def test_many_rounds_are_squared():
    """A thousand pulses and more: the same as one after another."""
    s, V = np.array([-1.0, -1.0, 1.0]), unit_norm(3, 1)
    few = bands.evolve(np.eye(3)[0], s, V, alpha=1e-3, angle=4.0, drive="bang-bang")
    _, path = bands.during(np.eye(3)[0], s, V, alpha=1e-3, angle=4.0, drive="bang-bang")
    np.testing.assert_allclose(few, path[-1], atol=1e-10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bands.evolve([1, 0], [-1, 1], np.eye(2), alpha=0, angle=1), "alpha must be"),
        (lambda: bands.evolve([1, 0], [-1, 1], np.eye(2), alpha=0.1, angle=-1), "angle must be"),
        (lambda: bands.evolve([1, 0], [-1, 1], np.eye(3), alpha=0.1, angle=1), "V must be 2 x 2"),
        (lambda: bands.evolve([1, 0], [-1, 1], [[0, 1], [0, 0]], alpha=0.1, angle=1), "V must be Hermitian"),
        (lambda: bands.step_unitary([-1, 1], [[0, 1], [0, 0]], alpha=0.1, angle=1), "V must be Hermitian"),
        (lambda: bands.step_unitary([[-1]], np.eye(2), alpha=0.1, angle=1), "s must have shape"),
        (lambda: bands.evolve([1, 0], [-1, 1], np.eye(2), alpha=1e-9, angle=1, drive="ramp"), "angle / alpha must"),
        (lambda: bands.golden_rule([-1, 1], np.eye(3), 0.1, 1), "V must be 2 x 2"),
        (lambda: bands.golden_rule([-1, 1], [[0, 1], [0, 0]], 0.1, 1), "V must be Hermitian"),
        (lambda: bands.leak(np.eye(2), [-1, 1, 1]), "U must be 3 x 3"),
        (lambda: bands.leak(np.eye(2), ["below", "above"]), "s must be an array of numbers"),
        (lambda: bands.cooling_step(hm.start_state(2), hm.tfim(2), 1j * np.ones((2, 3)), 0.0), "V must be real"),
        (lambda: bands.evolve([1, 0], [-1, 1], np.eye(2), alpha=0.1, angle=1, drive="slow"), "drive must be"),
        (lambda: bands.evolve([np.nan, 0], [-1, 1], np.eye(2), alpha=0.1, angle=1), "c must be finite"),
        (lambda: bands.evolve(1.0, [-1, 1], np.eye(2), alpha=0.1, angle=1), "c must have one row"),
        (lambda: bands.during(np.eye(2), [-1, 1], np.eye(2), alpha=0.1, angle=1), "c must be one state"),
        (lambda: bands.leak_bound(-0.1), "alpha must be"),
        (lambda: bands.leak_bound(0.1, gap=0), "gap must be"),
        (lambda: bands.motion_in_band([0.5, 1], np.eye(2), 0.1, 1), "exact signs"),
        (lambda: bands.budget(0), "steps must be"),
        (lambda: bands.cooling_step(hm.start_state(2), hm.tfim(3), hm.gue(8, 0), 0.0), "state must have 8"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_weak_stirring_may_take_as_long_as_its_phases_keep_their_digits():
    """Not less for a small alpha: |S| t is what counts, and here it is 8e6, of 1e12 that are allowed."""
    spectrum = levels(hm.tfim(2))
    s, V = np.array([-1.0, -1.0, 1.0, 1.0]), spectrum.operator(hm.random_field(2, 0))
    c = bands.evolve(np.eye(4)[0], s, V, alpha=1e-6, angle=8.0)
    resonant = bands.motion_in_band(s, V, 1e-6, 8e6)[:, 0]
    np.testing.assert_allclose(np.abs(c[:2]), np.abs(resonant), atol=1e-5)
    with pytest.raises(ValueError, match="angle / alpha must be at most 1e"):
        bands.evolve(np.eye(4)[0], s, V, alpha=1e-13, angle=8.0)
