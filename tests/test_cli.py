"""The command line: quick to answer, clear about bad arguments, and exit codes that scripts can rely on."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise

import pytest

from spectral_lab import cli
from spectral_lab.course import CHAPTERS, Chapter, Claim, Evidence
from spectral_lab.datasets import Dataset, File


def test_help_imports_nothing_heavy() -> None:
    heavy = "{'torch', 'numpy.testing', 'scipy', 'plotly', 'ipywidgets', 'jupyterlab'}"
    script = (
        "import sys; from spectral_lab.cli import main\n"
        "try: main(['--help'])\n"
        f"finally: print('loaded:', sorted({heavy} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.returncode == 0
    for command in ("lab", "train", "claims", "sheet", "grade", "data", "doctor"):
        assert command in result.stdout
    assert "loaded: []" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "required: command"),
        (["bogus"], "invalid choice: 'bogus'"),
        (["claims", "pseudo"], "pseudospectra (3)"),
        (["claims", "pseudospectra", "--write"], "not allowed"),
        (["lab", "--port", "many"], "invalid int value: 'many'"),
        (["lab", "--port", "-1"], "--port: must be a whole number between 0 and 65535, got -1"),
        (["lab", "--port", "65536"], "between 0 and 65535, got 65536"),
        (["lab", "--port", "9" * 5000], "invalid int value"),
        (["train", "99"], "chapter must be one of"),
        (["train", "3", "--epochs", str(10**30)], "epochs must be a whole number between 1 and 1e+06"),
        (["train", "3", "--seed", "-1"], "seed must be a whole number between 0 and"),
        (["train", "3", "--seed", str(10**400)], "seed must be a whole number between 0 and"),
        (["train", "pseudo"], "pseudo"),
        (["train", "0"], "matrix_functions has no recipe"),
        (["train", "pseudospectra", "--preset", "huge"], "huge"),
    ],
)
def test_bad_arguments_exit_with_2_and_say_why(words: list[str], message: str, capsys) -> None:
    try:
        code = cli.main(words)
    except SystemExit as stopped:  # argparse's own way out
        code = stopped.code
    assert code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["3", "03", "pseudospectra"])
def test_a_chapter_is_known_by_its_number_as_well(name: str, capsys) -> None:
    assert cli.main(["train", name, "--task", "list"]) == 0
    assert "digits/s4d" in capsys.readouterr().out.split()


@pytest.mark.parametrize("words", [["claims", "2"], ["--help"], ["doctor"], ["data"]])
def test_a_terminal_that_knows_only_ascii_is_spoken_to(words: list[str]) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    script = (
        "import sys; from spectral_lab import cli; from spectral_lab.course import Chapter, Claim, Evidence\n"
        "statement, shown = '\\u03ba \\u2264 2 \\u03c0', lambda: Evidence('\\u03bb = 1', True)\n"
        "claim = Claim(id='C1', statement=statement, source='paper', origin='paper', bound='\\u2264 1', cost='instant',"
        " evidence=shown)\n"
        "Chapter.listed = lambda item, name: (claim,) if name == 'CLAIMS' else {}\n"
        f"sys.exit(cli.main({words!r}))"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0
    if words[0] == "claims":
        assert b"? ? 2 ?" in done.stdout


def test_a_full_disk_ends_with_one_line() -> None:
    script = "import sys; from spectral_lab.cli import main; sys.exit(main(['data']))"
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode != 0
    assert "spectral-lab: [Errno 28] No space left on device" in done.stderr


def test_an_interrupt_ends_with_one_line(monkeypatch, capsys) -> None:
    def stop(item, name):
        raise KeyboardInterrupt

    monkeypatch.setattr(Chapter, "listed", stop)
    assert cli.main(["claims", "3"]) == 130
    assert capsys.readouterr().err == "spectral-lab: interrupted\n"


def test_a_reader_that_leaves_early_sees_no_trace() -> None:
    script = "import sys; from spectral_lab.cli import main; sys.exit(main(['doctor']))"
    command = f'"{sys.executable}" -u -c "{script}" | true'
    result = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert "Traceback" not in result.stderr
    assert "BrokenPipe" not in result.stderr


def claim(holds: bool) -> Claim:
    stated = {"id": "C1", "statement": "It tends to 2.", "source": "paper", "origin": "paper", "bound": "2"}
    return Claim(**stated, cost="instant", evidence=lambda: Evidence("1.999", holds))


@pytest.mark.parametrize("holds", [True, False])
def test_claims_show_the_board_and_fail_on_a_surprise(holds: bool, monkeypatch, capsys) -> None:
    monkeypatch.setattr(Chapter, "listed", lambda item, name: (claim(holds),))
    assert cli.main(["claims", "3"]) == (0 if holds else 1)
    shown = capsys.readouterr().out
    assert "03 Pseudospectra" in shown
    assert "1.999" in shown
    assert ("not as expected" in shown) != holds


def test_claims_write_the_page(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr(Chapter, "listed", lambda item, name: (claim(True),))
    monkeypatch.setattr(cli, "CLAIMS_PAGE", tmp_path / "claims.md")
    assert cli.main(["claims", "--write"]) == 0
    assert (tmp_path / "claims.md").read_text(encoding="utf-8").count("### C1: holds") == len(CHAPTERS)
    assert [path.name for path in tmp_path.iterdir()] == ["claims.md"]


def test_claims_are_not_measured_for_a_page_that_has_no_place(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr(Chapter, "listed", pytest.fail)
    monkeypatch.setattr(cli, "CLAIMS_PAGE", tmp_path / "docs" / "claims.md")
    assert cli.main(["claims", "--write"]) == 1
    assert "comes with a clone of the repository" in capsys.readouterr().err


def test_a_page_that_may_not_be_written_is_known_before_measuring(monkeypatch, tmp_path, capsys) -> None:
    def refuse(folder) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Chapter, "listed", pytest.fail)
    monkeypatch.setattr(cli, "make_writable", refuse)
    monkeypatch.setattr(cli, "CLAIMS_PAGE", tmp_path / "claims.md")
    assert cli.main(["claims", "--write"]) == 1
    assert capsys.readouterr().err == f"spectral-lab: [Errno 13] Permission denied: '{tmp_path}'\n"


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """One data set that cannot be downloaded."""
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path))
    data = Dataset("toy", "a toy", (File("toy.bin", 2_500_000, f"sha256:{'0' * 64}", ("http://127.0.0.1:9/gone",)),))
    monkeypatch.setattr(cli, "_datasets", lambda item: {"toy": data} if item.number == 3 else {})


def test_data_lists_and_fetches(toy, tmp_path, capsys) -> None:
    assert cli.main(["data"]) == 0
    assert "toy: a toy; 2.5 MB; not here: spectral-lab data toy" in capsys.readouterr().out
    assert cli.main(["data", "toy"]) == 1
    assert str(tmp_path / "toy.bin") in capsys.readouterr().err
    assert cli.main(["data", "toys"]) == 2
    assert "no data set named toys; there are: toy" in capsys.readouterr().err


def test_data_of_a_chapter_are_made_by_its_own_command(monkeypatch, tmp_path, capsys) -> None:
    from spectral_lab.hamiltonians.data import generate

    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path))
    asked = []
    monkeypatch.setattr(generate, "generate", lambda *given: asked.append(given) or given[-2])
    assert cli.main(["data", "hamiltonians", "water", "ammonia", "--count", "7", "--workers", "2"]) == 0
    folder = tmp_path / "hamiltonians"
    assert asked == [(name, 7, "def2-svp", 300.0, 0, folder, 2) for name in ("water", "ammonia")]
    assert capsys.readouterr().out.split() == [str(folder)] * 2
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "pyscf", None)
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path))
    assert cli.main(["data", "hamiltonians", "water", "--count", "1"]) == 2
    assert "error: this needs PySCF" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["data", "hamiltonians", "benzene"])
    assert cli.main(["data"]) == 0
    assert "spectral-lab data hamiltonians makes geometries" in capsys.readouterr().out


def test_data_say_how_to_get_what_has_no_address(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path))
    assert cli.main(["data"]) == 0
    lines = capsys.readouterr().out.splitlines()
    zinc, how = next(pair for pair in pairwise(lines) if pair[0].startswith("  zinc:"))
    assert zinc.endswith("not here, by hand:")
    assert how.startswith("      put zinc/molecules.zip, zinc/train.index, zinc/val.index, zinc/test.index into ")
    assert f"into {tmp_path}. molecules.zip is at https://" in how
    assert cli.main(["data", "zinc"]) == 1
    assert "zinc is fetched by hand: put zinc/molecules.zip" in capsys.readouterr().err


def test_doctor_says_what_to_do(toy, monkeypatch, capsys) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CHROMIUM", raising=False)
    cli.main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert all(line[:5] in ("ok   ", "note ", "fix  ") for line in lines)
    assert "note Chromium: not found, so browser tests are skipped; install it, or set CHROMIUM to its path" in lines
    assert "note data: 0 of 1 sets are here; fetch with `spectral-lab data NAME`: toy" in lines
    assert any(line.startswith("ok   Jupyter kernel") for line in lines)


def test_doctor_sees_data_that_are_here(toy, tmp_path, capsys) -> None:
    (tmp_path / "toy.bin").touch()
    cli.main(["doctor"])
    assert "ok   data: 1 of 1 sets are here" in capsys.readouterr().out.splitlines()


def test_doctor_speaks_where_there_is_no_home(tmp_path) -> None:
    """As in a container whose user has neither a home folder nor a name."""
    script = (
        "import os, pwd, sys\n"
        "def nobody(uid): raise KeyError(uid)\n"
        "pwd.getpwuid = nobody\n"
        "from spectral_lab.cli import main\n"
        "main(['doctor'])"
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    environment |= {"SPECTRAL_LAB_DATA": "~/data"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "data: " in done.stdout


def test_doctor_finds_what_is_broken(monkeypatch, capsys) -> None:
    from importlib.metadata import PackageNotFoundError

    def missing(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr("importlib.metadata.version", missing)
    assert cli.main(["doctor"]) == 1
    assert "fix  plotly is missing: run `make lab`" in capsys.readouterr().out


def test_lab_serves_the_repository_and_opens_the_first_notebook(monkeypatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    command = cli.lab_command(port=None, browser=True)
    assert command[1:3] == ["-m", "jupyterlab"]
    assert command[-1].endswith("/lab/tree/notebooks/00_start_here.ipynb")
    assert cli.lab_command(port=9000, browser=False)[-2:] == ["--port=9000", "--no-browser"]


def test_lab_prints_the_address_where_there_is_no_browser(monkeypatch) -> None:
    started = []
    monkeypatch.setattr("os.execv", lambda path, command: started.append(command))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert cli.main(["lab"]) == 1  # a real execv does not return
    assert "--no-browser" in started[0]
