"""Links by mail, notices, and proving to be there before what is sensitive (S13, S14, S73)."""

from __future__ import annotations

import re
import time
from uuid import UUID

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import factors, links, people
from app.accounts.sessions import find
from app.accounts.sign_in import by_password, change_password
from app.shared import signed
from app.shared.errors import Conflict, InvalidInput, NotFound, TooMany
from app.shared.work import ACCOUNTS, transaction
from simulator.mailbox import Mail, Mailbox
from tests.conftest import Sql
from tests.factories import make_vendor_with_stock, run_jobs
from tests.people import HERE, PASSWORD, browser_of, make_person, person_of

EMAIL = "ada@example.org"
GOOD = "a long and private sentence"


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def ada(app: Flask) -> UUID:
    return make_person("ops_agent", "Ada Lind", email=EMAIL)


def mails(post: Mailbox) -> list[Mail]:
    """Send what is due; return all that has arrived, oldest first."""
    run_jobs("send_notifications")
    return list(reversed(post.newest()))


def link_in(mail: Mail) -> str:
    found = re.search(r"https?://\S+", mail.text)
    assert found is not None
    return found[0]


def token_in(mail: Mail) -> str:
    return link_in(mail).rpartition("/")[2]


def asked(post: Mailbox, email: str = EMAIL) -> str:
    """Ask for a new password; return the token that came by mail."""
    links.ask_reset(email, HERE)
    return token_in(mails(post)[-1])


def set_new(token: str, password: str = GOOD) -> None:
    with transaction(ACCOUNTS):
        links.reset(token, password, HERE)


def test_s13_a_link_for_a_new_password_works_once_and_ends_every_session(
    app: Flask, post: Mailbox, ada: UUID
) -> None:
    browser, token = browser_of(app, ada), asked(post)

    set_new(token)

    assert browser.get("/console/").status_code == 302
    assert (by_password(EMAIL, PASSWORD, HERE), by_password(EMAIL, GOOD, HERE) is not None) == (
        None,
        True,
    )
    with pytest.raises(NotFound, match="used, is too old"):
        set_new(token, "another private sentence")


def test_s13_a_refused_password_leaves_the_link_good(app: Flask, post: Mailbox, ada: UUID) -> None:
    token = asked(post)
    with pytest.raises(InvalidInput):
        set_new(token, "password")

    set_new(token)


@pytest.mark.parametrize(
    ("purpose", "age", "is_good"),
    [
        ("reset", "29 minutes", True),
        ("reset", "31 minutes", False),
        ("invitation", "71 hours", True),
        ("invitation", "73 hours", False),
    ],
)
def test_s13_a_link_runs_out(ada: UUID, sql: Sql, purpose: str, age: str, is_good: bool) -> None:
    with transaction(ACCOUNTS):
        links.invite("new@example.org", "New Body", "ops_agent")
    links.ask_reset(EMAIL, HERE)
    ((name,),) = sql("SELECT id FROM links WHERE purpose = %s", purpose)

    sql("UPDATE links SET expires_at = expires_at - %s::interval", age)

    with transaction(ACCOUNTS):
        assert bool(links.read_link(purpose, signed.token(purpose, name))) is is_good


def test_s13_what_opens_a_link_is_stored_nowhere(
    app: Flask, post: Mailbox, ada: UUID, sql: Sql
) -> None:
    token = asked(post)

    for table in ("links", "notifications", "audit"):
        kept = str(sql(f"SELECT t::text FROM {table} t"))
        assert token not in kept, table
        assert token.partition(".")[2] not in kept, table
    assert len(token.partition(".")[2]) * 6 >= 128


def test_s13_a_token_of_one_purpose_or_with_another_bit_opens_nothing(
    app: Flask, post: Mailbox, ada: UUID
) -> None:
    token = asked(post)
    with transaction(ACCOUNTS):
        found = [
            links.read_link(purpose, words)
            for purpose, words in (
                ("invitation", token),
                ("email", token),
                ("reset", token[:-1] + ("A" if token[-1] != "A" else "B")),
                ("reset", ""),
                ("reset", "\x00"),
                ("reset", signed.token("reset", ada)),
            )
        ]
        assert links.read_link("reset", token) is not None

    assert found == [None] * 6


def test_s66_a_link_outlives_the_key_that_made_it(app: Flask, post: Mailbox, ada: UUID) -> None:
    token, old = asked(post), app.config["SECRET_KEY"]
    app.config |= {"SECRET_KEY": "the new secret key", "SECRET_KEY_FALLBACKS": [old]}
    with transaction(ACCOUNTS):
        assert links.read_link("reset", token) is not None
    app.config["SECRET_KEY_FALLBACKS"] = []
    with transaction(ACCOUNTS):
        assert links.read_link("reset", token) is None


def test_s13_a_new_password_does_not_pass_the_second_factor_by(
    app: Flask, post: Mailbox, client: FlaskClient, ada: UUID
) -> None:
    who = person_of(ada)
    with transaction(ACCOUNTS):
        seed = factors.pending_seed(who)
        factors.confirm_seed(who, pyotp.TOTP(seed).at(int(time.time())))
    set_new(asked(post))

    client.post("/signin", data={"email": EMAIL, "password": GOOD})

    assert client.get("/console/").location == "/signin/code"


def test_s13_an_invitation_makes_the_account_it_promised_and_no_other(
    app: Flask, post: Mailbox
) -> None:
    vendor = make_vendor_with_stock("kiln")
    with transaction(ACCOUNTS):
        links.invite("new@example.org", "New Body", "vendor_staff", vendor)
    token = token_in(mails(post)[0])
    with transaction(ACCOUNTS):
        session = links.accept(token, "Nia Body", GOOD, HERE)

    who = find(session)
    assert who is not None
    assert (who.email, who.name, who.role, who.vendor_id) == (
        "new@example.org",
        "Nia Body",
        "vendor_staff",
        vendor,
    )
    with pytest.raises(NotFound), transaction(ACCOUNTS):
        links.accept(token, "Again", GOOD, HERE)


def test_s13_an_invitation_that_was_renewed_or_taken_back_opens_nothing(
    app: Flask, post: Mailbox
) -> None:
    boss = person_of(make_person("administrator", "Teo"))
    with transaction(ACCOUNTS):
        people.invite("new@example.org", "New Body", "ops_agent", None, boss)
    first = token_in(mails(post)[0])
    with transaction(ACCOUNTS):
        people.renew_invitation(people.invitations()[0].id, boss)
    second = token_in(mails(post)[1])
    with transaction(ACCOUNTS):
        assert links.read_link("invitation", first) is None
        assert links.read_link("invitation", second) is not None
        people.revoke_invitation(people.invitations()[0].id, boss)
        assert links.read_link("invitation", second) is None


def test_s6_a_vendors_owner_does_not_learn_who_else_has_an_account(
    app: Flask, post: Mailbox, ada: UUID
) -> None:
    vendor = make_vendor_with_stock("kiln")
    owner = person_of(make_person("vendor_owner", "Elin", vendor=vendor))
    with transaction(ACCOUNTS):
        people.invite(EMAIL, "Ada", "vendor_staff", vendor, owner)
        people.invite("unknown@example.org", "Uno", "vendor_staff", vendor, owner)
        listed = {row.email for row in people.invitations(vendor)}
    token = token_in(next(mail for mail in mails(post) if mail.recipients == (EMAIL,)))

    assert listed == {EMAIL, "unknown@example.org"}
    with pytest.raises(Conflict, match="has an account already"), transaction(ACCOUNTS):
        links.accept(token, "Ada", GOOD, HERE)


def test_s13_mails_that_somebody_else_asks_for_are_few(app: Flask, ada: UUID) -> None:
    sent = 0
    for _ in range(10):
        try:
            links.ask_reset(EMAIL, HERE)
            sent += 1
        except TooMany:
            continue

    assert sent == 3


# S14 ----------------------------------------------------------------------------------------


def test_s14_somebody_is_told_of_every_change_to_how_they_sign_in(
    app: Flask, post: Mailbox, ada: UUID
) -> None:
    who = person_of(ada)
    with transaction(ACCOUNTS):
        seed = factors.pending_seed(who)
        factors.confirm_seed(who, pyotp.TOTP(seed).at(int(time.time())))
        factors.renew_recovery_codes(who)
        factors.remove_factor(who)
    change_password(who, PASSWORD, GOOD, end_others=True, origin=HERE)
    with transaction(ACCOUNTS):
        links.change_email(who, "ada@new.example")
    sent = mails(post)
    token = token_in(next(mail for mail in sent if mail.recipients == ("ada@new.example",)))
    with transaction(ACCOUNTS):
        links.confirm_email(token, HERE)

    told = {mail.subject: mail.recipients[0] for mail in mails(post)}
    assert told == {
        "A second factor was added": EMAIL,
        "You have new recovery codes": EMAIL,
        "A second factor was removed": EMAIL,
        "Your password was changed": EMAIL,
        "Somebody wants to change your e-mail address": EMAIL,
        "Is this your new e-mail address?": "ada@new.example",
        "Your e-mail address was changed": EMAIL,
    }
    assert by_password("ada@new.example", GOOD, HERE)


FRESH_PAGES = ("/account/second-factor", "/account/email")
FRESH_POSTS = ("/account/second-factor/remove", "/account/recovery-codes", "/account/email")


def test_s14_what_is_sensitive_asks_again_who_is_there(app: Flask, ada: UUID, sql: Sql) -> None:
    browser = browser_of(app, ada)
    sql("UPDATE sessions SET confirmed_at = confirmed_at - interval '11 minutes'")

    for path in FRESH_PAGES:
        assert browser.get(path).location == f"/signin/confirm?next={path}"
    for path in FRESH_POSTS:
        answer = browser.post(path, data={"email": "eve@example.org"})
        assert answer.status_code == 403, path
        assert "/signin/confirm" in answer.text
    assert sql("SELECT count(*) FROM links") == [(0,)]

    wrong = browser.post("/signin/confirm", data={"password": "guessed", "next": FRESH_PAGES[0]})
    assert (wrong.status_code, browser.get(FRESH_PAGES[1]).status_code) == (422, 302)
    right = browser.post("/signin/confirm", data={"password": PASSWORD, "next": FRESH_PAGES[0]})
    assert right.location == FRESH_PAGES[0]
    assert browser.get(FRESH_PAGES[1]).status_code == 200


def test_s73_a_mails_link_leads_to_us_whatever_host_was_asked_for(
    app: Flask, client: FlaskClient, post: Mailbox, ada: UUID
) -> None:
    app.config["TRUSTED_HOSTS"] = None
    client.post("/reset", data={"email": EMAIL}, headers={"Host": "evil.test"})

    (mail,) = mails(post)
    assert link_in(mail).startswith(f"{app.config['PUBLIC_URL']}/reset/")
    assert "evil" not in mail.text
