"""Bytes of a server become events: whole frames only, and the same ones once for all."""

import pytest

from loadtest.check.ledger import Ledger
from loadtest.wire.framing import PING
from loadtest.wire.heard import Control, Heard, Hint, Told
from loadtest.wire.hearing import BadFrame, Hearing
from tests.loadtest.heard_frames import created, encoded, framed


@pytest.fixture
def hearing(ledger: Ledger) -> Hearing:
    return Hearing(ledger.witness)


def test_what_a_room_is_sent_is_decoded_once(hearing: Hearing) -> None:
    """However many members are told it, in whatever pieces it comes."""
    one, other = framed(encoded(created(1))), framed(encoded(created(2)))
    for chunk in (one + other, one, other, one + other):
        events = hearing.known(chunk)
        if events is None:
            events, used = hearing.take(chunk)
            assert used == len(chunk)
        assert all(type(event) is Told for event in events)

    assert hearing.decoded == 2


def test_a_frame_that_has_not_come_whole_waits(hearing: Hearing) -> None:
    """Cut at any byte, the rest is given back."""
    whole = framed(encoded(created(1)))
    for size in range(1, len(whole)):
        events, used = hearing.take(whole + whole[:size])
        assert (len(events), used) == (1, len(whole))


def test_a_batch_is_each_of_its_frames(hearing: Hearing) -> None:
    """The server may send several objects as one array."""
    batch = b"[" + encoded(created(1)) + b"," + b'{"type":"typing","conversation_id":"room"}' + b"]"
    events, _ = hearing.take(framed(batch))

    assert [type(event) for event in events] == [Told, Hint]


def test_answers_and_pings_are_nobody_elses(hearing: Hearing) -> None:
    """They are decoded each time, and leave what is shared in its place."""
    answer = framed(b'{"type":"ok","id":7,"result":{"seq":3,"message_id":"m"}}') + bytes((0x80 | PING, 0))
    for _ in range(2):
        assert hearing.known(answer) is None
        events, _ = hearing.take(answer)
        heard, ping = events
        assert isinstance(ping, Control)
        assert isinstance(heard, Heard)
        assert heard.result is not None
        assert heard.result.seq == 3


@pytest.mark.parametrize(
    "bad",
    [
        framed(b"{"),
        framed(b'{"id":1}'),
        b"\x01\x02{}",
        b"\x81\x82aaaa{}",
        framed(b'{"type":"notification.read"}'),
    ],
    ids=["no JSON", "no type", "a fragment", "masked", "a stream frame without position"],
)
def test_what_is_no_frame_of_the_contract_is_told(hearing: Hearing, bad: bytes) -> None:
    with pytest.raises(BadFrame):
        hearing.take(bad)
