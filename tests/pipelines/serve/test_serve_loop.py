"""The whole loop in a real browser: try, read, correct, deposit, be told, see the day turn good."""

from __future__ import annotations

import email
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from pipelines.notify.notifier import notifier_for

from .browser import find_chromium, open_page
from .conftest import BAD_DAY, ENERGY, FEED, corrected

Mails = tuple[list[EmailMessage], dict[str, str]]


class Box:
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        del server, session
        self.mails.append(email.message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture
def mails() -> Iterator[Mails]:
    """A real mail server: what it received, and the environment that names it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    box = Box()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box.mails, {"REGIE_SMTP_HOST": "127.0.0.1", "REGIE_SMTP_PORT": str(port)}
    controller.stop()


@pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine: the full loop was not run")
def test_a_contributor_goes_from_a_bad_file_to_a_good_day(
    fresh: Callable[..., Any], mails: Mails, tmp_path: Path
) -> None:
    received, environment = mails
    bad, good = ENERGY / f"readings_{BAD_DAY}.csv.gz", tmp_path / f"readings_{BAD_DAY}.csv.gz"
    good.write_bytes(corrected(BAD_DAY))
    with fresh() as server, open_page(tmp_path / "profile") as page:
        server.engine.notify = notifier_for(server.engine, environment)

        page.go(f"{server.base}/try/{FEED}?lang=fr")
        page.choose_file("#file", bad)
        page.click("button")
        page.wait("location.pathname.startsWith('/results/') && document.body.innerText.includes('Refusée')")
        page.click("a[href$='.fr.html']")
        page.wait("location.pathname.endsWith('.fr.html') && document.readyState === 'complete'")
        assert "point-virgule" in page.text()
        assert "À corriger en premier" in page.text()
        assert "C’était un essai" in page.text()

        page.go(f"{server.base}/reports/pages/index.fr.html")
        assert "rejected" in page.ask(MARK_OF_BAD_DAY)

        page.go(f"{server.base}/deposit/{FEED}?lang=fr")
        page.type_into("#token", server.token())
        page.choose_file("#file", good)
        page.click("button")
        page.wait("location.pathname.startsWith('/results/') && document.body.innerText.includes('Acceptée')")
        assert "prochaine exécution" in page.text()

        [mail] = received
        assert "livraison corrigée" in mail["Subject"]
        assert f"/reports/pages/{FEED}/{BAD_DAY}/" in mail.get_content()

        page.go(f"{server.base}/reports/pages/index.fr.html")
        assert "accepted" in page.ask(MARK_OF_BAD_DAY)
        assert page.errors == [], "the pages' own policy refused something of theirs"


MARK_OF_BAD_DAY = (
    f"[...document.querySelectorAll('a[href^=\"{FEED}/{BAD_DAY}/\"] svg.mark')].pop().getAttribute('class')"
)


def test_the_real_time_is_what_links_live_by(fresh: Callable[..., Any]) -> None:
    with fresh() as server:
        assert abs((datetime.now(UTC) - server.clock[0]).total_seconds()) < 60
        assert server.engine.now.year == 2019
