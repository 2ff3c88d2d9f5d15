"""TLS of the public port: the certificate and its key, which can be replaced while connections are open."""

import ssl
from pathlib import Path

from config.settings import ServerSettings


class InvalidCertificate(Exception):  # noqa: N818 - reads as what it says
    """The certificate or its key cannot be used. The text says why, and contains nothing of the files."""


class ListenerTls:
    """A server context, TLS 1.2 or later, for one certificate file and one key file in PEM format."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Load the files. Raises `InvalidCertificate`."""
        self._certificate = certificate
        self._key = key
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self._load_into(self.context)

    def reload(self) -> None:
        """Read the files again, for handshakes from now on. Open connections keep their keys.

        Raises:
            InvalidCertificate: the files cannot be used; the former certificate stays.
        """
        # A context that failed to load has lost its former key: try the files on another one first.
        self._load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        self._load_into(self.context)

    def _load_into(self, context: ssl.SSLContext) -> None:
        try:
            # An empty password: OpenSSL would ask a terminal for that of an encrypted key.
            context.load_cert_chain(self._certificate, self._key, password="")
        except ssl.SSLError as error:
            reason = error.reason or "not a certificate and its unencrypted key in PEM format"
            raise InvalidCertificate(f"the TLS certificate or key is invalid ({reason})") from None
        except OSError as error:
            raise InvalidCertificate(
                f"the TLS certificate or key cannot be read ({error.strerror or 'empty password'})"
            ) from None


def listener_tls(settings: ServerSettings) -> ListenerTls | None:
    """Return the TLS of the public port; None where it speaks plain HTTP. Raises `InvalidCertificate`."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return ListenerTls(Path(settings.tls_cert), Path(settings.tls_key))
