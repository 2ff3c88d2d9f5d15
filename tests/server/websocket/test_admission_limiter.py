"""How many are let in: at a rate; who is turned away has a moment to come."""

import pytest

from server.websocket.admission_limiter import RETRY_AFTER_MAX_S, AdmissionLimiter


class LimiterHarness:
    """A clock that is as it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def limiter(self, per_s: float) -> AdmissionLimiter:
        return AdmissionLimiter(per_s, lambda: self.now)

    def count_admitted(self, limiter: AdmissionLimiter, seconds: float, step_s: float = 0.001) -> int:
        """How many come in when somebody knocks at every step."""
        count = 0
        for _ in range(round(seconds / step_s)):
            self.now += step_s
            count += limiter.admit_or_wait_ms() == 0
        return count


@pytest.fixture
def harness() -> LimiterHarness:
    return LimiterHarness()


def test_a_second_of_them_at_once_and_then_the_rate(harness: LimiterHarness) -> None:
    turnstile = harness.limiter(100)
    assert sum(turnstile.admit_or_wait_ms() == 0 for _ in range(150)) == 100
    assert harness.count_admitted(turnstile, 2.0) == pytest.approx(200, abs=1)


def test_each_is_told_a_moment_of_its_own(harness: LimiterHarness) -> None:
    """One behind the other at the rate; at that moment there is room."""
    turnstile = harness.limiter(100)
    for _ in range(100):
        turnstile.admit_or_wait_ms()
    told = [turnstile.admit_or_wait_ms() for _ in range(50)]
    assert told == [pytest.approx(10 * (place + 1), abs=1) for place in range(50)]
    began = harness.now
    for wait_ms in told:
        harness.now = began + (wait_ms + 1) / 1000
        assert turnstile.admit_or_wait_ms() == 0


def test_nobody_is_sent_away_for_long(harness: LimiterHarness) -> None:
    turnstile = harness.limiter(2)
    assert max(turnstile.admit_or_wait_ms() for _ in range(1000)) <= RETRY_AFTER_MAX_S * 1000
