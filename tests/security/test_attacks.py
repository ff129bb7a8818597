"""Ways in that were tried once and are shut: each was a hole that a review found."""

from __future__ import annotations

import time
from uuid import UUID

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import factors, keys, links, people
from app.accounts.contract import Origin, Person
from app.accounts.keys import ensure_key
from app.accounts.sign_in import by_code, by_password, change_password, confirm, device_token
from app.accounts.throttle import CODE, DEVICE, MAIL
from app.shared import signed
from app.shared.errors import InvalidInput, NotAllowed, NotFound, TooMany
from app.shared.work import ACCOUNTS, transaction
from tests.conftest import Sql, caller
from tests.factories import make_vendor_with_stock
from tests.people import HERE, PASSWORD, browser_of, make_person, person_of

EMAIL, GOOD = "ada@example.org", "a long and private sentence"


@pytest.fixture
def ada(app: Flask) -> UUID:
    return make_person("administrator", "Ada Lind", email=EMAIL)


def enrol(who: Person) -> str:
    """Give somebody a second factor; return its seed."""
    with transaction(ACCOUNTS):
        seed = factors.pending_seed(who)
        assert factors.confirm_seed(who, pyotp.TOTP(seed).at(int(time.time()))) is not None
    return seed


def acts(sql: Sql) -> list[str]:
    return [f"{a} {o}" for a, o in sql("SELECT action, outcome FROM audit ORDER BY position")]


def test_s14_a_stolen_password_and_cookie_do_not_stand_in_for_the_second_factor(
    app: Flask, ada: UUID, sql: Sql
) -> None:
    enrol(person_of(ada))
    thief = browser_of(app, ada)
    sql("UPDATE sessions SET confirmed_at = confirmed_at - interval '1 hour'")
    form = {"current": PASSWORD, "password": GOOD}

    changed = thief.post("/account/password", data=form)

    assert changed.status_code == 403
    assert thief.get("/console/people/invite").location.startswith("/signin/confirm")


def test_s14_changing_the_password_is_no_proof_of_presence(app: Flask, ada: UUID, sql: Sql) -> None:
    who = person_of(ada)
    sql("UPDATE sessions SET confirmed_at = confirmed_at - interval '9 minutes'")
    ((before,),) = sql("SELECT confirmed_at FROM sessions")

    change_password(who, PASSWORD, GOOD, end_others=True, origin=HERE)

    assert sql("SELECT confirmed_at FROM sessions") == [(before,)]


def test_s12_a_password_alone_does_not_stand_in_for_a_passkey(
    app: Flask, ada: UUID, sql: Sql
) -> None:
    sql(
        "INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, name,"
        " created_at) VALUES (gen_random_uuid(), %s, 'x', 'y', 0, 'phone', now())",
        ada,
    )

    assert confirm(person_of(ada), PASSWORD, "", HERE) is None


def test_s4_the_current_password_is_guessed_no_faster_than_another(
    app: Flask, ada: UUID, sql: Sql
) -> None:
    who, refused = person_of(ada), 0
    for _ in range(20):
        try:
            change_password(who, "guessed", GOOD, end_others=False, origin=HERE)
        except InvalidInput:
            continue
        except TooMany:
            refused += 1

    assert refused == 15
    assert acts(sql).count("password_changed refused") == 5


def test_s4_a_device_cookie_has_one_spelling_and_dies_with_the_password(
    app: Flask, ada: UUID, sql: Sql
) -> None:
    who = person_of(ada)
    device = device_token(who)
    name, _, seal = device.partition(".")
    spellings = [device, *(f"{name}.{seal[:n]}!{seal[n:]}" for n in range(1, 30))]
    judged = 0
    for spelling in spellings:
        try:
            by_password(EMAIL, "guessed", Origin("203.0.113.1", "x", spelling))
            judged += 1
        except TooMany:
            continue
    assert judged <= DEVICE.free + 5

    sql("DELETE FROM throttles")
    change_password(who, PASSWORD, GOOD, end_others=False, origin=HERE)
    by_password(EMAIL, "guessed", Origin("203.0.113.1", "x", device))
    buckets = [bucket for (bucket,) in sql("SELECT bucket FROM throttles")]
    assert not any(bucket.startswith("sign-in device") for bucket in buckets)


def test_s4_codes_guessed_elsewhere_do_not_shut_out_the_owners_device(
    app: Flask, ada: UUID, post: object, sql: Sql
) -> None:
    who = person_of(ada)
    seed = enrol(who)
    device, pending = device_token(who), person_of(ada, is_proven=False)
    for n in range(CODE.free + 5):
        try:
            by_code(pending, "000000", Origin(f"203.0.113.{n}", "x"))
        except TooMany:
            continue
    with pytest.raises(TooMany):
        by_code(pending, "000000", HERE)

    code = pyotp.TOTP(seed).at(int(time.time()) + 30)
    assert by_code(pending, code, Origin("198.51.100.1", "x", device))
    # Whoever got that far has the password: its owner is told.
    told = sql("SELECT count(*) FROM notifications WHERE template = 'account_guessed'")
    assert told == [(1,)]


def test_s13_what_was_asked_for_with_a_stolen_session_dies_with_the_password(
    app: Flask, ada: UUID, sql: Sql
) -> None:
    thief = person_of(ada)
    with transaction(ACCOUNTS):
        links.change_email(thief, "thief@example.org")
        people.invite("friend@example.org", "Friend", "administrator", None, thief)
    links.ask_reset(EMAIL, HERE)
    names = dict(sql("SELECT purpose, id FROM links"))

    with transaction(ACCOUNTS):
        links.reset(signed.token("reset", names["reset"]), GOOD, HERE)

    for purpose in ("email", "invitation"):
        with transaction(ACCOUNTS):
            assert links.read_link(purpose, signed.token(purpose, names[purpose])) is None


def test_s14_the_old_address_hears_before_the_new_one_is_believed(
    app: Flask, ada: UUID, sql: Sql
) -> None:
    who = person_of(ada)
    with transaction(ACCOUNTS):
        links.change_email(who, "new@example.org")

    sent = sql("SELECT recipient, template FROM notifications ORDER BY recipient")
    assert sent == [(EMAIL, "account_email_asked"), ("new@example.org", "account_email_confirm")]


def test_s61_a_stranger_does_not_fill_the_trail(app: Flask, client: FlaskClient, sql: Sql) -> None:
    for _ in range(150):
        answer = client.post("/signin", headers={"Origin": "https://evil.test"})
    assert answer.status_code == 429
    assert acts(sql) == ["access_denied refused"]


def test_s61_a_key_without_the_right_does_not_fill_the_trail(app: Flask, sql: Sql) -> None:
    with transaction(ACCOUNTS):
        ensure_key("reader", "onw_reader", None, ["orders:read"])
    call = caller(app, "onw_reader")

    for _ in range(5):
        assert call("PUT", "/listings", {}).status_code == 403
    assert call("PUT", "/vendors", {}).status_code == 403

    assert acts(sql) == ["access_denied refused"] * 2


def test_s67_somebody_with_the_password_alone_does_not_use_up_the_owners_pace(
    app: Flask, ada: UUID
) -> None:
    enrol(person_of(ada))
    owner, thief = browser_of(app, ada), browser_of(app, ada, is_proven=False)
    for _ in range(125):
        answer = thief.get("/signin/code")
    assert answer.status_code == 429

    assert owner.post("/signout").status_code == 302


def test_s61_an_act_is_written_down_with_the_address_it_came_from(
    app: Flask, ada: UUID, sql: Sql
) -> None:
    browser = browser_of(app, ada)
    elsewhere = {"REMOTE_ADDR": "203.0.113.66"}

    browser.post("/account/name", data={"name": "Bob"}, environ_base=elsewhere)

    query = "SELECT address, subject, facts->>'was', facts->>'now' FROM audit"
    assert sql(query) == [("203.0.113.66", "Bob", "Ada Lind", "Bob")]


def test_s61_a_password_without_its_second_factor_is_no_signing_in(
    app: Flask, ada: UUID, sql: Sql
) -> None:
    enrol(person_of(ada))
    by_password(EMAIL, PASSWORD, HERE)

    assert acts(sql)[-1] == "password_shown done"


def test_s61_refusals_further_in_are_written_down_too(
    app: Flask, client: FlaskClient, ada: UUID, sql: Sql
) -> None:
    browser = browser_of(app, ada)
    own = browser.post(f"/console/people/{ada}/role", data={"role": "ops_agent"})
    key = {"Authorization": "Bearer onw_forged"}
    forged = client.get("/api/v1/clock", headers=key)

    assert (own.status_code, forged.status_code) == (403, 401)
    assert acts(sql) == ["access_denied refused", "key_refused refused"]


def test_s11_a_request_held_back_from_before_enrolment_plants_no_factor(
    app: Flask, ada: UUID
) -> None:
    before = person_of(ada, is_proven=False)
    enrol(person_of(ada))

    with transaction(ACCOUNTS):
        seed = factors.pending_seed(before)
    with pytest.raises(NotAllowed, match="second factor by now"), transaction(ACCOUNTS):
        factors.confirm_seed(before, pyotp.TOTP(seed).at(int(time.time())))


def test_s10_a_closed_vendor_is_not_opened_by_saving_its_name(app: Flask, sql: Sql) -> None:
    make_vendor_with_stock("kiln")
    with transaction(ACCOUNTS):
        ensure_key("shop", "onw_shop")
    call = caller(app, "onw_shop")

    for status, body, answer in (
        ("suspended", {}, 200),
        ("closed", {}, 200),
        ("closed", {"status": "active"}, 409),
    ):
        sql("UPDATE vendors SET status = %s", status)
        assert call("PUT", "/vendors/kiln", {"name": "Kiln"} | body).status_code == answer
        assert sql("SELECT status FROM vendors") == [(status,)]
    assert acts(sql) == ["vendors_saved done"] * 2


def test_s13_nobody_is_made_to_get_mail_without_end(app: Flask, ada: UUID, sql: Sql) -> None:
    boss, sent = person_of(ada), 0
    with transaction(ACCOUNTS):
        people.invite("victim@example.org", "Victim", "ops_agent", None, boss)
    for _ in range(10):
        try:
            with transaction(ACCOUNTS):
                people.renew_invitation(people.invitations()[0].id, boss)
            sent += 1
        except TooMany:
            continue

    assert sent == MAIL.free - 1


@pytest.mark.parametrize("name", ["You won http://evil.test", "evil.test/win", "a\nb", " ", "<b>"])
def test_s45_a_name_carries_no_link_into_a_mail(app: Flask, ada: UUID, name: str) -> None:
    boss = person_of(ada)
    for act in (
        lambda: people.invite("new@example.org", name, "ops_agent", None, boss),
        lambda: people.change_name(boss, name),
    ):
        with pytest.raises(InvalidInput, match="name was not taken"), transaction(ACCOUNTS):
            act()


@pytest.mark.parametrize(
    "path", ["/console/orders/%00", "/console/cases/%00", "/portal/orders/%00", "/reset/%00"]
)
def test_s48_a_nul_in_an_address_names_nothing(app: Flask, ada: UUID, path: str) -> None:
    vendor = make_vendor_with_stock()
    user = make_person("vendor_owner", vendor=vendor) if "portal" in path else ada

    assert browser_of(app, user).get(path).status_code in {404, 422}


def test_s48_a_nul_in_a_form_is_refused(app: Flask, client: FlaskClient, ada: UUID) -> None:
    answer = client.post("/signin", data={"email": "a\0@example.org", "password": "x"})
    anchor = browser_of(app, ada).post("/console/audit/verify", data={"anchor": "9" * 5000 + ":x"})

    assert (answer.status_code, anchor.status_code) == (422, 422)


def test_s10_whoever_is_put_out_takes_their_invitations_with_them(
    app: Flask, ada: UUID, sql: Sql
) -> None:
    vendor = make_vendor_with_stock()
    boss, owner = person_of(ada), person_of(make_person("vendor_owner", "Elin", vendor=vendor))
    other = person_of(make_person("vendor_owner", "Odd", vendor=vendor))
    with transaction(ACCOUNTS):
        people.invite("back@example.org", "Back Door", "vendor_owner", vendor, owner)
        people.set_active(owner.id, is_active=False, by=boss)

    ((invited,),) = sql("SELECT id FROM links")
    with pytest.raises(NotFound), transaction(ACCOUNTS):
        links.accept(signed.token("invitation", invited), "Back Door", GOOD, HERE)
    with pytest.raises(NotAllowed, match="marketplace"), transaction(ACCOUNTS):
        people.set_active(owner.id, is_active=True, by=other)


def test_s21_no_role_writes_what_it_has_no_business_with(app: Flask, sql: Sql) -> None:
    rights = (
        ("onward_vendor", "audit", "INSERT"),
        ("onward_worker", "audit", "INSERT"),
        ("onward_ops", "policies", "UPDATE"),
        ("onward_worker", "policies", "DELETE"),
        ("onward_ops", "alembic_version", "UPDATE"),
        ("onward_worker", "alembic_version", "INSERT"),
        ("onward_ops", "users", "SELECT"),
        ("onward_vendor", "users", "SELECT"),
    )
    found = [sql("SELECT has_table_privilege(%s, %s, %s)", *right)[0][0] for right in rights]

    assert found == [False] * len(rights)


def test_s4_one_customer_of_ipv6_has_one_pace(app: Flask, client: FlaskClient) -> None:
    told = [
        client.get("/signin", environ_base={"REMOTE_ADDR": f"2001:db8::{n:x}"}).status_code
        for n in range(1, 125)
    ]

    assert told[-1] == 429


def test_s7_nobody_has_more_sessions_than_browsers(app: Flask, ada: UUID, sql: Sql) -> None:
    for _ in range(30):
        person_of(ada)

    assert sql("SELECT count(*) FROM sessions") == [(20,)]


def test_s61_no_key_has_the_platforms_own_name(app: Flask, ada: UUID) -> None:
    boss = person_of(ada)
    with pytest.raises(InvalidInput, match="not made"), transaction(ACCOUNTS):
        keys.create("Onward", ["orders:read"], None, boss)


def test_s16_looking_over_a_vendors_shoulder_shows_its_work_and_not_its_people(
    app: Flask, sql: Sql
) -> None:
    make_vendor_with_stock("kiln")
    browser = browser_of(app, make_person("ops_agent"))
    browser.post("/console/vendors/kiln/view")

    told = {
        path: browser.get(path).status_code for path in ("/portal/", "/portal/team", "/portal/keys")
    }
    assert told == {"/portal/": 200, "/portal/team": 403, "/portal/keys": 403}
