"""`regie init`: an empty pool."""

from __future__ import annotations

import re
from pathlib import Path

import click

from pipelines.cli import USAGE


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--id", "pool_id", help="Small letters, digits, hyphens [default: the folder's name].")
@click.option("--title-fr", help="The pool's name in French [default: its id].")
@click.option("--title-en", help="The pool's name in English [default: its id].")
@click.option("--timezone", default="Europe/Paris", show_default=True, help="IANA zone of local days.")
@click.option("--country", help="Two capital letters, such as FR.")
@click.option("--email", help="Whom to write to about the pool [default: pool@ID.example].")
def command(
    folder: Path,
    pool_id: str | None,
    title_fr: str | None,
    title_en: str | None,
    timezone: str,
    country: str | None,
    email: str | None,
) -> int:
    """Write an empty pool into FOLDER: plain files, ready for a first contributor.

    Exit codes: 0 written, 2 there is one already.
    """
    from pipelines.onboarding import NewPool, OnboardingError, init_pool

    name = pool_id or re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "pool"
    try:
        files = init_pool(
            folder,
            NewPool(
                id=name,
                title_fr=title_fr or name,
                title_en=title_en or name,
                timezone=timezone,
                email=email or f"pool@{name}.example",
                country=country,
            ),
        )
    except OnboardingError as error:
        click.echo(str(error), err=True)
        return USAGE
    for path in files:
        click.echo(str(path))
    click.echo(f"Next: regie --pool {folder} contributor add NAME --contract DRAFT", err=True)
    return 0
