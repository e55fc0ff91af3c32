"""Indicator definitions as the engine uses them: typed, strict, with their SQL.

Here: reading `<id>.yaml` and `<id>.sql`, and a pool's own parameters. Not here: computing (`compute`) or
the objectives that an indicator serves (`referential`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, StringConstraints, ValidationError, model_validator

from contracts.model import Frozen
from warehouse.indicators.frames import find_inputs

MOST_WORDS = 40
"""A definition that takes more words is not simple enough to be agreed on."""
_NAMED = re.compile(r"\{([a-z_]+)\}")
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Version = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
Scale = Annotated[str, StringConstraints(pattern=r"^(territory|feed|h3_([0-9]|1[0-5]))$")]
Value = bool | int | float | str
Typed = TypeVar("Typed", bound=Frozen)


class DefinitionError(ValueError):
    """A definition, a pool's parameters or its référentiel is wrong: names file, key and problem."""

    def __init__(self, file: Path, key: str, problem: str) -> None:
        super().__init__(f"{file.name}: {key}: {problem}")
        self.file = file
        self.key = key
        self.problem = problem


class Direction(StrEnum):
    """Which way is good."""

    UP = "up"
    DOWN = "down"
    NONE = "none"
    RANGE = "range"


class Additivity(StrEnum):
    """How values of small zones or periods make that of a larger one."""

    SUM = "sum"
    RATIO = "ratio"
    WEIGHTED_MEAN = "weighted_mean"
    NOT_ADDITIVE = "not_additive"


class Text(Frozen):
    """A sentence in both languages of the pool."""

    fr: str
    en: str


class Band(Frozen):
    """The good band of an indicator whose direction is `range`."""

    low: float
    high: float


class Parameter(Frozen):
    """A choice that changes the numbers: never a constant in SQL, always with its reason."""

    value: Value
    reason: str


class Protection(Frozen):
    """The unit that disclosure control counts, and how many a published cell needs at least."""

    unit: Literal["meter", "organisation"]
    minimum: Annotated[int, Field(ge=1)]


class Definition(Frozen):
    """One indicator: its words, its parameters, and the SQL that counts it."""

    id: Identifier
    version: Version
    domain: Literal["mobility", "energy", "waste", "territory", "cross", "pool"]
    label: Text
    definition: Text
    """May name parameters in braces: `within {reach_m} m`; see `stated`."""
    unit: str
    direction: Direction
    band: Band | None = None
    additivity: Additivity
    parameters: dict[Identifier, Parameter] = Field(default_factory=dict)
    zone_scales: tuple[Scale, ...] = Field(min_length=1)
    period_grains: tuple[Literal["day", "week"], ...] = Field(min_length=1)
    inputs: dict[str, tuple[str, ...]] = Field(min_length=1)
    """Columns read, by `schema.table`."""
    min_coverage: Annotated[float, Field(gt=0, le=1)] = 0.95
    protection: Protection | None = None
    pair: Identifier | None = None
    """The indicator to read beside this one: each can be had at the other's expense."""
    is_core: bool = False
    source: str
    """Where the formula comes from."""
    sql: str = ""
    """One SELECT; filled from `<id>.sql`."""

    @model_validator(mode="after")
    def _check_words(self) -> Self:
        for language, words in (("fr", self.definition.fr), ("en", self.definition.en)):
            if len(words.split()) > MOST_WORDS:
                raise ValueError(
                    f"definition.{language} has {len(words.split())} words, at most {MOST_WORDS}"
                )
            unknown = set(_NAMED.findall(words)) - self.parameters.keys()
            if unknown:
                raise ValueError(f"definition.{language} names {', '.join(sorted(unknown))}, no parameter")
        if (self.direction is Direction.RANGE) != (self.band is not None):
            raise ValueError("direction `range` goes with a band, and only it")
        return self

    @property
    def stated(self) -> Text:
        """The definition with its parameters' values for their names, as each language writes them."""
        values = {name: str(parameter.value) for name, parameter in self.parameters.items()}
        french = {
            name: text.replace(".", ",") if isinstance(self.parameters[name].value, float) else text
            for name, text in values.items()
        }
        return Text(
            fr=_NAMED.sub(lambda found: french[found[1]], self.definition.fr),
            en=_NAMED.sub(lambda found: values[found[1]], self.definition.en),
        )

    @property
    def better(self) -> str:
        """Which way is good: up, down, none or range."""
        return self.direction.value

    @property
    def parameters_hash(self) -> str:
        """First 16 hex digits of SHA-256 over the parameters' values: another value, another indicator."""
        values = {name: parameter.value for name, parameter in self.parameters.items()}
        return sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def read_yaml(path: Path) -> Any:  # noqa: ANN401 whatever the file holds; a typed model judges it
    """Read one YAML 1.2 file without tags or repeated keys; raises DefinitionError."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except YAMLError as error:
        raise DefinitionError(path, "yaml", str(error)) from error


def parse_typed(kind: type[Typed], path: Path, content: object) -> Typed:
    """Make a typed model of a file's content; raises DefinitionError for the first wrong key."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "file"
        raise DefinitionError(path, key, first["msg"]) from error


def read_definitions(folder: Path | None = None, parameters: Path | None = None) -> tuple[Definition, ...]:
    """Read every definition of `folder` (the engine's own by default), ordered by id.

    `parameters` is a pool's YAML file of other values: `{indicator: {parameter: {value, reason}}}`.
    Raises DefinitionError.
    """
    folder = folder or Path(str(files("warehouse").joinpath("indicators")))
    found = tuple(_read_definition(path) for path in sorted(folder.glob("*.yaml")))
    _check_pairs(folder, found)
    return found if parameters is None else override_parameters(found, parameters)


def override_parameters(definitions: tuple[Definition, ...], path: Path) -> tuple[Definition, ...]:
    """Put a pool's values in place of the definitions' own; raises DefinitionError."""
    content: Mapping[str, Mapping[str, Any]] = read_yaml(path) or {}
    known = {definition.id: definition for definition in definitions}
    for identifier, values in content.items():
        if identifier not in known:
            raise DefinitionError(path, identifier, "no such indicator")
        known[identifier] = _override(known[identifier], path, values)
    return tuple(known[definition.id] for definition in definitions)


def _override(definition: Definition, path: Path, values: Mapping[str, Any]) -> Definition:
    merged = dict(definition.parameters)
    for name, content in values.items():
        key = f"{definition.id}.{name}"
        if name not in merged:
            raise DefinitionError(path, key, f"no such parameter; it has {', '.join(sorted(merged))}")
        parameter = parse_typed(Parameter, path, content)
        if isinstance(parameter.value, str) != isinstance(merged[name].value, str):
            raise DefinitionError(path, key, "a number and a text are not the same parameter")
        merged[name] = parameter
    return definition.model_copy(update={"parameters": merged})


def _read_definition(path: Path) -> Definition:
    definition = parse_typed(Definition, path, read_yaml(path))
    if definition.id != path.stem:
        raise DefinitionError(path, "id", f"must be the file's name, {path.stem}")
    script = path.with_suffix(".sql")
    if not script.exists():
        raise DefinitionError(path, "id", f"its SQL is missing: {script.name}")
    sql = script.read_text(encoding="utf-8").rstrip().rstrip(";")
    undeclared = find_inputs(sql) - definition.inputs.keys()
    if undeclared:
        raise DefinitionError(path, "inputs", f"the SQL reads {', '.join(sorted(undeclared))} too")
    return definition.model_copy(update={"sql": sql})


def _check_pairs(folder: Path, definitions: tuple[Definition, ...]) -> None:
    known = {definition.id for definition in definitions}
    for definition in definitions:
        if definition.pair and definition.pair not in known:
            raise DefinitionError(
                folder / f"{definition.id}.yaml", "pair", f"no such indicator: {definition.pair}"
            )
