"""Maps exceptions of the driver to the errors of `storage.errors`.

Every call of the driver is made inside `map_errors()`. The driver's texts are dropped, because they may
contain users' text.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from storage.errors import Conflict, QueryTimeout, StorageError, Unavailable
from storage.outages import Outage

# Raised when a server restarts, fails over, is full or overloaded. The statement may have taken effect.
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
    # A missing database or a changed password: an operator may fix it.
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
    """Whether the connection is unusable, even if the driver has not noticed."""
    return isinstance(error, CONNECTION_LOST_ERRORS) or _is_connection_error(error)


def is_retryable_read(error: BaseException) -> bool:
    """Whether a read can be retried: connection lost, deadlock or serialization failure."""
    return is_connection_lost(error) or isinstance(error, asyncpg.TransactionRollbackError)


@contextmanager
def map_errors(outage: Outage | None = None) -> Iterator[None]:
    """Map driver exceptions to `Conflict`, `QueryTimeout`, `Unavailable` or `StorageError`.

    What becomes `Unavailable`, except a timeout of a statement, is counted in `outage`; without one the
    caller reports it.
    """
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        raise Conflict(constraint_name(error)) from None
    except asyncpg.QueryCanceledError:
        raise QueryTimeout("The statement took too long.") from None
    except UNAVAILABLE_ERRORS as error:
        raise _unavailable(error, outage) from None
    except asyncpg.PostgresError as error:
        raise StorageError(f"{type(error).__name__} ({error.sqlstate})") from None
    except asyncpg.InterfaceError as error:
        if _is_connection_error(error):
            raise _unavailable(error, outage) from None
        raise StorageError(type(error).__name__) from None


def _unavailable(error: Exception, outage: Outage | None) -> Unavailable:
    if outage is not None:
        outage.failed(type(error).__name__)
    return Unavailable(type(error).__name__)


def constraint_name(error: asyncpg.PostgresError) -> str:
    """Return the constraint's name in the contract: an index over lower case counts as the column's key."""
    name = str(getattr(error, "constraint_name", None) or type(error).__name__)
    return name.replace("_lower_key", "_key")


def _is_connection_error(error: BaseException) -> bool:
    # InterfaceErrors about values are ValueErrors too; all others are about the connection.
    return isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError)
