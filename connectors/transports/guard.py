"""Which addresses a contract may make us call: a contract is not always written by a friend.

Here: the check of a URL before the call, and connections that check the peer they reached, so
that a name that answers twice differently fools neither. Not here: the call itself.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

import urllib3
from requests.adapters import HTTPAdapter


class AddressRefusedError(Exception):
    """The address is not one that this pool may call."""


def check_url(url: str, allowed_hosts: Collection[str]) -> None:
    """Raise AddressRefusedError unless the URL is http(s) to a public host, or to an allowed one.

    A name that does not resolve passes: connecting will say so, and is tried again.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise AddressRefusedError(f"only http and https addresses are called, not {parts.scheme or 'none'}")
    if not parts.hostname:
        raise AddressRefusedError("the address names no host")
    if parts.hostname in allowed_hosts:
        return
    for address in _resolve(parts.hostname):
        check_address(address, parts.hostname)


def check_address(address: str, host: str) -> None:
    """Raise AddressRefusedError unless the IP address is a public one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if not ip.is_global or ip.is_multicast:
        raise AddressRefusedError(
            f"{host} is a private address ({ip}); the pool must list the host as allowed before it is called"
        )


def _resolve(host: str) -> set[str]:
    try:
        return {str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return set()


class GuardedAdapter(HTTPAdapter):
    """Adapter of requests whose connections check their peer before anything is sent."""

    def __init__(self, allowed_hosts: Collection[str]) -> None:
        """Keep the hosts that may be private."""
        self._allowed_hosts = frozenset(allowed_hosts)
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as its parent
        """Make the pools of guarded connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _guard_pool(urllib3.HTTPConnectionPool, self._allowed_hosts),
            "https": _guard_pool(urllib3.HTTPSConnectionPool, self._allowed_hosts),
        }


def _guard_pool(pool: type[Any], allowed_hosts: frozenset[str]) -> type[Any]:
    """Return a subclass of an urllib3 pool whose connections check the address they reached."""

    def connect(connection: Any) -> socket.socket:  # noqa: ANN401 - urllib3 has two unrelated classes
        reached: socket.socket = pool.ConnectionCls._new_conn(connection)
        if connection.host not in allowed_hosts:
            try:
                check_address(str(reached.getpeername()[0]), str(connection.host))
            except AddressRefusedError:
                reached.close()
                raise
        return reached

    guarded = type("GuardedConnection", (pool.ConnectionCls,), {"_new_conn": connect})
    return type("GuardedPool", (pool,), {"ConnectionCls": guarded})
