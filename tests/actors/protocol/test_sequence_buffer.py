"""The sequence buffer: every item once, in order."""

import random

from actors.protocol import sequence_buffer
from actors.protocol.sequence_buffer import SequenceBuffer


def pass_item(buffer: SequenceBuffer[int], number: int, delivered: list[int]) -> None:
    if buffer.next(number):
        delivered.append(number)
        while (held := buffer.pop_next()) is not None:
            delivered.append(held)
    else:
        buffer.hold(number, number)


def test_shuffled_and_repeated_items_are_delivered_once_in_order() -> None:
    """Items in any order, some of them twice, are delivered once and in order."""
    numbers = [*range(1, 201), *range(50, 100)]
    random.Random(7).shuffle(numbers)
    buffer = SequenceBuffer[int]()
    delivered: list[int] = []
    buffer.start(0)
    for number in numbers:
        pass_item(buffer, number, delivered)

    assert delivered == list(range(1, 201))


def test_items_before_start_are_held() -> None:
    """Before `start` nothing is next; `start` returns the held items in order."""
    buffer = SequenceBuffer[int]()
    assert not buffer.next(0)
    assert not buffer.next(5)
    assert buffer.hold(6, 6)
    assert buffer.hold(5, 5)
    assert not buffer.started

    assert buffer.start(4) == [(5, 5), (6, 6)]
    assert buffer.started
    assert buffer.next(5)


def test_hold_reports_delivered_items() -> None:
    """`hold` distinguishes a gap from an item that was delivered before."""
    buffer = SequenceBuffer[int]()
    buffer.start(3)

    assert not buffer.hold(3, 3)
    assert buffer.hold(5, 5)


def test_held_items_are_bounded() -> None:
    """Items over the limit are dropped."""
    buffer = SequenceBuffer[int]()
    for number in range(1, sequence_buffer.HELD_ITEMS_MAX + 10):
        assert buffer.hold(number, number)

    assert len(buffer.start(0)) == sequence_buffer.HELD_ITEMS_MAX


def test_skipped_items_are_dropped_and_later_ones_kept() -> None:
    """`skip_to` never goes back, and the held item after it is next."""
    buffer = SequenceBuffer[int](held_max=3)
    buffer.start(0)
    for number in (2, 4, 5, 6):
        buffer.hold(number, number)
    buffer.skip_to(3)
    buffer.skip_to(1)

    assert buffer.position == 3
    assert [buffer.pop_next(), buffer.pop_next(), buffer.pop_next()] == [4, 5, None]
