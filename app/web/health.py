"""Who is alive: for operators, for the supervisor, for the system page and every page's rail.

A part says in Valkey that it is alive, every second or two. One that is killed and one that is only
stopped are silent alike; one whose job hangs still beats, and says since when it has been at it.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, current_app, jsonify
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import jobs
from app.extensions import db, valkey
from app.shared import live
from app.shared.language import _, _n, later
from app.shared.work import PLATFORM, transaction

blueprint = Blueprint("health", __name__)
CLOCK_CHANNEL = "clock"
# A part that has not been heard of for this long is not alive.
ALIVE_SECONDS, BEAT_SECONDS = 15, 2
PARTS = ("scheduler", *(f"worker-{queue}" for queue in jobs.QUEUES))
# Due work older than this, in the world's time, is late (domain.md: done within a minute).
LATE_WORK = timedelta(minutes=5)
# A job makes way after 20 s, and may wait 25 s more for carriers that it has asked.
SLOW_SECONDS, HANGS_SECONDS = 30, 50
# The last sign of life of a part outlives it, so that the page can say since when it is silent.
SEEN_SECONDS = 30 * 24 * 3600
# A web process of another machine that is silent for so long was taken away.
FORGOTTEN_SECONDS = 300
# So old may a rail's number be; without Valkey it is asked for less often, for asking takes long.
ILL_SECONDS, AWAY_SECONDS = 5.0, 15.0
WEB = "beats:web"
STARTED = time.time()


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the platform: `tone` is good, warn (look at it) or crit (it does no work).

    `words` is known by its English and said where it is shown; `detail` is said already.
    """

    name: str
    tone: str
    detail: str
    words: str = ""
    since: datetime | None = None
    seen: datetime | None = None

    @property
    def is_well(self) -> bool:
        """Return whether the part does its work."""
        return self.tone != "crit" and not self.is_unknown

    @property
    def is_unknown(self) -> bool:
        """Return whether nobody can say how it is."""
        return self.words == "unknown"


@dataclass(frozen=True, slots=True)
class Sign:
    """A part's last sign of life: its process, since when it runs, and since when its job does."""

    process: str
    since: float
    seen: float
    busy_since: float

    @classmethod
    def read(cls, words: bytes | None) -> Sign | None:
        """Return what a part wrote; nothing for what no part of ours would write."""
        try:
            process, since, seen, busy_since = (words or b"").decode().split()
            return cls(process, float(since), float(seen), float(busy_since))
        except ValueError:
            return None

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.process} {self.since:.0f} {self.seen:.1f} {self.busy_since:.1f}"


def beat(part: str, busy_since: float | None = None) -> None:
    """Say that a part is alive; the value is its process, for whoever started it."""
    sign = Sign(str(os.getpid()), STARTED, time.time(), busy_since or 0)
    try:
        pipe = valkey.client.pipeline(transaction=False)
        pipe.set(f"alive:{part}", sign.process, ex=ALIVE_SECONDS)
        pipe.set(f"seen:{part}", str(sign), ex=SEEN_SECONDS)
        pipe.execute()
    except RedisError:
        # Without Valkey nobody can be told; that is Valkey's own red mark.
        return


def beat_web(*, is_ending: bool = False) -> None:
    """Say that this web process is alive, or that it ends in good order."""
    name = f"{socket.gethostname()}:{os.getpid()}"
    try:
        if is_ending:
            valkey.client.zrem(WEB, name)
            return
        pipe = valkey.client.pipeline(transaction=False)
        pipe.zadd(WEB, {name: time.time()})
        pipe.zremrangebyscore(WEB, "-inf", time.time() - FORGOTTEN_SECONDS)
        pipe.execute()
    except RedisError:
        return


def keep_beating() -> None:
    """Say so again and again until this process ends, and tell open pages when a part falls ill.

    A part that is gone can tell nobody; who shows it to people looks for them.
    """
    known: list[str] = []
    while True:
        beat_web()
        found = [part.name for part in by_valkey() if part.tone == "crit"]
        if found != known:
            live.say(live.OPS_STREAM, "system")
        known = found
        time.sleep(BEAT_SECONDS)


def parts() -> list[Part]:
    """Return how each part is, as every rail of this process counts them from now on."""
    found = by_valkey()
    _remember(found)
    return [_database(), *found]


def ill() -> int:
    """Return how many parts need a person, for the rail of every page: one look in 5 s a process.

    PostgreSQL is not asked: without it there is no page.
    """
    known: tuple[float, int] | None = current_app.extensions.get("ill")
    return known[1] if known and time.monotonic() < known[0] else _remember(by_valkey())


def _remember(found: Sequence[Part]) -> int:
    number = sum(part.tone == "crit" for part in found)
    lasts = AWAY_SECONDS if any(part.is_unknown for part in found) else ILL_SECONDS
    current_app.extensions["ill"] = (time.monotonic() + lasts, number)
    return number


def _database() -> Part:
    started = time.perf_counter()
    try:
        with transaction(PLATFORM):
            since = db.session.scalar(text("SELECT pg_postmaster_start_time()"))
    except SQLAlchemyError as error:
        return Part("PostgreSQL", "crit", type(error).__name__, later("not answering"))
    took = _took(started)
    return Part("PostgreSQL", "good", took, since=since)


def _took(started: float) -> str:
    return _("answers in {n} ms", n=f"{1000 * (time.perf_counter() - started):.0f}")


def by_valkey() -> list[Part]:
    """Return how Valkey is, and the parts that say there that they are alive."""
    now = time.time()
    try:
        started = time.perf_counter()
        pipe = valkey.client.pipeline(transaction=False)
        pipe.mget([f"{kind}:{name}" for kind in ("alive", "seen") for name in PARTS])
        pipe.zrange(WEB, 0, -1, withscores=True)
        said, web = pipe.execute()
    except RedisError as error:
        without = _("nobody can be heard without Valkey")
        unknown = [Part(name, "warn", without, later("unknown")) for name in PARTS]
        away = Part("Valkey", "crit", type(error).__name__, later("not answering"))
        return [away, _web({}, now), *unknown]
    took = _took(started)
    alive, signs = said[: len(PARTS)], map(Sign.read, said[len(PARTS) :])
    background = zip(PARTS, alive, signs, strict=True)
    return [
        Part("Valkey", "good", took),
        _web({name.decode(): seen for name, seen in web}, now),
        *(_background(name, pid is not None, sign, now) for name, pid, sign in background),
    ]


def _background(name: str, is_alive: bool, sign: Sign | None, now: float) -> Part:  # noqa: FBT001
    if sign is None:
        if is_alive:
            return Part(name, "good", _("alive"))
        return Part(name, "crit", _("never heard of"), later("silent"))
    since, seen = _moment(sign.since), _moment(sign.seen)
    process = _("process {number}", number=sign.process)
    if not is_alive:
        return Part(name, "crit", process, later("silent"), seen=seen)
    busy = now - sign.busy_since if sign.busy_since else 0
    if busy > SLOW_SECONDS:
        is_hung = busy > HANGS_SECONDS
        tone, words = ("crit", later("hangs")) if is_hung else ("warn", later("slow"))
        return Part(name, tone, _("at one job for {n} s", n=f"{busy:.0f}"), words, since, seen)
    return Part(name, "good", process, since=since, seen=seen)


def _web(beats: dict[str, float], now: float) -> Part:
    """Return how the web server is; this very process answers, so it is never all silent."""
    silent = [
        name
        for name, seen in beats.items()
        if now - seen > ALIVE_SECONDS and not _has_ended(name.rpartition(":"))
    ]
    count = max(1, sum(now - seen <= ALIVE_SECONDS for seen in beats.values()))
    if silent:
        heard = _moment(min(beats[name] for name in silent))
        of = len(silent) + count
        told = _n("{silent} of {n} process", "{silent} of {n} processes", of, silent=len(silent))
        return Part("web", "crit", told, later("silent in part"), seen=heard)
    return Part("web", "good", _n("{n} process", "{n} processes", count))


def _has_ended(name: tuple[str, str, str]) -> bool:
    """Return whether a process of this machine is gone: whoever started it has another by now."""
    host, _colon, pid = name
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


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
