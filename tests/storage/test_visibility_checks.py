"""Contract of `VisibilityCheckStore`."""

import pytest

from storage.contracts.domain_events import Cursor, CursorUpdate
from storage.contracts.visibility_checks import CheckKind, VisibilityCheck
from storage.errors import Conflict
from storage.postgres.visibility_checks import PostgresVisibilityChecks
from tests.storage.notification_setup import make_notification_store
from tests.storage.service_database import ServiceDatabase, random_id

AUTHOR, RECIPIENT = CheckKind.AUTHOR, CheckKind.RECIPIENT


@pytest.fixture
def checks(notifications_database: ServiceDatabase) -> PostgresVisibilityChecks:
    instance = notifications_database.instance_a
    return PostgresVisibilityChecks(instance.pool, instance.cursors)


async def test_checks_take_turns(checks: PostgresVisibilityChecks) -> None:
    """The one that waited longest is next; a finished one is gone."""
    assert await checks.next() is None
    ana, ben = random_id(), random_id()
    await checks.add([(AUTHOR, ana), (AUTHOR, ana), (RECIPIENT, "no id")], None)
    await checks.add([(RECIPIENT, ben)], None)
    first = await checks.next()
    assert first == VisibilityCheck(AUTHOR, ana)
    key = (1_700_000_000_000_001, random_id())
    await checks.advance(first, key)
    second = await checks.next()
    assert second == VisibilityCheck(RECIPIENT, ben)
    await checks.advance(second, None)
    assert await checks.next() == VisibilityCheck(AUTHOR, ana, key)
    await checks.advance(first, None)
    assert await checks.next() is None


async def test_added_again_starts_again(checks: PostgresVisibilityChecks) -> None:
    """The step that is being taken meanwhile neither advances nor finishes it."""
    ana = random_id()
    await checks.add([(AUTHOR, ana)], None)
    check = await checks.next()
    assert check is not None
    await checks.advance(check, (5, random_id()))
    for before in ((4, random_id()), None):
        await checks.add([(AUTHOR, ana)], None)
        await checks.advance(check, before)
        again = await checks.next()
        assert again is not None
        assert (again.user_id, again.before) == (ana, None)


async def test_checks_and_cursor_are_stored_together(
    notifications_database: ServiceDatabase, checks: PostgresVisibilityChecks
) -> None:
    """Another reader's cursor rejects both."""
    cursors, ana = notifications_database.instance_a.cursors, random_id()
    start, after = Cursor("a source"), Cursor("a source", 5, 7)
    await cursors.create("reader", start)
    await checks.add([(AUTHOR, ana)], CursorUpdate("reader", start, after))
    assert await cursors.get("reader") == after
    with pytest.raises(Conflict, match="cursor"):
        await checks.add([(AUTHOR, random_id())], CursorUpdate("reader", start, after))
    check = await checks.next()
    assert check == VisibilityCheck(AUTHOR, ana)
    await checks.advance(check, None)
    assert await checks.next() is None


async def test_checks_are_deleted_with_their_user(
    notifications_database: ServiceDatabase, checks: PostgresVisibilityChecks
) -> None:
    """Those of others stay."""
    ana, ben = random_id(), random_id()
    await checks.add([(AUTHOR, ana), (RECIPIENT, ana), (AUTHOR, ben)], None)
    await make_notification_store(notifications_database.instance_a).remove_user(ana)
    assert await checks.next() == VisibilityCheck(AUTHOR, ben)
