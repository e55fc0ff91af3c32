"""`regie contributor`: who delivers to the pool."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli import USAGE
from pipelines.settings import Settings


@click.group()
def command() -> None:
    """Add contributors to the pool."""


@command.command("add")
@click.argument("contributor")
@click.option(
    "--contract",
    "draft",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Its first contract, as `regie contract draft` writes it.",
)
@click.option("--name", help="Its name for people [default: the id with a capital].")
@click.option("--email", help="Whom to write to [default: the contract's support].")
@click.pass_obj
def add(settings: Settings, contributor: str, draft: Path, name: str | None, email: str | None) -> int:
    """Add CONTRIBUTOR (small letters, digits, hyphens) with a contract to the pool, if it then still loads.

    Exit codes: 0 added, 2 not added, and the pool is as it was.
    """
    from pipelines.onboarding import OnboardingError, add_contributor

    try:
        files = add_contributor(settings.pool, contributor, draft, name=name, email=email)
    except OnboardingError as error:
        click.echo(str(error), err=True)
        return USAGE
    for path in files:
        click.echo(str(path))
    click.echo(f"Next: regie --pool {settings.pool} contract lint --pool", err=True)
    return 0
