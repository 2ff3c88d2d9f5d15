"""Tests of token buckets, cursors and the bucket keys of addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from actors.protocol.errors import ApiError
from server.http.cursor import decode_cursor, encode_cursor
from server.http.rate_limiter import RateLimit, TokenBucketTable, address_bucket_key


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_burst_then_rate() -> None:
    """The burst passes at once, then the rate applies; the retry time is exact."""
    clock = Clock()
    buckets = TokenBucketTable(RateLimit(per_s=2, burst=3), 10, clock)
    assert [buckets.consume("a").allowed for _ in range(4)] == [True, True, True, False]
    refused = buckets.consume("a")
    assert (refused.retry_after_ms, refused.remaining, refused.reset_s) == (500, 0, 2)
    clock.now_s += 0.5
    assert buckets.consume("a").allowed
    assert not buckets.consume("a").allowed
    clock.now_s += 1000
    assert [buckets.consume("a").allowed for _ in range(4)] == [True, True, True, False]


def test_dear_requests_take_more_tokens() -> None:
    """The retry time is that of the whole cost; a cost above the burst takes a full bucket."""
    clock = Clock()
    buckets = TokenBucketTable(RateLimit(per_s=2, burst=10), 10, clock)
    assert buckets.consume("a", 7).remaining == 3
    refused = buckets.consume("a", 7)
    assert (refused.allowed, refused.retry_after_ms, refused.remaining) == (False, 2000, 3)
    assert buckets.consume("a").allowed
    clock.now_s += 1000
    assert buckets.consume("a", 50).allowed
    assert not buckets.consume("a").allowed


def test_keys_have_separate_buckets() -> None:
    """One key's requests do not affect another key."""
    buckets = TokenBucketTable(RateLimit(per_s=1, burst=1), 10, Clock())
    assert buckets.consume("a").allowed
    assert buckets.consume("b").allowed
    assert not buckets.consume("a").allowed


def test_table_evicts_the_least_recently_used_bucket() -> None:
    """A flood of new keys does not grow the table beyond its bound."""
    buckets = TokenBucketTable(RateLimit(per_s=1, burst=1), 3, Clock())
    for key in "abc":
        buckets.consume(key)
    buckets.consume("a")
    buckets.consume("d")
    assert len(buckets) == 3
    assert not buckets.consume("a").allowed
    assert buckets.consume("b").allowed


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_ipv6_network_shares_a_bucket(one: str, other: str, same: bool) -> None:
    """Addresses of one /64 have the same key."""
    assert (address_bucket_key(one) == address_bucket_key(other)) == same


@given(some.tuples(some.text(max_size=50), some.integers(0, 2**53)))
def test_cursor_round_trip(key: tuple[str, int]) -> None:
    """Decoding returns the encoded key."""
    assert decode_cursor(encode_cursor(key), tuple[str, int]) == key


@given(some.text(max_size=80) | some.binary(max_size=60).map(encode_cursor))
def test_forged_cursor_is_rejected(text: str) -> None:
    """Any other text is `cursor.invalid`, not another failure."""
    with pytest.raises(ApiError, match="cursor"):
        decode_cursor(text, tuple[str, int])
