"""Going on where a client was cut off, on any instance: what it missed, from the stream and from the logs.

    ready | stream frames, then each conversation's, compacted | resumed | what happens from now on

The cost is bounded whatever was missed: some reads of logs, each of some entries. What does not fit is
named as `lagged`, for the client to fetch; where the stream itself is gone the answer is `resync`. It
never tells anything of a conversation that the user is no longer in.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from actors.protocol.commands import Resume
from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationLeft,
    Lagged,
    LogFrame,
    Resumed,
    Resync,
    StreamFrame,
    server_frame_encoder,
)
from actors.sessions.online_user import OnlineUser
from config.limits import RESUME_REPLAY_CONVERSATIONS, RESUME_REPLAY_ENTRIES, STREAM_FRAMES_MAX
from storage.contracts.user_streams import StreamItem, StreamPosition, UserStreams

stream_frame_decoder: "msgspec.json.Decoder[StreamFrame]" = msgspec.json.Decoder(StreamFrame)


class MissedEvents(Protocol):
    """The durable frames of a conversation, made again from its log."""

    async def read_compacted(
        self, conversation_id: str, after: int, through: int, viewer_id: str
    ) -> list[LogFrame]:
        """Compacted, in order; each message that changed later is left to what follows."""


class StreamSubscription(msgspec.Struct, frozen=True):
    """From where a session hears: behind this place of its user's stream, behind these seqs of the logs."""

    user: OnlineUser
    position: StreamPosition
    start_seqs: dict[str, int]


class StreamRecovery:
    def __init__(self, streams: UserStreams, missed_events: MissedEvents) -> None:
        self._streams = streams
        self._missed_events = missed_events

    async def resume(self, subscription: StreamSubscription, resume: Resume) -> list[bytes]:
        """The encoded frames between `ready` and what is live. Raises `Unavailable`."""
        place = subscription.position
        items = await self.missed_items(subscription, resume.epoch, resume.position)
        if items is None:
            return [self.encode_resync(subscription, resume.epoch, resume.position)]
        told = [stream_frame_decoder.decode(item.frame) for item in items]
        known, gone = _known_conversations(resume.conversations, told, subscription.start_seqs)
        frames = [item.frame for item in items]
        frames += [server_frame_encoder.encode(ConversationLeft(place.position, one)) for one in gone]
        replayed = await self._replay_logs(subscription, known)
        frames += replayed
        last_seqs = {one: subscription.start_seqs[one] for one in known}
        frames.append(server_frame_encoder.encode(Resumed(len(items) + len(replayed), last_seqs)))
        return frames

    async def missed_items(
        self, subscription: StreamSubscription, epoch: str, position: int
    ) -> list[StreamItem] | None:
        """The frames of the stream behind that place; None when it is not to be had. Raises `Unavailable`."""
        place = subscription.position
        missing = place.position - position
        if epoch != place.epoch or not 0 <= missing <= STREAM_FRAMES_MAX:
            return None
        if missing == 0:
            return []
        return await self._streams.read_after(subscription.user.user_id, epoch, position, missing)

    def encode_resync(self, subscription: StreamSubscription, epoch: str, position: int) -> bytes:
        """What is said where there are no `items`."""
        place = subscription.position
        if epoch != place.epoch or position > place.position:
            return _encode_resync("epoch", place)
        if place.position - position > STREAM_FRAMES_MAX:
            return _encode_resync("too_far", place)
        return _encode_resync("expired", place)

    async def _replay_logs(
        self, subscription: StreamSubscription, known_seqs: Mapping[str, int]
    ) -> list[bytes]:
        behind = [(one, seq) for one, seq in known_seqs.items() if seq < subscription.start_seqs[one]]
        near = [
            (one, seq)
            for one, seq in behind[:RESUME_REPLAY_CONVERSATIONS]
            if subscription.start_seqs[one] - seq <= RESUME_REPLAY_ENTRIES
        ]
        reads = (
            self._missed_events.read_compacted(
                one, seq, subscription.start_seqs[one], subscription.user.user_id
            )
            for one, seq in near
        )
        found = dict(zip([one for one, _ in near], await asyncio.gather(*reads), strict=True))
        frames: list[bytes] = []
        for one, seq in behind:
            if one in found:
                frames += [server_frame_encoder.encode(event) for event in found[one]]
            else:
                frames.append(server_frame_encoder.encode(Lagged(one, seq + 1, subscription.start_seqs[one])))
        return frames


def _known_conversations(
    client_seqs: Mapping[str, int], stream_frames: Sequence[StreamFrame], start_seqs: Mapping[str, int]
) -> tuple[dict[str, int], list[str]]:
    """Up to which seq the client knows each conversation that it is in; and those it is to forget."""
    known: dict[str, int] = dict(client_seqs)
    left: set[str] = set()
    for frame in stream_frames:
        match frame:
            case ConversationJoined(conversation=conversation):
                known[conversation.id] = conversation.last_seq
                left.discard(conversation.id)
            case ConversationLeft(conversation_id=conversation_id):
                left.add(conversation_id)
            case _:
                pass
    gone = [one for one in known if one not in start_seqs and one not in left]
    return {one: min(seq, start_seqs[one]) for one, seq in known.items() if one in start_seqs}, gone


def _encode_resync(reason: str, position: StreamPosition) -> bytes:
    return server_frame_encoder.encode(Resync(reason, position.epoch, position.position))
