"""Settings: every one has a default that runs on one machine; the environment overrides it."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, fields

MIB = 1024 * 1024


def database_url(url: str) -> str:
    """Return the URL in the spelling that selects psycopg 3, whatever the operator wrote."""
    for prefix in ("postgresql+psycopg://", "postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


@dataclass(frozen=True, slots=True)
class Config:
    """One installation's settings; the field names are the environment's names."""

    DATABASE_URL: str = "postgresql://onward_app@127.0.0.1:5432/onward"
    DATABASE_OWNER_URL: str = ""
    REDIS_URL: str = "redis://127.0.0.1:6379/0"
    SECRET_KEY: str = "not-a-secret"  # noqa: S105 - production refuses to start on it
    PUBLIC_URL: str = "http://127.0.0.1:8000"
    SMTP_URL: str = "smtp://127.0.0.1:2525"
    MAIL_FROM: str = "Onward <orders@onward.example>"
    FEDEX_URL: str = "https://apis.fedex.com"
    FEDEX_CLIENT_ID: str = ""
    FEDEX_CLIENT_SECRET: str = ""
    ENVIRONMENT: str = "demo"
    LOG_LEVEL: str = "INFO"
    TZ_DEFAULT: str = "UTC"
    CURRENCY_DEFAULT: str = "EUR"

    @classmethod
    def from_environment(cls, environment: dict[str, str] | None = None) -> Config:
        """Return the settings the environment names, defaults for the rest."""
        given = os.environ if environment is None else environment
        return cls(**{f.name: given[f.name] for f in fields(cls) if given.get(f.name)})

    @property
    def is_production(self) -> bool:
        """Return whether the relaxations for loopback are off."""
        return self.ENVIRONMENT == "production"

    def for_flask(self) -> dict[str, object]:
        """Return what Flask and its extensions read."""
        return asdict(self) | {
            "SQLALCHEMY_DATABASE_URI": database_url(self.DATABASE_URL),
            "SQLALCHEMY_ENGINE_OPTIONS": ENGINE_OPTIONS,
            # A body above this is refused before it is read (413).
            "MAX_CONTENT_LENGTH": 8 * MIB,
            "MAX_FORM_MEMORY_SIZE": MIB,
            "BOOTSTRAP_SERVE_LOCAL": True,
            # Seconds a browser keeps a file before it asks again.
            "SEND_FILE_MAX_AGE_DEFAULT": 300,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_SECURE": self.is_production,
            "WTF_CSRF_TIME_LIMIT": None,
        }


# A statement or a lock that takes longer than this is a fault to be seen, not a wait to be endured.
SESSION_LIMITS = (
    "-c statement_timeout=30s -c lock_timeout=10s "
    "-c idle_in_transaction_session_timeout=60s -c timezone=UTC"
)
ENGINE_OPTIONS: dict[str, object] = {
    # A statement's values may be a person's data; they belong in no log.
    "hide_parameters": True,
    # A database restart must not surface as an error on the next checkout.
    "pool_pre_ping": True,
    "pool_size": 8,
    "max_overflow": 4,
    "pool_timeout": 5,
    "connect_args": {"options": SESSION_LIMITS, "connect_timeout": 5},
}
