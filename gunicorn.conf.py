"""What gunicorn is told beyond its command line; it reads this file where it is started."""

from __future__ import annotations

from gunicorn.config import Config
from gunicorn.glogging import Logger

# Who is believed about X-Forwarded-… is PROXY_HOPS' word, inside the application.
forwarded_allow_ips = ""


class ServerLog(Logger):
    """gunicorn's own words as JSON lines like all others: an address it names may hold a token."""

    def setup(self, cfg: Config) -> None:
        """Set up as gunicorn does, then write as we do."""
        super().setup(cfg)
        # Not before: where it is started stands in the path only now.
        from app.shared.logs import JsonLines  # noqa: PLC0415

        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLines())


logger_class = ServerLog
