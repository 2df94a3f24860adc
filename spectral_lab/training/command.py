"""`spectral-lab train CHAPTER`: the recipes of a chapter from the command line, torchrun or SLURM."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch

from spectral_lab.atomic import make_writable
from spectral_lab.datasets import DatasetUnavailable
from spectral_lab.records import results_folder
from spectral_lab.training.checkpoint import CheckpointError
from spectral_lab.training.classroom import AnyRecipe, AnyRun, Recipes, preset_here, results_table, select, with_seeds
from spectral_lab.training.computation import Computation
from spectral_lab.training.loop import train
from spectral_lab.training.recipe import PRESETS
from spectral_lab.training.run import Run
from spectral_lab.training.upkeep import TrainingError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `spectral-lab train`, besides the chapter."""
    parser.add_argument(
        "--task",
        nargs="+",
        default=[],
        help='recipes by name, or several by the beginning of their names or by a pattern such as "arena/*/s4-legs" '
        '(default: the first task); "list" names them all',
    )
    parser.add_argument("--preset", choices=PRESETS, help="default: lecture with a CUDA device, miniature without")
    parser.add_argument(
        "--seeds",
        "--seed",
        type=int,
        nargs="+",
        metavar="SEED",
        help="train with each of these seeds in place of the recipe's",
    )
    parser.add_argument("--epochs", type=int, help="another number of epochs than the recipe's")
    parser.add_argument(
        "--accumulate", type=int, metavar="PARTS", help="take each batch in so many parts, for a GPU with little memory"
    )
    parser.add_argument("--resume", action="store_true", help="go on where it was: finished runs are not trained again")
    parser.add_argument("--runs", type=Path, help="folder of the checkpoints (default: runs/)")
    parser.add_argument("--record", action="store_true", help="write the record of each finished run into results/")


def run(args: argparse.Namespace, recipes: Recipes) -> int:
    """Train what was asked for of a chapter's recipes.

    Returns the exit status: 0 done, 1 interrupted or broken off, 2 not understood.
    """
    try:
        if args.task == ["list"]:
            print("\n".join(recipes))
            return 0
        tasks = args.task or [next(iter(recipes)).split("/")[0]]
        chosen = {name: build for task in tasks for name, build in select(recipes, task).items()}
        preset = args.preset or preset_here("lecture")
        changes = {name: getattr(args, name) for name in ("epochs", "accumulate") if getattr(args, name) is not None}
        if args.record:
            _check_results()
        runs: list[AnyRun] = []
        wanted = [_changed(build(preset), changes) for build in chosen.values()]
        for recipe in (each for one in wanted for each in with_seeds(one, args.seeds)):
            if isinstance(recipe, Computation):
                runs.append(recipe.run())
            else:
                runs.append(train(recipe, resume=args.resume, again=not args.resume, folder=args.runs))
            if not runs[-1].finished:
                return 1
            if args.record and _first_process():
                _record(runs[-1])
    except (ValueError, TrainingError, DatasetUnavailable, OSError) as error:
        print(f"spectral-lab train: {error}", file=sys.stderr)
        broken_off = isinstance(error, (TrainingError, CheckpointError, DatasetUnavailable, OSError))
        return 1 if broken_off else 2
    if _first_process():
        print(results_table(runs, decimals=3))
    return 0


def _changed(recipe: AnyRecipe, changes: Mapping[str, int]) -> AnyRecipe:
    if isinstance(recipe, Computation) and changes:
        raise ValueError(f"{' and '.join(changes)} must not be given: {recipe.name} trains nothing")
    return replace(recipe, **changes)  # type: ignore[arg-type]


def _check_results() -> None:
    """A record that cannot be written is better known before training. Raises: TrainingError."""
    try:
        make_writable(results_folder())
    except OSError as error:
        advice = "choose another folder with the variable SPECTRAL_LAB_RESULTS"
        raise TrainingError(f"records cannot be written into {results_folder()} ({error}): {advice}") from None


def _record(run: AnyRun) -> None:
    try:
        print(f"Record: {run.save()}", file=sys.stderr)
    except OSError as error:
        if not isinstance(run, Run):
            raise
        again = "the same command with --resume writes it without training again"
        raise TrainingError(f"the record could not be written ({error}). {run.checkpoint} is kept: {again}.") from None


def _first_process() -> bool:
    """Whether this is the only process, or the first of those that torchrun or srun started."""
    return not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0
