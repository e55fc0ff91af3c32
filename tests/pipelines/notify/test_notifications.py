"""Contributors are told once of what concerns them, in their language, by a real mail server."""

from __future__ import annotations

import hashlib
import hmac
import json
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from connectors.landing import Landing, LandingOutcome
from contracts.layout import Home
from contracts.model import Contact
from pipelines import steps
from pipelines.engine import Engine
from pipelines.notify.causes import find_causes
from pipelines.notify.letters import write_letter
from pipelines.notify.mail import MailSettingError, is_address, mail_server, write_message
from pipelines.notify.notifier import Notifier, notifier_for
from pipelines.notify.reasons import Cause, Reason, wants
from pipelines.resources import engine_for
from pipelines.settings import Settings

from .conftest import FEED, POOL, Told, redated

HOUR = timedelta(hours=1)
BAD, BAD_DAY = "readings_2019-06-03.csv.gz", "2019-06-03"
GOOD, GOOD_DAY = "readings_2019-05-21.csv.gz", "2019-05-21"


def test_a_refusal_is_told_with_its_reason_and_report_in_the_contacts_language(told: Told) -> None:
    deposited = told.deposit(BAD)
    [mail] = told.box.mails
    text = mail.get_content()
    assert mail["To"] == "donnees@enerflux.example"
    assert "Relevés demi-horaires, 3 juin 2019" in mail["Subject"]
    assert "point-virgule" in text
    name = deposited.verdict.arrival.delivery_id
    address = f"https://pool.example/reports/pages/{FEED}/{BAD_DAY}/{name}.fr.html"
    assert address in text.replace("=\n", "")
    assert (told.engine.home.pages / FEED / BAD_DAY / f"{name}.fr.html").is_file()
    assert f"https://pool.example/try/{FEED}" in text
    assert mail["Auto-Submitted"] == "auto-generated"


def test_nothing_is_told_twice_for_the_same_cause(told: Told) -> None:
    for _ in range(3):
        told.deposit(BAD)
        told.clock[0] += 24 * HOUR
        told.notifier.flush()
    assert len(told.box.mails) == 1


def test_a_correction_is_told_at_once(told: Told) -> None:
    told.deposit(BAD)
    told.deposit("x.csv.gz", BAD_DAY, data=redated(GOOD, GOOD_DAY, BAD_DAY))
    assert len(told.box.mails) == 2
    assert "livraison corrigée" in told.box.subjects()[1]
    assert "La correction est acceptée" in told.box.mails[1].get_content()


def test_more_of_the_same_rests_and_is_gathered_into_one_letter(told: Told) -> None:
    told.deposit(BAD)
    for day in ("2019-06-04", "2019-06-05"):
        told.deposit("x.csv.gz", day, data=b"<html>" + day.encode())
    assert len(told.box.mails) == 1
    told.clock[0] += HOUR - timedelta(seconds=1)
    assert told.notifier.flush() == []
    assert len(told.box.mails) == 1
    told.clock[0] += timedelta(seconds=1)
    told.notifier.flush()
    assert len(told.box.mails) == 2
    assert "2 messages" in told.box.subjects()[1]
    assert "4 juin 2019" in told.box.mails[1].get_content()
    assert "5 juin 2019" in told.box.mails[1].get_content()


def test_a_refusal_that_waits_is_not_told_once_it_is_corrected(told: Told) -> None:
    told.deposit(BAD)
    told.deposit("x.csv.gz", "2019-06-04", data=b"<html>")
    told.deposit("x.csv.gz", "2019-06-04", data=redated(GOOD, GOOD_DAY, "2019-06-04"))
    told.clock[0] += 24 * HOUR
    told.notifier.flush()
    assert [("refusé" in s, "corrigé" in s) for s in told.box.subjects()] == [(True, False), (False, True)]


def test_a_letter_that_fails_waits_and_stops_nothing(told: Told) -> None:
    said: list[str] = []
    told.engine.progress = said.append
    told.box.refuses = True
    assert not told.deposit(BAD).verdict.is_accepted
    assert any("not told yet" in words for words in said)
    told.box.refuses = False
    assert told.notifier.flush() == []
    assert len(told.box.mails) == 1


def test_a_crash_of_ours_while_telling_does_not_undo_the_delivery(told: Told) -> None:
    (told.engine.home.root / "notifications").mkdir(parents=True)
    (told.engine.home.root / "notifications" / "state.json").write_text("not json")
    assert not told.deposit(BAD).verdict.is_accepted


def test_a_fall_of_quality_is_told_with_both_figures(told: Told) -> None:
    told.deposit("meters.csv", feed="enerflux-meters")
    told.deposit(GOOD)
    assert told.box.mails == []

    def spoil(text: str) -> str:
        head, *rows = text.splitlines()
        cut = [row.rsplit(";", 1)[0] + ";-5" if place % 70 == 0 else row for place, row in enumerate(rows)]
        return "\n".join((head, *cut)) + "\n"

    told.deposit("x.csv.gz", "2019-05-22", data=redated(GOOD, GOOD_DAY, "2019-05-22", spoil))
    [mail] = told.box.mails
    assert "plus de lignes mises de côté" in mail["Subject"]
    assert "1,4" in mail.get_content()


def test_a_day_is_late_only_once_its_promised_delay_is_over(told: Told) -> None:
    contract, latency = told.contract, told.contract.service_levels.latency_s
    assert latency is not None
    missing = steps.Delivered("2019-05-21", Landing(LandingOutcome.MISSING, None, "404"), None)
    # The local day ends at 03:00 UTC: Porto Alegre is three hours behind.
    over = datetime(2019, 5, 22, 3, tzinfo=UTC) + timedelta(seconds=latency)
    assert list(find_causes(told.engine.home, contract, [missing], over)) == []
    [cause] = find_causes(told.engine.home, contract, [missing], over + timedelta(seconds=1))
    assert cause.reason is Reason.LATE
    unreachable = steps.Delivered("2019-05-21", Landing(LandingOutcome.FAILED, None, "refused"), None)
    assert list(find_causes(told.engine.home, contract, [unreachable], over + HOUR)) == []


def test_a_changed_contract_is_told_once(told: Told) -> None:
    told.deposit(GOOD)
    pool = told.engine.pool
    newer = tuple(c.model_copy(update={"version": "1.1.0", "digest": c.digest[::-1]}) for c in pool.contracts)
    told.engine.__dict__["pool"] = pool.model_copy(update={"contracts": newer})
    for name in ("readings_2019-05-22.csv.gz", "readings_2019-05-23.csv.gz"):
        told.deposit(name)
        told.clock[0] += 24 * HOUR
    changed = [m for m in told.box.mails if "contrat a changé" in m["Subject"]]
    assert len(changed) == 1
    assert "version 1.1.0 de son contrat (avant : 1.0.0)" in " ".join(
        changed[0].get_content().split()
    ).replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_contacts_are_told_by_their_scope_and_in_their_language(told: Told) -> None:
    told.with_contacts(
        Contact(address="issues@x.example", scope="issues", language="en"),
        Contact(address="news@x.example", scope="announcements"),
        Contact(address="chat@x.example", scope="interactive"),
        Contact(address="Evil <a@x.example>, b@y.example"),
    )
    told.deposit(BAD)
    [mail] = told.box.mails
    assert mail["To"] == "issues@x.example"
    assert "refused" in mail["Subject"]
    assert "semicolon" in mail.get_content()


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_has_somebody_and_words_in_both_languages(told: Told, reason: Reason) -> None:
    scopes = ("issues", "announcements")
    assert sum(wants(Contact(address="a@b.c", scope=scope), reason) for scope in scopes) == 1
    cause = Cause(reason=reason, feed=FEED, period=None, mark="m", title={"fr": "T", "en": "T"},
                  words={"fr": "mots", "en": "words"})  # fmt: skip
    letters = {code: write_letter([cause], code, told.notifier._sender) for code in ("fr", "en")}
    assert letters["fr"].subject != letters["en"].subject
    assert "{" not in letters["fr"].subject + letters["fr"].text


def test_a_webhook_gets_the_same_signed_and_private_hosts_are_refused(told: Told) -> None:
    with hook() as (url, received):
        told.with_contacts(
            Contact(address=url, is_webhook=True, scope="issues"),
            Contact(address="http://10.0.0.1/x", is_webhook=True),
        )
        said: list[str] = []
        told.engine.progress = said.append
        told.deposit(BAD)
    [(headers, body)] = received
    content = json.loads(body)
    assert content["causes"][0]["reason"] == "rejected"
    assert content["causes"][0]["report"]["en"].startswith("https://pool.example/reports/pages/")
    signature = hmac.new(b"key", body, hashlib.sha256).hexdigest()
    assert headers["X-Regie-Signature"] == f"sha256={signature}"
    assert any("private address" in words for words in said)


def test_what_is_remembered_names_people_and_is_their_owners_alone(told: Told) -> None:
    told.deposit(BAD)
    folder = told.engine.home.root / "notifications"
    assert stat.S_IMODE((folder / "state.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_nobody_is_told_unless_a_way_out_is_set() -> None:
    engine = Engine(Settings.from_environment(pool=POOL))
    assert notifier_for(engine, {}) is None
    assert notifier_for(engine, {"REGIE_SMTP_HOST": "mail.example"}) is not None
    assert notifier_for(engine, {"REGIE_WEBHOOK_SECRET": "x"}) is not None


def test_runs_tell_by_what_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("REGIE_SMTP_HOST", raising=False)
    quiet = engine_for(Settings(POOL, Home(tmp_path / "quiet")))
    assert not isinstance(quiet.notify, Notifier)
    monkeypatch.setenv("REGIE_SMTP_HOST", "mail.example")
    told = engine_for(Settings(POOL, Home(tmp_path / "told")))
    assert isinstance(told.notify, Notifier)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"REGIE_SMTP_PORT": "mail"}, "not a port"),
        ({"REGIE_SMTP_PORT": "0"}, "not a port"),
        ({"REGIE_SMTP_SECURITY": "ssl"}, "not one of"),
        ({"REGIE_SMTP_USER": "u", "REGIE_SMTP_PASSWORD": "p"}, "in clear"),
        ({"REGIE_SMTP_FROM": "a@b\nBcc: c@d"}, "not an e-mail"),
    ],
)
def test_a_mail_setting_that_could_only_fail_later_is_refused(settings: dict[str, str], words: str) -> None:
    with pytest.raises(MailSettingError, match=words):
        mail_server({"REGIE_SMTP_HOST": "mail.example", **settings}, "pool@x.example")


def test_the_ports_of_mail_imply_their_security_and_the_password_is_never_shown() -> None:
    for port, security in (("25", "none"), ("587", "starttls"), ("465", "tls")):
        server = mail_server({"REGIE_SMTP_HOST": "m", "REGIE_SMTP_PORT": port}, "pool@x.example")
        assert server is not None
        assert server.security == security
    chosen = {
        "REGIE_SMTP_HOST": "m",
        "REGIE_SMTP_PORT": "587",
        "REGIE_SMTP_USER": "u",
        "REGIE_SMTP_PASSWORD": "hunter2",
    }
    assert "hunter2" not in repr(mail_server(chosen, "pool@x.example"))


def test_a_contracts_name_cannot_write_headers(told: Told) -> None:
    cause = Cause(reason=Reason.REJECTED, feed=FEED, period=None, mark="m",
                  title={"fr": "T\r\nBcc: evil@x.example", "en": ""}, words={"fr": "", "en": ""})  # fmt: skip
    letter = write_letter([cause], "fr", told.notifier._sender)
    message = write_message("a@x.example", "b@x.example", letter, "fr", told.clock[0])
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]


@pytest.mark.parametrize("text", ["a@b, c@d", "a@b\nx", "A <a@b>", "", "@", "a@", "a b@c"])
def test_what_is_not_one_address_is_none(text: str) -> None:
    assert not is_address(text)


@contextmanager
def hook() -> Iterator[tuple[str, list[tuple[Any, bytes]]]]:
    """A real server that takes posts."""
    received: list[tuple[Any, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.headers, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/in", received
        server.shutdown()
        thread.join()
