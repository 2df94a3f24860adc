"""The training kit: a recipe goes in, a run comes out, the same on a laptop, a GPU, or many of them.

    recipe.py      `Recipe`: data, model, loss, optimiser, schedule, precision, target, in one frozen tree
    schedules.py   learning rate schedules
    metrics.py     cross-entropy and accuracy of a classifier
    callback.py    `Callback`: what happens between epochs or steps
    computation.py `Computation`: what takes long and trains nothing, recorded in the same way
    loop.py        `train`: the loop, short enough to read
    upkeep.py      what the loop needs around it: loss curve, checkpoints, clock, Ctrl-C
    checkpoint.py  safetensors in, safetensors out
    published.py   the checkpoints of others
    run.py         `Run`: curves, metrics, hardware; its record
    reporter.py    `Reporter`: who listens to a run; `Text`, a progress bar
    classroom.py   `train_here` and `results_table`: the last cell of a notebook
    table.py       the table itself, as text and as HTML
    live.py        `Live`: curves that grow in the cell's output
    command.py     `spectral-lab train`

A chapter's `recipe.py` holds `RECIPES`, a dict from a name such as "digits/s4d" to a function from a preset to a
`Recipe` or a `Computation`. Nothing here imports a widget before a notebook asks for one.
"""

from spectral_lab.training import metrics, schedules
from spectral_lab.training.callback import Callback
from spectral_lab.training.checkpoint import CheckpointError
from spectral_lab.training.classroom import preset_here, results_table, train_here
from spectral_lab.training.computation import Computation
from spectral_lab.training.loop import train
from spectral_lab.training.recipe import Evaluation, Group, Measurement, Optimiser, Part, Recipe, Target
from spectral_lab.training.reporter import Reporter, Silent, Text
from spectral_lab.training.run import Run
from spectral_lab.training.upkeep import TrainingError

__all__ = [
    "Callback",
    "CheckpointError",
    "Computation",
    "Evaluation",
    "Group",
    "Measurement",
    "Optimiser",
    "Part",
    "Recipe",
    "Reporter",
    "Run",
    "Silent",
    "Target",
    "Text",
    "TrainingError",
    "metrics",
    "preset_here",
    "results_table",
    "schedules",
    "train",
    "train_here",
]
