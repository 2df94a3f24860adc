"""The explorer kit: a picture, the controls that move it, and nothing in between that the reader must trust.

An explorer joins three pure functions:

    compute(**controls) -> dict       the chapter's mathematics, at these control values
    figure(data) -> dict              the picture: a Plotly figure as a plain dict, made with `theme`
    readout(data) -> str              one line in words with the key numbers

where `data` holds the control values and what `compute` returned, as attributes. A fourth, code(**controls), writes the
library calls that make the same numbers.

Everything else is the kit's: it sends to the browser only what changed between two pictures, as binary arrays;
while one picture is being computed newer slider values replace older ones, so nothing queues and the last value
wins; answers are kept in the browser, so going back costs nothing; an error shows as one line and leaves the last
good picture standing. A `compute` with an argument `coarse` is called with True while a slider is dragged and with
False on release.

    >>> from spectral_lab.explorer import Explorer, integers, theme
    >>> import numpy as np
    >>> def compute(n):
    ...     x = np.linspace(0, 2 * np.pi, 400)
    ...     return {"x": x, "y": np.sin(n * x)}
    >>> Explorer(
    ...     title="A wave",
    ...     controls=[integers("n", "waves $n$", 1, 12, 3)],
    ...     compute=compute,
    ...     figure=lambda d: theme.figure(theme.panel("", theme.axis("x"), theme.axis("y")).draw(theme.line(d.x, d.y))),
    ...     readout=lambda d: f"{d.n} whole waves between 0 and 2π.",
    ...     code=lambda n: f"np.sin({n} * x)",
    ... )
    A wave: 3 whole waves between 0 and 2π.
"""

from spectral_lab.explorer import theme
from spectral_lab.explorer.controls import (
    Choice,
    Slider,
    Toggle,
    choice,
    integers,
    number_text,
    rounded,
    slider,
    toggle,
)
from spectral_lab.explorer.explorer import Data, Explorer

__all__ = [
    "Choice",
    "Data",
    "Explorer",
    "Slider",
    "Toggle",
    "choice",
    "integers",
    "number_text",
    "rounded",
    "slider",
    "theme",
    "toggle",
]
