"""The tiny recipe is a module of its own, because the tests also train it in other processes."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
