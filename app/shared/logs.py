"""Logs: one JSON object a line, an event with fields; ids only, never a person's data."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime

# The request or job that is under way, stamped on every line.
current_id: ContextVar[str] = ContextVar("current_id", default="")
# Libraries that tell of every beat or plug-in.
CHATTY = ("alembic", "apscheduler")
STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Whoever sends a megabyte must not fill the disk with it. More is read than is written, so that a
# cut never leaves half of a secret that would have been known by its end.
LONGEST, MOST_READ = 10_000, 20_000
BLANK = "[blank]"
# Fields whose value is a secret or a person's, whatever it is.
SECRET_NAME = re.compile(
    r"passw|passphrase|token|secret|authori[sz]ation|cookie|seed|credential|signature|session_id"
    r"|(?:^|_)(?:otp|totp|csrf|api_key|field_key)|^(?:recovery_)?codes?$"
    r"|e_?mail|phone|street|^line[12]$|postal",
    re.IGNORECASE,
)
# The second net: what must not have been put into a text, by what it looks like. Each pattern is
# bounded, so that no text makes it slow.
SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    # A URL's user and password.
    (re.compile(r"(\b[a-zA-Z][\w+.-]{0,20}://)[^\s/]{0,500}@"), rf"\1{BLANK}@"),
    # What opens a customer's page, a reset, an invitation.
    (re.compile(r"(/(?:t|reset|invitation|account/email)/)[\w.~%-]+"), rf"\1{BLANK}"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]+", re.IGNORECASE), rf"\1 {BLANK}"),
    (re.compile(r"\bonw_[\w-]+"), BLANK),
    (re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"), BLANK),
    (re.compile(r"(?<![\w+])\+[1-9]\d[\d ().-]{5,16}\d\b"), BLANK),
    (
        re.compile(
            r"\b(passw(?:or)?d|token|secret|cookie|authorization|csrf_token|api_key)"
            r"(['\"]?\s{0,3}[=:]\s{0,3}['\"]?)[^\s'\"&,;)\]}]{1,500}",
            re.IGNORECASE,
        ),
        rf"\1\2{BLANK}",
    ),
    # PostgreSQL and pydantic show the very values they did not like.
    (re.compile(r"^(\W*DETAIL:).*", re.MULTILINE), rf"\1 {BLANK}"),
    (re.compile(r"(input_value=).{0,500}?(, input_type=)"), rf"\1{BLANK}\2"),
)


def redacted(text: str) -> str:
    """Return a text without what looks like a secret or an address."""
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text


def _told(value: object, name: str = "") -> object:
    """Return a value as a log may hold it."""
    if SECRET_NAME.search(name):
        return BLANK
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {redacted(str(key)): _told(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_told(inner) for inner in value]
    return redacted(str(value)[:MOST_READ])[:LONGEST]


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON; what would break the line is escaped in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": _told(record.getMessage()),
            "from": record.name,
        }
        if current_id.get():
            line["id"] = current_id.get()
        line |= {k: _told(v, k) for k, v in vars(record).items() if k not in STANDARD}
        if record.exc_info:
            # What went wrong stands at a trace's end.
            line["trace"] = _told(self.formatException(record.exc_info)[-LONGEST:])
        # ASCII only: no control character and no line separator of any alphabet gets out as it is.
        return json.dumps(line, ensure_ascii=True)


def set_up(level: str) -> None:
    """Send everything at or above the level to standard error as JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
