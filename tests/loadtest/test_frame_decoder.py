"""Bytes of a server become events: whole frames only, and the same ones once for all."""

import pytest

from loadtest.check.log_observer import LogObserver
from loadtest.websocket.frame_decoder import FrameDecoder, InvalidFrame
from loadtest.websocket.frames import ControlFrame, DurableEvent, EphemeralEvent, ReceivedFrame
from loadtest.websocket.framing import PING
from tests.loadtest.sample_frames import encode, encode_text_frames, message_created


@pytest.fixture
def decoder(observer: LogObserver) -> FrameDecoder:
    return FrameDecoder(observer.observe)


def test_identical_frames_are_decoded_once(decoder: FrameDecoder) -> None:
    """However many members are told it, in whatever pieces it comes."""
    one, other = (
        encode_text_frames(encode(message_created(1))),
        encode_text_frames(encode(message_created(2))),
    )
    for chunk in (one + other, one, other, one + other):
        events = decoder.cached_events(chunk)
        if events is None:
            events, used = decoder.decode(chunk)
            assert used == len(chunk)
        assert all(type(event) is DurableEvent for event in events)

    assert decoder.decoded_count == 2


def test_incomplete_frame_is_left_in_the_buffer(decoder: FrameDecoder) -> None:
    """Cut at any byte, the rest is given back."""
    whole = encode_text_frames(encode(message_created(1)))
    for size in range(1, len(whole)):
        events, used = decoder.decode(whole + whole[:size])
        assert (len(events), used) == (1, len(whole))


def test_array_is_decoded_as_several_frames(decoder: FrameDecoder) -> None:
    """The server may send several objects as one array."""
    batch = b"[" + encode(message_created(1)) + b"," + b'{"type":"typing","conversation_id":"room"}' + b"]"
    events, _ = decoder.decode(encode_text_frames(batch))

    assert [type(event) for event in events] == [DurableEvent, EphemeralEvent]


def test_replies_and_pings_are_not_cached(decoder: FrameDecoder) -> None:
    """They are decoded each time, and leave what is shared in its place."""
    answer = encode_text_frames(b'{"type":"ok","id":7,"result":{"seq":3,"message_id":"m"}}') + bytes(
        (0x80 | PING, 0)
    )
    for _ in range(2):
        assert decoder.cached_events(answer) is None
        events, _ = decoder.decode(answer)
        heard, ping = events
        assert isinstance(ping, ControlFrame)
        assert isinstance(heard, ReceivedFrame)
        assert heard.result is not None
        assert heard.result.seq == 3


@pytest.mark.parametrize(
    "bad",
    [
        encode_text_frames(b"{"),
        encode_text_frames(b'{"id":1}'),
        b"\x01\x02{}",
        b"\x81\x82aaaa{}",
        encode_text_frames(b'{"type":"notification.read"}'),
    ],
    ids=["no JSON", "no type", "a fragment", "masked", "a stream frame without position"],
)
def test_invalid_frame_is_rejected(decoder: FrameDecoder, bad: bytes) -> None:
    with pytest.raises(InvalidFrame):
        decoder.decode(bad)
