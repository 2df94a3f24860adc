from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.cooling import bands, ladder
from spectral_lab.cooling import spin_chains as hm
from spectral_lab.cooling.levels import Levels, levels
from spectral_lab.cooling.protocol import cool
from spectral_lab.cooling.sign_functions import sign_of


def test_the_law_matches_the_reference(reference):
    case = reference["ladder"]
    for mixing in ladder.MIXING:
        values = [ladder.ladder_law(int(k), mixing) for k in case["k"]]
        np.testing.assert_allclose(values, case[mixing], rtol=1e-14)
    assert ladder.ladder_law(0) == 0


def test_the_law_solves_its_recursion():
    """T_k = 1 + sum_j P(k -> j) T_j, with P = 1/(k+1), or doubled for the return."""
    for mixing, returned in (("uniform", 1), ("haar", 2)):
        T = [0.0]
        for k in range(1, 30):
            back = returned / (k + 1 + returned - 1)
            T.append((1 + (1 - back) * np.mean(T)) / (1 - back))
        assert T[1] == pytest.approx(ladder.ladder_law(1, mixing))
        np.testing.assert_allclose(T[1:], [ladder.ladder_law(k, mixing) for k in range(1, 30)], rtol=1e-12)


@pytest.mark.parametrize("mixing", ladder.MIXING)
def test_walks_follow_the_law(mixing):
    for k in (1, 5, 12):
        steps = ladder.ladder_walks(k, 1500, seed=4, mixing=mixing)
        error = steps.std() / np.sqrt(len(steps))
        assert abs(steps.mean() - ladder.ladder_law(k, mixing)) < 4 * error
        assert steps.min() >= 1


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32), start=st.integers(0, 15))
def test_descents_only_go_down_up_to_the_leak_and_see_no_energies(seed, start):
    """Only the order of the levels enters: a monotone map of the spectrum leaves the walk the same."""
    spectrum = levels(hm.tfim(4))
    walk = ladder.descend(spectrum, start, seed=seed, alpha=0.05)
    mapped = Levels(np.arctan(spectrum.energies) + 30 * (np.arange(16) > 0), spectrum.vectors)
    np.testing.assert_array_equal(walk, ladder.descend(mapped, start, seed=seed, alpha=0.05))
    assert walk[0] == start
    assert walk[-1] == 0


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 4))
def test_no_schedule_cools_an_unknown_state(seed, count):
    spectrum = levels(hm.tfim(3))
    rng = np.random.default_rng(seed)
    steps = []
    for _ in range(count):
        s = sign_of(spectrum.energies, rng.uniform(*spectrum.energies[[0, -1]]))
        V = spectrum.operator(hm.random_field(3, rng))
        steps.append(bands.step_unitary(s, V, alpha=rng.uniform(0.05, 0.5), angle=5.0))
    assert ladder.mean_ground_population(spectrum, steps) == pytest.approx(1 / 8, abs=1e-12)
    assert ladder.mean_ground_population(levels(hm.xxz(3)), steps) == pytest.approx(2 / 8, abs=1e-12)


def test_no_schedule_statement_holds_for_the_trajectories_themselves():
    spectrum = levels(hm.tfim(3))
    finals = [
        cool(spectrum, state, 3, policy="none", seed=11).ground_population[-1] for state in np.eye(8, dtype=complex)
    ]
    assert np.mean(finals) == pytest.approx(1 / 8, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ladder.ladder_law(-1), "k must be"),
        (lambda: ladder.ladder_law(2, "fast"), "mixing must be"),
        (lambda: ladder.ladder_walks(2, 0), "walks must be"),
        (lambda: ladder.ladder_walks(1000, 3000), "take fewer walks"),
        (lambda: ladder.descend(hm.tfim(2), 4), "start must be"),
        (lambda: ladder.mean_ground_population(hm.tfim(2), [np.eye(3)]), "unitaries must have shape"),
        (lambda: ladder.mean_ground_population(hm.tfim(2), [2 * np.eye(4)]), "unitaries must be unitary"),
        (lambda: ladder.ladder_walks(2, 2, "a"), "seed must be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
