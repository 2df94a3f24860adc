"""Whatever is wrong with one argument, the error is a ValueError that starts with its name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import spectral_lab.pseudospectra as chapter

STABLE = np.array([[-1.0, 2.0, 0.0], [0.0, -2.0, 1.0], [0.5, 0.0, -3.0]])
C = np.array([1.0, -1.0, 0.5])
NOT_FINITE = st.sampled_from([np.nan, np.inf, -np.inf])


def spoiled(shape: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
    """Arrays of the right shape with one entry that is not finite."""

    def spoil(array: np.ndarray, value: float, where: int) -> np.ndarray:
        array.flat[where % array.size] = value
        return array

    numbers = hnp.arrays(float, shape, elements=st.floats(-3, 3))
    return st.builds(spoil, numbers, NOT_FINITE, st.integers(0, 100))


def misshapen(*allowed: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
    shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4).filter(lambda shape: shape not in allowed)
    return shapes.map(np.ones)


vector = misshapen((3,)) | spoiled((3,))
matrix = misshapen((1, 1), (2, 2), (3, 3), (4, 4)) | spoiled((3, 3))
grid = spoiled((2, 3))
positive = st.floats(max_value=0) | NOT_FINITE
BAD: dict[str, st.SearchStrategy[Any]] = {
    "A": matrix,
    "B": vector,
    "C": vector,
    "poles": misshapen((0,), (1,), (2,), (3,), (4,)) | spoiled((3,)),
    "residues": vector,
    "n": st.integers(max_value=0) | st.floats(allow_nan=True) | st.booleans(),
    "steps": st.integers(max_value=0) | st.floats(0.1, 0.9),
    "z": grid,
    "s": grid,
    "t": grid | st.floats(max_value=-1e-9),
    "omega": grid,
    "epsilon": positive,
    "step": positive,
    "rate": positive,
    "abscissa": positive,
    "system": st.text().filter(lambda text: text not in ("dplr", "diag")),
    "method": st.text().filter(lambda text: text not in ("lanczos", "svd")),
}
GOOD: dict[str, Any] = {
    "A": STABLE,
    "B": np.ones(3),
    "C": C,
    "poles": np.array([-1.0, -2.0, -3.0 + 1j]),
    "residues": np.ones(3),
    "n": 3,
    "steps": 2,
    "z": 1j,
    "s": 1j,
    "t": 1.0,
    "omega": 2.0,
    "epsilon": 0.1,
    "step": 0.1,
    "rate": 1.0,
    "abscissa": 1.0,
    "system": "dplr",
    "method": "svd",
}
FUNCTIONS = {
    "allpass": ("n", "s"),
    "allpass_phase": ("n", "omega"),
    "convection_diffusion": ("n",),
    "departure_from_normality": ("A",),
    "diag_gap": ("n", "s", "C"),
    "eigenvalue_conditions": ("A",),
    "eigenvector_condition": ("A",),
    "grcar": ("n",),
    "growth_reached": ("t", "abscissa", "epsilon"),
    "h2_norm": ("A",),
    "hinf_norm": ("A",),
    "hold": ("poles", "residues", "step"),
    "impulse_gap": ("n", "C"),
    "jordan_block": ("n",),
    "kreiss_constant": ("A",),
    "legs_impulse_response": ("n", "t", "C", "system"),
    "legs_normal": ("n",),
    "legs_sigma_min": ("n", "z"),
    "legs_states": ("n", "s"),
    "legs_transfer": ("n", "s", "C", "system"),
    "modal_transfer": ("poles", "residues", "s"),
    "modes": ("A", "B", "C"),
    "numerical_abscissa": ("A",),
    "pseudospectral_abscissa": ("A", "epsilon"),
    "s4d_frequencies": ("n",),
    "sampled_transfer": ("poles", "residues", "omega", "step"),
    "semigroup_norms": ("A", "step", "steps"),
    "sigma_min": ("A", "z", "method"),
    "spectral_abscissa": ("A",),
    "spikes": ("n", "C"),
    "tone_response": ("poles", "residues", "t"),
    "transfer_function": ("A", "B", "C", "s"),
    "weak_error": ("n", "C", "rate"),
}
NEEDED = {
    "h2_norm": ("A", "B", "C"),
    "hinf_norm": ("A", "B", "C"),
    "tone_response": ("poles", "residues", "omega", "t"),
}


@pytest.mark.parametrize("function", FUNCTIONS)
@given(data=st.data())
def test_one_bad_argument_is_named(function: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FUNCTIONS[function]))
    value = data.draw(BAD[name])
    arguments = {key: GOOD[key] for key in NEEDED.get(function, FUNCTIONS[function])} | {name: value}
    with pytest.raises(ValueError, match=rf"^{name} must"):
        getattr(chapter, function)(**arguments)


def test_the_good_arguments_are_good() -> None:
    for function, names in FUNCTIONS.items():
        getattr(chapter, function)(**{key: GOOD[key] for key in NEEDED.get(function, names)})


@pytest.mark.usefixtures("as_users_call")
def test_sparse_matrices_are_welcome_and_masked_ones_are_not() -> None:
    sparse, masked = scipy.sparse.csr_array(STABLE), np.ma.masked_array(STABLE, STABLE == 0)
    for function in ("eigenvector_condition", "kreiss_constant", "spectral_abscissa", "departure_from_normality"):
        assert getattr(chapter, function)(sparse) == getattr(chapter, function)(STABLE)
        with pytest.raises(ValueError, match=r"^A must"):
            getattr(chapter, function)(masked)
    assert chapter.hinf_norm(sparse, np.ones(3), C) == chapter.hinf_norm(STABLE, np.ones(3), C)
    np.testing.assert_array_equal(chapter.ptd(sparse, 0.05, "gaussian").E, chapter.ptd(STABLE, 0.05, "gaussian").E)
