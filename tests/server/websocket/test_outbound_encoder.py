"""Tests of outbound filtering and encoding: shared, split correctly, in order."""

import msgspec
import pytest

from actors.protocol.event_filter import FRAME_TYPES_BY_GROUP, EventGroup
from actors.protocol.results import Empty
from actors.protocol.server_frames import Lagged, Ok, TypingChanged, server_frame_encoder
from server.websocket.framing import PING, split_frames, text_frame
from server.websocket.outbound_encoder import OutboundEncoders

LAGGED = text_frame(server_frame_encoder.encode(Lagged("c", 1, 2)))
TYPING = text_frame(server_frame_encoder.encode(TypingChanged("c", "u", active=True)))
ANSWER = text_frame(server_frame_encoder.encode(Ok("x" * 200, Empty())))
LONG = text_frame(server_frame_encoder.encode(Ok("x" * 70_000, Empty())))


@pytest.mark.parametrize("intents", [None, list(EventGroup), [*EventGroup, *EventGroup]])
def test_unfiltered_json_has_no_encoder(intents: list[EventGroup] | None) -> None:
    """Frames are sent unchanged."""
    assert OutboundEncoders().get(intents, binary=False) is None


def test_joined_frames_are_split_and_filtered() -> None:
    """For every length encoding; pings are not filtered."""
    render = OutboundEncoders().get([EventGroup.TYPING], binary=False)
    assert render is not None
    assert render(LAGGED) == b""
    assert render(TYPING + LAGGED + PING + ANSWER + LAGGED + LONG) == TYPING + PING + ANSWER + LONG


def test_json_frames_are_converted_to_msgpack() -> None:
    """Frame by frame, as binary frames; control frames are unchanged."""
    render = OutboundEncoders().get(None, binary=True)
    assert render is not None
    encoded_frames = list(split_frames(render(TYPING + PING + ANSWER + LONG)))
    assert [opcode for opcode, _, _ in encoded_frames] == [2, 9, 2, 2]
    text = [payload for opcode, payload, _ in split_frames(TYPING + ANSWER + LONG)]
    packed = [payload for opcode, payload, _ in encoded_frames if opcode == 2]
    assert list(map(msgspec.msgpack.decode, packed)) == list(map(msgspec.json.decode, text))


def test_frame_is_encoded_once_for_all_connections() -> None:
    """Connections with the same filter share an encoder and its last result."""
    encoders = OutboundEncoders()
    one, other = (encoders.get([EventGroup.MESSAGES], binary=True) for _ in range(2))
    assert one is not None
    assert one is other
    assert one(ANSWER) is one(ANSWER)
    assert encoders.get([EventGroup.MESSAGES], binary=False) is not one


def test_every_event_group_has_frame_types_of_its_own() -> None:
    """A group without frame types would filter nothing."""
    types = [frame_type for intent in EventGroup for frame_type in FRAME_TYPES_BY_GROUP[intent]]
    assert all(FRAME_TYPES_BY_GROUP[intent] for intent in EventGroup)
    assert len(types) == len(set(types))
