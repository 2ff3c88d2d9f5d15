"""Reads the sample texts in `topics/`.

`{word}` in a text is a slot for one of the topic's words.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

TOPICS_FOLDER: Final = Path(__file__).with_name("topics")
INTEREST_NAMES: Final = ("running", "books", "cooking", "cinema", "gardening", "chess", "singing", "repair")
Text = Annotated[str, Meta(min_length=1, max_length=280)]


class PostTemplate(msgspec.Struct, frozen=True):
    """A post, possible comments, and the author's final comment."""

    text: Text
    answers: tuple[Text, ...] = ()
    thanks: Text | None = None


class Dialog(msgspec.Struct, frozen=True):
    """Lines in the format of `dialogs`."""

    lines: str


class GroupTemplate(msgspec.Struct, frozen=True):
    name: str
    lines: str


class EventTemplate(msgspec.Struct, frozen=True):
    """An event on a weekday (0 is Monday), `week` weeks after the first such day."""

    title: str
    description: str
    category: str
    weekday: Annotated[int, Meta(ge=0, le=6)]
    week: int
    at: Annotated[str, Meta(pattern=r"^\d\d:\d\d$")]
    hours: float
    capacity: int
    overbooked: bool = False
    lines: str = ""


class Topic(msgspec.Struct, frozen=True):
    """`weight` is the relative number of users interested in it."""

    name: str
    weight: int
    bios: tuple[str, ...]
    words: dict[str, tuple[str, ...]]
    posts: tuple[PostTemplate, ...]
    dialogs: tuple[Dialog, ...]
    events: tuple[EventTemplate, ...]
    group: GroupTemplate | None = None
    announcements: tuple[Text, ...] = ()
    welcomes: tuple[Text, ...] = ()


class TopicLibrary(msgspec.Struct, frozen=True):
    """`general` is a topic of all users; `interests` are topics of some."""

    general: Topic
    interests: tuple[Topic, ...]


@cache
def read_library() -> TopicLibrary:
    return TopicLibrary(_read("general"), tuple(_read(name) for name in INTEREST_NAMES))


def _read(name: str) -> Topic:
    return msgspec.toml.decode((TOPICS_FOLDER / f"{name}.toml").read_bytes(), type=Topic)
