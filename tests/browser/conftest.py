from collections.abc import Iterator
from typing import Any

import pytest

from spectral_lab.explorer import browser

NO_CHROMIUM = "no Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM to its path"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in item.path.parts and "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.skipif(browser.chromium() is None, reason=NO_CHROMIUM))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser.open_browser() as started:
        yield started
