"""What every answer carries, whom a request is believed to be from, and under which name."""

from __future__ import annotations

import json
import logging
from urllib.parse import urlsplit

import pytest
from flask import Flask, request

from app.extensions import db
from app.shared import logs
from app.web.reports import LARGEST_BODY, MOST_REPORTS
from tests.conftest import make_app

# An answer of every kind: a page, a form, a file, JSON, a program's refusal, and errors.
PATHS = {
    "/": "text/html; charset=utf-8",
    "/signin": "text/html; charset=utf-8",
    "/no/such/page": "text/html; charset=utf-8",
    "/static/css/base.css": "text/css; charset=utf-8",
    "/static/icon.svg": "image/svg+xml; charset=utf-8",
    "/healthz": "application/json",
    "/api/v1/orders/none?channel=none": "application/problem+json",
    "/api/no/such/path": "application/problem+json",
    "/api/docs": "text/html; charset=utf-8",
    "/api/openapi.json": "application/json",
}
DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
    "report-uri": "/csp-reports",
    "report-to": "csp",
}


@pytest.fixture(scope="module")
def apps(cluster, database, valkey_url):
    """Make an application with other settings, once each; nothing here writes to the database."""
    made: dict[str, Flask] = {}

    def make(**settings: str) -> Flask:
        if (name := str(settings)) not in made:
            made[name] = make_app(cluster, database, valkey_url, **settings)
            made[name].before_request_funcs[None].insert(0, where)
        return made[name]

    yield make
    for app in made.values():
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def client(apps):
    """A stranger's browser."""
    return apps().test_client()


@pytest.mark.parametrize("path", PATHS)
def test_s37_the_policy_of_every_answer_lets_nothing_in_from_elsewhere(client, path):
    answer = client.get(path, buffered=True)

    rules = answer.headers["Content-Security-Policy"].split(";")
    policy = dict(rule.split(maxsplit=1) for rule in rules)
    assert policy.items() >= DIRECTIVES.items()
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Reporting-Endpoints"] == 'csp="/csp-reports"'


@pytest.mark.parametrize(("path", "kind"), PATHS.items())
def test_s38_every_answer_says_what_it_is_and_keeps_to_itself(client, path, kind):
    answer = client.get(path, buffered=True)

    assert answer.headers["Content-Type"] == kind
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=(self)" in answer.headers["Permissions-Policy"]


@pytest.mark.parametrize("path", PATHS)
def test_s39_nothing_but_files_is_kept_by_a_browser_or_a_proxy(client, path):
    told = client.get(path, buffered=True).headers["Cache-Control"]

    assert ("no-store" in told) is not path.startswith("/static/")


# Reports of browsers --------------------------------------------------------------------------

OLD_KIND = {
    "csp-report": {
        "document-uri": "https://shop.example/t/opens-a-page-4711",
        "violated-directive": "script-src-elem",
        "blocked-uri": "https://evil.test/x.js?who=ada@example.org",
    }
}
NEW_KIND = {
    "type": "csp-violation",
    "url": "https://shop.example/t/opens-a-page-4711",
    "body": {
        "documentURL": "https://shop.example/t/opens-a-page-4711",
        "effectiveDirective": "script-src-elem",
        "blockedURL": "https://evil.test/x.js?who=ada@example.org",
        "sample": "opens-a-page-4711",
    },
}


@pytest.fixture
def lines():
    """What the application logs, as it would be written."""
    written = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(json.loads(logs.JsonLines().format(record)))

    handler = Keep()
    logging.getLogger("app").addHandler(handler)
    yield written
    logging.getLogger("app").removeHandler(handler)


@pytest.mark.parametrize("body", [OLD_KIND, [NEW_KIND]], ids=["report-uri", "report-to"])
def test_s37_a_report_is_noted_with_its_directive_and_origin_and_no_more(client, lines, body):
    answer = client.post("/csp-reports", json=body)

    assert (answer.status_code, answer.text) == (204, "")
    (line,) = lines
    assert line.items() >= {"level": "warning", "event": "content blocked"}.items()
    assert (line["directive"], line["blocked"]) == ("script-src-elem", "https://evil.test")
    assert "4711" not in json.dumps(line)
    assert "ada" not in json.dumps(line)


@pytest.mark.parametrize("word", ["inline", "eval", "data", "data:text/html,x?y=1", "blob"])
def test_s37_a_report_of_what_has_no_origin_keeps_its_word(client, lines, word):
    client.post("/csp-reports", json={"csp-report": {"blocked-uri": word}})

    assert [line["blocked"] for line in lines] == [urlsplit(word).scheme or word]


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"[1, 2", b"null", b"[null, 7]", b'{"csp-report": [1]}', b"[" * 8000],
)
def test_s37_what_is_no_report_is_noted_nowhere(client, lines, body):
    assert client.post("/csp-reports", data=body).status_code in {204, 400}
    assert lines == []


def test_s37_reports_are_bounded_in_size_and_in_number(client, lines):
    assert client.post("/csp-reports", data=b" " * (LARGEST_BODY + 1)).status_code == 413

    client.post("/csp-reports", json=[NEW_KIND] * (MOST_REPORTS + 3))

    assert len(lines) == MOST_REPORTS


def test_s37_a_report_of_nonsense_cannot_fill_a_line(client, lines):
    facts = {"violated-directive": "x" * 5000, "blocked-uri": f"https://{'y' * 2000}.test/"}

    client.post("/csp-reports", json={"csp-report": facts})

    assert len(json.dumps(lines)) < 500


# Proxies and names ----------------------------------------------------------------------------


def where() -> dict[str, str] | None:
    """Tell whom the application takes a request to be from, before anybody else is asked."""
    is_ours = request.path == "/where"
    return {"address": request.remote_addr or "", "scheme": request.scheme} if is_ours else None


SPOOFED = {
    "X-Forwarded-For": "203.0.113.66, 198.51.100.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-Prefix": "/evil",
    "X-Real-IP": "203.0.113.66",
    "Forwarded": "for=203.0.113.66;host=evil.test;proto=https",
}


@pytest.mark.parametrize(
    ("hops", "address", "scheme"),
    [(0, "127.0.0.1", "http"), (1, "198.51.100.7", "https"), (2, "203.0.113.66", "http")],
)
def test_s72_only_as_many_forwarded_addresses_are_believed_as_there_are_proxies(
    apps, hops, address, scheme
):
    answer = apps(PROXY_HOPS=str(hops)).test_client().get("/where", headers=SPOOFED)

    assert answer.json == {"address": address, "scheme": scheme}


def test_s72_a_spoofed_entry_before_the_proxys_own_changes_nothing(apps):
    browser = apps(PROXY_HOPS="1").test_client()
    seen = {
        browser.get("/where", headers={"X-Forwarded-For": f"{lie}198.51.100.7"}).json["address"]
        for lie in ("", "203.0.113.1, ", "203.0.113.2, 203.0.113.3, ", "127.0.0.1, ")
    }

    assert seen == {"198.51.100.7"}


def test_s72_whoever_lies_about_an_address_is_counted_by_the_real_one(client):
    told = [
        client.post(
            "/csp-reports",
            json={},
            headers={"X-Forwarded-For": f"203.0.113.{n}"},
            environ_base={"REMOTE_ADDR": "192.0.2.9"},
        ).status_code
        for n in range(130)
    ]

    # More than two minutes' worth, so that a minute that ends in between changes nothing.
    assert (told[0], set(told)) == (204, {204, 429})


@pytest.mark.parametrize("hops", [0, 1])
@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host"])
def test_s73_no_page_is_built_from_a_name_that_is_not_ours(apps, hops, header):
    answer = apps(PROXY_HOPS=str(hops)).test_client().get("/signin", headers={header: "evil.test"})

    assert answer.status_code == (400 if header == "Host" else 200)
    assert "evil.test" not in answer.text
    assert "evil.test" not in str(answer.headers)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/plain; charset=utf-8"),
        ("/console/", "text/plain; charset=utf-8"),
        ("/static/css/base.css", "text/plain; charset=utf-8"),
        ("/api/v1/orders", "application/problem+json"),
        ("/webhooks/carriers/fedex", "application/problem+json"),
    ],
)
@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1.evil.test", "localhost@evil.test", "x y"])
def test_s73_a_host_that_is_not_ours_is_refused_everywhere(client, path, kind, host):
    answer = client.get(path, headers={"Host": host})

    assert (answer.status_code, answer.headers["Content-Type"]) == (400, kind)
    assert answer.headers["Content-Security-Policy"]
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200),
        ("127.0.0.1", 200),
        ("shop.example", 200),
        ("check.internal:8080", 200),
        ("www.shop.example", 400),
    ],
)
def test_s73_our_names_are_the_public_one_those_we_are_told_and_loopback(apps, host, status):
    names = {"PUBLIC_URL": "https://shop.example/", "TRUSTED_HOSTS": "check.internal, "}

    answer = apps(**names).test_client().get("/healthz", headers={"Host": host})

    assert answer.status_code == status
