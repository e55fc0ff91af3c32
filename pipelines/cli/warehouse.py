"""`regie warehouse`: look after the lake."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli import USAGE
from pipelines.settings import Settings


@click.group()
def command() -> None:
    """Look after the warehouse: export, upkeep."""


@command.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export_file(settings: Settings, file: Path) -> None:
    """Write every table of the lake to a plain DuckDB FILE."""
    from warehouse.export import export
    from warehouse.lake import Lake, LakeMissingError

    try:
        lake = Lake.open(settings.home, settings.warehouse, read_only=True, folders=[file.resolve().parent])
    except LakeMissingError as error:
        click.echo(f"{error}\nRun `regie demo` or `regie run` first, or give --home.", err=True)
        raise SystemExit(USAGE) from error
    with lake:
        export(lake, file)
    click.echo(str(file))


@command.command("maintain")
@click.pass_obj
def maintain_lake(settings: Settings) -> None:
    """Merge small files, drop expired snapshots and the files nobody reads any more."""
    from datetime import UTC, datetime

    from warehouse.lake import Lake
    from warehouse.maintenance import maintain

    with Lake.open(settings.home, settings.warehouse) as lake:
        done = maintain(lake, now=datetime.now(UTC))
    click.echo(
        f"{done.snapshots_expired} snapshots expired, {done.files_deleted} files deleted, {done.files} left"
    )
