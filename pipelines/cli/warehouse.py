"""`regie warehouse`: look after the lake."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli.places import open_lake
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

    with open_lake(settings, folders=[file.resolve().parent]) as lake:
        export(lake, file)
    click.echo(str(file))


@command.command("maintain")
@click.pass_obj
def maintain_lake(settings: Settings) -> None:
    """Merge small files, drop expired snapshots and the files nobody reads any more."""
    from datetime import UTC, datetime

    from warehouse.maintenance import maintain

    with open_lake(settings, read_only=False) as lake:
        done = maintain(lake, now=datetime.now(UTC))
    click.echo(
        f"{done.snapshots_expired} snapshots expired, {done.files_deleted} files deleted, {done.files} left"
    )
