"""What the driver raises, as the errors of the storage contract.

Every call of the driver stands inside `told()`. Never lets the driver's words through: they may hold
what users wrote.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from storage.errors import Conflict, StorageError, Unavailable

# Seen when a server restarts, fails over, is full or is overrun: none of them says that nothing happened.
UNAVAILABLE_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.LockNotAvailableError,
    asyncpg.PostgresSystemError,
    # A database that is gone, or a password that changed: an operator's hand is at work.
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
)


CONNECTION_LOST_ERRORS = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
)


def is_connection_lost(error: BaseException) -> bool:
    """Whether the connection is of no more use, also where the driver has not noticed yet."""
    return isinstance(error, CONNECTION_LOST_ERRORS) or _is_connection_error(error)


def is_retryable_read(error: BaseException) -> bool:
    """Whether a read may simply be done again: the connection went, or another transaction was in the way."""
    return is_connection_lost(error) or isinstance(error, asyncpg.TransactionRollbackError)


@contextmanager
def map_errors() -> Iterator[None]:
    """Turn what the driver raises into `Conflict`, `Unavailable` or `StorageError`."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        raise Conflict(constraint_name(error)) from None
    except UNAVAILABLE_ERRORS as error:
        raise Unavailable(type(error).__name__) from None
    except asyncpg.PostgresError as error:
        raise StorageError(f"{type(error).__name__} ({error.sqlstate})") from None
    except asyncpg.InterfaceError as error:
        if _is_connection_error(error):
            raise Unavailable(type(error).__name__) from None
        raise StorageError(type(error).__name__) from None


def constraint_name(error: asyncpg.PostgresError) -> str:
    """Name a constraint as the contract does: the index over lower case is the column's key too."""
    name = str(getattr(error, "constraint_name", None) or type(error).__name__)
    return name.replace("_lower_key", "_key")


def _is_connection_error(error: BaseException) -> bool:
    # The driver's complaints about values are ValueErrors as well; the rest are about the connection.
    return isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError)
