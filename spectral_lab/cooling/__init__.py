"""Chapter 04: cooling by a reprogrammed energy.

Motlagh, Zini, Arrazola and Wiebe (arXiv 2404.05810, 2024) prepare ground states without qubits for a bath and without
knowing any gap. Quantum signal processing turns H into its sign, sgn(H - mu): all levels below mu become degenerate,
and so do all above, with a gap of 2 between them whatever the spectrum was. Under sgn(H - mu) + alpha V with a weak V
the state moves freely inside a band and hardly ever across: it can fall to any lower level, but not climb. Repeating
this with falling shifts cools. The price, up to logarithms, is d^{3/2}/eps queries to the time evolution of H for d
steps.

We could read the abstract only. So three words are kept apart everywhere: "the paper" is what the abstract states,
"our reconstruction" is what we derived to make it work, "ours" goes beyond.

    spin_chains.py     chains, start states, perturbations (qutip operators)
    levels.py          the spectrum of H, kept; the exact and the smooth sign
    sign_functions.py  trigonometric polynomials close to the sign, and their degrees
    qsp.py             from a polynomial to the angles of a circuit and back (generalised QSP)
    conventions.py     whose angles: seven conventions, and the way from each to each
    bands.py           one step: the bound on jumps, motion inside a band, ramps and pulses
    readout.py         measuring the energy
    protocol.py        a whole run: `cool`
    ladder.py          how many steps it takes, and why no blind schedule can do it
    schedules.py       a fixed schedule on a known start
    queries.py         the bill
    qasm.py            the circuit of a step, gate by gate, in OpenQASM
    baselines.py       filters, imaginary time, adiabatic passage, a bath
    chebyshev.py       functions of H without its eigenvectors
    matrix_free.py     and what `cool` needs of a long chain
    models/            long chains and trained schedules (torch)
"""

import warnings

from spectral_lab.cooling.bands import budget, cooling_step, golden_rule, leak, leak_bound, step_unitary
from spectral_lab.cooling.baselines import adiabatic, bath_cooling, bath_cycles, eigenvalue_filter, imaginary_time
from spectral_lab.cooling.conventions import CONVENTIONS, convert_phases, qsp_response
from spectral_lab.cooling.ladder import descend, ladder_law, ladder_walks, mean_ground_population
from spectral_lab.cooling.levels import Levels, levels, smooth_sign
from spectral_lab.cooling.protocol import Trajectory, cool
from spectral_lab.cooling.qasm import pauli_terms, reflection_circuit, step_qasm
from spectral_lab.cooling.qsp import (
    Angles,
    gqsp_angles,
    gqsp_circuit,
    gqsp_coefficients,
    gqsp_complement,
    gqsp_path,
    gqsp_polynomial,
    product_error,
    shift_angles,
)
from spectral_lab.cooling.queries import bill, pointer_queries, sign_queries, step_queries
from spectral_lab.cooling.sign_functions import (
    SignSeries,
    laurent_coefficients,
    minimax_coefficients,
    oracle_time,
    reflection_laurent,
    sign_of,
    sign_series,
    sine_series,
)
from spectral_lab.cooling.spin_chains import gue, hubbard, random_field, start_state, tfim, uniform_field, xxz

# QuTiP says at its import that it cannot draw without Matplotlib. Nothing here asks it to.
warnings.filterwarnings("ignore", message="matplotlib not found")

__all__ = [
    "CONVENTIONS",
    "Angles",
    "Levels",
    "SignSeries",
    "Trajectory",
    "adiabatic",
    "bath_cooling",
    "bath_cycles",
    "bill",
    "budget",
    "convert_phases",
    "cool",
    "cooling_step",
    "descend",
    "eigenvalue_filter",
    "golden_rule",
    "gqsp_angles",
    "gqsp_circuit",
    "gqsp_coefficients",
    "gqsp_complement",
    "gqsp_path",
    "gqsp_polynomial",
    "gue",
    "hubbard",
    "imaginary_time",
    "ladder_law",
    "ladder_walks",
    "laurent_coefficients",
    "leak",
    "leak_bound",
    "levels",
    "mean_ground_population",
    "minimax_coefficients",
    "oracle_time",
    "pauli_terms",
    "pointer_queries",
    "product_error",
    "qsp_response",
    "random_field",
    "reflection_circuit",
    "reflection_laurent",
    "shift_angles",
    "sign_of",
    "sign_queries",
    "sign_series",
    "sine_series",
    "smooth_sign",
    "start_state",
    "step_qasm",
    "step_queries",
    "step_unitary",
    "tfim",
    "uniform_field",
    "xxz",
]
