"""Uploads, written to disk as they come: a raw body or a form, bounded in bytes and in silence.

Here: the stream, its limits, the form's parser. What is cut off, too large or too slow leaves nothing
behind. Not here: who may send (`deposits`), or what the bytes are (the gates).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import anyio
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from portal.api.desk import Upload
from portal.api.words import RefusalError

MAX_FILES = 31
MAX_TOTAL = 4
"""All files of a form together may be this many times one file."""
MAX_FIELD_BYTES = 4096
FORM_SLACK = 65_536
_UNSAFE = re.compile(r"[^\w.()@+ -]+")

Permit = Callable[[Mapping[str, str]], None]
"""Called with the form's fields so far before the first byte of a file is kept; raises RefusalError."""


@dataclass
class Received:
    """What came: files in their order, and the form's other fields."""

    files: list[Upload] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


async def receive(
    request: Request, folder: Path, *, max_bytes: int, idle_s: float, permit: Permit
) -> Received:
    """Write the request's files into the folder; raises RefusalError, and then the folder is worthless."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise RefusalError(415, "encoded")
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    chunks = _bounded(request, idle_s)
    try:
        if kind == b"multipart/form-data":
            _check_announced(request, max_bytes * MAX_TOTAL + FORM_SLACK, max_bytes)
            received = await _receive_form(chunks, options, _Form(folder, max_bytes, permit))
        else:
            permit({})
            _check_announced(request, max_bytes, max_bytes)
            received = await _receive_raw(chunks, folder, max_bytes, _name_of(request))
    except ClientDisconnect:
        raise RefusalError(400, "interrupted") from None
    if not received.files:
        raise RefusalError(400, "no_file")
    return received


def safe_name(name: str) -> str:
    """Return a file's name without folders and without signs that mean something elsewhere."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return _UNSAFE.sub("_", last).strip(" .")[:120] or "file"


def _check_announced(request: Request, most: int, limit: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise RefusalError(413, "too_large", limit=limit)


async def _bounded(request: Request, idle_s: float) -> AsyncIterator[bytes]:
    """Yield the body's chunks; a sender who falls silent is taken for gone."""
    stream = request.stream().__aiter__()
    while True:
        try:
            with anyio.fail_after(idle_s):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise RefusalError(408, "interrupted") from None
        if chunk:
            yield chunk


async def _receive_raw(chunks: AsyncIterator[bytes], folder: Path, max_bytes: int, name: str) -> Received:
    path, size = folder / "0", 0
    with path.open("xb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > max_bytes:
                raise RefusalError(413, "too_large", limit=max_bytes)
            file.write(chunk)
    # No body at all is no file; a file may be empty, and the gates say so, only in a form.
    return Received([Upload(path, name, size)] if size else [])


async def _receive_form(
    chunks: AsyncIterator[bytes], options: Mapping[bytes, bytes], form: _Form
) -> Received:
    if not (boundary := options.get(b"boundary")):
        raise RefusalError(400, "bad_form")
    try:
        parser = MultipartParser(boundary, form.callbacks())  # type: ignore[arg-type]  # a TypedDict of these
        async for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
    except FormParserError:
        raise RefusalError(400, "bad_form") from None
    finally:
        form.close()
    if not form.is_whole:
        raise RefusalError(400, "interrupted")
    return form.received


def _name_of(request: Request) -> str:
    _, options = parse_options_header(request.headers.get("content-disposition", ""))
    named = options.get(b"filename", b"").decode("utf-8", "replace")
    return safe_name(request.query_params.get("name") or named or "file")


class _Form:
    """The parts of a form as its parser meets them: fields kept in memory, files written to disk."""

    def __init__(self, folder: Path, max_bytes: int, permit: Permit) -> None:
        self.received = Received()
        self.is_whole = False
        self._folder, self._max_bytes, self._permit = folder, max_bytes, permit
        self._file: BinaryIO | None = None
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._name = ""
        self._value = bytearray()
        self._size = self._total = 0
        self._upload: tuple[Path, str] | None = None

    def callbacks(self) -> dict[str, Callable[..., None]]:
        """Return what the parser calls."""
        return {
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._begin_part,
            "on_part_data": self._take,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def close(self) -> None:
        """Close the file of a part that never ended."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _end(self) -> None:
        self.is_whole = True

    def _end_header(self) -> None:
        if bytes(self._header[0]).lower() == b"content-disposition":
            self._disposition = bytes(self._header[1])
        self._header = (bytearray(), bytearray())

    def _begin_part(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._value, self._size, self._upload = bytearray(), 0, None
        if b"filename" in options:
            self._begin_file(options[b"filename"].decode("utf-8", "replace"))
        self._disposition = b""

    def _begin_file(self, name: str) -> None:
        # Also for an empty choice: whoever may not send learns it first.
        self._permit(self.received.fields)
        place = len(self.received.files)
        if place >= MAX_FILES:
            raise RefusalError(413, "too_many", limit=MAX_FILES)
        path = self._folder / str(place)
        self._file = path.open("wb")
        self._upload = (path, name)

    def _take(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._file is None:
            if self._size > MAX_FIELD_BYTES:
                raise RefusalError(400, "bad_form")
            self._value += data[start:end]
            return
        self._total += end - start
        if self._size > self._max_bytes or self._total > self._max_bytes * MAX_TOTAL:
            raise RefusalError(413, "too_large", limit=self._max_bytes)
        self._file.write(data[start:end])

    def _end_part(self) -> None:
        self.close()
        if self._upload is None:
            if len(self.received.fields) > MAX_FILES:
                raise RefusalError(400, "bad_form")
            self.received.fields[self._name] = self._value.decode("utf-8", "replace").strip()
        elif self._upload[1]:
            path, name = self._upload
            self.received.files.append(Upload(path, safe_name(name), self._size))
