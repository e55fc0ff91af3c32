"""How often somebody may ask: a leaky bucket a name, in memory, for a bounded number of names.

Here: the buckets. Not here: which request counts against which (`app`).
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MAX_NAMES = 10_000


class RateLimit:
    """At most `burst` at once and `per_minute` in the long run, for each name."""

    def __init__(
        self,
        burst: int,
        per_minute: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        max_names: int = MAX_NAMES,
    ) -> None:
        """Start with every bucket full; beyond `max_names` the one asked longest ago is forgotten."""
        self._burst = burst
        self._per_s = per_minute / 60
        self._clock = clock
        self._max_names = max_names
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str) -> float:
        """Take one; return 0, or the seconds to wait where none is left."""
        with self._lock:
            left = self._refill(name)
            wait = 0.0 if left >= 1 else (1 - left) / self._per_s
            self._keep(name, left - 1 if left >= 1 else left)
            return wait

    def wait_s(self, name: str) -> float:
        """Return the seconds until one is left, taking none."""
        with self._lock:
            left = self._refill(name)
            return 0.0 if left >= 1 else (1 - left) / self._per_s

    def _refill(self, name: str) -> float:
        left, at = self._left.get(name, (float(self._burst), self._clock()))
        return min(float(self._burst), left + (self._clock() - at) * self._per_s)

    def _keep(self, name: str, left: float) -> None:
        self._left[name] = (left, self._clock())
        self._left.move_to_end(name)
        while len(self._left) > self._max_names:
            self._left.popitem(last=False)


def name_address(host: str | None) -> str:
    """Return the name by which an address is counted: an IPv6 host has 2^64 of them, so its /64."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return host or "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
