"""The PostgreSQL roles of the services: each owns its own database, and cannot connect to that of another.

    administrator --> role and database of each service --> the service migrates and uses its own database

Databases that another role created before are handed over with all that is in them.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg
import msgspec

from storage.errors import StorageError
from storage.postgres.error_mapping import map_errors
from storage.postgres.migrations import CONNECT_TIMEOUT_S, MIGRATION_LOCK_KEY, MIGRATION_TIMEOUT_S
from storage.postgres.statement import Statement, load_statement

SERVICES: Final = ("users", "social", "posts", "events", "notifications")
COMMON: Final = "common"

LOCK: Final = load_statement(COMMON, "roles", "roles_lock")
ROLE_EXISTS: Final = load_statement(COMMON, "roles", "role_exists")
DATABASE_EXISTS: Final = load_statement(COMMON, "roles", "role_database_exists")
COMPLETE_DATABASES: Final = load_statement(COMMON, "roles", "complete_databases")
CREATE_ROLE: Final = load_statement(COMMON, "roles", "role_create_command")
ALTER_ROLE: Final = load_statement(COMMON, "roles", "role_alter_command")
CREATE_DATABASE: Final = load_statement(COMMON, "roles", "database_create_command")
SET_PRIVILEGES: Final = load_statement(COMMON, "roles", "database_privilege_commands")
CLOSE_MAINTENANCE: Final = load_statement(COMMON, "roles", "maintenance_privilege_commands")
SET_OWNERS: Final = load_statement(COMMON, "roles", "object_owner_commands")


class ServiceRole(msgspec.Struct, frozen=True):
    """A role with its password, and the database that it owns."""

    name: str
    password: str
    database: str

    def __repr__(self) -> str:
        return "ServiceRole(<hidden>)"

    def url(self, admin_url: str) -> str:
        """Return the URL of the database as this role, on the server of `admin_url`."""
        parts = urlsplit(admin_url)
        host = parts.netloc.rpartition("@")[2]
        credentials = f"{quote(self.name, safe='')}:{quote(self.password, safe='')}"
        return urlunsplit(parts._replace(netloc=f"{credentials}@{host}", path=f"/{quote(self.database)}"))


def derived_role(service: str, secret: str) -> ServiceRole:
    """Return the role of a service. Its password is computed from `secret` and does not reveal it."""
    password = hmac.new(secret.encode(), f"convene role {service}".encode(), hashlib.sha256).hexdigest()
    return ServiceRole(f"convene_{service}", password, f"convene_{service}")


def random_role(service: str) -> ServiceRole:
    """Return the role of a service with a new password."""
    return ServiceRole(f"convene_{service}", secrets.token_hex(24), f"convene_{service}")


def role_of_url(url: str) -> ServiceRole:
    """Return the role, password and database that a URL names.

    Raises:
        StorageError: one of them is missing.
    """
    parts = urlsplit(url)
    role = ServiceRole(
        unquote(parts.username or ""), unquote(parts.password or ""), unquote(parts.path.removeprefix("/"))
    )
    if not (role.name and role.password and role.database):
        raise StorageError("The URL of a service's database must name a role, its password and the database.")
    return role


async def create_service_databases(admin_url: str, roles: Sequence[ServiceRole]) -> None:
    """Create missing roles and databases, and correct the rights of existing ones.

    Safe to repeat, and to call concurrently. The role of `admin_url` must be allowed to do all that.

    Raises:
        Unavailable: the server cannot be reached.
        StorageError: a command failed, because the role of `admin_url` lacks a right.
    """
    with map_errors():
        connection = await _connect(admin_url)
        try:
            await connection.execute(LOCK.text, MIGRATION_LOCK_KEY)
            for role in roles:
                await _ensure_role(connection, role)
                await _ensure_database(connection, role)
                await _hand_over(urlunsplit(urlsplit(admin_url)._replace(path=f"/{role.database}")), role)
                # Last, because it marks that all before it was done.
                await _run(connection, SET_PRIVILEGES, role.database, role.name)
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_S)


async def are_service_databases_complete(admin_url: str, roles: Sequence[ServiceRole]) -> bool:
    """Return whether `create_service_databases` has finished for all roles. Raises `Unavailable`."""
    with map_errors():
        connection = await _connect(admin_url)
        try:
            rows = await connection.fetch(
                COMPLETE_DATABASES.text, [role.name for role in roles], [role.database for role in roles]
            )
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_S)
    return len(rows) == len(roles)


async def role_exists(admin_url: str, role: str) -> bool:
    """Return whether the server has a role of that name. Raises `Unavailable`."""
    with map_errors():
        connection = await _connect(admin_url)
        try:
            return bool(await connection.fetch(ROLE_EXISTS.text, role))
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_S)


async def close_maintenance_databases(admin_url: str) -> None:
    """Let only superusers and owners connect to the database of `admin_url` and to `template1`.

    For a server that has no other users. Raises `Unavailable`.
    """
    with map_errors():
        connection = await _connect(admin_url)
        try:
            await _run(connection, CLOSE_MAINTENANCE)
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_S)


async def _connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S, command_timeout=MIGRATION_TIMEOUT_S)


async def _ensure_role(connection: "asyncpg.Connection[asyncpg.Record]", role: ServiceRole) -> None:
    exists = await connection.fetch(ROLE_EXISTS.text, role.name)
    if not exists:
        await _run(connection, CREATE_ROLE, role.name, role.password)
    await _run(connection, ALTER_ROLE, role.name, role.password)


async def _ensure_database(connection: "asyncpg.Connection[asyncpg.Record]", role: ServiceRole) -> None:
    if not await connection.fetch(DATABASE_EXISTS.text, role.database):
        await _run(connection, CREATE_DATABASE, role.database, role.name)


async def _hand_over(url: str, role: ServiceRole) -> None:
    """Give the role what others created in its database."""
    connection = await _connect(url)
    try:
        await _run(connection, SET_OWNERS, role.name)
    finally:
        await connection.close(timeout=CONNECT_TIMEOUT_S)


async def _run(connection: "asyncpg.Connection[asyncpg.Record]", statement: Statement, *values: str) -> None:
    """Run the commands that a statement returns. Utility commands take no parameters, so they quote them."""
    for row in await connection.fetch(statement.text, *values):
        await connection.execute(row["command"])
