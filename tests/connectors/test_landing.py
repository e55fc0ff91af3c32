"""Landing: against a real server and real files, bytes are kept once, whole, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connectors.landing import (
    Access,
    LandingOutcome,
    arrivals,
    land,
    land_file,
    landed_data,
    last_seen,
    newest_arrival,
    period_in_name,
)
from connectors.transports.http import Patience
from contracts.layout import Home
from pipelines.partner_server import serve_partners
from tests.connectors.conftest import FEEDS, NOW, build, readings_contract

LOCAL = ("127.0.0.1",)
DAY = "2019-05-27"


class Script(BaseHTTPRequestHandler):
    """A partner that answers what a test wrote: (status, headers, body) one after the other."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(dict(self.headers))
        status, headers, body = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body)), "Connection": "close"} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def partner():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Script)
    server.answers, server.asked = [], []
    server.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def waits():
    return []


def ask(home, partner, waits, contract=None, **more):
    patience = Patience(attempts=3, read_s=2, sleep=waits.append, jitter=max)
    access = Access(allowed_hosts=LOCAL, patience=patience, contact="data@pool.example")
    return land(contract or build(), None, home, now=NOW, base=partner.base, access=access, **more)


def files_of(home: Home) -> list[str]:
    return sorted(str(p.relative_to(home.root)) for p in home.root.rglob("*") if p.is_file())


def test_a_delivery_is_landed_with_a_sidecar_that_tells_where_it_came_from(home):
    with serve_partners(FEEDS) as server:
        landing = land(readings_contract(), DAY, home, now=NOW, base=server.base, allowed_hosts=LOCAL)
    source = (FEEDS / "energy" / f"readings_{DAY}.csv.gz").read_bytes()
    arrival = landing.arrival
    assert landing.outcome is LandingOutcome.NEW
    assert landed_data(home, arrival).read_bytes() == source
    assert (arrival.size, arrival.period, arrival.received_at) == (len(source), DAY, NOW)
    assert arrival.headers["etag"] == f'"{arrival.sha256}"'
    assert arrival.published_at.isoformat() == "2019-05-28T09:00:00+00:00"
    assert arrivals(home, "enerflux-readings", DAY) == (arrival,)


def test_landed_bytes_cannot_be_written(home):
    with serve_partners(FEEDS) as server:
        arrival = land(readings_contract(), DAY, home, now=NOW, base=server.base, allowed_hosts=LOCAL).arrival
    assert stat.S_IMODE(landed_data(home, arrival).stat().st_mode) == 0o444


def test_asking_again_is_answered_not_modified_and_only_touches(home):
    contract, later = readings_contract(), NOW + timedelta(hours=1)
    with serve_partners(FEEDS) as server:
        first = land(contract, DAY, home, now=NOW, base=server.base, allowed_hosts=LOCAL)
        before = files_of(home)
        second = land(contract, DAY, home, now=later, base=server.base, allowed_hosts=LOCAL)
    assert (second.outcome, second.arrival) == (LandingOutcome.UNCHANGED, first.arrival)
    assert "304" in second.detail
    assert len(files_of(home)) == len(before) + 1
    assert last_seen(home, first.arrival) == later
    assert first.arrival.received_at == NOW


def test_a_redelivery_stands_beside_the_first_and_old_bytes_that_come_back_are_newest_again(home):
    contract = readings_contract()

    def ask_at(hours):
        now = NOW + timedelta(hours=hours)
        return land(contract, DAY, home, now=now, base=server.base, allowed_hosts=LOCAL)

    with serve_partners(FEEDS) as server:
        first = ask_at(0)
        server.edition = 2
        second = ask_at(1)
        assert second.outcome is LandingOutcome.NEW
        assert newest_arrival(home, contract.id, DAY) == second.arrival
        server.edition = 1
        third = ask_at(2)
    assert (third.outcome, third.arrival) == (LandingOutcome.UNCHANGED, first.arrival)
    assert arrivals(home, contract.id, DAY) == (first.arrival, second.arrival)
    assert newest_arrival(home, contract.id, DAY) == first.arrival


def test_the_same_bytes_under_another_tag_are_not_stored_twice(home, partner, waits):
    partner.answers = [(200, {"ETag": '"1"'}, b"a"), (200, {"ETag": '"2"'}, b"a"), (304, {}, b"")]
    outcomes = [ask(home, partner, waits).outcome for _ in range(3)]
    assert outcomes == ["new", "unchanged", "unchanged"]
    assert [asked.get("If-None-Match") for asked in partner.asked] == [None, '"1"', '"2"']
    assert len(list(home.root.glob("landing/feed/snapshot/*/data"))) == 1


def test_a_server_that_is_down_is_a_failure_in_words_after_patience(home, partner, waits):
    partner.shutdown()
    partner.server_close()
    landing = ask(home, partner, waits)
    assert (landing.outcome, landing.arrival) == (LandingOutcome.FAILED, None)
    assert landing.detail == "the server could not be reached (3 attempts)"
    assert waits == [0.5, 1.0]
    assert files_of(home) == []


def test_a_missing_file_is_missing_and_not_asked_again(home, partner, waits):
    partner.answers = [(404, {}, b"")]
    landing = ask(home, partner, waits)
    assert (landing.outcome, landing.detail, waits) == ("missing", "the server answered 404 Not Found", [])


def test_an_overloaded_server_is_asked_again_when_it_says(home, partner, waits):
    partner.answers = [(503, {"Retry-After": "7"}, b""), (503, {"Retry-After": "9999"}, b""), (200, {}, b"a")]
    assert ask(home, partner, waits).outcome is LandingOutcome.NEW
    assert waits == [7.0, 30]


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_other_errors_are_not_tried_again(home, partner, waits, status):
    partner.answers = [(status, {}, b"")]
    landing = ask(home, partner, waits)
    assert (landing.outcome, len(partner.asked)) == (LandingOutcome.FAILED, 1)
    assert str(status) in landing.detail


def test_a_body_cut_short_is_asked_again_and_never_kept(home, partner, waits):
    partner.answers = [(200, {"Content-Length": "100"}, b"half")] * 3
    landing = ask(home, partner, waits)
    assert landing.outcome is LandingOutcome.FAILED
    assert "whole file" in landing.detail
    assert files_of(home) == []


def test_a_redirect_is_followed_and_one_to_a_private_address_is_refused(home, partner, waits):
    partner.answers = [(302, {"Location": "/elsewhere"}, b""), (200, {}, b"a")]
    assert ask(home, partner, waits).outcome is LandingOutcome.NEW
    partner.answers = [(302, {"Location": "http://localhost:1/x"}, b"")]
    landing = ask(home, partner, waits)
    assert landing.outcome is LandingOutcome.FAILED
    assert "private address" in landing.detail
    partner.answers = [(302, {"Location": "file:///etc/passwd"}, b"")]
    assert "only http and https" in ask(home, partner, waits).detail


def test_redirects_in_a_circle_end(home, partner, waits):
    partner.answers = [(302, {"Location": "/again"}, b"")] * 9
    assert "redirects" in ask(home, partner, waits).detail


def test_a_private_host_is_not_called_unless_the_pool_allows_it(home, partner):
    landing = land(build(), None, home, now=NOW, base=partner.base)
    assert landing.outcome is LandingOutcome.FAILED
    assert partner.asked == []


@pytest.mark.parametrize("headers", [{}, {"Transfer-Encoding": "chunked"}])
def test_a_file_larger_than_the_contract_allows_is_refused_while_it_comes(home, partner, waits, headers):
    body = b"x" * 5000
    if headers:
        partner.answers = [(200, headers, b"1388\r\n" + body + b"\r\n0\r\n\r\n")]
    else:
        partner.answers = [(200, {}, body)]
    landing = ask(home, partner, waits, build(max_bytes=1000))
    assert "too large" in landing.detail
    assert (files_of(home), waits) == ([], [])


def test_who_asks_is_told_truthfully(home, partner, waits):
    partner.answers = [(200, {}, b"a")]
    ask(home, partner, waits)
    agent = partner.asked[0]["User-Agent"]
    assert agent.startswith("regie/")
    assert agent.endswith(" (+data@pool.example)")


def test_a_web_page_is_landed_because_bytes_are_evidence(home, partner, waits):
    partner.answers = [(200, {"Content-Type": "text/html"}, b"<html>Sign in</html>")]
    landing = ask(home, partner, waits)
    assert landing.arrival.headers["content-type"] == "text/html"
    assert landed_data(home, landing.arrival).read_bytes() == b"<html>Sign in</html>"


def test_one_delivery_landed_by_many_at_once_is_stored_once(home):
    with serve_partners(FEEDS) as server:

        def go(_):
            return land(readings_contract(), DAY, home, now=NOW, base=server.base, allowed_hosts=LOCAL)

        with ThreadPoolExecutor(8) as pool:
            landings = list(pool.map(go, range(16)))
    assert len({landing.arrival.delivery_id for landing in landings}) == 1
    assert [landing.outcome for landing in landings].count(LandingOutcome.NEW) == 1
    assert list(home.scratch.iterdir()) == []


def test_what_a_killed_landing_left_is_no_delivery_and_is_swept_after_a_day(home, partner, waits):
    for name, age_s in (("landing-old", 90_000), ("landing-running", 60)):
        folder = home.scratch / name
        folder.mkdir(parents=True)
        (folder / "data").write_bytes(b"half")
        then = time.time() - age_s
        os.utime(folder, (then, then))
    partner.answers = [(200, {}, b"a")]
    ask(home, partner, waits)
    assert [path.name for path in home.scratch.iterdir()] == ["landing-running"]
    assert len(arrivals(home, "feed", None)) == 1


def test_a_partner_on_this_machine_may_change_its_port_between_runs(home):
    for expected in (LandingOutcome.NEW, LandingOutcome.UNCHANGED):
        with serve_partners(FEEDS) as server:
            landing = land(readings_contract(), DAY, home, now=NOW, base=server.base, allowed_hosts=LOCAL)
        assert landing.outcome is expected
    assert "304" in landing.detail


def test_a_file_given_by_hand_lands_with_its_own_date(home, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(b"a;b\n")
    os.utime(path, (1_500_000_000, 1_500_000_000))
    landing = land_file(build(), None, path, home, now=NOW)
    assert (landing.outcome, landing.arrival.source) == (LandingOutcome.NEW, str(path))
    assert landing.arrival.published_at.timestamp() == 1_500_000_000
    assert land_file(build(), None, tmp_path / "absent", home, now=NOW).outcome is LandingOutcome.MISSING


def test_a_folder_gives_its_newest_file_of_the_period(home, tmp_path):
    for name, moment in (("r_2019-05-27.csv", 10), ("r_2019-05-27.v2.csv", 20), ("r_2019-05-28.csv", 30)):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (moment, moment))
    contract = build(mode="periodic", location=f"file:{tmp_path}")
    landing = land(contract, DAY, home, now=NOW, base=str(tmp_path))
    assert landed_data(home, landing.arrival).read_text() == "r_2019-05-27.v2.csv"
    assert land(contract, "2019-06-30", home, now=NOW, base=str(tmp_path)).outcome is LandingOutcome.MISSING


def test_a_contract_cannot_read_files_outside_its_folders(home, tmp_path):
    contract = build(location="file:/etc/hostname", file=tmp_path / "contract.yaml")
    landing = land(contract, None, home, now=NOW)
    assert landing.outcome is LandingOutcome.FAILED
    assert "outside" in landing.detail
    inside = tmp_path / "link.csv"
    inside.symlink_to("/etc/hostname")
    assert land(build(location="link.csv", file=contract.file), None, home, now=NOW).arrival is None


@pytest.mark.parametrize("period", [None, "2019-13-01", "../../etc", "2019-05-27/..", "20190527"])
def test_a_period_that_is_no_day_is_refused(home, period):
    with pytest.raises(ValueError, match=r"day|month|isoformat"):
        land(readings_contract(), period, home, now=NOW, base="http://127.0.0.1:1")


def test_the_day_in_a_file_name_is_its_period():
    assert period_in_name("readings_2019-05-27.v2.csv.gz") == "2019-05-27"
    assert period_in_name("a_2019-05-27_2019-05-28.csv") is None
    assert period_in_name("meters.csv") is None


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB; skipped by name where mounting is not permitted."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a full disk is not tried for real: mounting a tmpfs is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_while_landing_keeps_nothing_and_says_so(small_disk):
    home = Home(small_disk / "home")
    with serve_partners(FEEDS) as server:
        landing = land(
            readings_contract(), "2019-05-28", home, now=NOW, base=server.base, allowed_hosts=LOCAL
        )
    assert landing.outcome is LandingOutcome.FAILED
    assert "disk is full" in landing.detail
    assert files_of(home) == []


def test_a_write_that_finds_no_room_keeps_nothing_and_says_so(home, tmp_path, monkeypatch):
    """The same by an error of the real call's kind, for machines where no disk can be mounted."""
    path = tmp_path / "mine.csv"
    path.write_bytes(b"a;b\n")

    def refuse(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    landing = land_file(build(), None, path, home, now=NOW)
    assert "disk is full" in landing.detail
    assert files_of(home) == []
