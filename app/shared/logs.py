"""Logs: one JSON object a line, an event with fields; ids only, never a person's data."""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar

# The request or job that is under way, stamped on every line.
current_id: ContextVar[str] = ContextVar("current_id", default="")
# Libraries that tell of every beat or plug-in.
CHATTY = ("alembic", "apscheduler")
STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "from": record.name,
        }
        if current_id.get():
            line["id"] = current_id.get()
        line |= {k: v for k, v in vars(record).items() if k not in STANDARD}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def set_up(level: str) -> None:
    """Send everything at or above the level to standard error as JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
