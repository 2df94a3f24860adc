"""Gaussian random fields, drawn where their covariance is diagonal: strength (-Laplacian + tau^2)^{-alpha}.

alpha sets the smoothness, 1/tau the length of correlation. With Neumann's boundary the basis is cosines (the Darcy data
of Li and others, arXiv 2010.08895), on a torus it is exponentials (their Navier-Stokes data).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from spectral_lab import checks

LARGEST_GRID = 4096


def random_field_neumann(noise: ArrayLike, alpha: Any = 2.0, tau: Any = 3.0) -> Float[np.ndarray, "*batch K K"]:
    """A field at the centres (i + 1/2) / K of the cells of the unit square, from independent normal noise of its shape.

    g^_k = K tau^{alpha-1} (pi^2 |k|^2 + tau^2)^{-alpha/2} noise_k, g^_0 = 0, g the orthonormal inverse DCT-II: its
    covariance is tau^{2 alpha - 2} (-Laplacian + tau^2)^{-alpha} with zero mean and Neumann's boundary
    (GRF.m of the data of Li and others 2021).

    Args: noise (..., K, K), K up to 4096; alpha, 0 to 20; tau, 0.001 to 1000. Raises: ValueError.
    """
    noise = square_fields(noise, "noise")
    alpha, tau = checks.number(alpha, "alpha", 0, 20), checks.number(tau, "tau", 1e-3, 1e3)
    K = noise.shape[-1]
    k2 = np.add.outer(np.arange(K) ** 2, np.arange(K) ** 2)
    amplitude = K / tau * ((np.pi / tau) ** 2 * k2 + 1) ** (-alpha / 2)  # the same, and tau^alpha cannot overflow
    amplitude[0, 0] = 0.0
    return scipy.fft.idctn(amplitude * noise, type=2, norm="ortho", axes=(-2, -1))


def random_field_periodic(
    noise: ArrayLike, alpha: Any = 2.5, tau: Any = 7.0, strength: Any = 686.0
) -> Float[np.ndarray, "*batch N N"]:
    """A field of zero mean on the unit torus, of covariance strength (-Laplacian + tau^2)^{-alpha}.

    Re ifft2(N^2 sqrt(2 strength) (4 pi^2 |k|^2 + tau^2)^{-alpha/2} noise), for complex noise with E |noise|^2 = 1: real
    and imaginary parts independent, of variance 1/2 each (`complex_noise` draws it).

    Three laws go by one name. The paper on the FNO writes strength 7^{3/2} = 18.5. Its code of 2022 has 7^3 = 343. Its
    code of 2021, which is older than the published file NavierStokes_V1e-5_N1200_T20, drew both parts with variance 1,
    which makes 2 * 7^3 = 686. Of the three only 686 comes near that file's persistence error, so it is the default.

    Args: noise (..., N, N), complex, N up to 4096; alpha, 0 to 20; tau, 0.001 to 1000; strength, 0 to 1e12.
    Raises: ValueError.
    """
    noise = square_fields(noise, "noise", real=False)
    alpha, tau = checks.number(alpha, "alpha", 0, 20), checks.number(tau, "tau", 1e-3, 1e3)
    strength, N = checks.number(strength, "strength", 0, 1e12), noise.shape[-1]
    k = np.fft.fftfreq(N, 1 / N)
    k2 = np.add.outer(k**2, k**2)
    amplitude = N**2 * np.sqrt(2 * strength) * (4 * np.pi**2 * k2 + tau**2) ** (-alpha / 2)
    amplitude[0, 0] = 0.0
    return scipy.fft.ifft2(amplitude * noise).real


def complex_noise(shape: tuple[int, ...], seed: Any) -> Complex[np.ndarray, "*shape"]:
    """Complex normal noise with E |noise|^2 = 1, from RandomState(seed), whose stream is frozen.

    Args: shape, whole numbers; seed, 0 to 2^32 - 1. Raises: ValueError.
    """
    if not isinstance(shape, tuple) or not shape:
        raise ValueError(f"shape must be a tuple of whole numbers, got {checks.shown(shape)}")
    entries = 1
    for size in shape:
        entries *= checks.integer(size, "shape", 1)
    checks.room(entries, "shape")
    rng = np.random.RandomState(checks.integer(seed, "seed", 0, 2**32 - 1))
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)


def square_fields(value: ArrayLike, name: str, real: bool = True) -> np.ndarray:
    """An array (..., K, K) of fields on a square grid, K from 2 to 4096, with entries of at most 1e100."""
    fields = checks.real_array(value, name) if real else checks.array(value, name)
    if fields.ndim < 2 or fields.shape[-1] != fields.shape[-2] or fields.size == 0:
        raise ValueError(f"{name} must have shape (..., K, K), got {fields.shape}")
    checks.integer(fields.shape[-1], f"the last side of {name}", 2, LARGEST_GRID)
    if np.abs(fields).max() > 1e100:
        raise ValueError(f"{name} must hold numbers of at most 1e100, got {np.abs(fields).max():.3g}")
    return fields
