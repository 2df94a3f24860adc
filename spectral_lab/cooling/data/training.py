"""Record a training for `schedules.recorded_training`: `python -m spectral_lab.cooling.data.training`."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch

from spectral_lab.atomic import write_atomically
from spectral_lab.cooling.models.chain import heisenberg_chain
from spectral_lab.cooling.models.circuit import CoolingCircuit

TARGET = Path(__file__).with_suffix(".npz")


def record(iterations: int = 300, seed: int = 0, learning_rate: float = 0.05) -> dict[str, np.ndarray]:
    """The parameters after every iteration, and the energies with and without sign layers."""
    kept: dict[str, list[np.ndarray]] = {"kicks": [], "shifts": [], "phases": [], "energies": [], "kicks_only": []}
    for kicks_only in (False, True):
        torch.manual_seed(seed)
        circuit = CoolingCircuit(heisenberg_chain(4), 4, kicks_only=kicks_only)
        optimiser = torch.optim.Adam(circuit.parameters(), lr=learning_rate)
        for _ in range(iterations + 1):
            optimiser.zero_grad()
            loss = circuit.energy(circuit())
            kept["kicks_only" if kicks_only else "energies"].append(np.array(loss.item()))
            if not kicks_only:
                shifts = circuit.lo + circuit.shifts * (circuit.hi - circuit.lo)
                for name, value in (("kicks", circuit.kicks), ("shifts", shifts), ("phases", circuit.phases)):
                    kept[name].append(value.detach().numpy().copy())
            loss.backward()
            optimiser.step()
    arrays = {name: np.array(values, dtype=np.float32) for name, values in kept.items()}
    return arrays | {"width": np.array(circuit.sign.width, dtype=np.float32)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **record())
    write_atomically(TARGET, content.getvalue())
