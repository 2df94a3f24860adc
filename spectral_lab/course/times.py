"""How long a notebook takes, by its words and tasks: the times in its header are measured by this rule, not felt.

    prose        100 words a minute, which leaves time to think; a formula within a line counts as a word
    a formula    on a line of its own: half a minute
    code         12 lines a minute
    a guess      1 minute                 an explorer   5 minutes
    an exercise  3, 8 or 15 minutes at level 1, 2 or 3
    the claims   3 minutes, where a cell shows their table
    training     1 minute to look at it; what a GPU takes for the full size is not counted

`python tools/write_times.py` writes the header's line "*Time:* ..." of every notebook from the stored notebook, and
tests/course/test_times.py refuses one that is more than five minutes off in a section. The introduction counts with the
first section, and the references not at all.
"""

from __future__ import annotations

import re
import textwrap
from typing import Any

WORDS, LINES = 100, 12  # a minute
FORMULA, GUESS, EXPLORER, CLAIMS, TRAINING = 0.5, 1.0, 5.0, 3.0, 1.0
EXERCISE = {1: 3.0, 2: 8.0, 3: 15.0}
STEP = 5  # minutes to which the header rounds
LEFT_OUT = ("References", "Further reading")


def section_minutes(notebook: dict[str, Any]) -> dict[str, float]:
    """Minutes of each section ("## ...") of a notebook, in their order."""
    minutes: dict[str, float] = {}
    before, title = 0.0, ""
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            parts = [(title, _code_minutes(source, _text(cell)))]
        else:
            first, *rest = re.split(r"^## +(.*)$", source, flags=re.M)
            parts = [(title, _prose_minutes(first))]
            parts += [(name.strip(), _prose_minutes(text)) for name, text in zip(rest[::2], rest[1::2], strict=True)]
        for title, share in parts:
            if title:
                minutes[title] = minutes.get(title, before) + share
                before = 0.0
            else:
                before += share
    return {name: share for name, share in minutes.items() if name not in LEFT_OUT}


def time_line(notebook: dict[str, Any]) -> str:
    """The header's words on the times: the whole, the exercises, and each section, in steps of five minutes."""
    measured = section_minutes(notebook)
    rounded = {name: max(STEP, STEP * round(share / STEP)) for name, share in measured.items()}
    exercises = sum(share for name, share in rounded.items() if "xercises" in name)
    numbered = all(re.match(r"\d+\. ", name) for name in rounded)
    each = ", ".join(map(str, rounded.values())) if numbered else ", ".join(f"{k} {v}" for k, v in rounded.items())
    sections = f"Sections 1 to {len(rounded)} take {each}" if numbered else each
    return (
        f"*Time:* about {sum(rounded.values())} minutes, {exercises} of them for the exercises. {sections} minutes "
        "(measured by the words and the tasks)."
    )


def stated_minutes(header: str) -> list[int]:
    """The minutes of each section as a header states them. Raises: ValueError if it does not."""
    found = re.search(r"\*Time:\*.*?for\s+the\s+exercises\.\s(.*?)\sminutes\s\(", header, re.S)
    if not found:
        raise ValueError("the header must state its times as `time_line` writes them")
    listed = re.sub(r"^Sections\s1\sto\s\d+\stake", "", found[1])
    return [int(re.split(r"\s", part.strip())[-1]) for part in listed.split(",")]


def with_times(notebook: dict[str, Any], width: int = 118) -> str:
    """The source of the first cell with its paragraph on the time made current. Raises: ValueError if it has none."""
    header = "".join(notebook["cells"][0]["source"])
    before, mark, rest = header.partition("*Time:*")
    if not mark:
        raise ValueError("the first cell must have a paragraph that ends in *Time:* ...")
    _, gap, after = rest.partition("\n\n")
    line = "\n".join(textwrap.wrap(time_line(notebook), width, break_long_words=False, break_on_hyphens=False))
    return f"{before.rstrip()}\n{line}{gap}{after}"


def _prose_minutes(text: str) -> float:
    displayed = re.findall(r"\$\$.+?\$\$", text, flags=re.S)
    prose = re.sub(r"\$\$.+?\$\$", "", text, flags=re.S)
    prose = re.sub(r"\$[^$]+\$", "x", prose)
    return len(re.findall(r"[^\s|#*-]+", prose)) / WORDS + FORMULA * len(displayed)


def _code_minutes(source: str, text: str) -> float:
    level = re.match(r"Exercise, level ([123]):", text)
    if level:
        return EXERCISE[int(level[1])]
    if text.startswith("Guess first"):
        return GUESS
    last = source.strip().splitlines()[-1] if source.strip() else ""
    if re.search(r"(^|\.)explorers?\.\w+\(", last):
        return EXPLORER
    if re.match(r"(\w+\.)?(check|board)\(", last):
        return CLAIMS
    if "train_here(" in source:
        return TRAINING
    return len([line for line in source.splitlines() if line.strip()]) / LINES


def _text(cell: dict[str, Any]) -> str:
    """The text of a code cell's first output that has one."""
    texts = ("".join(output.get("data", {}).get("text/plain", "")) for output in cell.get("outputs", []))
    return next((text for text in texts if text), "")
