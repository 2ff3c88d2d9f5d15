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

from actors.session.person import Person
from actors.wire.commands import Resume
from actors.wire.frames import (
    ConversationJoined,
    ConversationLeft,
    Lagged,
    LogFrame,
    Resumed,
    Resync,
    StreamFrame,
    frame_encoder,
)
from config.limits import RESUME_ENTRIES, RESUME_READS, STREAM_FRAMES
from storage.contracts.bus import Position, UserStreams
from storage.records.stream import StreamItem

stream_decoder: "msgspec.json.Decoder[StreamFrame]" = msgspec.json.Decoder(StreamFrame)


class Missed(Protocol):
    """The durable frames of a conversation, made again from its log."""

    async def between(self, conversation_id: str, after: int, through: int, viewer_id: str) -> list[LogFrame]:
        """Compacted, in order; each message that changed later is left to what follows."""


class Entered(msgspec.Struct, frozen=True):
    """From where a session hears: behind this place of its user's stream, behind these seqs of the logs."""

    person: Person
    place: Position
    since: dict[str, int]


class Resuming:
    def __init__(self, streams: UserStreams, missed: Missed) -> None:
        self._streams = streams
        self._missed = missed

    async def resume(self, entered: Entered, resume: Resume) -> list[bytes]:
        """The encoded frames between `ready` and what is live. Raises `Unavailable`."""
        place = entered.place
        items = await self.items(entered, resume.epoch, resume.position)
        if items is None:
            return [self.resync(entered, resume.epoch, resume.position)]
        told = [stream_decoder.decode(item.frame) for item in items]
        known, gone = _known(resume.conversations, told, entered.since)
        frames = [item.frame for item in items]
        frames += [frame_encoder.encode(ConversationLeft(place.position, one)) for one in gone]
        replayed = await self._replay(entered, known)
        frames += replayed
        last_seqs = {one: entered.since[one] for one in known}
        frames.append(frame_encoder.encode(Resumed(len(items) + len(replayed), last_seqs)))
        return frames

    async def items(self, entered: Entered, epoch: str, position: int) -> list[StreamItem] | None:
        """The frames of the stream behind that place; None when it is not to be had. Raises `Unavailable`."""
        place = entered.place
        missing = place.position - position
        if epoch != place.epoch or not 0 <= missing <= STREAM_FRAMES:
            return None
        if missing == 0:
            return []
        return await self._streams.after(entered.person.user_id, epoch, position, missing)

    def resync(self, entered: Entered, epoch: str, position: int) -> bytes:
        """What is said where there are no `items`."""
        place = entered.place
        if epoch != place.epoch or position > place.position:
            return _resync("epoch", place)
        if place.position - position > STREAM_FRAMES:
            return _resync("too_far", place)
        return _resync("expired", place)

    async def _replay(self, entered: Entered, known: Mapping[str, int]) -> list[bytes]:
        behind = [(one, seq) for one, seq in known.items() if seq < entered.since[one]]
        near = [
            (one, seq) for one, seq in behind[:RESUME_READS] if entered.since[one] - seq <= RESUME_ENTRIES
        ]
        reads = (
            self._missed.between(one, seq, entered.since[one], entered.person.user_id) for one, seq in near
        )
        found = dict(zip([one for one, _ in near], await asyncio.gather(*reads), strict=True))
        frames: list[bytes] = []
        for one, seq in behind:
            if one in found:
                frames += [frame_encoder.encode(event) for event in found[one]]
            else:
                frames.append(frame_encoder.encode(Lagged(one, seq + 1, entered.since[one])))
        return frames


def _known(
    listed: Mapping[str, int], told: Sequence[StreamFrame], since: Mapping[str, int]
) -> tuple[dict[str, int], list[str]]:
    """Up to which seq the client knows each conversation that it is in; and those it is to forget."""
    known: dict[str, int] = dict(listed)
    left: set[str] = set()
    for frame in told:
        match frame:
            case ConversationJoined(conversation=conversation):
                known[conversation.id] = conversation.last_seq
                left.discard(conversation.id)
            case ConversationLeft(conversation_id=conversation_id):
                left.add(conversation_id)
            case _:
                pass
    gone = [one for one in known if one not in since and one not in left]
    return {one: min(seq, since[one]) for one, seq in known.items() if one in since}, gone


def _resync(reason: str, place: Position) -> bytes:
    return frame_encoder.encode(Resync(reason, place.epoch, place.position))
