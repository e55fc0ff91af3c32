"""Guess from the first bytes what a file really is, for words a sender understands.

Here: HTML, kinds of binary, encodings. Not here: separators and columns (`header`).
"""

from __future__ import annotations

from contracts.raw_table import ReadFinding

_KINDS = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip (or an Office file)"),
    (b"%PDF", "PDF"),
    (b"PAR1", "Parquet"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file"),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"<?xml", "XML"),
)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def find_html(head: bytes) -> ReadFinding | None:
    """Return the finding if the first bytes are a page of HTML."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")) or (text.startswith(b"<?xml") and b"<html" in text):
        detail = "a web page came instead of the data: look for a login, an error or a moved address"
        return ReadFinding("html_instead_of_data", detail, observed="text/html", line=1)
    return None


def describe_bytes(head: bytes) -> str:
    """Return a word for what the first bytes look like."""
    if not head:
        return "an empty file"
    for magic, word in _KINDS:
        if head.lstrip().startswith(magic):
            return word
    if is_utf16(head):
        return "UTF-16 text"
    return "binary" if b"\0" in head else "plain text"


def is_utf16(head: bytes) -> bool:
    """Whether the bytes carry UTF-16's mark, or its zeros."""
    return head.startswith(_UTF16_MARKS) or (b"\0" in head and head[:64].count(b"\0") >= len(head[:64]) // 3)


def guess_legacy_encoding(line: bytes) -> str:
    """Name the one-byte encoding that bytes which are not UTF-8 most likely are."""
    return "Windows-1252" if any(0x80 <= byte < 0xA0 for byte in line) else "Latin-1"  # noqa: PLR2004 - C1 range
