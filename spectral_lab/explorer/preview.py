"""Still pictures of explorers: the same browser code, without a kernel, photographed by headless Chromium.

With SPECTRAL_LAB_PREVIEWS=png in the environment each explorer adds such a picture to its output, so that a notebook
shows its pictures on a code host and before it is run. `python -m spectral_lab.explorer.preview` reads a page from
standard input and writes the PNG to standard output; it runs apart because Playwright will not share a kernel's loop.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Any, Protocol, runtime_checkable

from spectral_lab.explorer import assets, browser

# A still picture does not move: its controls are marked idle, and its buttons do nothing.
_IDLE = """
.sl-tools, .sl-presets, .sl-play { display: none !important }
.sl-head::after { content: "still picture · run this cell to move it"; opacity: 0.65; font-size: 12px }
.sl-control { opacity: 0.6 }
"""
_STUB = """
const model = {
  still: true,
  get: () => spec,
  on: (_event, callback) => { model.answer = callback; },
  send: ({ kind, session }) => {
    model.session = session;
    if (kind === "hello") setTimeout(() => show(first));
  },
};
const show = ({ welcome, buffers }) => {
  const views = buffers.map((text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer));
  model.answer({ ...welcome, session: model.session }, views);
  document.querySelectorAll(".sl-controls *").forEach((node) => { node.disabled = true; });
  document.title = "drawn";
};
globalThis.show = show;
widget.initialize({ model });
widget.render({ model, el: document.getElementById("here") });
"""


@runtime_checkable
class Shown(Protocol):
    """What is asked of an explorer: what its page must know, and the message with the present picture."""

    spec: Any

    def greeting(self) -> tuple[dict[str, Any], list[memoryview]]: ...


def message(explorer: Shown) -> dict[str, Any]:
    """What the page's function `show` takes to show the explorer as it stands."""
    welcome, buffers = explorer.greeting()
    return {"welcome": welcome | {"number": 0}, "buffers": [base64.b64encode(buffer).decode() for buffer in buffers]}


def page(explorer: Shown, dark: bool = False) -> str:
    """An HTML page, complete in itself, that shows the explorer as it stands, in the light or the dark theme."""
    script = assets.SCRIPT.replace("export default", "const widget =")
    colours = "--jp-layout-color0:#111;--jp-ui-font-color1:#eee;--jp-ui-font-color2:#aaa;--jp-border-color2:#444;"
    return f"""<!doctype html><meta charset="utf-8"><body style="margin:0;width:960px;{colours if dark else ""}">
<style>{assets.STYLE} {_IDLE}</style><div id="here"></div>
<script>{assets.plotly_source().decode()}</script><script type="module">{script}
const spec = {json.dumps(explorer.spec)};
const first = {json.dumps(message(explorer))};
{_STUB}</script>"""


def png_base64(explorer: Shown) -> str:
    """The explorer as a PNG in base64; raises RuntimeError with the reason if no browser could take the picture."""
    command = [sys.executable, "-m", "spectral_lab.explorer.preview"]
    done = subprocess.run(command, input=page(explorer).encode(), capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError("no preview: " + done.stderr.decode().strip().rsplit("\n", 1)[-1])
    return base64.b64encode(done.stdout).decode()


def _photograph(html: str) -> bytes:
    with browser.open_browser() as chromium:
        view = chromium.new_page(viewport={"width": 960, "height": 900}, device_scale_factor=1.5)
        view.set_content(html)
        view.wait_for_function("document.title === 'drawn'")
        return view.locator(".sl-explorer").screenshot()


if __name__ == "__main__":
    sys.stdout.buffer.write(_photograph(sys.stdin.read()))
