"""A town in real use: people chat, read, type, come and go, look at feeds, like, post, and answer to events.

Each act is one of `MIX`, by its weight, done by somebody whom chance chooses. Socket and HTTP go side by
side, on all instances. It does nothing that a person would not.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import msgspec

from actors.protocol.commands import (
    AddReaction,
    EditMessage,
    ReadConversation,
    SetPresence,
    Typing,
    WatchPresence,
)
from loadtest.guests.asks import Ask
from loadtest.guests.guest import Guest
from loadtest.guests.journey import State
from loadtest.play.feed import read_feed
from loadtest.play.play import Cast
from loadtest.play.words import Words

MIX: Final = {
    "chat": 34.0,
    "read": 20.0,
    "type": 14.0,
    "feed": 10.0,
    "like": 6.0,
    "history": 4.0,
    "react": 3.0,
    "watch": 2.0,
    "presence": 2.0,
    "rsvp": 1.5,
    "reconnect": 1.5,
    "edit": 1.0,
    "post": 1.0,
}
AWAY_S: Final = 2.0
CHOICES: Final = 5
WATCHED: Final = 10
POST_CHARACTERS: Final = 120
EMOJI: Final = ("👍", "❤️", "😂", "🎉", "😮", "🙏")
STATUSES: Final = ("GOING", "GOING", "INTERESTED", "MAYBE", "NOT_GOING")
Act = Callable[[Guest, int], None]
_encoder = msgspec.json.Encoder()


class NewPost(msgspec.Struct, frozen=True):
    content: str


class NewRsvp(msgspec.Struct, frozen=True):
    status: str
    waitlist: bool


class Nothing(msgspec.Struct, frozen=True):
    """An answer that is not looked at."""


class Town:
    """A `Play`."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._dice = cast.dice
        self._guests = cast.crowd.guests
        self._by_number = {guest.number: guest for guest in self._guests}
        self._words = Words(cast.plan.message_characters, cast.dice)
        self._acts: list[Act] = [
            self._chat,
            self._read,
            self._type,
            self._feed,
            self._like,
            self._history,
            self._react,
            self._watch,
            self._presence,
            self._rsvp,
            self._reconnect,
            self._edit,
            self._post,
        ]
        self._weights = list(MIX.values())

    def act(self, intended_us: int) -> None:
        act = self._dice.choices(self._acts, self._weights)[0]
        act(self._somebody(), intended_us)

    async def run(self, begin_us: int, end_us: int) -> None:
        """Nothing happens besides."""

    # --- over the socket

    def _chat(self, guest: Guest, intended_us: int) -> None:
        if guest.homes:
            guest.send(self._conversation_of(guest), self._words.sentence(), intended_us)

    def _read(self, guest: Guest, intended_us: int) -> None:
        if guest.homes:
            conversation_id = self._conversation_of(guest)
            seq = guest.eyes.positions[conversation_id]
            number = guest.next_id()
            command = ReadConversation(number, conversation_id, seq)
            self._ask(guest, "read", number, command, intended_us, conversation_id, again=True)

    def _type(self, guest: Guest, intended_us: int) -> None:
        if guest.homes:
            conversation_id = self._conversation_of(guest)
            number = guest.next_id()
            command = Typing(number, conversation_id, self._dice.random() < 0.7)
            self._ask(guest, "typing", number, command, intended_us)

    def _presence(self, guest: Guest, intended_us: int) -> None:
        number = guest.next_id()
        command = SetPresence(number, "away" if self._dice.random() < 0.5 else "online")
        self._ask(guest, "presence", number, command, intended_us)

    def _watch(self, guest: Guest, intended_us: int) -> None:
        number = guest.next_id()
        watched = [self._dice.choice(self._guests).user_id for _ in range(WATCHED)]
        self._ask(guest, "watch", number, WatchPresence(number, watched), intended_us)

    def _react(self, _guest: Guest, intended_us: int) -> None:
        chosen = self._recent()
        if chosen is not None:
            author, conversation_id, message_id = chosen
            number = author.next_id()
            command = AddReaction(number, conversation_id, message_id, self._dice.choice(EMOJI))
            self._ask(author, "react", number, command, intended_us, conversation_id)

    def _edit(self, _guest: Guest, intended_us: int) -> None:
        chosen = self._recent()
        if chosen is not None:
            author, conversation_id, message_id = chosen
            number = author.next_id()
            command = EditMessage(number, conversation_id, message_id, self._words.sentence())
            self._ask(author, "edit", number, command, intended_us, conversation_id)

    def _reconnect(self, guest: Guest, _intended_us: int) -> None:
        guest.journey.drop(AWAY_S * self._dice.random())

    # --- over HTTP

    def _feed(self, guest: Guest, intended_us: int) -> None:
        pages = 2 if self._dice.random() < 0.3 else 1
        self._cast.calls.begin(read_feed(self._cast.calls, guest.url, guest.token, intended_us, pages))

    def _history(self, guest: Guest, intended_us: int) -> None:
        if guest.homes:
            conversation_id = self._conversation_of(guest)
            before = guest.eyes.positions[conversation_id] + 1
            path = f"/v1/conversations/{quote(conversation_id)}/messages?before={before}&limit=30"
            self._call("history", "GET", guest, path, intended_us)

    def _like(self, guest: Guest, intended_us: int) -> None:
        if self._cast.plan.props.posts:
            method = "PUT" if self._dice.random() < 0.8 else "DELETE"
            path = f"/v1/posts/{quote(self._dice.choice(self._cast.plan.props.posts))}/like"
            self._call("like", method, guest, path, intended_us)

    def _post(self, guest: Guest, intended_us: int) -> None:
        body = NewPost(self._words.sentence()[:POST_CHARACTERS])
        self._call("post", "POST", guest, "/v1/posts", intended_us, body)

    def _rsvp(self, guest: Guest, intended_us: int) -> None:
        if self._cast.plan.props.events:
            path = f"/v1/events/{quote(self._dice.choice(self._cast.plan.props.events))}/rsvp"
            body = NewRsvp(self._dice.choice(STATUSES), waitlist=self._dice.random() < 0.5)
            self._call("rsvp", "PUT", guest, path, intended_us, body)

    def _call(
        self,
        kind: str,
        method: str,
        guest: Guest,
        path: str,
        intended_us: int,
        body: msgspec.Struct | None = None,
    ) -> None:
        calls = self._cast.calls
        key = f"{self._cast.plan.run}-{guest.number}-{guest.next_id()}" if method == "POST" else ""
        calls.begin(
            calls.call(
                kind,
                method,
                guest.url,
                path,
                guest.token,
                Nothing,
                body=body,
                intended_us=intended_us,
                key=key,
            )
        )

    # --- chance

    def _somebody(self) -> Guest:
        """Somebody who is there, where chance finds one: nobody means to write while away."""
        guest = self._dice.choice(self._guests)
        for _ in range(CHOICES):
            if guest.state is State.READY:
                break
            guest = self._dice.choice(self._guests)
        return guest

    def _conversation_of(self, guest: Guest) -> str:
        return self._dice.choice(guest.homes)

    def _recent(self) -> tuple[Guest, str, str] | None:
        """A message that was acknowledged lately, and who wrote it."""
        recent = self._cast.ground.ledger.recent
        if not recent:
            return None
        one = self._dice.choice(recent)
        author = self._by_number.get(one.client)
        if author is None or one.conversation_id not in author.homes:
            return None
        return author, one.conversation_id, one.message_id

    def _ask(
        self,
        guest: Guest,
        kind: str,
        number: int,
        command: msgspec.Struct,
        intended_us: int,
        conversation_id: str = "",
        *,
        again: bool = False,
    ) -> None:
        payload = _encoder.encode(command)
        guest.ask(Ask(number, kind, payload, intended_us, again=again, conversation_id=conversation_id))
