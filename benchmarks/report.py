"""What every benchmark shares: a fair clock, a table on the screen, and a record with the machine it ran on."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spectral_lab import records

BEGIN = time.perf_counter()


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
    """Print the rows as a table and record them: `records.select("benchmarks/NAME")` finds them."""
    columns = list(rows[0])
    table = [columns] + [[_text(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(columns))]
    print(question)
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    told = {"question": question, "date": time.strftime("%Y-%m-%d"), "rows": list(rows)}
    lasted = time.perf_counter() - BEGIN
    records.write(records.record(f"benchmarks/{name}", "full", metrics={}, seconds=lasted, **told))


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
