"""In a browser: one line in place of a traceback for what Pyodide lacks, and a claim that needs it is not yet run."""

from __future__ import annotations

import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from spectral_lab import absent
from spectral_lab.course import Claim, Evidence, check, in_browser

LACKS_TORCH = "This cell needs PyTorch, which does not run in a browser."


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(absent, "IN_BROWSER", True)
    for name in [name for name in sys.modules if name.partition(".")[0] == "torch"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.fixture
def shell(browser: None) -> InteractiveShell:
    shell = InteractiveShell()
    shell.history_manager.enabled = False
    in_browser.install(shell)
    return shell


def said(shell: InteractiveShell, cell: str, capsys: pytest.CaptureFixture[str]) -> str:
    shell.run_cell(cell)
    return capsys.readouterr().out


def test_a_cell_that_needs_torch_says_so_in_one_line(shell: InteractiveShell, capsys: pytest.CaptureFixture) -> None:
    told = said(shell, "import torch\n\nx = torch.zeros(3)", capsys)
    assert told.startswith(LACKS_TORCH)
    assert told.count("\n") == 1


def test_so_does_a_library_module_that_imports_it(shell: InteractiveShell, capsys: pytest.CaptureFixture) -> None:
    assert said(shell, "import importlib\nimportlib.import_module('torch.nn')", capsys).startswith(LACKS_TORCH)


@pytest.mark.parametrize("use", ["runs.metric('x')", "print(train_here)", "for b in a: pass", "f(1)", "C()", "loop"])
def test_later_cells_say_what_they_wait_for(use: str, shell: InteractiveShell, capsys: pytest.CaptureFixture) -> None:
    cell = (
        "import torch\nfrom training import train_here\nruns, a = 1, 2\ndef f(x): ...\nclass C: ...\nfor loop in a: ..."
    )
    said(shell, cell, capsys)
    told = said(shell, f"z = 1\n{use}", capsys)
    assert "which a cell above makes with PyTorch, which does not run in a browser" in told
    assert told.count("\n") == 1


def test_a_cell_that_waits_passes_the_word_on(shell: InteractiveShell, capsys: pytest.CaptureFixture) -> None:
    said(shell, "import torch\nfirst = 1", capsys)
    said(shell, "second = first + 1", capsys)
    assert said(shell, "second", capsys).startswith("This cell needs second, which a cell above makes with PyTorch")


@pytest.mark.parametrize("cell", ["import no_such_module", "misspelled", "import torch_of_ours"])
def test_other_errors_keep_their_traceback(cell: str, shell: InteractiveShell, capsys: pytest.CaptureFixture) -> None:
    said(shell, "import torch\nfirst = 1", capsys)
    told = said(shell, cell, capsys)
    assert "does not run in a browser" not in told
    assert "Error" in told


def test_a_claim_that_needs_torch_is_not_yet_run(browser: None) -> None:
    def evidence() -> Evidence:
        import torch

        return Evidence("measured", torch.ones(1).item() == 1)

    claim = Claim(
        id="C1", statement="s", source="p", origin="paper", bound="b", cost="seconds", evidence=evidence
    )  # fmt: skip
    (row,) = check([claim]).rows
    assert (row.verdict, row.measured) == ("not yet run", "needs PyTorch, which browsers lack")


def test_outside_a_browser_a_missing_library_is_an_error(browser: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(absent, "IN_BROWSER", False)
    assert absent.missing(ModuleNotFoundError("", name="torch")) is None
    monkeypatch.setattr(absent, "IN_BROWSER", True)
    assert absent.missing(ModuleNotFoundError("", name="torch.nn")) == "PyTorch"
    assert absent.missing(ModuleNotFoundError("", name="numpy")) is None
