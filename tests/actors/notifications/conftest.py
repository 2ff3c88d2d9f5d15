"""The Notification service and the services it consumes events of, on empty databases."""

from collections.abc import AsyncIterator

import pytest

from tests.actors.domain_events.service_databases import open_databases
from tests.actors.notifications.notification_setup import SERVICES, NotificationSetup
from tests.conftest import FreshDatabase


@pytest.fixture
async def setup(fresh_database: FreshDatabase) -> AsyncIterator[NotificationSetup]:
    """A setup with the users Ana, Ben and Cyd, without events."""
    async with open_databases(fresh_database, *SERVICES, "notifications") as databases:
        made = NotificationSetup(databases)
        yield made
        await made.close()
