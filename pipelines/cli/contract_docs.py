"""`regie contract docs`: contracts as pages for people."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.settings import Settings


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    default="regie-contracts",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the pages.",
)
@click.pass_obj
def command(settings: Settings, files: tuple[Path, ...], out: Path) -> int:
    """Write contract FILES as pages in French and English; without FILES, all contracts of the pool.

    A pool's run writes the same pages beside its index, with the versions that judged deliveries.
    """
    from contracts.layout import Home
    from contracts.pool import load_pool, timezone_of
    from contracts.resolve import load_contract
    from portal.contract_pages import write_contract_page

    zone = timezone_of(settings.pool)
    contracts = (
        [load_contract(file, timezone=zone) for file in files]
        if files
        else load_pool(settings.pool).contracts
    )
    for contract in contracts:
        click.echo(write_contract_page(contract, Home(out.resolve())).as_uri())
    return 0
