"""JupyterLab in headless Chromium: what the browser tests, the latency benchmark and the previews drive.

Needs Playwright (the `test` extra) and a Chromium; no other file of the package imports this one at load.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# A container's root user has no sandbox; the rest keeps Chromium from calling home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Other users of this machine can reach the server too, and who reaches it can run programs. The token goes through
# the environment, since everybody can read command lines.
TOKEN = secrets.token_urlsafe(32)


def chromium() -> str | None:
    """The path of a Chromium or Chrome on this machine (the variable CHROMIUM wins), or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless Chromium; raises RuntimeError with what to install where there is none."""
    path = chromium()
    if path is None:
        raise RuntimeError("no Chromium found: install it (Debian: apt-get install chromium) or set CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def serve_lab(folder: Path, dark: bool = False) -> Iterator[str]:
    """A JupyterLab server on `folder`, its own settings apart from the user's; yields the address of its file tree."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as settings:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        apputils = Path(settings, "@jupyterlab", "apputils-extension")
        apputils.mkdir(parents=True)
        theme = {"theme": "JupyterLab Dark" if dark else "JupyterLab Light"}
        (apputils / "themes.jupyterlab-settings").write_text(json.dumps(theme))
        (apputils / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
        free.close()
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
        command += [
            f"--ServerApp.root_dir={folder}",
            "--LabApp.expose_app_in_browser=True",
        ]
        command += ["--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1"]
        environment = os.environ | {"JUPYTERLAB_SETTINGS_DIR": settings, "JUPYTER_TOKEN": TOKEN}
        quiet = subprocess.DEVNULL
        server = subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)
        try:
            _wait_for(f"http://127.0.0.1:{port}/api", server)
            yield f"http://127.0.0.1:{port}/lab/tree"
        finally:
            server.terminate()
            server.wait(20)


def run_notebook(page: Page, tree: str, name: str, explorers: int, seconds: float = 120) -> None:
    """Open a notebook, run all its cells and wait until that many explorers are drawn; TimeoutError if they are not."""
    page.goto(f"{tree}/{name}?reset&token={TOKEN}")  # from here on a cookie stands for the token
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_function("window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'")
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    drawn = f"document.querySelectorAll('.sl-explorer[data-busy=false]').length >= {explorers}"
    page.wait_for_function(drawn, timeout=seconds * 1000)
    page.wait_for_function("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'")


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except OSError:
            if server.poll() is not None:
                raise RuntimeError(f"the server ended at once with exit code {server.returncode}") from None
            time.sleep(0.1)
    raise TimeoutError("the server did not answer within 30 seconds")
