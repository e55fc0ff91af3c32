"""From a staged folder to what everyone sees: one rename, then one switch of `published/current`.

Here: folders, digests and the switch. Not here: what is staged, or whether it may be.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from contracts.layout import Home
from publishing.errors import PublicationError
from publishing.extracts import hash_file

CURRENT = "current"
VERSIONS = "versions"
_STAGING = ".staging"
_LINK = ".current.next"


def stage_folder(home: Home) -> Path:
    """Return a new empty staging folder; what a killed run left behind is removed."""
    staging = home.published / _STAGING
    if staging.exists():
        shutil.rmtree(staging)
    link = home.published / _LINK
    link.unlink(missing_ok=True)
    staging.mkdir(parents=True)
    return staging


def digest_tree(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below the folder, by its path, sorted."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hash_file(path) for path in paths}


def name_version(digests: Mapping[str, str], *inputs: str) -> str:
    """Name a version by what it holds and what it was made from: 32 hex digits."""
    lines = [f"{path} {digest}" for path, digest in sorted(digests.items())]
    return hashlib.sha256("\n".join([*lines, *inputs]).encode()).hexdigest()[:32]


def is_kept(home: Home, version: str) -> bool:
    """Whether that version already stands among the immutable ones."""
    return (home.published / VERSIONS / version).is_dir()


def current_version(home: Home) -> str | None:
    """Name of the version that `current` points to, None before the first publication."""
    link = home.published / CURRENT
    return link.readlink().name if link.is_symlink() else None


def keep_version(home: Home, staging: Path, version: str) -> Path:
    """Move the staged folder among the versions, on disk before it is named; return its place.

    A version that stands there already must hold the same bytes. Raises PublicationError
    `version_differs`.
    """
    target = home.published / VERSIONS / version
    if target.is_dir():
        if digest_tree(target) != digest_tree(staging):
            raise PublicationError(
                "catalogue", "version_differs", f"version {version} exists with other bytes"
            )
        shutil.rmtree(staging)
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    _flush(staging)
    staging.rename(target)
    _flush_folder(target.parent)
    return target


def switch_current(home: Home, version: str) -> bool:
    """Point `current` at the version in one step; return whether that changed anything."""
    if current_version(home) == version:
        return False
    following = home.published / _LINK
    following.unlink(missing_ok=True)
    following.symlink_to(Path(VERSIONS) / version)
    following.replace(home.published / CURRENT)
    _flush_folder(home.published)
    return True


def _flush(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
