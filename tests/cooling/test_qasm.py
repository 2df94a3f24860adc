"""The exported circuits are read back, gate by gate, and do what the library does."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from spectral_lab.cooling import spin_chains as hm
from spectral_lab.cooling.bands import cooling_step, evolve
from spectral_lab.cooling.levels import levels
from spectral_lab.cooling.qasm import pauli_terms, reflection_circuit, step_qasm
from spectral_lab.cooling.qsp import gqsp_circuit
from spectral_lab.cooling.sign_functions import sign_of

PAULIS = {"I": np.eye(2), "X": hm.PAULIS[0], "Y": hm.PAULIS[1], "Z": hm.PAULIS[2]}
# Gates of stdgates.inc, by their definition in the OpenQASM 3 specification.
BUILT_IN = {
    "h": lambda: (PAULIS["X"] + PAULIS["Z"]) / np.sqrt(2),
    "z": lambda: PAULIS["Z"],
    "s": lambda: np.diag([1, 1j]),
    "sdg": lambda: np.diag([1, -1j]),
    "cx": lambda: np.eye(4)[[0, 1, 3, 2]],
    "p": lambda a: np.diag([1, np.exp(1j * a)]),
    "rx": lambda a: expm(-0.5j * a * PAULIS["X"]),
    "ry": lambda a: expm(-0.5j * a * PAULIS["Y"]),
    "rz": lambda a: expm(-0.5j * a * PAULIS["Z"]),
}


def run_qasm(text):
    """The unitary of a program with these gates, definitions, ctrl, negctrl, inv and gphase; the first qubit leads."""
    text = re.sub(r"//.*", "", text)
    assert text.startswith('OPENQASM 3.0;\ninclude "stdgates.inc";')
    defined = {}
    for name, arguments, body in re.findall(r"gate (\w+) ([\w, ]+)\{(.*?)\}", text, re.S):
        defined[name] = program(body, [q.strip() for q in arguments.split(",")], defined)
    main = re.sub(r"gate \w+ [\w, ]+\{.*?\}", "", text, flags=re.S)
    qubits = []
    for size, name in re.findall(r"qubit(?:\[(\d+)\])? (\w+);", main):
        qubits += [f"{name}[{i}]" for i in range(int(size))] if size else [name]
    main = re.sub(r"(OPENQASM|include|qubit|bit)[^;]*;|\w+ = measure \w+;", "", main)
    return program(main, qubits, defined)


def program(body, qubits, defined):
    n = len(qubits)
    total = np.eye(2**n, dtype=complex)
    for statement in filter(None, (s.strip() for s in body.split(";"))):
        if match := re.fullmatch(r"gphase\(([-+.e\d]+)\)", statement):
            total = np.exp(1j * float(match[1])) * total
            continue
        modifiers, name, angle, targets = re.fullmatch(
            r"((?:\w+ @ )*)(\w+)(?:\(([-+.e\d]+)\))? ([\w\[\], ]+)", statement
        ).groups()
        U = defined[name] if name in defined else BUILT_IN[name](*([float(angle)] if angle else []))
        for modifier in re.findall(r"\w+", modifiers)[::-1]:
            if modifier == "inv":
                U = U.conj().T
            else:
                eye = np.eye(len(U))
                U = np.block([[eye, 0 * eye], [0 * eye, U]] if modifier == "ctrl" else [[U, 0 * eye], [0 * eye, eye]])
        places = [qubits.index(q.strip()) for q in targets.split(",")]
        k = len(places)
        assert len(U) == 2**k
        moved = np.moveaxis(total.reshape([2] * n + [2**n]), places, range(k))
        applied = np.tensordot(U.reshape([2] * 2 * k), moved, axes=(range(k, 2 * k), range(k)))
        total = np.moveaxis(applied, range(k), places).reshape(2**n, 2**n)
    return total


@settings(deadline=None, max_examples=20)
@given(n=st.integers(1, 4), seed=st.integers(0, 2**32))
def test_pauli_terms_add_up(n, seed):
    H = hm.gue(2**n, seed)
    total = np.zeros((2**n, 2**n), dtype=complex)
    for letters, c in pauli_terms(H).items():
        product = np.eye(1)
        for letter in letters:
            product = np.kron(product, PAULIS[letter])
        total += c * product
    np.testing.assert_allclose(total, H, atol=1e-13)


def test_pauli_terms_of_a_chain_are_its_definition():
    assert pauli_terms(hm.tfim(2, J=1, g=1.05, h=0.5)) == pytest.approx(
        {"ZZ": -1.0, "XI": -1.05, "IX": -1.05, "ZI": -0.5, "IZ": -0.5}
    )


def test_the_reflection_circuit_is_a_reflection():
    """With the exact evolution in place of the product formula, and the ancilla read as |0>."""
    H = hm.tfim(3)
    spectrum = levels(H)
    for mu in (-2.0, 0.3, spectrum.energies[-1] + 0.4):
        angles, calls, tau = reflection_circuit(H, mu, width=0.6, error=1e-4)
        U = (spectrum.vectors * np.exp(1j * spectrum.energies * tau)) @ spectrum.vectors.T
        block = gqsp_circuit(*angles, U, inverse_calls=calls)
        wanted = (spectrum.vectors * np.exp(-0.5j * np.pi * sign_of(spectrum.energies, mu, 0.6))) @ spectrum.vectors.T
        assert np.linalg.norm(block[0] - wanted, 2) < 1.5e-4
        assert np.linalg.norm(block[1], 2) < 0.03  # sqrt(2 * 1e-4), what is left in |1>


def test_the_exported_step_is_the_step():
    H, V, mu = hm.tfim(2), hm.random_field(2, 3), -1.0
    options = {"width": 0.8, "alpha": 0.4, "angle": 2.0}
    text = step_qasm(H, V, mu, error=1e-4, slices=12, **options)
    read = run_qasm(text)
    np.testing.assert_allclose(read.conj().T @ read, np.eye(8), atol=1e-11)
    psi = np.array([0.1, 0.7, -0.5j, 0.5])
    psi /= np.linalg.norm(psi)
    after = read[:, :4] @ psi  # the ancilla is the first qubit
    wanted = cooling_step(psi, H, V, mu, drive="bang-bang", **options)
    assert np.linalg.norm(after[:4] - wanted) < 0.02
    # The rest is the product formula's: its error falls by 4 where the slices are doubled.
    errors = []
    for slices in (3, 6, 12):
        block = run_qasm(step_qasm(H, V, mu, error=1e-6, slices=slices, **options))[:4, :4]
        errors.append(np.linalg.norm(block @ psi - wanted))
    assert 3.5 < errors[0] / errors[1] < 4.5
    assert 3.5 < errors[1] / errors[2] < 4.5


def test_an_exact_product_formula_leaves_only_the_polynomials_error():
    """Commuting terms: ZZ and Z alone. All phases are right too, those of the identity in H included."""
    H = np.diag([1.0, -0.3, 0.8, 2.5])
    V = hm.random_field(2, 5)
    read = run_qasm(step_qasm(H, V, 0.5, width=0.4, alpha=0.5, angle=1.0, error=1e-8))
    s, W = sign_of(levels(H).energies, 0.5, 0.4), levels(H).vectors
    wanted = W @ evolve(W.T.astype(complex), s, levels(H).operator(V), alpha=0.5, angle=1.0, drive="bang-bang")
    np.testing.assert_allclose(read[:4, :4], wanted, atol=1e-7)


def test_the_text_is_the_same_on_every_machine_but_for_rounding():
    text = step_qasm(hm.xxz(3), hm.uniform_field(3), 0.1, width=0.5, error=0.05)
    assert text == step_qasm(hm.xxz(3), hm.uniform_field(3), 0.1, width=0.5, error=0.05)
    queries = int(re.search(r"reflection of (\d+) queries", text)[1])
    assert text.count("@ evolution") == queries
    assert text.count("half_kick spin") == 2 * text.count("reflection a, spin")
    numbers = [float(x) for x in re.findall(r"\((-?[\d.e+-]+)\)", text)]
    assert all(math.isfinite(x) for x in numbers)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pauli_terms(np.eye(3)), "H must act on 1 to 6 spins"),
        (lambda: pauli_terms(hm.tfim(7)), "H must act on 1 to 6 spins"),
        (lambda: pauli_terms([[0, 1], [0, 0]]), "H must be Hermitian"),
        (lambda: step_qasm(hm.tfim(2), np.ones((3, 3)), 0, width=0.5), "V must have shape"),
        (lambda: step_qasm(hm.tfim(2), np.ones((2, 3)), 0, width=0), "width must be"),
        (lambda: step_qasm(hm.tfim(2), np.ones((2, 3)), 0, width=1e-9), "width must be at least"),
        (lambda: step_qasm(hm.tfim(2), np.ones((2, 3)), np.inf, width=1), "mu must be"),
        (lambda: step_qasm(hm.tfim(2), np.ones((2, 3)), 0, width=1, slices=0), "slices must be"),
        (lambda: step_qasm(hm.tfim(2), np.ones((2, 3)), 0, width=1, angle=-1), "angle must be"),
        (lambda: step_qasm(hm.tfim(2), np.ones((2, 3)), 0, width=1, error=1), "error must be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
