"""What one client has seen of each of its conversations, and of its user's stream; anything amiss is told.

    calm        the next frame of a conversation is the last one + 1: the caller does that itself, fast
    replaying   between `ready` and `resumed`: seqs rise, and may be left out where a change overtook them
    catching    after `resync`: live frames are noted until the log was read over HTTP

`positions` is up to which seq each conversation was told. It never asks a server: what has to be fetched
is answered to the caller.
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
        """From which seq on each conversation is known; what was before is not looked at."""

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
        """A durable frame that is not the next one of a calm conversation, or may not be."""
        conversation_id, seq = event.conversation_id, event.seq
        position = self.positions.get(conversation_id)
        if position is None:
            self._add_fault(
                FaultKind.UNANNOUNCED, conversation_id, [seq], "not a conversation of this client"
            )
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
        """`ready` has come, to a client that resumes."""
        self._replaying = True
        self._replay.clear()
        self.in_sequence = False

    def on_resumed(self, last_seqs: Mapping[str, int]) -> None:
        """Each conversation is complete up to the seq named; the next one is that + 1."""
        self._replaying = False
        for conversation_id in [one for one in self.positions if one not in last_seqs]:
            said = "resumed, and neither completed nor left"
            self._add_fault(FaultKind.FORGOTTEN, conversation_id, [self.positions[conversation_id]], said)
        for conversation_id, last_seq in last_seqs.items():
            position = self.positions.get(conversation_id, last_seq)
            after, told = self._replay.pop(conversation_id, (position, []))
            self._record_replay(conversation_id, after, last_seq, told)
            self.positions[conversation_id] = last_seq
        self._replay.clear()
        self._update_in_sequence()

    def on_lagged(self, conversation_id: str, from_seq: int, to_seq: int) -> None:
        """These were spared: the next one is behind them. They are to be fetched, for `fetched_range`."""
        position = self.positions.get(conversation_id)
        if position is None or conversation_id in self._fetching:
            return
        if self._replaying:
            after, told = self._replay.pop(conversation_id, (position, []))
            self._record_replay(conversation_id, after, from_seq - 1, told)
        elif from_seq > position + 1:
            self._record_gap(conversation_id, position, from_seq)
        self.positions[conversation_id] = max(position, to_seq)

    def on_range_fetched(
        self, conversation_id: str, after: int, delivered: Iterable[int], last_seq: int
    ) -> None:
        """What `changes` gave of a range that `lagged` had named."""
        self._record_replay(conversation_id, after, last_seq, delivered)

    # --- conversations that come and go

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

    # --- the stream, and its loss

    def start_stream(self, position: int) -> None:
        """The stream stands there: what follows counts on from it."""
        self._stream_position = position

    def on_stream_position(self, position: int) -> None:
        """A frame of the stream: each has the next position."""
        last, self._stream_position = self._stream_position, max(self._stream_position, position)
        if position <= last:
            self._add_fault(FaultKind.STREAM, "", [position], f"came again or late, after position {last}")
        elif position > last + 1:
            missing = range(last + 1, position)
            self._add_fault(FaultKind.STREAM, "", missing, f"position {position} came after {last}")

    def on_resync(self, position: int) -> list[tuple[str, int]]:
        """All may have been missed; answers which conversations are to be read, and after which seq."""
        self._replaying = False
        self._replay.clear()
        self._stream_position = position
        self.in_sequence = False
        fresh = [one for one in self.positions if one not in self._fetching]
        self._fetching.update((one, []) for one in fresh)
        return [(one, self.positions[one]) for one in fresh]

    def on_log_fetched(self, conversation_id: str, fetched: Iterable[int], last_seq: int) -> None:
        """The log was read up to `last_seq`: with what came meanwhile there must be nothing missing."""
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
        """How many conversations are not known to be whole yet."""
        return len(self._fetching)

    # --- the end

    def is_behind(self, heads: Mapping[str, int]) -> bool:
        """Whether something that was acknowledged was not seen yet."""
        return any(position < heads.get(one, 0) for one, position in self.positions.items())

    def check_complete(self, heads: Mapping[str, int]) -> None:
        """Whatever was acknowledged and not seen by now is lost; so are gaps that nobody filled."""
        for conversation_id, position in self.positions.items():
            missing = sorted(self._missing.get(conversation_id, ()))
            if missing:
                self._add_fault(FaultKind.LOST, conversation_id, missing, "left out, and it never came")
            head = heads.get(conversation_id, 0)
            if head > position:
                unseen = range(position + 1, head + 1)
                said = f"acknowledged up to {head}, and nothing came after {position}"
                self._add_fault(FaultKind.LOST, conversation_id, unseen, said)

    # --- inside

    def _record_gap(self, conversation_id: str, position: int, seq: int) -> None:
        missing = range(position + 1, seq)
        if missing:
            self._missing.setdefault(conversation_id, set()).update(missing)
            self._add_fault(FaultKind.GAP, conversation_id, missing, f"saw {seq} after {position}")

    def _record_repeat(self, conversation_id: str, seq: int, position: int) -> None:
        missing = self._missing.get(conversation_id)
        if missing and seq in missing:
            missing.discard(seq)
            self._add_fault(FaultKind.REORDERED, conversation_id, [seq], f"came after {position}")
        else:
            self._add_fault(FaultKind.DUPLICATED, conversation_id, [seq], f"came again, after {position}")

    def _record_replay(
        self, conversation_id: str, after: int, through: int, delivered: Iterable[int]
    ) -> None:
        seen = frozenset(seq for seq in delivered if after < seq <= through)
        if len(seen) < through - after:
            replay = Replay(self.client, conversation_id, after, through, seen, self._observer.clock())
            self._observer.record_replay(replay)

    def _update_in_sequence(self) -> None:
        self.in_sequence = not self._replaying and not self._fetching

    def _add_fault(self, kind: FaultKind, conversation_id: str, seqs: Iterable[int], detail: str) -> None:
        self._faults.add(kind, conversation_id, self.client, list(seqs), detail)
