"""Words of routes are no usernames: `/v1/users/me` is not somebody's profile."""

import re

import pytest

from actors.accounts.fields import InvalidField, validate_username
from actors.user_cache.user_cards import DELETED_USERNAME
from config.accounts import RESERVED_USERNAMES
from server.composition.routes import create_routes


class _Anything:
    """Stands for every component; routes are only listed."""

    def __getattr__(self, name: str) -> "_Anything":
        return _Anything()


def route_words() -> set[str]:
    """Return the fixed segments of all routes under `/v1/users`."""
    paths = [route.path for route in create_routes(_Anything()) if route.path.startswith("/v1/users/")]  # type: ignore[arg-type]
    return {word for path in paths for word in path.split("/")[3:] if re.fullmatch(r"[a-z0-9_.-]+", word)}


def test_every_route_word_is_reserved() -> None:
    """A new route under `/v1/users` needs its words in `RESERVED_USERNAMES`."""
    assert {"me", "by-username", "followers", "block"} <= route_words()
    assert route_words() - RESERVED_USERNAMES == set()


@pytest.mark.parametrize("name", [*RESERVED_USERNAMES, DELETED_USERNAME, "Deleted", "BLOCK"])
def test_reserved_usernames_are_refused(name: str) -> None:
    """In any case."""
    with pytest.raises(InvalidField):
        validate_username(name)
