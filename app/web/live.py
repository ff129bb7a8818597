"""Telling an open page what changed, as it happens or when it asks; the page then looks itself.

A stream of events holds one of the server's threads, so only some of them may be streams; whoever
comes beyond that is sent away (204) and asks every few seconds instead.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app.shared import live
from app.shared.live import Heard
from app.web import errors

blueprint = Blueprint("live", __name__)

# When somebody sent away may try again; until then they ask.
RETRY_SECONDS: Final = 60
# Windows of one person that are told at once, in one process; the others ask.
MOST_OF_ONE: Final = 3
# A change is told shortly after its commit, by a clock that may be a little behind ours.
MARGIN_MS: Final = 2000

# Whether this process goes on serving; the server that is told to stop says no.
is_serving: Callable[[], bool] = lambda: True  # noqa: E731 - replaced by gunicorn's own word


@dataclass(frozen=True, slots=True)
class Pace:
    """The times of a stream, in seconds."""

    # A proxy takes a silent connection for a dead one; a page knows by this that it is not.
    beat: float = 15.0
    # A connection ends by itself now and then: the browser comes again, to any process.
    life: float = 120.0
    # How long a session that has ended is still told that something, somewhere, changed.
    ask: float = 30.0
    # Below the time that a stopping server gives its requests, and Valkey its answers.
    wait: float = 1.0


class Seats:
    """How many streams this process holds at once, and for whom."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._held: Counter[UUID] = Counter()

    @property
    def taken(self) -> int:
        """Return how many are taken."""
        return self._held.total()

    def take(self, who: UUID) -> bool:
        """Take a seat if one is free; nobody sits on more than a few."""
        with self._lock:
            is_free = self.taken < self._most and self._held[who] < MOST_OF_ONE
            self._held[who] += is_free
        return is_free

    def give_back(self, who: UUID) -> None:
        """Give a seat back."""
        with self._lock:
            self._held[who] -= 1
            # Who holds none is forgotten.
            self._held += Counter()


@dataclass(frozen=True, slots=True)
class Room:
    """Where an application's streams are held; `still` returns who holds a session's token."""

    still: Callable[[str], Any]
    seats: Seats
    pace: Pace = Pace()


def register(app: Flask, still: Callable[[str], Any]) -> None:
    """Give an application its streams; `still` returns who holds a session's token."""
    app.extensions["live"] = Room(still, Seats(int(app.config["LIVE_STREAMS"])))
    # Before anything is read: what changes from here on is told to the page.
    app.before_request(_note_place)
    app.jinja_env.globals["live_place"] = place
    app.register_blueprint(blueprint)


def _note_place() -> None:
    g.live_place = f"{time.time_ns() // 1_000_000 - MARGIN_MS}-0"


def place() -> str:
    """Return the place in its stream from which a page of this request must listen."""
    noted: str = g.live_place
    return noted


def stream_for(who: Any) -> str | None:
    """Return which stream somebody hears: ops', or that of the vendor they are or look at."""
    if who is None or not who.is_authenticated:
        return None
    return live.stream_of(who.viewing.vendor_id if who.viewing else who.vendor_id)


@blueprint.get("/live")
def stream() -> ResponseReturnValue:
    """Stream what changes, from the place the browser has come to."""
    room: Room = current_app.extensions["live"]
    who = current_user.id
    if not room.seats.take(who):
        return _away(204)
    name = stream_for(current_user) or ""
    try:
        first = live.catch_up(name, _place())
    except RedisError:
        room.seats.give_back(who)
        return _away(204)
    leaves = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - outlives the request
    events = Events(app, room, name, current_user.token, leaves)
    answer = Response(events.told(first), mimetype="text/event-stream")
    answer.call_on_close(partial(room.seats.give_back, who))
    # A proxy that collects answers before it passes them on would keep this one for ever.
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


@blueprint.get("/live/since")
def since() -> ResponseReturnValue:
    """Return what changed since a place, for a browser that has no stream."""
    try:
        heard = live.catch_up(stream_for(current_user) or "", _place())
    except RedisError:
        return _away(503)
    return jsonify(place=heard.place, topics=heard.topics, again=heard.is_again)


def _place() -> str:
    return request.headers.get("Last-Event-ID") or request.args.get("since", "")


def _away(status: int) -> Response:
    # Browsers note an error for each stream that is refused with one; 204 says it quietly.
    answer = Response(status=204) if status == 204 else _unavailable()  # noqa: PLR2004 - the same
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _unavailable() -> Response:
    return errors.problem(503, "Not available", "News cannot be told now. Ask again later.")


@dataclass(slots=True)
class Events:
    """One stream of events, to one session, until it has to end."""

    app: Flask
    room: Room
    name: str
    token: str
    connection: Any
    began: float = field(default_factory=time.monotonic)
    asked: float = field(default_factory=time.monotonic)
    beat: float = field(default_factory=time.monotonic)

    def told(self, heard: Heard) -> Iterator[str]:
        """Yield what was heard and is heard from then on; nothing is held but a thread."""
        # Without a place: whoever is cut off now has not heard what comes next.
        yield "event: here\ndata: null\n\n"
        while True:
            yield from self._words(heard)
            if ending := self._ending():
                yield _event(ending, heard.place)
                return
            try:
                heard = self._next(heard.place)
            except RedisError:
                return

    def _words(self, heard: Heard) -> Iterator[str]:
        now = time.monotonic()
        if heard.is_again:
            yield _event("again", heard.place)
        elif heard.topics:
            yield _event("changed", heard.place, list(heard.topics))
        elif now - self.beat >= self.room.pace.beat:
            yield _event("beat", heard.place)
        else:
            return
        self.beat = now

    def _next(self, place: str) -> Heard:
        if time.monotonic() - self.beat >= self.room.pace.beat:
            # Valkey may have been emptied between two looks.
            return live.catch_up(self.name, place)
        return live.listen(self.name, place, wait_ms=round(self.room.pace.wait * 1000))

    def _ending(self) -> str | None:
        """Return how the stream ends: the browser comes again after "bye", not after "end"."""
        now = time.monotonic()
        if (
            not is_serving()
            or now - self.began >= self.room.pace.life
            or _has_left(self.connection)
        ):
            return "bye"
        if now - self.asked < self.room.pace.ask:
            return None
        self.asked = now
        try:
            with self.app.app_context():
                who = self.room.still(self.token)
        except SQLAlchemyError:
            return "bye"
        return None if stream_for(who) == self.name else "end"


def _event(name: str, place: str, said: object = None) -> str:
    return f"id: {place}\nevent: {name}\ndata: {json.dumps(said)}\n\n"


def _has_left(connection: Any) -> bool:
    """Return whether the browser has closed its end: it should not hold a thread any longer."""
    if not isinstance(connection, socket.socket):
        return False
    with contextlib.suppress(OSError, ValueError):
        is_readable, _, _ = select.select([connection], [], [], 0)
        return bool(is_readable) and connection.recv(1, socket.MSG_PEEK) == b""
    return True
