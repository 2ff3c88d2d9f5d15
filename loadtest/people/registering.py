"""People registered over HTTP, for small runs: each costs the server a password hash.

They have random names and passwords that nobody keeps. It never touches a store.
"""

import secrets
from typing import Final

import msgspec

from client.answers import SignedIn
from client.demo.requests import Request
from loadtest.people.users_file import Person
from loadtest.scenes.making import Making

SLOW_FROM: Final = 200
"""More than this many are better made by `run.py load prepare`."""


class Registration(msgspec.Struct, frozen=True):
    email: str
    username: str
    password: str
    display_name: str

    def __repr__(self) -> str:
        return "Registration(...)"


async def register(making: Making, count: int) -> list[Person]:
    """So many new people. Raises as `Making.make`."""
    prefix = f"load{secrets.token_hex(4)}"

    async def one(number: int, _item: int) -> Person:
        name = f"{prefix}_{number}"
        body = Registration(f"{name}@load.example", name, secrets.token_urlsafe(16), f"Load {number}")
        made = await making.make(SignedIn, Request("POST", "/v1/users", body=body), number)
        return Person(made.user.id, made.token)

    return await making.each("people", range(count), one)
