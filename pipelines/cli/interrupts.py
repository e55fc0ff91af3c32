"""How commands that run until they are told to stop hear it. Here: Ctrl-C and SIGTERM made one."""

from __future__ import annotations

import signal


def hear_interrupts() -> None:
    """Let SIGTERM and SIGINT raise KeyboardInterrupt: a shell's background job begins deaf to Ctrl-C."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _raise_interrupt)


def _raise_interrupt(*_: object) -> None:
    raise KeyboardInterrupt
