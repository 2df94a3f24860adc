"""The training loop: one function to read, `_fit`, and what it stands on.

The same loop runs on a CPU, on a GPU, and on many under torchrun or SLURM (Lightning Fabric moves the tensors and
averages the gradients). Three choices make it restartable to the last bit:

- the order of the samples is a function of (seed, epoch);
- the random stream of a step is a function of (seed, step, process);
- the learning rate is a function of the step, times what a callback set.

So all there is to a run is where it stands: weights, their average, optimiser state, the number of the step, and what
its callbacks remember.
"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import LightningEnvironment
from torch import nn
from torch.utils.data import DataLoader, Dataset

from spectral_lab import checks
from spectral_lab.atomic import make_writable
from spectral_lab.records import hardware
from spectral_lab.training.checkpoint import check_storable, load_checkpoint, read_state, runs_folder, set_aside
from spectral_lab.training.recipe import Part, Recipe
from spectral_lab.training.reporter import Reporter, Silent, Text
from spectral_lab.training.run import Run, file_name
from spectral_lab.training.upkeep import (
    Average,
    Clock,
    DeferredInterrupt,
    Keeper,
    LossCurve,
    TrainingError,
    over_processes,
    repeatable,
    stopped,
    wait_for,
)

NO_PROCESS = 2**32 - 1  # in the place of a process's number: the stream that all of them draw alike


def train(
    recipe: Recipe,
    *,
    resume: bool = True,
    again: bool = True,
    reporter: Reporter | None = None,
    folder: Path | None = None,
    checkpoint_seconds: float = 60.0,
) -> Run:
    """Run a recipe to its end, or until Ctrl-C, and return the run.

    Args:
        resume: go on from an unfinished checkpoint of this recipe where there is one. A checkpoint that is not gone
            on from is set aside as `*.previous.safetensors`, never lost.
        again: where the checkpoint is finished, train anew; False returns the run as it stands there.
        reporter: who listens; default a progress bar on standard error.
        folder: where the checkpoint goes; default `runs_folder()`.
        checkpoint_seconds: how often to save within an epoch; each epoch's end is saved in any case.
    Raises: CheckpointError if the checkpoint cannot be used; TrainingError if the loss or a weight stops being a
        finite number, a checkpoint cannot be written, or the GPU's memory is too small; ValueError if the batch does
        not divide among the processes or exceeds the data, or if a checkpoint cannot hold the model.
    """
    if not isinstance(recipe, Recipe):
        raise ValueError(f"recipe must be a Recipe, got {checks.shown(recipe)}")
    checkpoint_seconds = checks.number(checkpoint_seconds, "checkpoint_seconds", 0)
    folder = Path(folder or runs_folder())
    try:
        make_writable(folder)  # better known now than after the first epoch
    except OSError as error:
        advice = "choose another folder with the variable SPECTRAL_LAB_RUNS, or with --runs"
        raise TrainingError(f"checkpoints cannot be written into {folder} ({error}): {advice}") from None
    # One thread computes a miniature as fast as many do, and the same bits on every machine.
    threads = 1 if recipe.preset == "miniature" else torch.get_num_threads()
    with repeatable(recipe.precision, threads):
        fabric = _fabric(recipe.precision)
        reseed(recipe.seed)
        splits = recipe.data()
        module = recipe.model()
        check_storable(module)
        optimiser = recipe.optimiser.build(module)
        model, optimiser = fabric.setup(module, optimiser)
        average = Average(module, recipe.average)
        run = Run(
            recipe,
            model=module,
            checkpoint=checkpoint_path(recipe, folder),
            steps_per_epoch=_steps_per_epoch(recipe, splits, fabric.world_size),
            hardware=hardware(fabric.device, fabric.world_size),
            callbacks=tuple(callback(module) for callback in recipe.callbacks),
        )
        _take_up(run, fabric, optimiser, average, resume, again)
        listener = (reporter or Text()) if fabric.is_global_zero else Silent()
        keeper = Keeper(run, fabric, optimiser, average, checkpoint_seconds)
        losses = LossCurve(run, fabric, listener)
        listener.start(run)
        with DeferredInterrupt() as interrupt:
            try:
                _fit(run, fabric, model, optimiser, splits, listener, losses, keeper, interrupt)
            except KeyboardInterrupt:  # a second Ctrl-C, or a reporter's: what is not half done is kept
                if fabric.world_size == 1 and not keeper.torn:
                    losses.read()
                    keeper.save()
            except torch.OutOfMemoryError as error:
                advice = "It needs a GPU with more memory, or several, or smaller parts of a batch (accumulate)."
                why = f"the memory of the GPU is too small ({str(error).splitlines()[0].rstrip('. ')})"
                raise stopped(run, why, advice) from None
        average.swap()
        listener.end(run)
    return run


def checkpoint_path(recipe: Recipe, folder: Path | None = None) -> Path:
    """Where a run of this recipe keeps its checkpoint: in `folder`, by default `runs_folder()`."""
    return (folder or runs_folder()) / file_name(recipe, ".safetensors")


def is_finished(recipe: Recipe, folder: Path | None = None) -> bool:
    """Whether the checkpoint of this very recipe is there and finished. Raises: CheckpointError if it is broken."""
    path = checkpoint_path(recipe, folder)
    if not path.exists():
        return False
    state = read_state(path)
    return state["recipe"] == recipe.config() and _ended(state, recipe)


def _ended(state: Mapping[str, Any], recipe: Recipe) -> bool:
    epoch = state.get("epoch")
    return isinstance(epoch, int) and epoch >= recipe.epochs


def _fit(
    run: Run,
    fabric: Fabric,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    splits: Mapping[str, Dataset],
    listener: Reporter,
    losses: LossCurve,
    keeper: Keeper,
    interrupt: DeferredInterrupt,
) -> None:
    """The loop. Everything else in this kit serves these lines."""
    recipe, per_epoch = run.recipe, run.steps_per_epoch
    clock = Clock(run, fabric.device)

    while run.epoch < recipe.epochs:
        if run.begun == run.epoch:
            with keeper.changing():
                _tell(run, "before_epoch")
                run.begun += 1
        order = epoch_order(_size(splits["train"]), recipe.batch_size, recipe.seed, run.epoch)
        left = order[run.step - run.epoch * per_epoch :]
        batches = _batches(fabric, splits["train"], left.reshape(-1, recipe.batch_size // recipe.accumulate))
        for _ in left:
            with keeper.changing():
                _tell(run, "before_step")
                factor = recipe.schedule(run.step, run.steps, per_epoch)
                for group in optimiser.param_groups:
                    group["lr"] = factor * group["base_lr"] * run.rates.get(group["members"][0], 1.0)

                reseed(recipe.seed, run.step, fabric.global_rank)
                model.train()
                optimiser.zero_grad()
                shares = []
                for part in range(recipe.accumulate):
                    with fabric.no_backward_sync(model, enabled=part + 1 < recipe.accumulate):  # type: ignore[arg-type]
                        loss = recipe.loss(model, next(batches)) / recipe.accumulate
                        fabric.backward(loss)
                    shares.append(loss.detach())
                if recipe.optimiser.clip is not None:
                    nn.utils.clip_grad_norm_(run.model.parameters(), recipe.optimiser.clip)
                optimiser.step()
                run.step += 1
                keeper.average.update(run.step)
                losses.add(torch.stack(shares).sum())

            clock.tick(listener, lambda: _evaluation_seconds(run, fabric, splits))
            if losses.agree(interrupt.asked):
                return keeper.save()
            if not losses.unread:
                keeper.save_now_and_then()

        with keeper.averaged():
            measured = _evaluate(run, fabric, splits) | _measure(run, fabric, splits)
        with keeper.changing():
            run.epoch += 1
            for name, value in measured.items():
                run.note(name, value)
        keeper.save()
        listener.evaluation(run.step, {name: run.curves[name][-1][1] for name in measured if name in run.curves})


def _tell(run: Run, moment: str) -> None:
    """Call this method of all callbacks, each with a random stream that is the same on all processes."""
    for number, callback in enumerate(run.callbacks):
        reseed(run.recipe.seed, run.step, NO_PROCESS, number)
        getattr(callback, moment)(run)


def epoch_order(size: int, batch: int, seed: int, epoch: int) -> Int[np.ndarray, "steps batch"]:
    """The order in which an epoch sees the samples, a row a step: a function of the seed and the epoch alone."""
    order = np.random.default_rng([seed, epoch]).permutation(size)
    return order[: size // batch * batch].reshape(-1, batch)


def reseed(*key: int) -> None:
    """Start torch's random stream anew, on all devices, from (seed, step, process) or any such key."""
    torch.manual_seed(int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> np.uint64(1)))


def _evaluate(run: Run, fabric: Fabric, splits: Mapping[str, Dataset]) -> dict[str, Any]:
    """The evaluations due after this epoch: the mean, or the summary, of the values of all samples of their splits."""
    recipe = run.recipe
    measured: dict[str, Any] = {}
    for number, evaluation in enumerate(recipe.evaluations):
        if evaluation.due(run.epoch + 1, recipe.epochs):
            reseed(recipe.seed, run.step, fabric.global_rank, number)
            split = splits[evaluation.split]
            rows = np.split(np.arange(_size(split)), range(recipe.batch_size, _size(split), recipe.batch_size))
            values = _values(run, fabric, split, evaluation.metrics, rows)
            pooled = {name: over_processes(fabric, each, "sum").cpu().numpy() for name, each in values.items()}
            measured |= _means(pooled) if evaluation.summary is None else evaluation.summary(pooled)
    return measured


def _values(
    run: Run, fabric: Fabric, split: Dataset, metrics: Part, rows: Sequence[np.ndarray]
) -> dict[str, torch.Tensor]:
    """The values of each metric for all samples of the split by name; zero where another process measures a sample."""
    found: dict[str, torch.Tensor] = {}
    run.model.eval()
    shares = _shares(fabric, rows)
    with torch.no_grad(), fabric.autocast():
        for share, batch in zip(shares, _batches(fabric, split, rows), strict=True):
            for name, values in metrics(run.model, batch).items():
                if values.shape[:1] != (len(share),):
                    raise ValueError(
                        f"metrics must give one value for each of the {len(share)} samples of a batch, but "
                        f"{name!r} is of shape {tuple(values.shape)}"
                    )
                if name not in found:
                    found[name] = values.new_zeros((_size(split), *values.shape[1:]), dtype=torch.float64)
                found[name][share] = values.double()
    return dict(sorted(found.items()))


def _means(pooled: Mapping[str, np.ndarray]) -> dict[str, float]:
    for name, values in pooled.items():
        if values.ndim != 1:
            raise ValueError(f"{name!r} has rows of shape {values.shape[1:]}, which needs a summary")
    return {name: float(values.mean()) for name, values in pooled.items()}


def _measure(run: Run, fabric: Fabric, splits: Mapping[str, Dataset]) -> dict[str, Any]:
    """The measurements due after this epoch, made on the first process and told to the others."""
    recipe = run.recipe
    measured: dict[str, Any] = {}
    for number, measurement in enumerate(recipe.measurements, start=len(recipe.evaluations)):
        if measurement.due(run.epoch + 1, recipe.epochs) and fabric.is_global_zero:
            reseed(recipe.seed, run.step, fabric.global_rank, number)
            run.model.eval()
            with torch.no_grad(), fabric.autocast():
                measured |= measurement.measure(run.model, splits)
    return fabric.broadcast(measured) if recipe.measurements else measured


def _evaluation_seconds(run: Run, fabric: Fabric, splits: Mapping[str, Dataset]) -> float:
    """Seconds that the evaluations still to come will take, measured on one batch of each."""
    recipe, seconds = run.recipe, 0.0
    for evaluation in recipe.evaluations:
        split = splits[evaluation.split]
        row = np.arange(min(recipe.batch_size, _size(split)))
        begin = time.perf_counter()
        _values(run, fabric, split, evaluation.metrics, [row])
        wait_for(fabric.device)
        times = evaluation.times(run.epoch, recipe.epochs)
        seconds += (time.perf_counter() - begin) * times * _size(split) / len(row)
    return seconds


def _batches(fabric: Fabric, dataset: Dataset, rows: Iterable[np.ndarray]) -> Iterator[Any]:
    """The batches with these indices: this process's share of each, on its device."""
    loader: DataLoader = DataLoader(
        dataset,
        batch_sampler=_shares(fabric, rows),
        collate_fn=getattr(dataset, "collate", None),
        generator=torch.Generator(),  # its own, so that it does not draw on the global one
    )
    for batch in loader:
        yield fabric.to_device(batch)


def _shares(fabric: Fabric, rows: Iterable[np.ndarray]) -> list[list[int]]:
    """The part of each row that is this process's; rows without one are left out."""
    shares = [row[fabric.global_rank :: fabric.world_size].tolist() for row in rows]
    return [share for share in shares if share]


def _size(dataset: Dataset) -> int:
    return len(dataset)  # type: ignore[arg-type]


def _steps_per_epoch(recipe: Recipe, splits: Mapping[str, Dataset], processes: int) -> int:
    for split in ("train", *(evaluation.split for evaluation in recipe.evaluations)):
        checks.choice(split, "split", splits)
        if _size(splits[split]) < processes:
            raise ValueError(f"split {split!r} must have a sample for each process, got {_size(splits[split])}")
    size = _size(splits["train"])
    parts = processes * recipe.accumulate
    if recipe.batch_size > size or recipe.batch_size % parts:
        times = f" times {recipe.accumulate} parts" if recipe.accumulate > 1 else ""
        raise ValueError(
            f"batch_size must be at most the {size} training samples and a multiple of the {processes} processes"
            f"{times}, got {recipe.batch_size}"
        )
    return size // recipe.batch_size


def _fabric(precision: str) -> Fabric:
    """One process on the first GPU or the CPU; as many as torchrun or srun started where one of them did."""
    processes, local = _processes(os.environ)
    fabric = Fabric(
        accelerator="cuda" if torch.cuda.is_available() else "cpu",
        devices=local,
        num_nodes=processes // local,
        strategy="ddp" if processes > 1 else "auto",
        plugins=[LightningEnvironment()] if processes == 1 else None,  # Fabric too would wait for SLURM's tasks
        precision="32-true" if precision == "tf32" else precision,  # type: ignore[arg-type]
    )
    joined = torch.distributed.is_available() and torch.distributed.is_initialized()
    fabric.launch()
    if processes > 1 and not joined:
        atexit.register(_leave)  # gloo's threads must end before the interpreter does
    return fabric


def _processes(environment: Mapping[str, str]) -> tuple[int, int]:
    """How many processes there are, and how many of them on each node.

    srun is known by the variables of its step. A notebook in an allocation has only those of the allocation: they
    count tasks that nobody started, and it would wait for them for ever.
    """
    if "WORLD_SIZE" in environment:
        return int(environment["WORLD_SIZE"]), int(environment.get("LOCAL_WORLD_SIZE", environment["WORLD_SIZE"]))
    processes, nodes = (int(environment.get(f"SLURM_STEP_NUM_{what}", 1)) for what in ("TASKS", "NODES"))
    return processes, processes // nodes


def _leave() -> None:
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def _take_up(
    run: Run, fabric: Fabric, optimiser: torch.optim.Optimizer, average: Average, resume: bool, again: bool
) -> None:
    """Go on from the checkpoint, which may be finished unless it is to be trained again; or set it aside."""
    path, recipe = run.checkpoint, run.recipe
    if path.exists():
        if resume and not (again and _ended(read_state(path), recipe)):
            run.restore(load_checkpoint(path, recipe, run.model, optimiser, average.weights))
            return
        fabric.barrier()
        if fabric.is_global_zero:
            run.replaced = set_aside(path)
    fabric.barrier()
