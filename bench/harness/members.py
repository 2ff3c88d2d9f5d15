"""The generator's member file: one line per connection.

Members of a conversation must be consecutive. A member without a token does not authenticate.
"""

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec


class Member(msgspec.Struct, frozen=True):
    conversation: str
    port: int
    token: str | None = None


def unauthenticated_members(port: int, groups: int, size: int) -> list[Member]:
    """Return members for a server without authentication: `groups` conversations of `size`."""
    return [
        Member(conversation=f"room{group}", port=port)
        for group, _ in itertools.product(range(groups), range(size))
    ]


def split_between_ports(members: Sequence[Member], port: int) -> list[Member]:
    """Move every second member to `port`."""
    return [
        msgspec.structs.replace(member, port=port) if number % 2 else member
        for number, member in enumerate(members)
    ]


def write_members(file: Path, members: Iterable[Member]) -> None:
    file.touch(mode=0o600)
    file.write_text(
        "".join(f"{member.token or '-'} {member.conversation} {member.port}\n" for member in members),
        encoding="ascii",
    )
