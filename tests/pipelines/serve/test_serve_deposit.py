"""Depositing: who may, what becomes of it, and that whatever goes wrong leaves the pool as it was."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable
from datetime import date, timedelta

import pytest
import requests

from connectors.landing import land
from contracts import verdicts
from contracts.layout import Home
from pipelines import steps
from pipelines.partner_server import serve_partners
from portal.api.intake import Limits
from portal.api.limits import RateLimit

from .conftest import BAD_DAY, ENERGY, FEED, FEEDS, GOOD, Server, corrected, kept


def test_a_good_day_is_created_and_shown_in_the_pools_calendar(server: Server) -> None:
    answer = server.deposit(GOOD.read_bytes(), "2019-05-21")
    told = answer.json()
    assert answer.status_code == 201, told
    assert told["files"][0]["is_accepted"]
    assert "next run" in told["note"]["en"]
    page = requests.get(server.base + told["files"][0]["report"]["fr"], timeout=10)
    assert page.status_code == 200
    index = (server.home / "reports/pages/index.fr.html").read_text()
    assert told["files"][0]["delivery"] in index


def test_the_same_bytes_again_are_the_same_delivery(server: Server) -> None:
    day, data = "2019-05-22", (ENERGY / "readings_2019-05-22.csv.gz").read_bytes()
    first, again = server.deposit(data, day), server.deposit(data, day)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["files"][0]["delivery"] == again.json()["files"][0]["delivery"]
    assert len(verdicts.deliveries(Home(server.home), FEED, day)) == 1


def test_twice_at_once_is_one_delivery_with_one_verdict(server: Server) -> None:
    day, data, token = "2019-05-23", (ENERGY / "readings_2019-05-23.csv.gz").read_bytes(), server.token()
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda: codes.append(server.deposit(data, day, token=token).status_code))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200, 200, 200, 201]
    assert len(verdicts.deliveries(Home(server.home), FEED, day)) == 1


@pytest.mark.parametrize(
    ("headers", "status", "problem"),
    [
        ({}, 401, "no_token"),
        ({"Authorization": "Bearer regie_00000000_nothing"}, 401, "wrong_token"),
        ({"Authorization": "Bearer é"}, 401, "wrong_token"),
        ({"Authorization": "Basic eA=="}, 401, "no_token"),
    ],
)
def test_without_the_right_token_nothing_is_taken(
    server: Server, headers: dict[str, str], status: int, problem: str
) -> None:
    before = kept(server.home)
    sent = {name: value.encode() for name, value in headers.items()}
    answer = requests.post(f"{server.base}/deposit/{FEED}/2019-05-24", data=b"x", headers=sent, timeout=10)
    assert (answer.status_code, answer.json()["problem"]) == (status, problem)
    assert kept(server.home) == before


def test_a_token_opens_its_own_feed_only_and_no_longer_once_revoked(server: Server) -> None:
    other = server.token("enerflux-meters")
    answer = server.deposit(b"x", "2019-05-24", token=other)
    assert (answer.status_code, answer.json()["problem"]) == (403, "other_feed")
    text, token = server.desk.tokens.create("enerflux", [FEED], server.clock[0])
    assert server.desk.tokens.revoke(token.id, server.clock[0])
    assert server.deposit(b"x", "2019-05-24", token=text).status_code == 401


def test_a_form_gives_its_token_before_its_file(server: Server) -> None:
    file = ("file", ("readings_2019-05-24.csv.gz", (ENERGY / "readings_2019-05-24.csv.gz").read_bytes()))
    where = f"{server.base}/deposit/{FEED}"
    late = requests.post(where, files=[file, ("token", (None, server.token()))], timeout=60)
    assert late.status_code == 401
    early = requests.post(where, files=[("token", (None, server.token())), file], timeout=60)
    assert early.status_code == 201


def test_the_file_of_another_feed_is_refused_and_the_last_good_one_stays(server: Server) -> None:
    home = Home(server.home)
    good = verdicts.newest_accepted(home, FEED, "2019-05-20")
    answer = server.deposit((FEEDS / "waste" / "containers.csv").read_bytes(), "2019-05-20")
    assert answer.status_code == 422
    assert (
        requests.get(server.base + answer.json()["files"][0]["report"]["en"], timeout=10).status_code == 200
    )
    assert verdicts.newest_accepted(home, FEED, "2019-05-20") == good


def test_a_year_instead_of_a_day_is_refused_and_the_last_good_one_stays(server: Server) -> None:
    home = Home(server.home)
    good = verdicts.newest_accepted(home, FEED, "2019-05-20")
    header, *rows = gzip.decompress(GOOD.read_bytes()).decode().splitlines()
    days = [(date(2018, 5, 21) + timedelta(days=n)).isoformat() for n in range(365)]
    year = [row.replace("2019-05-21", day) for day in days for row in rows[:40]]
    answer = server.deposit(gzip.compress("\n".join((header, *year)).encode()), "2019-05-20")
    assert answer.status_code == 422
    assert answer.json()["files"][0]["rows"]["landed"] == 365 * 40
    assert verdicts.newest_accepted(home, FEED, "2019-05-20") == good


def head(server: Server, *lines: str, day: str = "2019-05-25") -> bytes:
    first = f"POST /deposit/{FEED}/{day} HTTP/1.1"
    fields = (f"Host: 127.0.0.1:{server.port}", f"Authorization: Bearer {server.token()}", *lines)
    return "\r\n".join((first, *fields, "", "")).encode()


def problem_in(answer: bytes) -> tuple[int, str]:
    top, _, body = answer.partition(b"\r\n\r\n")
    return int(top.split()[1]), json.loads(body)["problem"]


def test_five_gigabytes_are_refused_before_they_are_sent(server: Server) -> None:
    before = kept(server.home)
    answer = server.raw(head(server, "Content-Length: 5000000000", "Expect: 100-continue"))
    assert problem_in(answer) == (413, "too_large")
    assert kept(server.home) == before


@pytest.mark.parametrize(("megabytes", "is_answered"), [(60, True), (400, False)])
def test_a_body_that_never_says_its_size_is_cut_at_the_limit(
    server: Server, megabytes: int, is_answered: bool
) -> None:
    before = kept(server.home)
    assert server.engine.pool.contract(FEED).server.max_bytes == 50_000_000
    piece = b"f4240\r\n" + b"x" * 1_000_000 + b"\r\n"
    sent, answer = 0, b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as wire:
        wire.sendall(head(server, "Transfer-Encoding: chunked"))
        try:
            while sent < megabytes:
                wire.sendall(piece)
                sent += 1
            wire.sendall(b"0\r\n\r\n")
            answer = wire.recv(65_536)
        except (BrokenPipeError, ConnectionResetError):
            pass
    if is_answered:
        assert problem_in(answer) == (413, "too_large")
    else:
        assert sent < megabytes, "an endless body is not listened to for ever"
    assert kept(server.home) == before
    assert not list((server.home / "scratch").glob("upload-*"))
    assert requests.get(server.base, timeout=10).status_code == 200


def test_an_upload_cut_half_way_leaves_nothing(server: Server) -> None:
    before, data = kept(server.home), GOOD.read_bytes()
    sent = head(server, f"Content-Length: {len(data)}") + data[: len(data) // 2]
    server.raw(sent, end=True, patience_s=5)
    chunked = head(server, "Transfer-Encoding: chunked") + b"400\r\n" + data[:0x400] + b"\r\n"
    server.raw(chunked, end=True, patience_s=5)
    assert kept(server.home) == before
    assert not list((server.home / "scratch").glob("upload-*"))


def test_a_form_cut_between_its_parts_is_not_taken_for_whole(server: Server) -> None:
    before = kept(server.home)
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a_2019-05-25.gz"\r\n\r\nhalf'
    fields = (f"Content-Length: {len(body)}", "Content-Type: multipart/form-data; boundary=b")
    assert problem_in(server.raw(head(server, *fields) + body)) == (400, "interrupted")
    assert kept(server.home) == before


def test_a_sender_who_falls_silent_is_not_waited_for(server: Server) -> None:
    before = kept(server.home)
    answer = server.raw(head(server, "Content-Length: 1000") + b"x")
    assert problem_in(answer) == (408, "interrupted")
    assert kept(server.home) == before
    assert not list((server.home / "scratch").glob("upload-*"))


def test_guessing_tokens_and_asking_too_often_is_slowed_down(fresh: Callable[..., object]) -> None:
    limits = Limits(RateLimit(5, 1), RateLimit(2, 1), RateLimit(100, 100))
    with fresh(limits=limits) as server:  # type: ignore[attr-defined]
        guess = {"Authorization": "Bearer regie_00000000_x"}
        where = f"{server.base}/deposit/{FEED}/2019-05-25"
        codes = [requests.post(where, data=b"x", headers=guess, timeout=10).status_code for _ in range(3)]
        assert codes == [401, 401, 429]
        # Even the right token waits: otherwise the answer would tell a right guess.
        assert server.deposit(b"x", "2019-05-25").status_code == 429
        assert requests.post(where, data=b"x", timeout=10).status_code == 429
        last = requests.post(f"{server.base}/try/{FEED}", data=b"x", timeout=10)
        assert last.status_code == 429
        assert int(last.headers["retry-after"]) > 0


def test_a_corrected_deposit_turns_the_day_good_and_a_server_that_repeats_the_bad_file_does_not_undo_it(
    fresh: Callable[..., object],
) -> None:
    with fresh() as server, serve_partners(FEEDS, edition=2, timezone="America/Sao_Paulo") as partners:  # type: ignore[attr-defined]
        home, contract = Home(server.home), server.engine.pool.contract(FEED)
        landing = land(
            contract, BAD_DAY, home, now=server.engine.now, base=partners.base, allowed_hosts=("127.0.0.1",)
        )
        steps.settle(server.engine, contract, [(BAD_DAY, landing)])
        assert not verdicts.newest(home, FEED, BAD_DAY).is_accepted  # type: ignore[union-attr]
        answer = server.deposit(corrected(BAD_DAY), BAD_DAY)
        assert answer.status_code == 201, answer.json()
        again = land(
            contract, BAD_DAY, home, now=server.engine.now, base=partners.base, allowed_hosts=("127.0.0.1",)
        )
        [delivered] = steps.settle(server.engine, contract, [(BAD_DAY, again)])
        assert delivered.verdict is not None
        assert delivered.verdict.is_accepted
        assert "a deposit replaced" in again.detail
        newest = verdicts.newest(home, FEED, BAD_DAY)
        assert newest is not None
        assert newest.arrival.delivery_id == answer.json()["files"][0]["delivery"]
