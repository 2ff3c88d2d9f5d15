"""Who connects where: the members of each conversation, in the order of the generator's file.

Members of one conversation stand together. A member without a token is not authenticated.
"""

import itertools
from collections.abc import Iterable
from pathlib import Path

import msgspec


class Member(msgspec.Struct, frozen=True):
    conversation: str
    port: int
    token: str | None = None


def unauthenticated_members(port: int, groups: int, size: int) -> list[Member]:
    """Members for a server that knows nobody: `groups` conversations of `size`."""
    return [
        Member(conversation=f"room{group}", port=port)
        for group, _ in itertools.product(range(groups), range(size))
    ]


def write_members(file: Path, members: Iterable[Member]) -> None:
    file.touch(mode=0o600)
    file.write_text(
        "".join(f"{member.token or '-'} {member.conversation} {member.port}\n" for member in members),
        encoding="ascii",
    )
