"""Who is typing where, as this instance's people say it; a hint to the other members, never stored.

    active -> a member of a small enough group? -> told, at most every few seconds -> ended by the server

Somebody who goes on typing says so again; whoever is silent for a while has stopped. It never tells a
conversation that somebody types who is not in it.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from actors.conversation.answers import not_found
from actors.conversation.letters import Sight
from actors.runtime.wheel import Timer, Wheel
from actors.wire.frames import TypingTold, frame_encoder
from config.limits import TYPING_MEMBERS

TYPING_S = 6.0
AGAIN_S = 3.0

Look = Callable[[str, str], Awaitable[Sight]]
"""(user, conversation) -> whether the user is in it, and with how many."""


class Hints(Protocol):
    def hint(self, conversation_id: str, frame: bytes, ready: bytes, spare_user_id: str) -> None:
        """Tell every member but one, everywhere, something that may be lost."""


class _Typing(msgspec.Struct):
    told_at: float
    end: Timer


class TypingBoard:
    def __init__(
        self,
        hints: Hints,
        look: Look,
        wheel: Wheel,
        framed: Callable[[bytes], bytes],
        clock: Callable[[], float],
    ) -> None:
        self._hints = hints
        self._look = look
        self._wheel = wheel
        self._framed = framed
        self._clock = clock
        self._typing: dict[tuple[str, str], _Typing] = {}

    async def say(self, user_id: str, conversation_id: str, *, active: bool) -> None:
        """Raises `conversation.not_found`, or what the look raises."""
        key = (user_id, conversation_id)
        known = self._typing.get(key)
        if not active:
            self._stop(key)
            return
        if known is not None and self._clock() - known.told_at < AGAIN_S:
            self._prolong(key, known)
            return
        sight = await self._look(user_id, conversation_id)
        if not sight.member:
            raise not_found()
        if sight.member_count > TYPING_MEMBERS:
            return
        known = self._typing.get(key)
        if known is None:
            known = self._typing[key] = _Typing(0.0, self._wheel.after(TYPING_S, lambda: self._stop(key)))
        else:
            self._prolong(key, known)
        known.told_at = self._clock()
        self._tell(key, active=True)

    def gone(self, user_id: str) -> None:
        """The user's last session here has ended."""
        for key in [key for key in self._typing if key[0] == user_id]:
            self._stop(key)

    def _prolong(self, key: tuple[str, str], known: _Typing) -> None:
        known.end.cancel()
        known.end = self._wheel.after(TYPING_S, lambda: self._stop(key))

    def _stop(self, key: tuple[str, str]) -> None:
        known = self._typing.pop(key, None)
        if known is not None:
            known.end.cancel()
            self._tell(key, active=False)

    def _tell(self, key: tuple[str, str], *, active: bool) -> None:
        user_id, conversation_id = key
        frame = frame_encoder.encode(TypingTold(conversation_id, user_id, active))
        self._hints.hint(conversation_id, frame, self._framed(frame), user_id)
