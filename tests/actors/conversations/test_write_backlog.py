"""When new messages are refused because the log cannot keep up."""

from actors.conversations.write_backlog import DETECTION_S, RELEASE_S, WriteBacklog

LIMIT_S = 0.15


def overloaded_backlog() -> WriteBacklog:
    backlog = WriteBacklog(LIMIT_S)
    backlog.on_write_started(0.2, 10.0)
    backlog.on_write_started(0.2, 10.0 + DETECTION_S)
    return backlog


def test_long_waits_must_last() -> None:
    """One long wait, as after a short stall of the store, refuses nothing."""
    backlog = WriteBacklog(LIMIT_S)
    backlog.on_write_started(5.0, 10.0)
    assert not backlog.refuses(5.0)
    backlog.on_write_started(5.0, 10.0 + DETECTION_S / 2)
    backlog.on_write_started(0.1, 10.1 + DETECTION_S / 2)
    backlog.on_write_started(5.0, 10.0 + DETECTION_S)
    assert not backlog.refuses(5.0)


def test_overload_refuses_while_the_oldest_waits_too_long() -> None:
    """In an overload each short wait admits messages at once, and each long one refuses them at once."""
    backlog = overloaded_backlog()
    assert backlog.refuses(LIMIT_S + 0.01)
    assert not backlog.refuses(LIMIT_S)
    backlog.on_write_started(0.1, 11.0)
    assert backlog.refuses(LIMIT_S + 0.01)


def test_overload_ends_when_waits_stay_short() -> None:
    """Short waits must last too."""
    backlog = overloaded_backlog()
    backlog.on_write_started(0.1, 11.0)
    backlog.on_write_started(0.2, 11.5)
    backlog.on_write_started(0.1, 11.9)
    backlog.on_write_started(0.1, 11.0 + RELEASE_S)
    assert backlog.refuses(5.0)
    backlog.on_write_started(0.1, 11.9 + RELEASE_S)
    assert not backlog.refuses(5.0)
