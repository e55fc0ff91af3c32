"""What is known of a dataset once its files are written: the input of every catalogue.

Here: frozen descriptions. Not here: making them (`extracts`, `publish`) or rendering them (`catalogue/`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from contracts.model import Contract
from publishing.dataset import Catalogue, Dataset, Text
from publishing.errors import PublicationError
from publishing.licences import Licence

if TYPE_CHECKING:
    from contracts.pool import Pool

MEDIA_TYPES = {
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv",
}


@dataclass(frozen=True)
class Field:
    """One column of a published file."""

    name: str
    type: str
    """DuckDB type."""
    required: bool
    """Whether no value is null."""


@dataclass(frozen=True)
class PublishedFile:
    """One file of a dataset."""

    path: str
    """Below the version's folder, such as `indicators/indicators.parquet`."""
    format: str
    """`parquet` or `csv`."""
    bytes: int
    sha256: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class SourceDelivery:
    """One accepted delivery that a dataset was made from."""

    contributor: str
    feed: str
    period: str | None
    delivery_id: str
    sha256: str
    contract_version: str


@dataclass(frozen=True)
class Masthead:
    """What stands at the head of the catalogue: its own words, and the pool's publisher, place and notice."""

    base_url: str
    title: Text
    description: Text
    publisher: str
    homepage: str
    email: str
    bbox: tuple[float, float, float, float]
    """West, south, east, north, in degrees (WGS 84)."""
    notice: Text
    """What every reader must know of the data's origin."""


def make_masthead(catalogue: Catalogue, pool: Pool) -> Masthead:
    """Put the catalogue's settings and the pool's together.

    Raises PublicationError `masthead_incomplete` where the pool lacks a bounding box, a notice in both
    languages, or its publisher an e-mail address.
    """
    publisher, bbox = pool.publisher, pool.territory.bbox
    notice: Text = {"fr": pool.notices.get("fr", ""), "en": pool.notices.get("en", "")}
    if bbox is None or publisher.email is None or not all(notice.values()):
        problem = "pool.yaml needs territory.bbox, notices in fr and en, and an email of the publisher"
        raise PublicationError("catalogue", "masthead_incomplete", problem)
    return Masthead(
        base_url=catalogue.base_url,
        title=catalogue.title,
        description=catalogue.description,
        publisher=publisher.name,
        homepage=publisher.homepage or catalogue.base_url,
        email=publisher.email,
        bbox=bbox,
        notice=notice,
    )


@dataclass(frozen=True)
class Described:
    """A written dataset with everything its catalogue entry says."""

    dataset: Dataset
    files: tuple[PublishedFile, ...]
    rows: int
    withheld: int
    licence: Licence
    contracts: tuple[Contract, ...]
    attributions: tuple[str, ...]
    deliveries: tuple[SourceDelivery, ...]
    temporal: tuple[date, date] | None
    rules: tuple[str, ...] = ()
    """Disclosure rules applied, in words, without any secret parameter."""
    withdrawn: tuple[str, ...] = ()
    """Columns the dataset declares and a contributor keeps closed: they stand in no file."""

    @property
    def modified(self) -> date | None:
        """Newest period among the deliveries: never the time of a run."""
        periods = [delivery.period for delivery in self.deliveries if delivery.period]
        return date.fromisoformat(max(periods)) if periods else None

    @property
    def version(self) -> str:
        """First 16 hex digits of the Parquet file's SHA-256."""
        return self.files[0].sha256[:16]

    def description(self, language: str, notice: str) -> str:
        """The dataset's description with the origin of its data, in `fr` or `en`."""
        notes = {c.origin_note.get(language, "") for c in self.contracts}
        text = self.dataset.description["fr" if language == "fr" else "en"].strip()
        return "\n\n".join([text, *sorted(note.strip() for note in notes if note.strip()), notice.strip()])
