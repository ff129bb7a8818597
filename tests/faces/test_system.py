"""The system page: a part that is silent, slow or hanging shows, on it and on every other page."""

from __future__ import annotations

import re
import time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from app import jobs
from app.extensions import valkey
from app.shared.work import PLATFORM, transaction
from app.web import health, queues
from tests.conftest import NOWHERE, Sql

ALL = health.PARTS
SYSTEM = "/console/system"


@pytest.fixture
def alive(app: Flask) -> None:
    """Every part says that it is alive."""
    for part in ALL:
        health.beat(part)
    health.beat_web()


def is_red(page: str, part: str) -> bool:
    """Return whether the page draws a part's tile in red."""
    return f'data-tone="crit"><h2 class="k"><bdi>{part}</bdi></h2>' in page


def counted(page: str) -> int:
    """Return the red number beside the rail's System entry; 0 where none is shown."""
    found = re.search(r'<span class="n" id="n-\w*-system"([^>]*)>(\d+)<', page)
    assert found is not None
    assert 'data-tone="crit"' in found[1]
    return 0 if "hidden" in found[1] else int(found[2])


def forget_the_count(app: Flask) -> None:
    """Let five seconds pass for what a process remembers."""
    app.extensions.pop("ill", None)


def test_when_all_is_well_nothing_is_red(alive: None, ops_client: FlaskClient) -> None:
    page = ops_client.get(SYSTEM).text

    assert "All 9 parts are running." in page
    assert 'data-tone="crit"' not in page.partition("<main")[2]
    assert counted(page) == 0


@pytest.mark.parametrize("part", ALL)
def test_a_part_that_is_silent_is_red_and_counted_on_every_page(
    app: Flask, alive: None, ops_client: FlaskClient, part: str
) -> None:
    # What fifteen seconds without a sign of life leave behind.
    valkey.client.delete(f"alive:{part}")

    page, other = ops_client.get(SYSTEM).text, ops_client.get("/console/").text

    assert is_red(page, part)
    assert f"1 of 9 parts needs a person: {part}" in page
    assert "<title>(1) System" in page
    assert counted(other) == 1
    assert 'aria-label="More pages, 1 need a person"' in other


def test_a_sign_of_life_ends_by_itself(alive: None) -> None:
    for part in ALL:
        assert 0 < valkey.client.ttl(f"alive:{part}") <= health.ALIVE_SECONDS


def test_a_part_that_is_back_is_green_again(
    app: Flask, alive: None, ops_client: FlaskClient
) -> None:
    valkey.client.delete("alive:scheduler")
    assert is_red(ops_client.get(SYSTEM).text, "scheduler")

    health.beat("scheduler")
    forget_the_count(app)

    assert not is_red(ops_client.get(SYSTEM).text, "scheduler")
    assert counted(ops_client.get("/console/").text) == 0


@pytest.mark.parametrize(
    ("seconds", "tone", "words"),
    [(10, "good", "running"), (40, "warn", "slow"), (55, "crit", "hangs")],
)
def test_a_worker_that_beats_and_does_not_get_on_shows(
    alive: None, ops_client: FlaskClient, seconds: int, tone: str, words: str
) -> None:
    health.beat("worker-slow", time.time() - seconds)

    page = ops_client.get(SYSTEM).text
    tile = page.partition('<h2 class="k"><bdi>worker-slow</bdi></h2>')[2].partition("</div>")[0]

    assert f'data-tone="{tone}"><h2 class="k"><bdi>worker-slow</bdi></h2>' in page
    assert f"<span>{words}</span>" in tile
    assert health.ill() == (1 if tone == "crit" else 0)


def test_a_web_process_that_is_stopped_shows_and_one_that_ended_does_not(
    alive: None, ops_client: FlaskClient
) -> None:
    long_ago = time.time() - 60
    valkey.client.zadd(health.WEB, {"elsewhere:1": long_ago})
    page = ops_client.get(SYSTEM).text
    assert is_red(page, "web")
    assert "1 of 2 processes" in page

    valkey.client.zrem(health.WEB, "elsewhere:1")
    host = health.socket.gethostname()
    valkey.client.zadd(health.WEB, {f"{host}:999999999": long_ago})
    assert not is_red(ops_client.get(SYSTEM).text, "web")


def test_a_queue_whose_first_job_waits_turns_amber_then_red(
    app: Flask, alive: None, ops_client: FlaskClient
) -> None:
    with transaction(PLATFORM):
        jobs.ring("watch")
    (job_id,) = valkey.client.lrange("rq:queue:default", 0, -1)
    key = f"rq:job:{job_id.decode()}"

    found = []
    for seconds in (1, 40, 90):
        at = time.gmtime(time.time() - seconds)
        valkey.client.hset(key, "enqueued_at", time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", at))
        (line,) = [line for line in queues.standings() or [] if line.name == "default"]
        found.append((line.waiting, line.tone))

    assert found == [(1, "good"), (1, "warn"), (1, "crit")]
    assert "nobody takes it" in ops_client.get(SYSTEM).text


def test_without_valkey_the_page_answers_and_says_so(
    app: Flask, alive: None, ops_client: FlaskClient
) -> None:
    valkey.client = Redis.from_url(f"redis://{NOWHERE}/0", socket_connect_timeout=1)

    answer = ops_client.get(SYSTEM)

    assert answer.status_code == 200
    assert is_red(answer.text, "Valkey")
    assert "1 of 9 parts needs a person: Valkey" in answer.text
    assert answer.text.count("nobody can be heard without Valkey") == len(ALL)
    assert "Nobody knows while Valkey is away" in answer.text


def test_who_cannot_be_heard_is_not_counted_as_ill_but_nobody_is_ready(
    app: Flask, client: FlaskClient
) -> None:
    valkey.client = Redis.from_url(f"redis://{NOWHERE}/0", socket_connect_timeout=1)

    assert health.ill() == 1
    told = client.get("/readyz")
    assert told.status_code == 503
    assert told.json["parts"]["scheduler"]["well"] is False


def test_a_process_asks_for_the_count_once_in_five_seconds(app: Flask, alive: None) -> None:
    assert health.ill() == 0
    valkey.client.delete("alive:scheduler")

    assert health.ill() == 0
    forget_the_count(app)
    assert health.ill() == 1


def test_what_a_stranger_wrote_as_a_sign_of_life_breaks_nothing(
    alive: None, ops_client: FlaskClient
) -> None:
    valkey.client.set("seen:scheduler", b"\xff<script>")

    page = ops_client.get(SYSTEM).text

    assert not is_red(page, "scheduler")
    assert "<script>" not in page.partition("</head>")[2]


def test_carriers_are_named_with_what_is_due_and_what_went_wrong(
    alive: None, ops_client: FlaskClient, sql: Sql
) -> None:
    assert "no parcel under way" in ops_client.get(SYSTEM).text
    sql("SET session_replication_role = replica")
    sql(
        "INSERT INTO polls (shipment_id, carrier, next_poll_at, heard_at, last_error, attempts)"
        " SELECT gen_random_uuid(), 'fedex', anchor_world - interval '3 minutes',"
        " anchor_world - interval '1 hour', 'HTTP 500', 4 FROM world_clock"
    )

    page = ops_client.get(SYSTEM).text

    assert "does not answer" in page
    assert "HTTP 500</bdi>, 1 parcel" in page
    assert "for 3 m" in page


def test_the_page_looks_again_by_itself_with_and_without_scripts(
    alive: None, ops_client: FlaskClient
) -> None:
    page = ops_client.get(SYSTEM).text

    assert '<noscript><meta http-equiv="refresh" content="30"></noscript>' in page
    assert '<div data-live-every="10">' in page
    for block in ("parts", "queues", "work", "carriers", "dead"):
        assert f'id="system-{block}" data-live="replace"' in page
