"""The home's pages and open data over HTTP on loopback, so that links in Dagster open.

Here: a static server of two folders and nothing else of the home.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from contracts.layout import Home

SERVED = ("reports/pages", "published")
DOOR = "/reports/pages/index.html"


class PageHandler(SimpleHTTPRequestHandler):
    """Serves files below the two folders; everything else is not found."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".ttl": "text/turtle; charset=utf-8",
        ".jsonld": "application/ld+json",
        ".parquet": "application/vnd.apache.parquet",
    }

    def translate_path(self, path: str) -> str:
        """Return the file of a request, or a name that does not exist.

        What the base class decoded and joined is judged, not the request: `%252e%252e` is `..` to it.
        """
        asked = urlsplit(path).path
        found = Path(super().translate_path(DOOR if asked in ("", "/") else asked))
        kept = [Path(self.directory) / folder for folder in SERVED]
        if not any(found.resolve().is_relative_to(folder.resolve()) for folder in kept):
            return str(kept[0] / "not-found")
        # The base class reads a slash at the end as "only a folder will do".
        return f"{found}/" if asked.endswith("/") and found.is_dir() else str(found)

    def log_message(self, format: str, *args: object) -> None:  # the base class's name
        """Say nothing: Dagster's own log is what the terminal shows."""


@contextmanager
def serve_pages(home: Home, port: int) -> Iterator[str]:
    """Serve the pages of a home on loopback; yield the base address."""
    handler = partial(PageHandler, directory=str(home.root))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
