"""The engine's `notify` hook: find what there is to tell, tell each contact once, in one letter.

Here: the order of it, and that a letter that fails waits for the next time and stops nothing. Not
here: the parts (`causes`, `memory`, `letters`, `mail`).
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connectors.webhook import WebhookError, post_json
from contracts.model import Contact, Contract
from pipelines.notify.letters import Sender, write_json, write_letter
from pipelines.notify.mail import MailServer, is_address, mail_server, send_mail
from pipelines.notify.memory import Memory, Waiting
from pipelines.notify.reasons import Cause, wants

if TYPE_CHECKING:
    from pipelines.engine import Engine
    from pipelines.steps import Delivered

log = logging.getLogger("regie.notify")
FOLDER = "notifications"


@dataclass(frozen=True)
class Outlets:
    """The ways by which contacts are told; a way that is not set up tells nobody.

    Attributes:
        mail: the mail server.
        secret: key of the webhooks' signatures, `REGIE_WEBHOOK_SECRET`.
        allowed_hosts: private hosts that webhooks may reach.
    """

    mail: MailServer | None = None
    secret: str = ""
    allowed_hosts: tuple[str, ...] = ()

    def reaches(self, contact: Contact) -> bool:
        """Whether there is a way to this contact."""
        if contact.is_webhook:
            return bool(self.secret)
        return self.mail is not None and is_address(contact.address)


class Notifier:
    """Tells contacts; called by the engine after each judgement, and now and then for what rests."""

    def __init__(
        self, outlets: Outlets, memory: Memory, sender: Sender, clock: Callable[[], datetime]
    ) -> None:
        """Take the ways out, what is remembered, in whose name to write, and the real time (UTC)."""
        self._outlets = outlets
        self._memory = memory
        self._sender = sender
        self._clock = clock

    def __call__(self, engine: Engine, contract: Contract, delivered: Sequence[Delivered]) -> None:
        """Tell the contract's contacts what became of these deliveries; never fails for its caller."""
        from pipelines.notify.causes import find_causes

        try:
            failures = self.tell(contract, find_causes(engine.home, contract, delivered, engine.now))
        except Exception:
            # The delivery is judged and recorded: what goes wrong from here on is ours alone.
            log.exception("notifications of %s", contract.id)
            engine.progress(f"{contract.id}: notifications failed, which is ours; see the log")
            return
        for failure in failures:
            engine.progress(f"{contract.id}: not told yet: {failure}")

    def tell(self, contract: Contract, causes: Iterable[Cause]) -> list[str]:
        """Have the contacts told of what they were not told yet; return what failed and waits, in words."""
        with self._memory.open() as memory:
            for cause in causes:
                for contact in contract.contacts:
                    if wants(contact, cause.reason) and self._outlets.reaches(contact):
                        memory.expect(contact, cause)
            return self._send_due(memory)

    def flush(self) -> list[str]:
        """Tell what has rested long enough; return what failed."""
        with self._memory.open() as memory:
            return self._send_due(memory)

    def _send_due(self, memory: Memory) -> list[str]:
        now, failures = self._clock(), []
        for address, waiting in memory.due(now).items():
            if not self._outlets.reaches(waiting[0].contact):
                continue
            try:
                self._send(waiting, now)
            except (OSError, WebhookError) as error:
                failures.append(f"{address}: {error}")
            else:
                memory.note(waiting, now)
        return failures

    def _send(self, waiting: Sequence[Waiting], now: datetime) -> None:
        contact, causes = waiting[0].contact, [w.cause for w in waiting]
        if contact.is_webhook:
            body = write_json(causes, self._sender)
            signature = hmac.new(self._outlets.secret.encode(), body, hashlib.sha256).hexdigest()
            headers = {"X-Regie-Signature": f"sha256={signature}"}
            post_json(contact.address, body, headers, allowed_hosts=self._outlets.allowed_hosts)
        elif self._outlets.mail is not None:
            letter = write_letter(causes, contact.language, self._sender)
            send_mail(self._outlets.mail, contact.address, letter, contact.language, now)


def notifier_for(engine: Engine, environment: Mapping[str, str] | None = None) -> Notifier | None:
    """Return the notifier that the environment asks for, None if it names no way out.

    Raises MailSettingError.
    """
    chosen = os.environ if environment is None else environment
    if not chosen.get("REGIE_SMTP_HOST") and not chosen.get("REGIE_WEBHOOK_SECRET"):
        return None
    pool = engine.pool
    publisher = pool.publisher.email or ""
    outlets = Outlets(
        mail=mail_server(chosen, publisher),
        secret=chosen.get("REGIE_WEBHOOK_SECRET", ""),
        allowed_hosts=pool.allowed_hosts,
    )
    address = publisher or (outlets.mail.sender if outlets.mail else "")
    sender = Sender(pool.id, dict(pool.title), address, engine.settings.portal)
    return Notifier(outlets, Memory(engine.home.root / FOLDER), sender, lambda: datetime.now(UTC))
