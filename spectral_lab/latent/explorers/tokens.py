"""Demonstration 3: tokens are averages over a patch, chosen by what they ask for."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, integers, number_text, slider
from spectral_lab.explorer.palette import DIVERGING
from spectral_lab.explorer.theme import Figure, bare, figure, heat, panel
from spectral_lab.latent.patches import CHANNELS, from_patches, patch_features, through_tokens
from spectral_lab.latent.random_fields import random_field_neumann

SIDE, MOST = 48, 8
PATCHES = (6, 12, 24, 48)


@lru_cache(maxsize=1)
def _field() -> np.ndarray:
    field = random_field_neumann(np.random.RandomState(2).standard_normal((SIDE, SIDE)), 2.0, 5.0)
    return field / field.std()


@lru_cache(maxsize=8)
def _features(patch: int) -> np.ndarray:
    return patch_features(_field(), patch)


def _is_even(tokens: int, patch: int, heat: float) -> bool:
    """Whether the same comes back everywhere: to one patch, from one token or from tokens that all ask alike."""
    return patch == SIDE and (tokens == 1 or heat == 0)


def _compute(tokens: int, patch: int, heat: float, shown: int) -> dict[str, Any]:
    X = _features(patch)
    found = through_tokens(X, tokens, heat)
    g, back = X[..., 0], found.back[..., 0]
    even = _is_even(tokens, patch, heat)
    return {
        "field": _field(), "map": from_patches(found.maps[:, min(shown, tokens) - 1] * patch**2),
        "decoded": from_patches(back), "rank": found.rank, "count": tokens * len(X),
        "agreement": None if even else float(np.corrcoef(g.ravel(), back.ravel())[0, 1]),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    x = (np.arange(SIDE) + 0.5) / SIDE

    def square(title: str, z: np.ndarray, low: float, high: float, **more: Any) -> Any:
        return panel(title, bare(0, 1), bare(0, 1), equal=True).draw(heat(x, x, z, low, high, zsmooth=False, **more))

    return figure(
        square("The field", d.field, -3, 3, colors=DIVERGING),
        square(f"Where token {min(d.shown, d.tokens)} looks", d.map, 0, max(2.0, float(np.quantile(d.map, 0.98)))),
        square("What comes back", d.decoded, -3, 3, colors=DIVERGING),
        height=300,
    )


def _readout(d: Data) -> str:
    even = d.agreement is None
    alike = "it is the same everywhere" if even else f"its correlation with the field is {number_text(d.agreement, 2)}"
    return (
        f"tokens for each patch of {d.patch} × {d.patch}: {d.tokens}, in all {d.count}, scale "
        f"{number_text(d.heat)}, token {min(d.shown, d.tokens)} shown: what comes back to a patch has rank {d.rank} of "
        f"{CHANNELS}; {alike}."
    )


def _code(tokens: int, patch: int, heat: float, shown: int) -> str:
    field, back = "X[..., 0].ravel()", "found.back[..., 0].ravel()"
    name, value = "agreement", f"np.corrcoef({field}, {back})[0, 1]"
    if _is_even(tokens, patch, heat):
        name, value = "same_everywhere", f"np.ptp({back}) < 1e-9"
    return f"""
        import numpy as np
        from spectral_lab.latent import patch_features, random_field_neumann, through_tokens

        field = random_field_neumann(np.random.RandomState(2).standard_normal(({SIDE}, {SIDE})), 2.0, 5.0)
        X = patch_features(field / field.std(), {patch})
        found = through_tokens(X, {tokens}, {heat})
        {name} = {value}
        print({tokens} * len(X), found.rank, X.shape[2], {name})
    """


def tokens_as_averages(**state: Any) -> Explorer:
    """C tokens a patch, averaged by attention and brought back by attention: a picture of rank C."""
    return Explorer(
        title="Tokens as moving averages",
        controls=[
            integers("tokens", "tokens $C$", 1, MOST, 4),
            Slider("patch", "patch", PATCHES, 12, "points"),
            slider("heat", "scale of the queries", 0, 20, 2, steps=40, digits=3),
            integers("shown", "show token", 1, MOST, 1),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "One token": {"tokens": 1},
            "Scale 0": {"heat": 0.0},
            "One patch sees all": {"patch": 48, "tokens": 8},
            "Many small patches": {"patch": 6},
        },
        state=state,
    )
