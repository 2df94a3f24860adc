"""Small trained networks, evaluated in numpy: LSM and FNO as miniatures learned them, for pictures that move.

The weights come from runs of the recipes (`tools/ship_networks.py` trains them and writes each beside its record):
batch norm multiplied into the convolutions, weights rounded to 31 values a row. Fields are (n, n, channels).

    lift        W (a, x) + b at each point, zeros below and to the right up to a multiple of 16
    LSM         five scales: twice (3 x 3 convolution, ReLU), halve; a neural spectral block on each; double, and twice
                (convolve what a skip and what the coarser scale bring)
    FNO         four times a matrix for each of the lowest Fourier modes plus a matrix at each point, GELU between
    head        two linear maps, GELU between
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.latent.latent_block import decode, latent_solve, latent_tokens

FOLDER = Path(__file__).parent / "weights"
NETWORKS = ("darcy-lsm", "darcy-fno", "flow-lsm", "flow-fno")
SCALES, LAYERS, COARSEST = 5, 4, 16
NORMALS = ("mean_in", "scale_in", "mean", "scale")  # (n, n, channels) or one number a channel
LEVELS = 15
Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class TrainedNetwork:
    """A network by its weights, and the record of the run that trained it. Called with fields, it answers."""

    weights: Weights
    record: Mapping[str, Any]

    @property
    def side(self) -> int:
        """Points along each side of the grid that it was trained on."""
        return int(self.record["recipe"]["model"]["grid"][0])

    def __call__(self, fields: ArrayLike) -> Float[np.ndarray, "n n"]:
        """The answer (n, n) to inputs (n, n) or (n, n, channels), in the units of the data. Raises: ValueError."""
        w, n = self.weights, self.side
        x = checks.real_array(fields, "fields")
        inputs = w["lift.weight"].shape[1] - 2
        if x.shape != (n, n, inputs) and (inputs > 1 or x.shape != (n, n)):
            raise ValueError(f"fields must have shape {(n, n, inputs)}, got {x.shape}")
        if np.abs(x).max() > 1e6:
            raise ValueError(f"fields must be at most 1e6 in size, got {np.abs(x).max():.3g}")
        x = (x.reshape(n, n, inputs) - w["mean_in"]) / w["scale_in"]
        place = np.stack(np.meshgrid(*[np.linspace(0, 1, n)] * 2, indexing="ij"), axis=-1)
        x = linear(np.concatenate([x, place], axis=-1), w, "lift")
        x = np.pad(x, [(0, -n % COARSEST)] * 2 + [(0, 0)])
        x = (multiscale if "body.end.weight" in w else fourier_layers)(x, w)[:n, :n]
        x = linear(gelu(linear(x, w, "head.0")), w, "head.2")
        return (x * w["scale"] + w["mean"])[..., 0]

    def forecast(self, frames: ArrayLike, steps: Any) -> Float[np.ndarray, "steps n n"]:
        """The next frames, one at a time, from the last ones (channels, n, n); it reads its own answers.

        A forecast that grows beyond a million is broken off by a ValueError, as for bad frames. steps, 1 to 1000.
        """
        seen = list(checks.real_array(frames, "frames", (None, self.side, self.side)))
        given = len(seen)
        for _ in range(checks.integer(steps, "steps", 1, 1000)):
            seen.append(self(np.stack(seen[-given:], axis=-1)))
        return np.stack(seen[given:])


def multiscale(x: np.ndarray, w: Weights) -> Float[np.ndarray, "n n d"]:
    """The body of the LSM: x (n, n, d) -> the same."""
    skips = [convolve_twice(x, w, "body.start")]
    for i in range(SCALES - 1):
        skips.append(convolve_twice(halve(skips[-1]), w, f"body.down.{i}.1"))
    patch = len(x) // COARSEST
    skips = [spectral_block(skip, w, f"body.blocks.{i}", patch) for i, skip in enumerate(skips)]
    x = skips.pop()
    for i in range(SCALES - 1):
        x = convolve_twice(np.concatenate([skips.pop(), double(x)], axis=-1), w, f"body.up.{i}")
    return linear(x, w, "body.end")


def spectral_block(x: np.ndarray, w: Weights, name: str, patch: int) -> Float[np.ndarray, "n n d"]:
    """Points to tokens, along the learned curves, and back, in each patch of patch x patch points."""
    n, _, d = x.shape
    m = n // patch
    X = x.reshape(m, patch, m, patch, d).transpose(0, 2, 1, 3, 4).reshape(m * m, patch * patch, d)
    T = latent_tokens(X, w[f"{name}.tokens"], w[f"{name}.encoder.weight"], w[f"{name}.encoder.bias"])
    Y = decode(X, latent_solve(T, w[f"{name}.weights"]), w[f"{name}.decoder.weight"], w[f"{name}.decoder.bias"])
    return Y.reshape(m, m, patch, patch, d).transpose(0, 2, 1, 3, 4).reshape(n, n, d)


def fourier_layers(x: np.ndarray, w: Weights) -> Float[np.ndarray, "n n d"]:
    """The body of the FNO: x (n, n, d) -> the same."""
    for i in range(LAYERS):
        spectrum = scipy.fft.rfft2(x, axes=(0, 1))
        out = np.zeros_like(spectrum)
        for j in range(2):
            re, im = (w[f"body.spectral.{i}.corners.{j}.{part}"] for part in ("real", "imag"))  # (in, out, m, m)
            m = re.shape[2]
            rows = slice(m) if j == 0 else slice(len(x) - m, None)  # wave numbers 0..m-1, or -m..-1
            out[rows, :m] = np.einsum("xyi,ioxy->xyo", spectrum[rows, :m], re + 1j * im)
        x = scipy.fft.irfft2(out, s=x.shape[:2], axes=(0, 1)) + linear(x, w, f"body.pointwise.{i}")
        x = gelu(x) if i < LAYERS - 1 else x
    return x


def convolve_twice(x: np.ndarray, w: Weights, name: str) -> Float[np.ndarray, "n n d"]:
    """Twice a convolution of 3 x 3 points, zeros around, and ReLU."""
    for layer in ("0", "3"):
        weight, n = w[f"{name}.{layer}.weight"], len(x)  # (out, in, 3, 3)
        around = np.pad(x, ((1, 1), (1, 1), (0, 0)))
        nine = np.concatenate([around[i : i + n, j : j + n] for i in range(3) for j in range(3)], axis=-1)
        kernel = weight.transpose(2, 3, 1, 0).reshape(-1, len(weight))
        x = np.maximum(nine @ kernel + w[f"{name}.{layer}.bias"], 0)
    return x


def halve(x: np.ndarray) -> Float[np.ndarray, "m m d"]:
    """The largest of each 2 x 2 points."""
    n = len(x) // 2
    return x.reshape(n, 2, n, 2, -1).max(axis=(1, 3))


def double(x: np.ndarray) -> Float[np.ndarray, "m m d"]:
    """Twice as many points along each axis, the ends kept, linear between."""
    n = len(x)
    place = np.arange(2 * n) * ((n - 1) / (2 * n - 1))
    between = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(n)))
    return np.einsum("ai,bj,ijd->abd", between, between, x, optimize=True)


def linear(x: np.ndarray, w: Weights, name: str) -> Float[np.ndarray, "*points out"]:
    """A linear map of the channels at each point."""
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def gelu(x: np.ndarray) -> Float[np.ndarray, "*shape"]:
    """x times the normal distribution function of x."""
    return x * scipy.special.ndtr(x)


def trained_network(name: str) -> TrainedNetwork:
    """A network that comes with the course: "darcy-lsm", "darcy-fno" (coefficient (29, 29) -> solution), "flow-lsm" or
    "flow-fno" (four frames of vorticity (32, 32, 4) -> the next).

    Raises: ValueError.
    """
    return _read(checks.choice(name, "name", NETWORKS))


@cache
def _read(name: str) -> TrainedNetwork:
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as archive:
        weights = unpacked(archive)
    return TrainedNetwork(weights, json.loads((FOLDER / f"{name}.json").read_text()))


def packed(weights: Weights) -> dict[str, np.ndarray]:
    """Three vectors in place of many arrays, and the names and shapes: matrices as whole numbers of at most 15 in size,
    the step of each of their rows, and what is kept as it is."""
    numbers, steps, kept = [], [], []
    for name, array in weights.items():
        if _rounded(name, array.shape):
            rows = array.reshape(len(array), -1)
            step = np.abs(rows).max(axis=1, keepdims=True) / LEVELS
            numbers.append(np.round(rows / np.where(step == 0, 1, step)).ravel())
            steps.append(step.ravel())
        else:
            kept.append(array.ravel())
    return {
        "shapes": np.array(json.dumps({name: array.shape for name, array in weights.items()})),
        "numbers": np.concatenate(numbers).astype(np.int8),
        "steps": np.concatenate(steps).astype(np.float32),
        "kept": np.concatenate(kept).astype(np.float32),
    }


def unpacked(stored: Weights) -> dict[str, np.ndarray]:
    """The weights that were packed, each up to half a step."""
    parts = {name: iter(stored[name].astype(float)) for name in ("numbers", "steps", "kept")}

    def take(name: str, count: int) -> np.ndarray:
        return np.fromiter(parts[name], float, count)

    found = {}
    for name, shape in json.loads(str(stored["shapes"])).items():
        size = math.prod(shape)
        if _rounded(name, shape):
            found[name] = (take("numbers", size).reshape(shape[0], -1) * take("steps", shape[0])[:, None]).reshape(
                shape
            )
        else:
            found[name] = take("kept", size).reshape(shape)
    return found


def _rounded(name: str, shape: Sequence[int]) -> bool:
    return len(shape) > 1 and name not in NORMALS
