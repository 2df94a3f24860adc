"""Predictions: guess before you slide. A guess, even a wrong one, makes the answer stay."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_lab import checks, markup
from spectral_lab.course.exercises import readable

VIEW = "application/vnd.jupyter.widget-view+json"
# JupyterLab leaves a line of words where a widget without a kernel was; the card says it better.
NO_WIDGET = (
    ".jp-OutputArea-child:has(.sl-guess) + .jp-OutputArea-child > .jp-OutputArea-output:not(:has(*)) {display: none}"
)


@dataclass(frozen=True)
class Prediction:
    """A question with an answer that the library computes.

    With `options` the guess is one of them and `answer()` returns the right one; without, the guess is a number in
    `unit` and `answer()` returns a number, written with `digits` significant digits. A guess within the factor
    `1 + tolerance` counts as right. `because` says why, after the guess. Nothing depends on a guess being made.
    """

    question: str
    answer: Callable[[], Any]
    because: str
    options: tuple[str, ...] = ()
    unit: str = ""
    digits: int = 4
    tolerance: float = 0.1

    def __post_init__(self) -> None:
        if not callable(self.answer):
            raise ValueError(f"answer must be a function, got {checks.shown(self.answer)}")
        if not all(isinstance(option, str) for option in self.options):
            raise ValueError(f"options must be texts, got {checks.shown(self.options)}")
        checks.integer(self.digits, "digits", 1, 15)
        checks.number(self.tolerance, "tolerance", 0)

    def compare(self, guess: Any) -> str:
        """The guess beside the answer, in one or two sentences; a guess that cannot be read gets a clear line."""
        answer = self.answer()
        if self.options:
            if not isinstance(guess, str) or guess not in self.options:
                return f"Please choose one of: {'; '.join(self.options)}."
            verdict = "Yes" if guess == answer else f"You said “{guess}”. The computation says otherwise"
            return f"{verdict}: {answer}. {self.because}"
        given, _ = readable(guess, np.asarray(0.0))
        if given is None:
            return f"Please give a finite number, not {checks.shown(guess)}."
        if self._written(given) == self._written(answer):
            return f"Yes: {self._written(answer)}. {self.because}"
        told = f"You said {self._written(given)}; it is {self._written(answer)}{self._distance(given, answer)}."
        return f"{told} {self.because}"

    def _written(self, value: Any) -> str:
        text = f"{float(value):.{self.digits}g}"
        if "e+0" in text:  # 10000 rather than 1e+04
            text = f"{float(text):.0f}"
        return f"{text}{' ' + self.unit if self.unit else ''}"

    def _distance(self, guess: Any, answer: Any) -> str:
        guess, answer = float(guess), float(answer)
        if abs(guess - answer) <= self.tolerance * abs(answer):
            return ", so you were close"
        if guess * answer <= 0:
            return ""
        return f", a factor {max(guess / answer, answer / guess):.2g} away"

    def __repr__(self) -> str:
        choices = f" ({' / '.join(self.options)})" if self.options else ""
        return f"Guess first: {self.question}{choices}"

    def _repr_html_(self) -> str:
        """The question with its folded answer: what a reader without a kernel sees."""
        answer = self.answer()
        told = answer if self.options else self._written(answer)
        page = markup.card(
            markup.prose(f"Guess first: {self.question}"),
            markup.folded("the answer", f"{told}. {self.because}"),
        )
        return f'<div class="sl-guess {self._name}"><style>{NO_WIDGET}</style>{page}</div>'

    def _ipython_display_(self) -> None:
        """Display the card, which stays where there is no kernel, and the control, which hides it."""
        from IPython.display import display

        display({"text/plain": repr(self), "text/html": self._repr_html_()}, raw=True)
        display({VIEW: self._control().get_view_spec()}, raw=True)

    @property
    def _name(self) -> str:
        """By which the control finds the card: the same in every run."""
        return f"sl-guess-{zlib.crc32(repr(self).encode()):08x}"

    def _control(self) -> Any:
        """The widget: a choice or a number, a button, and the line that the button reveals."""
        import ipywidgets as widgets

        # The card goes: in JupyterLab that of the output before only, for another notebook may show it too.
        before = f".jp-OutputArea-child:has(.{self._name}):has(+ .jp-OutputArea-child button)"
        hide = f"<style>.{self._name}:not(.jp-OutputArea *), {before} {{display: none}}</style>"
        question = widgets.HTML(hide + markup.with_mathml(markup.prose(f"Guess first: {self.question}")))
        guess = (
            widgets.RadioButtons(options=self.options, value=None, layout=widgets.Layout(width="max-content"))
            if self.options
            else widgets.FloatText(description=self.unit or "guess", step=None)
        )
        button = widgets.Button(description="Compare", tooltip="Show my guess beside the answer")
        reveal = widgets.HTML()
        button.on_click(lambda _: setattr(reveal, "value", markup.with_mathml(markup.prose(self.compare(guess.value)))))
        return widgets.VBox([question, guess, button, reveal])
