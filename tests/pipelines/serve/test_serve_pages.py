"""What the server shows, and what it never does."""

from __future__ import annotations

import io
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

from .conftest import FEED, Server

PRIVATE = ("landing", "quarantine", "accepted", "warehouse", "sealed", "tokens", "scratch", "tries")


class Remote(io.RawIOBase):
    """A file read over HTTP by ranges only, as DuckDB and other readers of Parquet do."""

    def __init__(self, url: str) -> None:
        self.url, self.at, self.taken = url, 0, 0
        self.size = int(requests.head(url, timeout=10).headers["content-length"])

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self.at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self.at, os.SEEK_END: self.size}[whence]
        return self.at

    def readinto(self, buffer: memoryview) -> int:
        end = min(self.at + len(buffer), self.size) - 1
        if end < self.at:
            return 0
        answer = requests.get(self.url, headers={"Range": f"bytes={self.at}-{end}"}, timeout=10)
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {self.at}-{end}/{self.size}"
        buffer[: len(answer.content)] = answer.content
        self.at += len(answer.content)
        self.taken += len(answer.content)
        return len(answer.content)


@pytest.fixture(scope="module")
def table(server: Server) -> pa.Table:
    """Open data published as a run does: a version, and a link to it."""
    folder = server.home / "published" / "versions" / "abc" / "energy"
    folder.mkdir(parents=True)
    table = pa.table(
        {"zone": list(range(200_000)), "energy_wh": [n * 7919 % 104_729 for n in range(200_000)]}
    )
    pq.write_table(table, folder / "energy.parquet", row_group_size=10_000)
    (server.home / "published" / "current").symlink_to("versions/abc")
    return table


def test_parquet_is_read_in_place_by_ranges(server: Server, table: pa.Table) -> None:
    remote = Remote(f"{server.base}/published/current/energy/energy.parquet")
    read = pq.ParquetFile(remote).read_row_group(3, columns=["energy_wh"])
    assert read.column("energy_wh").to_pylist() == table.column("energy_wh").slice(30_000, 10_000).to_pylist()
    assert remote.taken < remote.size / 2


def test_open_data_may_be_read_from_any_site_and_pages_from_ours_only(
    server: Server, table: pa.Table
) -> None:
    del table
    data = requests.get(f"{server.base}/published/current/energy/energy.parquet", timeout=10)
    assert data.headers["access-control-allow-origin"] == "*"
    assert data.headers["content-type"] == "application/vnd.apache.parquet"
    page = requests.get(server.base, timeout=10)
    assert "access-control-allow-origin" not in page.headers
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in page.headers


def test_a_file_known_already_is_not_sent_again(server: Server) -> None:
    url = f"{server.base}/reports/pages/index.fr.html"
    etag = requests.get(url, timeout=10).headers["etag"]
    assert requests.get(url, headers={"If-None-Match": etag}, timeout=10).status_code == 304


def test_a_rejected_range_is_said(server: Server, table: pa.Table) -> None:
    del table
    url = f"{server.base}/published/current/energy/energy.parquet"
    answer = requests.get(url, headers={"Range": "bytes=99999999999-"}, timeout=10)
    assert answer.status_code == 416


@pytest.mark.parametrize("folder", PRIVATE)
@pytest.mark.parametrize(
    "way", ["/{}/", "/reports/../{}/", "/reports/pages/../../{}/", "/reports/pages/%2e%2e/%2e%2e/{}/",
            "/published/current/../../{}/", "//{}/", "/reports/pages//{}/", "/reports/pages/..%2f..%2f{}/"]
)  # fmt: skip
def test_nothing_else_of_the_home_is_served(server: Server, folder: str, way: str) -> None:
    (server.home / folder).mkdir(exist_ok=True)
    secret = server.home / folder / "secret.txt"
    secret.write_text("SECRET")
    target = way.format(folder) + "secret.txt"
    answer = server.raw(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert b"SECRET" not in answer
    assert answer.split()[1] == b"404"
    secret.unlink()


def test_hidden_files_links_to_elsewhere_and_lists_are_not_served(server: Server) -> None:
    pages = server.home / "reports" / "pages"
    (pages / ".secret.html").write_text("SECRET")
    (pages / "way-out.html").symlink_to("/etc/hostname")
    for path in (".secret.html", "way-out.html", "", FEED, f"{FEED}/2019-05-20", "index.fr.html%00"):
        answer = requests.get(f"{server.base}/reports/pages/{path}", timeout=10, allow_redirects=False)
        assert answer.status_code in (404, 307), path
        assert "SECRET" not in answer.text


def test_verdicts_with_unmasked_values_are_not_served(server: Server) -> None:
    for path in (
        "/reports/verdicts/",
        f"/reports/verdicts/{FEED}/2019-05-20/index.json",
        "/published/versions/abc/",
    ):
        assert requests.get(server.base + path, timeout=10).status_code == 404


def test_another_kind_of_request_is_answered_in_words(server: Server) -> None:
    answer = requests.delete(f"{server.base}/try/{FEED}", timeout=10)
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert answer.json()["problem"] == "not_allowed"
