"""People registered over HTTP, for small runs: each costs the server a password hash.

They have random names and passwords that nobody keeps. It never touches a store.
"""

import secrets
from typing import Final

import msgspec

from client.http_responses import LoginResponse
from client.retrying_http import HttpRequest
from loadtest.accounts.users_file import LoadUser
from loadtest.setup.setup_client import SetupClient

HTTP_USERS_ADVISED_MAX: Final = 200
"""More than this many are better made by `run.py load prepare`."""


class Registration(msgspec.Struct, frozen=True):
    email: str
    username: str
    password: str
    display_name: str

    def __repr__(self) -> str:
        return "Registration(...)"


async def register_users(client: SetupClient, count: int) -> list[LoadUser]:
    """So many new people. Raises as `Making.make`."""
    prefix = f"load{secrets.token_hex(4)}"

    async def register_user(number: int, _item: int) -> LoadUser:
        name = f"{prefix}_{number}"
        body = Registration(f"{name}@load.example", name, secrets.token_urlsafe(16), f"Load {number}")
        made = await client.request(LoginResponse, HttpRequest("POST", "/v1/users", body=body), number)
        return LoadUser(made.user.id, made.token)

    return await client.for_each("people", range(count), register_user)
