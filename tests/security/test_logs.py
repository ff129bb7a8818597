"""Log lines: one each, in UTC, and without anything that is a secret or a person's."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from base64 import b64encode
from datetime import datetime, timedelta
from pathlib import Path
from zlib import compress

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from redis import Redis

from app.shared.logs import BLANK, LONGEST, JsonLines, current_id, redacted
from tests import leaks
from tests.conftest import other_database
from tests.leaks import leaked_in

ROOT = Path(__file__).parents[2]
SECRET = "Quiet-4711"


def line_of(event: str = "something happened", error: BaseException | None = None, **facts) -> str:
    """Return the line that production would write."""
    trace = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("app.tests", logging.INFO, "", 0, event, (), trace)
    vars(record).update(facts)
    return JsonLines().format(record)


def raised(by) -> BaseException:
    """Return the error that something raises, with its trace."""
    try:
        by()
    except Exception as error:  # noqa: BLE001 - whatever it is, a log would get it
        return error
    raise AssertionError("nothing was raised")


# One line, in UTC -----------------------------------------------------------------------------


@given(st.text(), st.text(), st.text())
def test_s60_whatever_is_logged_is_one_line_of_plain_ascii(event, name, value):
    line = line_of(event, **{f"x_{name}": value}, details={name: [value]})

    assert line.isascii()
    assert line.isprintable()
    assert isinstance(json.loads(line), dict)


@pytest.mark.parametrize(
    "payload",
    [
        'x\n{"level": "error"}',
        "x\r\nfaked",
        "\x1b[2J\x1b[31mred",
        "\x9b31m",
        "a\u2028b\u0085c",
        "\0",
    ],
)
def test_s60_no_payload_breaks_out_of_its_line(payload):
    line = line_of(payload, where=payload)

    assert line.isprintable()
    assert json.loads(line)["event"] == json.loads(line)["where"] == payload


def test_s60_a_trace_is_part_of_its_line():
    line = line_of(error=raised(lambda: int("x\ny")))

    assert line.isprintable()
    assert json.loads(line)["trace"].endswith("with base 10: 'x\\ny'")


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_s60_times_are_utc_wherever_the_machine_is(monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        at = datetime.fromisoformat(json.loads(line_of())["at"])
    finally:
        monkeypatch.undo()
        time.tzset()

    assert at.utcoffset() == timedelta(0)
    assert abs(at.timestamp() - time.time()) < 5


def test_s60_the_request_or_job_is_named(monkeypatch):
    token = current_id.set("req-1")

    assert json.loads(line_of())["id"] == "req-1"
    current_id.reset(token)


# Nobody's secret ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password",
        "token",
        "access_token",
        "client_secret",
        "Authorization",
        "cookie",
        "Set-Cookie",
        "seed",
        "code",
        "recovery_codes",
        "totp_code",
        "api_key",
        "FIELD_KEY",
        "session_id",
        "csrf_token",
        "signature",
        "email",
        "phone",
        "line1",
        "postal_code",
    ],
)
@pytest.mark.parametrize("value", [SECRET, [SECRET], {"value": SECRET}, 4711])
def test_s59_a_field_that_is_named_like_a_secret_is_blank(name, value):
    assert json.loads(line_of(**{name: value}))[name] == BLANK
    assert json.loads(line_of(details=[{name: value}]))["details"] == [{name: BLANK}]


@pytest.mark.parametrize(
    "name", ["case", "vendor_code", "sqlstate", "hours_late", "done", "job", "status_code"]
)
def test_s59_a_field_that_says_what_happened_stays(name):
    assert json.loads(line_of(**{name: "A-1"}))[name] == "A-1"
    assert json.loads(line_of(**{name: 7}))[name] == 7


SPOKEN = [
    ("wrote to ada.lind+x@mail.example.org today", f"wrote to {BLANK} today"),
    ("key onw_4f-Ab_9 refused", f"key {BLANK} refused"),
    ("Authorization: Bearer abc.def-ghi", f"Authorization: {BLANK} {BLANK}"),
    ("sent basic dXNlcjpw==", f"sent basic {BLANK}"),
    ("postgresql://onward_app:Quiet@db/onward is away", f"postgresql://{BLANK}@db/onward is away"),
    ("redis://:p@ss:w@rd@10.0.0.5:6379/0", f"redis://{BLANK}@10.0.0.5:6379/0"),
    ("GET /t/abc-DEF_123 failed", f"GET /t/{BLANK} failed"),
    ("Error handling request /reset/abc.def?x=1", f"Error handling request /reset/{BLANK}?x=1"),
    ("/invitation/abc, /account/email/abc", f"/invitation/{BLANK}, /account/email/{BLANK}"),
    ("?token=abc&order=1", f"?token={BLANK}&order=1"),
    ("{'password': 'Quiet', 'name': 1}", f"{{'password': '{BLANK}', 'name': 1}}"),
    ("call +46 70 123 45 67 now", f"call {BLANK} now"),
    ("order W-1001 of 2026-11-23T09:00:00+01:00", "order W-1001 of 2026-11-23T09:00:00+01:00"),
    ("FO-1 @ kiln, 12:30, 4+5, a/t/b", f"FO-1 @ kiln, 12:30, 4+5, a/t/{BLANK}"),
    ("/orders/W-1001/shipments", "/orders/W-1001/shipments"),
]


@pytest.mark.parametrize(("said", "kept"), SPOKEN)
def test_s59_what_looks_like_a_secret_is_blank_wherever_it_stands(said, kept):
    assert redacted(said) == kept
    assert json.loads(line_of(said, details={"said": [said]}))["details"] == {"said": [kept]}


def test_s59_a_trace_is_read_like_any_other_text():
    def connect() -> None:
        raise ConnectionError("postgresql://onward_app:Quiet-4711@db/onward: ada@example.org")

    trace = json.loads(line_of(error=raised(connect)))["trace"]

    assert "ConnectionError: postgresql://[blank]@db/onward: [blank]" in trace
    assert SECRET not in trace


def test_s59_what_the_database_did_not_like_stands_in_no_trace(cluster, database):
    row = ["Ada Lind", "Storgatan 1"]
    insert = "INSERT INTO vendors (id, code, name) VALUES (NULL, %s, %s)"
    with psycopg.connect(other_database(cluster.superuser, database)) as connection:
        error = raised(lambda: connection.execute(insert, row))

    trace = json.loads(line_of(error=error))["trace"]

    assert "DETAIL:  Failing row contains" in str(error)
    assert "Ada Lind" in str(error)
    assert trace.endswith(f"violates not-null constraint\nDETAIL: {BLANK}")


def test_s59_what_a_form_did_not_like_stands_in_no_trace():
    class Form(BaseModel):
        quantity: int

    given_words = {"quantity": "Ada Lind, Storgatan 1"}
    error = raised(lambda: Form.model_validate(given_words))

    assert isinstance(error, ValidationError)
    assert "Ada Lind" in str(error)
    assert "Ada Lind" not in line_of(error=error)


@pytest.mark.parametrize("text", ["a" * 10**6, "a@" * 10**5, "+1 " * 10**5, "://" * 10**5])
def test_s59_s69_a_long_text_is_cut_and_costs_next_to_nothing(text):
    started = time.perf_counter()

    line = line_of(text)

    assert time.perf_counter() - started < 0.2
    assert len(json.loads(line)["event"]) <= LONGEST


def test_s59_a_cut_leaves_no_half_of_a_secret():
    text = "x" * (LONGEST - 20) + " redis://:Quiet-4711-and-more@valkey/0"

    assert SECRET not in line_of(text)


def test_s59_gunicorns_own_words_are_written_alike():
    """The master, which never makes the application, has the same words for its lines."""
    script = (
        "from gunicorn.app.wsgiapp import WSGIApplication as A\n"
        "log = A('%(prog)s').cfg.logger_class(A('%(prog)s').cfg)\n"
        "log.error('Error handling request %s', '/t/opens-a-page?mail=ada@example.org')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "wsgi:app"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    line = json.loads(done.stderr)
    assert line["event"] == f"Error handling request /t/{BLANK}?mail={BLANK}"
    assert line["from"] == "gunicorn.error"


# The canary itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"password {leaks.CANARIES[0]}",
        "for Ada Lind",
        "onw_marketplace",
        "imani@example.org",
        "+46701234567",
        "$argon2id$v=19",
    ],
)
def test_s59_the_canary_sings(text):
    assert leaked_in(f"before {text} after")


@pytest.mark.parametrize("text", ["job done", "case 0193-af", "+00:00", "process 4711", "a @ b"])
def test_s59_the_canary_keeps_quiet(text):
    assert leaked_in(text) is None


def test_s59_every_logger_is_listened_to_whatever_was_set_up_since():
    logging.basicConfig(level="INFO", handlers=[logging.NullHandler()], force=True)
    logger = logging.getLogger("app.never.seen.before")
    logger.propagate = False

    # Two words that no pattern of the redaction knows.
    logger.warning("for Ada Lind")

    (find,) = leaks.watch.taken()
    assert find == "the log of app.never.seen.before holds 'Ada Lind': for Ada Lind"


@pytest.fixture
def valkey(valkey_url):
    with Redis.from_url(valkey_url) as client:
        client.flushall()
        yield client
        client.flushall()


@pytest.mark.parametrize(
    "put",
    [
        lambda v: v.set("bell:ada@example.org", 1),
        lambda v: v.set("x", "Ada Lind"),
        lambda v: v.hset("x", "who", compress(b"Ada Lind")),
        lambda v: v.xadd("x", {"exc_string": b64encode(compress(b"Ada Lind, " * 9))}),
        lambda v: v.rpush("x", "a", "Ada Lind"),
        lambda v: v.sadd("x", "Ada Lind"),
        lambda v: v.zadd("x", {"Ada Lind": 1}),
    ],
    ids=["key", "string", "packed hash", "packed stream", "list", "set", "sorted set"],
)
def test_s59_valkey_is_looked_through_to_the_bottom(valkey, put):
    put(valkey)

    watch = leaks.Watch()
    watch.look_into(valkey)

    assert len(watch.taken()) == 1
