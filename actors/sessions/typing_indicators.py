"""Typing indicators of the users of this instance. Ephemeral; not stored.

    active -> is a member, small conversation? -> published, at most every few seconds -> timeout

Clients repeat the command while the user types; without repetition the indicator times out.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from actors.conversations.commands import ConversationInfo
from actors.conversations.errors import not_found
from actors.protocol.server_frames import TypingChanged, server_frame_encoder
from actors.runtime.timer_wheel import Timer, TimerWheel
from config.limits import TYPING_MEMBERS_MAX

TYPING_TIMEOUT_S = 6.0
REPEAT_INTERVAL_S = 3.0

GetConversationInfo = Callable[[str, str], Awaitable[ConversationInfo]]
"""Maps (user id, conversation id) to whether the user is a member, and the member count."""


class EphemeralPublisher(Protocol):
    def publish_ephemeral(
        self, conversation_id: str, payload: bytes, framed: bytes, except_user_id: str
    ) -> None:
        """Publish an ephemeral event to all members but `except_user_id`, on all instances."""


class _ActiveTyping(msgspec.Struct):
    published_at: float
    timeout: Timer


class TypingIndicators:
    def __init__(
        self,
        publisher: EphemeralPublisher,
        get_info: GetConversationInfo,
        wheel: TimerWheel,
        encode_frame: Callable[[bytes], bytes],
        clock: Callable[[], float],
    ) -> None:
        self._publisher = publisher
        self._get_info = get_info
        self._wheel = wheel
        self._encode_frame = encode_frame
        self._clock = clock
        self._active: dict[tuple[str, str], _ActiveTyping] = {}
        # The indicators whose membership is being looked up. A stop removes the value that the lookups hold.
        self._starting: dict[tuple[str, str], object] = {}

    async def set_typing(self, user_id: str, conversation_id: str, *, active: bool) -> None:
        """Start, extend or stop an indicator. Large conversations have none: nothing is published.

        To start or extend an indicator, it checks that the user is a member: raises `conversation.not_found`,
        or what `get_info` raises. Since the start the user may have been removed, or blocked by the other
        member of a direct conversation. To stop an indicator, it checks nothing.
        """
        key = (user_id, conversation_id)
        if not active:
            self._starting.pop(key, None)
            self._stop(key)
            return
        start = self._starting.setdefault(key, object())
        try:
            info = await self._get_info(user_id, conversation_id)
        finally:
            # Not if it was stopped during the wait, or another report was answered first.
            is_current = self._starting.get(key) is start
            if is_current:
                del self._starting[key]
        if not info.is_member:
            raise not_found()
        if info.member_count > TYPING_MEMBERS_MAX or not is_current:
            return
        typing = self._active.get(key)
        if typing is None:
            typing = self._active[key] = _ActiveTyping(
                0.0, self._wheel.call_later(TYPING_TIMEOUT_S, lambda: self._stop(key))
            )
        else:
            self._extend(key, typing)
            if self._clock() - typing.published_at < REPEAT_INTERVAL_S:
                return
        typing.published_at = self._clock()
        self._publish(key, active=True)

    def stop_all(self, user_id: str) -> None:
        """Stop all indicators of a user who has no session here any more."""
        for key in [key for key in self._starting if key[0] == user_id]:
            del self._starting[key]
        for key in [key for key in self._active if key[0] == user_id]:
            self._stop(key)

    def _extend(self, key: tuple[str, str], typing: _ActiveTyping) -> None:
        typing.timeout.cancel()
        typing.timeout = self._wheel.call_later(TYPING_TIMEOUT_S, lambda: self._stop(key))

    def _stop(self, key: tuple[str, str]) -> None:
        typing = self._active.pop(key, None)
        if typing is not None:
            typing.timeout.cancel()
            self._publish(key, active=False)

    def _publish(self, key: tuple[str, str], *, active: bool) -> None:
        user_id, conversation_id = key
        payload = server_frame_encoder.encode(TypingChanged(conversation_id, user_id, active))
        self._publisher.publish_ephemeral(conversation_id, payload, self._encode_frame(payload), user_id)
