"""The explorer: one widget that shows a picture and the controls that move it."""

from __future__ import annotations

import importlib.metadata
import inspect
import io
import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from threadpoolctl import ThreadpoolController

from spectral_lab.explorer import wire
from spectral_lab.explorer.controls import Control, math_html

_HERE = Path(__file__).parent
Data = Any
Figure = dict[str, Any]


class Explorer(anywidget.AnyWidget):
    """A picture with controls: `compute` gives the data, `figure` draws them, `readout` says them in one line.

    title: a few words above the controls. controls: made with `slider`, `integers`, `choice`, `toggle`.
    compute(**values) -> data: a pure function of the control values, named as the controls are; if it has an
    argument `coarse`, that is True while a slider is dragged. figure(data) -> dict: made with `theme.figure`.
    readout(data) -> str: the key numbers in words, rounded to what is stable; it is also the accessible text of the
    picture and the text form of the output. code(**values) -> str: the library calls that make this picture, ready to
    paste. presets: {name: {control: value}}; controls not named return to their defaults. state: start values.

    Raises ValueError for an unknown control in `state` or a preset, or a value outside a control's range.
    """

    _esm = _HERE / "explorer.js"
    _css = _HERE / "explorer.css"
    spec = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        *,
        title: str,
        controls: Sequence[Control],
        compute: Callable[..., Data],
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
        self.data, self._figure, self.readout = self._picture(self.state, coarse=False)
        super().__init__(spec=self._specification())
        self._shown = self._figure
        self.on_msg(self._receive)

    def set(self, **values: Any) -> None:
        """Move controls from code: the picture, the readout and the browser follow. Raises ValueError as above."""
        self._answer(self._checked(values, self.state), coarse=False, request=None)

    @property
    def code(self) -> str:
        """The library calls that make the picture at the present control values."""
        return inspect.cleandoc(self._code(**self.state))

    @property
    def figure(self) -> Figure:
        """The present picture as a Plotly figure in a plain dict."""
        return self._figure

    def arrays(self) -> dict[str, np.ndarray]:
        """The numbers behind the picture: every number and array that `compute` returned, by name."""
        fields = self.data if isinstance(self.data, Mapping) else vars(self.data)
        return {
            name: np.asarray(value)
            for name, value in fields.items()
            if isinstance(value, (np.ndarray, int, float, complex, str, np.number))
        }

    def csv(self) -> str:
        """The drawn points as a table with the columns trace, x, y, z (z only for fields)."""
        rows = ["trace,x,y,z"]
        for number, trace in enumerate(self._figure["data"]):
            label = (trace.get("name") or f"{trace.get('type', 'trace')} {number + 1}").replace(",", ";")
            x, y = np.atleast_1d(trace.get("x", [])), np.atleast_1d(trace.get("y", []))
            if "z" in trace:
                grid = np.asarray(trace["z"])
                rows += [
                    f"{label},{x[j]},{y[i]},{grid[i, j]}" for i in range(grid.shape[0]) for j in range(grid.shape[1])
                ]
            else:
                rows += [f"{label},{a},{b}," for a, b in zip(x, y, strict=True)]
        return "\n".join(rows) + "\n"

    def __repr__(self) -> str:
        return f"{self.title}: {self.readout}"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        data: dict[str, Any]
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        data["text/plain"] = repr(self)
        if os.environ.get("SPECTRAL_LAB_PREVIEWS"):
            from spectral_lab.explorer.preview import png_base64

            data["image/png"] = png_base64(self)
        return data, metadata

    def _checked(self, values: Mapping[str, Any], base: Mapping[str, Any] | None = None) -> dict[str, Any]:
        for name in values:
            if name not in self._controls:
                raise ValueError(f"{name!r} is no control of this explorer; its controls are {list(self._controls)}")
        return dict(base or self._defaults) | {name: self._controls[name].check(v) for name, v in values.items()}

    def _picture(self, values: dict[str, Any], coarse: bool) -> tuple[Data, Figure, str]:
        # On small matrices many BLAS threads cost 10 to 400 times more than they bring.
        with _blas().limit(limits=1, user_api="blas"):
            data = self._compute(**values, **({"coarse": coarse} if self._has_coarse else {}))
            return data, wire.plain(self._draw(data)), self._describe(data)

    def _specification(self) -> dict[str, Any]:
        return {
            "key": uuid.uuid4().hex,
            "title": math_html(self.title),
            "controls": [control.spec() for control in self._controls.values()],
            "presets": {name: self._labelled(values) for name, values in self.presets.items()},
            "start": self._labelled(self.state),
            "reset": self._labelled(self._defaults),
            "coarse": self._has_coarse,
        }

    def _labelled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {"values": values, "texts": {name: self._controls[name].text(v) for name, v in values.items()}}

    def _answer(self, values: dict[str, Any], coarse: bool, request: int | None, whole: bool = False) -> None:
        """Compute and send what changed, or the whole picture; an error goes as one line and the last picture stays."""
        message: dict[str, Any] = {"kind": "picture", "request": request, **self._labelled(values)}
        buffers: list[memoryview] = []
        try:
            self.data, self._figure, self.readout = self._picture(values, coarse)
        except Exception as error:
            if request is None:
                raise
            line = str(error).strip().split("\n")[0] or type(error).__name__
            message["error"] = line if isinstance(error, ValueError) else f"{type(error).__name__}: {line}"
        else:
            self.state = values
            patch = wire.difference(None if whole else self._shown, self._figure)
            self._shown = self._figure
            message |= {"readout": self.readout, "patch": wire.pack([list(c) for c in patch], buffers)}
        self.send(message, buffers)

    def _receive(self, _widget: Any, message: dict[str, Any], _buffers: Any) -> None:
        kind = message.get("kind")
        if kind == "compute":
            try:
                values = self._checked(message["values"], self.state)
            except ValueError as error:
                self.send({"kind": "picture", "request": message["request"], "error": str(error)})
            else:
                self._answer(values, bool(message.get("coarse")), message["request"], bool(message.get("whole")))
        elif kind == "hello":
            # A page that has no Plotly yet gets the copy that came with the Python package: no network is needed.
            buffers: list[memoryview] = []
            self._shown = self._figure
            content = {"kind": "welcome", "figure": wire.pack(self._figure, buffers), "readout": self.readout}
            library = [memoryview(_plotly_source())] if message.get("library") else []
            self.send(content | self._labelled(self.state), buffers + library)
        elif kind == "code":
            self.send({"kind": "code", "text": self.code})
        elif kind == "download":
            self._send_file(message.get("format"))

    def _send_file(self, form: Any) -> None:
        name = "".join(c if c.isalnum() else "_" for c in self.title.lower()).strip("_")
        if form == "npz":
            file = io.BytesIO()
            np.savez_compressed(file, allow_pickle=False, **self.arrays())
            content = file.getvalue()
        else:
            content = self.csv().encode()
        suffix = "npz" if form == "npz" else "csv"
        self.send({"kind": "file", "name": f"{name}.{suffix}"}, [memoryview(content)])


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


@cache
def _plotly_source() -> bytes:
    distribution = importlib.metadata.distribution("plotly")
    return Path(str(distribution.locate_file("plotly/package_data/plotly.min.js"))).read_bytes()
