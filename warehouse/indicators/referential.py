"""A pool's référentiel: objective, criterion, indicators with weights, baselines, targets, reviews.

Here: reading `indicators/referential.yaml` strictly and holding it against the known definitions. Not here:
computing values (`compute`) or showing them (`portal`).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from contracts.model import Frozen
from warehouse.indicators.definitions import (
    Definition,
    DefinitionError,
    Direction,
    Identifier,
    Scale,
    Text,
    Value,
    Version,
    parse_typed,
    read_yaml,
)

_ROUNDING = 1e-9
QUALITIES = ("robustness", "sensitivity", "simplicity", "relevance", "value", "utility")
Actor = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Span = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d$")]


class Owner(Frozen):
    """Who answers for an objective (*porteur*)."""

    role: Text
    actor: Actor


class Weighted(Frozen):
    """An indicator's part in the index; 0 for one that is followed beside it."""

    id: Identifier
    weight: Annotated[float, Field(ge=0, le=1)]


class Criterion(Frozen):
    """What makes an objective judgeable: a question, and the indicators that answer it."""

    id: Identifier
    label: Text
    question: Text
    indicators: tuple[Weighted, ...] = Field(min_length=1)


class Objective(Frozen):
    """What the city decided."""

    id: Identifier
    label: Text
    owner: Owner
    horizon: dt.date
    criteria: tuple[Criterion, ...] = Field(min_length=1)


class Baseline(Frozen):
    """Where things stood: a period whose value is computed, or a value given. It never moves."""

    period: Span
    value: float | None = None
    is_computed: bool = False

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.value is None) == (not self.is_computed):
            raise ValueError("a baseline is either computed or has a value")
        return self


class Target(Frozen):
    """Where things should be, by when, and who decided it."""

    value: float
    by: dt.date
    source: str
    trajectory: Literal["linear"] = "linear"


class Quality(Frozen):
    """One of the six qualities: a score from 1 (poor) to 4 (good) and a sentence. People decide."""

    score: Annotated[int, Field(ge=1, le=4)]
    note: str


class Decision(StrEnum):
    """What a review decided of an indicator."""

    ADOPTED = "adopted"
    KEPT = "kept"
    CHANGED = "changed"
    DROPPED = "dropped"


class Review(Frozen):
    """A review of an indicator's place in the référentiel."""

    on: dt.date
    by: Actor
    decision: Decision
    reason: str
    participants: tuple[str, ...] = ()
    next_review: dt.date | None = None


class Tracked(Frozen):
    """An indicator as this référentiel uses it."""

    id: Identifier
    version: Version
    direction: Direction
    zone_scales: tuple[Scale, ...] = Field(min_length=1)
    periods: tuple[Literal["day", "week"], ...] = Field(min_length=1)
    baseline: Baseline
    target: Target
    pair: Identifier | None = None
    parameters: dict[Identifier, Value] = Field(default_factory=dict)
    qualities: dict[str, Quality]
    reviews: tuple[Review, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_qualities(self) -> Self:
        if set(self.qualities) != set(QUALITIES):
            raise ValueError(f"the six qualities are {', '.join(QUALITIES)}")
        return self


class Bounds(Frozen):
    """Fixed marks of an indicator's score; `worst` exceeds `best` where less is better."""

    worst: float
    best: float
    target: float


class Index(Frozen):
    """How indicators are expressed as one number; an opening, not a verdict."""

    id: Identifier
    normalisation: Literal["min_max", "target_distance"]
    aggregation: Literal["arithmetic", "geometric"]
    missing: Literal["refuse", "renormalise"]
    bounds: dict[Identifier, Bounds] = Field(min_length=1)


class Referential(Frozen):
    """A territory's référentiel d'évaluation."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    version: Version
    territory: Actor
    languages: tuple[Literal["fr", "en"], ...] = Field(min_length=1)
    valid_from: dt.date
    agreed_with: tuple[Actor, ...] = Field(min_length=1)
    note: Text | None = None
    objectives: tuple[Objective, ...] = Field(min_length=1)
    index: Index
    indicators: tuple[Tracked, ...] = Field(min_length=1)

    def weights(self) -> dict[str, float]:
        """Return the weight of each indicator in the index; those beside it are left out."""
        return {weighted.id: weighted.weight for weighted in iterate_weighted(self) if weighted.weight > 0}


def read_referential(path: Path, definitions: Sequence[Definition]) -> Referential:
    """Read a référentiel and check it against the definitions in use; raises DefinitionError."""
    referential = parse_typed(Referential, path, read_yaml(path))
    faults = list(_find_faults(referential, {definition.id: definition for definition in definitions}))
    if faults:
        (key, problem), *others = faults
        raise DefinitionError(path, key, "; ".join([problem, *(f"{k}: {text}" for k, text in others)]))
    return referential


def iterate_weighted(referential: Referential) -> Iterator[Weighted]:
    """Go through the weighted indicators of every criterion."""
    for objective in referential.objectives:
        for criterion in objective.criteria:
            yield from criterion.indicators


def score_value(value: float, bounds: Bounds, normalisation: str) -> float:
    """Return a value's score in 0..1: min-max, or distance to target without credit beyond it."""
    goal = bounds.target if normalisation == "target_distance" else bounds.best
    return min(1.0, max(0.0, (value - bounds.worst) / (goal - bounds.worst)))


def compute_index(
    index: Index, weights: Mapping[str, float], values: Mapping[str, float | None]
) -> float | None:
    """Return the index of `values`, None where a part is missing and the référentiel refuses that.

    Weights are made to add to 1 over the parts that are there (`renormalise`), or over all.
    """
    known = {name: value for name, value in values.items() if value is not None and name in weights}
    if not known or (index.missing == "refuse" and known.keys() != weights.keys()):
        return None
    total = sum(weights[name] for name in known)
    parts = [
        (weights[name] / total, score_value(value, index.bounds[name], index.normalisation))
        for name, value in sorted(known.items())
    ]
    if index.aggregation == "arithmetic":
        return sum(weight * score for weight, score in parts)
    if any(score == 0 for _, score in parts):
        return 0.0
    return math.exp(sum(weight * math.log(score) for weight, score in parts))


def _find_faults(referential: Referential, known: Mapping[str, Definition]) -> Iterator[tuple[str, str]]:
    """Give (key, problem) of every disagreement between a référentiel and the definitions."""
    tracked = [one.id for one in referential.indicators]
    weighted = [one.id for one in iterate_weighted(referential)]
    for name in sorted({name for name in tracked if tracked.count(name) > 1}):
        yield f"indicators.{name}", "described twice"
    for name in sorted(set(weighted) ^ set(tracked)):
        where = "in a criterion but not described" if name in weighted else "described but in no criterion"
        yield f"indicators.{name}", where
    if abs(sum(one.weight for one in iterate_weighted(referential)) - 1) > _ROUNDING:
        yield "objectives", "the weights of all criteria do not add to 1"
    if set(referential.index.bounds) != set(referential.weights()):
        yield "index.bounds", "must name the indicators that have a weight, all and only"
    for one in referential.indicators:
        if one.id not in known:
            yield f"indicators.{one.id}", "no such indicator"
        else:
            yield from _find_differences(one, known[one.id])


def _find_differences(one: Tracked, definition: Definition) -> Iterator[tuple[str, str]]:
    """Give what a tracked indicator says otherwise than its definition in use."""
    key = f"indicators.{one.id}"
    if one.version != definition.version:
        yield f"{key}.version", f"the definition in use is {definition.version}"
    if one.direction is not definition.direction:
        yield f"{key}.direction", f"the definition says {definition.direction}"
    if one.pair != definition.pair:
        yield f"{key}.pair", f"the definition says {definition.pair}"
    for name, value in one.parameters.items():
        used = definition.parameters.get(name)
        if used is None or used.value != value:
            yield f"{key}.parameters.{name}", f"the value in use is {used.value if used else 'none'}"
    if not set(one.zone_scales) <= set(definition.zone_scales):
        yield f"{key}.zone_scales", f"the definition has {', '.join(definition.zone_scales)}"
    if not set(one.periods) <= set(definition.period_grains):
        yield f"{key}.periods", f"the definition has {', '.join(definition.period_grains)}"
