"""An authenticator made of software: it answers as a phone or a key would, or as a forger."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

HOST, ORIGIN = "onward.example", "https://onward.example"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def words(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def data(encoded: str) -> bytes:
    return urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))


@dataclass
class Authenticator:
    """A key for one account of one site, and the browser around it."""

    host: str = HOST
    origin: str = ORIGIN
    flags: int = PRESENT | VERIFIED
    count: int = 0
    name: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(told | {"crossOrigin": False}).encode()

    def _head(self, flags: int) -> bytes:
        self.count += 1
        return hashlib.sha256(self.host.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _credential(self, **response: bytes) -> dict[str, Any]:
        name = words(self.name)
        answers = {part: words(value) for part, value in response.items()}
        return {"id": name, "rawId": name, "type": "public-key", "response": answers}

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Make a key, as navigator.credentials.create does."""
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32), numbers.y.to_bytes(32)
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        named = bytes(16) + struct.pack(">H", len(self.name)) + self.name
        seen = self._head(self.flags | ATTESTED) + named + public
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": seen})
        client = self._client_data("webauthn.create", options)
        return self._credential(clientDataJSON=client, attestationObject=attested)

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """Use the key, as navigator.credentials.get does."""
        client, seen = self._client_data("webauthn.get", options), self._head(self.flags)
        signed = self.key.sign(seen + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._credential(clientDataJSON=client, authenticatorData=seen, signature=signed)
