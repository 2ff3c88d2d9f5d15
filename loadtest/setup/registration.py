"""Registers users over HTTP, for small runs: each costs the server a password hash.

Names and passwords are random; the passwords are discarded. For more users, `run.py load prepare` is faster.
"""

import secrets

from client.http_requests import NewUser
from client.http_responses import LoginResponse
from client.retrying_http import HttpRequest
from loadtest.accounts.users_file import LoadUser
from loadtest.setup.setup_client import SetupClient


async def register_users(client: SetupClient, count: int) -> list[LoadUser]:
    """Register `count` new users. Raises like `SetupClient.request`."""
    prefix = f"load{secrets.token_hex(4)}"

    async def register_user(number: int, _item: int) -> LoadUser:
        name = f"{prefix}_{number}"
        body = NewUser(f"{name}@load.example", name, secrets.token_urlsafe(16), f"Load {number}")
        response = await client.request(LoginResponse, HttpRequest("POST", "/v1/users", body=body), number)
        return LoadUser(response.user.id, response.token)

    return await client.for_each("users", range(count), register_user)
