"""How fast are weight spectra read, beside the plain routes of the released programs? One thread, one run.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/weight_spectra.py

Wanted: all layers of a ResNet-18 by FARMS (window 100, 9 an axis) at least 1.8 times faster than singular values slice
by slice; 81 windows of 100x100 at least 1.6 times; all Kolmogorov-Smirnov distances of 5000 eigenvalues at least 5
times faster than a plain scan, equal to 1e-12; the exponent of noise in less than a millisecond; a checkpoint of
GPT-2's size, 124 million random weights, at least 5 times faster than WeightWatcher where that is installed, and in no
more memory than `spectral-lab spectra` says.

Times are of the processor, so that other programs on the machine count less. Of a checkpoint the least of three is
taken, of both: other programs take the caches, and can only add.
"""

from __future__ import annotations

import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from report import publish
from safetensors.torch import load_file, save_file
from threadpoolctl import threadpool_limits

from spectral_lab.heavytails import (
    MarchenkoPastur,
    convolution_blocks,
    farms_esd,
    gaussian_matrix,
    hill_curve,
    window_starts,
)
from spectral_lab.heavytails.checkpoints import open_checkpoint
from spectral_lab.heavytails.models import ResNet, layer_spectra
from spectral_lab.heavytails.report import memory, report


def _seconds(work: Callable[[], Any]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def row(what: str, plain: float | None, ours: float, wanted: Any, error: float | None = None) -> dict[str, Any]:
    """Times of both routes in seconds, their ratio, and the largest difference of their results."""
    return {
        "what": what,
        "plain ms": "" if plain is None else round(1e3 * plain, 1),
        "ours ms": round(1e3 * ours, 3),
        "times faster": "" if plain is None else round(plain / ours, 1),
        "wanted": wanted,
        "difference": "" if error is None else float(f"{error:.1e}"),
    }


def in_turns(plain: Callable[[], Any], ours: Callable[[], Any]) -> tuple[float, float]:
    """Median times of both routes, which take turns."""
    plain(), ours()
    times = [(_seconds(plain), _seconds(ours)) for _ in range(5)]
    before, after = (statistics.median(column) for column in zip(*times, strict=True))
    return before, after


def slice_by_slice(stack: np.ndarray) -> np.ndarray:
    """Squared singular values, one matrix after the other, as the released programs take them."""
    values = [torch.linalg.svdvals(torch.from_numpy(np.ascontiguousarray(W))) ** 2 for W in stack]
    return np.sort(torch.cat(values).numpy())


def cut(W: np.ndarray) -> np.ndarray:
    rows, columns, (r, c) = window_starts(W.shape, 100)
    return np.array([W[i : i + r, j : j + c] for i in rows for j in columns])


def resnet() -> dict[str, Any]:
    torch.manual_seed(0)
    net = ResNet(18)
    weights = [m.weight.detach().numpy() for m in net.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]

    def whole(W: np.ndarray) -> np.ndarray:
        stacks = convolution_blocks(W) if W.ndim == 4 else [cut(W)]
        return np.sort(np.concatenate([slice_by_slice(stack) for stack in stacks]))

    def plain() -> list[np.ndarray]:
        return [whole(W) for W in weights]

    ours = [layer.eigenvalues for layer in layer_spectra(net, 100)]
    error = max(float(np.abs(a - b).max() / b.max()) for a, b in zip(plain(), ours, strict=True))
    return row("ResNet-18, FARMS, exponents too", *in_turns(plain, lambda: layer_spectra(net, 100)), 1.8, error)


def windows() -> dict[str, Any]:
    W = gaussian_matrix((400, 400), 0).astype(np.float32)
    stack = cut(W)
    ours = lambda: farms_esd(W, 100, precision="single")  # noqa: E731
    error = float(np.abs(slice_by_slice(stack) - ours()).max() / ours().max())
    return row("81 windows of 100x100", *in_turns(lambda: slice_by_slice(stack), ours), 1.6, error)


def plain_scan(values: np.ndarray) -> np.ndarray:
    """Every distance from its definition, one start after the other in torch, as the released programs do."""
    sorted_values = torch.from_numpy(values)
    distances = torch.ones(len(values) - 1, dtype=torch.float64)
    for start in range(len(values) - 1):
        tail = sorted_values[start:]
        alpha = 1 + len(tail) / torch.log(tail / tail[0]).sum()
        if alpha > 1:
            law = 1 - (tail / tail[0]) ** (1 - alpha)
            distances[start] = (law - torch.arange(len(tail), dtype=torch.float64) / len(tail)).abs().max()
    return distances.numpy()


def distances() -> dict[str, Any]:
    values = np.sort(np.random.default_rng(0).pareto(1.5, 5000) + 1)
    error = float(np.abs(plain_scan(values) - hill_curve(values).distances).max())
    times = in_turns(lambda: plain_scan(values), lambda: hill_curve(values))
    return row("all distances of 5000 values", *times, 5, error)


def noise() -> dict[str, Any]:
    def many() -> None:
        for Q in np.linspace(1, 50, 100):
            MarchenkoPastur(Q).hill_exponent()

    many()
    return row("exponent of noise", None, _seconds(many) / 100, "below 1 ms")


BLOCK = {"attn.c_attn": (768, 2304), "attn.c_proj": (768, 768), "mlp.c_fc": (768, 3072), "mlp.c_proj": (3072, 768)}
EMBEDDINGS = {"wte": (50257, 768), "wpe": (1024, 768)}


def checkpoint() -> list[dict[str, Any]]:
    """GPT-2's shapes with random weights, each route in a process of its own, whose memory is its own."""
    torch.manual_seed(0)
    shapes = EMBEDDINGS | {f"h.{block}.{name}": shape for block in range(12) for name, shape in BLOCK.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save_file({f"{name}.weight": 0.02 * torch.randn(shape) for name, shape in shapes.items()}, path)
        said = memory(open_checkpoint(path)) // 2**20
        ours, peak = alone(read_ours, path)
        if peak > 1.2 * said + 60:
            raise SystemExit(f"reading a checkpoint took {peak} MB, and said that it would take {said}")
        rows = [row(f"checkpoint of 124 M weights (peak {peak} MB, said {said})", None, ours, "")]
        if importlib.util.find_spec("weightwatcher") is not None:
            plain, peak = alone(read_theirs, path)
            rows.append(row(f"the same by WeightWatcher (peak {peak} MB)", plain, ours, 5))
    return rows


def alone(read: Callable[[Path], Callable[[], Any]], path: Path) -> tuple[float, int]:
    """The least of three times of a reader in a process of its own, in seconds, and the memory that it adds, in MB."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_alone, read, path).result()


def _alone(read: Callable[[Path], Callable[[], Any]], path: Path) -> tuple[float, int]:
    with threadpool_limits(1):
        work = read(path)
        before = memory_of_process("VmRSS")
        taken = min(_seconds(work) for _ in range(3))
    return taken, memory_of_process("VmHWM") - before


def read_ours(path: Path) -> Callable[[], Any]:
    report({"warm": gaussian_matrix((600, 600), 0)})  # loads what is loaded at first use
    return lambda: report(path)


def read_theirs(path: Path) -> Callable[[], Any]:
    import weightwatcher

    state = load_file(path)
    net = torch.nn.ModuleDict()
    for name, weight in state.items():
        rows, columns = weight.shape
        net[name.replace(".", "_")] = layer = torch.nn.Linear(columns, rows, bias=False)
        layer.weight = torch.nn.Parameter(weight)
    return lambda: weightwatcher.WeightWatcher(model=net).analyze()


def memory_of_process(which: str) -> int:
    """VmRSS, what this process takes now, or VmHWM, the most that it took, in MB."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(which)]
    return int(line.split()[1]) // 1024


if __name__ == "__main__":
    question = "Are weight spectra read as fast as wanted?"
    with threadpool_limits(1):
        publish("weight_spectra", question, [resnet(), windows(), distances(), noise(), *checkpoint()])
