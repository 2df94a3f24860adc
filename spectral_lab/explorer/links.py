"""Addresses: where the course's web site shows an explorer, so that a reader can send someone else there."""

from __future__ import annotations

import re

SITE = "https://spectral-lab.github.io/spectral_lab/"


def anchor(words: str) -> str:
    """The part of an address that names a place within a page, from its title: lower case letters, digits, hyphens."""
    plain = re.sub(r"\$[^$]*\$", "", words)
    return re.sub(r"[\W_]+", "-", plain.lower()).strip("-")


def page(package: str) -> str:
    """The name of a chapter's page."""
    return f"{package}.html"


def address(module: str, title: str) -> str:
    """The address of an explorer of the course, without its state; empty for an explorer that a reader wrote."""
    found = re.match(r"spectral_lab\.(\w+)\.explorers\b", module)
    return f"{SITE}{page(found[1])}#{anchor(title)}" if found else ""
