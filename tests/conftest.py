"""Property tests try the same examples in every run: a check that passed today passes tomorrow.

One profile for all of them; a test that needs more or fewer examples says so itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import jaxtyping
import pytest
from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=30)
settings.load_profile("fixed")


@pytest.fixture
def as_users_call() -> Iterator[None]:
    """Annotations unchecked, for a test of what a function itself says to an argument of a wrong or a foreign kind."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
