"""Preferences decide what is stored, pushed silently, and mailed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from actors.keyed_hash import KeyedHash
from actors.mail.email_sender import EmailSender
from actors.mail.mail_limits import MailLimits
from actors.mail.mail_queue import MailQueue
from actors.notifications.mail_unsubscriptions import MailUnsubscriptions
from actors.notifications.notification_mail_job import NotificationMailJob
from actors.notifications.notification_preferences import NotificationPreferenceSettings, validate_quiet_hours
from actors.protocol.errors import ApiError
from actors.protocol.notification_objects import (
    DEFAULT_NOTIFICATION_CHANNELS,
    NotificationChannel,
    NotificationType,
    QuietHours,
)
from actors.protocol.server_frames import NotificationCreated
from config.mail import MailKind, MailLimit
from storage.contracts.mail import Mail
from storage.contracts.notification_mails import MailRecipient
from storage.contracts.posts import NewPostRecord
from storage.memory.attempt_limits import MemoryAttemptLimits
from storage.postgres.notification_mails import PostgresNotificationMails
from storage.postgres.notification_preferences import PostgresNotificationPreferences
from tests.actors.notifications.notification_setup import NotificationSetup
from tests.until import until

LIKES_BY_MAIL = {NotificationType.LIKE: NotificationChannel.MAIL}


def quiet_now() -> QuietHours:
    """An hour before now to an hour after it."""
    now = datetime.now(UTC)
    start, end = now - timedelta(hours=1), now + timedelta(hours=1)
    return QuietHours(f"{start:%H:%M}", f"{end:%H:%M}", "UTC")


class RecordingMailer:
    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        self.mails.append(mail)


class FakeLocks:
    def __init__(self) -> None:
        self.is_free = True

    async def try_acquire(self, name: str) -> bool:
        return self.is_free

    async def release_all(self) -> None:
        self.is_free = True


class FakeRecipients:
    """All users have a verified address, except those in `unverified`."""

    def __init__(self) -> None:
        self.unverified: set[str] = set()

    async def find_verified(self, user_ids: Sequence[str]) -> dict[str, MailRecipient]:
        return {
            user_id: MailRecipient(user_id, "ana", f"{user_id}@example.test")
            for user_id in user_ids
            if user_id not in self.unverified
        }


class MailSetup:
    def __init__(self, setup: NotificationSetup, burst: int = 4) -> None:
        pool = setup.databases["notifications"].pool
        self.settings = NotificationPreferenceSettings(PostgresNotificationPreferences(pool))
        self.unsubscriptions = MailUnsubscriptions(self.settings, KeyedHash(b"k" * 16))
        self.mailer = RecordingMailer()
        self.mail_queue = MailQueue(self.mailer)
        self.recipients = FakeRecipients()
        self.locks = FakeLocks()
        self.store = PostgresNotificationMails(pool)
        self.notification_mail_job = NotificationMailJob(
            self.store,
            self.recipients,
            MailLimits(
                MemoryAttemptLimits(),
                KeyedHash(b"k" * 16),
                {MailKind.NOTIFICATION: MailLimit(burst, 3600)},
            ),
            EmailSender(self.mail_queue, "https://convene.test"),
            self.unsubscriptions.make_token,
            self.locks,
        )

    async def run(self, at: datetime | None = None) -> list[Mail]:
        """Send what is due and return all mails so far."""
        await self.notification_mail_job.run(at or datetime.now(UTC))
        await until(lambda: self.mail_queue.statistics().pending == 0)
        return self.mailer.mails


async def like(setup: NotificationSetup, count: int = 1) -> None:
    """Let that many users like a new post of Ana's."""
    post_id = await setup.posts.create(NewPostRecord(setup.ana, "Hi"), None)
    for number in range(count):
        await setup.reactions.like(post_id, setup.user_source.add_user(f"fan{number}"))
    await setup.catch_up("posts")


def test_every_type_has_a_default_channel() -> None:
    """Clients get them; a data export that is ready is also mailed."""
    others = dict.fromkeys(set(NotificationType) - {NotificationType.EXPORT_READY}, NotificationChannel.PUSH)
    assert {
        NotificationType.EXPORT_READY: NotificationChannel.MAIL,
        **others,
    } == DEFAULT_NOTIFICATION_CHANNELS


async def test_preferences_are_complete(setup: NotificationSetup) -> None:
    """Every type has its channel; replacing resets those that are absent."""
    settings = MailSetup(setup).settings
    assert (await settings.get(setup.ana)).channels == DEFAULT_NOTIFICATION_CHANNELS
    changed = await settings.replace(setup.ana, LIKES_BY_MAIL, quiet_now())
    assert changed.channels == {**DEFAULT_NOTIFICATION_CHANNELS, **LIKES_BY_MAIL}
    assert await settings.get(setup.ana) == changed
    await settings.replace(setup.ana, {}, None)
    assert (await settings.get(setup.ana)).channels == DEFAULT_NOTIFICATION_CHANNELS
    assert (await settings.get(setup.ana)).quiet_hours is None


@pytest.mark.parametrize(
    ("quiet_hours", "fields"),
    [
        (QuietHours("22:00", "07:00", "Europe/Berlin"), []),
        (QuietHours("22:00", "07:00", "Europe/Nowhere"), ["quiet_hours.timezone"]),
        (QuietHours("22:00", "22:00", "../UTC"), ["quiet_hours.timezone", "quiet_hours.to"]),
    ],
)
def test_quiet_hours_are_validated(quiet_hours: QuietHours, fields: list[str]) -> None:
    """The zone exists, and the hours are not empty."""
    assert [error.field for error in validate_quiet_hours(quiet_hours)] == fields


async def test_unwanted_type_is_not_stored(setup: NotificationSetup) -> None:
    """Other types are."""
    settings = MailSetup(setup).settings
    await settings.replace(setup.ana, {NotificationType.LIKE: NotificationChannel.NOTHING}, None)
    await like(setup)
    await setup.social.follow(setup.ben, setup.ana)
    await setup.catch_up()
    assert [kind for kind, _, _ in await setup.list_messages(setup.ana)] == ["FOLLOW"]


async def test_push_in_quiet_hours_is_silent(setup: NotificationSetup) -> None:
    """It is stored and pushed all the same."""
    settings = MailSetup(setup).settings
    await like(setup)
    await setup.pusher.push_undelivered()
    await settings.replace(setup.ana, {}, quiet_now())
    await like(setup)
    await setup.pusher.push_undelivered()
    frames = [
        frame for frame in await setup.pushed_frames(setup.ana) if isinstance(frame, NotificationCreated)
    ]
    assert [frame.silent for frame in frames] == [False, True]


async def test_flood_of_likes_is_one_mail(setup: NotificationSetup) -> None:
    """The mail counts them, names no one, and can be unsubscribed from."""
    mails = MailSetup(setup)
    await mails.settings.replace(setup.ana, LIKES_BY_MAIL, None)
    await like(setup, 30)
    (mail,) = await mails.run()
    assert mail.to == f"{setup.ana}@example.test"
    assert "- New like: 30" in mail.text
    assert "fan" not in mail.text
    assert "https://convene.test/#/settings" in mail.text
    assert mail.unsubscribe_url is not None
    assert await mails.run() == [mail]
    token = mail.unsubscribe_url.rpartition("/")[2]
    await like(setup)
    await mails.unsubscriptions.unsubscribe(token)
    assert await mails.run() == [mail]
    channels = (await mails.settings.get(setup.ana)).channels
    assert channels == dict.fromkeys(NotificationType, NotificationChannel.PUSH)


async def test_quiet_hours_defer_mails_to_their_end(setup: NotificationSetup) -> None:
    """Everything from them is one mail afterwards."""
    mails = MailSetup(setup)
    now = datetime.now(UTC)
    await mails.settings.replace(setup.ana, LIKES_BY_MAIL, quiet_now())
    await like(setup, 2)
    assert await mails.run(now) == []
    assert await mails.run(now + timedelta(hours=2)) == []
    await like(setup)
    await mails.store.defer({setup.ana: now})
    (mail,) = await mails.run(now + timedelta(hours=2))
    assert "- New like: 3" in mail.text


async def test_limit_defers_mails(setup: NotificationSetup) -> None:
    """What is above the limit of an address stays due for a later mail."""
    mails = MailSetup(setup, burst=1)
    await mails.settings.replace(setup.ana, LIKES_BY_MAIL, None)
    await like(setup)
    assert len(await mails.run()) == 1
    await like(setup)
    assert len(await mails.run()) == 1
    assert [one.count for one in await mails.store.claim_due(setup.ana)] == [1]


async def test_only_verified_addresses_get_mails(setup: NotificationSetup) -> None:
    """What was due for others is dropped, not kept for ever."""
    mails = MailSetup(setup)
    mails.recipients.unverified.add(setup.ana)
    await mails.settings.replace(setup.ana, LIKES_BY_MAIL, None)
    await like(setup)
    assert await mails.run() == []
    mails.recipients.unverified.clear()
    assert await mails.run() == []


async def test_one_instance_sends(setup: NotificationSetup) -> None:
    """Without the lock nothing is taken."""
    mails = MailSetup(setup)
    await mails.settings.replace(setup.ana, LIKES_BY_MAIL, None)
    await like(setup)
    mails.locks.is_free = False
    assert await mails.run() == []
    mails.locks.is_free = True
    assert len(await mails.run()) == 1


async def test_forged_token_unsubscribes_no_one(setup: NotificationSetup) -> None:
    """The token is bound to its user."""
    mails = MailSetup(setup)
    await mails.settings.replace(setup.ana, LIKES_BY_MAIL, None)
    _, _, digest = mails.unsubscriptions.make_token(setup.ben).partition(".")
    for token in (f"{setup.ana}.{digest}", setup.ana, "", "ü"):
        with pytest.raises(ApiError) as raised:
            await mails.unsubscriptions.unsubscribe(token)
        assert raised.value.code == "mail_unsubscription.not_found"
    assert (await mails.settings.get(setup.ana)).channels[NotificationType.LIKE] is NotificationChannel.MAIL
