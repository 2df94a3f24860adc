"""The explorer of a learner's own matrix takes whatever a learner has, and says what is wrong with the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.sparse import csr_array

from spectral_lab.hippo import legs
from spectral_lab.pseudospectra import convection_diffusion, grcar, jordan_block, kreiss_constant, sigma_min
from spectral_lab.pseudospectra.explorers import own_matrix
from spectral_lab.pseudospectra.explorers.own import FLOW, MAP

RNG = np.random.default_rng(3)
MATRICES = {
    "a number": [[-2.0]],
    "nothing": np.zeros((3, 3)),
    "the identity": np.eye(4),
    "nilpotent": jordan_block(6),
    "one eigenvector on the circle": jordan_block(4, 1.0),
    "unstable": np.diag([1.0, -3.0]),
    "rotating": np.array([[0.0, 5.0], [-5.0, 0.0]]),
    "complex": RNG.standard_normal((5, 5)) + 1j * RNG.standard_normal((5, 5)),
    "huge": 1e100 * (grcar(7) - 2 * np.eye(7)),
    "tiny": 1e-100 * (grcar(7) - 2 * np.eye(7)),
    "LegS": legs(24)[0],
    "large": convection_diffusion(100),
    "far off": -1e6 * np.eye(3) + grcar(3),
    "sparse": csr_array(np.diag([-1.0, -2.0])),
    "integers": np.array([[1, 2], [3, 4]]),
}

UNSTABLE = {
    FLOW: {"the identity", "nilpotent", "one eigenvector on the circle", "unstable", "complex", "integers"},
    MAP: {*MATRICES} - {"nothing", "the identity", "nilpotent", "tiny"},
}


@pytest.mark.parametrize("name", MATRICES)
def test_every_square_matrix_can_be_explored(name: str) -> None:
    for time in (FLOW, MAP):
        explorer = own_matrix(MATRICES[name], time=time)
        for power in (-12.0, -2.0, 0.0):
            explorer.set(power=power)
            assert not any(word in explorer.readout for word in ("nan", "inf", "−0 ", "-0 ")), explorer.readout
            for trace in explorer.figure["data"]:
                for axis in "xyz":
                    assert np.isfinite(np.asarray(trace.get(axis, 0.0), dtype=float)).all(), trace.get("name")
        assert ("UNSTABLE" in explorer.readout) == (name in UNSTABLE[time]), explorer.readout


def test_what_it_says_is_so() -> None:
    A = grcar(12) - 1.9 * np.eye(12)
    said = own_matrix(A).data
    assert said["rate"] == pytest.approx(np.linalg.eigvals(A).real.max(), rel=1e-9)
    assert said["start"] == pytest.approx(np.linalg.eigvalsh((A + A.T) / 2)[-1], rel=1e-9)
    assert said["kreiss"] == kreiss_constant(A)
    times = said["t"]
    norms = [np.linalg.norm(expm(t * A), 2) for t in times]
    np.testing.assert_allclose(10 ** said["logarithms"], norms, rtol=1e-8)
    assert (said["logarithms"] <= said["most"] + 1e-9).all()
    assert (said["logarithms"] >= said["least"] - 1e-9).all()
    assert said["reach"] / said["epsilon"] <= said["kreiss"] * (1 + 1e-9) <= max(norms) * (1 + 1e-2)
    line = sigma_min(A, 1j * np.linspace(-4, 4, 4001))
    assert said["to_the_edge"] == pytest.approx(line.min(), rel=1e-4)
    assert said["to_the_edge"] <= line.min() * (1 + 1e-12)

    half = own_matrix(A / 5, time=MAP).data
    powers = [np.linalg.norm(np.linalg.matrix_power(A / 5, k), 2) for k in range(61)]
    np.testing.assert_allclose(10 ** half["logarithms"], powers, rtol=1e-9)
    assert (half["logarithms"] <= half["most"] + 1e-9).all()
    assert (half["logarithms"] >= half["least"] - 1e-9).all()
    assert half["kreiss"] == kreiss_constant(A / 5, "disc") <= max(powers) * (1 + 1e-9)
    circle = sigma_min(A / 5, np.exp(1j * np.linspace(0, 2 * np.pi, 5001)))
    assert half["to_the_edge"] == pytest.approx(circle.min(), rel=1e-4)


@pytest.mark.parametrize("time", [FLOW, MAP])
def test_a_matrix_may_come_as_text_file_or_array(tmp_path: Path, time: str) -> None:
    A = np.array([[-0.5, 2.0], [0.0, -0.4]])
    np.save(tmp_path / "a.npy", A)
    (tmp_path / "a.mtx").write_text("%%MatrixMarket matrix coordinate real general\n2 2 3\n1 1 -0.5\n1 2 2\n2 2 -0.4\n")
    said = {
        own_matrix(source, time=time).readout
        for source in ("-0.5 2; 0 -0.4", tmp_path / "a.npy", str(tmp_path / "a.mtx"), A, A.tolist())
    }
    assert len(said) == 1
    for source in (tmp_path / "a.npy", A, "-0.5 2\n0 -0.4"):
        exec(own_matrix(source, time=time).code, {})


def test_with_a_mass_matrix_sizes_are_energies(tmp_path: Path) -> None:
    A, B = np.array([[0.0, 100.0], [-100.0, -0.1]]), np.diag([100.0, 1.0])
    np.save(tmp_path / "b.npy", B)
    said = {own_matrix(A, mass=mass).readout for mass in (B, B.tolist(), "100 0; 0 1", tmp_path / "b.npy")}
    assert len(said) == 1
    explorer = own_matrix("0 100; -100 -0.1", mass=B)
    assert explorer.data["start"] == pytest.approx(0, abs=1e-12)
    assert explorer.data["peak"] == pytest.approx(1)
    assert own_matrix(np.linalg.solve(B, A)).data["start"] > 40
    exec(explorer.code, {})
    assert "energy_matrix" in explorer.code
    for mass, message in [
        ("1 2; 3 4", "Hermitian"),
        (-B, "positive definite"),
        (np.eye(3), "shape"),
        ("1 2", "square"),
    ]:
        with pytest.raises(ValueError, match=rf"^mass must .*{message}"):
            own_matrix(A, mass=mass)
    for text in ("", "x"):
        with pytest.raises(ValueError, match=r"^mass must hold numbers"):
            own_matrix(A, mass=text)


def test_a_large_matrix_is_not_written_into_the_code() -> None:
    assert "your_own_matrix.npz" in own_matrix(grcar(20)).code
    assert "your_own_matrix.npz" not in own_matrix(grcar(12)).code


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 2 3", "square"),
        ("1 2\n3", "rows of one length"),
        ("nowhere.npy", "exists"),
        (np.ones((2, 3)), "square"),
        (np.eye(101), "at most 100 rows"),
        ([[1e-320]], "largest entry"),
        (np.triu(np.full((2, 2), 1e308)), "largest entry"),
        (np.eye(2) * np.nan, "finite"),
        (None, "finite"),
        ("what", "stands 'what'"),
        (["a"], "array of numbers"),
        (np.ma.masked_array(np.eye(2), mask=np.eye(2)), "mask"),
    ],
)
def test_what_is_none_is_said_so(source: object, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^source must .*{message}"):
        own_matrix(source)
