"""Post a small message to an address that a contract names.

Here: one POST, to public hosts only, following nothing. Not here: what the message says, its signature.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import requests

from connectors.transports.guard import AddressRefusedError, GuardedAdapter, check_url

TIMEOUT_S = 10
_GOOD = range(200, 300)


class WebhookError(Exception):
    """The message was not taken; in words."""


def post_json(
    url: str, body: bytes, headers: Mapping[str, str], *, allowed_hosts: Collection[str] = ()
) -> None:
    """Post JSON; raises WebhookError unless the host answers with a 2xx status.

    `allowed_hosts` are hosts that may be private addresses. Redirects are not followed: the contract
    names the address that may be called.
    """
    with requests.Session() as session:
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, GuardedAdapter(allowed_hosts))
        sent = {"Content-Type": "application/json", "User-Agent": "regie", **headers}
        try:
            check_url(url, allowed_hosts)
            with session.post(
                url, data=body, headers=sent, timeout=TIMEOUT_S, allow_redirects=False, stream=True
            ) as answer:
                if answer.status_code not in _GOOD:
                    raise WebhookError(f"{url} answered {answer.status_code}")
        except (requests.RequestException, AddressRefusedError) as error:
            raise WebhookError(f"{url}: {error}") from error
