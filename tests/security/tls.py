"""Certificates of a test's own, and a front that speaks TLS before a server that does not.

The embedded servers are built without TLS; real installations put the like of this before them, or
use servers that speak it themselves. To a client both look the same.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = timedelta(days=1)
CHUNK = 65_536
# How PostgreSQL's clients ask for TLS, and for GSSAPI before it.
LENGTH, ASKS_FOR_TLS, ASKS_FOR_GSS = 8, 80_877_103, 80_877_104


SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Authority:
    """Signs certificates; `file` is what its clients trust."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    name: x509.Name

    @property
    def file(self) -> Path:
        """Return the file of the certificate that clients trust."""
        return self.folder / "authority.pem"

    def context_for(self, host: str) -> ssl.SSLContext:
        """Return what a server of this name needs to speak TLS."""
        key = ec.generate_private_key(ec.SECP256R1())
        named = x509.SubjectAlternativeName([x509.DNSName(host)])
        builder = _builder(_name(host), self.name, key)
        # Without it the strict check that Python 3.13 makes refuses a certificate.
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        certificate = builder.add_extension(named, critical=False).add_extension(
            signer, critical=False
        )
        file = self.folder / f"{host}.pem"
        file.write_bytes(_pem(certificate.sign(self.key, hashes.SHA256())) + _private(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def authority(folder: Path) -> Authority:
    """Return a new authority that keeps its files in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    name = _name(f"The authority of {folder.name}")
    made = Authority(folder, ec.generate_private_key(ec.SECP256R1()), name)
    ours = x509.BasicConstraints(ca=True, path_length=0)
    itself = x509.SubjectKeyIdentifier.from_public_key(made.key.public_key())
    builder = (
        _builder(made.name, made.name, made.key)
        .add_extension(ours, critical=True)
        .add_extension(SIGNS, critical=True)
        .add_extension(itself, critical=False)
    )
    made.file.write_bytes(_pem(builder.sign(made.key, hashes.SHA256())))
    return made


def _name(words: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, words)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@contextmanager
def front(target: int, context: ssl.SSLContext, *, asks_first: bool = False) -> Iterator[int]:
    """Serve TLS before a port of this machine; yield the port. PostgreSQL's clients ask first."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    work = (connection, target, context, asks_first)
                    threading.Thread(target=_attend, args=work, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        # A thread that waits in accept() is not woken by close() alone.
        listening.shutdown(socket.SHUT_RDWR)


def _attend(
    connection: socket.socket, target: int, context: ssl.SSLContext, asks_first: bool
) -> None:
    with suppress(OSError), connection:
        if asks_first and not _is_asked_for_tls(connection):
            return
        with (
            context.wrap_socket(connection, server_side=True) as secure,
            socket.create_connection(("127.0.0.1", target)) as plain,
        ):
            _pass_on(secure, plain)


def _is_asked_for_tls(connection: socket.socket) -> bool:
    asked = int.from_bytes(connection.recv(LENGTH)[4:])
    if asked == ASKS_FOR_GSS:
        connection.sendall(b"N")
        asked = int.from_bytes(connection.recv(LENGTH)[4:])
    connection.sendall(b"S")
    return asked == ASKS_FOR_TLS


def _pass_on(secure: ssl.SSLSocket, plain: socket.socket) -> None:
    other: dict[socket.socket, socket.socket] = {secure: plain, plain: secure}
    while True:
        waiting = [secure] if secure.pending() else select.select([secure, plain], [], [])[0]
        for source in waiting:
            words = source.recv(CHUNK)
            if not words:
                return
            other[source].sendall(words)
