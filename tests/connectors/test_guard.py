"""Which addresses may be called."""

from __future__ import annotations

import pytest

from connectors.transports.guard import AddressRefusedError, check_address, check_url


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
