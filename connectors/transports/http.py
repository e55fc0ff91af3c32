"""Fetch a file over HTTP(S) as a good guest: conditional, bounded, patient, truthful about who asks.

Here: one GET with its retries and redirects, streamed to disk. Not here: keeping what came
(`connectors/landing`), or judging it (a page of HTML is landed: bytes are evidence).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urljoin

import requests

from connectors.transports.fetched import Fetched, FetchOutcome, TooLargeError, write_stream
from connectors.transports.guard import AddressRefusedError, GuardedAdapter, check_url

RETRIED_STATUSES = frozenset({429, 502, 503, 504})
GONE_STATUSES = frozenset({404, 410})
KEPT_HEADERS = ("etag", "last-modified", "content-type", "content-length", "content-encoding")
MAX_REDIRECTS = 5
CHUNK_BYTES = 1 << 18


@dataclass(frozen=True)
class Patience:
    """How long to wait for a partner, in seconds, and how often to ask again."""

    attempts: int = 4
    connect_s: float = 5
    read_s: float = 30
    whole_s: float = 900
    backoff_s: float = 0.5
    longest_wait_s: float = 30
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[float, float], float] = random.uniform


@dataclass(frozen=True)
class Ask:
    """One file to fetch: where, how much at most, who asks, and what came last time."""

    url: str
    max_bytes: int
    user_agent: str
    allowed_hosts: Collection[str] = ()
    """Hosts that may be private addresses."""
    last_headers: Mapping[str, str] = field(default_factory=dict)
    """ETag and Last-Modified of the last arrival, which make the request conditional."""
    patience: Patience = Patience()


class _TryAgainError(Exception):
    """This attempt failed for a reason that may pass."""

    def __init__(self, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


def fetch_http(ask: Ask, path: Path) -> Fetched:
    """Fetch what is asked into the new file `path`.

    Full-jitter exponential backoff on connection errors and on 429, 502, 503 and 504 only, with
    Retry-After honoured up to `longest_wait_s`. Raises OSError when our own disk refuses.
    """
    detail, patience = "", ask.patience
    with _open_session(ask) as session:
        for attempt in range(patience.attempts):
            path.unlink(missing_ok=True)
            try:
                return _attempt(session, ask, path)
            except _TryAgainError as error:
                detail = str(error)
                if attempt + 1 < patience.attempts:
                    patience.sleep(_wait_s(attempt, error.retry_after_s, patience))
            except (AddressRefusedError, TooLargeError, requests.RequestException) as error:
                return Fetched(FetchOutcome.FAILED, ask.url, _explain(error))
    return Fetched(FetchOutcome.FAILED, ask.url, f"{detail} ({patience.attempts} attempts)")


def _open_session(ask: Ask) -> requests.Session:
    session = requests.Session()
    # No proxy or password from the environment: who is called is what the contract says.
    session.trust_env = False
    session.headers.update({"User-Agent": ask.user_agent, "Accept-Encoding": "identity"})
    for scheme in ("http://", "https://"):
        session.mount(scheme, GuardedAdapter(ask.allowed_hosts))
    return session


def _wait_s(attempt: int, retry_after_s: float | None, patience: Patience) -> float:
    if retry_after_s is not None:
        return min(retry_after_s, patience.longest_wait_s)
    return patience.jitter(0, min(patience.longest_wait_s, patience.backoff_s * 2**attempt))


def _attempt(session: requests.Session, ask: Ask, path: Path) -> Fetched:
    ends_at = time.monotonic() + ask.patience.whole_s
    try:
        with _follow(session, ask) as response:
            refusal = _read_status(ask.url, response)
            if refusal is not None:
                return refusal
            _check_announced(response, ask.max_bytes)
            sha256, size = write_stream(_stream(response, ends_at), path, ask.max_bytes)
            _check_length(response, size)
            return _describe(ask.url, response, path, sha256, size)
    except requests.exceptions.SSLError:
        raise
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise _TryAgainError(_explain(error)) from error


def _conditions(last_headers: Mapping[str, str]) -> dict[str, str]:
    pairs = (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
    return {header: last_headers[kept] for header, kept in pairs if last_headers.get(kept)}


def _follow(session: requests.Session, ask: Ask) -> requests.Response:
    """GET, following redirects by hand so that each one passes the guard."""
    url, conditions = ask.url, _conditions(ask.last_headers)
    for _ in range(MAX_REDIRECTS + 1):
        check_url(url, ask.allowed_hosts)
        response = session.get(
            url,
            headers=conditions,
            stream=True,
            allow_redirects=False,
            timeout=(ask.patience.connect_s, ask.patience.read_s),
        )
        if not response.is_redirect:
            return response
        url = urljoin(url, response.headers["Location"])
        response.close()
    raise requests.TooManyRedirects(f"more than {MAX_REDIRECTS} redirects")


def _read_status(url: str, response: requests.Response) -> Fetched | None:
    """Return the answer that a status other than 200 already is; raise when it may pass."""
    status = response.status_code
    words = f"the server answered {status} {response.reason or ''}".rstrip()
    if status == requests.codes.not_modified:
        return Fetched(FetchOutcome.NOT_MODIFIED, url, "the server says nothing changed (304)")
    if status in GONE_STATUSES:
        return Fetched(FetchOutcome.MISSING, url, words)
    if status in RETRIED_STATUSES:
        raise _TryAgainError(words, _read_retry_after(response.headers.get("Retry-After")))
    if status != requests.codes.ok:
        return Fetched(FetchOutcome.FAILED, url, words)
    return None


def _read_retry_after(text: str | None) -> float | None:
    """Return seconds; a date is left aside (it would need the sender's clock)."""
    return float(text) if text and text.isdecimal() else None


def _check_announced(response: requests.Response, max_bytes: int) -> None:
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise TooLargeError(int(announced), max_bytes)


def _stream(response: requests.Response, ends_at: float) -> Iterator[bytes]:
    for chunk in response.iter_content(CHUNK_BYTES):
        if time.monotonic() > ends_at:
            raise requests.Timeout("the whole transfer took too long")
        yield chunk


def _check_length(response: requests.Response, size: int) -> None:
    announced = response.headers.get("Content-Length", "")
    encoded = response.headers.get("Content-Encoding", "identity") != "identity"
    if announced.isdecimal() and not encoded and int(announced) != size:
        raise _TryAgainError(f"{announced} bytes were announced and {size} came")


def _describe(url: str, response: requests.Response, path: Path, sha256: str, size: int) -> Fetched:
    headers = {name: response.headers[name][:500] for name in KEPT_HEADERS if name in response.headers}
    return Fetched(
        FetchOutcome.FETCHED,
        url,
        f"{size} bytes fetched",
        path=path,
        sha256=sha256,
        size=size,
        published_at=_read_date(headers.get("last-modified")),
        headers=headers,
    )


def _read_date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return date.astimezone(UTC) if date and date.tzinfo else None


_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.SSLError, "the server's certificate could not be verified"),
    (requests.Timeout, "the server did not answer in time"),
    (requests.exceptions.ChunkedEncodingError, "the connection broke before the whole file came"),
    (requests.ConnectionError, "the server could not be reached"),
    (requests.TooManyRedirects, f"the server redirects more than {MAX_REDIRECTS} times"),
)


def _explain(error: Exception) -> str:
    """Say what happened in words for whoever runs the pool."""
    if isinstance(error, TooLargeError | AddressRefusedError):
        return str(error)
    for family, words in _WORDS:
        if isinstance(error, family):
            return words
    return f"the request failed: {type(error).__name__}"
