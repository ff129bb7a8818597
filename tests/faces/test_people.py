"""People and their roles: who is invited, changed, switched off, and by whom."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.accounts import people
from app.extensions import db
from app.shared.work import ACCOUNTS, transaction
from tests.conftest import Sql
from tests.factories import make_vendor_with_stock
from tests.people import browser_of, make_person, person_of

FORM = {"email": "Ada@Example.org", "name": "Ada Lind", "role": "ops_agent", "vendor": ""}


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln")


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    """A browser in which the only administrator has signed in."""
    return browser_of(app, make_person("administrator", "Teo Marin"))


@pytest.fixture
def owner(app: Flask, kiln: UUID) -> FlaskClient:
    """A browser in which the owner of a vendor has signed in."""
    return browser_of(app, make_person("vendor_owner", "Elin Berg", vendor=kiln))


def plain(page: str) -> str:
    """Return the words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def listed(page: str) -> set[str]:
    """Return the names of the people in a list."""
    return set(re.findall(r'class="row-link"[^>]*><bdi>([^<]+)', page))


def rows(query: str, **values: object) -> list[tuple[object, ...]]:
    with transaction(ACCOUNTS):
        return [tuple(row) for row in db.session.execute(text(query), values)]


def invited() -> list[tuple[object, ...]]:
    return rows("SELECT email, name, role, vendor_id FROM links WHERE purpose = 'invitation'")


# The list -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"Teo Marin", "Imani Brooks"}),
        ("?view=vendors", {"Elin Berg"}),
        ("?view=off", {"Jonas Weber"}),
        ("?q=IMANI", {"Imani Brooks"}),
        ("?q=example.org&view=vendors", {"Elin Berg"}),
        ("?q=%25", set()),
        ("?view=no-such-view", {"Teo Marin", "Imani Brooks"}),
    ],
)
def test_people_are_found_by_what_they_are(
    admin: FlaskClient, kiln: UUID, sql: Sql, query: str, names: set[str]
) -> None:
    make_person("ops_agent", "Imani Brooks")
    make_person("vendor_owner", "Elin Berg", vendor=kiln)
    sql("UPDATE users SET is_active = false WHERE id = %s", make_person("ops_lead", "Jonas Weber"))

    page = admin.get(f"/console/people{query}").text

    assert listed(page) == names


def test_a_person_is_shown_with_role_vendor_factor_and_state(
    admin: FlaskClient, kiln: UUID
) -> None:
    make_person("vendor_staff", "Noor Aziz", vendor=kiln)

    page = plain(admin.get("/console/people?view=vendors").text)

    assert "Noor Aziz noor.vendor_staff@example.org" in page
    assert "Vendor staff Kiln None No second factor not signed in Active" in page


@pytest.mark.parametrize(
    ("query", "told", "step"),
    [
        ("?view=vendors", "Nobody is here yet", "/console/people/invite"),
        ("?view=invited", "No invitation is open", "/console/people/invite"),
        ("?view=off", "Nobody is switched off", '/console/people"'),
        ("?q=nobody", "Nobody found for nobody", '/console/people"'),
    ],
)
def test_an_empty_list_names_the_next_step(
    admin: FlaskClient, query: str, told: str, step: str
) -> None:
    page = admin.get(f"/console/people{query}").text

    assert told in page
    assert f'btn-primary" href="{step}' in page


# Invitations --------------------------------------------------------------------------------


def test_somebody_is_invited(admin: FlaskClient) -> None:
    answer = admin.post("/console/people/invite", data=FORM)

    assert answer.location == "/console/people?view=invited"
    assert invited() == [("ada@example.org", "Ada Lind", "ops_agent", None)]
    page = plain(admin.get(answer.location).text)
    assert "Ada Lind has an invitation." in page
    assert "invited by Teo Marin" in page


def test_somebody_of_a_vendor_is_invited(admin: FlaskClient, kiln: UUID) -> None:
    data = FORM | {"role": "vendor_owner", "vendor": str(kiln)}

    admin.post("/console/people/invite", data=data)

    assert invited() == [("ada@example.org", "Ada Lind", "vendor_owner", kiln)]


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"email": ""}, "email", "Enter the e-mail the invitation goes to."),
        ({"email": "ada@example.org, bo@example.org"}, "email", "Enter one address"),
        ({"name": "  "}, "name", "Enter how they are called."),
        ({"name": "Ada\nLind"}, "name", "It holds a character that cannot be shown."),
        ({"role": ""}, "role", "Choose what they may do."),
        ({"role": "king"}, "role", "Not a valid choice."),
        ({"role": "vendor_staff"}, "vendor", "Choose whose people they are."),
        ({"vendor": "kiln"}, "vendor", "Only a vendor&#39;s people have a vendor."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_the_rest_stays(
    admin: FlaskClient, kiln: UUID, change: dict[str, str], field: str, told: str
) -> None:
    data = FORM | change
    data["vendor"] = str(kiln) if data["vendor"] else ""

    answer = admin.post("/console/people/invite", data=data)

    assert answer.status_code == 422
    error = re.search(rf'id="{field}-err">.*?</p>', answer.text, re.DOTALL)
    assert error is not None
    assert told in error[0]
    assert "Ada" in answer.text
    assert invited() == []


def test_an_address_that_has_an_account_or_an_invitation_is_refused_at_its_field(
    admin: FlaskClient,
) -> None:
    make_person("ops_agent", "Bo Ek", email="bo@example.org")
    admin.post("/console/people/invite", data=FORM)

    again = admin.post("/console/people/invite", data=FORM)
    known = admin.post("/console/people/invite", data=FORM | {"email": "bo@example.org"})

    assert (again.status_code, known.status_code) == (422, 422)
    assert 'id="email-err"' in again.text
    assert "This address is invited already." in again.text
    assert "This address has an account already." in known.text
    assert len(invited()) == 1


def test_an_invitation_is_sent_again_or_taken_back(admin: FlaskClient) -> None:
    admin.post("/console/people/invite", data=FORM)
    ((first,),) = rows("SELECT id FROM links")

    admin.post(f"/console/invitations/{first}/renew")
    ((second,),) = rows("SELECT id FROM links")
    answer = admin.post(f"/console/invitations/{second}/revoke")

    assert first != second
    assert "No invitation is open" in admin.get(answer.location).text
    assert admin.post(f"/console/invitations/{second}/renew").status_code == 404


# One person ---------------------------------------------------------------------------------


def test_somebody_gets_another_role_and_signs_in_again(app: Flask, admin: FlaskClient) -> None:
    imani = make_person("ops_agent", "Imani Brooks")
    hers = browser_of(app, imani)

    answer = admin.post(f"/console/people/{imani}/role", data={"role": "ops_lead"})

    assert "Imani Brooks is ops lead now." in admin.get(answer.location).text
    assert rows("SELECT role FROM users WHERE id = :id", id=imani) == [("ops_lead",)]
    assert hers.get("/console/").status_code == 302


@pytest.mark.parametrize("role", ["", "king", "vendor_owner"])
def test_a_role_that_is_not_offered_is_refused_at_its_field(admin: FlaskClient, role: str) -> None:
    imani = make_person("ops_agent", "Imani Brooks")

    answer = admin.post(f"/console/people/{imani}/role", data={"role": role})

    assert answer.status_code == 422
    assert 'id="role-err"' in answer.text
    assert rows("SELECT role FROM users WHERE id = :id", id=imani) == [("ops_agent",)]


def test_somebody_is_switched_off_and_on_again(app: Flask, admin: FlaskClient) -> None:
    imani = make_person("ops_agent", "Imani Brooks")
    hers, path = browser_of(app, imani), f"/console/people/{imani}"

    admin.post(f"{path}/active", data={"active": "0"})

    page = admin.get(path).text
    assert "They are signed out and cannot sign in." in page
    assert hers.get("/console/").status_code == 302
    assert "Switch on" in page
    admin.post(f"{path}/active", data={"active": "1"})
    assert rows("SELECT is_active FROM users WHERE id = :id", id=imani) == [(True,)]


def test_a_lost_phone_is_forgotten(admin: FlaskClient, sql: Sql) -> None:
    imani = make_person("ops_agent", "Imani Brooks")
    sql("UPDATE users SET totp_seed = 'sealed' WHERE id = %s", imani)
    path = f"/console/people/{imani}"
    assert "Lost phone" in admin.get(path).text

    admin.post(f"{path}/factor")

    assert rows("SELECT totp_seed FROM users WHERE id = :id", id=imani) == [(None,)]
    assert "Lost phone" not in admin.get(path).text


def test_somebody_is_signed_out_everywhere(app: Flask, admin: FlaskClient) -> None:
    imani = make_person("ops_agent", "Imani Brooks")
    hers = [browser_of(app, imani) for _ in range(2)]
    path = f"/console/people/{imani}"
    assert "2 browsers are signed in" in admin.get(path).text

    admin.post(f"{path}/sign-out")

    assert [browser.get("/console/").status_code for browser in hers] == [302, 302]


def test_a_person_shows_what_they_did_last(app: Flask, admin: FlaskClient) -> None:
    teo = rows("SELECT id FROM users")[0][0]
    admin.post("/console/people/invite", data=FORM)

    page = plain(admin.get(f"/console/people/{teo}").text)

    assert "Sent an invitation Ada Lind as ops agent" in page


def test_nobody_changes_themselves(app: Flask) -> None:
    me = make_person("administrator", "Teo Marin")
    make_person("administrator", "Ada Lind")
    browser, path = browser_of(app, me), f"/console/people/{me}"

    page = browser.get(path).text
    answers = [
        browser.post(f"{path}/role", data={"role": "ops_agent"}),
        browser.post(f"{path}/active", data={"active": "0"}),
        browser.post(f"{path}/factor"),
    ]

    assert "This is you" in page
    assert 'action="/console/people/' not in page
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert "Somebody else has to change this for you." in answers[0].text
    kept = rows("SELECT role, is_active FROM users WHERE id = :id", id=me)
    assert kept == [("administrator", True)]


def test_the_last_administrator_stays(app: Flask, sql: Sql) -> None:
    teo, ada = make_person("administrator", "Teo Marin"), make_person("administrator", "Ada Lind")
    browser = browser_of(app, ada)
    by = person_of(ada)
    # Who acts ceases to be one herself, after the guard's look and before the service's.
    sql("UPDATE users SET role = 'ops_lead' WHERE id = %s", ada)

    with (
        pytest.raises(people.Conflict, match="Teo Marin is the last administrator"),
        transaction(ACCOUNTS),
    ):
        people.set_active(teo, is_active=False, by=by)

    assert browser.post(f"/console/people/{teo}/active", data={"active": "0"}).status_code == 403


# Who may ------------------------------------------------------------------------------------

PAGES = ("/console/people", "/console/people/invite", "/console/keys", "/console/settings")


@pytest.mark.parametrize("role", ["ops_agent", "ops_lead", "senior_management", "vendor_owner"])
def test_people_are_looked_after_by_administrators_alone(app: Flask, kiln: UUID, role: str) -> None:
    vendor = kiln if role == "vendor_owner" else None
    browser = browser_of(app, make_person(role, "Somebody Else", vendor=vendor))
    imani = make_person("ops_agent", "Imani Brooks")

    looks = [browser.get(path).status_code for path in (*PAGES, f"/console/people/{imani}")]
    acts = [
        browser.post("/console/people/invite", data=FORM).status_code,
        browser.post(f"/console/people/{imani}/active", data={"active": "0"}).status_code,
    ]

    assert set(looks + acts) == {403}
    assert invited() == []
    assert rows("SELECT is_active FROM users WHERE id = :id", id=imani) == [(True,)]


def test_whoever_may_not_look_after_people_is_not_offered_it(app: Flask) -> None:
    agent = browser_of(app, make_person("ops_agent")).get("/console/").text
    lead = browser_of(app, make_person("ops_lead")).get("/console/").text
    admin = browser_of(app, make_person("administrator")).get("/console/").text

    def offered(page: str) -> set[str]:
        return set(re.findall(r'href="/console/(vendors|people|keys|settings|audit)"', page))

    assert offered(agent) == {"vendors"}
    assert offered(lead) == {"vendors", "audit"}
    assert offered(admin) == {"vendors", "people", "keys", "settings", "audit"}


# A vendor's own team ------------------------------------------------------------------------


def test_an_owner_sees_and_invites_her_own_people_only(owner: FlaskClient, kiln: UUID) -> None:
    make_person("vendor_staff", "Noor Aziz", vendor=kiln)
    make_person("vendor_staff", "Paul Brandt", vendor=make_vendor_with_stock("tallow"))
    make_person("ops_agent", "Imani Brooks")

    page = owner.get("/portal/team").text
    answer = owner.post("/portal/team/invite", data=FORM | {"role": "vendor_staff"})

    assert set(re.findall(r'class="row-link"[^>]*><bdi>([^<]+)', page)) == {
        "Elin Berg",
        "Noor Aziz",
    }
    assert answer.location == "/portal/team?view=invited"
    assert invited() == [("ada@example.org", "Ada Lind", "vendor_staff", kiln)]


@pytest.mark.parametrize("role", ["ops_agent", "administrator"])
def test_an_owner_gives_no_role_of_ops(owner: FlaskClient, role: str) -> None:
    answer = owner.post("/portal/team/invite", data=FORM | {"role": role})

    assert answer.status_code == 422
    assert 'id="role-err"' in answer.text
    assert invited() == []


def test_an_owner_invites_nobody_to_another_vendor(owner: FlaskClient, kiln: UUID) -> None:
    other = make_vendor_with_stock("tallow")

    owner.post("/portal/team/invite", data=FORM | {"role": "vendor_staff", "vendor": str(other)})

    assert invited() == [("ada@example.org", "Ada Lind", "vendor_staff", kiln)]


@pytest.mark.parametrize("who", ["another vendor's", "ops"])
def test_another_vendors_people_do_not_exist(
    owner: FlaskClient, admin: FlaskClient, who: str
) -> None:
    other = make_vendor_with_stock("tallow")
    vendor = other if who != "ops" else None
    role = "vendor_staff" if vendor else "ops_agent"
    paul = make_person(role, "Paul Brandt", vendor=vendor)
    admin.post(
        "/console/people/invite",
        data=FORM | ({"role": "vendor_staff", "vendor": str(other)} if vendor else {}),
    )
    ((link,),) = rows("SELECT id FROM links")
    path = f"/portal/team/{paul}"

    answers = [
        owner.get(path),
        owner.post(f"{path}/role", data={"role": "vendor_owner"}),
        owner.post(f"{path}/active", data={"active": "0"}),
        owner.post(f"{path}/factor"),
        owner.post(f"{path}/sign-out"),
        owner.post(f"/portal/invitations/{link}/renew"),
        owner.post(f"/portal/invitations/{link}/revoke"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert rows("SELECT role, is_active FROM users WHERE id = :id", id=paul) == [(role, True)]
    assert rows("SELECT id, revoked_at FROM links") == [(link, None)]


def test_whom_the_marketplace_switched_off_stays_off(
    owner: FlaskClient, admin: FlaskClient, kiln: UUID
) -> None:
    noor = make_person("vendor_staff", "Noor Aziz", vendor=kiln)
    admin.post(f"/console/people/{noor}/active", data={"active": "0"})

    page = owner.get(f"/portal/team/{noor}").text
    answer = owner.post(f"/portal/team/{noor}/active", data={"active": "1"})

    assert "only it can switch them on" in page
    assert "Switch on" not in page
    assert answer.status_code == 403
    assert rows("SELECT is_active FROM users WHERE id = :id", id=noor) == [(False,)]


def test_staff_have_no_team_to_look_after(app: Flask, kiln: UUID) -> None:
    staff = browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))

    assert staff.get("/portal/team").status_code == 403
    assert "/portal/team" not in staff.get("/portal/").text
