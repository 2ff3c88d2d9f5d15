"""Delivers user streams, and repairs them after losses: fills gaps, and resets streams with lost items.

gap, or a position that lags its stream -> read the missing items -> deliver
new epoch, or items no longer stored    -> resync, and load the memberships again
"""

import asyncio
import itertools
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from actors.data_loader import DataLoader
from actors.delivery.rooms import Rooms
from actors.protocol.errors import ApiError
from actors.protocol.server_frames import Resync, server_frame_encoder
from actors.runtime.task_pool import TaskPool
from actors.sessions.online_user import OnlineUser
from actors.sessions.stream_sequencer import StreamOutcome, StreamSequencer
from storage.contracts.user_streams import StreamItem, StreamPosition, UserStreams
from storage.errors import Unavailable

_log = logging.getLogger(__name__)
POSITIONS_PER_READ = 500
RELOAD_DELAY_S = 0.2
RELOAD_DELAY_MAX_S = 2.0
COMPARE_PERIOD_S = 4.0
"""Time in which every user is compared once. An item that the bus lost arrives within 6 s, as promised."""

DocumentSeqs: TypeAlias = Mapping[str, int]
"""The last seq recorded in each conversation's document, by conversation id."""


class UserStreamDelivery:
    def __init__(
        self,
        streams: UserStreams,
        rooms: Rooms,
        sequencer: StreamSequencer,
        membership_loader: DataLoader[DocumentSeqs],
        encode_frame: Callable[[bytes], bytes],
        task_pool: TaskPool,
    ) -> None:
        self._streams = streams
        self._rooms = rooms
        self._sequencer = sequencer
        self._membership_loader = membership_loader
        self._encode_frame = encode_frame
        self._task_pool = task_pool
        self.resync_count = 0

    def on_stream_item(self, user: OnlineUser, item: StreamItem) -> None:
        """Deliver an item in order; start a repair if items before it are missing."""
        outcome = self._sequencer.accept(user, item)
        if outcome is StreamOutcome.GAP:
            self._start_gap_repair(user, item.position)
        elif outcome is StreamOutcome.NEW_EPOCH:
            self.restart_at(user, StreamPosition(item.epoch, item.position), "epoch")

    async def compare_all(self, users: Sequence[OnlineUser]) -> None:
        """Compare all positions with the streams, because bus messages may have been lost.

        Stops if the streams are unavailable: the periodic comparison goes on.
        """
        for batch in _batches(users):
            if not await self._compare_batch(batch):
                _log.debug("stream positions could not be compared: store unavailable")
                return

    async def compare_periodically(self, slices: Sequence[Mapping[str, OnlineUser]]) -> None:
        """Compare all users once per period, one slice at a time: the last item of a stream may be lost."""
        for users in itertools.cycle(slices):
            await asyncio.sleep(COMPARE_PERIOD_S / len(slices))
            for batch in _batches(list(users.values())):
                try:
                    await self._compare_batch(batch)
                except Exception:  # noqa: BLE001 - without comparisons lost items would stay lost
                    _log.exception("stream positions could not be compared")

    async def _compare_batch(self, users: Sequence[OnlineUser]) -> bool:
        """Repair users whose position lags their stream. Returns False if the streams are unavailable."""
        users = [user for user in users if user.is_open and user.connection_count]
        epochs = [user.epoch for user in users]
        try:
            positions = await self._streams.positions([user.user_id for user in users])
        except Unavailable:
            return False
        for user, epoch, position in zip(users, epochs, positions, strict=True):
            # Nearly all positions match. A new epoch may have begun during the read.
            if position is None or position == user.position or user.epoch != epoch:
                continue
            if position.epoch != user.position.epoch:
                self.restart_at(user, position, "epoch")
            elif position.position > user.position.position:
                self._start_gap_repair(user, position.position)
        return True

    def restart_at(self, user: OnlineUser, position: StreamPosition, reason: str) -> None:
        """Continue at `position` and send `resync`: items between are lost or no longer stored.

        Memberships are loaded again, because those items may have changed them.
        """
        user.start_stream(position)
        self.resync_count += 1
        self._task_pool.spawn(self._reload_memberships(user))
        self._deliver_resync(user, reason)

    def _deliver_resync(self, user: OnlineUser, reason: str) -> None:
        position = user.position
        payload = server_frame_encoder.encode(Resync(reason, position.epoch, position.position))
        user.deliver_resync(reason, payload, self._encode_frame(payload))

    async def _reload_memberships(self, user: OnlineUser) -> None:
        """Load the user's conversations, with retries while the user is connected.

        If the stream is reset during a load, they are loaded again. If it takes several attempts, the clients
        get another `resync` at the end: what they loaded after the first may be older than the rooms that are
        joined now.
        """
        user.reload_requests += 1
        if user.reload_requests > 1:
            return
        delay_s, attempts = RELOAD_DELAY_S, 0
        while user.reload_requests and user.connection_count:
            requests, attempts = user.reload_requests, attempts + 1
            known = user.conversation_ids
            try:
                document_seqs = await self._membership_loader.get(user.user_id) or {}
            except (Unavailable, ApiError):
                await asyncio.sleep(delay_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load
                delay_s = min(delay_s * 2, RELOAD_DELAY_MAX_S)
                continue
            if user.conversation_ids is not known:
                # The user joined or left one meanwhile: these may be the memberships from before.
                attempts -= 1
                continue
            await self._join_current_rooms(user, document_seqs)
            if user.reload_requests == requests:
                break
        user.reload_requests = 0
        if attempts > 1 and user.connection_count:
            self._deliver_resync(user, "epoch")

    async def _join_current_rooms(self, user: OnlineUser, document_seqs: DocumentSeqs) -> None:
        before = set(user.conversation_ids)
        left = before - document_seqs.keys()
        joined = document_seqs.keys() - before
        user.set_conversation_ids(map(self._rooms.intern_id, document_seqs))
        for session in user.sessions:
            self._rooms.leave(session, left)
            for conversation_id in joined:
                await self._sequencer.join_room(
                    user, session, conversation_id, document_seqs[conversation_id]
                )

    def _start_gap_repair(self, user: OnlineUser, through: int) -> None:
        if not user.is_repairing:
            user.is_repairing = True
            self._task_pool.spawn(self._fill_gap(user, through))

    async def _fill_gap(self, user: OnlineUser, through: int) -> None:
        try:
            position = user.position
            items = await self._streams.read_after(
                user.user_id, position.epoch, position.position, through - position.position
            )
            if items is None:
                current = (await self.load_positions([user.user_id]))[user.user_id]
            if user.epoch != position.epoch:
                # A new epoch began during the read.
                return
        except Unavailable:
            # The next comparison of positions starts a repair again.
            return
        finally:
            user.is_repairing = False
        if items is None:
            self.restart_at(user, current, "expired")
            return
        for item in items:
            self.on_stream_item(user, item)

    async def load_positions(self, user_ids: Sequence[str]) -> Mapping[str, StreamPosition]:
        """Return the current stream positions by user id, without those that are unavailable.

        Raises `Unavailable` if all are.
        """
        positions = await self._streams.positions(user_ids)
        return {
            user_id: position
            for user_id, position in zip(user_ids, positions, strict=True)
            if position is not None
        }


def _batches(users: Sequence[OnlineUser]) -> list[Sequence[OnlineUser]]:
    """Split users into batches of at most `POSITIONS_PER_READ`."""
    return [users[start : start + POSITIONS_PER_READ] for start in range(0, len(users), POSITIONS_PER_READ)]
