"""Write a delivery to disk so that it is there whole or not at all, and never changes.

Here: the scratch folder, the one rename, the note of when bytes were seen again. Not here: what is
kept (`landing`), or reading it back (`landed`).
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from connectors.landed import DATA, SIDECAR, read_seen, seen_path
from connectors.transports.fetched import Fetched
from contracts.layout import Home
from contracts.verdict import Arrival

SCRATCH_PREFIX = "landing-"
ABANDONED_AFTER_S = 86_400
READ_ONLY = 0o444


@contextmanager
def open_scratch(home: Home) -> Iterator[Path]:
    """Give an empty folder on the home's file system; whatever is left in it goes at the end."""
    home.scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=SCRATCH_PREFIX, dir=home.scratch))
    _sweep(home, folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def move_in(folder: Path, target: Path, arrival: Arrival) -> bool:
    """Give the scratch folder its final name in one step; False if these bytes were there already."""
    if (target / SIDECAR).exists():
        return False
    _write_synced(folder / SIDECAR, arrival.model_dump_json(indent=2))
    for name in (DATA, SIDECAR):
        (folder / name).chmod(READ_ONLY)
    _sync_folder(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.chmod(0o755)
        folder.rename(target)
    except OSError as error:
        # Another process landed the same bytes meanwhile: its copy is as good as ours.
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            return False
        raise
    _sync_folder(target.parent)
    return True


def touch(home: Home, arrival: Arrival, now: datetime, fetched: Fetched) -> None:
    """Note beside the delivery that its bytes were seen again; the delivery itself never changes."""
    path = seen_path(home, arrival)
    headers = fetched.headers or (read_seen(home, arrival) or {}).get("headers") or arrival.headers
    note = {"last_seen": now.isoformat(), "source": fetched.source, "headers": headers}
    handle, name = tempfile.mkstemp(prefix="seen-", dir=home.scratch)
    os.close(handle)
    try:
        _write_synced(Path(name), json.dumps(note, indent=2, sort_keys=True))
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _sweep(home: Home, newest: Path) -> None:
    """Remove what killed landings left, by the file system's own clock: the newest folder was made now."""
    limit = newest.stat().st_mtime - ABANDONED_AFTER_S
    for folder in home.scratch.glob(f"{SCRATCH_PREFIX}*"):
        with suppress(FileNotFoundError):
            if folder.stat().st_mtime < limit:
                shutil.rmtree(folder, ignore_errors=True)


def _write_synced(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
