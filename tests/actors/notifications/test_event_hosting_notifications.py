"""Notifications of what hosts decide: cancellation, co-hosts, requests, and reminders."""

from datetime import UTC, datetime

import pytest

from actors.domain_events.event_types import EventReminder
from actors.notifications.event_templates import event_reminder
from storage.contracts.events import EventChange
from storage.postgres.statement import Statement
from tests.actors.notifications.notification_setup import NotificationSetup

MAKE_REMINDERS_DUE = (
    "UPDATE events SET start_datetime = now() + interval '59 minutes 30 seconds'",
    "UPDATE event_reminders SET next_at = start_datetime - interval '1 hour' FROM events WHERE id = event_id",
    "DELETE FROM event_reminder_moves",
)
"""As if time had passed until half a minute after reminders of an hour became due."""


async def test_cancellation_replaces_other_notifications(setup: NotificationSetup) -> None:
    """Once, with the reason, also if the event is deleted later; online users get the event."""
    event_id = await setup.create_event(setup.ana)
    await setup.events.invite(event_id, setup.ana, [setup.ben], None)
    await setup.rsvps.set_rsvp(event_id, setup.cyd, "GOING", waitlist=False)
    await setup.catch_up()
    await setup.hosts.cancel(event_id, setup.ana, "rain")
    await setup.catch_up()
    await setup.replay_all()
    message = ("EVENT_UPDATE", "Boules was cancelled: rain", 1)
    for user in (setup.ben, setup.cyd):
        assert await setup.list_messages(user) == [message]
    assert (event_id, sorted([setup.ben, setup.cyd])) in [
        (one, sorted(users)) for one, users in setup.published_event_updates
    ]
    await setup.events.delete(event_id, setup.ana)
    await setup.catch_up()
    assert await setup.list_messages(setup.ben) == [message]
    assert await setup.list_messages(setup.ana) == []


async def test_new_cohost_is_notified_unless_removed(setup: NotificationSetup) -> None:
    """One who was removed before the event is handled is not."""
    event_id = await setup.create_event(setup.ana)
    await setup.hosts.add_host(event_id, setup.ben)
    await setup.hosts.add_host(event_id, setup.cyd)
    await setup.hosts.remove_host(event_id, setup.cyd)
    await setup.catch_up()
    assert await setup.list_messages(setup.ben) == [("EVENT_UPDATE", "Ana made you a co-host of Boules", 1)]
    assert await setup.list_messages(setup.cyd) == []


async def test_requests_notify_all_hosts_and_decisions_the_user(setup: NotificationSetup) -> None:
    """A withdrawn request notifies no host that has not seen it."""
    event_id = await setup.create_event(setup.ana)
    await setup.events.change(event_id, EventChange(approval=True))
    await setup.hosts.add_host(event_id, setup.ben)
    await setup.rsvps.set_rsvp(event_id, setup.cyd, "GOING", waitlist=False)
    await setup.rsvps.delete_rsvp(event_id, setup.cyd)
    await setup.catch_up()
    assert await setup.list_messages(setup.ana) == []
    await setup.rsvps.set_rsvp(event_id, setup.cyd, "GOING", waitlist=False)
    await setup.catch_up()
    asked = ("EVENT_UPDATE", "Cyd asked to go to Boules", 1)
    assert await setup.list_messages(setup.ana) == [asked]
    assert asked in await setup.list_messages(setup.ben)
    await setup.requests.decline_request(event_id, setup.cyd, setup.ana)
    await setup.catch_up()
    declined = ("EVENT_UPDATE", "Ana declined your request to go to Boules", 1)
    assert await setup.list_messages(setup.cyd) == [declined]
    await setup.rsvps.set_rsvp(event_id, setup.cyd, "GOING", waitlist=False)
    await setup.requests.accept_request(event_id, setup.cyd, setup.ana)
    await setup.catch_up()
    await setup.replay_all()
    accepted = ("EVENT_UPDATE", "Ana accepted your request to go to Boules", 1)
    assert await setup.list_messages(setup.cyd) == [accepted, declined]


async def test_user_who_asks_again_is_counted_once(setup: NotificationSetup) -> None:
    """A request that ended is withdrawn from the notification, so the next one notifies again."""
    event_id = await setup.create_event(setup.ana)
    await setup.events.change(event_id, EventChange(approval=True))
    for user in (setup.ben, setup.cyd):
        await setup.rsvps.set_rsvp(event_id, user, "GOING", waitlist=False)
    await setup.catch_up()
    both = ("EVENT_UPDATE", "Cyd and 1 more asked to go to Boules", 2)
    assert await setup.list_messages(setup.ana) == [both]
    for _ in range(3):
        await setup.rsvps.delete_rsvp(event_id, setup.cyd)
        await setup.rsvps.set_rsvp(event_id, setup.cyd, "GOING", waitlist=False)
    await setup.catch_up()
    assert await setup.list_messages(setup.ana) == [both]
    await setup.rsvps.set_rsvp(event_id, setup.cyd, "NOT_GOING", waitlist=False)
    await setup.requests.accept_request(event_id, setup.ben, setup.ana)
    await setup.catch_up()
    assert await setup.list_messages(setup.ana) == []
    await setup.rsvps.set_rsvp(event_id, setup.cyd, "GOING", waitlist=False)
    await setup.catch_up()
    await setup.replay_all()
    assert await setup.list_messages(setup.ana) == [("EVENT_UPDATE", "Cyd asked to go to Boules", 1)]


async def test_user_declined_by_an_event_for_invited_users_keeps_no_notification_of_it(
    setup: NotificationSetup,
) -> None:
    """Nor is the user notified of that: the event does not exist for them any more."""
    event_id = await setup.create_event(setup.ana)
    await setup.events.change(event_id, EventChange(approval=True))
    await setup.rsvps.set_rsvp(event_id, setup.cyd, "GOING", waitlist=False)
    await setup.events.change(event_id, EventChange(visibility="invited", title="Pétanque"))
    await setup.catch_up()
    assert await setup.list_messages(setup.cyd) == [("EVENT_UPDATE", "Ana updated Pétanque", 1)]
    await setup.requests.decline_request(event_id, setup.cyd, setup.ana)
    await setup.catch_up()
    await setup.replay_all()
    assert await setup.list_messages(setup.cyd) == []


async def test_users_who_go_are_reminded_once(setup: NotificationSetup) -> None:
    """One who withdrew after it was published is not; a repeated event reminds no one again."""
    event_id = await setup.create_event(setup.ana)
    for user in (setup.ben, setup.cyd):
        await setup.rsvps.set_rsvp(event_id, user, "GOING", waitlist=False, reminders=[60])
    for text in MAKE_REMINDERS_DUE:
        await setup.databases["events"].pool.write(Statement("due", text, ()))
    assert await setup.reminders.publish_due(10) == 2
    await setup.rsvps.delete_rsvp(event_id, setup.cyd)
    await setup.catch_up()
    await setup.replay_all()
    reminders = {
        user: [message for kind, message, _ in await setup.list_messages(user) if kind == "EVENT_REMINDER"]
        for user in (setup.ben, setup.cyd)
    }
    assert reminders == {setup.ben: ["Boules starts in 1 hour"], setup.cyd: []}


@pytest.mark.parametrize(
    ("minutes", "starts_in_s", "expected"),
    [
        (1440, 86_399.0, "1 day"),
        (2880, 172_790.0, "2 days"),
        (60, 3590.0, "1 hour"),
        (90, 5390.0, "90 minutes"),
        (60, 600.0, "10 minutes"),
        (1, 20.0, "1 minute"),
    ],
)
def test_reminder_says_when_the_event_starts(minutes: int, starts_in_s: float, expected: str) -> None:
    """As the user chose it, or what is left if it is late."""
    reminder = EventReminder("e", "Boules", datetime.now(UTC), minutes, starts_in_s, [])
    assert event_reminder("u", reminder).message == f"Boules starts in {expected}"


def test_late_reminder_says_that_the_event_has_started() -> None:
    """It is sent until the end of the event."""
    reminder = EventReminder("e", "Boules", datetime.now(UTC), 60, -5.0, [])
    assert event_reminder("u", reminder).message == "Boules has started"


async def test_announcement_notifies_all_who_answered(setup: NotificationSetup) -> None:
    """Hosts and waiting users too, but not its author, and not users who do not go; once each."""
    event_id = await setup.create_event(setup.ana, capacity=1)
    await setup.hosts.add_host(event_id, setup.ben)
    await setup.rsvps.set_rsvp(event_id, setup.ana, "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, setup.cyd, "GOING", waitlist=True)
    dan = setup.user_source.add_user("dan", "Dan")
    await setup.rsvps.set_rsvp(event_id, dan, "NOT_GOING", waitlist=False)
    await setup.attendance.announce(event_id, setup.ben, "Bring cups", None)
    await setup.catch_up()
    await setup.replay_all()
    for user in (setup.ana, setup.cyd):
        assert await setup.list_messages(user) == [("EVENT_UPDATE", "@ben about Boules: Bring cups", 1)]
    assert await setup.list_messages(dan) == []
    assert len(await setup.list_messages(setup.ben)) == 1


async def _create_event_with_audience(setup: NotificationSetup) -> tuple[str, dict[str, str]]:
    """Return an event of Ana, and the users whom it concerns, with one who refused, by name."""
    names = ("cohost", "guest", "interested", "waiting", "asking", "invited", "refusing")
    users = {name: setup.user_source.add_user(name) for name in names}
    event_id = await setup.create_event(setup.ana, capacity=1)
    await setup.hosts.add_host(event_id, users["cohost"])
    await setup.events.invite(event_id, setup.ana, [users["invited"], users["refusing"]], None)
    await setup.rsvps.set_rsvp(event_id, users["guest"], "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, users["waiting"], "GOING", waitlist=True)
    await setup.rsvps.set_rsvp(event_id, users["interested"], "INTERESTED", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, users["refusing"], "NOT_GOING", waitlist=False)
    await setup.events.change(event_id, EventChange(approval=True))
    await setup.rsvps.set_rsvp(event_id, users["asking"], "GOING", waitlist=False)
    await setup.catch_up()
    return event_id, users


async def _list_notified(setup: NotificationSetup, message: str) -> set[str]:
    return {
        user_id
        for user_id in setup.user_source.snapshots
        if any(text == message for _, text, _ in await setup.list_messages(user_id))
    }


async def test_update_notifies_every_user_concerned(setup: NotificationSetup) -> None:
    """By the name of the co-host who made it, who is not notified; online users get the event too."""
    event_id, users = await _create_event_with_audience(setup)
    await setup.events.change(event_id, EventChange(title="Pétanque"), users["cohost"])
    await setup.catch_up()
    await setup.replay_all()
    expected = {setup.ana, *users.values()} - {users["cohost"], users["refusing"]}
    assert await _list_notified(setup, "@cohost updated Pétanque") == expected
    assert [(one, set(ids)) for one, ids in setup.published_event_updates[:1]] == [(event_id, expected)]


async def test_cancellation_and_deletion_notify_every_user_concerned(setup: NotificationSetup) -> None:
    """The same users as an update."""
    event_id, users = await _create_event_with_audience(setup)
    concerned = {setup.ana, *users.values()} - {users["refusing"]}
    await setup.hosts.cancel(event_id, users["cohost"], None)
    await setup.catch_up()
    assert await _list_notified(setup, "Boules was cancelled") == concerned - {users["cohost"]}
    other_id = await setup.create_event(setup.ana, title="Dinner")
    await setup.rsvps.set_rsvp(other_id, setup.ben, "GOING", waitlist=False)
    await setup.events.delete(other_id, setup.ana)
    await setup.catch_up()
    assert await _list_notified(setup, "Dinner was cancelled") == {setup.ben}


async def test_block_with_a_host_hides_updates(setup: NotificationSetup) -> None:
    """Also if another host made the change; the Event service may not have ended the answer yet."""
    event_id, users = await _create_event_with_audience(setup)
    await setup.social.block(users["guest"], users["cohost"])
    await setup.events.change(event_id, EventChange(title="Pétanque"))
    await setup.catch_up()
    expected = set(users.values()) - {users["guest"], users["refusing"]}
    assert await _list_notified(setup, "Ana updated Pétanque") == expected


async def test_hidden_event_notifies_no_one(setup: NotificationSetup) -> None:
    """Of what happened before moderators hid it, and was not delivered yet."""
    event_id, users = await _create_event_with_audience(setup)
    setup.published_event_updates.clear()
    promoted_id = await setup.create_event(setup.ana, capacity=1)
    await setup.rsvps.set_rsvp(promoted_id, users["guest"], "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(promoted_id, setup.ben, "GOING", waitlist=True)
    before = {user: await setup.list_messages(user) for user in (setup.ana, setup.ben, *users.values())}
    await setup.events.change(event_id, EventChange(title="Pétanque"))
    await setup.attendance.announce(event_id, setup.ana, "Bring cups", None)
    await setup.hosts.add_host(event_id, setup.cyd)
    await setup.rsvps.set_rsvp(event_id, setup.ben, "GOING", waitlist=False)
    await setup.requests.decline_request(event_id, users["asking"], setup.ana)
    await setup.rsvps.delete_rsvp(promoted_id, users["guest"])
    await setup.hosts.cancel(event_id, setup.ana, "rain")
    for hidden_id in (event_id, promoted_id):
        await setup.event_contents.set_hidden(hidden_id, hidden=True)
    await setup.catch_up()
    after = {user: await setup.list_messages(user) for user in before}
    assert [user for user in before if not set(after[user]) <= set(before[user])] == []
    assert await setup.list_messages(setup.cyd) == []
    assert all(not ids for _, ids in setup.published_event_updates)


async def test_hiding_an_event_withdraws_its_notifications(setup: NotificationSetup) -> None:
    """Except those of its creator, who still sees it."""
    event_id, users = await _create_event_with_audience(setup)
    other_id = await setup.create_event(setup.ana, title="Dinner")
    await setup.events.invite(other_id, setup.ana, [users["invited"]], None)
    await setup.events.change(event_id, EventChange(title="Pétanque"), users["cohost"])
    await setup.catch_up()
    of_creator = await setup.list_messages(setup.ana)
    assert len(of_creator) == 2
    await setup.event_contents.set_hidden(event_id, hidden=True)
    await setup.catch_up()
    assert {name: await setup.list_messages(user) for name, user in users.items() if name != "invited"} == {
        name: [] for name in users if name != "invited"
    }
    assert await setup.list_messages(users["invited"]) == [("EVENT_INVITE", "Ana invited you to Dinner", 1)]
    assert await setup.list_messages(setup.ana) == of_creator


async def test_withdrawing_from_an_event_for_invited_users_withdraws_its_notifications(
    setup: NotificationSetup,
) -> None:
    """Of users who no longer see it, whatever they held; one who was invited keeps them."""
    event_id, users = await _create_event_with_audience(setup)
    await setup.events.change(event_id, EventChange(visibility="invited", title="Pétanque"))
    await setup.catch_up()
    for name in ("guest", "waiting", "asking", "refusing"):
        await setup.rsvps.delete_rsvp(event_id, users[name])
    await setup.hosts.remove_host(event_id, users["cohost"])
    await setup.catch_up()
    notified = {name for name, user in users.items() if await setup.list_messages(user)}
    assert notified == {"interested", "invited", "refusing"}


async def test_event_made_for_invited_users_withdraws_the_notifications_of_others(
    setup: NotificationSetup,
) -> None:
    """Of users who withdrew before."""
    event_id, users = await _create_event_with_audience(setup)
    await setup.events.change(event_id, EventChange(title="Pétanque"))
    await setup.catch_up()
    await setup.rsvps.delete_rsvp(event_id, users["interested"])
    await setup.catch_up()
    assert await setup.list_messages(users["interested"])
    await setup.events.change(event_id, EventChange(visibility="invited"))
    await setup.catch_up()
    assert await setup.list_messages(users["interested"]) == []
    assert await setup.list_messages(users["invited"])


async def test_deleted_event_leaves_only_that_it_was_cancelled(setup: NotificationSetup) -> None:
    """Users who refused, and those of an event that was hidden before, keep nothing."""
    event_id, users = await _create_event_with_audience(setup)
    await setup.events.delete(event_id, setup.ana)
    await setup.catch_up()
    assert await setup.list_messages(users["refusing"]) == []
    assert await setup.list_messages(users["invited"]) == [("EVENT_UPDATE", "Boules was cancelled", 1)]
    hidden_id = await setup.create_event(setup.ana, title="Dinner")
    await setup.events.invite(hidden_id, setup.ana, [users["refusing"]], None)
    await setup.catch_up()
    await setup.event_contents.set_hidden(hidden_id, hidden=True)
    await setup.events.delete(hidden_id, setup.ana)
    await setup.catch_up()
    assert await setup.list_messages(users["refusing"]) == []
