"""`regie serve-partners`: the partners' HTTP servers, for trying connectors by hand."""

from __future__ import annotations

import threading

import click

from contracts.pool import load_pool
from pipelines.cli.interrupts import hear_interrupts
from pipelines.cli.places import require_feeds, require_port
from pipelines.settings import Settings


@click.command("serve-partners")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Port on loopback; 0 takes a free one.",
)
@click.option(
    "--edition",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    help="1 serves first deliveries, 2 their corrections.",
)
@click.pass_obj
def command(settings: Settings, port: int, edition: int) -> None:
    """Serve the pool's feeds/ folder on loopback until Ctrl-C, with ETag, Last-Modified, Range and 304."""
    from pipelines.partner_server import serve_partners

    pool = load_pool(settings.pool)
    feeds = require_feeds(settings)
    require_port(port, "--port")
    with serve_partners(feeds, port=port, edition=edition, timezone=pool.timezone) as server:
        try:
            hear_interrupts()
            click.echo(f"Partners of {pool.id} at {server.base} (export REGIE_PARTNERS={server.base})")
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
