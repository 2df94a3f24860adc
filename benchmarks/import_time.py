"""How long does a reader wait for the import cell of a notebook?

    OMP_NUM_THREADS=1 python benchmarks/import_time.py

Each row is a fresh interpreter, timed inside it; the best of 15 counts, taken in turn so that a busy moment hits all
rows alike. The yardstick is numpy, scipy, networkx, plotly, ipywidgets and anywidget alone: what a notebook with a
moving picture imports anyway. Wanted: at most 1.3 times that for `spectral_lab` with the explorers of any one chapter.
"""

from __future__ import annotations

import subprocess
import sys

from report import publish

from spectral_lab.course import CHAPTERS

ROUNDS = 15
YARDSTICK = ["numpy", "scipy", "networkx", "plotly", "ipywidgets", "anywidget"]
TIMED = """
import importlib, sys, time
start = time.perf_counter()
for name in sys.argv[1:]:
    importlib.import_module(name)
print(time.perf_counter() - start)
"""


def import_seconds(modules: list[str]) -> float:
    """Seconds that a fresh interpreter takes to import these."""
    result = subprocess.run([sys.executable, "-c", TIMED, *modules], capture_output=True, text=True, check=True)
    return float(result.stdout)


def main() -> None:
    """Time all rows in turn and publish the best of each."""
    rooms = [f"spectral_lab.{item.package}.explorers" for item in CHAPTERS if item.listed("EXPLORERS")]
    cases = {
        ", ".join(YARDSTICK): YARDSTICK,
        "the kit: spectral_lab.explorer": ["spectral_lab.explorer"],
        **{room: ["spectral_lab", room] for room in rooms},
        "the explorers of all chapters": ["spectral_lab", *rooms],
    }
    best = dict.fromkeys(cases, float("inf"))
    for _ in range(ROUNDS):
        for name, modules in cases.items():
            best[name] = min(best[name], import_seconds(modules))
    yardstick = next(iter(best.values()))
    rows = [
        {"imported": name, "seconds (best of 15)": round(time, 4), "times the yardstick": round(time / yardstick, 3)}
        for name, time in best.items()
    ]
    publish("import_time", "How long does a reader wait for the import cell of a notebook?", rows)


if __name__ == "__main__":
    main()
