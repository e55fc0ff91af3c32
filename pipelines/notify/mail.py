"""Mails over SMTP, with settings from the environment.

Here: the settings and one message on its way. Not here: its words (`letters`).
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from pipelines.notify.letters import Letter

TIMEOUT_S = 15
SUBMISSION, IMPLICIT_TLS = 587, 465
WAYS = ("none", "starttls", "tls")
_ADDRESS = re.compile(r"[^@\s,;:<>\"()\[\]\\]+@[^@\s,;:<>\"()\[\]\\]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


class MailSettingError(ValueError):
    """The environment's mail settings can't be used."""


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed over, and in whose name.

    Attributes:
        host: `REGIE_SMTP_HOST`.
        port: `REGIE_SMTP_PORT`, 25 by default.
        security: `REGIE_SMTP_SECURITY`: `none`, `starttls` or `tls`; by default what the port is for.
        user: `REGIE_SMTP_USER`, if the server asks.
        password: `REGIE_SMTP_PASSWORD`.
        sender: `REGIE_SMTP_FROM`; by default the publisher's address in pool.yaml.
    """

    host: str
    port: int = 25
    security: str = "none"
    user: str = ""
    password: str = ""
    sender: str = ""

    def __repr__(self) -> str:
        """Name the server without its password."""
        return f"MailServer({self.host}:{self.port}, {self.security}, from {self.sender})"


def mail_server(environment: Mapping[str, str], sender: str) -> MailServer | None:
    """Return the mail server that the environment names, None if it names none.

    Raises MailSettingError for a setting that could only fail later.
    """
    host = environment.get("REGIE_SMTP_HOST")
    if not host:
        return None
    text = environment.get("REGIE_SMTP_PORT") or "25"
    if not text.isdigit() or not 0 < int(text) < 65_536:  # noqa: PLR2004  # ports
        raise MailSettingError(f"REGIE_SMTP_PORT: {text!r} is not a port")
    port = int(text)
    usual = {SUBMISSION: "starttls", IMPLICIT_TLS: "tls"}.get(port, "none")
    security = environment.get("REGIE_SMTP_SECURITY") or usual
    if security not in WAYS:
        raise MailSettingError(f"REGIE_SMTP_SECURITY: {security!r} is not one of {', '.join(WAYS)}")
    user, password = environment.get("REGIE_SMTP_USER", ""), environment.get("REGIE_SMTP_PASSWORD", "")
    if user and security == "none":
        raise MailSettingError("REGIE_SMTP_USER: a password is not sent in clear; set REGIE_SMTP_SECURITY")
    chosen = environment.get("REGIE_SMTP_FROM") or sender
    if not is_address(chosen):
        raise MailSettingError(f"REGIE_SMTP_FROM: {chosen!r} is not an e-mail address")
    return MailServer(host, port, security, user, password, chosen)


def is_address(text: str) -> bool:
    """Whether a text is one plain e-mail address: a contract is not always written by a friend."""
    return _ADDRESS.fullmatch(text) is not None


def send_mail(server: MailServer, address: str, letter: Letter, code: str, now: datetime) -> None:
    """Hand one mail over; raises OSError or SMTPException (an OSError too) where that fails."""
    message = write_message(server.sender, address, letter, code, now)
    context = ssl.create_default_context()
    if server.security == "tls":
        wire: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    else:
        wire = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    with wire:
        if server.security == "starttls":
            wire.starttls(context=context)
        if server.user:
            wire.login(server.user, server.password)
        wire.send_message(message)


def write_message(sender: str, address: str, letter: Letter, code: str, now: datetime) -> EmailMessage:
    """Return the mail; headers hold one line each, whatever a contract's names hold."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = address
    message["Subject"] = _CONTROL.sub(" ", letter.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Content-Language"] = code
    # No out-of-office answers to a machine (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message
