"""`regie ui`: Dagster's own UI on the instance that the pool's runs wrote."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import click

from pipelines.instance import prepare_instance
from pipelines.settings import Settings

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
    process = subprocess.Popen(  # noqa: S603  # our own interpreter and arguments
        [sys.executable, "-m", "dagster", "dev", *arguments],
        cwd=workspace.parent,
        env={**os.environ, **settings.to_environment()},
        start_new_session=True,
    )
    signal.signal(signal.SIGTERM, _raise_interrupt)
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
