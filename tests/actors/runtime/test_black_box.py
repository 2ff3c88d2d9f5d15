"""Black boxes keep the last events, within a number of boxes and of bytes."""

from actors.runtime.black_box import (
    BOX_BYTES,
    EVENT_BYTES,
    EVENTS_PER_BOX,
    NO_BOX,
    BlackBoxes,
)

MEGABYTE = 1024 * 1024


def test_full_box_drops_its_oldest_events() -> None:
    """The newest events stay, in order."""
    box = BlackBoxes(10, MEGABYTE).open("a")
    for number in range(EVENTS_PER_BOX + 50):
        box.add("command", "subject", "detail", number)
    assert [event[4] for event in box.events()] == list(range(50, EVENTS_PER_BOX + 50))
    assert {event[1:4] for event in box.events()} == {("command", "subject", "detail")}


def test_closed_boxes_are_evicted_first() -> None:
    """Past the limit the oldest closed box goes, then the oldest open one, which then records nothing."""
    boxes = BlackBoxes(3, MEGABYTE)
    a, b, _ = (boxes.open(key) for key in "abc")
    boxes.close(b)
    boxes.open("d")
    assert boxes.find("b") is None
    boxes.open("e")
    assert boxes.find("a") is None
    a.add("command")
    assert a.events() == []
    assert boxes.statistics().boxes == 3
    assert boxes.statistics().evicted == 2


def test_bytes_are_bounded() -> None:
    """Whatever is recorded; the newest boxes keep their events."""
    limit = 100 * EVENT_BYTES + 20 * BOX_BYTES
    boxes = BlackBoxes(10, limit)
    for number in range(10):
        box = boxes.open(str(number))
        for _ in range(EVENTS_PER_BOX):
            box.add("command")
            statistics = boxes.statistics()
            assert statistics.bytes <= limit
            assert statistics.events == sum(len(one.events()) for one in boxes.select(lambda _: True, 10))


def test_reopened_box_keeps_its_events() -> None:
    """A conversation that is active again continues its box, which is then no longer evicted first."""
    boxes = BlackBoxes(2, MEGABYTE)
    box = boxes.open("a")
    box.add("passivated")
    boxes.close(box)
    assert box.closed_at_s
    assert boxes.open("a") is box
    assert not box.closed_at_s
    boxes.close(boxes.open("b"))
    boxes.open("c")
    assert boxes.find("b") is None
    assert boxes.find("a") is box
    assert [event[1] for event in box.events()] == ["passivated"]


def test_without_boxes_nothing_is_recorded() -> None:
    """With a limit of none, every key shares the box that records nothing."""
    boxes = BlackBoxes(0, MEGABYTE)
    box = boxes.open("a")
    box.add("command")
    assert box is NO_BOX
    assert boxes.find("a") is None
    assert boxes.statistics().events == 0


def test_select_returns_the_newest() -> None:
    """Matching boxes, open and closed, up to a number."""
    boxes = BlackBoxes(10, MEGABYTE)
    for number in range(4):
        box = boxes.open(str(number), "ana" if number % 2 else "ben")
        box.opened_at_s = float(number)
    boxes.close(boxes.open("3"))
    assert [box.key for box in boxes.select(lambda box: box.user_id == "ana", 10)] == ["3", "1"]
    assert [box.key for box in boxes.select(lambda _: True, 2)] == ["3", "2"]
