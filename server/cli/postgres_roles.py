"""Creates the PostgreSQL roles of the services, for `migrate --admin-url`."""

import shlex

import msgspec
import typer

from config.settings import StoreSettings
from storage.errors import StorageError
from storage.postgres.roles import (
    SERVICES,
    ServiceRole,
    create_service_databases,
    random_role,
    role_exists,
    role_of_url,
)


async def create_roles(settings: StoreSettings, admin_url: str) -> StoreSettings:
    """Create role and database of each service; return the settings with the URLs of all.

    Roles, passwords and databases are those of the configured URLs. For a service without a URL they are
    new, and its variable is printed: the password is not stored elsewhere.

    Raises:
        StorageError: a role without a configured URL exists, so that its password would be lost.
    """
    urls: dict[str, str] = {}
    roles: list[ServiceRole] = []
    created: list[str] = []
    for service in SERVICES:
        configured: str | None = getattr(settings, f"postgres_url_{service}")
        role = random_role(service) if configured is None else role_of_url(configured)
        if configured is None:
            if await role_exists(admin_url, role.name):
                raise StorageError(
                    f"The role {role.name} exists; set CONVENE_POSTGRES_URL_{service.upper()} to its URL."
                )
            created.append(service)
        roles.append(role)
        urls[f"postgres_url_{service}"] = configured or role.url(admin_url)
    await create_service_databases(admin_url, roles)
    for service in created:
        url = urls[f"postgres_url_{service}"]
        typer.echo(f"export CONVENE_POSTGRES_URL_{service.upper()}={shlex.quote(url)}")
    return msgspec.structs.replace(settings, **urls)
