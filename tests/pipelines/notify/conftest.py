"""A real mail server on loopback, and a pool whose deliveries are told through it."""

from __future__ import annotations

import email
import gzip
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from contracts.layout import Home
from contracts.model import Contact, Contract
from pipelines.engine import Engine
from pipelines.notify.letters import Sender
from pipelines.notify.mail import MailServer
from pipelines.notify.memory import Memory
from pipelines.notify.notifier import Notifier, Outlets
from pipelines.serve import deposit_file
from pipelines.settings import Settings
from portal.api.desk import Deposited, Upload

ROOT = Path(__file__).resolve().parent.parent.parent.parent
POOL = ROOT / "pools" / "porto-alegre"
ENERGY = POOL / "feeds" / "energy"
FEED = "enerflux-readings"


@dataclass
class Postbox:
    """What the mail server received."""

    mails: list[EmailMessage] = field(default_factory=list)
    refuses: bool = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a mail, as aiosmtpd asks."""
        del server, session
        if self.refuses:
            return "451 try again later"
        self.mails.append(email.message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        return "250 OK"

    def subjects(self) -> list[str]:
        """Subjects in order of arrival."""
        return [str(mail["Subject"]) for mail in self.mails]


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, MailServer]]:
    """A running mail server and the settings by which it is reached."""
    box = Postbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box, MailServer("127.0.0.1", port, sender="pool@porto-alegre.example")
    finally:
        controller.stop()


@dataclass
class Told:
    """A pool whose contributor is told of deliveries."""

    engine: Engine
    box: Postbox
    notifier: Notifier
    memory: Memory
    clock: list[datetime]

    def deposit(
        self, name: str, day: str | None = None, *, data: bytes | None = None, feed: str = FEED
    ) -> Deposited:
        """Deliver a file of the bundled feeds, or other bytes under its name."""
        path = ENERGY / name
        if data is not None:
            path = self.engine.home.root / "sent"
            path.write_bytes(data)
        contract = self.engine.pool.contract(feed)
        return deposit_file(self.engine, contract, day, Upload(path, name, path.stat().st_size))

    def with_contacts(self, *contacts: Contact) -> None:
        """Have the pool's contracts name these contacts."""
        pool = self.engine.pool
        contracts = tuple(c.model_copy(update={"contacts": contacts}) for c in pool.contracts)
        self.engine.__dict__["pool"] = pool.model_copy(update={"contracts": contracts})

    @property
    def contract(self) -> Contract:
        """The readings' contract."""
        return self.engine.pool.contract(FEED)


@pytest.fixture
def told(postbox: tuple[Postbox, MailServer], tmp_path: Path) -> Told:
    """An empty pool that tells through the mail server."""
    box, server = postbox
    engine = Engine(Settings(POOL, Home(tmp_path / "home"), portal="https://pool.example"))
    clock = [datetime(2026, 1, 1, 9, tzinfo=UTC)]
    memory = Memory(engine.home.root / "notifications")
    sender = Sender("porto-alegre", engine.pool.title, "pool@porto-alegre.example", "https://pool.example")
    outlets = Outlets(server, "key", allowed_hosts=("127.0.0.1",))
    notifier = Notifier(outlets, memory, sender, lambda: clock[0])
    engine.notify = notifier
    return Told(engine, box, notifier, memory, clock)


def redated(name: str, old: str, new: str, change: Callable[[str], str] = str) -> bytes:
    """A bundled day's rows as those of another day, changed as a sender could."""
    text = gzip.decompress((ENERGY / name).read_bytes()).decode()
    after = {day: f"{day[:8]}{int(day[8:]) + 1:02d}" for day in (old, new)}
    text = text.replace(after[old], "AFTER").replace(old, new).replace("AFTER", after[new])
    return gzip.compress(change(text).encode(), mtime=0)
