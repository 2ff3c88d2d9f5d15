"""What the sessions of this instance watch, posts or users: each has one list of ids, and receives changes.

While any session watches an id, this instance subscribes to the topic of the id.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from storage.contracts.bus import Bus

Change = TypeVar("Change")


class Watcher(Protocol):
    """Receives changes: a session."""

    @property
    def user_id(self) -> str: ...

    def push_ephemeral(self, framed: bytes) -> None:
        """Send an encoded frame; it may be dropped."""


class WatchLists:
    """`topic` returns the topic of an id. `on_unwatched` gets an id that no one watches any more."""

    def __init__(self, bus: Bus, topic: Callable[[str], str], on_unwatched: Callable[[str], object]) -> None:
        self._bus = bus
        self._topic = topic
        self._on_unwatched = on_unwatched
        self._lists: dict[Watcher, tuple[str, ...]] = {}
        self._watchers: dict[str, dict[Watcher, None]] = {}
        self._announced: dict[Watcher, object] = {}
        # The watchers that have a list, by user; most users have one.
        self._watchers_of: dict[str, tuple[Watcher, ...]] = {}

    def __contains__(self, id_: str) -> bool:
        return id_ in self._watchers

    def __iter__(self) -> Iterator[str]:
        """Iterate over the ids that are watched."""
        return iter(self._watchers)

    def __len__(self) -> int:
        return len(self._watchers)

    def watchers(self, id_: str) -> Collection[Watcher]:
        return self._watchers.get(id_, {}).keys()

    def announce(self, watcher: Watcher) -> object:
        """Announce a list whose ids are not known yet. Return a token for `replace`."""
        token = self._announced[watcher] = object()
        return token

    def viewers(self) -> set[str]:
        """Return the users whose sessions watch something."""
        return set(self._watchers_of)

    def related_to(self, user_ids: Collection[str]) -> dict[str, set[str]]:
        """Return, for each of the users, the ids they watch and, if ids are users too, who watches them.

        Users with neither are absent.
        """
        related: dict[str, set[str]] = {}
        for user_id in user_ids:
            ids = {id_ for own in self._watchers_of.get(user_id, ()) for id_ in self._lists[own]}
            ids.update(watcher.user_id for watcher in self.watchers(user_id))
            if ids:
                related[user_id] = ids
        return related

    async def replace(
        self, watcher: Watcher, ids: Sequence[str], announced: object | None = None
    ) -> tuple[str, ...]:
        """Replace the list of a watcher, and return it with each id once.

        A list that was `announced` is only returned if a later one was announced, or the watcher removed.
        Raises `Unavailable` if a subscription is not confirmed. The list is replaced even so, and the bus
        keeps trying to subscribe.
        """
        wanted = tuple(dict.fromkeys(ids))
        if announced is not None and self._announced.get(watcher) is not announced:
            return wanted
        self.remove(watcher)
        new = [id_ for id_ in wanted if id_ not in self._watchers]
        self._lists[watcher] = wanted
        self._watchers_of[watcher.user_id] = (*self._watchers_of.get(watcher.user_id, ()), watcher)
        for id_ in wanted:
            self._watchers.setdefault(id_, {})[watcher] = None
        if new:
            await self._bus.subscribe([self._topic(id_) for id_ in new])
        return wanted

    def remove(self, watcher: Watcher) -> None:
        """End the list of a watcher. Without effect if there is none."""
        self._announced.pop(watcher, None)
        ids = self._lists.pop(watcher, None)
        if ids is None:
            return
        others = tuple(one for one in self._watchers_of.pop(watcher.user_id) if one is not watcher)
        if others:
            self._watchers_of[watcher.user_id] = others
        for id_ in ids:
            self._remove_watcher(id_, watcher)

    def remove_id(self, viewer_id: str, id_: str) -> None:
        """Remove an id from the lists of all sessions of the user `viewer_id`."""
        for watcher in [one for one in self.watchers(id_) if one.user_id == viewer_id]:
            self._lists[watcher] = tuple(other for other in self._lists[watcher] if other != id_)
            self._remove_watcher(id_, watcher)

    def _remove_watcher(self, id_: str, watcher: Watcher) -> None:
        watchers = self._watchers[id_]
        watchers.pop(watcher, None)
        if not watchers:
            del self._watchers[id_]
            self._on_unwatched(id_)
            self._bus.unsubscribe([self._topic(id_)])


def push_changes(
    changes: Mapping[Watcher, Sequence[Change]], encode: Callable[[Sequence[Change]], bytes]
) -> None:
    """Push to each watcher its changes as one frame. Equal frames are encoded once."""
    encoded: dict[tuple[Change, ...], bytes] = {}
    for watcher, own_changes in changes.items():
        key = tuple(own_changes)
        if key not in encoded:
            encoded[key] = encode(own_changes)
        watcher.push_ephemeral(encoded[key])
