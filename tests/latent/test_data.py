from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy
import torch
from torch.utils.data import DataLoader

from spectral_lab.archives import FormatError
from spectral_lab.datasets import DatasetUnavailable
from spectral_lab.latent import complex_noise, navier_stokes, random_field_periodic, solve_darcy
from spectral_lab.latent.data import (
    DATASETS,
    FieldBatch,
    Fields,
    airfoil,
    check_darcy,
    check_navier_stokes,
    darcy,
    darcy_fields,
    elasticity_grid,
    elasticity_like,
    elasticity_points,
    flow_fields,
    pipe,
    plasticity,
    pointwise,
    read_array,
    solve_darcy_batch,
    solve_flow_batch,
)
from spectral_lab.latent.data import navier_stokes as flows
from spectral_lab.latent.data.elasticity import LOAD, pull, ring_mesh, void_radii

rng = np.random.default_rng(0)


def only(folder: Path, name: str) -> list[Path]:
    """Where the files of a set belong, in one folder."""
    return [folder / Path(file.name).name for file in DATASETS[name].files]


def save(path: Path, **arrays: np.ndarray) -> None:
    scipy.io.savemat(path, arrays)


def first_batch(fields: Fields, size: int = 2) -> FieldBatch:
    return next(iter(DataLoader(fields, batch_size=size, collate_fn=fields.collate)))


# --- solvers and generated data --------------------------------------------------------------------------------------


@pytest.mark.parametrize("K", [3, 12, 29])
def test_the_solver_of_tensors_is_the_solver_of_arrays(K: int) -> None:
    a = 0.5 + np.random.default_rng(K).uniform(size=(2, 2, K, K))
    u = solve_darcy_batch(torch.as_tensor(a), 1e-12)
    np.testing.assert_allclose(u, solve_darcy(a, method="direct").u, atol=1e-12)
    single = solve_darcy_batch(torch.as_tensor(a, dtype=torch.float32), 1e-5)
    np.testing.assert_allclose(single, u, atol=1e-4 * float(u.max()))


@pytest.mark.parametrize("scheme", ["if-rk4", "authors"])
def test_the_flow_of_tensors_is_the_flow_of_arrays(scheme: str) -> None:
    w0 = random_field_periodic(complex_noise((2, 24, 24), 0))
    found = solve_flow_batch(torch.as_tensor(w0), 1e-3, [0.1, 0.3], 0.01, scheme)
    np.testing.assert_allclose(found, navier_stokes(w0, 1e-3, [0.1, 0.3], 0.01, scheme), atol=1e-13)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: solve_darcy_batch(-torch.ones(5, 5)), "a"),
        (lambda: solve_darcy_batch(torch.ones(5, 4)), "a"),
        (lambda: solve_darcy_batch(torch.ones(5, 5), 1e-9), "tolerance"),
        (lambda: solve_flow_batch(torch.ones(5, 4), 1e-3, [1.0], 0.1), "w0"),
        (lambda: solve_flow_batch(torch.ones(0, 4, 4), 1e-3, [1.0], 0.1), "w0 must hold"),
        (lambda: solve_flow_batch(torch.full((4, 4), torch.nan), 1e-3, [1.0], 0.1), "w0 must hold"),
        (lambda: solve_flow_batch(300 * torch.rand(16, 16), 1e-5, [20.0], 0.5), "step"),
        (lambda: darcy_fields(30, 4), "stride"),
        (lambda: flow_fields(30, 4), "stride"),
    ],
)
def test_bad_arguments_are_refused_by_name(call: Callable[[], object], name: str, as_users_call) -> None:
    with pytest.raises(ValueError, match=rf"^{name}\b"):
        call()


def test_generated_darcy_follows_the_law_and_its_seed() -> None:
    one, two, other = (darcy_fields(29, 4, 12, 5, seed) for seed in (0, 0, 1))
    batch = first_batch(one["train"])
    assert batch.input.shape == batch.target.shape == (2, 8, 8, 1)
    assert torch.equal(one["train"].input, two["train"].input)
    assert not torch.equal(one["train"].target, other["train"].target)
    assert not torch.equal(one["train"].target[:5], one["test"].target)
    assert float(one["train"].target[:, 0].abs().max()) == 0
    assert len(torch.unique(one["train"].input[:, 3, 3])) == 2


def test_normalisation_is_that_of_the_reference(reference) -> None:
    case = reference("lsm_models.json")["unitgauss"]
    x = torch.from_numpy(np.random.RandomState(case["seed"]).standard_normal(case["shape"]))
    x[:, 0, 0] = 2.5
    (fields,) = pointwise((x, x))
    np.testing.assert_allclose(fields.input, reference("lsm_models.npz")["unitgauss_encoded"], atol=1e-13)
    np.testing.assert_allclose(fields.input * fields.scale + fields.mean, x, atol=1e-14)


def test_generated_flows_are_frames_of_one_trajectory() -> None:
    splits = flow_fields(32, 2, 3, 2, 1e-3, 0.02, first=2, frames=2)
    batch = first_batch(splits["train"], 3)
    assert batch.input.shape == batch.target.shape == (3, 16, 16, 2)
    w0 = random_field_periodic(complex_noise((3, 32, 32), 1))
    w = navier_stokes(w0, 1e-3, [1.0, 2.0, 3.0, 4.0], 0.02)[..., ::2, ::2]
    np.testing.assert_allclose(torch.cat([batch.input, batch.target], -1).movedim(-1, 0), w, atol=1e-6)
    assert not torch.equal(splits["train"].input[:2], splits["test"].input)


# --- published files, in small ---------------------------------------------------------------------------------------


def test_darcy_is_split_and_normalised_as_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    coeff, sol = rng.choice([3.0, 12.0], (2, 3, 421, 421)), rng.standard_normal((2, 3, 421, 421))
    for path, a, u in zip(only(tmp_path, "darcy"), coeff, sol, strict=True):
        save(path, coeff=a.astype(np.float32), sol=u.astype(np.float32), Kcoeff=np.zeros(3))
    splits = darcy(str(tmp_path), train=2, test=1)
    assert [len(split) for split in splits.values()] == [2, 1]
    share = (coeff[0, :2, ::5, ::5] == 12).mean()
    assert f"smooth1.mat, in brackets generated data: share of 12 {share:.3g} (0.5)" in capsys.readouterr().err
    train, test = splits.values()
    assert train.input.shape == (2, 85, 85, 1)
    np.testing.assert_allclose(test.target[0, ..., 0], sol[1, 0, ::5, ::5], rtol=1e-6)
    mean, scale = coeff[0, :2, ::5, ::5].mean(0), coeff[0, :2, ::5, ::5].std(0, ddof=1) + 1e-5
    inside = scale > 1
    np.testing.assert_allclose(
        test.input[0, ..., 0][inside], ((coeff[1, 0, ::5, ::5] - mean) / scale)[inside], rtol=1e-4
    )


def test_turbulence_is_split_into_ten_and_ten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    u = rng.standard_normal((5, 8, 8, 20)).astype(np.float32)
    (path,) = only(tmp_path, "navier-stokes")
    save(path, u=u, a=u[..., 0], t=np.arange(20.0))
    splits = flows(str(tmp_path), train=2, test=2)
    np.testing.assert_array_equal(splits["train"].input, u[:2, ..., :10])
    np.testing.assert_array_equal(splits["test"].target, u[-2:, ..., 10:])
    found, expected = check_navier_stokes(u)["persistence error"]
    assert found == pytest.approx(np.sqrt(2), rel=0.05)
    assert expected == 0.742
    assert f"persistence error {found:.3g} (0.742)" in capsys.readouterr().err


@pytest.mark.parametrize(("read", "name", "channel"), [(airfoil, "airfoil", 4), (pipe, "pipe", 0)])
def test_deformed_grids_give_places_and_one_field(tmp_path: Path, read, name: str, channel: int) -> None:
    parts = [rng.standard_normal(shape) for shape in ((4, 5, 3), (4, 5, 3), (4, 5, 5, 3))]
    for path, part in zip(only(tmp_path, name), parts, strict=True):
        np.save(path, part)
    splits = read(str(tmp_path), train=2, test=1)
    np.testing.assert_allclose(splits["test"].input[0], np.stack([parts[0][2], parts[1][2]], -1), rtol=1e-6)
    np.testing.assert_allclose(splits["train"].target[..., 0], parts[2][:2, channel], rtol=1e-6)


def test_elasticity_is_transposed_and_masked(tmp_path: Path) -> None:
    xy, sigma, rr = rng.standard_normal((7, 2, 4)), rng.standard_normal((7, 4)), rng.standard_normal((42, 4))
    for path, part in zip(only(tmp_path, "elasticity-points"), (xy, sigma, rr), strict=True):
        np.save(path, part)
    points = elasticity_points(str(tmp_path), train=2, test=1)
    batch = first_batch(points["train"])
    np.testing.assert_allclose(batch.input[1, :, 0], xy[:, 0, 1], rtol=1e-6)
    np.testing.assert_allclose(batch.code[1], rr[:, 1], rtol=1e-6)
    np.testing.assert_allclose(points["test"].target[0, :, 0], sigma[:, -1], rtol=1e-6)
    mask, stress = rng.integers(0, 2, (3, 5, 4)).astype(float), rng.standard_normal((3, 5, 4))
    for path, part in zip(only(tmp_path, "elasticity-grid"), (mask, stress), strict=True):
        np.save(path, part)
    batch = first_batch(elasticity_grid(str(tmp_path), train=2, test=1)["train"])
    np.testing.assert_allclose(batch.scale[..., 0], np.moveaxis(mask, 2, 0)[:2])
    np.testing.assert_allclose(batch.input, batch.scale)
    np.testing.assert_allclose(batch.target[1, ..., 0], stress[..., 1], rtol=1e-6)


def test_plasticity_repeats_the_die(tmp_path: Path) -> None:
    die, out = rng.standard_normal((5, 6)), rng.standard_normal((5, 6, 3, 2, 4))
    (path,) = only(tmp_path, "plasticity")
    save(path, input=die, output=out)
    splits = plasticity(str(tmp_path), train=3, test=1)
    train = splits["train"]
    assert train.input.shape == (3, 6, 3, 2, 1)
    np.testing.assert_allclose(
        train.input[:, :, 1, 1, 0], (die[:3] - die[:3].mean(0)) / (die[:3].std(0, ddof=1) + 1e-5), rtol=1e-3, atol=1e-5
    )
    np.testing.assert_allclose(splits["test"].target[0], out[-1], rtol=1e-6)


def test_both_kinds_of_matlab_files_give_the_same_array(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="MATLAB files of version 7.3 need h5py: pip install h5py")
    array, path = rng.standard_normal((2, 3, 4)), tmp_path / "new.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["u"] = array.transpose()
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, made for a test".ljust(128))
    save(tmp_path / "old.mat", u=array)
    np.testing.assert_array_equal(read_array(path, "u"), read_array(tmp_path / "old.mat", "u"))


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    (path,) = only(tmp_path, "navier-stokes")
    with pytest.raises(DatasetUnavailable, match=r"NavierStokes_V1e-5_N1200_T20\.mat"):
        flows(str(tmp_path))
    save(path, u=np.zeros((5, 8, 8, 19)))
    with pytest.raises(FormatError, match="shape"):
        flows(str(tmp_path))
    save(path, v=np.zeros(3))
    with pytest.raises(FormatError, match="holds no 'u'"):
        flows(str(tmp_path))
    path.write_bytes(path.read_bytes()[:150])
    with pytest.raises(FormatError):
        flows(str(tmp_path))
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "text.npy", np.array(["a"]))
    (tmp_path / "short.npy").write_bytes(b"\x93NUMPY\x01\x00")
    for name in ("objects", "text", "short"):
        with pytest.raises(FormatError):
            read_array(tmp_path / f"{name}.npy")


def test_statistics_of_generated_darcy_agree_with_those_that_a_file_is_held_against() -> None:
    from spectral_lab.latent.data.generated import darcy_pairs

    a, u = (part[..., 0].numpy() for part in darcy_pairs(85, 1, 60, 0))
    found = check_darcy(a, u)
    for name, tolerance in (("share of 12", 0.03), ("mean of u", 3e-4), ("median of the largest u", 8e-4)):
        assert found[name][0] == pytest.approx(found[name][1], abs=tolerance)
    assert found["share within the bounds of the mean"] == (1.0, 1.0)


# --- the elasticity-like stand-in ------------------------------------------------------------------------------------


def areas(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Of each triangle, negative if it is turned over."""
    a, b, c = np.moveaxis(points[triangles], 1, 0)
    return ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2


@pytest.mark.parametrize("seed", [0, 1])
def test_the_stress_does_the_work_of_the_load(seed: int) -> None:
    """With v = (0, y), which vanishes where the square is clamped: int sigma_yy = 100 for every void and mesh."""
    pytest.importorskip("skfem", reason="the elasticity-like set needs scikit-fem: pip install 'spectral_lab[pde]'")
    radii = void_radii(np.random.RandomState(seed).standard_normal(41))
    for angles, rings in ((8, 1), (16, 5)):
        stress = pull(radii, angles, rings)
        pieces = np.abs(areas(stress.points, stress.triangles))
        integral = pieces @ stress.components[1][stress.triangles].mean(axis=1)  # exact for what is linear
        assert integral == pytest.approx(LOAD, rel=1e-9)
    pieces = areas(*ring_mesh(radii, 256, 3))
    assert (pieces > 0).all()
    left = 1 - np.pi * (radii**2).mean()  # of the square, by the trapezoidal rule in the angle
    assert pieces.sum() == pytest.approx(left, abs=1e-3)


def test_a_round_void_is_pulled_as_its_mirror_image() -> None:
    pytest.importorskip("skfem", reason="the elasticity-like set needs scikit-fem: pip install 'spectral_lab[pde]'")
    gaps = []
    for angles, rings in ((16, 4), (32, 8)):
        stress = pull(np.full(42, 0.3), angles, rings).von_mises.reshape(rings + 1, angles)[:rings]
        mirrored = stress[:, (angles // 2 - np.arange(angles)) % angles]
        gaps.append(np.linalg.norm(mirrored - stress) / np.linalg.norm(stress))
    assert gaps[1] < 0.5 * gaps[0] < 0.1  # the cut of the cells has a sense of rotation, which refinement forgets


def test_voids_follow_their_law() -> None:
    """g is log(0.2 / (r - 0.2) - 1), of variance sum 16 / (2 pi (k^2 + 9)) over |k| <= 20, and correlated."""
    radii = np.array([void_radii(np.random.RandomState(i).standard_normal(41)) for i in range(800)])
    assert 0.2 < radii.min() < 0.22
    assert 0.38 < radii.max() < 0.4
    g, k = np.log(0.2 / (radii - 0.2) - 1), np.arange(-20, 21)
    law = 16 / (2 * np.pi * (k**2 + 9.0))
    assert g.var() == pytest.approx(law.sum(), rel=0.05)
    assert (g[:, 0] * g[:, 7]).mean() == pytest.approx((law * np.cos(np.pi / 3 * k)).sum(), abs=0.15)


def test_the_elasticity_like_set_is_irregular_and_follows_its_seed() -> None:
    pytest.importorskip("skfem", reason="the elasticity-like set needs scikit-fem: pip install 'spectral_lab[pde]'")
    one, two, other = (elasticity_like(3, 2, 30, 8, 4, seed) for seed in (0, 0, 1))
    batch = first_batch(one["train"], 3)
    assert (batch.input.shape, batch.target.shape, batch.code.shape) == ((3, 30, 2), (3, 30, 1), (3, 42))
    assert torch.equal(batch.target, first_batch(two["train"], 3).target)
    assert not torch.equal(batch.input, first_batch(other["train"], 3).input)
    assert not torch.equal(batch.input[0], batch.input[1])
    assert bool((batch.target > 0).all())
    assert 0 <= float(batch.input.min()) <= float(batch.input.max()) <= 1
    assert float(((batch.target - batch.mean) / batch.scale).mean().abs()) < 1e-5
    assert float(batch.scale) == float(batch.target.std())


def test_the_stand_in_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skfem", None)
    with pytest.raises(DatasetUnavailable, match="scikit-fem"):
        elasticity_like(2, 2, 30, 8, 4)
    for call, name in (
        (lambda: pull(np.full(42, 0.5)), "radii"),
        (lambda: pull(np.full(42, 0.3), 12), "angles"),
        (lambda: elasticity_like(2, 2, 1000, 8, 4), "points"),
        (lambda: void_radii(np.zeros(42)), "noise"),
    ):
        with pytest.raises(ValueError, match=rf"^{name}\b"):
            call()
