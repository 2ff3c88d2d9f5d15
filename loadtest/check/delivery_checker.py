"""Checks the frames that one client receives, per conversation and in the user stream.

    in sequence   the next frame has the next seq: the caller checks that itself, for speed
    replaying     between `ready` and `resumed`: seqs rise, superseded entries may be omitted
    fetching      after `resync`: live frames are noted until the log was read over HTTP

`positions` is the last received seq of each conversation. What has to be fetched is returned to the caller.
"""

from collections.abc import Iterable, Mapping

from loadtest.check.faults import FaultKind, FaultRecorder
from loadtest.check.log_observer import LogObserver, Replay
from loadtest.websocket.frames import DurableEvent


class DeliveryChecker:
    __slots__ = (
        "_faults",
        "_fetching",
        "_missing",
        "_observer",
        "_replay",
        "_replaying",
        "_stream_position",
        "client",
        "in_sequence",
        "positions",
        "start_positions",
    )  # fmt: skip

    def __init__(
        self, client: str, positions: Mapping[str, int], observer: LogObserver, faults: FaultRecorder
    ) -> None:
        self.client = client
        self.positions = dict(positions)
        self.start_positions = dict(positions)
        """The seq after which each conversation is checked."""

        self.in_sequence = True
        self._observer = observer
        self._faults = faults
        self._missing: dict[str, set[int]] = {}
        self._replaying = False
        self._replay: dict[str, tuple[int, list[int]]] = {}
        self._fetching: dict[str, list[int]] = {}
        self._stream_position = -1

    @property
    def stream_position(self) -> int:
        return max(self._stream_position, 0)

    # --- frames of conversations

    def receive(self, event: DurableEvent) -> None:
        """Check a durable frame that is not the next one of a conversation in sequence."""
        conversation_id, seq = event.conversation_id, event.seq
        position = self.positions.get(conversation_id)
        if position is None:
            self._add_fault(FaultKind.UNANNOUNCED, conversation_id, [seq], "the client is not a member")
            self.positions[conversation_id] = seq
        elif conversation_id in self._fetching:
            self._fetching[conversation_id].append(seq)
        elif seq <= position:
            self._record_repeat(conversation_id, seq, position)
        elif self._replaying:
            self._replay.setdefault(conversation_id, (position, []))[1].append(seq)
            self.positions[conversation_id] = seq
        else:
            self._record_gap(conversation_id, position, seq)
            self.positions[conversation_id] = seq

    def on_replay_start(self) -> None:
        """Handle `ready` on a resumed connection."""
        self._replaying = True
        self._replay.clear()
        self.in_sequence = False

    def on_resumed(self, last_seqs: Mapping[str, int]) -> None:
        """Handle `resumed`: each conversation is complete up to its last seq."""
        self._replaying = False
        for conversation_id in [known for known in self.positions if known not in last_seqs]:
            detail = "not in `resumed`, and not left"
            self._add_fault(FaultKind.NOT_RESUMED, conversation_id, [self.positions[conversation_id]], detail)
        for conversation_id, last_seq in last_seqs.items():
            position = self.positions.get(conversation_id, last_seq)
            after, delivered = self._replay.pop(conversation_id, (position, []))
            self._record_replay(conversation_id, after, last_seq, delivered)
            self.positions[conversation_id] = last_seq
        self._replay.clear()
        self._update_in_sequence()

    def on_lagged(self, conversation_id: str, from_seq: int, to_seq: int) -> None:
        """Handle `lagged`: the range was skipped. The caller fetches it for `on_range_fetched`."""
        position = self.positions.get(conversation_id)
        if position is None or conversation_id in self._fetching:
            return
        if self._replaying:
            after, delivered = self._replay.pop(conversation_id, (position, []))
            self._record_replay(conversation_id, after, from_seq - 1, delivered)
        elif from_seq > position + 1:
            self._record_gap(conversation_id, position, from_seq)
        self.positions[conversation_id] = max(position, to_seq)

    def on_range_fetched(
        self, conversation_id: str, after: int, delivered: Iterable[int], last_seq: int
    ) -> None:
        """Check what `changes` returned for a range named by `lagged`."""
        self._record_replay(conversation_id, after, last_seq, delivered)

    # --- membership

    def on_joined(self, conversation_id: str, last_seq: int) -> None:
        self.positions.setdefault(conversation_id, last_seq)
        self.start_positions.setdefault(conversation_id, last_seq)

    def on_left(self, conversation_id: str) -> None:
        self.positions.pop(conversation_id, None)
        self.start_positions.pop(conversation_id, None)
        self._missing.pop(conversation_id, None)
        self._replay.pop(conversation_id, None)
        self._fetching.pop(conversation_id, None)
        self._update_in_sequence()

    # --- user stream and resync

    def start_stream(self, position: int) -> None:
        """Set the stream position from which the next frame counts on."""
        self._stream_position = position

    def on_stream_position(self, position: int) -> None:
        """Check that a stream frame has the next position."""
        last, self._stream_position = self._stream_position, max(self._stream_position, position)
        if position <= last:
            self._add_fault(
                FaultKind.STREAM_GAP, "", [position], f"repeated or late, received after position {last}"
            )
        elif position > last + 1:
            missing = range(last + 1, position)
            self._add_fault(FaultKind.STREAM_GAP, "", missing, f"position {position} followed {last}")

    def on_resync(self, position: int) -> list[tuple[str, int]]:
        """Handle `resync`. Returns the conversations to fetch, with the seq to fetch after."""
        self._replaying = False
        self._replay.clear()
        self._stream_position = position
        self.in_sequence = False
        to_fetch = [
            conversation_id for conversation_id in self.positions if conversation_id not in self._fetching
        ]
        self._fetching.update((conversation_id, []) for conversation_id in to_fetch)
        return [(conversation_id, self.positions[conversation_id]) for conversation_id in to_fetch]

    def on_log_fetched(self, conversation_id: str, fetched: Iterable[int], last_seq: int) -> None:
        """Check that the log up to `last_seq` and the live frames since leave nothing out."""
        live = self._fetching.pop(conversation_id, None)
        if live is not None:
            after = self.positions[conversation_id]
            position = max(last_seq, after)
            for seq in live:
                if seq > position + 1:
                    self._record_gap(conversation_id, position, seq)
                position = max(position, seq)
            self._record_replay(conversation_id, after, last_seq, [*fetched, *live])
            self.positions[conversation_id] = position
        self._update_in_sequence()

    @property
    def pending_fetches(self) -> int:
        """The number of conversations whose log is being fetched."""
        return len(self._fetching)

    # --- end of the run

    def is_behind(self, heads: Mapping[str, int]) -> bool:
        """Whether acknowledged entries were not received yet."""
        return any(
            position < heads.get(conversation_id, 0) for conversation_id, position in self.positions.items()
        )

    def check_complete(self, heads: Mapping[str, int]) -> None:
        """Report acknowledged entries that were not received, and gaps that were not filled."""
        for conversation_id, position in self.positions.items():
            missing = sorted(self._missing.get(conversation_id, ()))
            if missing:
                self._add_fault(FaultKind.LOST, conversation_id, missing, "skipped and never received")
            head = heads.get(conversation_id, 0)
            if head > position:
                unseen = range(position + 1, head + 1)
                detail = f"acknowledged up to {head}, received up to {position}"
                self._add_fault(FaultKind.LOST, conversation_id, unseen, detail)

    # --- internals

    def _record_gap(self, conversation_id: str, position: int, seq: int) -> None:
        missing = range(position + 1, seq)
        if missing:
            self._missing.setdefault(conversation_id, set()).update(missing)
            self._add_fault(FaultKind.GAP, conversation_id, missing, f"received {seq} after {position}")

    def _record_repeat(self, conversation_id: str, seq: int, position: int) -> None:
        missing = self._missing.get(conversation_id)
        if missing and seq in missing:
            missing.discard(seq)
            self._add_fault(FaultKind.REORDERED, conversation_id, [seq], f"received after {position}")
        else:
            self._add_fault(FaultKind.DUPLICATED, conversation_id, [seq], f"received again, after {position}")

    def _record_replay(
        self, conversation_id: str, after: int, through: int, delivered: Iterable[int]
    ) -> None:
        received = frozenset(seq for seq in delivered if after < seq <= through)
        if len(received) < through - after:
            replay = Replay(self.client, conversation_id, after, through, received, self._observer.clock())
            self._observer.record_replay(replay)

    def _update_in_sequence(self) -> None:
        self.in_sequence = not self._replaying and not self._fetching

    def _add_fault(self, kind: FaultKind, conversation_id: str, seqs: Iterable[int], detail: str) -> None:
        self._faults.add(kind, conversation_id, self.client, list(seqs), detail)
