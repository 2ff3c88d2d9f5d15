"""The four ways in which a store can fail its caller. No driver's exception passes this line."""


class StorageError(Exception):
    """Any failure of a store."""


class Unavailable(StorageError):  # noqa: N818 - reads as what it says
    """The store did not answer in time, or not at all. What was asked may or may not have happened."""


class Conflict(StorageError):  # noqa: N818
    """A constraint of the store refused the write; nothing was written. `constraint` names it."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


class Missing(StorageError):  # noqa: N818
    """What was to be changed is not there."""
