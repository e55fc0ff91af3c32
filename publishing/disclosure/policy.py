"""The thresholds in force: minimum counts from public presets and contracts, p from the pool's secrets.

Here: presets, secrets, and which clause binds a series. Not here: applying them to cells (`primary`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from pathlib import Path

from contracts.model import Contract, Frozen
from publishing.errors import PublicationError

DEMO = "demo"
P_VARIABLE = "REGIE_DISCLOSURE_P"
FILE_VARIABLE = "REGIE_DISCLOSURE_FILE"
_MINUTES_PER_DAY = 1440


class Clause(Frozen):
    """A minimum count, where it applies: intervals of at least `interval_min`, series up to `length_days`."""

    minimum_units: int
    source: str
    direction: str | None = None
    interval_min: int = 0
    length_days: int | None = None


class Preset(Frozen):
    """A named policy."""

    id: str
    label: dict[str, str]
    clauses: tuple[Clause, ...]
    test_p_percent: Decimal | None = None
    """Public test value of p; only the demonstration has one."""


class Thresholds(Frozen):
    """What a cell must satisfy. `p_percent` is secret: it enters no message, file or digest."""

    policy: str
    minimum_units: dict[str, int]
    """By direction: fewest active units."""
    p_percent: Decimal


@cache
def known_presets() -> dict[str, Preset]:
    """Policies the engine ships, by id."""
    from ruamel.yaml import YAML

    text = files("publishing").joinpath("disclosure", "presets.yaml").read_text(encoding="utf-8")
    return {entry["id"]: Preset.model_validate(entry) for entry in YAML(typ="safe", pure=True).load(text)}


def preset_minimum(preset: Preset, direction: str, interval_min: int, length_days: int) -> int | None:
    """Fewest units the policy asks of a series; None where it allows no such series at all.

    `direction` is consumption (withdrawal) or production (injection), `length_days` the whole series
    that a reader can assemble.
    """
    fitting = [
        clause
        for clause in preset.clauses
        if clause.direction in (None, direction)
        and clause.interval_min <= interval_min
        and (clause.length_days is None or length_days <= clause.length_days)
    ]
    if not fitting:
        return None
    coarsest = max(clause.interval_min for clause in fitting)
    return min(clause.minimum_units for clause in fitting if clause.interval_min == coarsest)


def thresholds_for(
    dataset: str,
    policy: str,
    contracts: Iterable[Contract],
    *,
    directions: Iterable[str],
    length_days: int,
    environ: Mapping[str, str] = os.environ,
) -> Thresholds:
    """The strictest thresholds for a daily series: the policy's and every contract's minimum, the pool's p.

    Raises PublicationError `policy_unknown`, `policy_not_for_this` (demo on data that no contract says
    is relocated; a series the policy forbids) or `secrets_missing`.
    """
    contracts = tuple(contracts)
    preset = known_presets().get(policy)
    if preset is None:
        raise PublicationError(dataset, "policy_unknown", f"no disclosure policy {policy}")
    if preset.test_p_percent is not None:
        _refuse_demo_on_real_data(dataset, contracts)
    minimum = {
        direction: _strictest_minimum(dataset, preset, direction, length_days, contracts)
        for direction in directions
    }
    return Thresholds(policy=policy, minimum_units=minimum, p_percent=_secret_p(dataset, preset, environ))


def _strictest_minimum(
    dataset: str, preset: Preset, direction: str, length_days: int, contracts: tuple[Contract, ...]
) -> int:
    least = preset_minimum(preset, direction, _MINUTES_PER_DAY, length_days)
    if least is None:
        problem = f"policy {preset.id} allows no daily series of {length_days} days of {direction}"
        raise PublicationError(dataset, "policy_not_for_this", problem)
    return max([least, *(contract.terms.minimum_units or 0 for contract in contracts)])


def _refuse_demo_on_real_data(dataset: str, contracts: tuple[Contract, ...]) -> None:
    for contract in contracts:
        if not contract.origin_note:
            problem = (
                f"contract {contract.id} does not say that its data were measured elsewhere and relocated"
            )
            raise PublicationError(dataset, "policy_not_for_this", problem)


def _secret_p(dataset: str, preset: Preset, environ: Mapping[str, str]) -> Decimal:
    """Read p from the environment or the secrets' file; the demonstration has its public test value."""
    if preset.test_p_percent is not None:
        return preset.test_p_percent
    text = environ.get(P_VARIABLE)
    if not text and environ.get(FILE_VARIABLE):
        path = Path(environ[FILE_VARIABLE])
        text = path.read_text(encoding="utf-8") if path.is_file() else None
    if not text:
        problem = (
            f"personal aggregates need the pool's secret p: set {P_VARIABLE}, or {FILE_VARIABLE} to its file"
        )
        raise PublicationError(dataset, "secrets_missing", problem)
    try:
        value = Decimal(text.strip())
    except InvalidOperation as error:
        raise PublicationError(dataset, "secrets_missing", "the pool's secret p is no number") from error
    if not value.is_finite() or value <= 0:
        raise PublicationError(dataset, "secrets_missing", "the pool's secret p is no positive number")
    return value
