"""What a pool publishes: one YAML file a dataset, parsed strictly into frozen types.

Here: the dataset's declaration and the catalogue's settings. Not here: running its query
(`query`), judging its terms (`terms`) or writing its files (`extracts`).
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationError, model_validator

from contracts.model import Frozen
from publishing.errors import PublicationError

CATALOGUE_FILE = "_catalogue.yaml"
Model = TypeVar("Model", bound=Frozen)
Said = TypeVar("Said", str, tuple[str, ...])


def _in_both(said: dict[Literal["fr", "en"], Said]) -> dict[Literal["fr", "en"], Said]:
    """Hold a text to both languages of the catalogue."""
    missing = sorted({"fr", "en"} - said.keys())
    if missing:
        raise ValueError(f"says nothing in {' and '.join(missing)}")
    return said


Text = Annotated[dict[Literal["fr", "en"], str], AfterValidator(_in_both)]


class Kind(StrEnum):
    """How a dataset is made: a query over open columns, or an aggregate of personal data."""

    QUERY = "query"
    PERSONAL_AGGREGATE = "personal-aggregate"


class PublishedColumn(Frozen):
    """One column of a published file, as its reader needs it."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    description: Text
    unit: str | None = None


class Geometry(Frozen):
    """Where a row lies: a point from two columns, or the hexagon of an H3 cell column."""

    kind: Literal["point", "h3"]
    lon: str | None = None
    lat: str | None = None
    cell: str | None = None

    @model_validator(mode="after")
    def _has_its_columns(self) -> Geometry:
        wanted = ("lon", "lat") if self.kind == "point" else ("cell",)
        missing = [name for name in wanted if getattr(self, name) is None]
        if missing:
            raise ValueError(f"geometry of kind {self.kind} needs {', '.join(missing)}")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return tuple(name for name in (self.lon, self.lat, self.cell) if name is not None)


class Span(Frozen):
    """First and last local day of a published series, inclusive."""

    first: date
    last: date

    @model_validator(mode="after")
    def _is_ordered(self) -> Span:
        if self.last < self.first:
            raise ValueError("span ends before it begins")
        return self


class Aggregate(Frozen):
    """How personal values are summed before they may leave: one scale, one grain, one policy."""

    policy: str
    """Name in `disclosure/presets.yaml`."""
    zone_resolution: int = Field(default=7, ge=0, le=15)
    """H3 resolution of the zones."""
    span: Span | None = None
    """Days over which the membership is frozen; None means the days in the lake."""
    minimum_day_pct: int = Field(default=90, ge=1, le=100)
    """Share of a day's seconds a meter must have readings for, on every published day."""


class Dataset(Frozen):
    """One published dataset."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: Text
    description: Text
    kind: Kind = Kind.QUERY
    sources: tuple[str, ...] = Field(min_length=1)
    """Feeds (contract ids) whose rows may enter; `*` alone means every feed of the pool."""
    sql: str | None = None
    """Name of a query of the engine, `datasets/<sql>.sql`."""
    select: str | None = None
    """The query itself, one SELECT over open columns of the sources' tables."""
    aggregate: Aggregate | None = None
    key: tuple[str, ...] = Field(min_length=1)
    """Unique key: the order of rows and the primary key of the published schema."""
    columns: tuple[PublishedColumn, ...] = Field(min_length=1)
    geometry: Geometry | None = None
    temporal: str | None = None
    """DATE or TIMESTAMPTZ column that gives the temporal coverage."""
    theme: str
    """Code of the EU data-theme vocabulary."""
    frequency: str = "AS_NEEDED"
    """Code of the EU frequency vocabulary."""
    keywords: Annotated[dict[Literal["fr", "en"], tuple[str, ...]], AfterValidator(_in_both)]
    small: bool = False
    """A CSV stands beside the Parquet file."""

    @model_validator(mode="after")
    def _is_coherent(self) -> Dataset:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError("a column is declared twice")
        wanted = (*self.key, self.temporal, *(self.geometry.columns if self.geometry else ()))
        unknown = [name for name in wanted if name and name not in names]
        if unknown:
            raise ValueError(f"key, temporal or geometry names no column: {', '.join(unknown)}")
        if self.kind is Kind.QUERY and (self.sql is None) == (self.select is None):
            raise ValueError("a query dataset has either sql or select")
        if (self.kind is Kind.PERSONAL_AGGREGATE) != (self.aggregate is not None):
            raise ValueError("aggregate stands with kind personal-aggregate, and only there")
        return self

    def reads(self, feed: str) -> bool:
        """Whether rows of that feed may enter the dataset."""
        return feed in self.sources or self.sources == ("*",)

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables of the lake that the dataset is made from, such as `mobility.stop`, sorted."""
        if self.kind is Kind.PERSONAL_AGGREGATE:
            return ("energy.meter", "energy.reading")
        from publishing.query import list_tables

        return list_tables(self)


class Catalogue(Frozen):
    """What the catalogue says of itself; publisher, place and notice are the pool's."""

    base_url: str = Field(pattern=r"^https?://[^\s]+/$")
    """Where `published/current/` is served; every identifier of the catalogue begins with it."""
    title: Text
    description: Text


def load_datasets(pool: Path) -> tuple[Dataset, ...]:
    """Read what a pool publishes: `datasets/*.yaml` below the pool's folder, sorted by id.

    Raises PublicationError naming file and key where a file is malformed or misnamed.
    """
    files = sorted(path for path in _folder(pool).glob("*.yaml") if not path.name.startswith("_"))
    datasets = [(path, _parse(path, Dataset)) for path in files]
    for path, dataset in datasets:
        if path.stem != dataset.id:
            raise PublicationError(dataset.id, "dataset_misnamed", f"{path.name} holds dataset {dataset.id}")
    return tuple(dataset for _, dataset in datasets)


def load_catalogue(pool: Path) -> Catalogue:
    """Read the catalogue's settings, `datasets/_catalogue.yaml`. Raises PublicationError."""
    return _parse(_folder(pool) / CATALOGUE_FILE, Catalogue)


def _folder(pool: Path) -> Path:
    return (pool if pool.is_dir() else pool.parent) / "datasets"


def _parse(path: Path, model: type[Model]) -> Model:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        return model.model_validate(document)
    except (OSError, YAMLError) as error:
        raise PublicationError(path.stem, "dataset_unreadable", f"{path.name}: {error}") from error
    except ValidationError as error:
        slips = [f"{'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}" for one in error.errors()]
        problem = f"{path.name}: {'; '.join(slips[:3])}"
        raise PublicationError(path.stem, "dataset_invalid", problem) from error
