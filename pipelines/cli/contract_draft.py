"""`regie contract draft`: a first contract from real files."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli import USAGE
from pipelines.settings import Settings


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--like", "standard", required=True, help="Standard it is based on, such as meter-readings.")
@click.option("--id", "feed", help="Feed's name [default: CONTRIBUTOR-STANDARD].")
@click.option("--contributor", default="contributor", show_default=True, help="Who delivers.")
@click.option("--timezone", help="Zone of local days and of times without offset [default: the pool's].")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write there, not on the screen."
)
@click.pass_obj
def command(
    settings: Settings,
    files: tuple[Path, ...],
    standard: str,
    feed: str | None,
    contributor: str,
    timezone: str | None,
    out: Path | None,
) -> int:
    """Draw a first contract from good FILES of one feed: formats, columns, types, units, ranges as observed.

    Everything is closed, and every guess is marked `# to review:`. Exit codes: 0 drawn, 2 no draft.
    """
    from contracts.pool import timezone_of
    from pipelines.drafting.draft import draft_contract
    from pipelines.drafting.sniff import DraftError

    try:
        text = draft_contract(
            files,
            standard,
            contributor=contributor,
            feed=feed,
            timezone=timezone or timezone_of(settings.pool),
        )
    except DraftError as error:
        click.echo(str(error), err=True)
        return USAGE
    if out is None:
        click.echo(text, nl=False)
        return 0
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    guesses = text.count("# to review:")
    click.echo(f"{out}: {guesses} guesses to review. Then:", err=True)
    click.echo(f"  regie contract lint {out}\n  regie check {out} {files[0]}", err=True)
    return 0
