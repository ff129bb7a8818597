"""What the parts are told through their environment, and the secrets kept for it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from supervisor import valkey
from supervisor.files import read_json, write_json
from supervisor.ports import LOOPBACK
from supervisor.postgres import APPLICATION, DATABASE, OWNER, Passwords

# World seconds for each real second: a marketplace's day in 48 seconds.
DEFAULT_SPEED = 1800
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"


def readable_password() -> str:
    """Return a password that a person can read from a screen and type: 38 bits of chance."""
    syllables = [secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(6)]
    words = ["".join(syllables[start : start + 2]) for start in (0, 2, 4)]
    return "-".join([*words, str(secrets.randbelow(90) + 10)])


MADE_UP: dict[str, Callable[[], str]] = {
    "postgres_superuser": lambda: secrets.token_urlsafe(24),
    "postgres_owner": lambda: secrets.token_urlsafe(24),
    "postgres_application": lambda: secrets.token_urlsafe(24),
    "valkey": lambda: secrets.token_urlsafe(24),
    "secret_key": lambda: secrets.token_urlsafe(48),
    "field_key": lambda: secrets.token_urlsafe(48),
    "fedex_client_secret": lambda: secrets.token_urlsafe(24),
    "simulator_api_key": lambda: "onw_" + secrets.token_urlsafe(30),
    "demo_password": readable_password,
}


def kept_secrets(file: Path) -> dict[str, str]:
    """Return the secrets of a data folder, made up where they are missing."""
    known = {name: str(value) for name, value in read_json(file).items()}
    missing = {name: make_up() for name, make_up in MADE_UP.items() if name not in known}
    if missing:
        write_json(file, known | missing)
    return known | missing


def postgres_passwords(kept: Mapping[str, str]) -> Passwords:
    """Return the passwords of PostgreSQL's roles."""
    return Passwords(
        superuser=kept["postgres_superuser"],
        owner=kept["postgres_owner"],
        application=kept["postgres_application"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What one start of the platform has settled on."""

    ports: Mapping[str, int]
    kept: Mapping[str, str]
    given: Mapping[str, str]
    speed: int = DEFAULT_SPEED
    is_replay: bool = False

    @property
    def is_production(self) -> bool:
        """Return whether real people's orders are at stake: nothing of a demonstration is told."""
        # A replay is never of real people; in production it is told all and refused by name.
        return self.given.get("ENVIRONMENT") == "production" and not self.is_replay

    @property
    def database_is_ours(self) -> bool:
        """Return whether nobody named a PostgreSQL of their own."""
        return not self.given.get("DATABASE_URL")

    @property
    def valkey_is_ours(self) -> bool:
        """Return whether nobody named a Redis of their own."""
        return not self.given.get("REDIS_URL")


def environment(situation: Situation) -> dict[str, str]:
    """Return the environment of every Python part; what people set themselves is kept."""
    world = {} if situation.is_production else _simulated_world(situation) | _mode(situation)
    set_by_people = {name: value for name, value in situation.given.items() if value}
    # A part's output has to be in its log when it dies, not in a buffer.
    always = {"PYTHONUNBUFFERED": "1", "TRUSTED_HOSTS": _trusted_hosts(situation)}
    return {**_servers(situation), **world, **set_by_people, **always}


def _trusted_hosts(situation: Situation) -> str:
    """Return the names people set and the one by which we ask the web server how it is."""
    return ",".join(filter(None, [situation.given.get("TRUSTED_HOSTS"), LOOPBACK]))


def _servers(situation: Situation) -> dict[str, str]:
    kept, ports, given = situation.kept, situation.ports, situation.given
    database = given.get("DATABASE_URL") or _database_url(situation, APPLICATION)
    owner = _database_url(situation, OWNER) if situation.database_is_ours else database
    return {
        "DATABASE_URL": database,
        "DATABASE_OWNER_URL": owner,
        "REDIS_URL": given.get("REDIS_URL") or valkey.url(ports["valkey"], kept["valkey"]),
        "SECRET_KEY": kept["secret_key"],
        "FIELD_KEY": kept["field_key"],
        "PUBLIC_URL": f"http://{LOOPBACK}:{ports['web']}",
        "ONWARD_URL": f"http://{LOOPBACK}:{ports['web']}",
    }


def _database_url(situation: Situation, role: str) -> str:
    if not situation.database_is_ours:
        return ""
    passwords = postgres_passwords(situation.kept)
    password = passwords.owner if role == OWNER else passwords.application
    return f"postgresql://{role}:{password}@{LOOPBACK}:{situation.ports['postgres']}/{DATABASE}"


def _simulated_world(situation: Situation) -> dict[str, str]:
    kept, ports = situation.kept, situation.ports
    simulator = f"http://{LOOPBACK}:{ports['simulator']}"
    return {
        "SIMULATOR_PORT": str(ports["simulator"]),
        "SIMULATOR_SMTP_PORT": str(ports["simulator_smtp"]),
        "SIMULATOR_API_KEY": kept["simulator_api_key"],
        "SMTP_URL": f"smtp://{LOOPBACK}:{ports['simulator_smtp']}",
        "FEDEX_URL": f"{simulator}/fedex",
        "FEDEX_CLIENT_ID": "demo",
        "FEDEX_CLIENT_SECRET": kept["fedex_client_secret"],
        "DEMO_PASSWORD": kept["demo_password"],
    }


def _mode(situation: Situation) -> dict[str, str]:
    if situation.is_replay:
        return {"ENVIRONMENT": "test", "CLOCK": "stepped"}
    return {"ENVIRONMENT": "demo", "SPEED": str(situation.speed)}
