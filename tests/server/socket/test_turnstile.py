"""How many are let in: at a rate; who is turned away has a moment to come."""

import pytest

from server.socket.turnstile import FURTHEST_S, Turnstile


class House:
    """A clock that is as it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def turnstile(self, per_s: float) -> Turnstile:
        return Turnstile(per_s, lambda: self.now)

    def admitted(self, turnstile: Turnstile, seconds: float, step_s: float = 0.001) -> int:
        """How many come in when somebody knocks at every step."""
        count = 0
        for _ in range(round(seconds / step_s)):
            self.now += step_s
            count += turnstile.wait_ms() == 0
        return count


@pytest.fixture
def house() -> House:
    return House()


def test_a_second_of_them_at_once_and_then_the_rate(house: House) -> None:
    turnstile = house.turnstile(100)
    assert sum(turnstile.wait_ms() == 0 for _ in range(150)) == 100
    assert house.admitted(turnstile, 2.0) == pytest.approx(200, abs=1)


def test_each_is_told_a_moment_of_its_own(house: House) -> None:
    """One behind the other at the rate; at that moment there is room."""
    turnstile = house.turnstile(100)
    for _ in range(100):
        turnstile.wait_ms()
    told = [turnstile.wait_ms() for _ in range(50)]
    assert told == [pytest.approx(10 * (place + 1), abs=1) for place in range(50)]
    began = house.now
    for wait_ms in told:
        house.now = began + (wait_ms + 1) / 1000
        assert turnstile.wait_ms() == 0


def test_nobody_is_sent_away_for_long(house: House) -> None:
    turnstile = house.turnstile(2)
    assert max(turnstile.wait_ms() for _ in range(1000)) <= FURTHEST_S * 1000
