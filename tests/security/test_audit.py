"""The audit trail: what is written down, and that nobody rewrites it unseen (S61, S62)."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.accounts import keys, links, people, sessions
from app.accounts.contract import Person
from app.accounts.sign_in import by_password, confirm
from app.audit.contract import Actor, nobody
from app.audit.service import head, record, verify_chain
from app.commands import verify_audit
from app.extensions import db
from app.shared.work import ACCOUNTS, OPS, PLATFORM, transaction
from tests.conftest import Sql, caller
from tests.factories import make_vendor_with_stock
from tests.people import HERE, PASSWORD, browser_of, make_person, person_of, sign_in_as

ADA = Actor("person", "Ada Lind")


def add(count: int = 5) -> None:
    for n in range(count):
        with transaction(ACCOUNTS):
            record("signed_in", ADA, subject=f"row {n + 1}", number=n, words='emoji 🐴 \\ "')


def acts() -> list[tuple[str, str, str]]:
    with transaction(OPS):
        rows = db.session.execute(
            text("SELECT action, outcome, actor FROM audit ORDER BY position")
        ).all()
    return [tuple(row) for row in rows]


# S62 ----------------------------------------------------------------------------------------


CHANGES = ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit")


@pytest.mark.parametrize("scope", [OPS, PLATFORM, ACCOUNTS], ids=["ops", "platform", "accounts"])
@pytest.mark.parametrize("change", [*CHANGES, "UPDATE audit_head SET position = 0"])
def test_s62_the_application_cannot_change_the_trail(
    app: Flask, scope: object, change: str
) -> None:
    add(1)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction(scope):
        db.session.execute(text(change))
    assert verify_chain().checked == 1


@pytest.mark.parametrize("change", CHANGES)
def test_s62_not_even_the_tables_owner_changes_it_by_mistake(
    app: Flask, sql: Sql, change: str
) -> None:
    add(1)
    with pytest.raises(Exception, match="only added to"):
        sql(change)


def test_s62_the_application_cannot_forge_a_row(app: Flask, sql: Sql) -> None:
    """Whatever is sent as time, place and seal, the database puts its own."""
    add(2)
    with transaction(OPS):
        db.session.execute(
            text(
                "INSERT INTO audit (id, position, at, actor_kind, actor, action, outcome, subject,"
                " address, facts, hash) VALUES (gen_random_uuid(), 1, '2001-01-01', 'person',"
                " 'Ada', 'signed_in', 'done', '', '', '{}', 'forged')"
            )
        )

    ((position, is_now, seal),) = sql(
        "SELECT position, at > now() - interval '1 minute', hash FROM audit"
        " ORDER BY position DESC LIMIT 1"
    )

    assert (position, is_now, len(seal)) == (3, True, 64)
    assert verify_chain().broken is None


def test_s62_a_trail_that_nobody_touched_is_whole(app: Flask) -> None:
    assert verify_chain().checked == 0
    add(5)

    found = verify_chain()

    assert (found.checked, found.position, found.broken) == (5, 5, None)
    with transaction(OPS):
        assert found.anchor == f"5:{head().hash}"


WITHOUT_TRIGGERS = "SET session_replication_role = replica"
TAMPERED = {
    "UPDATE audit SET actor = 'Eve' WHERE position = 3": "Row 3 was changed",
    "UPDATE audit SET facts = '{}' WHERE position = 2": "Row 2 was changed",
    "UPDATE audit SET at = at - interval '1 day' WHERE position = 4": "Row 4 was changed",
    "UPDATE audit SET outcome = 'refused' WHERE position = 1": "Row 1 was changed",
    "DELETE FROM audit WHERE position = 3": "Row 3 is missing",
    "DELETE FROM audit WHERE position = 1": "Row 1 is missing",
    "DELETE FROM audit WHERE position = 5": "should end with row 5; it ends with row 4",
    "UPDATE audit SET position = 9 WHERE position = 5": "it ends with row 4",
    "INSERT INTO audit SELECT gen_random_uuid(), 1000, at, actor_kind, actor_id, actor, vendor_id,"
    " action, outcome, subject, address, facts, hash FROM audit WHERE position = 5": (
        "1 rows stand outside the chain"
    ),
    "INSERT INTO audit SELECT gen_random_uuid(), NULL, at, actor_kind, actor_id, actor, vendor_id,"
    " action, outcome, subject, address, facts, NULL FROM audit WHERE position = 5": (
        "1 rows stand outside the chain"
    ),
}


@pytest.mark.parametrize("tampering", TAMPERED)
def test_s62_what_a_superuser_alters_is_named(app: Flask, sql: Sql, tampering: str) -> None:
    add(5)
    sql(WITHOUT_TRIGGERS)
    sql(tampering)

    found = verify_chain()
    told = app.test_cli_runner().invoke(verify_audit)

    assert TAMPERED[tampering] in str(found.broken)
    assert (told.exit_code, told.output) == (1, f"BROKEN {found.broken}\n")


def test_s62_a_chain_made_anew_does_not_go_through_an_end_that_was_kept(
    app: Flask, sql: Sql
) -> None:
    add(3)
    kept = verify_chain().anchor
    add(2)
    assert verify_chain(kept).broken is None
    sql(WITHOUT_TRIGGERS)
    sql("DELETE FROM audit")
    sql("UPDATE audit_head SET position = 0, hash = ''")
    add(5)

    assert verify_chain().broken is None
    assert "made anew" in str(verify_chain(kept).broken)


def test_s62_a_trail_that_was_cut_short_lacks_an_end_that_was_kept(app: Flask, sql: Sql) -> None:
    add(5)
    kept = verify_chain().anchor
    sql(WITHOUT_TRIGGERS)
    sql("DELETE FROM audit WHERE position > 2")
    sql("UPDATE audit_head SET position = 2, hash = (SELECT hash FROM audit WHERE position = 2)")

    assert verify_chain().broken is None
    assert "row 5 had been there" in str(verify_chain(kept).broken)


def test_s62_many_at_once_make_one_chain(app: Flask) -> None:
    start = Barrier(8)

    def act() -> None:
        with app.app_context():
            for _ in range(5):
                start.wait()
                with transaction(ACCOUNTS):
                    record("signed_in", ADA)
                    record("signed_out", ADA)

    threads = [Thread(target=act) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = verify_chain()
    assert (found.checked, found.broken) == (80, None)


def test_s62_what_was_rolled_back_left_no_row(app: Flask) -> None:
    add(1)
    with pytest.raises(ZeroDivisionError), transaction(ACCOUNTS):  # noqa: PT012 - it fails after
        record("signed_in", ADA)
        raise ZeroDivisionError
    add(1)

    assert verify_chain().checked == 2


def test_s60_a_name_with_line_breaks_is_one_line_in_the_trail(app: Flask) -> None:
    with transaction(ACCOUNTS):
        record("signed_in", nobody("1.2.3.4\nforged"), subject="a\r\nb\x1b[31m\u202e" + "x" * 500)

    assert verify_chain().broken is None
    with transaction(OPS):
        row = db.session.execute(text("SELECT subject, address FROM audit")).one()
    assert row.subject.isprintable()
    assert len(row.subject) == 200
    assert row.address == "1.2.3.4 forged"


# S61 ----------------------------------------------------------------------------------------


@pytest.fixture
def boss(app: Flask) -> Person:
    return person_of(make_person("administrator", "Teo Marin"))


def test_s61_signing_in_and_failing_to_are_written_down(app: Flask, client: FlaskClient) -> None:
    make_person(email="ada@example.org", name="Ada Lind")
    by_password("ada@example.org", "guessed", HERE)
    by_password("hunter2@typed-in-the-wrong-field", "guessed", HERE)
    token = by_password("ada@example.org", PASSWORD, HERE)
    who = sessions.find(token or "")
    assert who is not None
    confirm(who, "guessed", "", HERE)
    with transaction(ACCOUNTS):
        sessions.sign_out(who)

    assert acts() == [
        ("signed_in", "refused", "Ada Lind"),
        ("signed_in", "refused", "somebody not signed in"),
        ("signed_in", "done", "Ada Lind"),
        ("confirmed", "refused", "Ada Lind"),
        ("signed_out", "done", "Ada Lind"),
    ]
    with transaction(OPS):
        whole = str(db.session.execute(text("SELECT a::text FROM audit a")).all())
    assert "hunter2" not in whole


def test_s61_looking_after_people_and_keys_is_written_down(app: Flask, boss: Person) -> None:
    ada = make_person("ops_agent", "Ada Lind")
    with transaction(ACCOUNTS):
        people.invite("new@example.org", "New Body", "ops_lead", None, boss)
        (invited,) = people.invitations()
        people.renew_invitation(invited.id, boss)
        (renewed,) = people.invitations()
        people.revoke_invitation(renewed.id, boss)
        people.change_role(ada, "ops_lead", boss)
        people.forget_factor(ada, boss)
        people.sign_out_person(ada, boss)
        people.set_active(ada, is_active=False, by=boss)
        people.set_active(ada, is_active=True, by=boss)
        keys.create("shop", ["orders:read"], None, boss)
        keys.revoke(keys.keys()[0].id, boss)

    assert [(action, outcome) for action, outcome, _ in acts()] == [
        (action, "done")
        for action in (
            "invitation_sent",
            "invitation_sent",
            "invitation_revoked",
            "role_changed",
            "factor_forgotten",
            "person_signed_out",
            "person_switched_off",
            "person_switched_on",
            "key_made",
            "key_revoked",
        )
    ]
    assert {actor for _, _, actor in acts()} == {"Teo Marin"}


def test_s61_what_was_denied_is_written_down(app: Flask, boss: Person) -> None:
    make_vendor_with_stock()
    sign_in_as(app, "ops_agent").get("/console/people")
    with transaction(ACCOUNTS):
        keys.ensure_key("reader", "onw_reader", None, ["orders:read"])
    caller(app, "onw_reader")("PUT", "/listings", {})

    assert acts() == [
        ("access_denied", "refused", "Ops_Agent Person"),
        ("access_denied", "refused", "reader"),
    ]


def test_s61_looking_over_a_vendors_shoulder_is_written_down(app: Flask, boss: Person) -> None:
    make_vendor_with_stock("kiln")
    with transaction(ACCOUNTS):
        sessions.view_as(boss, "kiln")
    viewing = sessions.find(boss.token)
    assert viewing is not None
    with transaction(ACCOUNTS):
        sessions.leave_view(viewing)

    assert [action for action, _, _ in acts()] == ["view_as_vendor_began", "view_as_vendor_ended"]


def test_s61_asking_for_a_new_password_is_written_down_without_saying_who(app: Flask) -> None:
    make_person(email="ada@example.org")
    for email in ("ada@example.org", "eve@example.org"):
        links.ask_reset(email, HERE)

    assert acts() == [
        ("reset_asked", "done", "somebody not signed in"),
        ("reset_asked", "refused", "somebody not signed in"),
    ]


def test_s61_changing_a_policy_or_the_settings_is_written_down(app: Flask, boss: Person) -> None:
    with transaction(ACCOUNTS):
        keys.ensure_key("shop", "onw_shop")
    caller(app, "onw_shop")("PUT", "/policies/watch", {"stalled_days": 4})

    assert acts() == [("policy_published", "done", "shop")]
    assert browser_of(app, boss.id).get("/console/audit").status_code == 200
