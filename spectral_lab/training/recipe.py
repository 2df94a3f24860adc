"""A recipe: everything that decides a training run, in one frozen tree that can be printed, compared and recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any

import torch
from torch import nn

from spectral_lab import checks

PRESETS = ("paper", "lecture", "miniature")
LARGEST_BATCH, MOST_EPOCHS = 10**9, 10**6
PRECISIONS = ("32-true", "tf32", "bf16-mixed")
OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
}


@dataclass(frozen=True)
class Part:
    """A function and the options it is called with: how a recipe names its data, model, loss and schedule.

    The options are plain JSON values, so that a record holds all of them; the function is recorded by its name.
    Raises: ValueError if the function has no name or an option is not a JSON value.
    """

    function: Callable[..., Any]
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not callable(self.function) or not hasattr(self.function, "__qualname__"):
            what = "a function with a name, so that a record can hold it"
            raise ValueError(f"function must be {what}, got {checks.shown(self.function)}")
        if not isinstance(self.options, Mapping):
            raise ValueError(f"options must be a mapping from names to values, got {checks.shown(self.options)}")
        for name, value in self.options.items():
            try:
                json.dumps(value, allow_nan=False)
            except (TypeError, ValueError, RecursionError):
                where = f"options[{checks.shown(name)}] of {self.name}"
                raise ValueError(
                    f"{where} must be a JSON value (it goes into the record), got {checks.shown(value)}"
                ) from None

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments, **self.options)

    @property
    def name(self) -> str:
        """The function's importable name."""
        return f"{self.function.__module__}.{self.function.__qualname__}"


@dataclass(frozen=True)
class Group:
    """Parameters whose names match a shell pattern, and the settings they get instead of the optimiser's.

    With `each` every one of them is a group of its own, whose rate a callback may set (`Run.scale_rates`).
    """

    pattern: str
    learning_rate: float | None = None
    weight_decay: float | None = None
    each: bool = False

    def __post_init__(self) -> None:
        _text(self.pattern, "pattern")
        if self.learning_rate is not None:
            checks.number(self.learning_rate, "learning_rate", 0)
        if self.weight_decay is not None:
            checks.number(self.weight_decay, "weight_decay", 0)
        checks.flag(self.each, "each")


@dataclass(frozen=True)
class Optimiser:
    """The optimiser by name, and its groups: the first pattern that matches a parameter's name decides.

    options   torch's own, such as {"momentum": 0.9} or {"betas": [0.9, 0.95]}
    clip      the largest norm that the gradient of all parameters together may have; a longer one is shortened to it
    """

    name: str
    learning_rate: float
    weight_decay: float = 0.0
    groups: tuple[Group, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    clip: float | None = None

    def __post_init__(self) -> None:
        checks.choice(self.name, "name", OPTIMISERS)
        checks.number(self.learning_rate, "learning_rate", above=0)
        checks.number(self.weight_decay, "weight_decay", 0)
        _all(self.groups, "groups", Group)
        if self.clip is not None:
            checks.number(self.clip, "clip", above=0)
        if not isinstance(self.options, Mapping):
            raise ValueError(f"options must be a mapping from names to values, got {checks.shown(self.options)}")
        try:
            json.dumps(dict(self.options), allow_nan=False)
            if taken := self.options.keys() & {"lr", "weight_decay"}:
                raise ValueError(f"{min(taken)} is a field of its own")
            self._torch([{"params": [torch.zeros(1, requires_grad=True)], "lr": 1.0}])
        except (TypeError, ValueError, RecursionError) as error:
            what = f"options must be JSON values that torch's {self.name} takes"
            raise ValueError(f"{what}, got {checks.shown(self.options)} ({error})") from None

    def build(self, model: nn.Module) -> torch.optim.Optimizer:
        """The torch optimiser; every group remembers its `base_lr`, which the schedule multiplies, and its members.

        Raises: ValueError if a pattern matches no parameter, which is always a slip.
        """
        settings = []
        for group, members in self.members(model):
            rate = self.learning_rate if group.learning_rate is None else group.learning_rate
            decay = self.weight_decay if group.weight_decay is None else group.weight_decay
            own = {"lr": rate, "base_lr": rate, "weight_decay": decay, "members": list(members)}
            settings.append({"params": list(members.values()), **own})
        return self._torch(settings)

    def members(self, model: nn.Module) -> list[tuple[Group, dict[str, nn.Parameter]]]:
        """The groups that this model's parameters fall into, and the parameters by name. Raises: ValueError."""
        rest = Group("*")
        found: dict[Group, dict[str, nn.Parameter]] = {group: {} for group in (*self.groups, rest)}
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                match = next((group for group in self.groups if fnmatchcase(name, group.pattern)), rest)
                found[match][name] = parameter
        for pattern in (group.pattern for group in self.groups if not found[group]):
            raise ValueError(f"no parameter matches the group {pattern!r} of the optimiser")
        split: list[tuple[Group, dict[str, nn.Parameter]]] = []
        for group, members in found.items():
            split += [(group, {name: one}) for name, one in members.items()] if group.each else [(group, members)]
        return [(group, members) for group, members in split if members]

    def _torch(self, settings: list[dict[str, Any]]) -> torch.optim.Optimizer:
        return OPTIMISERS[self.name](settings, **self.options)


class _Every:
    """What is due after every `every` epochs, or once at the end where `every` is 0."""

    every: int

    def due(self, epoch: int, epochs: int) -> bool:
        """Whether it is time, after `epoch` of `epochs` epochs; after the last one it always is."""
        return epoch == epochs or (self.every > 0 and epoch % self.every == 0)

    def times(self, epoch: int, epochs: int) -> int:
        """How often it is due from now, after `epoch` of `epochs` epochs, to the end."""
        whole = epochs // self.every - epoch // self.every if self.every else 0
        return whole + (epoch < epochs and not (self.every and epochs % self.every == 0))


@dataclass(frozen=True)
class Evaluation(_Every):
    """What is measured on a split: after every `every` epochs, or once at the end where `every` is 0.

    `metrics(model, batch)` returns named tensors with one value (with `summary`: one row) for each sample. The mean
    over the split is recorded. What is no mean over samples, such as an AUROC, has a `summary`: it is called with the
    rows of the whole split by name, as arrays in double precision in the split's order, and returns the named values
    that are recorded.
    """

    split: str
    metrics: Part
    every: int = 1
    summary: Part | None = None

    def __post_init__(self) -> None:
        _text(self.split, "split")
        _all((self.metrics,), "metrics", Part)
        checks.integer(self.every, "every", 0)
        if self.summary is not None:
            _all((self.summary,), "summary", Part)


@dataclass(frozen=True)
class Measurement(_Every):
    """What is measured on the model itself: the tail of a spectrum, a sample that it generates.

    `measure(model, splits)` returns named values: numbers, or any JSON value. It is called on the first process, with
    the model in evaluation mode on its device and the splits where `data` put them: after every `every` epochs, or
    once at the end where `every` is 0.
    """

    measure: Part
    every: int = 0

    def __post_init__(self) -> None:
        _all((self.measure,), "measure", Part)
        checks.integer(self.every, "every", 0)


@dataclass(frozen=True)
class Target:
    """What the run is held against: the metrics that the table shows, and the paper's numbers for them.

    `select` names the validation metric whose best epoch is reported; None reports the last epoch.
    """

    metrics: tuple[str, ...]
    published: Mapping[str, float] = field(default_factory=dict)
    source: str = ""
    select: str | None = None
    best: str = "highest"

    def __post_init__(self) -> None:
        for name in _all(self.metrics, "metrics", str):
            _text(name, "metrics")
        if not isinstance(self.published, Mapping):
            raise ValueError(f"published must be a mapping from metrics to numbers, got {checks.shown(self.published)}")
        for name, value in self.published.items():
            _text(name, "published")
            checks.number(value, f"published[{name!r}]")
        _all((self.source,), "source", str)
        if self.select is not None:
            _text(self.select, "select")
        checks.choice(self.best, "best", ("highest", "lowest"))


class Configured:
    """A frozen tree that decides a run."""

    def config(self) -> dict[str, Any]:
        """The whole tree as JSON values."""
        return _plain(self)

    def fingerprint(self) -> str:
        """A short hash of the configuration: two recipes with the same one are the same run."""
        return sha256(json.dumps(self.config(), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Recipe(Configured):
    """One training run, entirely: same recipe, same machine, same curve.

    name        "chapter/task/variant", such as "pseudospectra/digits/s4d"
    data        `data()` returns the splits by name, each a torch dataset; "train" is the one that is learnt from.
                A dataset with a `collate` attribute has its batches put together by it.
    model       `model()` returns the module, freshly initialised from torch's generator
    loss        `loss(model, batch)` returns the mean loss over the batch
    schedule    `schedule(step, steps, steps_per_epoch)` returns the factor on every group's learning rate
    batch_size  samples of a step, over all processes together; the incomplete last batch of an epoch is left out
    accumulate  in how many parts, one after the other, a step takes its batch, so that a small GPU can hold them; the
                gradient is the mean of the parts' (batch norm sees one part at a time)
    average     the decay of an exponential moving average of the weights, which is then what is measured, and what the
                run's model holds at its end; None keeps none
    callbacks   `callback(model)` returns a `Callback`: what happens between epochs or steps
    measurements    what is measured on the model itself
    Randomness must come from torch's generator: the loop seeds it anew at each step.
    Raises: ValueError.
    """

    name: str
    preset: str
    data: Part
    model: Part
    loss: Part
    evaluations: tuple[Evaluation, ...]
    optimiser: Optimiser
    schedule: Part
    target: Target
    batch_size: int
    epochs: int
    seed: int = 0
    precision: str = "32-true"
    accumulate: int = 1
    average: float | None = None
    callbacks: tuple[Part, ...] = ()
    measurements: tuple[Measurement, ...] = ()

    def __post_init__(self) -> None:
        checks.choice(self.preset, "preset", PRESETS)
        checks.choice(self.precision, "precision", PRECISIONS)
        _text(self.name, "name")
        for name in ("data", "model", "loss", "schedule"):
            _all((getattr(self, name),), name, Part)
        _all(self.evaluations, "evaluations", Evaluation)
        _all((self.optimiser,), "optimiser", Optimiser)
        _all((self.target,), "target", Target)
        checks.integer(self.batch_size, "batch_size", 1, LARGEST_BATCH)
        checks.integer(self.epochs, "epochs", 1, MOST_EPOCHS)
        checks.integer(self.seed, "seed", 0, 2**63 - 1)
        checks.integer(self.accumulate, "accumulate", 1, self.batch_size)
        if self.batch_size % self.accumulate:
            raise ValueError(f"accumulate must divide the batch_size {self.batch_size}, got {self.accumulate}")
        if self.average is not None:
            checks.number(self.average, "average", 0, 1)
        _all(self.callbacks, "callbacks", Part)
        _all(self.measurements, "measurements", Measurement)


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two configurations differ, in words: `optimiser.learning_rate: 0.01 or 0.001`."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys())
        return [d for key in keys for d in differences(one.get(key), other.get(key), f"{path}.{key}".lstrip("."))]
    return [] if one == other else [f"{path}: {one!r} or {other!r}"]


def _text(value: Any, name: str) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise ValueError(f"{name} must be a text of 1 to 200 characters, got {checks.shown(value)}")


def _all(values: Any, name: str, kind: type) -> Sequence[Any]:
    """The values, if all are of the kind."""
    if not isinstance(values, (tuple, list)) or not all(isinstance(value, kind) for value in values):
        shown = values[0] if isinstance(values, tuple) and len(values) == 1 else values
        raise ValueError(f"{name} must be of the kind {kind.__name__}, got {checks.shown(shown)}")
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return {"function": value.name, **{key: _plain(option) for key, option in value.options.items()}}
    if is_dataclass(value):
        return {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, (tuple, list)) else value
