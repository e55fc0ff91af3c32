"""Where a command works: a home that can be written, a lake that is there.

Here: turning a wrong place into a sentence and exit code 2. Not here: opening anything else.
"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.settings import Settings

if TYPE_CHECKING:
    from warehouse.lake import Lake


def require_home(settings: Settings) -> None:
    """Make the home's folder if it is not there; raises UsageError if it can't be written."""
    from warehouse.lake import LakeSettingError, locate

    root = settings.home.root
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
        locate(settings.home, settings.warehouse)
    except OSError as error:
        raise click.UsageError(
            f"{root} can't be written ({error.strerror}): choose another home with --home or REGIE_HOME"
        ) from error
    except LakeSettingError as error:
        raise click.UsageError(f"REGIE_WAREHOUSE: {error}") from error


def require_feeds(settings: Settings) -> Path:
    """Return the pool's feeds/ folder, which plays the partners; raises UsageError without one."""
    folder = settings.pool / "feeds"
    if not folder.is_dir():
        raise click.UsageError(
            f"{settings.pool} has no feeds/ folder: there is nothing to play partners with"
        )
    return folder


def require_port(port: int, option: str, host: str = "127.0.0.1") -> None:
    """Raise UsageError if something listens on the port already; `option` says how to choose another."""
    try:
        with socket.create_server((host, port)):
            return
    except OSError as error:
        raise click.UsageError(
            f"port {port} of {host} can't be had ({error.strerror}): choose another with {option}"
        ) from error


def open_lake(settings: Settings, *, read_only: bool = True, folders: Sequence[Path] = ()) -> Lake:
    """Open a lake that a run has made; raises UsageError where there is none."""
    from warehouse.lake import Lake, LakeMissingError, LakeSettingError, locate

    try:
        place = locate(settings.home, settings.warehouse)
        if place.postgres is None and not place.catalogue.is_file():
            raise LakeMissingError(f"no lake at {place.catalogue}")
        return Lake.open(settings.home, settings.warehouse, read_only=read_only, folders=folders)
    except LakeMissingError as error:
        raise click.UsageError(f"{error}: run `regie demo` or `regie run` first, or give --home") from error
    except LakeSettingError as error:
        raise click.UsageError(f"REGIE_WAREHOUSE: {error}") from error
