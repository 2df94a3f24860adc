"""spectral_lab: an interactive course and laboratory on spectra in machine learning and science.

Three kits (`explorer`, `training`, `course`) carry one package for each chapter.
Importing this package imports nothing else: a chapter is loaded when you name it.
"""

from spectral_lab import moved

__version__ = "0.1.0"

moved.install()
