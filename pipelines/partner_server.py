"""Play the partners: a real HTTP server on loopback over a pool's feeds.

Here: serving files with validators, ranges and editions. Not here: fetching (`connectors/`) or
deciding what is asked.
"""

from __future__ import annotations

import hashlib
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

DELIVERED_AT = time(6)
UNDATED_DAY = date(2019, 5, 10)
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_EDITION = re.compile(r"\.v(\d+)(?=\.)")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_TYPES = {".gz": "application/gzip", ".csv": "text/csv", ".zip": "application/zip"}


class PartnerServer(ThreadingHTTPServer):
    """HTTP server over one folder; `edition` may be changed while it runs.

    At edition 2 the bytes of `X.v2.csv.gz` are served under X.csv.gz's own URL, where there are any.
    """

    daemon_threads = True

    def __init__(self, folder: Path, *, port: int, edition: int, timezone: str) -> None:
        """Listen on loopback; port 0 takes a free one."""
        super().__init__(("127.0.0.1", port), _Handler)
        self.folder = folder.resolve()
        self.edition = edition
        self.timezone = ZoneInfo(timezone)

    @property
    def base(self) -> str:
        """URL of the folder, without a slash at the end."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that hung up; show anything else."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def find(self, url_path: str) -> Path | None:
        """Return the file that a URL path means at this edition; None if none is served there."""
        relative = unquote(urlsplit(url_path).path).lstrip("/")
        if not relative or "\0" in relative or _EDITION.search(relative):
            return None
        path = (self.folder / relative).resolve()
        if not path.is_relative_to(self.folder) or not path.is_file():
            return None
        return newest_edition(path, self.edition)


@contextmanager
def serve_partners(
    folder: Path, *, port: int = 0, edition: int = 1, timezone: str = "America/Sao_Paulo"
) -> Iterator[PartnerServer]:
    """Serve the feeds in `folder` on loopback while the block runs."""
    server = PartnerServer(folder, port=port, edition=edition, timezone=timezone)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def newest_edition(path: Path, edition: int) -> Path:
    """Return the newest re-delivery `X.vN.<suffix>` beside X, N at most `edition`; X itself without."""
    stem, dot, suffix = path.name.partition(".")
    for number in range(edition, 1, -1):
        redelivered = path.with_name(f"{stem}.v{number}{dot}{suffix}")
        if redelivered.is_file():
            return redelivered
    return path


def published_at(name: str, timezone: ZoneInfo) -> datetime:
    """Return when a file of that name was made available, UTC.

    At 06:00 local on the day after the ISO day in its name, N - 1 days later for a re-delivery `.vN`;
    a name without a day has a fixed one.
    """
    found, again = _ISO_DAY.search(name), _EDITION.search(name)
    day = date.fromisoformat(found[0]) + timedelta(days=1) if found else UNDATED_DAY
    if again:
        day += timedelta(days=int(again[1]) - 1)
    return datetime.combine(day, DELIVERED_AT, timezone).astimezone(UTC)


@lru_cache(maxsize=1024)
def _digest(path: Path, size: int, mtime_ns: int) -> str:  # noqa: ARG001 - they make a changed file a new key
    return hashlib.sha256(path.read_bytes()).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD on one file."""

    server: PartnerServer
    protocol_version = "HTTP/1.1"
    server_version = "regie-partners"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the demo's own lines are what a person reads."""

    def _answer(self, *, with_body: bool) -> None:
        path = self.server.find(self.path)
        if path is None:
            return self._send(HTTPStatus.NOT_FOUND, {"Content-Type": "text/plain"}, b"not found\n", with_body)
        stat = path.stat()
        etag = f'"{_digest(path, stat.st_size, stat.st_mtime_ns)}"'
        modified = published_at(path.name, self.server.timezone)
        headers = {
            "ETag": etag,
            "Last-Modified": format_datetime(modified, usegmt=True),
            "Accept-Ranges": "bytes",
            "Cache-Control": "no-cache",
        }
        if self._is_unchanged(etag, modified):
            return self._send(HTTPStatus.NOT_MODIFIED, headers, b"", with_body)
        headers["Content-Type"] = _TYPES.get(path.suffix, "application/octet-stream")
        return self._send_range(path.read_bytes(), headers, etag, with_body)

    def _is_unchanged(self, etag: str, modified: datetime) -> bool:
        """Judge the conditions as RFC 9110 section 13.2.2: a tag before a date."""
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
            return "*" in known or etag in known
        since = _read_date(self.headers.get("If-Modified-Since"))
        return since is not None and modified <= since

    def _send_range(self, body: bytes, headers: dict[str, str], etag: str, with_body: bool) -> None:
        asked = self.headers.get("Range", "")
        found = _RANGE.fullmatch(asked)
        if not found or found.groups() == ("", "") or self.headers.get("If-Range", etag) != etag:
            return self._send(HTTPStatus.OK, headers, body, with_body)
        first, last = _read_range(found[1], found[2], len(body))
        if first > last:
            headers["Content-Range"] = f"bytes */{len(body)}"
            return self._send(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers, b"", with_body)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
        return self._send(HTTPStatus.PARTIAL_CONTENT, headers, body[first : last + 1], with_body)

    def _send(self, status: HTTPStatus, headers: dict[str, str], body: bytes, with_body: bool) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body and status is not HTTPStatus.NOT_MODIFIED:
            self.wfile.write(body)


def _read_range(first: str, last: str, size: int) -> tuple[int, int]:
    """Return the first and last byte asked for; first > last where nothing can be given."""
    if not first:
        length = int(last)
        return (max(0, size - length), size - 1) if length else (size, size - 1)
    start = int(first)
    if start >= size:
        return size, size - 1
    return start, min(int(last), size - 1) if last else size - 1


def _read_date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
