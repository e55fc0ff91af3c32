"""What a transport brings back: bytes on disk with their digest, or the reason there are none.

Here: the result types and the digesting writer that all transports share. Not here: fetching.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path


class FetchOutcome(StrEnum):
    """What became of asking a partner for a file."""

    FETCHED = "fetched"
    NOT_MODIFIED = "not_modified"
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True)
class Fetched:
    """One answer of a transport; `path` is set when bytes came."""

    outcome: FetchOutcome
    source: str
    detail: str
    """Plain words, for a person who was not there."""
    path: Path | None = None
    sha256: str = ""
    size: int = 0
    published_at: datetime | None = None
    headers: dict[str, str] = field(default_factory=dict)


class TooLargeError(Exception):
    """More bytes came, or were announced, than the contract allows."""

    def __init__(self, size: int, max_bytes: int) -> None:
        """Say both numbers."""
        super().__init__(f"the file is too large: {size} bytes or more, the contract allows {max_bytes}")


def write_stream(chunks: Iterable[bytes], path: Path, max_bytes: int) -> tuple[str, int]:
    """Write chunks to a new file, flushed to disk; return (SHA-256, bytes).

    Raises TooLargeError beyond `max_bytes` and OSError when the disk refuses.
    """
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > max_bytes:
                raise TooLargeError(size, max_bytes)
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest(), size


def is_disk_full(error: OSError) -> bool:
    """Whether the file system, or the account's share of it, has no room left."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT}
