"""Roles of the services on a real server."""

import uuid
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec
import pytest

from config.settings import StoreSettings
from server.cli.postgres_roles import create_roles
from storage.contracts.users import NewUser
from storage.embedded import StoreUrls
from storage.errors import StorageError
from storage.postgres.migrations import migrate
from storage.postgres.pool import PostgresPool
from storage.postgres.roles import (
    SERVICES,
    ServiceRole,
    are_service_databases_complete,
    create_service_databases,
    derived_role,
    role_of_url,
)
from storage.postgres.users import PostgresUsers


def with_database(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@pytest.fixture
def new_role() -> ServiceRole:
    """A role that does not exist, with a name that must be quoted."""
    name = f"Service {uuid.uuid4().hex[:8]}"
    return ServiceRole(name, "it's a secret", name)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reaches_its_own_database_only(stores: StoreUrls, service: str) -> None:
    """It is no superuser, and owns its database."""
    url = stores.postgres_by_service[service]
    connection = await asyncpg.connect(url)
    role = await connection.fetchrow("SELECT * FROM pg_roles WHERE rolname = current_user")
    assert role is not None
    assert role["rolname"] == f"convene_{service}"
    rights = ("rolsuper", "rolcreaterole", "rolcreatedb", "rolreplication", "rolbypassrls")
    assert not any(role[right] for right in rights)
    await connection.close()
    others = {f"convene_{other}" for other in SERVICES if other != service} | {"postgres", "template1"}
    for database in others:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(with_database(url, database))


async def test_an_existing_database_is_handed_over(stores: StoreUrls, new_role: ServiceRole) -> None:
    """With its tables, sequences, views and functions; rows and migrations stay."""
    admin = await asyncpg.connect(stores.postgres)
    await admin.execute(f'CREATE DATABASE "{new_role.database}"')
    admin_url = with_database(stores.postgres, new_role.database)
    await migrate(admin_url, "users")
    before = PostgresPool(admin_url)
    await before.open()
    ana = await PostgresUsers(before).register(NewUser("ana@example.test", "ana", "hash", None))
    await before.close()

    assert not await are_service_databases_complete(stores.postgres, [new_role])
    await create_service_databases(stores.postgres, [new_role])
    assert await are_service_databases_complete(stores.postgres, [new_role])
    await create_service_databases(stores.postgres, [new_role])

    url = new_role.url(stores.postgres)
    assert await migrate(url, "users") == []
    pool = PostgresPool(url)
    await pool.open()
    await pool.check()
    users = PostgresUsers(pool)
    assert await users.by_username("ana") == ana
    await users.register(NewUser("ben@example.test", "ben", "hash", None))
    await pool.close()
    owner = await asyncpg.connect(url)
    # As a later migration does.
    await owner.execute("ALTER TABLE users ADD COLUMN later int")
    await owner.execute("DROP TRIGGER IF EXISTS none ON users")
    await owner.close()
    await admin.execute(f'DROP DATABASE "{new_role.database}"')
    await admin.execute(f'DROP ROLE "{new_role.name}"')
    await admin.close()


async def test_special_rights_are_taken_away(stores: StoreUrls, new_role: ServiceRole) -> None:
    """From a role that existed."""
    admin = await asyncpg.connect(stores.postgres)
    await admin.execute(f'CREATE ROLE "{new_role.name}" LOGIN SUPERUSER CREATEDB')
    await create_service_databases(stores.postgres, [new_role])
    connection = await asyncpg.connect(new_role.url(stores.postgres))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("CREATE DATABASE mine")
    await connection.close()
    await admin.execute(f'DROP DATABASE "{new_role.database}"')
    await admin.execute(f'DROP ROLE "{new_role.name}"')
    await admin.close()


def test_roles_are_read_from_urls_and_written_to_them() -> None:
    """Passwords with special characters too."""
    role = ServiceRole("a b", "p@ss:w/rd", "data base")
    assert role_of_url(role.url("postgresql://admin:x@db.example.test:5433/postgres?sslmode=require")) == role
    assert role.url("postgresql://admin:x@/postgres?host=%2Frun").endswith("@/data%20base?host=%2Frun")
    for incomplete in ("postgresql://h/db", "postgresql://u@h/db", "postgresql://u:p@h/"):
        with pytest.raises(StorageError):
            role_of_url(incomplete)
    assert derived_role("users", "secret").password not in {
        "secret",
        derived_role("posts", "secret").password,
    }


async def test_a_role_whose_password_is_unknown_is_not_changed(stores: StoreUrls) -> None:
    """`migrate --admin-url` asks for its URL."""
    with pytest.raises(StorageError, match="CONVENE_POSTGRES_URL_USERS"):
        await create_roles(StoreSettings(), stores.postgres)
    urls = {f"postgres_url_{service}": url for service, url in stores.postgres_by_service.items()}
    settings = msgspec.convert(urls, StoreSettings)
    assert await create_roles(settings, stores.postgres) == settings
