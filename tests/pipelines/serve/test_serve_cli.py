"""`regie serve` as an operator starts and stops it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests

from .conftest import ROOT


def start(home: Path, port: int, **variables: str) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("REGIE_")} | variables
    command = [sys.executable, "-m", "pipelines.cli", "--home", str(home), "serve", "--port", str(port)]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_the_server_starts_on_an_empty_home_and_stops_when_asked(tmp_path: Path) -> None:
    port = free_port()
    process = start(tmp_path / "home", port)
    try:
        end = time.monotonic() + 60
        while True:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            try:
                page = requests.get(f"http://127.0.0.1:{port}/?lang=en", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        assert "No delivery was judged yet." in page.text
        assert "server" not in page.headers, "what answers is nobody's business"
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
        assert process.returncode in (0, -signal.SIGTERM)
        assert "Traceback" not in said
    finally:
        process.kill()


def test_a_port_in_use_and_a_wrong_mail_setting_are_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start(tmp_path / "home", int(taken.getsockname()[1]))
        _, said = process.communicate(timeout=60)
        assert (process.returncode, "--port" in said, "Traceback" in said) == (2, True, False)
    process = start(tmp_path / "home", free_port(), REGIE_SMTP_HOST="mail.example", REGIE_SMTP_PORT="mail")
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "REGIE_SMTP_PORT" in said, "Traceback" in said) == (2, True, False)
