"""The home's pages and open data over HTTP on loopback, so that links in Dagster open.

Here: a static server of two folders and nothing else of the home.
"""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from contracts.layout import Home

SERVED = ("/reports/pages/", "/published/")
DOOR = "/reports/pages/index.html"


class PageHandler(SimpleHTTPRequestHandler):
    """Serves files below the two folders; everything else is not found."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".ttl": "text/turtle; charset=utf-8",
        ".jsonld": "application/ld+json",
        ".parquet": "application/vnd.apache.parquet",
    }

    def translate_path(self, path: str) -> str:
        """Return the file of a request, or a name that does not exist."""
        clean = posixpath.normpath(unquote(urlsplit(path).path))
        if clean in ("/", "."):
            clean = DOOR
        if not f"{clean}/".startswith(SERVED):
            return str(Path(self.directory) / "reports" / "pages" / "not-found")
        return super().translate_path(clean)

    def log_message(self, format: str, *args: object) -> None:  # the base class's name
        """Say nothing: Dagster's own log is what the terminal shows."""


@contextmanager
def serve_pages(home: Home, port: int) -> Iterator[str]:
    """Serve the pages of a home on loopback; yield the base address."""
    handler = partial(PageHandler, directory=str(home.root))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
