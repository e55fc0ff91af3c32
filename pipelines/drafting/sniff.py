"""How a file is written: its format, compression, encoding, separator and decimal mark, from its bytes.

Here: guesses on the bytes of one good file. Not here: what its columns mean (`match`), or whether the
file keeps a contract (the gates).
"""

from __future__ import annotations

import csv
import gzip
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from contracts.model import WireFormat

LOOKED_AT = 200_000
_DELIMITERS = (";", ",", "\t", "|")
_COMMA_NUMBER = re.compile(r"^-?\d+,\d+$")
_POINT_NUMBER = re.compile(r"^-?\d+\.\d+$")


class DraftError(Exception):
    """A file that no first contract can be drawn from, in words for whoever gave it."""


@dataclass(frozen=True)
class Sniffed:
    """How a file is written."""

    wire_format: WireFormat
    compression: str | None = None
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."


def sniff_file(path: Path) -> Sniffed:
    """Look at the start of a file. Raises DraftError for what no format of ours reads."""
    head = path.open("rb").read(4)
    if not head:
        raise DraftError(f"{path.name} is empty")
    if head.startswith(b"PK"):
        return _sniff_zip(path)
    compression = "gzip" if head.startswith(b"\x1f\x8b") else None
    data = _start_of(path, compression)
    encoding, text = _decode(data)
    if text.lstrip().startswith(("[", "{")):
        if not text.lstrip().startswith("["):
            raise DraftError(f"{path.name} is one JSON object; a list of NGSI-LD entities is read here")
        return Sniffed(WireFormat.NGSI_LD, compression, encoding)
    if text.lstrip().lower().startswith(("<!doctype", "<html", "<?xml")):
        raise DraftError(f"{path.name} is a web page or XML, not a table")
    delimiter = _delimiter(text)
    return Sniffed(WireFormat.DELIMITED, compression, encoding, delimiter, _decimal(text, delimiter))


def _sniff_zip(path: Path) -> Sniffed:
    names = zipfile.ZipFile(path).namelist() if zipfile.is_zipfile(path) else []
    if not {"stops.txt", "trips.txt"} & set(names):
        raise DraftError(f"{path.name} is a zip without GTFS files at its root")
    return Sniffed(WireFormat.GTFS)


def _start_of(path: Path, compression: str | None) -> bytes:
    try:
        with gzip.open(path) if compression else path.open("rb") as file:
            return bytes(file.read(LOOKED_AT))
    except (OSError, EOFError) as error:
        raise DraftError(f"{path.name} can't be unpacked: {error}") from error


def _decode(data: bytes) -> tuple[str, str]:
    """Return the encoding and the text; a cut last character does no harm."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", data.decode("utf-16", "ignore")
    try:
        return "utf-8", data[:-4].decode("utf-8-sig") if len(data) == LOOKED_AT else data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(data) == LOOKED_AT and error.start > LOOKED_AT - 8:
            return "utf-8", data.decode("utf-8-sig", "ignore")
        return "latin-1", data.decode("latin-1")


def _delimiter(text: str) -> str:
    """The separator that cuts the first lines into most cells, each line into as many."""
    lines = [line for line in text.splitlines()[:50] if line.strip()]

    def cells(delimiter: str) -> tuple[bool, int]:
        widths = [len(next(csv.reader([line], delimiter=delimiter), [])) for line in lines[:-1] or lines]
        return len(set(widths)) == 1, widths[0]

    return max(_DELIMITERS, key=cells)


def _decimal(text: str, delimiter: str) -> str:
    """A comma, if numbers are written with one and none with a point."""
    cells = [c for row in csv.reader(text.splitlines()[1:200], delimiter=delimiter) for c in row]
    commas = any(_COMMA_NUMBER.match(c.strip()) for c in cells)
    return "," if commas and not any(_POINT_NUMBER.match(c.strip()) for c in cells) else "."
