"""The Notification service and those it hears of, on empty databases."""

from collections.abc import AsyncIterator

import pytest

from tests.actors.domain_events.service_databases import all_opened
from tests.actors.notifications.notification_setup import SERVICES, NoticeHouse
from tests.conftest import FreshDatabase


@pytest.fixture
async def house(fresh_database: FreshDatabase) -> AsyncIterator[NoticeHouse]:
    """Ana, Ben and Cyd are known; nobody has done anything yet."""
    async with all_opened(fresh_database, *SERVICES, "notifications") as databases:
        made = NoticeHouse(databases)
        yield made
        await made.close()
