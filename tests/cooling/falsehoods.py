"""Worlds in which the claims of chapter 04 are false."""

from __future__ import annotations

import numpy as np
from worlds import Runs, instead

from spectral_lab.cooling import bands, claims, models, qsp
from spectral_lab.cooling import sign_functions as sf


def blurred(factor):
    """A sign whose two bands are only 2 factor apart."""
    return lambda true: lambda energies, mu, width=0.0: factor * np.sign(np.asarray(energies) - mu)


def always(**fixed):
    """The same function, but with some arguments overruled."""
    return lambda true: lambda *args, **options: true(*args, **options | fixed)


def plain(evolve):
    """Evolution that knows no bands: all levels apart, as under H itself."""
    return lambda c, s, V, **options: evolve(c, np.linspace(-1, 1, len(s)), V, **options)


def smooth_descent(_):
    """A descent with a smooth sign and a pointer, which see the gaps."""

    def descent(spectrum, k, seed):
        start = spectrum.vectors[:, k]
        return claims.cool(spectrum, start, 10, width=0.5, resolution=0.2, seed=seed).populations.argmax(axis=1)

    return descent


TWENTY = Runs(
    "lecture",
    {
        "cooling/pointer": {
            "spins": 20, "runs": 4, "arrived": 3, "steps": 32, "median steps to it": 9, "products with H": 7,
        }
    },
)  # fmt: skip
FALSEHOODS = {
    "C1": [instead(sf, "sign_of", blurred(0.5))],
    "C2": [instead(sf, "sign_of", blurred(0.1))],
    "C3": [instead(bands, "evolve", plain)],
    "C4": [
        instead(bands, "evolve", lambda f: lambda *args, alpha, angle: f(*args, alpha=alpha**1.5, angle=angle)),
    ],
    "C5": [instead(sf, "sign_degree", lambda f: lambda edge, error: f(edge**1.2, error))],
    "C6": [instead(claims, "descend", smooth_descent)],
    # levels wrap through pi
    "C7": [instead(sf, "oracle_time", lambda f: lambda *args: tuple(2.5 * x for x in f(*args)))],
    "C8": [instead(claims, "cool", always(policy="none"))],
    "C9": [instead(qsp, "gqsp_angles", lambda f: lambda *args: f(*args)._replace(lam=1e-8))],
    "C10": [instead(qsp, "gqsp_complement", always(zeros="inside"))],
    "C11": [instead(qsp, "shift_angles", lambda f: lambda phi, turn: phi)],
    "C12": [instead(sf, "minimax_asymptotics", lambda f: lambda *args: 1.2 * f(*args))],
    "C13": [instead(claims, "mean_ground_population", lambda f: lambda *args: f(*args) + 1e-3)],
    "C14": [instead(claims, "ladder_law", always(mixing="uniform"))],
    "C15": [instead(claims, "descend", always(perturbation="field"))],
    "C16": [instead(bands, "step_unitary", always(drive="constant"))],
    "C17": [instead(claims, "cool", always(policy="none"))],
    "C18": [instead(claims, "cool", always(policy="pointer"))],
    "C19": [instead(claims, "cool", always(perturbation="field"))],
    "C20": [instead(models, "CoolingCircuit", always(kicks_only=True))],
    "C21": [instead(bands, "step_unitary", always(alpha=2.0))],
    "C22": [TWENTY.but("cooling/pointer", arrived=2), TWENTY.but("cooling/pointer", spins=8)],
}
TRUTHS = {"C22": [TWENTY]}
