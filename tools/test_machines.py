"""Run the chapters' tests, but for those that train, and the notebooks as other machines would: `make test-machines`.

Machines differ in their last bits. OpenBLAS picks its kernels, numpy its loops and torch its vector code by the
processor, and sums depend on the number of threads. Each line of MACHINES makes this processor behave like another.
What it cannot imitate is said in one line and left out. Nothing may depend on the difference: not a sign, a branch, an
order or a printed digit.

    python tools/test_machines.py            every machine
    python tools/test_machines.py Prescott   those named
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass

from spectral_lab.checkout import ROOT
from spectral_lab.course import CHAPTERS


@dataclass(frozen=True)
class Machine:
    """A processor to imitate: the kernels of OpenBLAS, its threads, and whether numpy and torch go without AVX."""

    kernel: str
    threads: int
    plain: bool = False

    def environment(self) -> dict[str, str]:
        """The variables that make this processor behave like that one."""
        threads = str(self.threads)
        result = {"OPENBLAS_CORETYPE": self.kernel, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        if self.plain:
            result |= {"NPY_DISABLE_CPU_FEATURES": " ".join(dispatched()), "ATEN_CPU_CAPABILITY": "default"}
        return result

    def __str__(self) -> str:
        threads = "one thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.kernel}, {threads}{', numpy and torch without AVX' if self.plain else ''}"


# AMD's processors take the kernels of Haswell, or those of SkylakeX where they have AVX-512. A processor that can take
# SkylakeX's does so by itself, so `make test` has run on them, and they are no line of their own.
MACHINES = (
    Machine("Haswell", 1),
    Machine("Sandybridge", 2),
    Machine("Prescott", 1, plain=True),
)
ASK = """
import numpy, scipy.linalg, threadpoolctl
numpy.linalg.eigh(numpy.ones((40, 40)))
print(*{lib["architecture"] for lib in threadpoolctl.threadpool_info() if lib["internal_api"] == "openblas"})
"""


def dispatched() -> list[str]:
    """The processor features that this numpy has loops for beyond its baseline, and that this processor has."""
    from numpy._core import _multiarray_umath as core

    return [name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name)]


def missing(machine: Machine) -> str:
    """Why this processor cannot be that machine, or nothing. OpenBLAS is asked apart, since it may crash."""
    asked = subprocess.run(
        [sys.executable, "-c", ASK], env=os.environ | machine.environment(), capture_output=True, text=True
    )
    if asked.returncode:
        return "it crashes on this processor"
    kernels = set(asked.stdout.split())
    # OpenBLAS reports its plainest kernels by their oldest name.
    if machine.kernel not in kernels | ({"Prescott"} if "Katmai" in kernels else set()):
        return f"OpenBLAS takes its kernels {', '.join(sorted(kernels)) or 'from elsewhere'} instead"
    return ""


def tests(machine: Machine) -> list[str]:
    """The notebooks, and the tests of the chapters on one thread: two are too slow for all."""
    if machine.threads > 1:
        return ["notebooks"]
    folders = [f"tests/{chapter.package}" for chapter in CHAPTERS]
    return ["notebooks", "tests/course", "tests/chapters", *(folder for folder in folders if (ROOT / folder).is_dir())]


def main(names: list[str]) -> int:
    unknown = set(names) - {machine.kernel for machine in MACHINES}
    if unknown:
        print(f"No such machine: {', '.join(sorted(unknown))}. There are {', '.join(m.kernel for m in MACHINES)}.")
        return 2
    failed = []
    for machine in MACHINES:
        if names and machine.kernel not in names:
            continue
        if why := missing(machine):
            print(f"-- {machine}: not run here, {why}.", flush=True)
            continue
        print(f"-- {machine}", flush=True)
        began = time.perf_counter()
        workers = 1 if machine.threads > 1 else 2  # two processes of two threads starve each other
        options = ["-q", "--nbval", "-n", str(workers), "--dist", "loadfile", "-p", "no:cacheprovider"]
        # They train, and wait for students' endless loops, which is neither mathematics nor quick.
        options += [f"--ignore-glob=*/{name}" for name in ("test_recipe.py", "test_grading.py")]
        options += ["-k", "not falls_where_it_is_false"]  # what evidence says of false worlds, once is enough
        run = subprocess.run(
            [sys.executable, "-m", "pytest", *tests(machine), *options],
            cwd=ROOT,
            env=os.environ | machine.environment(),
        )
        print(
            f"-- {machine}: {'failed' if run.returncode else 'passed'} in {time.perf_counter() - began:.0f} s",
            flush=True,
        )
        if run.returncode:
            failed.append(str(machine))
    print(f"Failed on: {'; '.join(failed)}" if failed else "Every machine agrees.")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
