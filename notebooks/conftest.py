"""The notebooks are compared by their text: an explorer's still picture differs in its last pixels between machines."""

import os

os.environ["SPECTRAL_LAB_PREVIEWS"] = "none"
