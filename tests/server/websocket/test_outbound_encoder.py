"""Frames on their way to a socket that wants them otherwise: made once for many, split right, in order."""

import msgspec
import pytest

from actors.protocol.event_filter import FRAME_TYPES_BY_GROUP, EventGroup
from actors.protocol.server_frames import Empty, Lagged, Ok, TypingChanged, server_frame_encoder
from server.websocket.framing import PING, split_frames, text_frame
from server.websocket.outbound_encoder import OutboundEncoders

LAGGED = text_frame(server_frame_encoder.encode(Lagged("c", 1, 2)))
TYPING = text_frame(server_frame_encoder.encode(TypingChanged("c", "u", active=True)))
ANSWER = text_frame(server_frame_encoder.encode(Ok("x" * 200, Empty())))
LONG = text_frame(server_frame_encoder.encode(Ok("x" * 70_000, Empty())))


@pytest.mark.parametrize("intents", [None, list(EventGroup), [*EventGroup, *EventGroup]])
def test_who_wants_all_in_json_gets_frames_as_they_are(intents: list[EventGroup] | None) -> None:
    """Nothing stands between."""
    assert OutboundEncoders().get(intents, binary=False) is None


def test_joined_frames_are_split_and_sifted() -> None:
    """Whatever length each has; a ping is nobody's intent."""
    render = OutboundEncoders().get([EventGroup.TYPING], binary=False)
    assert render is not None
    assert render(LAGGED) == b""
    assert render(TYPING + LAGGED + PING + ANSWER + LAGGED + LONG) == TYPING + PING + ANSWER + LONG


def test_message_pack_says_what_json_says() -> None:
    """Frame by frame, in binary frames; control frames are left alone."""
    render = OutboundEncoders().get(None, binary=True)
    assert render is not None
    told = list(split_frames(render(TYPING + PING + ANSWER + LONG)))
    assert [opcode for opcode, _, _ in told] == [2, 9, 2, 2]
    said = [payload for opcode, payload, _ in split_frames(TYPING + ANSWER + LONG)]
    packed = [payload for opcode, payload, _ in told if opcode == 2]
    assert list(map(msgspec.msgpack.decode, packed)) == list(map(msgspec.json.decode, said))


def test_one_frame_for_many_is_made_once() -> None:
    """All who want the same share a rendition, and what it made last."""
    renditions = OutboundEncoders()
    one, other = (renditions.get([EventGroup.MESSAGES], binary=True) for _ in range(2))
    assert one is not None
    assert one is other
    assert one(ANSWER) is one(ANSWER)
    assert renditions.get([EventGroup.MESSAGES], binary=False) is not one


def test_every_intent_has_frames_and_no_frame_two() -> None:
    """An intent that narrows nothing would be a promise without a meaning."""
    types = [one for intent in EventGroup for one in FRAME_TYPES_BY_GROUP[intent]]
    assert all(FRAME_TYPES_BY_GROUP[intent] for intent in EventGroup)
    assert len(types) == len(set(types))
