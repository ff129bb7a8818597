"""How often somebody may ask, page sizes, and statements that take too long (S67)."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.doors.table import DOORS
from app.extensions import db, valkey
from app.shared.work import OPS, transaction
from app.web import rates
from app.web.rates import RATES
from config import ENGINE_OPTIONS
from tests.people import sign_in_as

VERIFY = "/console/audit/verify"


def statuses(browser: FlaskClient, count: int, **sent: str) -> list[int]:
    return [browser.post(VERIFY, **sent).status_code for _ in range(count)]


def test_s67_a_pace_is_each_persons_own_and_says_when_to_go_on(app: Flask) -> None:
    hasty, calm = sign_in_as(app, "administrator"), sign_in_as(app, "ops_lead")
    limit = RATES["export"]
    assert limit is not None

    told = statuses(hasty, limit.amount + 2)
    refused = hasty.post(VERIFY)

    assert 429 not in told[: limit.amount]
    assert told[limit.amount :] == [429, 429]
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "too many requests" in refused.text
    assert statuses(calm, 1) != [429]
    # What is asked for at another pace is not held up.
    assert hasty.get("/console/").status_code == 200


def test_s67_the_pace_holds_while_valkey_is_away(app: Flask) -> None:
    away = Redis.from_url("redis://127.0.0.1:9/0", socket_connect_timeout=0.1)
    valkey.client = away
    rates.register(app)
    browser, limit = sign_in_as(app, "administrator"), RATES["export"]
    assert limit is not None

    told = statuses(browser, limit.amount + 1)

    assert 429 not in told[:-1]
    assert told[-1] == 429


def test_s67_keys_that_are_nobodys_are_not_tried_for_ever(app: Flask, client: FlaskClient) -> None:
    def ask(n: int) -> int:
        headers = {"Authorization": f"Bearer onw_{n}"}
        return client.get("/api/v1/fulfillment-orders", headers=headers).status_code

    told = [ask(n) for n in range(62)]

    assert told == [401] * 60 + [429] * 2


def test_s67_a_program_is_told_as_a_program(app: Flask, client: FlaskClient) -> None:
    answers = [client.get("/api/v1/clock") for _ in range(62)]

    assert answers[-1].content_type == "application/problem+json"
    assert answers[-1].json is not None
    assert answers[-1].json["status"] == 429
    assert "Retry-After" in answers[-1].headers


def test_s67_every_door_but_files_and_probes_has_a_limit() -> None:
    without = {door.rate for door in DOORS.values() if RATES[door.rate] is None}

    assert without == {"static", "probe"}


@pytest.mark.parametrize("words", ["per_page=1e9", "size=1000000", "limit=-1", "after=x&before=y"])
def test_s67_nobody_asks_for_a_longer_page(app: Flask, words: str) -> None:
    browser = sign_in_as(app, "administrator")
    for path in ("/console/orders", "/console/audit", "/console/people"):
        assert browser.get(f"{path}?{words}").status_code == 200


def test_s67_a_statement_that_takes_too_long_is_ended(app: Flask) -> None:
    assert "statement_timeout=30s" in str(ENGINE_OPTIONS["connect_args"])
    with pytest.raises(OperationalError, match="statement timeout"), transaction(OPS):
        db.session.execute(text("SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(5)"))
