"""The one gate out of the pool: stage, check, hash, keep as a version, switch.

Here: the order of the steps. Not here: the steps themselves (`extracts`, `disclosure/`, `catalogue/`,
`switch`). Nothing is visible before every check has passed; a failing one leaves `current` as it was.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import duckdb

from contracts.layout import Home
from contracts.verdict import Verdict
from publishing.catalogue.datapackage import describe_package, describe_schema, validate_package
from publishing.catalogue.dcat import build_catalogue, with_plain_checksums
from publishing.catalogue.rdf_files import dump_json, to_json_ld, to_turtle
from publishing.catalogue.shacl import validate_catalogue
from publishing.dataset import Dataset, load_catalogue, load_datasets
from publishing.described import Described, Masthead, make_masthead
from publishing.disclosure.audit import audit_identities
from publishing.disclosure.vintages import drop_drafts, keep_seals, require_sealed
from publishing.errors import PublicationError
from publishing.making import make_dataset
from publishing.manifest import list_inputs, write_manifest
from publishing.switch import (
    VERSIONS,
    digest_tree,
    is_kept,
    keep_version,
    name_version,
    stage_folder,
    switch_current,
)
from warehouse.lock import hold_file_lock

if TYPE_CHECKING:
    from rdflib import Graph

    from contracts.pool import Pool


class Cursors(Protocol):
    """What publishing needs of the lake: connections in which `energy.reading` names a table."""

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a new connection."""
        ...


@dataclass(frozen=True)
class PublishedDataset:
    """One dataset of a publication."""

    id: str
    rows: int
    files: tuple[str, ...]
    """Paths below the version's folder."""
    bytes: int
    withheld: int
    """Rows that keep key and status only."""


@dataclass(frozen=True)
class Publication:
    """What a publication came to."""

    version: str
    path: Path
    """Folder of the immutable version."""
    datasets: tuple[PublishedDataset, ...]
    changed: bool
    """Whether `current` points to another version than before."""


def publish(
    lake: Cursors,
    pool: Pool,
    home: Home,
    verdicts: Sequence[Verdict],
    *,
    code_version: str,
    now: datetime | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Publication:
    """Publish every dataset of the pool as one version, all or nothing.

    `verdicts` are those of the deliveries in the lake (others do no harm); `now` (UTC) decides what is past
    its embargo, the pool's own clock by default; `environ` holds the pool's disclosure secrets. Same
    inputs, same version, same bytes. Raises PublicationError naming dataset and rule; `published/current`
    then stays as it was. Raises ValueError without a clock.
    """
    clock = now or pool.now
    if clock is None:
        raise ValueError("the pool has no clock of its own: publish() needs `now`")
    masthead = make_masthead(load_catalogue(pool.path), pool)
    datasets = load_datasets(pool.path)
    _check_together(datasets)
    accepted = {v.arrival.delivery_id: v for v in verdicts if v.is_accepted}
    with hold_file_lock(home.published / "publish.lock"):
        for dataset in datasets:
            if dataset.aggregate is not None:
                require_sealed(home, dataset.id, _published_files(home, dataset.id))
        drop_drafts(home)
        staging = stage_folder(home)
        con = lake.cursor()
        try:
            described = tuple(
                make_dataset(
                    con,
                    dataset,
                    pool,
                    home=home,
                    accepted=accepted,
                    staging=staging,
                    now=clock,
                    environ=environ,
                )
                for dataset in datasets
            )
            staged = {one.dataset.id: staging / one.files[0].path for one in described}
            audit_identities(con, staged, pool.contracts)
        finally:
            con.close()
        version = _describe(
            pool.id, masthead, described, home=home, staging=staging, code_version=code_version
        )
        keep_seals(home)
        path = keep_version(home, staging, version)
        changed = switch_current(home, version)
    return Publication(version, path, tuple(_summary(one) for one in described), changed)


def _check_together(datasets: Sequence[Dataset]) -> None:
    """Refuse a pool that declares nothing, or the same personal values twice: two tables subtract."""
    if not datasets:
        raise PublicationError("catalogue", "nothing_declared", "the pool's datasets/ folder has no dataset")
    personal = [dataset for dataset in datasets if dataset.aggregate is not None]
    if len(personal) > 1:
        problem = f"{personal[0].id} publishes the same values already, at one scale and grain: two subtract"
        raise PublicationError(personal[1].id, "second_scale", problem)


def _describe(
    pool: str,
    masthead: Masthead,
    described: Sequence[Described],
    *,
    home: Home,
    staging: Path,
    code_version: str,
) -> str:
    """Write schemas, descriptor, catalogues and manifest beside the data; return the version's name."""
    for one in described:
        schema = describe_schema(one.dataset, one.files[0].fields)
        (staging / one.dataset.id / "schema.json").write_bytes(dump_json(schema))
    package = describe_package(masthead, pool, described)
    (staging / "datapackage.json").write_bytes(dump_json(package))
    inputs = list_inputs(code_version, described)
    version = name_version(digest_tree(staging), repr(masthead), *inputs)
    graph = build_catalogue(masthead, described, version)
    if not is_kept(home, version):
        validate_package(package)
        validate_catalogue(graph)
    _write_catalogues(graph, staging)
    manifest = write_manifest(pool, version, code_version, described)
    (staging / "manifest.json").write_bytes(dump_json(manifest))
    return version


def _write_catalogues(graph: Graph, staging: Path) -> None:
    (staging / "catalog.ttl").write_bytes(to_turtle(graph))
    (staging / "catalog.jsonld").write_bytes(to_json_ld(graph))
    (staging / "catalog-udata.ttl").write_bytes(to_turtle(with_plain_checksums(graph)))


def _published_files(home: Home, dataset: str) -> dict[str, str]:
    """SHA-256 of the dataset's Parquet file in every version that holds one."""
    found = {}
    for folder in sorted((home.published / VERSIONS).glob("*")):
        file = folder / dataset / f"{dataset}.parquet"
        if file.is_file():
            found[folder.name] = digest_tree(file.parent)[file.name]
    return found


def _summary(one: Described) -> PublishedDataset:
    return PublishedDataset(
        id=one.dataset.id,
        rows=one.rows,
        files=tuple(file.path for file in one.files),
        bytes=sum(file.bytes for file in one.files),
        withheld=one.withheld,
    )
