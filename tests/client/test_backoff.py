"""Delays before retries."""

from client.backoff import RetryBudget


def test_retry_budget_allows_a_burst_and_then_a_rate() -> None:
    """Retries past the burst are spread out; unused budget is saved up to the burst."""
    now_s = 1000.0
    budget = RetryBudget(8.0, 4, lambda: now_s)
    assert [budget.delay_s() for _ in range(4)] == [0.0] * 4
    assert [budget.delay_s() for _ in range(3)] == [0.125, 0.25, 0.375]
    now_s += 100.0
    assert [budget.delay_s() for _ in range(4)] == [0.0] * 4
    assert budget.delay_s() == 0.125
