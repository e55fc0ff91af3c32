"""Which addresses may be called."""

from __future__ import annotations

import socket

import pytest

from connectors.transports import guard
from connectors.transports.fetched import FetchOutcome
from connectors.transports.guard import AddressRefusedError, check_address, check_url
from connectors.transports.http import Ask, fetch_http


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/x",
        "http:///x",
        "http://127.0.0.1/x",
        "http://[::1]/x",
        "http://[::ffff:127.0.0.1]/x",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.8/x",
        "http://192.168.1.1/x",
        "http://0.0.0.0/x",
        "http://2130706433/x",
        "http://localhost/x",
    ],
)
def test_local_and_private_addresses_are_refused(url):
    with pytest.raises(AddressRefusedError):
        check_url(url, ())


def test_an_allowed_host_may_be_private():
    check_url("http://127.0.0.1:8000/x", ("127.0.0.1",))


def test_a_public_address_passes():
    check_url("https://9.9.9.9/x", ())
    check_address("2620:fe::9", "host")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_answers_twice_differently_is_caught_where_it_connects(monkeypatch, tmp_path, scheme):
    """DNS rebinding: the check sees a public address, the connection reaches a private one."""
    monkeypatch.setattr(guard, "_resolve", lambda _: {"9.9.9.9"})
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(2)
        url = f"{scheme}://localhost:{server.getsockname()[1]}/x"
        fetched = fetch_http(Ask(url, max_bytes=10, user_agent="test"), tmp_path / "data")
        assert fetched.outcome is FetchOutcome.FAILED
        assert "private address" in fetched.detail
        reached, _ = server.accept()
        with reached:
            assert reached.recv(100) == b""
