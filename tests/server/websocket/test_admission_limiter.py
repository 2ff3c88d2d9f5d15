"""Tests of the admission rate and the retry delays."""

import pytest

from server.websocket.admission_limiter import RETRY_AFTER_MAX_S, AdmissionLimiter


class LimiterHarness:
    """A limiter with a manual clock."""

    def __init__(self) -> None:
        self.now = 100.0

    def limiter(self, per_s: float) -> AdmissionLimiter:
        return AdmissionLimiter(per_s, lambda: self.now)

    def count_admitted(self, limiter: AdmissionLimiter, seconds: float, step_s: float = 0.001) -> int:
        """Count the admissions of one attempt per time step."""
        count = 0
        for _ in range(round(seconds / step_s)):
            self.now += step_s
            count += limiter.admit_or_wait_ms() == 0
        return count


@pytest.fixture
def harness() -> LimiterHarness:
    return LimiterHarness()


def test_burst_of_one_second_then_the_rate(harness: LimiterHarness) -> None:
    admission = harness.limiter(100)
    assert sum(admission.admit_or_wait_ms() == 0 for _ in range(150)) == 100
    assert harness.count_admitted(admission, 2.0) == pytest.approx(200, abs=1)


def test_rejected_clients_get_staggered_delays(harness: LimiterHarness) -> None:
    """Delays are one slot apart; a client that waits is admitted."""
    admission = harness.limiter(100)
    for _ in range(100):
        admission.admit_or_wait_ms()
    delays_ms = [admission.admit_or_wait_ms() for _ in range(50)]
    assert delays_ms == [pytest.approx(10 * (place + 1), abs=1) for place in range(50)]
    began = harness.now
    for wait_ms in delays_ms:
        harness.now = began + (wait_ms + 1) / 1000
        assert admission.admit_or_wait_ms() == 0


def test_retry_delay_is_bounded(harness: LimiterHarness) -> None:
    admission = harness.limiter(2)
    assert max(admission.admit_or_wait_ms() for _ in range(1000)) <= RETRY_AFTER_MAX_S * 1000
