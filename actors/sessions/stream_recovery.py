"""Resumption: replays what a disconnected client missed, on any instance.

    ready | user stream | each conversation's log, compacted | resumed | live events

The cost is bounded: a limited number of log reads, each of a limited number of entries, and limited bytes in
total. Other ranges are reported as `lagged`, for the client to fetch. If the stream itself is not available,
the reply is `resync`. Conversations that the user has left are not replayed, but reported as
`conversation.left`.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from actors.protocol.commands import Resume
from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationLeft,
    Lagged,
    LogFrame,
    Resumed,
    Resync,
    server_frame_encoder,
)
from actors.sessions.online_user import OnlineUser
from config.limits import (
    RESUME_REPLAY_BYTES,
    RESUME_REPLAY_CONVERSATIONS,
    RESUME_REPLAY_ENTRIES,
    STREAM_ITEMS_MAX,
)
from storage.contracts.user_streams import StreamItem, StreamPosition, UserStreams

RECORDED_CONVERSATIONS = 100
"""Conversations of one resumption whose replayed or skipped ranges are recorded."""

RESUME_OUTCOMES: Final = ("resumed", "epoch", "too_far", "expired")

MembershipFrame = ConversationJoined | ConversationLeft
_membership_decoder: "msgspec.json.Decoder[MembershipFrame]" = msgspec.json.Decoder(MembershipFrame)


def decode_membership(frame: bytes) -> MembershipFrame | None:
    """Decode a frame of a user stream that changes the user's conversations; None for any other frame.

    Other frames may be of a later version, and are delivered unread.
    """
    try:
        return _membership_decoder.decode(frame)
    except msgspec.ValidationError:
        return None


class RecordEvent(Protocol):
    """Adds an event to a black box."""

    def __call__(
        self, kind: str, subject: str = "", detail: str = "", number_1: int = 0, number_2: int = 0
    ) -> None: ...


def _ignore(kind: str, subject: str = "", detail: str = "", number_1: int = 0, number_2: int = 0) -> None:
    pass


class MissedFrameReader(Protocol):
    """Reads the durable frames of a conversation that a client missed, recreated from the log."""

    async def read_compacted(
        self, conversation_id: str, after: int, through: int, viewer_id: str
    ) -> list[LogFrame]:
        """Return the frames in `(after, through]` in order. Raises `Unavailable`.

        Each message is there once, at its latest change. One that changed after `through` is omitted: a later
        frame has its state.
        """


class LogRange(msgspec.Struct, frozen=True):
    """The entries of a log with after < seq <= through."""

    conversation_id: str
    after: int
    through: int


class StreamSubscription(msgspec.Struct, frozen=True):
    """A connection's subscription to its user's stream and rooms, and the point at which live events start.

    Every stream item after `position`, and every entry of a conversation after its seq in `start_seqs`, is
    delivered live. `StreamRecovery` reads what precedes them. An event stream has no rooms, so no
    `start_seqs`.
    """

    user: OnlineUser
    position: StreamPosition
    start_seqs: dict[str, int]


class StreamRecovery:
    def __init__(self, streams: UserStreams, missed_frame_reader: MissedFrameReader) -> None:
        self._streams = streams
        self._missed_frame_reader = missed_frame_reader
        self.outcomes: Counter[str] = Counter(dict.fromkeys(RESUME_OUTCOMES, 0))
        """How often clients resumed, and how often they got a `resync` instead, by its reason."""

    async def resume(
        self, subscription: StreamSubscription, resume: Resume, record: RecordEvent = _ignore
    ) -> list[bytes]:
        """Return the encoded frames to send between `ready` and live events. Raises `Unavailable`.

        `record` gets the outcome, and the replayed or skipped range of each conversation.
        """
        items = await self.missed_items(subscription, resume.epoch, resume.position)
        if items is None:
            reason = self._resync_reason(subscription, resume.epoch, resume.position)
            record("resync", "", reason)
            return [self.encode_resync(subscription, resume.epoch, resume.position)]
        stream_frames = [decode_membership(item.payload) for item in items]
        known_seqs, left_ids = _known_conversations(
            resume.conversations, stream_frames, subscription.start_seqs
        )
        frames = [item.payload for item in items]
        position = subscription.position.position
        frames += [server_frame_encoder.encode(ConversationLeft(position, id_)) for id_ in left_ids]
        replayed = await self._replay_logs(subscription, known_seqs, record)
        frames += replayed
        last_seqs = {id_: subscription.start_seqs[id_] for id_ in known_seqs}
        frames.append(server_frame_encoder.encode(Resumed(len(items) + len(replayed), last_seqs)))
        self.outcomes["resumed"] += 1
        record("resumed", "", "", len(items), len(replayed))
        return frames

    async def missed_items(
        self, subscription: StreamSubscription, epoch: str, position: int
    ) -> list[StreamItem] | None:
        """Return the stream items after `position` up to the subscription's; None if they are not available.

        Raises `Unavailable`.
        """
        current = subscription.position
        missing = current.position - position
        if epoch != current.epoch or not 0 <= missing <= STREAM_ITEMS_MAX:
            return None
        if missing == 0:
            return []
        return await self._streams.read_after(subscription.user.user_id, epoch, position, missing)

    def encode_resync(self, subscription: StreamSubscription, epoch: str, position: int) -> bytes:
        """Encode the `resync` to send when `missed_items` returns None, and count it."""
        reason = self._resync_reason(subscription, epoch, position)
        self.outcomes[reason] += 1
        return _encode_resync(reason, subscription.position)

    def _resync_reason(self, subscription: StreamSubscription, epoch: str, position: int) -> str:
        current = subscription.position
        if epoch != current.epoch or position > current.position:
            return "epoch"
        return "too_far" if current.position - position > STREAM_ITEMS_MAX else "expired"

    async def _replay_logs(
        self, subscription: StreamSubscription, known_seqs: Mapping[str, int], record: RecordEvent
    ) -> list[bytes]:
        start_seqs = subscription.start_seqs
        lagging = [(id_, seq) for id_, seq in known_seqs.items() if seq < start_seqs[id_]]
        replayable = [
            (id_, seq)
            for id_, seq in lagging[:RESUME_REPLAY_CONVERSATIONS]
            if start_seqs[id_] - seq <= RESUME_REPLAY_ENTRIES
        ]
        replayed_by_id = await self._read_logs(
            subscription.user.user_id, [LogRange(id_, seq, start_seqs[id_]) for id_, seq in replayable]
        )
        frames: list[bytes] = []
        for number, (id_, seq) in enumerate(lagging):
            if id_ in replayed_by_id:
                frames += replayed_by_id[id_]
                kind = "replayed"
            else:
                kind = "lagged"
                frames.append(server_frame_encoder.encode(Lagged(id_, seq + 1, start_seqs[id_])))
            if number < RECORDED_CONVERSATIONS:
                record(kind, id_, "resume", seq + 1, start_seqs[id_])
        return frames

    async def _read_logs(self, user_id: str, ranges: Sequence[LogRange]) -> dict[str, list[bytes]]:
        """Return the encoded frames of the first ranges, up to `RESUME_REPLAY_BYTES`, by conversation id.

        At most `RESUME_REPLAY_ENTRIES` entries are read at once: those of all ranges could be very large.
        """
        frames_by_id: dict[str, list[bytes]] = {}
        remaining_bytes = RESUME_REPLAY_BYTES
        for part in _split_by_entries(ranges):
            results = await asyncio.gather(
                *(
                    self._missed_frame_reader.read_compacted(
                        log_range.conversation_id, log_range.after, log_range.through, user_id
                    )
                    for log_range in part
                )
            )
            for log_range, log_frames in zip(part, results, strict=True):
                frames = [server_frame_encoder.encode(frame) for frame in log_frames]
                remaining_bytes -= sum(map(len, frames))
                if remaining_bytes < 0:
                    return frames_by_id
                frames_by_id[log_range.conversation_id] = frames
        return frames_by_id


def _split_by_entries(ranges: Sequence[LogRange]) -> Iterator[list[LogRange]]:
    """Split ranges into parts of at most `RESUME_REPLAY_ENTRIES` entries; none has more."""
    part: list[LogRange] = []
    entries = 0
    for log_range in ranges:
        entries += log_range.through - log_range.after
        if entries > RESUME_REPLAY_ENTRIES:
            yield part
            part, entries = [], log_range.through - log_range.after
        part.append(log_range)
    if part:
        yield part


def _known_conversations(
    client_seqs: Mapping[str, int],
    stream_frames: Sequence[MembershipFrame | None],
    start_seqs: Mapping[str, int],
) -> tuple[dict[str, int], list[str]]:
    """Return the seq that the client knows of each current conversation, and the conversations it must drop.

    Conversations that the user has left according to `stream_frames` are not among the latter.
    """
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
    left_ids = [id_ for id_ in known if id_ not in start_seqs and id_ not in left]
    return {id_: min(seq, start_seqs[id_]) for id_, seq in known.items() if id_ in start_seqs}, left_ids


def _encode_resync(reason: str, position: StreamPosition) -> bytes:
    return server_frame_encoder.encode(Resync(reason, position.epoch, position.position))
