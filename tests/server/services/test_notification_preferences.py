"""Tests of notification preferences over HTTP."""

from typing import Any

import aiohttp
import pytest

from actors.keyed_hash import KeyedHash
from actors.notifications.mail_unsubscriptions import MailUnsubscriptions
from actors.notifications.notification_preferences import NotificationPreferenceSettings
from actors.protocol.notification_objects import NotificationChannel, NotificationType, QuietHours
from client.http_client import HttpClient
from server.composition.components import LINK_KEY
from server.instance import Instance
from storage.embedded import StoreUrls
from storage.postgres.migrations import database_url
from storage.postgres.notification_preferences import PostgresNotificationPreferences
from storage.postgres.pool import PostgresPool
from storage.postgres.server_keys import PostgresServerKeys
from tests.server.api_client import ApiClient
from tests.server.owned_objects import assert_invalid_field
from tests.server.registered_users import RegisteredUsers
from tests.server.services.test_notifications import wait_for_notifications

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
PREFERENCES = "/v1/users/me/notification-preferences"
NIGHT = {"from": "22:00", "to": "06:30", "timezone": "Europe/Berlin"}


async def test_preferences_are_the_same_on_every_instance(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Every type has a channel; what is absent from a PUT is reset."""
    ana, ben = await people.register(2, instance)
    defaults = await api.get(ana, PREFERENCES)
    assert set(defaults["channels"]) == {kind.value for kind in NotificationType}
    assert defaults["quiet_hours"] is None
    body = {"channels": {"LIKE": "nothing", "FOLLOW": "mail"}, "quiet_hours": NIGHT}
    changed = await api.expect(200, ana, "PUT", PREFERENCES, body)
    assert changed == {
        "channels": {**defaults["channels"], "LIKE": "nothing", "FOLLOW": "mail"},
        "quiet_hours": NIGHT,
    }
    assert await second_api.get(ana, PREFERENCES) == changed
    assert await second_api.get(ben, PREFERENCES) == defaults
    assert await api.expect(200, ana, "PUT", PREFERENCES, {}) == defaults


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channels": {"POKE": "push"}}, "channels"),
        ({"channels": {"LIKE": "sms"}}, "channels"),
        ({"channels": ["LIKE"]}, "channels"),
        ({"quiet_hours": {**NIGHT, "from": "24:00"}}, "quiet_hours"),
        ({"quiet_hours": {**NIGHT, "from": "22:00\n"}}, "quiet_hours"),
        ({"quiet_hours": {"from": "22:00", "to": "06:00"}}, "quiet_hours"),
        ({"quiet_hours": {**NIGHT, "timezone": "Berlin"}}, "quiet_hours.timezone"),
        ({"quiet_hours": {**NIGHT, "to": "22:00"}}, "quiet_hours.to"),
    ],
)
async def test_invalid_preferences_store_nothing(
    api: ApiClient, instance: Instance, people: RegisteredUsers, body: Json, field: str
) -> None:
    """Unknown types, channels, times and zones are refused."""
    (ana,) = await people.register(1, instance)
    before = await api.expect(200, ana, "PUT", PREFERENCES, {"channels": {"LIKE": "mail"}})
    answer = await api.expect(422, ana, "PUT", PREFERENCES, body)
    assert_invalid_field(answer, field)
    assert await api.get(ana, PREFERENCES) == before


async def test_unwanted_notifications_do_not_come(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Of a type that is set to nothing; those of other types do."""
    ana, ben = await people.register(2, instance)
    await second_api.expect(200, ana, "PUT", PREFERENCES, {"channels": {"LIKE": "nothing"}})
    post = await api.post(ana)
    await api.expect(204, ben, "PUT", f"/v1/posts/{post['id']}/like")
    await api.expect(201, ben, "POST", f"/v1/posts/{post['id']}/comments", {"content": "Hi"})
    (notification,) = await wait_for_notifications(api, ana, 1)
    assert notification["type"] == "COMMENT"


async def test_link_in_mails_needs_no_login(
    api: ApiClient, instance: Instance, stores: StoreUrls, people: RegisteredUsers
) -> None:
    """A mail service posts a form to it (RFC 8058)."""
    (ana,) = await people.register(1, instance)
    await api.expect(200, ana, "PUT", PREFERENCES, {"channels": {"LIKE": "mail"}})
    pool = PostgresPool(database_url(stores.postgres, "users"))
    await pool.open()
    link_hash = KeyedHash(await PostgresServerKeys(pool).get(LINK_KEY))
    settings = NotificationPreferenceSettings(PostgresNotificationPreferences(pool))
    token = MailUnsubscriptions(settings, link_hash).make_token(ana.id)
    await pool.close()
    url = f"http://127.0.0.1:{instance.port}/v1/mail-unsubscriptions/{token}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data={"List-Unsubscribe": "One-Click"}) as response,
    ):
        assert response.status == 204
    assert (await api.get(ana, PREFERENCES))["channels"]["LIKE"] == "push"


async def test_python_client_has_the_preferences(instance: Instance, people: RegisteredUsers) -> None:
    """As types."""
    (ana,) = await people.register(1, instance)
    night = QuietHours("22:00", "06:30", "Europe/Berlin")
    async with HttpClient(f"http://127.0.0.1:{instance.port}", ana.token) as client:
        saved = await client.replace_notification_preferences(
            {NotificationType.LIKE: NotificationChannel.MAIL}, night
        )
        assert saved == await client.notification_preferences()
    assert (saved.channels[NotificationType.LIKE], saved.quiet_hours) == (NotificationChannel.MAIL, night)
