"""Certificates for tests, made with the program openssl."""

import ssl
import subprocess
from pathlib import Path

from config.settings import ServerSettings
from tests.programs import find_program


class CertificateFiles:
    """A self-signed certificate of 127.0.0.1 and its key, in files that can be replaced."""

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "certificate.pem"
        self.key = folder / "key.pem"
        self.renew()

    def renew(self) -> None:
        """Replace the files by a new certificate and key."""
        openssl = find_program("openssl")
        made = [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *(
                "-keyout",
                str(self.key),
                "-out",
                str(self.certificate),
                "-days",
                "2",
                "-subj",
                "/CN=127.0.0.1",
            ),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ]
        subprocess.run(made, check=True, capture_output=True)

    def server_settings(self) -> ServerSettings:
        """Return settings of a listener that uses it, on a free port."""
        return ServerSettings(port=0, tls_cert=str(self.certificate), tls_key=str(self.key))

    def trusted(self) -> ssl.SSLContext:
        """Return a client context that trusts the certificate of now, and no other."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context
