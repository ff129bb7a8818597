"""The mailbox of everyone outside: a real SMTP server that keeps what it was given."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections import Counter, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from functools import cached_property

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT = 2000
LOOPBACK = "127.0.0.1"
HELD_SECONDS = 60.0


class MailFault(StrEnum):
    """What a mail server can be told to do wrong."""

    REJECT = "reject"
    AFTER_DATA = "after_data"
    DROP = "drop"
    HANG = "hang"


# Of every message only the name is read on arrival; the rest when somebody looks at it.
NAME = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Mail:
    """One message as it arrived."""

    id: int
    arrived_at: datetime
    sender: str
    recipients: tuple[str, ...]
    message_id: str
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        """Return the message, taken apart."""
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def subject(self) -> str:
        """Return the subject."""
        return str(self.message.get("Subject", ""))

    @property
    def text(self) -> str:
        """Return the text."""
        return _text_of(self.message)


class Mailbox:
    """Keeps the last messages, counts them all, and knows which came twice."""

    def __init__(self, kept: int = KEPT) -> None:
        """Start empty."""
        self._mails: deque[Mail] = deque(maxlen=kept)
        self._times: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.fault: MailFault | None = None
        self.received = 0
        self.refused = 0

    def keep(self, envelope: Envelope) -> None:
        """Keep one message."""
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        name = NAME.search(raw)
        with self._lock:
            self.received += 1
            mail = Mail(
                id=self.received,
                arrived_at=datetime.now(UTC),
                sender=envelope.mail_from or "",
                recipients=tuple(envelope.rcpt_tos),
                message_id=name[1].decode(errors="replace") if name else "",
                raw=raw,
            )
            self._times[mail.message_id] += 1
            self._mails.append(mail)

    def refuse(self) -> None:
        """Count a message that was not taken."""
        with self._lock:
            self.refused += 1

    def newest(self, limit: int = KEPT) -> list[Mail]:
        """Return the kept messages, newest first."""
        with self._lock:
            return list(reversed(self._mails))[:limit]

    def find(self, number: int) -> Mail | None:
        """Return one kept message."""
        return next((mail for mail in self.newest() if mail.id == number), None)

    def times(self, message_id: str) -> int:
        """Return how often a Message-ID arrived."""
        with self._lock:
            return self._times[message_id]

    def doubled(self) -> dict[str, int]:
        """Return the Message-IDs that arrived more than once, with their count."""
        with self._lock:
            return {name: times for name, times in self._times.items() if name and times > 1}


class _Door:
    """Takes messages in, with the fault the mailbox was told to have."""

    def __init__(self, box: Mailbox) -> None:
        self._box = box

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        if self._box.fault is MailFault.REJECT:
            self._box.refuse()
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd finds it by this name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        fault = self._box.fault
        if fault is MailFault.AFTER_DATA:
            self._box.refuse()
            return "451 4.3.0 Try again later"
        if fault is MailFault.HANG:
            await asyncio.sleep(HELD_SECONDS)
        self._box.keep(envelope)
        if fault is MailFault.DROP and isinstance(server.transport, asyncio.WriteTransport):
            # Taken and not acknowledged: the sender cannot know, and may send it twice.
            server.transport.abort()
        return "250 OK"


class Served:
    """A mail server that runs until it is closed."""

    def __init__(self, box: Mailbox, port: int = 0) -> None:
        """Start on loopback; port 0 takes a free one."""
        port = port or _free_port()
        self._controller = Controller(_Door(box), hostname=LOOPBACK, port=port)
        self._controller.start()
        self.url = f"smtp://{LOOPBACK}:{port}"

    def close(self) -> None:
        """Stop taking mail."""
        self._controller.stop()


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def _text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    try:
        content = part.get_content() if part else ""
    except LookupError:
        # A charset or a type nobody knows is still mail that arrived.
        return ""
    return content.replace("\r\n", "\n") if isinstance(content, str) else ""
