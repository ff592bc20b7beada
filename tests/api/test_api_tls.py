"""TLS of a download: a number is connected to, but the certificate must be for the name."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from api.errors import FetchError
from api.guarding.fetching import PhotoFetcher
from tests.api.downloads import Names, only, settings


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


class TlsHost:
    """A TLS server on this machine that shows a certificate for one name and notes which name it is asked for."""

    def __init__(self, folder: Path, name: str) -> None:
        self.asked_for: list[str | None] = []
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nphoto"
        self.certificate = _self_signed(folder, name)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(self.certificate)
        self._tls.sni_callback = lambda _, asked, __: self.asked_for.append(asked)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._listener.settimeout(0.05)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        """Answer all requests of one connection after the other, if the other side accepts the certificate."""
        while not self._over.is_set():
            with suppress(OSError):
                connection, _ = self._listener.accept()
                connection.settimeout(5)
                with connection, self._tls.wrap_socket(connection, server_side=True) as wrapped:
                    while wrapped.recv(65536):
                        wrapped.sendall(self.answer)


def _self_signed(folder: Path, name: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(
        issuer_name=subject,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(days=1),
        not_valid_after=now + timedelta(days=1),
    ).add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / f"{name}.pem"
    path.write_bytes(built.sign(key, SHA256()).public_bytes(Encoding.PEM) + plain)
    return path


@pytest.fixture
def start_tls(tmp_path: Path) -> Iterator[Callable[[str], TlsHost]]:
    started: list[TlsHost] = []

    def start(name: str) -> TlsHost:
        started.append(TlsHost(tmp_path, name))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.mark.parametrize(("shown", "accepted"), [("photos.example", True), ("other.example", False)])
@pytest.mark.parametrize("written", ["photos.example", "Photos.Example."])
def test_the_certificate_must_be_for_the_name_although_a_number_is_connected_to(
    start_tls: Callable[[str], TlsHost], names: Names, shown: str, accepted: bool, written: str
) -> None:
    names.known = {"photos.example": [["127.0.0.1"]], "photos.example.": [["127.0.0.1"]]}
    server = start_tls(shown)
    fetcher = PhotoFetcher(settings(), only("127.0.0.1"))
    fetcher._tls.load_verify_locations(server.certificate)
    url = f"https://{written}:{server.port}/photo.jpg"
    if accepted:
        assert anyio.run(fetcher.fetch, url) == b"photo"
    else:
        with pytest.raises(FetchError, match="certificate"):
            anyio.run(fetcher.fetch, url)
    assert server.asked_for == ["photos.example"]


def test_what_one_certificate_has_proved_does_not_hold_for_another_name_of_the_same_address(
    start_tls: Callable[[str], TlsHost], names: Names
) -> None:
    """The first name's connection is not used for the second one, although both lead to the same number."""
    names.known = {"photos.example": [["127.0.0.1"]], "victim.example": [["127.0.0.1"]]}
    server = start_tls("photos.example")
    there = f"https://victim.example:{server.port}/photo.jpg".encode()
    server.answer = b"HTTP/1.1 302 Found\r\nLocation: " + there + b"\r\nContent-Length: 0\r\n\r\n"
    fetcher = PhotoFetcher(settings(), only("127.0.0.1"))
    fetcher._tls.load_verify_locations(server.certificate)
    with pytest.raises(FetchError, match="certificate"):
        anyio.run(fetcher.fetch, f"https://photos.example:{server.port}/photo.jpg")
    assert server.asked_for == ["photos.example", "victim.example"]
