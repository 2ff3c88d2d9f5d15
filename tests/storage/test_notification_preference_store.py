"""Contracts of `NotificationPreferenceStore` and `NotificationMailStore`."""

from datetime import UTC, datetime, time, timedelta

import pytest

from storage.contracts.notification_mails import DueRecipient, MailedNotifications
from storage.contracts.notification_preferences import (
    MAIL,
    NOTHING,
    PUSH,
    NotificationPreferencesRecord,
    QuietHoursRecord,
)
from storage.errors import Missing
from storage.postgres.notification_mails import PostgresNotificationMails
from storage.postgres.notification_preferences import PostgresNotificationPreferences
from storage.postgres.notifications import PostgresNotifications
from tests.storage.notification_setup import like_notification
from tests.storage.service_database import ServiceDatabase, random_id, sorted_random_ids
from tests.storage.test_notification_store import list_notifications

NIGHT = QuietHoursRecord(time(22), time(7, 30), "Europe/Berlin")


@pytest.fixture
def preferences(notifications_database: ServiceDatabase) -> PostgresNotificationPreferences:
    return PostgresNotificationPreferences(notifications_database.instance_a.pool)


@pytest.fixture
def mails(notifications_database: ServiceDatabase) -> PostgresNotificationMails:
    return PostgresNotificationMails(notifications_database.instance_a.pool)


async def test_preferences_are_found_as_replaced(
    notifications_database: ServiceDatabase, preferences: PostgresNotificationPreferences
) -> None:
    """Without any they are empty; a deleted user cannot set any."""
    ana, ben = random_id(), random_id()
    assert await preferences.get(ana) == NotificationPreferencesRecord()
    record = NotificationPreferencesRecord({"LIKE": NOTHING, "FOLLOW": MAIL}, NIGHT)
    await preferences.replace(ana, record, ["FOLLOW"])
    assert await preferences.get(ana) == record
    await preferences.replace(ana, NotificationPreferencesRecord(), [])
    assert await preferences.get(ana) == NotificationPreferencesRecord()
    await notifications_database.cache_users(ben)
    await notifications_database.sql.execute("UPDATE user_cache SET deleted = TRUE WHERE id = $1", ben)
    with pytest.raises(Missing):
        await preferences.replace(ben, record, [])


async def test_removed_user_has_no_preferences(
    notifications: PostgresNotifications, preferences: PostgresNotificationPreferences
) -> None:
    """They are deleted with the notifications."""
    ana = random_id()
    await preferences.replace(ana, NotificationPreferencesRecord({"LIKE": NOTHING}), [])
    await notifications.remove_user(ana)
    assert await preferences.get(ana) == NotificationPreferencesRecord()


async def test_channel_decides_what_is_stored_and_mailed(
    notifications: PostgresNotifications,
    preferences: PostgresNotificationPreferences,
    mails: PostgresNotificationMails,
) -> None:
    """Nothing stores nothing, push makes no mail, mail makes one due; one statement for all recipients."""
    nothing, push, mail, default, ben, post = sorted_random_ids(6)
    for user_id, channel in ((nothing, NOTHING), (push, PUSH), (mail, MAIL)):
        await preferences.replace(user_id, NotificationPreferencesRecord({"LIKE": channel}), ["LIKE"])
    users = (nothing, push, mail, default)
    await notifications.add([like_notification(user_id, ben, post) for user_id in users], None)
    stored = [len(await list_notifications(notifications, user_id)) for user_id in users]
    assert stored == [0, 1, 1, 1]
    assert await mails.list_due(10) == [DueRecipient(mail, None)]


async def test_flood_of_likes_is_taken_once_as_one_sum(
    notifications: PostgresNotifications,
    preferences: PostgresNotificationPreferences,
    mails: PostgresNotificationMails,
) -> None:
    """Only what came after an e-mail is in the next one."""
    ana, one, two = sorted_random_ids(3)
    await preferences.replace(ana, NotificationPreferencesRecord({"LIKE": MAIL}, NIGHT), ["LIKE"])
    likes = [like_notification(ana, random_id(), post) for post in (one, two) for _ in range(20)]
    await notifications.add(likes, None)
    assert await mails.list_due(100) == [DueRecipient(ana, NIGHT)]
    assert await mails.claim_due(ana) == [MailedNotifications("LIKE", "New like", 40)]
    assert await mails.claim_due(ana) == []
    assert await mails.list_due(100) == []
    await notifications.add([like_notification(ana, random_id(), one)], None)
    assert await mails.claim_due(ana) == [MailedNotifications("LIKE", "New like", 1)]


async def test_read_notifications_are_not_mailed(
    notifications: PostgresNotifications,
    preferences: PostgresNotificationPreferences,
    mails: PostgresNotificationMails,
) -> None:
    """Also if they were due already."""
    ana, ben, post = sorted_random_ids(3)
    await preferences.replace(ana, NotificationPreferencesRecord({"LIKE": MAIL}), ["LIKE"])
    await notifications.add([like_notification(ana, ben, post)], None)
    await notifications.mark_all_read(ana)
    assert await mails.list_due(10) == []
    assert await mails.claim_due(ana) == []


async def test_deferred_mail_is_due_later(
    notifications: PostgresNotifications,
    preferences: PostgresNotificationPreferences,
    mails: PostgresNotificationMails,
) -> None:
    """It stays due until the time given and has everything until then."""
    ana, ben, one, two = sorted_random_ids(4)
    await preferences.replace(ana, NotificationPreferencesRecord({"LIKE": MAIL}), ["LIKE"])
    await notifications.add([like_notification(ana, ben, one)], None)
    await mails.defer({ana: datetime.now(UTC) + timedelta(hours=1)})
    assert await mails.list_due(10) == []
    await notifications.add([like_notification(ana, ben, two)], None)
    assert await mails.claim_due(ana) == [MailedNotifications("LIKE", "New like", 2)]


async def test_other_channel_drops_what_is_due(
    notifications: PostgresNotifications,
    preferences: PostgresNotificationPreferences,
    mails: PostgresNotificationMails,
) -> None:
    """Of the types that are no longer mailed."""
    ana, ben, post = sorted_random_ids(3)
    await preferences.replace(ana, NotificationPreferencesRecord({"LIKE": MAIL}), ["LIKE"])
    await notifications.add([like_notification(ana, ben, post)], None)
    await preferences.replace(ana, NotificationPreferencesRecord({"FOLLOW": MAIL}), ["FOLLOW"])
    assert await mails.list_due(10) == []
    assert len(await list_notifications(notifications, ana)) == 1
