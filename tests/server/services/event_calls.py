"""Calls of the HTTP API about events, and times for their bodies."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser

Json = Any
EVENTS = "/v1/events"


async def get_event(api: ApiClient, person: RegisteredUser, event_id: str) -> Json:
    return await api.get(person, f"{EVENTS}/{event_id}")


async def wait_for_notification(api: ApiClient, person: RegisteredUser, kind: str, event_id: str) -> Json:
    """Wait for a notification of this kind about an event."""

    def found(page: Json) -> list[Json]:
        return [item for item in page["items"] if (item["type"], item["reference_id"]) == (kind, event_id)]

    return found(await api.wait_for(person, "/v1/notifications", found))[0]


def day(number: float) -> str:
    """Return a time this many days from now."""
    return (datetime.now(UTC) + timedelta(days=number)).isoformat()
