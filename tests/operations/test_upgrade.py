"""An installation of release 0.1.0 is upgraded, while instances of that release may still run."""

import asyncio
import re

import asyncpg
import pytest

from client.http_client import HttpClient
from storage.postgres.audit import PostgresCountAudit
from storage.postgres.migrations import USER_CACHE, USER_CACHE_SERVICES, create_database, migrate
from storage.postgres.roles import SERVICES
from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.user_api import UserApi
from tests.operations import release_fixture
from tests.operations.installation import Installation, wait_until_doctor_passes
from tests.operations.release_writer import ReleaseWriter
from tests.storage.service_database import RawConnection, ServiceDatabase

DEMO_PASSWORD = "convene-demo"
WRITERS = 2
"""Connections of the release to each database."""
WRITE_TIMEOUT_S = 30.0
CASTS = re.compile(r"::(character varying|text)(\[\])?|[()]")
"""A schema that was dumped and loaded has the same checks in another spelling."""

SCHEMA = """
SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
       || ' ' || coalesce(column_default, '') AS item
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function ' || pg_get_functiondef(p.oid) FROM pg_proc AS p
WHERE pronamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
UNION ALL SELECT 'migration ' || name || ' ' || checksum FROM schema_migrations
"""


@pytest.fixture
async def old_installation(target: Installation) -> Installation:
    """Stores as release 0.1.0 left them, with the demo data."""
    for service, url in target.databases.items():
        await release_fixture.load_database(url, service)
    await release_fixture.load_messaging(target.urls.mongo)
    return target


async def read_schema(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        return {CASTS.sub("", row["item"]) for row in await connection.fetch(SCHEMA)}
    finally:
        await connection.close()


async def test_upgraded_databases_have_the_schema_of_new_ones(
    old_installation: Installation,
) -> None:
    """Migrations lead from the release to exactly the schema that an empty database gets."""
    for service, url in old_installation.databases.items():
        applied = await migrate(url, service)
        assert applied, service
        name = f"new_{url.rpartition('/convene_')[2].partition('?')[0]}"
        new = await create_database(old_installation.urls.postgres, name)
        await migrate(new, service)

        upgraded, fresh = await read_schema(url), await read_schema(new)

        assert upgraded - fresh == set(), service
        assert fresh - upgraded == set(), service


async def test_instances_of_the_release_write_during_the_upgrade(old_installation: Installation) -> None:
    """None of their statements fails for good while the databases are migrated, and no row is lost."""
    upgraded = asyncio.Event()
    databases = old_installation.databases.items()
    writers = {service: [ReleaseWriter(url, service) for _ in range(WRITERS)] for service, url in databases}
    every_writer = [writer for those in writers.values() for writer in those]

    async def wait_for_a_round() -> None:
        before = [writer.rounds for writer in every_writer]
        await wait_until(
            lambda: all(one.rounds > then for one, then in zip(every_writer, before, strict=True)),
            WRITE_TIMEOUT_S,
        )

    async with asyncio.TaskGroup() as group:
        for writer in every_writer:
            group.create_task(writer.write_until(upgraded))
        await wait_for_a_round()
        for service, url in databases:
            before = sum(writer.rounds for writer in writers[service])
            assert await migrate(url, service)
            assert sum(writer.rounds for writer in writers[service]) > before, "nothing was written meanwhile"
        await wait_for_a_round()
        upgraded.set()

    for service, url in databases:
        async with ServiceDatabase.open(url) as database:
            for writer in writers[service]:
                for table, ids in writer.ids.items():
                    query = f"SELECT count(*) FROM {table} WHERE id = ANY($1)"
                    assert await database.sql.fetchval(query, ids) == len(ids), table
            audit = PostgresCountAudit(database.instance_a.pool, service)
            assert await audit.count_mismatches() == 0, service
            await prepare_statements_of_the_release(database.sql, service)


async def prepare_statements_of_the_release(connection: RawConnection, service: str) -> None:
    """Prepare every statement that instances of the release run on this database."""
    owners = {service, "common"} | ({USER_CACHE} if service in USER_CACHE_SERVICES else set())
    prepared = 0
    for owner, statement in release_fixture.statements():
        if owner in owners:
            await connection.prepare(statement.text)
            prepared += 1
    assert prepared > 30


@pytest.mark.timeout(480)
async def test_upgraded_installation_serves_its_old_data(old_installation: Installation) -> None:
    """After the upgrade users log in, read what they had, write, and every check of the doctor passes."""
    instance = old_installation.instance
    await instance.start()
    users = []
    for name in ("ana", "ben"):
        async with HttpClient(instance.url) as http:
            signed_in = await http.login(name, DEMO_PASSWORD)
        users.append(RegisteredUser(signed_in.user.id, name, signed_in.token))
    ana, ben = users
    async with UserApi(ana, instance) as api, UserApi(ben, instance) as ben_api:
        posts = await api.list_all(f"/v1/users/{ana.id}/posts")
        conversations = await api.list_all("/v1/conversations")
        events = await api.list_all("/v1/events")
        assert posts
        assert len(conversations) > 3
        assert events
        assert await api.list_all("/v1/notifications")
        assert (await api.get("/v1/users?q=ben"))["items"][0]["username"] == "ben"
        post_id = await api.post("after the upgrade")
        await ben_api.like(post_id)
        await ben_api.like(posts[0]["id"])
    conversation_id = next(one["id"] for one in conversations if one["last_seq"] > 3)
    old_history = await ana.read_history(instance, conversation_id)
    async with ChatUser(ana, Oracle(conversation_id), [instance]) as sender:
        sent = await sender.send()
    history = await ana.read_history(instance, conversation_id)
    assert old_history
    assert [message.id for message in history] == [*(message.id for message in old_history), sent.message_id]
    assert set(SERVICES) == old_installation.databases.keys()
    await wait_until_doctor_passes(old_installation)
