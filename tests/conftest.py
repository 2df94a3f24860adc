"""Property tests try the same examples in every run: a check that passed today passes tomorrow."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")
