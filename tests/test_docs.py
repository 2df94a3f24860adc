"""The pages that a newcomer reads: their links lead somewhere, their code runs, their commands are understood."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

import spectral_lab
from spectral_lab import cli
from spectral_lab.checkout import ROOT
from spectral_lab.course import CHAPTERS
from spectral_lab.training import command
from spectral_lab.training.classroom import select

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("notebooks/*.ipynb")])
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    files = [link.split("#")[0] for link in links if not link.startswith(("http", "#"))]
    assert [file for file in files if file and not (page.parent / file).exists()] == []


def test_the_code_of_the_readme_runs_and_prints_what_it_says(capsys) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    exec(code, {})
    kappa, rest = capsys.readouterr().out.splitlines()
    condition, abscissa = map(float, rest.split())
    assert f"{float(kappa):.1e}" == "1.2e+23"
    assert (round(condition), round(abscissa, 1)) == (6, -0.6)


def commands() -> list[list[str]]:
    """Every `spectral-lab ...` of the pages, with its options."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    found = re.findall(
        r"(?:spectral-lab|-m spectral_lab\.cli) (train (?!CHAPTER)[a-z]+"
        r"(?: --task(?: '[\w/.*-]+'| [\w/.-]+)+| --(?!task)[a-z]+(?: [\w/.-]+)?)*)",
        text,
    )
    return [shlex.split(line) for line in sorted(set(found))]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_training_command_of_the_pages_is_understood(words: list[str], monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(command, "run", lambda args, recipes: asked.append((args, recipes)) or 0)
    assert cli.main(words) == 0
    ((args, recipes),) = asked
    if args.task != ["list"]:
        for task in args.task or [next(iter(recipes)).split("/")[0]]:
            for build in select(recipes, task).values():
                build(args.preset or "miniature")


def test_the_citation_is_that_of_the_package_and_its_papers() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == spectral_lab.__version__
    assert [entry["title"] for entry in citation["references"]] == [item.paper.title for item in CHAPTERS if item.paper]
    assert [entry["url"] for entry in citation["references"]] == [item.paper.url for item in CHAPTERS if item.paper]
