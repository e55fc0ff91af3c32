"""The partners' server answers as real ones do."""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from pipelines.partner_server import published_at, serve_partners

ROOT = Path(__file__).parents[2]
FEEDS = ROOT / "pools" / "porto-alegre" / "feeds"
DAY = "/energy/readings_2019-05-27.csv.gz"


@pytest.fixture
def server():
    with serve_partners(FEEDS) as running:
        yield running


def ask(server, path, method="GET", **headers):
    connection = http.client.HTTPConnection(urlsplit(server.base).netloc, timeout=5)
    connection.request(
        method, path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def test_a_file_comes_with_its_validators(server):
    response, body = ask(server, DAY)
    assert body == (FEEDS / DAY.lstrip("/")).read_bytes()
    assert response.headers["Last-Modified"] == "Tue, 28 May 2019 09:00:00 GMT"
    assert response.headers["ETag"].startswith('"')


def test_conditions_are_answered_not_modified(server):
    first, _ = ask(server, DAY)
    tag, date = first.headers["ETag"], first.headers["Last-Modified"]
    assert ask(server, DAY, If_None_Match=tag)[0].status == 304
    assert ask(server, DAY, If_None_Match=f'"x", W/{tag}')[0].status == 304
    assert ask(server, DAY, If_Modified_Since=date)[0].status == 304
    assert ask(server, DAY, If_Modified_Since="Mon, 27 May 2019 09:00:00 GMT")[0].status == 200
    assert ask(server, DAY, If_None_Match='"x"', If_Modified_Since=date)[0].status == 200


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-9", slice(0, 10)), ("bytes=10-", slice(10, None)), ("bytes=-5", slice(-5, None))],
)
def test_a_part_can_be_asked(server, asked, part):
    whole = (FEEDS / DAY.lstrip("/")).read_bytes()
    response, body = ask(server, DAY, Range=asked)
    assert (response.status, body) == (206, whole[part])


def test_a_part_beyond_the_end_cannot(server):
    response, _ = ask(server, DAY, Range="bytes=99999999-")
    assert response.status == 416
    assert response.headers["Content-Range"] == f"bytes */{(FEEDS / DAY.lstrip('/')).stat().st_size}"


def test_head_gives_the_length_and_no_body(server):
    response, body = ask(server, DAY, method="HEAD")
    assert (response.status, body) == (200, b"")
    assert int(response.headers["Content-Length"]) == (FEEDS / DAY.lstrip("/")).stat().st_size


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/energy",
        "/nothing.csv",
        "/../pool.yaml",
        "/%2e%2e/pool.yaml",
        "//etc/passwd",
        "/energy/../../pool.yaml",
        "/%00",
    ],
)
def test_what_is_not_a_feed_is_not_found(server, path):
    assert ask(server, path)[0].status == 404


def test_a_later_edition_serves_the_redelivery_under_the_first_one_s_address(server):
    redelivered = DAY.replace(".csv", ".v2.csv")
    assert ask(server, redelivered)[0].status == 404
    first, _ = ask(server, DAY)
    server.edition = 2
    response, body = ask(server, DAY, If_None_Match=first.headers["ETag"])
    assert body == (FEEDS / redelivered.lstrip("/")).read_bytes()
    assert response.headers["Last-Modified"] == "Wed, 29 May 2019 09:00:00 GMT"
    assert ask(server, redelivered)[0].status == 404
    assert ask(server, "/energy/meters.csv")[0].headers["Last-Modified"] == "Fri, 10 May 2019 09:00:00 GMT"


def test_the_hour_of_publication_follows_the_local_clock():
    assert published_at("x_2019-01-15.csv", ZoneInfo("America/Sao_Paulo")).hour == 8
    assert published_at("x_2019-05-15.csv", ZoneInfo("America/Sao_Paulo")).hour == 9
