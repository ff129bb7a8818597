"""Notices: told once, to whom they concern, mailed as somebody wishes, never doubled nor lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.accounts import people, preferences
from app.accounts.preferences import NOBODYS
from app.extensions import db
from app.notices.contract import Notice, kinds_of
from app.notices.service import tell
from app.orders.contract import Action
from app.orders.service import act
from app.shared import clock
from app.shared.work import ACCOUNTS, OPS, transaction, vendor_scope
from tests.conftest import NOW, Sql
from tests.factories import (
    ACTOR,
    at,
    line,
    make_vendor_with_stock,
    one,
    references,
    routed_order,
    rows,
    run,
    run_jobs,
)
from tests.flow.conftest import Died
from tests.people import browser_of, make_person, person_of, sign_in_as

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 10})


CRITICAL = "SELECT reference FROM exception_cases WHERE critical_at IS NOT NULL"
Told = Callable[..., None]


@pytest.fixture
def told(app: Flask, sql: Sql) -> Told:
    """Tell somebody something, a while ago: told("mention", imani, ago=HOUR)."""

    def say(kind: str, audience: str, *, ago: timedelta = 5 * MINUTE, once: str = "") -> None:
        name = once or f"{kind} {audience} {ago}"
        facts = {"by": "Noor Aziz", "number": "A-1", "kind": "late_dispatch", "name": "FO-1"}
        with transaction(OPS):
            tell([Notice(audience, kind, "X-1", name, facts)])
        sql("UPDATE notices SET at = at - %s WHERE once = %s", ago, name)

    return say


def somebody(sql: Sql, role: str = "ops_agent", **who: Any) -> UUID:
    """Return somebody who has been here for a month."""
    user_id = make_person(role, **who)
    sql("UPDATE users SET created_at = created_at - interval '30 days' WHERE id = %s", user_id)
    return user_id


def wants(user_id: UUID, **chosen: Any) -> None:
    with transaction(ACCOUNTS):
        preferences.change(user_id, NOBODYS, **chosen)


def wall(away: timedelta = timedelta(0)) -> Any:
    """Return what a clock in UTC shows now, or a little away from it."""
    return (clock.machine_now() + away).time().replace(microsecond=0)


def notices(sql: Sql, kind: str) -> list[Any]:
    """Return audience, subject, facts and moment of every notice of a kind."""
    return sql("SELECT audience, subject, facts, at FROM notices WHERE kind = %s ORDER BY at", kind)


def mails() -> list[tuple[str, str]]:
    found = rows(
        "SELECT recipient, template FROM notifications WHERE audience = 'person' ORDER BY id"
    )
    return [(row.recipient, row.template) for row in found]


def lines() -> str:
    found = rows("SELECT facts FROM notifications WHERE audience = 'person' ORDER BY id")
    return "\n".join(row.facts["lines"] for row in found)


# Telling ------------------------------------------------------------------------------------


def test_the_same_cause_twice_is_one_notice_and_its_first_words_stay(app: Flask, sql: Sql) -> None:
    for number in ("A-1", "A-2"):
        with transaction(OPS):
            tell([Notice("ops", "case_critical", "CA-1", "one cause", {"number": number})])

    assert [facts for _, _, facts, _ in notices(sql, "case_critical")] == [{"number": "A-1"}]


def test_a_vendor_may_tell_and_reads_nobodys_notices(app: Flask, sql: Sql, kiln: UUID) -> None:
    with transaction(vendor_scope(kiln)):
        tell([Notice("ops", "note", "OR-1", "a note", {"by": "Noor Aziz"})])

    assert [audience for audience, *_ in notices(sql, "note")] == ["ops"]
    with (
        pytest.raises(Exception, match="permission denied for table notices"),
        transaction(vendor_scope(kiln)),
    ):
        db.session.execute(text("SELECT id FROM notices"))


def test_work_that_is_given_to_a_vendor_is_told_to_it_once(
    app: Flask, sql: Sql, kiln: UUID
) -> None:
    key = routed_order("A-1", [line("MUG")])
    run_jobs()

    ((audience, subject, facts, _),) = notices(sql, "work_assigned")
    assert (audience, [subject]) == (f"vendor:{kiln}", references(key))
    assert facts["number"] == "A-1"


def test_a_vendor_is_told_what_others_hold_and_not_what_it_holds_itself(
    app: Flask, sql: Sql, kiln: UUID
) -> None:
    (reference,) = references(routed_order("A-1", [line("MUG")]))
    for scope, action in (
        (OPS, Action.HOLD),
        (OPS, Action.RELEASE),
        (vendor_scope(kiln), Action.HOLD),
    ):
        with transaction(scope) as now:
            act([reference], action, actor=ACTOR, now=now, reason="wrong label")

    ((audience, subject, facts, _),) = notices(sql, "work_held")
    assert (audience, subject) == (f"vendor:{kiln}", reference)
    assert facts["reason"] == "wrong label"


def test_a_case_that_becomes_critical_is_told_once_and_its_climb_to_those_it_reaches(
    app: Flask, sql: Sql, kiln: UUID
) -> None:
    routed_order("A-1", [line("MUG")])
    for days in (3, 6, 6, 9):
        at(NOW + days * DAY)
        run_jobs()

    critical = {row.reference for row in rows(CRITICAL)}
    told_of = [(audience, subject) for audience, subject, *_ in notices(sql, "case_critical")]
    assert sorted(told_of) == [("ops", reference) for reference in sorted(critical)]
    reached = rows("SELECT DISTINCT level FROM escalation_steps WHERE level <> 'ops'")
    climbs = notices(sql, "escalation")
    assert {audience for audience, *_ in climbs} == {f"role:{row.level}" for row in reached}
    assert {subject for _, subject, *_ in climbs} <= critical
    assert {facts["number"] for _, _, facts, _ in climbs} == {"A-1"}


# Reading ------------------------------------------------------------------------------------


def test_somebody_sees_what_they_were_told_and_what_is_new(
    app: Flask, sql: Sql, told: Told, kiln: UUID
) -> None:
    imani, jonas = somebody(sql), somebody(sql, name="Jonas Weber")
    for kind, audience in (
        ("mention", f"person:{imani}"),
        ("mention", f"person:{jonas}"),
        ("case_critical", "ops"),
        ("escalation", "role:ops_lead"),
        ("work_assigned", f"vendor:{kiln}"),
    ):
        told(kind, audience)
    browser = browser_of(app, imani)

    page = browser.get("/console/notices").text
    assert [
        page.count(words) for words in ("mentions you", "is critical", "needs", "New work")
    ] == [
        1,
        1,
        0,
        0,
    ]
    assert "2 not seen yet" in page
    assert "Times are real time, in UTC." in page
    assert 'aria-label="Notices, 2 not seen"' in page

    until = max(at for kind in ("mention", "case_critical") for *_, at in notices(sql, kind))
    browser.post("/console/notices/seen", data={"until": until.isoformat()})
    page = browser.get("/console/notices").text
    assert "You have seen all of them." in page
    assert 'aria-label="Notices"' in page


def test_looking_marks_no_further_than_what_was_shown(app: Flask, sql: Sql, told: Told) -> None:
    imani = somebody(sql)
    told("case_critical", "ops", ago=HOUR, once="old")
    ((*_, shown),) = notices(sql, "case_critical")
    told("case_critical", "ops", ago=MINUTE, once="came meanwhile")
    browser = browser_of(app, imani)

    browser.post("/console/notices/seen", data={"until": shown.isoformat()})
    assert "1 not seen yet" in browser.get("/console/notices").text

    for nonsense in ("2999-01-01T00:00:00+00:00", "nonsense", "2026-01-01"):
        browser.post("/console/notices/seen", data={"until": nonsense})
    assert "You have seen all of them." in browser.get("/console/notices").text
    ((seen_until,),) = sql("SELECT seen_until FROM notice_marks")
    assert seen_until <= clock.machine_now()


def test_nobody_of_a_vendor_sees_anothers_notices(app: Flask, told: Told, kiln: UUID) -> None:
    ridge = make_vendor_with_stock("ridge")
    told("work_assigned", f"vendor:{ridge}")
    told("case_critical", "ops")
    owner = sign_in_as(app, "vendor_owner", vendor=kiln)

    for path in ("/portal/notices", "/portal/notices/news"):
        answer = owner.get(path)
        assert (answer.status_code, "X-1" in answer.text) == (200, False)
    assert owner.get("/console/notices").status_code == 403


def test_whoever_looks_over_a_vendors_shoulder_marks_nothing(
    app: Flask, sql: Sql, told: Told, kiln: UUID
) -> None:
    browser = browser_of(app, somebody(sql))
    told("work_assigned", f"vendor:{kiln}")
    told("case_critical", "ops")
    browser.post("/console/vendors/kiln/view")

    page = browser.get("/portal/notices").text
    assert ("New work: X-1" in page, "is critical" in page) == (True, False)
    assert 'aria-label="Notices"' in page
    assert browser.post("/portal/notices/seen").status_code == 403


def test_many_notices_stand_on_pages_newest_first(app: Flask, sql: Sql, told: Told) -> None:
    browser = browser_of(app, somebody(sql))
    for n in range(60):
        told("case_critical", "ops", ago=MINUTE * (n + 2), once=f"n{n}")

    first = browser.get("/console/notices")
    rest = browser.get(first.text.split('rel="next"')[0].rpartition('href="')[2].partition('"')[0])

    assert [page.text.count("data-key=") for page in (first, rest)] == [50, 10]


# On screen ----------------------------------------------------------------------------------


def news(browser: FlaskClient) -> int:
    """Return how many notices are to be said on screen now."""
    return int(browser.get("/console/notices/news").text.count("<li data-id"))


def test_what_happened_just_now_is_said_on_screen(app: Flask, sql: Sql, told: Told) -> None:
    browser = browser_of(app, somebody(sql))
    told("case_critical", "ops", ago=2 * MINUTE, once="a while ago")
    assert news(browser) == 0

    told("case_critical", "ops", ago=timedelta(0))
    assert news(browser) == 1
    browser.post("/console/notices/seen")
    assert news(browser) == 0


def test_nothing_is_said_in_quiet_hours_nor_of_what_was_switched_off(
    app: Flask, sql: Sql, told: Told
) -> None:
    imani = somebody(sql)
    browser = browser_of(app, imani)
    told("case_critical", "ops", ago=timedelta(0))

    wants(imani, quiet_on_screen=["case_critical"], zone="UTC")
    assert news(browser) == 0
    wants(imani, quiet_on_screen=[], quiet_from=wall(-HOUR), quiet_until=wall(HOUR), zone="UTC")
    assert news(browser) == 0
    wants(imani, quiet_from=wall(HOUR), quiet_until=wall(2 * HOUR), zone="UTC")
    assert news(browser) == 1


# By mail ------------------------------------------------------------------------------------


def test_a_mention_is_mailed_once_whoever_runs_how_often(app: Flask, sql: Sql, told: Told) -> None:
    imani = somebody(sql, email="imani@example.org")
    told("mention", f"person:{imani}")
    told("case_critical", "ops")

    assert [run("mail_notices"), run("mail_notices")] == [1, 0]

    assert mails() == [("imani@example.org", "account_notices")]
    assert lines() == "- Noor Aziz mentions you. Order A-1."


def test_what_is_not_settled_yet_waits(app: Flask, sql: Sql, told: Told) -> None:
    imani = somebody(sql)
    told("mention", f"person:{imani}", ago=timedelta(0))

    assert run("mail_notices") == 0

    sql("UPDATE notices SET at = at - interval '2 minutes'")
    assert run("mail_notices") == 1


def test_what_came_in_quiet_hours_comes_as_one_mail_afterwards(
    app: Flask, sql: Sql, told: Told
) -> None:
    imani = somebody(sql)
    wants(imani, quiet_from=wall(-HOUR), quiet_until=wall(HOUR), zone="UTC")
    for minutes in (30, 20, 10):
        told("mention", f"person:{imani}", ago=minutes * MINUTE)
    assert [run("mail_notices"), mails()] == [0, []]

    wants(imani, quiet_from=wall(-2 * HOUR), quiet_until=wall(-MINUTE), zone="UTC")

    assert [run("mail_notices"), run("mail_notices")] == [1, 0]
    assert lines().count("mentions you") == 3


def test_a_digest_comes_once_a_day_with_what_came_before_its_hour(
    app: Flask, sql: Sql, told: Told
) -> None:
    imani = somebody(sql)
    digest = {"case_critical": "digest", "mention": "never"}
    wants(imani, mail=digest, digest_at=wall(-HOUR), zone="UTC")
    told("case_critical", "ops", ago=3 * HOUR, once="before")
    told("case_critical", "ops", ago=2 * HOUR, once="before, too")
    told("case_critical", "ops", ago=30 * MINUTE, once="after")
    told("mention", f"person:{imani}", ago=2 * HOUR)

    assert [run("mail_notices"), run("mail_notices")] == [1, 0]
    assert [template for _, template in mails()] == ["account_digest"]
    assert lines().count("is critical") == 2

    # A day later the next one holds the rest.
    sql("UPDATE notices SET at = at - interval '1 day'")
    sql("UPDATE notice_marks SET digested_until = digested_until - interval '1 day'")
    assert run("mail_notices") == 1
    assert lines().count("is critical") == 3


def test_what_was_seen_on_screen_is_not_mailed(app: Flask, sql: Sql, told: Told) -> None:
    imani = somebody(sql)
    told("mention", f"person:{imani}")

    browser_of(app, imani).post("/console/notices/seen")

    assert run("mail_notices") == 0


def test_whoever_turns_mail_on_later_gets_nothing_of_before(
    app: Flask, sql: Sql, told: Told
) -> None:
    imani = somebody(sql)
    told("case_critical", "ops")
    assert run("mail_notices") == 0

    wants(imani, mail={"case_critical": "now"})
    assert run("mail_notices") == 0

    told("case_critical", "ops", ago=61 * timedelta(seconds=1), once="of now")
    sql("UPDATE notice_marks SET mailed_until = mailed_until - interval '10 seconds'")
    assert run("mail_notices") == 1


def test_nobody_who_was_switched_off_is_mailed(
    app: Flask, sql: Sql, told: Told, kiln: UUID
) -> None:
    imani, noor = somebody(sql), somebody(sql, "vendor_staff", name="Noor Aziz", vendor=kiln)
    admin = person_of(make_person("administrator", "Teo Marin"))
    told("mention", f"person:{imani}")
    told("mention", f"person:{noor}")
    with transaction(ACCOUNTS):
        people.set_active(imani, False, admin)
    sql("UPDATE vendors SET status = 'closed' WHERE id = %s", kiln)

    assert [run("mail_notices"), mails()] == [0, []]


def test_a_worker_that_dies_loses_no_mail_and_doubles_none(
    app: Flask, sql: Sql, told: Told, die_at: Callable[[str], None]
) -> None:
    imani, jonas = somebody(sql), somebody(sql, name="Jonas Weber")
    for who in (imani, jonas):
        told("mention", f"person:{who}")
    die_at("before the notices' mail commits")

    with pytest.raises(Died):
        run("mail_notices")
    assert mails() == []

    assert [run("mail_notices"), run("mail_notices")] == [2, 0]
    assert len(set(mails())) == 2


def test_a_mail_names_some_of_many_and_counts_the_rest(app: Flask, sql: Sql, told: Told) -> None:
    imani = somebody(sql)
    for n in range(23):
        told("mention", f"person:{imani}", once=f"n{n}")

    run("mail_notices")

    facts = one("SELECT facts FROM notifications").facts
    assert (facts["about"], facts["lines"].count("- "), facts["lines"][-10:]) == (
        "23 notices",
        20,
        "and 3 more",
    )


def test_old_notices_are_put_away(app: Flask, sql: Sql, told: Told) -> None:
    told("case_critical", "ops", ago=89 * DAY, once="kept")
    told("case_critical", "ops", ago=91 * DAY, once="old")

    run("keep_house")

    assert sql("SELECT once FROM notices") == [("kept",)]


# What somebody chooses ----------------------------------------------------------------------


def kept(user_id: UUID) -> dict[str, Any]:
    with transaction(ACCOUNTS):
        found: dict[str, Any] = db.session.scalar(
            text("SELECT document FROM preferences WHERE user_id = :id"), {"id": user_id}
        )
    return found


def test_somebody_chooses_how_they_are_told(app: Flask, sql: Sql) -> None:
    imani = somebody(sql)
    browser = browser_of(app, imani)
    page = browser.get("/account/notices").text
    assert "A case becomes critical" in page
    assert "New work is yours" not in page
    mail = {"mention": "digest", "note": "never", "escalation": "now", "case_critical": "now"}
    mail |= dict.fromkeys(kinds_of("ops_agent").keys() - mail.keys(), "never")
    form = {f"mail_{code}": how for code, how in mail.items()}

    answer = browser.post(
        "/account/notices",
        data=form
        | {
            "screen_mention": "y",
            "digest_at": "07:30",
            "quiet_from": "22:00",
            "quiet_until": "06:00",
        },
    )

    assert answer.status_code == 302
    document = kept(imani)
    assert document["mail"] == mail
    assert sorted(document["quiet_on_screen"]) == sorted(mail.keys() - {"mention"})
    assert (document["quiet_from"], document["digest_at"]) == ("22:00:00", "07:30:00")
    assert 'value="22:00"' in browser.get("/account/notices").text


@pytest.mark.parametrize(
    ("wrong", "told_so"),
    [
        ({"quiet_from": "22:00"}, "Enter both times, or none."),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "Enter another time."),
        ({"digest_at": ""}, "Enter when the digest is to come."),
        ({"digest_at": "noon"}, "Not a valid time value."),
        ({"mail_mention": "hourly"}, "Not a valid choice."),
    ],
)
def test_what_cannot_be_meant_is_said_and_nothing_is_kept(
    app: Flask, sql: Sql, wrong: dict[str, str], told_so: str
) -> None:
    imani = somebody(sql)
    codes = ("mention", "note", "escalation", "case_critical", "batch_done")
    form = {f"mail_{code}": "never" for code in codes} | {"digest_at": "08:00"}

    answer = browser_of(app, imani).post("/account/notices", data=form | wrong)

    assert answer.status_code == 422
    assert told_so in answer.text
    assert kept(imani) is None
