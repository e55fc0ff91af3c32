"""Take a file from a path, or the newest fitting file from a folder.

Here: copying bytes from a file system we can read, inside the folders we were allowed. Not here:
keeping what came (`connectors/landing`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from connectors.transports.fetched import Fetched, FetchOutcome, TooLargeError, write_stream

CHUNK_BYTES = 1 << 20


def read_path(location: str, beside: Path) -> Path:
    """Return the path that a `file:` URL or plain path names; relative paths start at `beside`."""
    if location.startswith("file:"):
        return beside / unquote(urlsplit(location).path)
    return beside / location


def fetch_folder(
    path: Path,
    target: Path,
    *,
    max_bytes: int,
    period: str | None = None,
    allowed_folders: Sequence[Path] | None = None,
) -> Fetched:
    """Copy the file at `path` (or the folder's newest file of the period) to the new file `target`.

    `allowed_folders` None means that a person chose the path. Raises OSError when our own disk
    refuses.
    """
    found = _find(path, period)
    if allowed_folders is not None and not _is_inside(found or path, allowed_folders):
        return Fetched(FetchOutcome.FAILED, str(path), f"{path} lies outside the folders that may be read")
    if found is None:
        return Fetched(FetchOutcome.MISSING, str(path), f"there is no file at {path}")
    return _copy(found, target, max_bytes)


def _find(path: Path, period: str | None) -> Path | None:
    """Return the file itself, or the newest (then last by name) file of a folder that names the period."""
    if path.is_file():
        return path
    if not path.is_dir():
        return None
    fitting = [file for file in path.iterdir() if file.is_file() and (period is None or period in file.name)]
    return max(fitting, key=lambda file: (file.stat().st_mtime_ns, file.name), default=None)


def _is_inside(path: Path, folders: Sequence[Path]) -> bool:
    """Whether the path, links followed, lies in one of the folders: a contract may name any path."""
    resolved = path.resolve()
    return any(resolved.is_relative_to(folder.resolve()) for folder in folders)


def _copy(path: Path, target: Path, max_bytes: int) -> Fetched:
    try:
        published_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        file = path.open("rb")
    except OSError as error:
        return Fetched(FetchOutcome.FAILED, str(path), f"{path} cannot be read: {error.strerror}")
    with file:
        chunks: Iterator[bytes] = iter(lambda: file.read(CHUNK_BYTES), b"")
        try:
            sha256, size = write_stream(chunks, target, max_bytes)
        except TooLargeError as error:
            return Fetched(FetchOutcome.FAILED, str(path), str(error))
    return Fetched(
        FetchOutcome.FETCHED,
        str(path),
        f"{size} bytes read",
        path=target,
        sha256=sha256,
        size=size,
        published_at=published_at,
    )
