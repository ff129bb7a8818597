"""E-mail by SMTP, phase by phase: once the text has gone out, no error proves it did not arrive."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from functools import partial
from urllib.parse import urlsplit

from app.notifications.contract import Fate, Outcome, Outgoing

# smtplib waits for ever by default.
TIMEOUT_SECONDS = 10
# One address and nothing else: a comma or a line break would add recipients or headers.
ADDRESS = re.compile(r"[^\s,;:<>()\"\\]+@[^\s,;:<>()\"\\]+")
PERMANENT = 500


class EmailSender:
    """One SMTP connection, opened when first needed and again when it broke."""

    def __init__(self, url: str, sender: str) -> None:
        """Remember where to connect and who writes."""
        self.url, self.sender = urlsplit(url), sender
        self.smtp: smtplib.SMTP | None = None

    def _connect(self) -> smtplib.SMTP:
        if self.smtp is None:
            self.smtp = self._reach()
            if self.url.username:
                self.smtp.login(self.url.username, self.url.password or "")
            self.smtp.ehlo_or_helo_if_needed()
        return self.smtp

    def _reach(self) -> smtplib.SMTP:
        """Return a connection; a password travels over verified TLS only."""
        host, port = self.url.hostname or "", self.url.port
        # Without a context of ours smtplib would believe whoever answers.
        trusted = ssl.create_default_context()
        if self.url.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_SECONDS, context=trusted)
        smtp = smtplib.SMTP(host, port or 25, timeout=TIMEOUT_SECONDS)
        if self.url.username:
            smtp.starttls(context=trusted)
        return smtp

    def close(self) -> None:
        """Say goodbye, if anybody is listening."""
        if self.smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                self.smtp.quit()
            self.smtp = None

    def _drop(self) -> None:
        if self.smtp is not None:
            self.smtp.close()
            self.smtp = None

    def send(self, message: Outgoing) -> Outcome:
        """Send one message; every fault is an outcome."""
        if not (ADDRESS.fullmatch(message.recipient) and message.recipient.isascii()):
            return Outcome(Fate.REFUSED, "the address is not one plain e-mail address")
        try:
            text = self._render(message)
        except ValueError as error:
            return Outcome(Fate.REFUSED, f"the message cannot be written: {error}"[:200])
        try:
            smtp = self._connect()
            refusal = self._introduce(smtp, message)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Outcome(Fate.TRY_LATER, f"before the text: {type(error).__name__}")
        return refusal or self._transmit(smtp, text)

    def _introduce(self, smtp: smtplib.SMTP, message: Outgoing) -> Outcome | None:
        """Name sender and recipient and ask to send; return the server's refusal, if any."""
        for step in (
            partial(smtp.mail, parseaddr(self.sender)[1]),
            partial(smtp.rcpt, message.recipient),
            partial(smtp.docmd, "DATA"),
        ):
            code, answer = step()
            if code >= 400:  # noqa: PLR2004 - RFC 5321: 4yz later, 5yz never
                smtp.rset()
                fate = Fate.REFUSED if code >= PERMANENT else Fate.TRY_LATER
                return Outcome(fate, f"{code} {answer.decode(errors='replace')[:200]}")
        return None

    def _transmit(self, smtp: smtplib.SMTP, rendered: bytes) -> Outcome:
        # RFC 5321 4.5.2: a line that begins with a dot gets a second one.
        text = re.sub(rb"(?m)^\.", b"..", rendered)
        try:
            smtp.send(text + b".\r\n")
            code, answer = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Outcome(Fate.UNCERTAIN, f"after the text: {type(error).__name__}")
        if code == 250:  # noqa: PLR2004 - RFC 5321: taken over
            return Outcome(Fate.SENT)
        fate = Fate.REFUSED if code >= PERMANENT else Fate.TRY_LATER
        return Outcome(fate, f"{code} {answer.decode(errors='replace')[:200]}")

    def _render(self, message: Outgoing) -> bytes:
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = self.sender, message.recipient, message.subject
        mail["Message-ID"] = f"<{message.name}@{parseaddr(self.sender)[1].rpartition('@')[2]}>"
        mail.set_content(message.body)
        return mail.as_bytes()


class Email:
    """The e-mail channel."""

    @contextmanager
    def open(self, url: str, sender: str) -> Iterator[EmailSender]:
        """Open a connection lazily and close it after use."""
        connection = EmailSender(url, sender)
        try:
            yield connection
        finally:
            connection.close()


channel = Email()
