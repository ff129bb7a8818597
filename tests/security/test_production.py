"""What production refuses, what it insists on, and how its keys are changed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import psycopg
import pytest
from flask import Flask, request
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import create_app
from app.extensions import db
from app.production import demonstration_logins
from config import DEFAULTS, Config, ConfigError
from tests.conftest import make_app, other_database

ROOT = Path(__file__).parents[2]
OLD_KEY, NEW_KEY = "An0ld-key-of-32-characters-and-more", "A-n3w-key-of-32-characters-and-more"
FIELD_KEY = "A-f1eld-key-of-32-characters-and-more"
SHOP = "https://shop.example"
APPLICATION = "postgresql://onward_app:Quiet-4711@db.internal/onward"
OWNER = "postgresql://onward_owner:Quiet-4712@db.internal/onward"
TLS = "?sslmode=verify-full&sslrootcert=/etc/ssl/internal.pem"
SOUND = Config(
    ENVIRONMENT="production",
    SECRET_KEY=NEW_KEY,
    FIELD_KEY=FIELD_KEY,
    PUBLIC_URL=SHOP,
    DATABASE_URL=APPLICATION + TLS,
    DATABASE_OWNER_URL=OWNER + TLS,
    REDIS_URL="rediss://:Quiet-4713@valkey.internal:6380/0",
    SMTP_URL="smtps://onward:Quiet-4714@mail.internal:465",
    MAIL_FROM="Shop <orders@shop.example>",
)
# What makes production refuse to start, the setting it names, and a word of the reason.
REFUSALS = [
    ("SECRET_KEY", DEFAULTS.SECRET_KEY, "default"),
    ("SECRET_KEY", "x1y2z3w4" * 3, "shorter"),
    ("SECRET_KEY", "a" * 64, "default or shorter than 32 random"),
    ("SECRET_KEY", FIELD_KEY, "the same"),
    ("SECRET_KEY_FALLBACKS", f"{OLD_KEY},{DEFAULTS.SECRET_KEY}", "default"),
    ("FIELD_KEY_FALLBACKS", NEW_KEY, "the same"),
    ("FIELD_KEY", DEFAULTS.FIELD_KEY, "default"),
    ("FIELD_KEY", "short", "shorter"),
    ("FIELD_KEY_FALLBACKS", DEFAULTS.FIELD_KEY, "default"),
    ("PUBLIC_URL", "http://shop.example", "not https"),
    ("PUBLIC_URL", "https://", "no host"),
    ("FEDEX_URL", "http://apis.fedex.com", "not https"),
    ("FEDEX_URL", "http://127.0.0.1:9/fedex", "not https"),
    ("DATABASE_OWNER_URL", "", "no role of its own"),
    ("DATABASE_OWNER_URL", APPLICATION + TLS, "no role of its own"),
    ("DATABASE_OWNER_URL", OWNER, "without verified TLS"),
    ("DATABASE_URL", APPLICATION, "without verified TLS"),
    ("DATABASE_URL", APPLICATION + "?sslmode=require", "without verified TLS"),
    ("DATABASE_URL", APPLICATION + "?sslmode=verify-full&sslmode=disable", "verified TLS"),
    ("DATABASE_URL", "postgresql://onward_app:Quiet-4711@/onward", "without verified TLS"),
    ("DATABASE_URL", "postgresql://a:Quiet-4711@localhost/o?hostaddr=10.0.0.5", "verified TLS"),
    ("DATABASE_URL", "postgresql://a:Quiet-4711@localhost,db.internal/o", "verified TLS"),
    ("DATABASE_URL", "postgresql://onward_app@localhost/onward", "no password"),
    ("DATABASE_URL", "postgresql://[::1/onward", "no password"),
    ("REDIS_URL", "redis://:Quiet-4713@valkey.internal/0", "without verified TLS"),
    ("REDIS_URL", "rediss://:Quiet-4713@valkey.internal/0?ssl_cert_reqs=none", "verified TLS"),
    ("REDIS_URL", "rediss://:Quiet-4713@v.internal/0?ssl_check_hostname=0", "verified TLS"),
    ("REDIS_URL", "rediss://valkey.internal:6380/0", "no password"),
    ("REDIS_URL", "redis://127.0.0.1:6379/0", "no password"),
    ("SMTP_URL", "smtp://mail.internal:25", "without TLS"),
    ("MAIL_FROM", DEFAULTS.MAIL_FROM, "example"),
    ("DEMO_PASSWORD", "Quiet-4715", "demonstration"),
    ("SIMULATOR_API_KEY", "onw_Quiet-4716", "demonstration"),
    ("SPEED", "1800", "demonstration"),
    ("CLOCK", "stepped", "demonstration"),
    ("FLASK_DEBUG", "1", "demonstration"),
]
# What is refused wherever it is.
NONSENSE = [
    ("ENVIRONMENT", "prod"),
    ("ENVIRONMENT", "Production"),
    ("PROXY_HOPS", "one"),
    ("PROXY_HOPS", "-1"),
    ("PROXY_HOPS", "100"),
    ("LIVE_STREAMS", "many"),
    ("LOG_LEVEL", "LOUD"),
    ("PUBLIC_URL", "shop.example"),
]
# As safe as the network's best: nothing crosses one.
LOCAL = [
    ("DATABASE_URL", "postgresql://onward_app:Quiet-4711@127.0.0.1:5432/onward"),
    ("DATABASE_URL", "postgresql://onward_app:Quiet-4711@[::1]:5432/onward"),
    ("DATABASE_URL", "postgresql://onward_app:Quiet-4711@/onward?host=/run/postgresql"),
    ("DATABASE_URL", APPLICATION + "?sslmode=verify-ca"),
    ("REDIS_URL", "redis://:Quiet-4713@localhost:6379/0"),
    ("REDIS_URL", "unix://:Quiet-4713@/run/valkey.sock"),
    ("SMTP_URL", "smtp://127.0.0.1:25"),
    ("SMTP_URL", "smtp://onward:Quiet-4714@mail.internal:587"),
    ("SECRET_KEY_FALLBACKS", f"{OLD_KEY}, "),
    ("FLASK_DEBUG", "0"),
]
RELAXED = ("demo", "test")


def changed(name: str, value: str) -> Config:
    return replace(SOUND, **{name: value})


def without_comments(answer) -> str:
    return re.sub(r"<!--.*?-->", "", answer.text, flags=re.DOTALL)


def test_s65_a_sound_production_has_no_problem():
    assert SOUND.problems() == []


@pytest.mark.parametrize(("name", "value", "word"), REFUSALS)
def test_s57_s65_production_refuses(name, value, word):
    problems = changed(name, value).problems()

    assert problems
    setting = name.removesuffix("_FALLBACKS")
    assert any(setting in problem and word in problem for problem in problems)
    assert all(problem.endswith((".", "prints.")) and ": " in problem for problem in problems)


@pytest.mark.parametrize(("name", "value", "word"), REFUSALS)
def test_s59_a_refusal_shows_no_secret(name, value, word):
    told = str(ConfigError(changed(name, value).problems()))

    assert "Quiet-47" not in told
    assert not {NEW_KEY, OLD_KEY, FIELD_KEY} & set(told.split())


@pytest.mark.parametrize(("name", "value"), LOCAL)
def test_s57_what_crosses_no_network_needs_no_tls(name, value):
    assert changed(name, value).problems() == []


@pytest.mark.parametrize("environment", [*RELAXED, "production"])
@pytest.mark.parametrize(("name", "value"), NONSENSE)
def test_s65_a_setting_that_means_nothing_is_refused_everywhere(environment, name, value):
    config = replace(SOUND, **{"ENVIRONMENT": environment, name: value})

    assert any(problem.startswith(name) for problem in config.problems())


@pytest.mark.parametrize("environment", RELAXED)
def test_s65_the_defaults_run_where_nobody_is_at_stake(environment):
    assert Config(ENVIRONMENT=environment).problems() == []


def test_s65_every_problem_is_told_at_once_and_nothing_is_made():
    with pytest.raises(ConfigError) as refusal:
        create_app(replace(SOUND, SECRET_KEY="short", MAIL_FROM=DEFAULTS.MAIL_FROM, SPEED="60"))

    assert [p.partition(" ")[0] for p in refusal.value.problems] == [
        "SECRET_KEY",
        "MAIL_FROM",
        "SPEED",
    ]


def started(words: list[str], given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Return how a start of ours with these settings ended and what it said."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | {name: value for name, value in given.items() if value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "words",
    [
        ["-m", "gunicorn", "wsgi:app", "--bind", "127.0.0.1:0", "--no-control-socket"],
        ["-m", "flask", "--app", "wsgi", "routes"],
        ["-m", "workers.run", "slow"],
    ],
    ids=lambda words: words[1],
)
def test_s65_a_refused_start_ends_in_sentences_and_not_in_a_trace(words):
    done = started(words, {"ENVIRONMENT": "production", "DEMO_PASSWORD": "Quiet-4715"})

    told = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Onward does not start:\n- SECRET_KEY is a default" in told
    assert "- DEMO_PASSWORD belongs to a demonstration" in told
    assert "Traceback" not in told
    assert "Quiet-47" not in told


# What production insists on -------------------------------------------------------------------


@pytest.mark.parametrize("environment", RELAXED)
def test_s36_loopback_is_relaxed_in_one_place_and_production_is_not(environment):
    strict, relaxed = SOUND.for_flask(), Config(ENVIRONMENT=environment).for_flask()
    names = ("SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "NEEDS_SECOND_FACTOR", "HSTS_SECONDS")

    assert [strict[name] for name in names] == ["__Host-session", True, True, 31_536_000]
    assert [relaxed[name] for name in names] == ["session", False, False, 0]


@pytest.fixture
def production(cluster, database, valkey_url, fresh):
    """An application with production's settings, on the tests' own servers."""
    yield (app := make_production(cluster, database, valkey_url))
    with app.app_context():
        db.engine.dispose()


def make_production(cluster, database, valkey_url, **settings: str) -> Flask:
    sound = {
        "ENVIRONMENT": "production",
        "SECRET_KEY": NEW_KEY,
        "FIELD_KEY": FIELD_KEY,
        "PUBLIC_URL": SHOP,
        "MAIL_FROM": SOUND.MAIL_FROM,
    }
    return make_app(cluster, database, valkey_url, **(sound | settings))


def token_in(answer) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', without_comments(answer))
    assert found
    return found[1]


def cookie_of(answer) -> tuple[str, set[str]]:
    """Return a session cookie's name and its attributes."""
    (header,) = [h for h in answer.headers.getlist("Set-Cookie") if "session" in h.split("=")[0]]
    name, *attributes = [word.strip() for word in header.split(";")]
    return name.split("=")[0], {word for word in attributes if not word.startswith("Expires")}


def test_s36_the_cookie_of_production_is_bound_to_https_and_this_host(production):
    answer = production.test_client().get("/signin", base_url=SHOP)

    name, attributes = cookie_of(answer)
    assert name == "__Host-session"
    assert attributes >= {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}
    assert not any(word.startswith("Domain") for word in attributes)


def test_s36_on_loopback_the_cookie_has_all_that_http_allows(client):
    name, attributes = cookie_of(client.get("/signin"))

    assert name == "session"
    assert attributes >= {"HttpOnly", "Path=/", "SameSite=Lax"}
    assert "Secure" not in attributes


def test_s38_production_asks_browsers_to_stay_on_https_for_a_year(production, client):
    told = production.test_client().get("/healthz", base_url=SHOP)

    assert told.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "Strict-Transport-Security" not in client.get("/healthz").headers


@pytest.mark.parametrize("headers", [{}, {"Origin": SHOP}, {"Referer": f"{SHOP}/signin"}])
def test_s35_forms_are_taken_over_https_from_whatever_browser(production, headers):
    browser = production.test_client()
    token = token_in(browser.get("/signin", base_url=SHOP))
    form = {"email": "nobody@example.org", "password": "guessed wrong", "csrf_token": token}

    answer = browser.post("/signin", base_url=SHOP, data=form, headers=headers)

    # The form was read, and the pair in it is nobody's.
    assert answer.status_code == 422


def test_s73_production_answers_to_its_public_name_only(production):
    browser = production.test_client()

    assert browser.get("/healthz", base_url=SHOP).status_code == 200
    assert browser.get("/healthz", base_url="http://127.0.0.1:8000").status_code == 400


# A demonstration's logins ---------------------------------------------------------------------


@pytest.fixture
def add_person(cluster, database, app):
    """Put a person's row in as it is; how people are made is not what this is about."""

    def add(email: str, *, is_active: bool = True) -> None:
        with psycopg.connect(other_database(cluster.superuser, database)) as connection:
            connection.execute(
                "INSERT INTO users (id, email, name, role, password_hash, is_active)"
                " VALUES (gen_random_uuid(), %s, 'Somebody', 'ops_agent', '', %s)",
                [email, is_active],
            )

    return add


def test_s65_production_does_not_serve_a_database_with_a_demonstrations_logins(
    app, add_person, cluster, database, valkey_url
):
    add_person("ops@demo.example")
    add_person("gone@demo.example", is_active=False)
    add_person("imani@shop.example")

    assert demonstration_logins() == ["ops@demo.example"]
    with pytest.raises(ConfigError, match="still lets ops@demo"):
        make_production(cluster, database, valkey_url)


def test_s65_a_database_that_cannot_be_asked_is_not_taken_for_one_without_logins(
    cluster, valkey_url, fresh
):
    with pytest.raises(OperationalError):
        make_production(cluster, "there_is_none", valkey_url)


DEAD = "postgresql://{}:Quiet-4711@127.0.0.1:9/onward"


@pytest.mark.parametrize(
    ("words", "code"), [(["-m", "flask", "--app", "wsgi", "routes"], 0), (["-c", "import wsgi"], 1)]
)
def test_s65_a_command_asks_no_database_and_a_server_does(words, code):
    given = {"DATABASE_URL": DEAD.format("app"), "DATABASE_OWNER_URL": DEAD.format("owner")}

    done = started(words, asdict(SOUND) | given)

    assert done.returncode == code, done.stderr
    assert ("connection failed" in done.stderr) is bool(code)
    assert "Quiet-47" not in done.stdout + done.stderr


def test_s65_commands_run_on_a_database_that_has_no_tables_yet(cluster, valkey_url, fresh):
    nowhere = other_database(cluster.application, "there_is_none")
    config = replace(SOUND, DATABASE_URL=nowhere, DATABASE_OWNER_URL=cluster.owner)

    app = create_app(replace(config, REDIS_URL=valkey_url), is_serving=False)

    assert app.config["ENVIRONMENT"] == "production"


# Errors tell nothing --------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/broken", "/api/broken"])
def test_s65_an_unexpected_error_shows_its_number_and_nothing_else(production, path):
    def broken() -> None:
        db.session.execute(text("SELECT 1 FROM no_such_table_4711"))

    with production.app_context():
        answer = answer_of(production, path, broken)

    assert answer.status_code == 500
    assert answer.headers["X-Request-Id"] in answer.text
    for inside in ("no_such_table", "SELECT", "Traceback", "psycopg", "sqlalchemy", ".py"):
        assert inside not in answer.text
    assert production.debug is False


def test_s65_the_number_is_told_even_when_what_makes_pages_is_what_broke(production):
    production.jinja_env.globals.pop("url_for")

    answer = production.test_client().get("/no/such/page", base_url=SHOP)

    number = answer.headers["X-Request-Id"]
    assert (answer.status_code, answer.text) == (404, f"Not Found. Request {number}\n")
    assert answer.headers["Content-Security-Policy"]


def answer_of(app: Flask, path: str, view):
    """Return what an application answers whose every view is this one."""

    def before():
        if request.path == path:
            view()

    # Before all others: who may ask is not what this is about.
    app.before_request_funcs[None].insert(0, before)
    return app.test_client().get(path, base_url=SHOP)


def test_s65_the_runbook_names_every_setting_that_production_refuses():
    runbook = (ROOT / "docs" / "runbook.md").read_text()

    assert [name for name, *_ in REFUSALS if f"`{name}`" not in runbook] == []
