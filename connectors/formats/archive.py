"""Unpack gzip and zip as if their sender were hostile: bounded, checked to the last byte.

Here: unpacking into scratch. Not here: what the unpacked text means (`delimited`, `gtfs`, `ngsi`).
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import BinaryIO

from connectors.formats.sniff import describe_bytes, find_html
from contracts.raw_table import ReadFinding, UnreadableError

CHUNK_BYTES = 1 << 20
MAX_ENTRIES = 200
MAX_RATIO = 200
"""A text file packs 5 to 30 times; beyond 200 it was made to explode."""
RATIO_FLOOR_BYTES = 50_000_000
"""Below this size no ratio is judged: an empty table packs very well."""
MAX_UNPACKED_PER_PACKED_LIMIT = 40
GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK"


def gunzip(data: Path, target: Path, max_bytes: int) -> Path:
    """Decompress to the end, CRC checked, into the new file `target`; return it.

    `max_bytes` bounds the packed file; unpacked it may be 40 times that. Raises UnreadableError.
    """
    with data.open("rb") as file:
        head = file.read(512)
    if not head.startswith(GZIP_MAGIC):
        raise UnreadableError(find_html(head) or _refuse_kind("gzip", head))
    limit = _bound(data.stat().st_size, max_bytes)
    try:
        with gzip.open(data, "rb") as packed, target.open("xb") as out:
            _copy_bounded(packed.read, out, limit)
    except EOFError as error:
        detail = "the gzip file ends too early: it was cut in transfer or while it was written"
        raise UnreadableError(ReadFinding("truncated_archive", detail)) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        finding = ReadFinding("unreadable", f"the gzip file is damaged: {error}", expected="gzip")
        raise UnreadableError(finding) from error
    return target


def unzip(data: Path, folder: Path, wanted: Collection[str], max_bytes: int) -> dict[str, Path]:
    """Unpack the wanted names from the archive's root, every entry's CRC checked; return their paths.

    Nothing is written under a name that the archive chose. Raises UnreadableError.
    """
    try:
        with zipfile.ZipFile(data) as archive:
            entries = archive.infolist()
            _check_entries(entries, _bound(data.stat().st_size, max_bytes))
            return _unpack(archive, entries, folder, wanted)
    except zipfile.BadZipFile as error:
        raise UnreadableError(_explain_bad_zip(data, error)) from error
    except (zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        finding = ReadFinding("unreadable", f"the zip file is damaged: {error}", expected="zip")
        raise UnreadableError(finding) from error


def find_misplaced(data: Path, name: str) -> str | None:
    """Return the path inside the zip of a name in a sub-folder or in another case; None if nowhere."""
    with zipfile.ZipFile(data) as archive:
        names = archive.namelist()
    return next((other for other in names if other.rpartition("/")[2].casefold() == name.casefold()), None)


def _bound(packed_bytes: int, max_bytes: int) -> int:
    """Return how many bytes may come out."""
    return min(max(packed_bytes * MAX_RATIO, RATIO_FLOOR_BYTES), max_bytes * MAX_UNPACKED_PER_PACKED_LIMIT)


def _copy_bounded(read: Callable[[int], bytes], out: BinaryIO, limit: int) -> int:
    size = 0
    while chunk := read(CHUNK_BYTES):
        size += len(chunk)
        if size > limit:
            detail = f"the archive unpacks to more than {limit} bytes: refused as a possible bomb"
            raise UnreadableError(ReadFinding("unreadable", detail, expected=f"<= {limit} bytes"))
        out.write(chunk)
    return size


def _check_entries(entries: list[zipfile.ZipInfo], limit: int) -> None:
    names = [entry.filename for entry in entries]
    problems = (
        (len(entries) > MAX_ENTRIES, f"the zip file holds {len(entries)} entries, {MAX_ENTRIES} are allowed"),
        (len(set(names)) < len(names), "the zip file holds two entries of one name"),
        (any(_escapes(name) for name in names), "the zip file holds a path that leaves its folder"),
        (any(entry.flag_bits & 1 for entry in entries), "the zip file is encrypted"),
        (
            sum(entry.file_size for entry in entries) > limit,
            f"the zip file unpacks to more than {limit} bytes: refused as a possible bomb",
        ),
    )
    findings = [
        ReadFinding("unreadable", detail, expected="zip") for is_broken, detail in problems if is_broken
    ]
    if findings:
        raise UnreadableError(*findings)


def _escapes(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name


def _unpack(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path, wanted: Collection[str]
) -> dict[str, Path]:
    """Read every entry to its end (which checks its CRC); write those wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    for number, entry in enumerate(entries):
        path = folder / f"entry-{number}"
        with archive.open(entry) as packed, path.open("xb") as out:
            _copy_bounded(packed.read, out, entry.file_size)
        if entry.filename in wanted:
            paths[entry.filename] = path
        else:
            path.unlink()
    return paths


def _explain_bad_zip(data: Path, error: zipfile.BadZipFile) -> ReadFinding:
    with data.open("rb") as file:
        head = file.read(512)
    if not head:
        return ReadFinding("empty_delivery", "the file is empty")
    if head.startswith(ZIP_MAGIC):
        if "CRC" in str(error):
            return ReadFinding("unreadable", f"the zip file is damaged: {error}", expected="zip")
        detail = "the zip file has lost its end: it was cut in transfer or while it was written"
        return ReadFinding("truncated_archive", detail)
    return find_html(head) or _refuse_kind("zip", head)


def _refuse_kind(promised: str, head: bytes) -> ReadFinding:
    if not head:
        return ReadFinding("empty_delivery", "the file is empty")
    observed = describe_bytes(head)
    return ReadFinding(
        "unreadable", f"not a {promised} file but {observed}", expected=promised, observed=observed
    )
