"""The frame decoder: complete frames only, and identical frames decoded once."""

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
    """The number of receivers and the chunk boundaries do not matter."""
    first, second = (
        encode_text_frames(encode(message_created(1))),
        encode_text_frames(encode(message_created(2))),
    )
    for chunk in (first + second, first, second, first + second):
        events = decoder.cached_events(chunk)
        if events is None:
            events, used = decoder.decode(chunk)
            assert used == len(chunk)
        assert all(type(event) is DurableEvent for event in events)

    assert decoder.decoded_count == 2


def test_incomplete_frame_is_left_in_the_buffer(decoder: FrameDecoder) -> None:
    """A frame cut at any byte is not consumed."""
    frame = encode_text_frames(encode(message_created(1)))
    for size in range(1, len(frame)):
        events, used = decoder.decode(frame + frame[:size])
        assert (len(events), used) == (1, len(frame))


def test_array_is_decoded_as_several_frames(decoder: FrameDecoder) -> None:
    """The server may send several objects as one array."""
    batch = b"[" + encode(message_created(1)) + b"," + b'{"type":"typing","conversation_id":"room"}' + b"]"
    events, _ = decoder.decode(encode_text_frames(batch))

    assert [type(event) for event in events] == [DurableEvent, EphemeralEvent]


def test_replies_and_pings_are_not_cached(decoder: FrameDecoder) -> None:
    """They are decoded each time and evict no shared frames."""
    data = encode_text_frames(b'{"type":"ok","id":7,"result":{"seq":3,"message_id":"m"}}') + bytes(
        (0x80 | PING, 0)
    )
    for _ in range(2):
        assert decoder.cached_events(data) is None
        events, _ = decoder.decode(data)
        reply, ping = events
        assert isinstance(ping, ControlFrame)
        assert isinstance(reply, ReceivedFrame)
        assert reply.result is not None
        assert reply.result.seq == 3


@pytest.mark.parametrize(
    "bad",
    [
        encode_text_frames(b"{"),
        encode_text_frames(b'{"id":1}'),
        b"\x01\x02{}",
        b"\x81\x82aaaa{}",
        encode_text_frames(b'{"type":"notification.read"}'),
    ],
    ids=["invalid JSON", "no type", "fragmented", "masked", "stream frame without position"],
)
def test_invalid_frame_is_rejected(decoder: FrameDecoder, bad: bytes) -> None:
    """Invalid JSON, RFC 6455 violations and missing fields raise `InvalidFrame`."""
    with pytest.raises(InvalidFrame):
        decoder.decode(bad)
