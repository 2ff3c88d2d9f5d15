"""Limits of additions by actor and by recipient."""

import pytest

from actors.consent.addition_limiter import AdditionLimiter
from actors.protocol.errors import ApiError
from config.limits import Limits

LIMITS = Limits(
    additions_per_s=1.0,
    additions_burst=10,
    additions_per_recipient_per_s=0.5,
    additions_per_recipient_burst=2,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def wait_ms(limiter: AdditionLimiter, actor_id: str, *user_ids: str) -> int:
    with pytest.raises(ApiError, match=r"rate\.limited") as refused:
        limiter.consume(actor_id, user_ids)
    assert refused.value.retry_after_ms is not None
    return refused.value.retry_after_ms


def test_actor_pays_for_each_user() -> None:
    """A refused addition takes nothing, and succeeds after the time it was told."""
    clock = Clock()
    limiter = AdditionLimiter(LIMITS, clock)
    limiter.consume("ana", [f"user{number}" for number in range(8)])
    assert wait_ms(limiter, "ana", "a", "b", "c") == 1000
    limiter.consume("ana", ["a", "b"])
    clock.now += wait_ms(limiter, "ana", "c") / 1000
    limiter.consume("ana", ["c"])
    limiter.consume("ben", ["d"])


def test_recipient_is_protected_against_many_actors() -> None:
    """The third addition waits, whoever makes it, and takes no token of the others in it."""
    clock = Clock()
    limiter = AdditionLimiter(LIMITS, clock)
    limiter.consume("ana", ["eve"])
    limiter.consume("ben", ["eve"])
    assert wait_ms(limiter, "cyd", "dan", "eve") == 2000
    limiter.consume("ana", ["dan"])
    limiter.consume("ben", ["dan"])
    clock.now += 2.0
    limiter.consume("cyd", ["eve"])


def test_group_larger_than_the_burst_needs_a_full_bucket() -> None:
    """It is possible at all, and leaves nothing. Oneself and repeated ids are free."""
    clock = Clock()
    limiter = AdditionLimiter(LIMITS, clock)
    many = [f"user{number}" for number in range(50)]
    limiter.consume("ana", ["ana", *many, *many])
    limiter.consume("ana", ["ana"])
    assert wait_ms(limiter, "ana", "eve") == 1000
    clock.now += 9.0
    assert wait_ms(limiter, "ana", *many) == 1000
    clock.now += 1.0
    limiter.consume("ana", many)
