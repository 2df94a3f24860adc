from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.cooling import spin_chains as hm

MODELS = {"tfim": hm.tfim, "xxz": hm.xxz, "hubbard": hm.hubbard}
coupling = st.floats(-2, 2)


def build(case):
    parameters = {("sites" if k == "L" else k): v for k, v in case["params"].items()}
    return MODELS[case["model"]](**parameters)


def test_spectra_match_the_reference(reference):
    for case in reference["spectra"]:
        E = np.linalg.eigvalsh(build(case).full())
        np.testing.assert_allclose(E[:8], case["lowest8"], atol=1e-10)
        assert E[-1] == pytest.approx(case["highest"], abs=1e-10)
        assert (E**2).sum() == pytest.approx(case["trace_H2"], rel=1e-12)


def test_large_spectra_match_the_reference(reference):
    for case in reference["large_spectra"]:
        if case["params"]["n"] <= 12:  # longer chains take minutes of Lanczos
            E = scipy.sparse.linalg.eigsh(build(case).data_as("csr_matrix"), k=2, which="SA", tol=1e-10)[0]
            np.testing.assert_allclose(np.sort(E), case["lowest2"], atol=1e-6)


def pauli_string(n, letters):
    """Independent construction by qutip tensor products: letters maps a site to a Pauli."""
    import qutip

    return qutip.tensor([letters.get(i, qutip.qeye(2)) for i in range(n)])


@settings(deadline=None, max_examples=15)
@given(n=st.integers(2, 4), J=coupling, g=coupling, h=coupling)
def test_chains_equal_qutip_tensor_products(n, J, g, h):
    import qutip

    X, Y, Z = qutip.sigmax(), qutip.sigmay(), qutip.sigmaz()
    ising = -J * sum(pauli_string(n, {i: Z, i + 1: Z}) for i in range(n - 1))
    ising += -sum(pauli_string(n, {i: g * X + h * Z}) for i in range(n))
    assert (hm.tfim(n, J, g, h) - ising).norm() < 1e-12
    bonds = [(X, 1.0), (Y, 1.0), (Z, g)]
    heisenberg = J / 4 * sum(w * pauli_string(n, {i: P, i + 1: P}) for P, w in bonds for i in range(n - 1))
    assert (hm.xxz(n, J, g) - heisenberg).norm() < 1e-12


@settings(deadline=None, max_examples=15)
@given(sites=st.integers(1, 3), t=coupling, U=coupling)
def test_hubbard_equals_qutip_jordan_wigner_and_conserves_particles(sites, t, U):
    import qutip

    c = [qutip.fdestroy(2 * sites, m) for m in range(2 * sites)]
    n = [a.dag() * a for a in c]
    H = U * sum((n[2 * i] - 0.5) * (n[2 * i + 1] - 0.5) for i in range(sites))
    for i in range(sites - 1):
        for s in (0, 1):
            hop = c[2 * i + s].dag() * c[2 * i + 2 + s]
            H = H - t * (hop + hop.dag())
    assert (hm.hubbard(sites, t, U) - H).norm() < 1e-11
    assert (hm.hubbard(sites, t, U) * sum(n) - sum(n) * hm.hubbard(sites, t, U)).norm() < 1e-11


@pytest.mark.parametrize(("t", "U"), [(1.0, 4.0), (0.7, 2.5), (1.3, 0.0)])
def test_two_site_hubbard_ground_level(t, U):
    E = np.linalg.eigvalsh(hm.hubbard(2, t, U).full())
    assert E[0] == pytest.approx(-np.sqrt(U**2 / 4 + 4 * t**2), abs=1e-12)


def test_conventions_of_sites_and_bits():
    index = int("0101", 2)
    assert hm.start_state(4, "neel").full()[index, 0] == 1
    H = hm.tfim(4, 0.0, 0.0, 1.0)  # -sum Z: all-up is the ground state at -n
    up = hm.start_state(4, "up")
    assert (H * up + 4 * up).norm() < 1e-14
    v = np.zeros((4, 3))
    v[0, 2] = 1.0  # Z on site 0 reads the most significant bit
    np.testing.assert_array_equal(hm.field_operator(v).full().diagonal().real, np.repeat([1, -1], 8))


def test_overlaps_of_the_start_states():
    ground = np.linalg.eigh(hm.tfim(6).full())[1][:, 0]
    overlap = {kind: abs(ground.conj() @ hm.start_state(6, kind).full()[:, 0]) ** 2 for kind in hm.START_STATES}
    assert overlap["neel"] == pytest.approx(1.7e-4, rel=0.03)
    assert overlap["plus"] == pytest.approx(0.211, rel=0.01)
    assert overlap["up"] == pytest.approx(0.65, rel=0.01)


@settings(deadline=None, max_examples=20)
@given(n=st.integers(1, 6), seed=st.integers(0, 2**32))
def test_random_field_has_norm_one(n, seed):
    V = hm.field_operator(hm.random_field(n, seed)).full()
    assert np.linalg.norm(V, 2) == pytest.approx(1, abs=1e-12)


@settings(deadline=None, max_examples=10)
@given(sites=st.integers(2, 4), seed=st.integers(0, 2**32))
def test_random_hopping_has_norm_one_and_conserves_particles(sites, seed):
    V = hm.random_hopping(sites, seed).full()
    assert np.linalg.norm(V, 2) == pytest.approx(1, abs=1e-10)
    particles = 0.5 * (1 - hm._z_values(2 * sites)).sum(axis=0)
    assert np.abs(V[particles[:, None] != particles[None, :]]).max() == 0


def test_uniform_field_is_dark_and_gue_norm_tends_to_one():
    H, V = hm.xxz(4).full(), hm.field_operator(hm.uniform_field(4, (1, 2, -1))).full()
    assert np.abs(H @ V - V @ H).max() < 1e-14
    assert np.linalg.norm(V, 2) == pytest.approx(1, abs=1e-12)
    norms = [np.linalg.norm(hm.gue(N, 0), 2) for N in (32, 512)]
    assert abs(norms[1] - 1) < 0.05
    assert abs(norms[1] - 1) < abs(norms[0] - 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hm.tfim(0), "n must be"),
        (lambda: hm.tfim(2.5), "n must be"),
        (lambda: hm.tfim(3, g=np.nan), "g must be"),
        (lambda: hm.xxz(3, Delta="1"), "Delta must be"),
        (lambda: hm.hubbard(99), "sites must be"),
        (lambda: hm.start_state(3, "hot"), "kind must be one of"),
        (lambda: hm.field_operator(np.ones(3)), "v must have shape"),
        (lambda: hm.uniform_field(3, (0, 0, 0)), "direction must not"),
        (lambda: hm.random_field(0, 1), "n must be"),
        (lambda: hm.random_field(2, "a"), "seed must be"),
        (lambda: hm.gue(2, None), "seed must be"),
        (lambda: hm.field_operator(1j * np.ones((2, 3))), "v must be real"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
