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

from pipelines.instance import prepare_instance
from pipelines.page_server import serve_pages
from pipelines.partner_server import serve_partners
from pipelines.settings import Settings

LAST_EDITION = 2
STOP_SECONDS = 10
"""Dagster's processes don't all stop on SIGTERM: after this they are killed."""


@click.command()
@click.option("--port", default=3000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.pass_obj
def command(settings: Settings, port: int, host: str) -> None:
    """Open Dagster (webserver and daemon) on this pool's instance until Ctrl-C."""
    prepare_instance(settings)
    workspace = Path(__file__).resolve().parent.parent.parent / "workspace.yaml"
    arguments = ["-w", str(workspace), "--host", host, "--port", str(port)]
    click.echo(f"Dagster at http://{host}:{port} (Ctrl-C to stop)")
    signal.signal(signal.SIGTERM, _raise_interrupt)
    with contextlib.ExitStack() as stack:
        pages = stack.enter_context(serve_pages(settings.home, urlsplit(settings.portal).port or 80))
        click.echo(f"Pages at {pages}")
        if settings.base is None and (settings.pool / "feeds").is_dir():
            server = stack.enter_context(serve_partners(settings.pool / "feeds", edition=LAST_EDITION))
            click.echo(f"Partners of the bundled pool at {server.base}")
            settings = replace(settings, base=server.base)
        _run_dagster(settings, workspace, arguments)


def _run_dagster(settings: Settings, workspace: Path, arguments: list[str]) -> None:
    process = subprocess.Popen(  # noqa: S603  # our own interpreter and arguments
        [sys.executable, "-m", "dagster", "dev", *arguments],
        cwd=workspace.parent,
        env={**os.environ, **settings.to_environment()},
        start_new_session=True,
    )
    try:
        raise SystemExit(process.wait())
    except KeyboardInterrupt:
        _stop(process)


def _raise_interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _stop(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
