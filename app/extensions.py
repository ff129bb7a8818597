"""The only singletons that every process has: the database and Valkey."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.exceptions import ConnectionError as CutOffError
from redis.retry import Retry
from sqlalchemy.orm import DeclarativeBase

from app.unit import JoiningSession


class Model(DeclarativeBase):
    """The base of every table."""


# What a transaction read stays readable after it: faces turn it into words without a second look.
db = SQLAlchemy(
    model_class=Model, session_options={"class_": JoiningSession, "expire_on_commit": False}
)


class Valkey:
    """The connection to Valkey; a doorbell that may be missing, so every wait on it is short."""

    client: Redis
    scripts: dict[str, Script]

    def init_app(self, app: Flask) -> None:
        """Connect lazily: a web process starts and takes orders without Valkey."""
        self.client = Redis.from_url(
            app.config["REDIS_URL"],
            socket_timeout=2,
            socket_connect_timeout=1,
            # A connection that was cut is made anew; one that hangs is not waited for twice.
            retry=Retry(NoBackoff(), 1, supported_errors=(CutOffError,)),
        )
        self.scripts = {}

    def run(self, script: str, keys: Sequence[str], values: Sequence[str | int]) -> Any:
        """Run a Lua script, which Valkey keeps after its first time."""
        if script not in self.scripts:
            self.scripts[script] = self.client.register_script(script)
        return self.scripts[script](keys=keys, args=values)


valkey = Valkey()
