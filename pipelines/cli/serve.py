"""`regie serve`: the portal over HTTP: pages, open data, trying a file, depositing one."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from pipelines.cli.places import require_port
from pipelines.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=3001, show_default=True, help="Port to listen on."
)
@click.option(
    "--keep-days",
    type=click.IntRange(1, 366),
    default=7,
    show_default=True,
    help="Days for which a try's result can be read.",
)
@click.pass_obj
def command(settings: Settings, host: str, port: int, keep_days: int) -> None:
    """Serve reports, open data, and the pages on which contributors try and deposit files, until Ctrl-C.

    Open to the world only behind a server that speaks TLS: tokens travel in requests. Mails are sent
    if REGIE_SMTP_HOST is set; REGIE_PORTAL is the address that they and other links name.
    """
    import uvicorn

    from pipelines.resources import engine_for
    from pipelines.serve import open_desk
    from portal.api.app import create_app

    require_port(port, "--port", host)
    engine = engine_for(settings)
    app = create_app(open_desk(engine, lambda: datetime.now(UTC), keep_days=keep_days))
    click.echo(f"{engine.pool.id} at http://{host}:{port} (Ctrl-C to stop)", err=True)
    sys.stdout.flush()
    uvicorn.run(
        app, host=host, port=port, log_level="warning", server_header=False, timeout_graceful_shutdown=10
    )
