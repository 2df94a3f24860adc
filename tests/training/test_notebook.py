"""The stop button of a real Jupyter kernel: the run is kept, and the same cell goes on with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_recipe
from jupyter_client.manager import start_new_kernel

HERE = Path(tiny_recipe.__file__).parent
SETUP = f"""
import sys, time
sys.path[:0] = [{str(HERE)!r}, {str(HERE.parents[1])!r}]
import tiny_recipe
from pathlib import Path
from spectral_lab.training import Silent, train

class Slow(Silent):
    def step(self, step, loss):
        time.sleep(0.02)
        if step == 5:
            print("five", flush=True)
"""


@pytest.fixture
def kernel():
    manager, client = start_new_kernel(kernel_name="python3")
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run_cell(client, code: str, when_it_says=None) -> str:
    """Execute a cell and return its text; calls `when_it_says[1]` once the cell has printed `when_it_says[0]`."""
    client.execute(code)
    text = ""
    while True:
        message = client.get_iopub_msg(timeout=60)
        content = message["content"]
        if message["msg_type"] == "stream":
            text += content["text"]
            if when_it_says and when_it_says[0] in text:
                when_it_says = when_it_says[1]()
        elif message["msg_type"] == "error":
            pytest.fail("\n".join(content["traceback"]))
        elif message["msg_type"] == "status" and content["execution_state"] == "idle":
            return text


def test_the_stop_button_keeps_the_run(kernel, tmp_path):
    manager, client = kernel
    run_cell(client, SETUP)
    cell = f"run = train(tiny_recipe.recipe(epochs=20), reporter=Slow(), folder=Path({str(tmp_path)!r})); print(run)"
    interrupted = run_cell(client, cell, ("five", manager.interrupt_kernel))
    assert "of 120 steps" in interrupted
    resumed = run_cell(client, cell)
    assert "five" not in resumed
    assert "finished" in resumed


def test_the_curves_are_a_widget_with_one_line_of_text(kernel, tmp_path):
    _, client = kernel
    run_cell(client, SETUP + f"import os; os.environ['SPECTRAL_LAB_RUNS'] = {str(tmp_path)!r}")
    run_cell(client, "from spectral_lab.training import train_here")
    client.execute("runs = train_here({'tiny': lambda preset: tiny_recipe.recipe()}, 'tiny')")
    shown, text = [], ""
    while True:
        message = client.get_iopub_msg(timeout=60)
        content = message["content"]
        if message["msg_type"] == "display_data":
            shown.append(content["data"])
        elif message["msg_type"] == "stream":
            text += content["text"]
        elif message["msg_type"] == "error":
            pytest.fail("\n".join(content["traceback"]))
        elif message["msg_type"] == "status" and content["execution_state"] == "idle":
            break
    (data,) = shown
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == "Training: its curves grow here while the cell runs."
    assert text.startswith(("No CUDA device here", "Preset"))
    assert len(text.splitlines()) == 1
