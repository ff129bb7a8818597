"""Open pages are told what changed: nothing lost, nobody else's, and only while they may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from app.accounts import people, sessions
from app.extensions import db, valkey
from app.shared import live as shared
from app.shared.live import OPS_STREAM, stream_of
from app.shared.work import ACCOUNTS, OPS, transaction
from app.timeline.service import TOPICS, Happened, record
from app.web import live
from app.web.words import EVENTS
from tests.factories import line, make_vendor_with_stock, one, routed_order
from tests.people import browser_of, make_person, person_of, sign_in_as

FAR_BACK = "0-1"


class Listener:
    """A browser that reads a stream of events, one at a time."""

    open: ClassVar[list[Listener]] = []

    def __init__(self, browser: FlaskClient, since: str, **headers: str) -> None:
        """Connect."""
        self.answer = browser.get(f"/live?since={since}", headers=headers)
        self.events = iter(self.answer.response)
        Listener.open.append(self)

    def hear(self) -> tuple[str, Any]:
        """Return the next event's name and data."""
        words = next(self.events).decode()
        fields = dict(x.split(": ", 1) for x in words.strip().splitlines())
        self.place = fields.get("id")
        return fields["event"], json.loads(fields["data"])

    def close(self) -> None:
        """Leave, as a browser does that closes its end."""
        if self in Listener.open:
            Listener.open.remove(self)
            self.answer.close()


@pytest.fixture(autouse=True)
def everybody_leaves(app: Flask) -> Iterator[None]:
    """Close what a test left open: its seat is another's."""
    yield
    for listener in [*Listener.open]:
        listener.close()
    assert app.extensions["live"].seats.taken == 0


def place_of(browser: FlaskClient) -> str:
    """Return the place at which a page of now begins to listen."""
    return browser.get(f"/live/since?since={FAR_BACK}").json["place"]


@pytest.fixture
def ops(app: Flask) -> FlaskClient:
    return sign_in_as(app, "ops_agent")


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 10})


# What is heard ------------------------------------------------------------------------------


def test_what_changed_is_heard_from_the_place_a_page_has_come_to(ops: FlaskClient) -> None:
    place = place_of(ops)
    shared.say(OPS_STREAM, "cases")
    shared.say(OPS_STREAM, "orders")

    listener = Listener(ops, place)

    assert listener.hear() == ("here", None)
    assert listener.hear() == ("changed", ["cases", "orders"])
    shared.say(OPS_STREAM, "offers")
    assert listener.hear() == ("changed", ["offers"])


def test_a_browser_that_comes_back_hears_what_it_missed_and_nothing_twice(
    ops: FlaskClient,
) -> None:
    shared.say(OPS_STREAM, "messages")
    first = Listener(ops, place_of(ops))
    shared.say(OPS_STREAM, "cases")
    assert [first.hear()[0], first.hear()] == ["here", ("changed", ["cases"])]
    first.close()
    shared.say(OPS_STREAM, "orders")

    again = Listener(ops, FAR_BACK, **{"Last-Event-ID": str(first.place)})

    assert [again.hear()[0], again.hear()] == ["here", ("changed", ["orders"])]
    again.close()


@pytest.mark.parametrize("place", ["", "nonsense", "1-2-3", "9" * 30 + "-0", FAR_BACK, "-1-0"])
def test_a_place_that_nobody_knows_means_look_at_everything(ops: FlaskClient, place: str) -> None:
    shared.say(OPS_STREAM, "cases")
    listener = Listener(ops, place)

    assert [listener.hear()[0], listener.hear()[0]] == ["here", "again"]

    assert ops.get(f"/live/since?since={listener.place}").json["topics"] == []
    listener.close()


def test_after_valkey_was_emptied_everything_is_looked_at(ops: FlaskClient) -> None:
    place = place_of(ops)
    shared.say(OPS_STREAM, "cases")
    valkey.client.flushall()

    empty = ops.get(f"/live/since?since={place}").json

    assert (empty["again"], empty["topics"]) == (True, [])
    assert ops.get(f"/live/since?since={empty['place']}").json["again"] is False


def test_whoever_was_away_for_longer_than_is_kept_looks_at_everything(ops: FlaskClient) -> None:
    place = place_of(ops)
    for _ in range(3):
        shared.say(OPS_STREAM, "cases")
    valkey.client.xtrim(OPS_STREAM, maxlen=1, approximate=False)

    assert ops.get(f"/live/since?since={place}").json["again"] is True


def test_a_stream_that_is_cut_off_is_noticed_at_a_beat(app: Flask, ops: FlaskClient) -> None:
    paced(app, beat=0)
    listener = Listener(ops, place_of(ops))
    assert [listener.hear()[0], listener.hear()[0]] == ["here", "beat"]

    valkey.client.flushall()

    assert listener.hear()[0] == "again"


# What is said -------------------------------------------------------------------------------


def said(stream: str = OPS_STREAM) -> list[str]:
    """Return the topics in a stream."""
    return [fields[b"topic"].decode() for _, fields in valkey.client.xrange(stream)]


def test_every_event_of_an_order_changes_some_page() -> None:
    assert {name.partition("_")[0] for name in EVENTS} - {"note"} <= set(TOPICS)
    assert {topic for topics in TOPICS.values() for topic in topics} <= set(shared.TOPICS)


def test_a_transaction_says_each_topic_once_and_only_when_it_is_done(
    app: Flask, kiln: UUID, jobs_run_here: None
) -> None:
    key = routed_order("A-1", [line("MUG")])
    order = one("SELECT cohort FROM orders WHERE id = :id", id=key)
    valkey.client.flushall()
    entries = [Happened(key, order.cohort, f"case_{word}") for word in ("raised", "closed")]

    with transaction(OPS) as now:
        record(entries, now)
        record(entries, now)
        assert said() == []
    assert sorted(said()) == ["cases", "orders"]

    with suppress(KeyError), transaction(OPS) as now:
        record(entries, now)
        raise KeyError
    assert len(said()) == 2


def test_work_that_is_given_to_a_vendor_is_said_to_it_and_no_other(
    app: Flask, kiln: UUID, jobs_run_here: None
) -> None:
    ridge = make_vendor_with_stock("ridge", {"LAMP": 1})

    routed_order("A-1", [line("MUG")])

    assert set(said(stream_of(kiln))) == {"orders", "notices"}
    assert said(stream_of(ridge)) == []


# Whose stream -------------------------------------------------------------------------------


def test_nobody_hears_another_vendors_stream(app: Flask, kiln: UUID) -> None:
    ridge = make_vendor_with_stock("ridge")
    owners = [
        sign_in_as(app, "vendor_owner", vendor=kiln),
        sign_in_as(app, "vendor_staff", vendor=ridge),
    ]
    ops = sign_in_as(app, "ops_agent")
    places = [place_of(browser) for browser in (*owners, ops)]

    shared.say(stream_of(ridge), "orders")

    heard = [
        browser.get(f"/live/since?since={place}").json
        for browser, place in zip((*owners, ops), places, strict=True)
    ]
    assert [told["topics"] for told in heard] == [[], ["orders"], []]
    assert not any(told["again"] for told in heard)


def test_whoever_looks_at_a_vendors_portal_hears_that_vendor(app: Flask, kiln: UUID) -> None:
    ops = sign_in_as(app, "ops_agent")
    ops.post("/console/vendors/kiln/view")
    place = place_of(ops)

    shared.say(stream_of(kiln), "orders")
    shared.say(OPS_STREAM, "cases")

    assert ops.get(f"/live/since?since={place}").json["topics"] == ["orders"]


def test_a_stranger_hears_nothing(app: Flask) -> None:
    stranger = app.test_client()

    asked = stranger.get("/live/since", headers={"Accept": "application/json"})

    assert (stranger.get("/live").status_code, asked.status_code) == (302, 401)


# Until when ---------------------------------------------------------------------------------


def paced(app: Flask, **pace: float) -> None:
    """Let this test's streams live at another pace."""
    app.extensions["live"] = replace(app.extensions["live"], pace=live.Pace(**pace))


def listening(app: Flask, user_id: UUID) -> Listener:
    browser = browser_of(app, user_id)
    listener = Listener(browser, place_of(browser))
    assert listener.hear() == ("here", None)
    return listener


def test_a_stream_ends_with_its_session(app: Flask) -> None:
    paced(app, ask=0)
    user_id = make_person()
    listener = listening(app, user_id)
    shared.say(OPS_STREAM, "cases")
    assert listener.hear() == ("changed", ["cases"])

    with transaction(ACCOUNTS):
        sessions.end_all(user_id)
    shared.say(OPS_STREAM, "orders")

    assert listener.hear()[0] == "end"


def test_a_stream_ends_when_somebody_is_switched_off(app: Flask) -> None:
    paced(app, ask=0, wait=0.01)
    user_id, admin = make_person(), person_of(make_person("administrator", "Teo Marin"))
    listener = listening(app, user_id)

    with transaction(ACCOUNTS):
        people.set_active(user_id, False, admin)

    assert listener.hear()[0] == "end"


def test_a_stream_ends_at_once_when_the_server_stops(
    ops: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener(ops, place_of(ops))
    assert listener.hear()[0] == "here"

    monkeypatch.setattr(live, "is_serving", lambda: False)

    assert listener.hear()[0] == "bye"
    with pytest.raises(StopIteration):
        listener.hear()


def test_a_stream_makes_room_for_others_after_a_while(app: Flask, ops: FlaskClient) -> None:
    paced(app, life=0)
    listener = Listener(ops, place_of(ops))

    assert [listener.hear()[0], listener.hear()[0]] == ["here", "bye"]


def test_only_so_many_listen_at_once_and_a_seat_is_given_back(app: Flask, ops: FlaskClient) -> None:
    most = int(app.config["LIVE_STREAMS"])
    held = [Listener(ops, FAR_BACK) for _ in range(most)]

    crowded = ops.get("/live?since=0-1")
    assert (crowded.status_code, crowded.headers["Retry-After"]) == (204, "60")
    assert ops.get("/live/since?since=0-1").status_code == 200
    for listener in held:
        listener.close()

    assert app.extensions["live"].seats.taken == 0
    again = Listener(ops, FAR_BACK)
    assert again.answer.status_code == 200
    again.close()


def test_a_stream_holds_no_connection_to_the_database(app: Flask, ops: FlaskClient) -> None:
    listener = Listener(ops, FAR_BACK)
    listener.hear()

    assert db.engine.pool.checkedout() == 0
    listener.close()


def test_without_valkey_nobody_waits_for_news(app: Flask, ops: FlaskClient) -> None:
    there, valkey.client = valkey.client, Redis.from_url("redis://127.0.0.1:9/0")
    try:
        answers = [ops.get(path).status_code for path in ("/live", "/live/since", "/console/")]
    finally:
        valkey.client = there

    assert answers == [204, 503, 200]
    assert app.extensions["live"].seats.taken == 0


def test_a_page_that_looks_by_itself_is_no_sign_of_life(app: Flask) -> None:
    user_id = make_person()
    browser = browser_of(app, user_id)
    seen = "SELECT seen_at FROM sessions WHERE user_id = :id"
    with transaction(ACCOUNTS):
        db.session.execute(db.text("UPDATE sessions SET seen_at = seen_at - interval '5 minutes'"))
        before = db.session.scalar(db.text(seen), {"id": user_id})

    browser.get("/live/since")
    browser.get("/console/", headers={"X-Live": "1"})
    with transaction(ACCOUNTS):
        assert db.session.scalar(db.text(seen), {"id": user_id}) == before

    browser.get("/console/")
    with transaction(ACCOUNTS):
        assert db.session.scalar(db.text(seen), {"id": user_id}) > before


def test_a_page_that_looks_by_itself_takes_no_message_from_the_one_that_is_opened(
    app: Flask, ops: FlaskClient
) -> None:
    ops.post("/account/name", data={"name": "Ada"})

    assert "Your name is changed." not in ops.get("/console/", headers={"X-Live": "1"}).text
    assert "Your name is changed." in ops.get("/console/").text
