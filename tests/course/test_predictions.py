"""Predictions: a guess is compared, never required, and never the cause of an error."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from spectral_lab.course import Prediction

NUMBER = Prediction("Where is the last spike?", answer=lambda: 732.86, because="It grows.", unit="rad/s")
CHOICE = Prediction("Does it shrink?", answer=lambda: "no", because="Its height is 2/π.", options=("yes", "no"))


@pytest.mark.parametrize(
    ("prediction", "guess", "answer"),
    [
        (NUMBER, 700, "You said 700 rad/s; it is 732.9 rad/s, so you were close. It grows."),
        (NUMBER, 73.286, "You said 73.29 rad/s; it is 732.9 rad/s, a factor 10 away. It grows."),
        (NUMBER, 732.91, "Yes: 732.9 rad/s. It grows."),
        (NUMBER, -1.0, "You said -1 rad/s; it is 732.9 rad/s. It grows."),
        (NUMBER, float("nan"), "Please give a finite number, not nan."),
        (NUMBER, 12_345, "You said 12340 rad/s; it is 732.9 rad/s, a factor 17 away. It grows."),
        (NUMBER, Fraction(1401, 2), "You said 700.5 rad/s; it is 732.9 rad/s, so you were close. It grows."),
        (
            NUMBER,
            torch.tensor(700.0, requires_grad=True),
            "You said 700 rad/s; it is 732.9 rad/s, so you were close. It grows.",
        ),
        (NUMBER, 10**400, "Please give a finite number, not a whole number of 1329 bits."),
        (CHOICE, np.array([1, 2]), "Please choose one of: yes; no."),
        (NUMBER, None, "Please give a finite number, not None."),
        (NUMBER, "far", "Please give a finite number, not 'far'."),
        (CHOICE, "no", "Yes: no. Its height is 2/π."),
        (CHOICE, "yes", "You said “yes”. The computation says otherwise: no. Its height is 2/π."),
        (CHOICE, None, "Please choose one of: yes; no."),
    ],
)
def test_comparison(prediction: Prediction, guess, answer: str) -> None:
    assert prediction.compare(guess) == answer


@pytest.mark.parametrize("prediction", [NUMBER, CHOICE])
def test_display_needs_no_guess_and_its_text_is_deterministic(
    prediction: Prediction, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    prediction._ipython_display_()
    card, view = shown
    assert list(view) == ["application/vnd.jupyter.widget-view+json"]  # which notebook tests pass over
    assert card == {"text/plain": repr(prediction), "text/html": prediction._repr_html_()}
    assert "<details" in card["text/html"]


def test_the_control_hides_its_own_card_and_no_other() -> None:
    cards = {prediction: prediction._repr_html_() for prediction in (NUMBER, CHOICE)}
    for prediction in cards:
        hidden = re.search(r"<style>\.([\w-]+):.*display: none", prediction._control().children[0].value)
        assert hidden is not None
        assert [other for other, card in cards.items() if f'class="sl-guess {hidden[1]}"' in card] == [prediction]


def test_the_button_reveals_the_comparison() -> None:
    _, guess, button, reveal = CHOICE._control().children
    assert reveal.value == ""
    button.click()
    assert "Please choose" in reveal.value
    guess.value = "no"
    button.click()
    assert "Yes: no." in reveal.value
