"""A real Chromium, driven through its DevTools protocol: as much as these tests need."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_S = 60


def find_chromium() -> str | None:
    """The browser on this machine, if there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One tab."""

    def __init__(self, wire: ClientConnection) -> None:
        self._wire = wire
        self._count = 0
        self.errors: list[str] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the protocol; return its result."""
        self._count += 1
        self._wire.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._wire.recv(timeout=PATIENCE_S))
            if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                self.errors.append(message["params"]["entry"]["text"])
            if message.get("id") == self._count:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result

    def go(self, url: str) -> None:
        """Open an address and wait until it is there."""
        self.call("Page.navigate", url=url)
        self.wait(f"location.href.split('#')[0] === {json.dumps(url)} && document.readyState === 'complete'")

    def ask(self, expression: str) -> Any:
        """Return what an expression gives in the page, None while a page is on its way."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return None if "exceptionDetails" in answer else answer["result"].get("value")

    def wait(self, expression: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + PATIENCE_S
        while not self.ask(expression):
            assert time.monotonic() < end, f"never true: {expression}\n{self.text()}"
            time.sleep(0.05)

    def text(self) -> str:
        """What a person reads on the page."""
        return str(self.ask("document.body.innerText"))

    def type_into(self, selector: str, text: str) -> None:
        """Type into a field, key by key as far as the page can tell."""
        self.ask(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def choose_file(self, selector: str, *paths: Path) -> None:
        """Choose files as the file dialogue would."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path) for path in paths])

    def click(self, selector: str) -> None:
        """Click on an element."""
        self.ask(f"document.querySelector({json.dumps(selector)}).click()")

    def shoot(self, path: Path, width: int, height: int = 900) -> None:
        """Write a screenshot at a width."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))


@contextmanager
def open_page(folder: Path) -> Iterator[Page]:
    """Start Chromium with an empty profile in `folder`; give its first tab."""
    chromium = find_chromium()
    assert chromium is not None
    flags = "--headless=new --no-sandbox --disable-gpu --no-first-run --remote-debugging-port=0"
    options = [*flags.split(), f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen([chromium, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = _port(folder / "DevToolsActivePort")
        tabs = requests.get(f"http://127.0.0.1:{port}/json", timeout=10).json()
        address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
        with connect(address, max_size=None) as wire:
            page = Page(wire)
            for domain in ("Page", "DOM", "Runtime", "Log"):
                page.call(f"{domain}.enable")
            yield page
    finally:
        process.terminate()
        process.wait(20)


def _port(file: Path) -> int:
    end = time.monotonic() + PATIENCE_S
    while not (file.exists() and file.read_text().count("\n")):
        assert time.monotonic() < end, "Chromium did not start"
        time.sleep(0.05)
    return int(file.read_text().splitlines()[0])
