"""`regie ui`: Dagster's own UI on the instance that the pool's runs wrote."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import click

from contracts.pool import load_pool
from pipelines.cli.interrupts import hear_interrupts
from pipelines.cli.places import require_home, require_port
from pipelines.instance import prepare_instance
from pipelines.page_server import serve_pages
from pipelines.partner_server import serve_partners
from pipelines.settings import Settings

LAST_EDITION = 2
LOOPBACK = ("127.0.0.1", "localhost")
STOP_SECONDS = 10
"""Dagster's processes don't all stop on SIGTERM: after this they are killed."""


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Dagster's port."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address that Dagster listens on.")
@click.pass_obj
def command(settings: Settings, port: int, host: str) -> None:
    """Open Dagster (webserver and daemon) on this pool's instance until Ctrl-C, and serve its pages.

    Pages are served on loopback at REGIE_PORTAL (default http://127.0.0.1:3001), unless that names
    another machine.
    """
    pool = load_pool(settings.pool)
    require_home(settings)
    require_port(port, "--port", host)
    prepare_instance(settings)
    workspace = Path(__file__).resolve().parent.parent.parent / "workspace.yaml"
    arguments = ["-w", str(workspace), "--host", host, "--port", str(port)]
    click.echo(f"Dagster at http://{host}:{port} (Ctrl-C to stop)")
    hear_interrupts()
    with contextlib.ExitStack() as stack:
        if (pages_port := _own_port(settings.portal)) is not None:
            require_port(pages_port, "REGIE_PORTAL")
            click.echo(f"Pages at {stack.enter_context(serve_pages(settings.home, pages_port))}")
        if settings.base is None and (settings.pool / "feeds").is_dir():
            server = stack.enter_context(
                serve_partners(settings.pool / "feeds", edition=LAST_EDITION, timezone=pool.timezone)
            )
            click.echo(f"Partners of {pool.id} at {server.base}")
            settings = replace(settings, base=server.base)
        _run_dagster(settings, workspace, arguments)


def _own_port(portal: str) -> int | None:
    """Return the port to serve pages on; None if another machine serves them."""
    address = urlsplit(portal)
    return (address.port or 80) if address.hostname in LOOPBACK else None


def _run_dagster(settings: Settings, workspace: Path, arguments: list[str]) -> None:
    process = subprocess.Popen(  # noqa: S603  # our own interpreter and arguments
        [sys.executable, "-m", "dagster", "dev", *arguments],
        cwd=workspace.parent,
        env={**os.environ, "PYTHONWARNINGS": "ignore::FutureWarning", **settings.to_environment()},
        start_new_session=True,
    )
    try:
        raise SystemExit(process.wait())
    except KeyboardInterrupt:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
