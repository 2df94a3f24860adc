from __future__ import annotations

import re
import sys

import numpy as np
import pytest

from spectral_lab import records
from spectral_lab.checkout import ROOT
from spectral_lab.cooling import bands, claims, models, qsp
from spectral_lab.cooling import sign_functions as sf
from spectral_lab.cooling.claims import CLAIMS
from spectral_lab.course import NotYetRun
from spectral_lab.course.claims import examine

RUN = [claim for claim in CLAIMS if claim.cost != "GPU"]


def blurred(factor):
    """A sign whose two bands are only 2 factor apart."""
    return lambda energies, mu, width=0.0: factor * np.sign(np.asarray(energies) - mu)


def always(**fixed):
    """The same function, but with some arguments overruled."""
    return lambda function: lambda *args, **options: function(*args, **options | fixed)


def plain(evolve):
    """Evolution that knows no bands: all levels apart, as under H itself."""
    return lambda c, s, V, **options: evolve(c, np.linspace(-1, 1, len(s)), V, **options)


def smooth_descent(_):
    """A descent with a smooth sign and a pointer, which see the gaps."""

    def descent(spectrum, k, seed):
        start = spectrum.vectors[:, k]
        return claims.cool(spectrum, start, 10, width=0.5, resolution=0.2, seed=seed).populations.argmax(axis=1)

    return descent


# In each of these worlds the statement of the claim is false: what is replaced, and by what.
WORLDS = {
    "C1": [(sf, "sign_of", lambda f: blurred(0.5))],
    "C2": [(sf, "sign_of", lambda f: blurred(0.1))],
    "C3": [(bands, "evolve", plain)],
    "C4": [(bands, "evolve", lambda f: lambda *args, alpha, angle: f(*args, alpha=alpha**1.5, angle=angle))],
    "C5": [(sf, "sign_degree", lambda f: lambda edge, error: f(edge**1.2, error))],
    "C6": [(claims, "descend", smooth_descent)],
    "C7": [(sf, "oracle_time", lambda f: lambda *args: tuple(2.5 * x for x in f(*args)))],  # levels wrap through pi
    "C8": [(claims, "cool", always(policy="none"))],
    "C9": [(qsp, "gqsp_angles", lambda f: lambda *args: f(*args)._replace(lam=1e-8))],
    "C10": [(qsp, "gqsp_complement", always(zeros="inside"))],
    "C11": [(qsp, "shift_angles", lambda f: lambda phi, turn: phi)],
    "C12": [(sf, "minimax_asymptotics", lambda f: lambda *args: 1.2 * f(*args))],
    "C13": [(claims, "mean_ground_population", lambda f: lambda *args: f(*args) + 1e-3)],
    "C14": [(claims, "ladder_law", always(mixing="uniform"))],
    "C15": [(claims, "descend", always(perturbation="field"))],
    "C16": [(bands, "step_unitary", always(drive="constant"))],
    "C17": [(claims, "cool", always(policy="none"))],
    "C18": [(claims, "cool", always(policy="pointer"))],
    "C19": [(claims, "cool", always(perturbation="field"))],
    "C20": [(models, "CoolingCircuit", always(kicks_only=True))],
    "C21": [(bands, "step_unitary", always(alpha=2.0))],
}


@pytest.mark.parametrize("claim", RUN, ids=lambda claim: claim.id)
def test_the_evidence_fails_where_the_claim_is_false(claim, monkeypatch):
    for module, name, change in WORLDS[claim.id]:
        monkeypatch.setattr(module, name, change(getattr(module, name)))
    assert not claim.evidence().holds


@pytest.mark.parametrize("claim", RUN, ids=lambda claim: claim.id)
def test_every_claim_comes_out_as_expected_and_twice_the_same(claim):
    first = examine(claim)
    assert first.verdict == claim.expected, first.measured
    if claim.cost == "instant":
        assert examine(claim).measured == first.measured


@pytest.mark.parametrize(("spins", "arrived", "verdict"), [(20, 3, True), (20, 2, False), (8, 4, False)])
def test_a_recorded_run_settles_the_claim_about_twenty_spins(spins, arrived, verdict, tmp_path, monkeypatch):
    monkeypatch.setenv("SPECTRAL_LAB_RESULTS", str(tmp_path))
    with pytest.raises(NotYetRun, match="needs recorded runs"):
        claims.twenty_spins_cool()
    metrics = {
        "spins": spins,
        "runs": 4,
        "arrived": arrived,
        "steps": 32,
        "median steps to it": 9,
        "products with H": 7,
    }
    records.write(records.record("cooling/pointer", "lecture", metrics=metrics, seconds=3.2))
    evidence = claims.twenty_spins_cool()
    assert evidence.holds is verdict
    assert f"{arrived} of 4 runs of {spins} spins" in evidence.measured
    assert "median of those: 9 steps" in evidence.measured


def test_the_list_is_whole_and_says_whose_each_claim_is():
    assert [claim.id for claim in CLAIMS] == [f"C{k}" for k in range(1, 23)]
    stated = {claim.id for claim in CLAIMS if claim.origin == "paper"}
    assert stated == {f"C{k}" for k in range(1, 8)}  # all that the abstract states
    assert all("abstract" in claim.source for claim in CLAIMS if claim.origin == "paper")
    assert not re.search(r"paper, (section|theorem|figure|table)", " ".join(c.source.lower() for c in CLAIMS))


def test_the_mathematics_needs_no_torch():
    """A fresh interpreter: the chapter, its explorers and its claims import neither torch nor qutip."""
    import subprocess

    code = (
        "import sys, spectral_lab.cooling, spectral_lab.cooling.explorers, spectral_lab.cooling.claims\n"
        "heavy = {'torch', 'qutip', 'matplotlib', 'scipy.linalg', 'scipy.optimize', 'scipy.sparse.linalg'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
