"""The explorer: one widget that shows a picture and the controls that move it."""

from __future__ import annotations

import inspect
import io
import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple
from weakref import WeakSet

import anywidget
import numpy as np
import traitlets
from IPython import get_ipython
from threadpoolctl import ThreadpoolController

from spectral_lab.explorer import assets, links, still, wire
from spectral_lab.explorer.controls import Control, plain_words
from spectral_lab.explorer.interrupts import interruptible
from spectral_lab.markup import math_html, spoken

VIEW = "application/vnd.jupyter.widget-view+json"
Figure = dict[str, Any]
# By notebook cell: its last run that displayed explorers, and those.
_DISPLAYED: dict[str, tuple[str, WeakSet[Explorer]]] = {}


class Data(SimpleNamespace):
    """What a picture shows, as attributes: the control values, and all that `compute` returned by name."""

    def __getitem__(self, name: str) -> Any:
        return vars(self)[name]


class Picture(NamedTuple):
    """What an explorer shows at some control values, coarse while a slider is dragged."""

    values: dict[str, Any]
    coarse: bool
    data: Data
    figure: Figure
    readout: str


class Explorer(anywidget.AnyWidget):
    """A picture with controls: `compute` gives the data, `figure` draws them, `readout` says them in one line.

    title: a few words above the controls. controls: made with `slider`, `integers`, `choice`, `toggle`.
    compute(**values) -> dict: a pure function of the control values, named as the controls are; if it has an
    argument `coarse`, that is True while a slider is dragged. `data` holds the values and what it returns, which goes
    first. figure(data) -> dict: made with `theme.figure`. readout(data) -> str: the key numbers in words, rounded to
    what is stable; it is also the accessible text of the picture and the text form of the output. code(**values) ->
    str: the library calls that make this picture, ready to paste. presets: {name: {control: value}}; controls not named
    return to their defaults. state: start values.

    Raises ValueError for an unknown control in `state` or a preset, or a value outside a control's range.

    `state`, `code`, `data`, `figure`, `readout` and `arrays()` are those of the picture that the reader sees. close()
    frees the picture here and in the browser; to display a closed explorer opens it again. A notebook cell that is
    run again closes the explorers that its last run displayed.
    """

    # Text, not a path: anywidget watches a file, and the watcher would keep every explorer for good.
    _esm, _css = assets.SCRIPT, assets.STYLE
    spec = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        *,
        title: str,
        controls: Sequence[Control],
        compute: Callable[..., Mapping[str, Any]],
        figure: Callable[[Data], Figure],
        readout: Callable[[Data], str],
        code: Callable[..., str],
        presets: Mapping[str, Mapping[str, Any]] | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        self.title = title
        self._controls = {control.name: control for control in controls}
        self._compute, self._draw, self._describe, self._code = compute, figure, readout, code
        self._has_coarse = "coarse" in inspect.signature(compute).parameters
        self._defaults = {control.name: control.default for control in controls}
        self.presets = {name: self._checked(values) for name, values in (presets or {}).items()}
        self.state = self._checked(state or {})
        # The first picture is made here, so that an explorer that cannot draw fails in the cell that makes it.
        self._last: Picture | None = self._picture(self.state)
        self._sent: Figure | None = self._last.figure  # what the browsers hold, and its number
        self._number = 0
        super().__init__(spec=self._specification())
        self.on_msg(self._receive)

    def set(self, **values: Any) -> None:
        """Move controls from code: the picture, the readout and the browser follow. Raises ValueError as above."""
        self._answer(self._checked(values, self.state), coarse=False, request=None)

    @property
    def controls(self) -> dict[str, Control]:
        """The controls by name."""
        return dict(self._controls)

    def look(self, **values: Any) -> Picture:
        """The picture at these control values, the others at their defaults; what the reader sees stays.

        Raises ValueError as above.
        """
        return self._picture(self._checked(values))

    def code_at(self, **values: Any) -> str:
        """The library calls that make the picture at these control values, the others at their defaults."""
        return inspect.cleandoc(self._code(**self._checked(values)))

    @property
    def code(self) -> str:
        """The library calls that make the picture at the present control values."""
        return self.code_at(**self.state)

    @property
    def data(self) -> Data:
        """The present control values and what `compute` gave at them."""
        return self._now().data

    @property
    def figure(self) -> Figure:
        """The present picture as a Plotly figure in a plain dict."""
        return self._now().figure

    @property
    def readout(self) -> str:
        """The present picture in one line of words."""
        return self._now().readout

    def arrays(self) -> dict[str, np.ndarray]:
        """The numbers behind the picture by name: the control values, and what `compute` returned."""
        return {
            name: np.asarray(value)
            for name, value in vars(self.data).items()
            if isinstance(value, (np.ndarray, int, float, complex, str, np.number))
        }

    def csv(self) -> str:
        """The drawn points as a table with the columns trace, x, y, z (z only for fields)."""
        rows = ["trace,x,y,z"]
        for number, trace in enumerate(self.figure["data"]):
            label = (trace.get("name") or f"{trace.get('type', 'trace')} {number + 1}").replace(",", ";")
            x, y = np.atleast_1d(trace.get("x", [])), np.atleast_1d(trace.get("y", []))
            if "z" in trace:
                grid = np.asarray(trace["z"])
                rows += [
                    f"{label},{x[j]},{y[i]},{grid[i, j]}" for i in range(grid.shape[0]) for j in range(grid.shape[1])
                ]
            else:
                gap = {None: "nan"}  # as in the traces that are given as arrays
                rows += [f"{label},{gap.get(a, a)},{gap.get(b, b)}," for a, b in zip(x, y, strict=True)]
        return "\n".join(rows) + "\n"

    def __repr__(self) -> str:
        return f"{self.title}: {self.readout}"

    def close(self) -> None:
        """Free the picture, here and in the browser."""
        if self.comm is not None:
            self.layout.close()
        super().close()
        self._last = self._sent = None

    def _ipython_display_(self) -> None:
        """Display a still picture, which stays where there is no kernel, and the explorer, which hides it."""
        from IPython.display import display

        _close_what_this_cell_displayed(self)
        if self.comm is None:  # closed: open it again, as a new widget
            for widget in (self.layout, self):
                widget._model_id = None
                widget.open()
            self.spec = self._specification()
        alt = {"image/png": {"alt": self.readout}}  # which nbconvert writes beside a picture
        forms = self._still()
        display(forms, raw=True, metadata={form: said for form, said in alt.items() if form in forms})
        display({VIEW: self.get_view_spec()}, raw=True)

    def _still(self) -> dict[str, str]:
        form = os.environ.get("SPECTRAL_LAB_PREVIEWS", "svg")
        forms = {"text/plain": repr(self)}
        if form == "svg":
            stand = [(control.label, control.text(self.state[name])) for name, control in self._controls.items()]
            forms["text/html"] = still.html(self.spec["key"], self.title, stand, self.figure, self.readout)
        elif form == "png":
            from spectral_lab.explorer import preview  # which is a command as well, run by itself

            forms["image/png"] = preview.png_base64(self)
        return forms

    def _checked(self, values: Mapping[str, Any], base: Mapping[str, Any] | None = None) -> dict[str, Any]:
        for name in values:
            if name not in self._controls:
                raise ValueError(f"{name!r} is no control of this explorer; its controls are {list(self._controls)}")
        return dict(base or self._defaults) | {name: self._controls[name].check(v) for name, v in values.items()}

    def _picture(self, values: dict[str, Any], coarse: bool = False) -> Picture:
        # On small matrices many BLAS threads cost 10 to 400 times more than they bring.
        with _blas().limit(limits=1, user_api="blas"):
            computed = self._compute(**values, **({"coarse": coarse} if self._has_coarse else {}))
            data = Data(**values | dict(computed))
            infinite: list[str] = []
            figure = wire.plain(self._draw(data), infinite=infinite)
            words = plain_words(self._describe(data))
        return Picture(values, coarse, data, figure, words + " Points at infinity are not drawn." * bool(infinite))

    def _now(self) -> Picture:
        """The picture at the present control values, made anew if the browser went back to one that it had kept."""
        if self._last is None or self._last.values != self.state:
            self._last = self._picture(self.state)
        return self._last

    def _specification(self) -> dict[str, Any]:
        return {
            "key": uuid.uuid4().hex,
            "title": math_html(self.title),
            "spoken": spoken(self.title),
            "controls": [control.spec() for control in self._controls.values()],
            "presets": {name: self._labelled(values) for name, values in self.presets.items()},
            "start": self._labelled(self.state),
            "reset": self._labelled(self._defaults),
            "coarse": self._has_coarse,
            "link": links.address(self._compute.__module__, self.title),
        }

    def _labelled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {"values": values, "texts": {name: self._controls[name].text(v) for name, v in values.items()}}

    def _answer(
        self, values: dict[str, Any], coarse: bool, request: int | None, session: str = "", head: Any = None
    ) -> None:
        """Compute and send what changed since picture number `head`; an error goes as one line, the last picture stays.

        A page that missed an answer holds another picture than the last one sent and gets the whole of this one.
        """
        message: dict[str, Any] = {"kind": "picture", "session": session, "request": request, **self._labelled(values)}
        buffers: list[memoryview] = []
        try:
            with interruptible():
                picture = self._picture(values, coarse)
        except (Exception, KeyboardInterrupt) as error:
            if request is None:
                raise
            message["error"] = error_line(error)
        else:
            self.state, self._last = values, picture
            base = self._sent if request is None or head == self._number else None
            patch = wire.difference(base, picture.figure)
            message |= {"readout": picture.readout, "patch": wire.pack([list(c) for c in patch], buffers)}
            message["base"] = self._number if base is not None else None
            self._sent, self._number = picture.figure, self._number + 1
            message["number"] = self._number
        self.send(message, buffers)

    def _receive(self, _widget: Any, message: dict[str, Any], _buffers: Any) -> None:
        """Answer a page. `values` are those of the picture that the page shows; `session` tells pages apart."""
        kind, session = message.get("kind"), message.get("session", "")
        try:
            values = self._checked(message.get("values", {}), self.state)
        except ValueError as error:
            if kind == "compute":
                request = message["request"]
                self.send({"kind": "picture", "session": session, "request": request, "error": str(error)})
            return
        if kind == "compute":
            self._answer(values, bool(message.get("coarse")), message["request"], session, message.get("head"))
            return
        if kind == "hello":
            self._welcome(session)
        elif kind == "library":
            # A page that has no Plotly yet gets the copy that came with the Python package: no network is needed.
            self.send({"kind": "library", "session": session}, [memoryview(assets.plotly_source())])
        else:
            self._see(values)
            if kind == "code":
                self.send({"kind": "code", "session": session, "text": self.code})
            elif kind == "download":
                self._send_file(message.get("format"), session)

    def _see(self, values: dict[str, Any]) -> None:
        """Take the values of the picture that a page shows, which it may have kept from earlier."""
        self.state = values
        if self._last is not None and self._last.coarse:
            self._last = None

    def _welcome(self, session: str) -> None:
        if self.figure is not self._sent:
            self._sent, self._number = self.figure, self._number + 1
        content, buffers = self.greeting()
        self.send(content | {"session": session, "number": self._number}, buffers)

    def greeting(self) -> tuple[dict[str, Any], list[memoryview]]:
        """The message, and its arrays, that gives a page the whole of the present picture."""
        picture, buffers = self._now(), list[memoryview]()
        content = {"kind": "welcome", "readout": picture.readout, "figure": wire.pack(picture.figure, buffers)}
        return content | self._labelled(self.state), buffers

    def _send_file(self, form: Any, session: str) -> None:
        name = "".join(c if c.isalnum() else "_" for c in self.title.lower()).strip("_")
        if form == "npz":
            file = io.BytesIO()
            np.savez_compressed(file, allow_pickle=False, **self.arrays())
            content = file.getvalue()
        else:
            content = self.csv().encode()
        suffix = "npz" if form == "npz" else "csv"
        self.send({"kind": "file", "session": session, "name": f"{name}.{suffix}"}, [memoryview(content)])


def error_line(error: BaseException) -> str:
    """An error in one line of words."""
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted. Move a control to go on."
    line = str(error).strip().split("\n")[0] or type(error).__name__
    return line if isinstance(error, ValueError) else f"{type(error).__name__}: {line}"


def _close_what_this_cell_displayed(explorer: Explorer) -> None:
    """Close the explorers whose place in the notebook this one takes: shown by the last run of its cell, only there."""
    parent: dict[str, Any] = getattr(get_ipython(), "get_parent", dict)() or {}
    cell, run = parent.get("metadata", {}).get("cellId"), parent.get("header", {}).get("msg_id")
    if cell is None:
        return
    last_run, shown = _DISPLAYED.get(cell, (run, WeakSet()))
    if last_run != run:
        elsewhere = [others for other, (_, others) in _DISPLAYED.items() if other != cell]
        for old in shown:
            if old is not explorer and not any(old in others for others in elsewhere):
                old.close()
        shown = WeakSet()
    shown.add(explorer)
    _DISPLAYED[cell] = (run, shown)


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()
