"""Settings: every one has a default that runs on one machine; the environment overrides it."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import orjson

MIB = 1024 * 1024
YEAR_SECONDS = 365 * 24 * 3600
RELAXED = ("demo", "test")
ENVIRONMENTS = (*RELAXED, "production")
LOOPBACK_NAMES = ("127.0.0.1", "localhost")
LOOPBACK = {*LOOPBACK_NAMES, "::1"}
# 32 characters of a random text are 128 bits and more, whatever alphabet it was made with.
SHORTEST_KEY, FEWEST_LETTERS = 32, 8
MOST_HOPS = 9
A_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"


class ConfigError(SystemExit):
    """Why this installation must not start; where nobody catches it, it is printed and ends us."""

    def __init__(self, problems: list[str]) -> None:
        """Keep the sentences, one a line."""
        super().__init__("\n".join(["Onward does not start:", *(f"- {p}" for p in problems)]))
        self.problems = problems


def database_url(url: str) -> str:
    """Return the URL in the spelling that selects psycopg 3, whatever the operator wrote."""
    for prefix in ("postgresql+psycopg://", "postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def listed(words: str) -> list[str]:
    """Return what stands between the commas of a setting."""
    return [word.strip() for word in words.split(",") if word.strip()]


@dataclass(frozen=True, slots=True)
class Config:
    """One installation's settings; the field names are the environment's names."""

    DATABASE_URL: str = "postgresql://onward_app@127.0.0.1:5432/onward"
    DATABASE_OWNER_URL: str = ""
    REDIS_URL: str = "redis://127.0.0.1:6379/0"
    # Signs cookies, forms and links; older keys, the newest first, are still known.
    SECRET_KEY: str = "not-a-secret"  # noqa: S105 - production refuses to start on it
    SECRET_KEY_FALLBACKS: str = ""
    # Seals the seeds of second factors in the database; older keys as above.
    FIELD_KEY: str = "not-a-field-key"
    FIELD_KEY_FALLBACKS: str = ""
    PUBLIC_URL: str = "http://127.0.0.1:8000"
    # Names besides that of PUBLIC_URL under which we are asked, a health check's for example.
    TRUSTED_HOSTS: str = ""
    # How many proxies of our own add to X-Forwarded-For: none is believed beyond them.
    PROXY_HOPS: str = "0"
    # How many open pages a web process tells at once what changes; the others ask now and then.
    # Each holds a thread: keep it at half of a process's threads.
    LIVE_STREAMS: str = "8"
    SMTP_URL: str = "smtp://127.0.0.1:2525"
    MAIL_FROM: str = "Onward <orders@onward.example>"
    FEDEX_URL: str = "https://apis.fedex.com"
    FEDEX_CLIENT_ID: str = ""
    FEDEX_CLIENT_SECRET: str = ""
    ENVIRONMENT: str = "demo"
    LOG_LEVEL: str = "INFO"
    TZ_DEFAULT: str = "UTC"
    CURRENCY_DEFAULT: str = "EUR"
    # The demonstration's and the developer's own; production refuses to start with them.
    DEMO_PASSWORD: str = ""
    SIMULATOR_API_KEY: str = ""
    SPEED: str = ""
    CLOCK: str = ""
    FLASK_DEBUG: str = ""

    @classmethod
    def from_environment(cls, environment: dict[str, str] | None = None) -> Config:
        """Return the settings the environment names, defaults for the rest."""
        given = os.environ if environment is None else environment
        return cls(**{f.name: given[f.name] for f in fields(cls) if given.get(f.name)})

    @property
    def is_production(self) -> bool:
        """Return whether real people's orders are at stake."""
        return self.ENVIRONMENT == "production"

    @property
    def is_relaxed(self) -> bool:
        """Return whether this is loopback over plain http; what that cannot have is off."""
        return self.ENVIRONMENT in RELAXED

    @property
    def trusted_hosts(self) -> list[str]:
        """Return the names under which we answer."""
        loopback = LOOPBACK_NAMES if self.is_relaxed else ()
        names = [_parts(self.PUBLIC_URL).hostname, *listed(self.TRUSTED_HOSTS), *loopback]
        return [name for name in names if name]

    def problems(self) -> list[str]:
        """Return why this installation must not start: what, which setting, what to do."""
        checks = (*ALWAYS, *IN_PRODUCTION) if self.is_production else ALWAYS
        return [problem for check in checks for problem in check(self)]

    def require_sound(self) -> None:
        """Raise ConfigError, which names every problem, where there is one."""
        if problems := self.problems():
            raise ConfigError(problems)

    def for_flask(self) -> dict[str, object]:
        """Return what Flask and its extensions read."""
        older = listed(self.SECRET_KEY_FALLBACKS)
        return (
            asdict(self)
            | self._strictness()
            | {
                "SQLALCHEMY_DATABASE_URI": database_url(self.DATABASE_URL),
                "SQLALCHEMY_ENGINE_OPTIONS": ENGINE_OPTIONS,
                # A body above this is refused before it is read (413).
                "MAX_CONTENT_LENGTH": 8 * MIB,
                "MAX_FORM_MEMORY_SIZE": MIB,
                "BOOTSTRAP_SERVE_LOCAL": True,
                # Seconds a browser keeps a file before it asks again.
                "SEND_FILE_MAX_AGE_DEFAULT": 300,
                "TRUSTED_HOSTS": self.trusted_hosts,
                "SECRET_KEY_FALLBACKS": older,
                "FIELD_KEY_FALLBACKS": listed(self.FIELD_KEY_FALLBACKS),
                # The last one signs: a form opened before a rotation is still taken after it.
                "WTF_CSRF_SECRET_KEY": [*reversed(older), self.SECRET_KEY],
                "WTF_CSRF_TIME_LIMIT": None,
                # Which page a form comes from is told by Origin, which is asked at the door;
                # Referer is what proxies and careful people take out.
                "WTF_CSRF_SSL_STRICT": False,
                "SESSION_COOKIE_HTTPONLY": True,
                "SESSION_COOKIE_SAMESITE": "Lax",
                "SESSION_COOKIE_PATH": "/",
            }
        )

    def _strictness(self) -> dict[str, object]:
        """Return what loopback over plain http cannot have: every relaxation stands here."""
        is_strict = not self.is_relaxed
        return {
            # A browser takes a cookie of this prefix only over https, for one host and all paths.
            "SESSION_COOKIE_NAME": "__Host-session" if is_strict else "session",
            "SESSION_COOKIE_SECURE": is_strict,
            "NEEDS_SECOND_FACTOR": is_strict,
            "HSTS_SECONDS": YEAR_SECONDS if is_strict else 0,
            # What vendors name must be https at a public address; a program on loopback is neither.
            "PUBLIC_WEBHOOKS_ONLY": is_strict,
        }


# A statement or a lock that takes longer than this is a fault to be seen, not a wait to be endured.
SESSION_LIMITS = (
    "-c statement_timeout=30s -c lock_timeout=10s "
    "-c idle_in_transaction_session_timeout=60s -c timezone=UTC"
    # A page waits longer for helpers to start than they save it; what reads whole tables has them.
    " -c parallel_setup_cost=100000"
)
ENGINE_OPTIONS: dict[str, object] = {
    # A statement's values may be a person's data; they belong in no log.
    "hide_parameters": True,
    # That a connection is still there is seen by app.shared.connections, mostly without asking.
    # All stay, for a burst would open anew what it closes; and whichever was used last is used
    # first, for its statements are prepared.
    "pool_size": 12,
    "max_overflow": 0,
    "pool_use_lifo": True,
    "pool_timeout": 5,
    "json_deserializer": orjson.loads,
    "connect_args": {
        "options": SESSION_LIMITS,
        "connect_timeout": 5,
        # One that is gone without a word is waited for as long as a statement may take.
        "tcp_user_timeout": 30_000,
    },
}

# What is refused, and where: each check yields sentences that never show a setting's value.
Check = Callable[[Config], Iterator[str]]
DEFAULTS: Final = Config()
KEYS = ("SECRET_KEY", "FIELD_KEY")
DATABASES = ("DATABASE_URL", "DATABASE_OWNER_URL")
NOT_OURS = {*DATABASES, "REDIS_URL", "SMTP_URL"}
HTTPS_ONLY = [f.name for f in fields(Config) if f.name.endswith("_URL") and f.name not in NOT_OURS]
DEMONSTRATION = ("DEMO_PASSWORD", "SIMULATOR_API_KEY", "SPEED", "CLOCK", "FLASK_DEBUG")
# What Flask itself takes for "off".
OFF = {"", "0", "false", "no"}
VERIFIED = {"verify-full", "verify-ca"}


def _parts(url: str) -> SplitResult:
    """Return a URL taken apart; one that cannot be read has no parts."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _words(url: str) -> dict[str, list[str]]:
    return parse_qs(_parts(url).query)


def _is_local(url: str) -> bool:
    """Return whether no network lies between: every host is loopback, or a Unix socket."""
    parts, words = _parts(url), _words(url)
    if parts.scheme == "unix":
        return True
    named = [parts.netloc.rpartition("@")[2], *words.get("host", []), *words.get("hostaddr", [])]
    hosts = [host for name in named for host in name.split(",") if host]
    bare = [re.sub(r":\d+$", "", host).strip("[]").lower() for host in hosts]
    return bool(bare) and all(host in LOOPBACK or host.startswith("/") for host in bare)


def _role(url: str) -> str:
    return unquote(_parts(url).username or "")


def _environment(config: Config) -> Iterator[str]:
    if config.ENVIRONMENT not in ENVIRONMENTS:
        yield f"ENVIRONMENT is none of ours: set it to one of {', '.join(ENVIRONMENTS)}."


def _readable(config: Config) -> Iterator[str]:
    if not (config.PROXY_HOPS.isdecimal() and int(config.PROXY_HOPS) <= MOST_HOPS):
        yield (
            "PROXY_HOPS is no small number: set it to how many proxies of your own stand before"
            " Onward, 0 if none does."
        )
    if not config.LIVE_STREAMS.isdecimal():
        yield "LIVE_STREAMS is no number: set it to half of a web process's threads."
    if config.LOG_LEVEL not in logging.getLevelNamesMapping():
        yield "LOG_LEVEL is no level: set it to DEBUG, INFO, WARNING or ERROR."
    if not _parts(config.PUBLIC_URL).hostname:
        yield "PUBLIC_URL names no host: set it to the address that people open."


def _keys(config: Config) -> Iterator[str]:
    for name in KEYS:
        older = listed(getattr(config, f"{name}_FALLBACKS"))
        if _is_weak(getattr(config, name)):
            yield (
                f"{name} is a default or shorter than {SHORTEST_KEY} random characters: set it to"
                f" what {A_KEY} prints."
            )
        if any(_is_weak(key) for key in older):
            yield f"{name}_FALLBACKS holds a default or a short key: take that key out."
    sealing, signing = (
        {getattr(config, name), *listed(getattr(config, f"{name}_FALLBACKS"))} for name in KEYS
    )
    if sealing & signing:
        yield "SECRET_KEY and FIELD_KEY are the same: make one of them anew."


def _is_weak(key: str) -> bool:
    is_default = key in {DEFAULTS.SECRET_KEY, DEFAULTS.FIELD_KEY}
    return is_default or len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_LETTERS


def _addresses(config: Config) -> Iterator[str]:
    for name in HTTPS_ONLY:
        if _parts(getattr(config, name)).scheme != "https":
            yield f"{name} is not https: set it to an address that begins with https://."


def _databases(config: Config) -> Iterator[str]:
    if not config.DATABASE_OWNER_URL or _role(config.DATABASE_OWNER_URL) == _role(
        config.DATABASE_URL
    ):
        yield (
            "DATABASE_OWNER_URL names no role of its own: the tables' owner passes every rule of"
            " the database, so let DATABASE_URL name another role."
        )
    for name in DATABASES:
        if url := getattr(config, name):
            yield from _database(name, url)


def _database(name: str, url: str) -> Iterator[str]:
    words = _words(url)
    if not (_parts(url).password or words.get("password")):
        yield f"{name} has no password: give its role one and name it in the address."
    modes = set(words.get("sslmode", []))
    if not _is_local(url) and not (modes and modes <= VERIFIED):
        yield (
            f"{name} crosses a network without verified TLS: add ?sslmode=verify-full&sslrootcert="
            " and the file of the authority that signed the server's certificate."
        )


def _valkey(config: Config) -> Iterator[str]:
    url = config.REDIS_URL
    parts, words = _parts(url), _words(url)
    if not (parts.password or words.get("password")):
        yield "REDIS_URL has no password: set requirepass there and name it in the address."
    is_verified = (
        parts.scheme == "rediss"
        and set(words.get("ssl_cert_reqs", [])) <= {"required"}
        and "ssl_check_hostname" not in words
    )
    if not _is_local(url) and not is_verified:
        yield (
            "REDIS_URL crosses a network without verified TLS: use rediss:// and leave"
            " ssl_cert_reqs and ssl_check_hostname as they are."
        )


def _mail(config: Config) -> Iterator[str]:
    parts = _parts(config.SMTP_URL)
    # The e-mail channel speaks TLS from the start (smtps) or asks for it before it signs in.
    if not _is_local(config.SMTP_URL) and not (parts.scheme == "smtps" or parts.username):
        yield (
            "SMTP_URL crosses a network without TLS: use smtps://, or name who signs in"
            " (smtp://name:password@host:587), which asks for STARTTLS first."
        )
    if config.MAIL_FROM == DEFAULTS.MAIL_FROM:
        yield "MAIL_FROM is the example: set it to an address of yours that people can answer."


def _demonstration(config: Config) -> Iterator[str]:
    for name in DEMONSTRATION:
        if getattr(config, name).lower() not in OFF:
            yield f"{name} belongs to a demonstration: take it out of the environment."


ALWAYS: tuple[Check, ...] = (_environment, _readable)
IN_PRODUCTION: tuple[Check, ...] = (_keys, _addresses, _databases, _valkey, _mail, _demonstration)
