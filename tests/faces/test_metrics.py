"""The numbers of /metrics: who may read them, and what they say of a broken platform."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from sqlalchemy import event

from app import jobs
from app.accounts.keys import ensure_key
from app.extensions import db, valkey
from app.shared.work import ACCOUNTS, PLATFORM, transaction
from app.web import health, metrics
from tests.conftest import NOWHERE, Sql
from tests.factories import make_vendor_with_stock

TOKEN = "onw_monitoring"
Numbers = dict[str, dict[str, float]]
Read = Callable[[], Numbers]


@pytest.fixture
def read(app: Flask, client: FlaskClient) -> Read:
    """Return every number, by its name and then by what its labels say."""
    with transaction(ACCOUNTS):
        ensure_key("monitoring", TOKEN, None, ["metrics:read"])

    def numbers() -> Numbers:
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert (answer.status_code, answer.mimetype) == (200, "text/plain")
        found: Numbers = {}
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                key = " ".join(sample.labels[name] for name in sorted(sample.labels))
                found.setdefault(sample.name, {})[key] = sample.value
        return found

    return numbers


@contextmanager
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def test_only_a_key_of_the_marketplace_with_the_right_reads_the_numbers(
    app: Flask, client: FlaskClient
) -> None:
    vendor = make_vendor_with_stock("kiln")
    with transaction(ACCOUNTS):
        ensure_key("orders", "onw_orders", None, ["orders:read"])
        ensure_key("theirs", "onw_theirs", vendor, ["metrics:read"])

    def status(token: str | None) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return client.get("/metrics", headers=headers).status_code

    assert [status(token) for token in (None, "onw_wrong", "onw_orders", "onw_theirs")] == [
        401,
        401,
        403,
        403,
    ]


def test_a_person_of_ops_does_not_open_it_either(ops_client: FlaskClient) -> None:
    assert ops_client.get("/metrics").status_code == 401


def test_what_waits_is_read_when_somebody_asks(read: Read, sql: Sql) -> None:
    sql(
        "INSERT INTO dead_letters (job, subject, reason, attempts, raised_at) VALUES"
        " ('watch', 'order 1', 'broken', 5, now()),"
        " ('send_notifications', 'notification 1', 'uncertain: silence', 1, now())"
    )
    sql(
        "INSERT INTO checks (subject_id, watcher, subject_kind, order_id, next_check_at)"
        " SELECT gen_random_uuid(), 'watch', 'order', gen_random_uuid(),"
        " anchor_world - interval '90 seconds' FROM world_clock"
    )

    numbers = read()

    assert numbers["onward_dead_letters"]["watch"] == 1
    assert numbers["onward_messages"] == {"queued": 0, "failed": 0, "uncertain": 1}
    assert numbers["onward_job_oldest_due_world_seconds"]["watch"] == 90
    assert numbers["onward_job_oldest_due_world_seconds"]["escalate"] == 0
    assert numbers["onward_open_cases"] == {"info": 0, "warning": 0, "critical": 0}
    assert numbers["onward_unacknowledged_escalations"][""] == 0
    assert numbers["onward_world_clock_rate"][""] == 0
    assert 0 < numbers["onward_database_connections"][""] <= 100
    assert numbers["onward_scrape_ok"] == {"postgresql": 1, "valkey": 1}


def test_parts_and_queues_are_told(read: Read) -> None:
    health.beat("worker-default")
    with transaction(PLATFORM):
        jobs.ring("watch")

    numbers = read()

    up = numbers["onward_up"]
    assert (up["PostgreSQL"], up["Valkey"], up["web"], up["worker-default"]) == (1, 1, 1, 1)
    assert (up["scheduler"], up["worker-slow"]) == (0, 0)
    assert numbers["onward_heartbeat_age_seconds"]["worker-default"] < 5
    nobody = dict.fromkeys(jobs.QUEUES, 0)
    assert numbers["onward_queue_jobs"] == nobody | {"default": 1}
    assert 0 <= numbers["onward_queue_oldest_job_seconds"]["default"] < 5


def test_a_carriers_polls_are_told(read: Read, sql: Sql) -> None:
    sql("SET session_replication_role = replica")
    sql(
        "INSERT INTO polls (shipment_id, carrier, next_poll_at, heard_at, last_error)"
        " SELECT gen_random_uuid(), 'fedex', anchor_world + wait * interval '1 minute',"
        " anchor_world - interval '1 hour', error"
        " FROM world_clock, (VALUES (-10, 'HTTP 500'), (-5, NULL), (5, NULL)) v (wait, error)"
    )

    numbers = read()

    assert numbers["onward_polls_due"] == {"fedex": 2}
    assert numbers["onward_oldest_due_poll_world_seconds"] == {"fedex": 600}
    assert numbers["onward_carrier_answer_age_world_seconds"] == {"fedex": 3600}
    assert numbers["onward_polls_failing"] == {"fedex": 1}


def test_the_numbers_cost_three_statements_under_a_limit(read: Read) -> None:
    read()
    with statements() as seen:
        read()

    # Whose key it is and the beginning of each transaction come before.
    own = [sql for sql in seen if "onward.vendor_id" not in sql and "api_keys" not in sql]
    assert len(own) == 3
    assert "statement_timeout" in own[0]


def test_requests_are_counted_by_name_and_never_by_address(
    read: Read, client: FlaskClient, ops_client: FlaskClient
) -> None:
    client.get("/healthz")
    ops_client.get("/console/orders/A-1001-hush")
    client.get("/nowhere/at-all")
    client.open("/healthz", method="PROPFIND")

    numbers = read()
    counted = numbers["onward_http_request_duration_seconds_count"]

    assert counted["health.healthz GET 2xx"] >= 1
    assert counted["console.order GET 4xx"] >= 1
    assert counted["none GET 4xx"] >= 1
    assert counted["none other 4xx"] >= 1
    assert not any("hush" in key or "/" in key for key in counted)


def test_without_valkey_its_numbers_are_missing_and_the_others_are_there(
    app: Flask, read: Read
) -> None:
    valkey.client = Redis.from_url(f"redis://{NOWHERE}/0", socket_connect_timeout=1)

    numbers = read()

    assert (numbers["onward_up"]["Valkey"], numbers["onward_up"]["PostgreSQL"]) == (0, 1)
    assert numbers["onward_scrape_ok"] == {"postgresql": 1, "valkey": 0}
    assert "onward_queue_jobs" not in numbers
    assert numbers["onward_open_cases"]["critical"] == 0


def test_a_table_that_cannot_be_read_in_time_leaves_the_others(read: Read, sql: Sql) -> None:
    sql("ALTER TABLE escalations RENAME TO away")
    try:
        numbers = read()
    finally:
        sql("ALTER TABLE away RENAME TO escalations")

    assert numbers["onward_scrape_ok"] == {"postgresql": 0, "valkey": 1}
    assert "onward_queue_jobs" in numbers
    assert "onward_open_cases" not in numbers


def test_processes_count_together_in_one_folder(
    read: Read, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = tmp_path / "counter.py"
    counter.write_text(
        "from app.web.metrics import SECONDS\nSECONDS.labels('page', 'GET', '2xx').observe(0.2)\n"
    )
    told = {**os.environ, metrics.FOLDER: str(tmp_path), "PYTHONPATH": "."}
    for _ in range(2):
        subprocess.run([sys.executable, str(counter)], env=told, check=True)

    monkeypatch.setenv(metrics.FOLDER, str(tmp_path))
    numbers = read()

    assert numbers["onward_http_request_duration_seconds_count"] == {"page GET 2xx": 2}
    assert numbers["onward_disk_free_bytes"][""] > 0
