"""What every benchmark shares: a fair clock, a table on the screen, and a JSON file with the machine it ran on."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spectral_lab.atomic import write_atomically
from spectral_lab.checkout import ROOT
from spectral_lab.records import hardware, versions

RESULTS = ROOT / "results" / "benchmarks"


def seconds(function: Callable[[], Any], repeats: int = 7) -> float:
    """The median wall time of a call, after one that warms the caches."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def publish(name: str, question: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the rows as a table and write results/benchmarks/NAME.json."""
    columns = list(rows[0])
    table = [columns] + [[_text(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(columns))]
    print(question)
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    record = {
        "question": question,
        "date": time.strftime("%Y-%m-%d"),
        "hardware": hardware(),
        "versions": versions(),
        "rows": list(rows),
    }
    write_atomically(RESULTS / f"{name}.json", (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
