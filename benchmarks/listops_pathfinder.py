"""How fast are ListOps, Pathfinder and Path-X generated?

    python benchmarks/listops_pathfinder.py [--full]

Samples a second of one core, and the time that the set of the Long Range Arena would take on all cores of this machine;
`--full` generates the whole ListOps set (96 000 + 2 000 + 2 000) and times it. The plain side of ListOps is a
recursion, a tree at a time, as in the Arena's own script; the original Pathfinder generator took 0.18 and 2.15 seconds
of a core for an image. Wanted: ListOps in under 5 minutes on 2 cores; 20 images a second for 32x32, 3 for 128x128.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from typing import Any

import numpy as np
from report import publish

from spectral_lab.hippo.data import listops_arrays, pathfinder_images
from spectral_lab.hippo.data.expressions import OPERATORS


def plain_tree(draw: random.Random, depth: int = 1) -> tuple[list[str], int]:
    """The tokens and the value of one tree of the Arena's recipe."""
    if depth == 10 or draw.random() > 0.25:
        digit = draw.randrange(10)
        return [str(digit)], digit
    parts = [plain_tree(draw, depth + 1) for _ in range(draw.randint(2, 10))]
    operator, values = draw.choice(OPERATORS), [value for _, value in parts]
    answers = (min(values), max(values), int(np.median(values)), sum(values) % 10)
    return [operator, *(t for tokens, _ in parts for t in tokens), "X"], answers[OPERATORS.index(operator)]


def plain_rate(seconds: float = 20.0) -> float:
    """Accepted trees a second by the recursion."""
    draw, kept, start = random.Random(0), 0, time.process_time()
    while time.process_time() - start < seconds:
        kept += 500 < len(plain_tree(draw)[0]) < 2000
    return kept / (time.process_time() - start)


def row(task: str, count: int, seconds: float, whole: int, plain: float) -> dict[str, Any]:
    """A line of the table, from the time of `count` samples on one core."""
    rate, cores = count / seconds, os.cpu_count() or 1
    return {
        "task": task,
        "a second and core": rate,
        "plain": plain,
        "times faster": rate / plain,
        f"whole set on {cores} cores, minutes": whole / rate / cores / 60,
    }


def timed(function: Any, *arguments: Any) -> float:
    """Seconds of a core that one call takes, in this process."""
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


def main() -> None:
    """The three generators."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="generate the whole ListOps set as well")
    full = parser.parse_args().full
    for size in (32, 128):
        pathfinder_images(2, size, 1, 1)  # draws the paddles
    rows = [
        row("ListOps", 4000, timed(lambda: listops_arrays(4000, workers=1)), 100_000, plain_rate()),
        row("Pathfinder 32", 200, timed(pathfinder_images, 200, 32, 0, 1), 200_000, 1 / 0.18),
        row("Path-X 128", 40, timed(pathfinder_images, 40, 128, 0, 1), 200_000, 1 / 2.15),
    ]
    if full:
        start = time.perf_counter()
        listops_arrays(100_000)
        seconds = time.perf_counter() - start
        rows.append(dict.fromkeys(rows[0], "") | {"task": f"ListOps, whole set, measured: {seconds:.0f} s"})
    publish("listops_pathfinder", "Generating the long-range tasks", rows)


if __name__ == "__main__":
    main()
