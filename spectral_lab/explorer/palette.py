"""The colours of every picture: safe for colour-blind readers, readable on light and on dark.

INK, MUTED, GRID and PAPER are names that the browser turns into the page's own colours, so a picture follows the
reader's theme. The other colours are near those of Okabe and Ito's palette. They keep a contrast of at least 3:1 on
white and on near-black, and stay apart from each other and from greys for readers who see no red or no green
(tests/explorer/test_palette.py).
"""

INK = "$ink"
MUTED = "$muted"
GRID = "$grid"
PAPER = "$paper"
BLUE = "#2f86c9"
RED = "#d55e00"
GREEN = "#17a069"
PINK = "#bc71a7"
COLORS = (BLUE, RED, GREEN, PINK)
# Perceptually even and readable for colour-blind readers; the dark end is kept off black and off white.
FIELD = "Cividis"
# For numbers of both signs: minus is red, nothing is the page itself, plus is blue.
DIVERGING = [[0, RED], [0.5, PAPER], [1, BLUE]]
