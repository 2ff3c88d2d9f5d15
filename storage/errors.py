"""Errors that stores raise. Driver exceptions are mapped to these and stay inside `storage`."""

from typing import Final

USERS_DELETED: Final = "users_deleted"
"""`Conflict` of a write that would add a row of a user whose account was deleted, in any service."""


class StorageError(Exception):
    """Base class of all errors that a store raises."""


class InvalidStoreUrl(StorageError):  # noqa: N818 - named after the condition
    """The URL of a store cannot be used. The text names the part, without credentials."""


class Unavailable(StorageError):  # noqa: N818 - named after the condition
    """The store did not reply in time, or is unreachable. A write may or may not have been applied."""


class QueryTimeout(Unavailable):
    """A statement took longer than its kind may, or waited too long for others. It changed nothing."""


class Conflict(StorageError):  # noqa: N818
    """A constraint rejected the write; nothing was written. `constraint` is its name."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


class Missing(StorageError):  # noqa: N818
    """The row or document to change, or to refer to, does not exist. Nothing was written."""
