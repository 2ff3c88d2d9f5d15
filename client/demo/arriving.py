"""People arrive: they register, or log in where they were here before, and say who they are."""

from typing import Final

import msgspec

from actors.protocol.objects import OwnUser
from client.answers import SignedIn
from client.demo.keys import Keys
from client.demo.people import Person
from client.demo.requests import Request, Requests
from client.errors import ClientError, Refused

KNOWN: Final = frozenset({"user.username_taken", "user.email_taken", "idempotency.conflict"})


class Occupied(ClientError):  # noqa: N818 - it is a state
    """Somebody else has the username of one of the town's people, or they have another password."""

    def __init__(self, username: str) -> None:
        super().__init__(username)
        self.username = username


class Resident(msgspec.Struct, frozen=True):
    """Somebody the server knows. `returned`: so long after that keys of then may be forgotten."""

    person: Person
    id: str
    token: str
    returned: bool

    def __repr__(self) -> str:
        return f"Resident({self.person.username})"


class Registration(msgspec.Struct, frozen=True):
    email: str
    username: str
    password: str
    display_name: str

    def __repr__(self) -> str:
        return "Registration(...)"


class Login(msgspec.Struct, frozen=True):
    login: str
    password: str

    def __repr__(self) -> str:
        return "Login(...)"


class Profile(msgspec.Struct, frozen=True):
    bio: str


class Arriving:
    def __init__(self, requests: Requests, keys: Keys, password: str) -> None:
        self._requests = requests
        self._keys = keys
        self._password = password

    async def arrive(self, person: Person) -> Resident:
        """See that somebody is there; what they have said of themselves since is left as it is.

        Raises:
            Occupied: the username is somebody else's.
        """
        signed_in, returned = await self._signed_in(person)
        if person.bio is not None and signed_in.user.bio is None:
            request = Request("PATCH", "/v1/users/me", signed_in.token, Profile(person.bio))
            await self._requests.ask(OwnUser, request)
        return Resident(person, signed_in.user.id, signed_in.token, returned)

    async def _signed_in(self, person: Person) -> tuple[SignedIn, bool]:
        body = Registration(person.email, person.username, self._password, person.display_name)
        key = self._keys.key("person", person.username)
        try:
            return await self._requests.ask(SignedIn, Request("POST", "/v1/users", body=body, key=key)), False
        except Refused as refused:
            if refused.code not in KNOWN:
                raise
        login = Request("POST", "/v1/sessions", body=Login(person.username, self._password))
        try:
            return await self._requests.ask(SignedIn, login), True
        except Refused as refused:
            if refused.status == 401:
                raise Occupied(person.username) from None
            raise
