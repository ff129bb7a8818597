"""Who is alive and what waits: for operators, for the supervisor, for the system page."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, jsonify
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import jobs
from app.extensions import db, valkey
from app.shared.work import PLATFORM, transaction

blueprint = Blueprint("health", __name__)
CLOCK_CHANNEL = "clock"
# A part that has not been heard of for this long is not alive.
ALIVE_SECONDS = 15
PARTS = ("scheduler", *(f"worker-{queue}" for queue in jobs.QUEUES))
# Due work older than this, in the world's time, is late (domain.md: done within a minute).
LATE_WORK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the platform and whether it is well."""

    name: str
    is_well: bool
    detail: str


def beat(part: str) -> None:
    """Say that a part is alive; the value is its process, for whoever started it."""
    try:
        valkey.client.set(f"alive:{part}", os.getpid(), ex=ALIVE_SECONDS)
    except RedisError:
        # Without Valkey nobody can be told; that is Valkey's own red mark.
        return


def parts() -> list[Part]:
    """Return how each part is."""
    return [_database(), *_by_valkey()]


def _database() -> Part:
    started = time.perf_counter()
    try:
        with transaction(PLATFORM):
            db.session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return Part("PostgreSQL", is_well=False, detail=type(error).__name__)
    return Part(
        "PostgreSQL", is_well=True, detail=f"{1000 * (time.perf_counter() - started):.0f} ms"
    )


def _by_valkey() -> list[Part]:
    try:
        alive = valkey.client.mget([f"alive:{name}" for name in PARTS])
    except RedisError as error:
        missing = [Part(name, is_well=False, detail="unknown without Valkey") for name in PARTS]
        return [Part("Valkey", is_well=False, detail=type(error).__name__), *missing]
    return [
        Part("Valkey", is_well=True, detail=""),
        *(
            Part(name, is_well=pid is not None, detail=_process(pid))
            for name, pid in zip(PARTS, alive, strict=True)
        ),
    ]


def _process(pid: bytes | str | None) -> str:
    if pid is None:
        return "silent"
    return f"process {int(pid)}" if pid.isdigit() else "an unreadable sign of life"


def backlogs() -> tuple[datetime, list[jobs.Due]]:
    """Return the world's time and how every backlog stands."""
    with transaction(PLATFORM) as now:
        return now, jobs.backlogs(now)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Alive: this process answers."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Ready: every part is well; 503 names those that are not."""
    found = parts()
    is_ready = all(part.is_well for part in found)
    body = {part.name: {"well": part.is_well, "detail": part.detail} for part in found}
    return jsonify(
        status="ready" if is_ready else "not ready", parts=body
    ), 200 if is_ready else 503
