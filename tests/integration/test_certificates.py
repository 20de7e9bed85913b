"""HTTPS on this machine: a real TLS server, with a certificate of an authority that only the test knows."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
import trustme

from heyx_bulk.api.client import Client
from heyx_bulk.errors import HeyxBulkError, SettingsError, Unreachable
from heyx_bulk.models.calls import ReadContact
from heyx_bulk.models.contacts import Contact
from heyx_bulk.rate_limit.limiter import RateLimiter
from tests.support.runs import settings

ANSWER = b'{"data": {"id": "7", "custom_fields": {}, "tags": []}}'
RESPONSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def read_over_tls(authority: trustme.CA, host: str) -> object:
    """What reading a contact at https://host comes to: a contact, or the error."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(RESPONSE)
        await writer.drain()
        writer.close()

    async def talk() -> object:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        async with server:
            options = settings(url=f"https://{host}:{server.sockets[0].getsockname()[1]}/api")
            try:
                async with Client(options, RateLimiter(options.rate)) as client:
                    return await client.send(ReadContact("7"))
            except HeyxBulkError as error:
                return error

    return asyncio.run(talk())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_certificate_file_of_the_environment_is_trusted_on_this_machine(
    tmp_path: Path, environment: pytest.MonkeyPatch, authority: trustme.CA, host: str
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    environment.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    assert isinstance(read_over_tls(authority, host), Contact)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which names the file, is not installed")
def test_a_certificate_folder_of_the_environment_is_trusted_on_this_machine(
    tmp_path: Path, environment: pytest.MonkeyPatch, authority: trustme.CA
) -> None:
    certificate = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(certificate)
    environment.setenv("SSL_CERT_DIR", str(tmp_path))
    # OpenSSL looks for a certificate in a folder by the hash of its subject.
    command = ["openssl", "x509", "-noout", "-hash", "-in", str(certificate)]
    found = subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    certificate.rename(tmp_path / f"{found}.0")
    assert isinstance(read_over_tls(authority, "127.0.0.1"), Contact)


def test_an_unknown_certificate_is_refused_on_this_machine_too(authority: trustme.CA) -> None:
    error = read_over_tls(authority, "127.0.0.1")
    assert isinstance(error, Unreachable)
    assert "SSL_CERT_FILE" in error.remedy


def test_a_certificate_file_that_is_missing_is_a_mistake_in_the_settings(
    tmp_path: Path, environment: pytest.MonkeyPatch, authority: trustme.CA
) -> None:
    environment.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
    error = read_over_tls(authority, "127.0.0.1")
    assert isinstance(error, SettingsError)
    assert "SSL_CERT_FILE" in error.remedy
