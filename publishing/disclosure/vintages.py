"""What earlier versions already said: two versions subtract, so their difference is judged as a cell.

Here: the sealed record of who contributed what to each published energy file, and the delta cells.
Sealed files are as personal as the readings: they lie beside the lake, never below `published/`.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import duckdb

from contracts.layout import Home
from publishing.disclosure.energy import DIRECTIONS, EnergyTask, hide_cells
from publishing.disclosure.primary import judge_cells
from publishing.errors import PublicationError
from warehouse.models import set_variables
from warehouse.quoting import literal


def sealed_folder(home: Home, dataset: str) -> Path:
    """Folder of the dataset's sealed records, one file a published Parquet file, named by its SHA-256."""
    return home.root / "sealed" / dataset


def withhold_revisions(con: duckdb.DuckDBPyConnection, task: EnergyTask, home: Home) -> None:
    """Withhold zones whose values differ from a published version by too few meters.

    For each earlier version, the meters whose contribution changed in a cell published then are the
    delta cell; it must satisfy the same rules as any cell, or the correction would tell one household's
    value. Adds to `withheld`; reads `member_day`.
    """
    changes = files("publishing").joinpath("disclosure", "delta.sql").read_text(encoding="utf-8")
    for record in sorted(sealed_folder(home, task.dataset.id).glob("*.parquet")):
        con.execute(f"CREATE OR REPLACE TEMP TABLE sealed AS FROM read_parquet({literal(str(record))})")
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


def seal_members(
    con: duckdb.DuckDBPyConnection, home: Home, dataset: str, file_sha256: str, staged: Path
) -> None:
    """Keep who contributed what to a staged file, before the file can be seen by anyone."""
    folder = sealed_folder(home, dataset)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / f"{file_sha256}.parquet"
    if target.exists():
        return
    unfinished = folder / f"{file_sha256}.unfinished"
    con.execute(
        f"""
        COPY (
            SELECT member_day.*, coalesce(published.conf_status = 'F', FALSE) AS is_published
            FROM member_day
            LEFT JOIN read_parquet({literal(str(staged))}) AS published USING (zone, direction, day)
            ORDER BY member_day.zone, member_day.direction, member_day.day, member_day.unit
        ) TO {literal(str(unfinished))} (FORMAT parquet, COMPRESSION zstd)
        """
    )
    unfinished.chmod(0o600)
    unfinished.replace(target)


def require_sealed(home: Home, dataset: str, published: dict[str, str]) -> None:
    """Refuse to go on if a published version's record is gone: what it said could no longer be judged.

    `published` maps version -> SHA-256 of the dataset's file. Raises PublicationError
    `sealed_record_missing`.
    """
    for version, digest in sorted(published.items()):
        if not (sealed_folder(home, dataset) / f"{digest}.parquet").is_file():
            problem = f"version {version} was published, but the sealed record of its members is gone"
            raise PublicationError(dataset, "sealed_record_missing", problem)
