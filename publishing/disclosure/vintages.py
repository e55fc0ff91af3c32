"""What earlier versions already said: two versions subtract, so their difference is judged as a cell.

Here: the sealed record of who contributed what to each published energy file, and the delta cells.
Sealed files are as personal as the readings: they lie beside the lake, never below `published/`.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import duckdb

from contracts.layout import Home
from publishing.disclosure.energy import DIRECTIONS, READINGS, EnergyTask, hide_cells
from publishing.disclosure.primary import judge_cells
from publishing.errors import PublicationError
from warehouse.models import set_variables
from warehouse.quoting import literal

_DRAFT = ".draft"


def sealed_folder(home: Home) -> Path:
    """Folder of the sealed records, one a published Parquet file of energy values, named by its SHA-256.

    One folder whatever a dataset is called: a renamed one does not forget what it said.
    """
    return home.root / "sealed" / READINGS


def withhold_revisions(con: duckdb.DuckDBPyConnection, task: EnergyTask, home: Home) -> None:
    """Withhold zones whose values differ from a published version by too few meters.

    For each earlier version, the meters whose contribution changed in a cell published then are the
    delta cell; it must satisfy the same rules as any cell, or the correction would tell one household's
    value. Adds to `withheld`; reads `member_day`. Raises PublicationError `scale_changed` where an earlier
    version had zones of another scale: the two would subtract.
    """
    changes = files("publishing").joinpath("disclosure", "delta.sql").read_text(encoding="utf-8")
    for record in sorted(sealed_folder(home).glob("*.parquet")):
        con.execute(f"CREATE OR REPLACE TEMP TABLE sealed AS FROM read_parquet({literal(str(record))})")
        _refuse_other_scale(con, task)
        for direction in DIRECTIONS:
            set_variables(con, {"judged_direction": direction})
            judge_cells(
                con,
                changes,
                "verdict_of_delta",
                minimum_units=task.thresholds.minimum_units[direction],
                p_percent=task.thresholds.p_percent,
            )
            hide_cells(con, "SELECT cell FROM verdict_of_delta WHERE is_sensitive", direction)


def draft_seal(con: duckdb.DuckDBPyConnection, home: Home, file_sha256: str, staged: Path) -> None:
    """Write down who contributed what to a staged file; `keep_seals` makes it count."""
    folder = sealed_folder(home)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f"{file_sha256}{_DRAFT}"
    con.execute(
        f"""
        COPY (
            SELECT member_day.*, coalesce(published.conf_status = 'F', FALSE) AS is_published
            FROM member_day
            LEFT JOIN read_parquet({literal(str(staged))}) AS published USING (zone, direction, day)
            ORDER BY member_day.zone, member_day.direction, member_day.day, member_day.unit
        ) TO {literal(str(draft))} (FORMAT parquet, COMPRESSION zstd)
        """
    )
    draft.chmod(0o600)


def keep_seals(home: Home) -> None:
    """Make the drafts count, just before the version they are about can be seen by anyone."""
    for draft in sorted(sealed_folder(home).glob(f"*{_DRAFT}")):
        target = draft.with_name(draft.name.removesuffix(_DRAFT) + ".parquet")
        if target.exists():
            draft.unlink()
        else:
            draft.replace(target)


def drop_drafts(home: Home) -> None:
    """Forget drafts of a publication that never came to be."""
    for draft in sealed_folder(home).glob(f"*{_DRAFT}"):
        draft.unlink()


def require_sealed(home: Home, dataset: str, published: dict[str, str]) -> None:
    """Refuse to go on if a published version's record is gone: what it said could no longer be judged.

    `published` maps version -> SHA-256 of the dataset's file. Raises PublicationError
    `sealed_record_missing`.
    """
    for version, digest in sorted(published.items()):
        if not (sealed_folder(home) / f"{digest}.parquet").is_file():
            problem = (
                f"version {version} was published, but the sealed record of its members is gone: restore"
                f" {digest}.parquet from the backup of sealed/, or delete a version that nobody ever got"
            )
            raise PublicationError(dataset, "sealed_record_missing", problem)


def _refuse_other_scale(con: duckdb.DuckDBPyConnection, task: EnergyTask) -> None:
    query = "SELECT 1 FROM sealed WHERE is_published AND h3_resolution(zone) <> ? LIMIT 1"
    if con.execute(query, [task.aggregate.zone_resolution]).fetchone():
        problem = "an earlier version published zones of another resolution: the two would subtract"
        raise PublicationError(task.dataset.id, "scale_changed", problem)
