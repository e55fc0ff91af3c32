"""Rate limits: what is left fills up with time, and the memory they take is bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.api.limits import RateLimit, name_address


def test_a_burst_is_let_in_and_then_one_at_a_time() -> None:
    now = [0.0]
    limit = RateLimit(burst=3, per_minute=6, clock=lambda: now[0])
    assert [limit.take("a") for _ in range(3)] == [0, 0, 0]
    assert limit.take("a") == pytest.approx(10)
    assert limit.take("b") == 0, "another name has its own"
    now[0] = 10
    assert limit.take("a") == 0
    assert limit.take("a") > 0


def test_asking_how_long_to_wait_takes_nothing() -> None:
    limit = RateLimit(burst=1, per_minute=1, clock=lambda: 0)
    assert [limit.wait_s("a"), limit.wait_s("a"), limit.take("a")] == [0, 0, 0]
    assert limit.wait_s("a") == pytest.approx(60)


@given(st.lists(st.floats(min_value=0, max_value=5), max_size=60))
def test_never_more_than_the_burst_and_what_time_has_given(pauses: list[float]) -> None:
    now = [0.0]
    limit = RateLimit(burst=4, per_minute=30, clock=lambda: now[0])
    taken = 0
    for pause in pauses:
        now[0] += pause
        taken += limit.take("a") == 0
    assert taken <= 4 + now[0] / 2 + 1e-6


def test_names_are_forgotten_before_they_fill_the_memory() -> None:
    limit = RateLimit(burst=1, per_minute=1, clock=lambda: 0, max_names=10)
    for number in range(1000):
        limit.take(str(number))
    assert len(limit._left) == 10
    assert limit.take("999") > 0
    assert limit.take("0") == 0


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (None, "unknown"),
        ("socket", "socket"),
    ],
)
def test_addresses_of_one_holder_count_as_one(host: str | None, name: str) -> None:
    assert name_address(host) == name
