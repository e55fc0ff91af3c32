"""What the pages' server shows of a home, and what it never shows."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from contracts.layout import Home
from pipelines.page_server import serve_pages

SEALED = "who stands behind each cell"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("served") / "home"
    for name, text in {
        "reports/pages/index.html": "the index",
        "reports/pages/feed/2019-06-03/d.fr.html": "a report",
        "reports/verdicts/feed/index.json": SEALED,
        "published/versions/abc/catalog.ttl": "the catalogue",
        "sealed/abc.parquet": SEALED,
        "warehouse/catalogue.sqlite": SEALED,
    }.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    (home / "published" / "current").symlink_to("versions/abc")
    (home / "published" / "escape").symlink_to("../sealed")
    with serve_pages(Home(home), 0) as base:
        yield base


def get(address: str, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=5)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/", "the index"),
        ("/reports/pages/index.html", "the index"),
        ("/reports/pages/feed/2019-06-03/d.fr.html?from=dagster", "a report"),
        ("/published/current/catalog.ttl", "the catalogue"),
        ("/published/versions/abc/", "catalog.ttl"),
    ],
)
def test_pages_and_open_data_are_served(address: str, path: str, text: str) -> None:
    status, body = get(address, path)
    assert status == 200
    assert text in body


@pytest.mark.parametrize(
    "path",
    [
        "/sealed/abc.parquet",
        "/sealed/",
        "/warehouse/catalogue.sqlite",
        "/reports/verdicts/feed/index.json",
        "/reports/pages/../../sealed/abc.parquet",
        "/reports/pages/%2e%2e/%2e%2e/sealed/abc.parquet",
        "/reports/pages/%252e%252e/%252e%252e/sealed/abc.parquet",
        "/reports/pages/%252e%252e/%252e%252e/sealed/",
        "/published/current/..%2f..%2f..%2fsealed/abc.parquet",
        "/published/escape/abc.parquet",
        "/reports/pages-of-others/index.html",
        "//etc/passwd",
        "/published/..",
    ],
)
def test_nothing_else_of_a_home_is(address: str, path: str) -> None:
    status, body = get(address, path)
    assert status == 404
    assert SEALED not in body
