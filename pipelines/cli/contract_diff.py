"""`regie contract diff`: what a change breaks, for whom, and which version it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import ACCEPTED, REJECTED
from pipelines.cli.console import print_json, print_table, progress_printer
from pipelines.settings import Settings

if TYPE_CHECKING:
    from contracts.diff import Comparison
    from contracts.model import Contract
    from pipelines.replay import Replayed


@click.command()
@click.argument("old", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("new", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replay", type=click.IntRange(min=1), help="Judge the last N deliveries of the home by both.")
@click.option("--json", "as_json", is_flag=True, help="Print one object.")
@click.pass_obj
def command(settings: Settings, old: Path, new: Path, replay: int | None, as_json: bool) -> int:
    """Compare contract NEW with OLD: each change, whom it breaks, the version it asks for.

    Datasets that read a column are those of the pool (--pool, before `contract`). With --replay N, the
    last N deliveries that the home (--home) has of the feed are judged by both, in a home that is thrown
    away. Exit codes: 0 the version says what changed, 1 it does not, 2 usage or contract error.
    """
    from contracts.diff import compare_contracts
    from contracts.pool import timezone_of
    from contracts.resolve import load_contract
    from pipelines.column_readers import readers_for

    pool = settings.pool if (settings.pool / "datasets").is_dir() else None
    zone = timezone_of(settings.pool)
    before, after = load_contract(old, timezone=zone), load_contract(new, timezone=zone)
    comparison = compare_contracts(before, after, readers_for(pool, before))
    replayed = _replay(settings, before, after, replay) if replay else []
    if as_json:
        print_json(_as_json(comparison, replayed))
    else:
        _print(comparison)
        if replay:
            _print_replay(replayed, replay)
    return ACCEPTED if comparison.is_honoured else REJECTED


def _replay(settings: Settings, old: Contract, new: Contract, length: int) -> list[Replayed]:
    from pipelines.replay import replay

    return replay(settings, old, new, length, progress_printer())


def _print(comparison: Comparison) -> None:
    if not comparison.changes:
        click.echo("Nothing changes.")
    for change in comparison.changes:
        whom = ", ".join(change.breaks)
        head = f"BREAKS {whom}" if whom else change.level.name.lower()
        click.echo(f"{head}: {change.key}: {change.words} ({change.code})")
        if change.readers:
            click.echo(f"    read by {', '.join(change.readers)}")
    said = f"{comparison.old} -> {comparison.new}"
    if comparison.is_honoured:
        click.echo(f"version {said}: right for these changes ({comparison.level.name.lower()})")
    else:
        click.echo(
            f"error: version {said} does not say what changes ({comparison.level.name.lower()}): "
            f"write `version: {comparison.proposed}`",
            err=True,
        )


def _print_replay(replayed: list[Replayed], length: int) -> None:
    if not replayed:
        click.echo("The home has no delivery of this feed.")
        return
    changed = [r for r in replayed if r.is_changed]
    click.echo(
        f"\nJudged again: the last {len(replayed)} deliveries (of {length} asked for); "
        f"{len(changed)} would be judged otherwise."
    )
    if changed:
        header = (
            "period",
            "delivery",
            "rule",
            "rows before",
            "rows after",
            "verdict before",
            "verdict after",
        )
        print_table(header, [row for r in changed for row in r.rows()])


def _as_json(comparison: Comparison, replayed: list[Replayed]) -> dict[str, Any]:
    return {
        "old": comparison.old,
        "new": comparison.new,
        "level": comparison.level.name.lower(),
        "proposed": comparison.proposed,
        "is_honoured": comparison.is_honoured,
        "changes": [
            {
                "code": c.code,
                "key": c.key,
                "words": c.words,
                "level": c.level.name.lower(),
                "breaks": list(c.breaks),
                "readers": list(c.readers),
            }
            for c in comparison.changes
        ],
        "replayed": [r.as_json() for r in replayed],
    }
