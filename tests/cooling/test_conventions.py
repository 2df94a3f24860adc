"""Angles of one convention give the polynomial in every other one, and published angles give what was published."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial.chebyshev import chebval

from spectral_lab.cooling import qsp
from spectral_lab.cooling.conventions import CONVENTIONS, convert_phases, qsp_response

X = np.cos(np.linspace(0, np.pi, 101))
COMPLEX = ("Wx", "Wz", "reflection", "QSVT", "GQSP")  # these give P, the other two a real target


def test_zeros_are_the_chebyshev_polynomials():
    """Martyn et al. 2021, section II A: phases (0, 0), (0, 0, 0), .. in Wx give T_d."""
    for d in range(1, 8):
        wanted = chebval(X, np.eye(d + 1)[d])
        for name in COMPLEX:
            phases = convert_phases(np.zeros(d + 1), "Wx", name)
            np.testing.assert_allclose(qsp_response(phases, name, X), wanted, atol=1e-13)
        # Gilyén et al. 2019, lemma 9: (1 - d) pi/2 and then pi/2 in QSVT, up to whole turns of R = e^{i pi/2 Z} R' ..
        published = np.append((1 - d) * np.pi / 2, np.full(d - 1, np.pi / 2))
        np.testing.assert_allclose(qsp_response(published, "QSVT", X), wanted, atol=1e-13)
        ours = convert_phases(np.zeros(d + 1), "Wx", "QSVT")
        turns = (ours - published) / np.pi
        np.testing.assert_allclose(turns, np.round(turns), atol=1e-13)
        assert np.round(turns).sum() % 2 == 0


def test_bb1_in_every_convention():
    """Martyn et al. 2021, equation 6: the composite pulse BB1, (pi/2, -eta, 2 eta, 0, -2 eta, eta)."""
    eta = 0.5 * np.arccos(-0.25)
    bb1 = [np.pi / 2, -eta, 2 * eta, 0, -2 * eta, eta]
    published = X**2 / 8 * (3 * X**8 - 15 * X**6 + 35 * X**4 - 45 * X**2 + 30)
    for name in COMPLEX:
        response = qsp_response(convert_phases(bb1, "Wx", name), name, X)
        np.testing.assert_allclose(np.abs(response) ** 2, published, atol=1e-13)


def test_quarter_turns_undo_every_second_signal():
    """e^{i pi/2 Z} = iZ and Z W Z = 1/W, so neighbours cancel: P is i^{d+1}, times x if d is odd."""
    for d in range(1, 6):
        response = qsp_response(np.full(d + 1, np.pi / 2), "Wx", X)
        np.testing.assert_allclose(response, 1j ** ((d + 1) % 4) * (X if d % 2 else 1), atol=1e-13)


def test_published_symmetric_phases_of_two_packages_are_one_list(reference):
    for case in reference["symmetric_qsp"]:
        im, re = np.array(case["pyqsp_full_phases_Im"]), np.array(case["qsppack_full_phases_Re"])
        f = qsp_response(im, "pyqsp", X)
        np.testing.assert_allclose(
            f, chebval(X, np.ravel(np.column_stack([0 * np.array(case["cheb_odd"]), case["cheb_odd"]]))), atol=1e-9
        )
        np.testing.assert_allclose(qsp_response(re, "QSPPACK", X), f, atol=1e-10)
        ours = convert_phases(im, "pyqsp", "QSPPACK")
        np.testing.assert_allclose(qsp_response(ours, "QSPPACK", X), f, atol=1e-12)
        np.testing.assert_allclose(-ours, re, atol=1e-10)  # conjugation: all phases negative, the real part the same


@settings(deadline=None, max_examples=60)
@given(
    d=st.integers(0, 30),
    source=st.sampled_from(COMPLEX),
    target=st.sampled_from(list(CONVENTIONS)),
    seed=st.integers(0, 2**32),
)
def test_the_polynomial_survives_every_conversion(d, source, target, seed):
    if "QSVT" in (source, target) and d == 0:
        return
    wx = np.random.default_rng(seed).uniform(-np.pi, np.pi, d + 1)
    P = qsp_response(wx, "Wx", X)
    there = convert_phases(wx, "Wx", source)
    np.testing.assert_allclose(qsp_response(there, source, X), P, atol=1e-12)
    across = convert_phases(there, source, target)
    wanted = P.real if target in ("QSPPACK", "pyqsp") else P
    np.testing.assert_allclose(qsp_response(across, target, X), wanted, atol=1e-12)
    back = convert_phases(across, target, "Wx")
    np.testing.assert_allclose(qsp_response(back, "Wx", X), P, atol=1e-12)


def test_converted_angles_are_those_of_a_circuit():
    """The GQSP of a list of Wx has the Fourier coefficients of w^d P(x), and `gqsp_angles` finds it again."""
    wx = [0.3, -0.7, 1.1, 0.2]
    angles = convert_phases(wx, "Wx", "GQSP")
    P, Q = qsp.gqsp_coefficients(*angles)
    z = np.exp(1j * np.linspace(0, 2 * np.pi, 40))
    w = np.sqrt(z)
    np.testing.assert_allclose(
        np.polynomial.polynomial.polyval(z, P), w**3 * qsp_response(wx, "Wx", w.real.clip(-1, 1)), atol=1e-7
    )
    again = qsp.gqsp_angles(P, Q)
    np.testing.assert_allclose(
        qsp_response(convert_phases(again, "GQSP", "Wx"), "Wx", X), qsp_response(wx, "Wx", X), atol=1e-10
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: qsp_response([0.1], "Wx", 1.2), "x must lie"),
        (lambda: qsp_response([], "Wx", 0.2), "phases must hold at least one"),
        (lambda: qsp_response([0.1], "Wy", 0.2), "convention must be one of"),
        (lambda: qsp_response([0.1], "GQSP", 0.2), "phases must be Angles"),
        (lambda: qsp_response(np.zeros(10_000), "Wx", np.zeros(100_000)), "x must hold at most"),
        (lambda: convert_phases([0.1j], "Wx", "Wz"), "phases must be real"),
        (lambda: convert_phases([0.1], "Wx", "QSVT"), "at least one signal"),
        (lambda: convert_phases([0.1], "Wx", "LaTeX"), "target must be one of"),
        (lambda: convert_phases([0.1], 3, "Wx"), "source must be one of"),
        (lambda: convert_phases(([0.1], [0.1, 0.2], 0.0), "GQSP", "Wx"), "theta and phi must"),
        (lambda: convert_phases(qsp.gqsp_angles([0.3, 0.2, 0.1]), "GQSP", "Wx"), "turns about one axis"),
    ],
)
@pytest.mark.usefixtures("as_users_call")
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
