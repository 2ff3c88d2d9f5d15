"""TLS on the public port."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.http import http_connection
from server.http.listener_tls import InvalidCertificate, ListenerTls
from server.instance import Instance
from storage.embedded import StoreUrls
from tests.certificates import CertificateFiles
from tests.server.running_instance import running_instance
from tests.server.websocket.peer import Peer, connect_peer

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
async def secure(certificate: CertificateFiles, stores: StoreUrls) -> AsyncIterator[Instance]:
    """A server with a certificate."""
    async with running_instance(stores, server=certificate.server_settings()) as instance:
        yield instance


async def assert_answers(connected: Peer) -> None:
    connected.write(HEALTH)
    assert (await connected.read_http_response()).status == 200


async def test_certificate_is_replaced_without_closing_connections(
    secure: Instance, certificate: CertificateFiles
) -> None:
    """Open connections go on; new ones get the new certificate, and no longer the old one."""
    trusts_old = certificate.trusted()
    async with connect_peer(secure.port, trusts_old) as opened_before:
        await assert_answers(opened_before)
        certificate.renew()
        secure.reload_certificate()
        async with connect_peer(secure.port, certificate.trusted()) as opened_after:
            await assert_answers(opened_after)
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", secure.port, ssl=trusts_old)
        await assert_answers(opened_before)


async def test_invalid_certificate_is_not_loaded(secure: Instance, certificate: CertificateFiles) -> None:
    """The former one goes on serving new connections."""
    trusted = certificate.trusted()
    former_key = certificate.key.read_bytes()
    certificate.renew()
    certificate.key.write_bytes(former_key)
    with pytest.raises(InvalidCertificate):
        secure.reload_certificate()
    async with connect_peer(secure.port, trusted) as connected:
        await assert_answers(connected)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_current_versions_are_spoken(
    secure: Instance, certificate: CertificateFiles, version: ssl.TLSVersion
) -> None:
    """TLS 1.2 and 1.3."""
    context = certificate.trusted()
    context.minimum_version = context.maximum_version = version
    async with connect_peer(secure.port, context) as connected:
        await assert_answers(connected)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_versions_are_refused(secure: Instance, certificate: CertificateFiles) -> None:
    """TLS 1.1 is, also for a client that allows everything."""
    context = certificate.trusted()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", secure.port, ssl=context)


async def test_silent_client_does_not_keep_its_connection(
    certificate: CertificateFiles, stores: StoreUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that never begins the handshake is disconnected."""
    monkeypatch.setattr(http_connection, "TLS_HANDSHAKE_S", 0.2)
    async with running_instance(stores, server=certificate.server_settings()) as instance:
        reader, writer = await asyncio.open_connection("127.0.0.1", instance.port)
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        writer.close()


async def test_plain_http_is_not_answered(secure: Instance) -> None:
    """Nothing is served without encryption."""
    with socket.socket() as client:
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, ("127.0.0.1", secure.port))
        await loop.sock_sendall(client, HEALTH)
        async with asyncio.timeout(30):
            try:
                answer = await loop.sock_recv(client, 1000)
            except ConnectionError:
                answer = b""
    assert b"HTTP" not in answer


def test_unusable_files_are_reported(certificate: CertificateFiles, tmp_path: Path) -> None:
    """Missing, not PEM, not the key of the certificate: without their contents."""
    other = tmp_path / "other.pem"
    with pytest.raises(InvalidCertificate, match="cannot be read"):
        ListenerTls(other, certificate.key)
    other.write_text("hunter2")
    for files in ((other, certificate.key), (certificate.certificate, other)):
        with pytest.raises(InvalidCertificate) as raised:
            ListenerTls(*files)
        assert "hunter2" not in str(raised.value)
