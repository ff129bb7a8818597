from __future__ import annotations

import pytest

from app.notifications.texts import TEXTS, compose

CUSTOMER = {"number": "A-1", "name": "Ada Lind", "promised": "2026-11-29"}
PARCEL = {
    "carrier": "FedEx",
    "tracking_number": "449044304137821",
    "link": "https://fedex.example/1",
}
MONEY = {"minor": 1250, "currency": "EUR", "rule": "late_1"}
CASE = {"case": "CA-1", "kind": "late_dispatch", "number": "A-1", "level": "ops_lead"}
ACCOUNT = {"name": "Ada Lind"}
LINK = {"url": "https://onward.example/invitation/1"}
NOTICES = ACCOUNT | LINK | {"about": "2 notices", "lines": "- Noor Aziz mentions you. Order A-1."}
# What the services put into each template's row.
FACTS = {
    "order_received": {"number": "A-1", "name": "Ada Lind"},
    "order_shipped": CUSTOMER | PARCEL,
    "order_late": CUSTOMER,
    "order_delivered": CUSTOMER,
    "order_canceled": CUSTOMER,
    "compensation_offered": CUSTOMER | MONEY,
    "work_assigned": {"fulfillment_order": "FO-1", "ship_by": "2026-11-24T15:00:00+00:00"},
    "escalation_step": CASE,
    "account_notices": NOTICES,
    "account_digest": NOTICES,
    "account_invitation": ACCOUNT | LINK | {"by": "Teo Marin"},
    "account_reset": LINK,
    "account_email_confirm": ACCOUNT | LINK,
    "account_email_asked": ACCOUNT,
    "account_guessed": ACCOUNT,
    "account_email_changed": ACCOUNT,
    "account_password_changed": ACCOUNT,
    "account_factor_added": ACCOUNT,
    "account_factor_removed": ACCOUNT,
    "account_recovery_codes": ACCOUNT,
}
# What a message must name to be about something: its work, its link, whose account, its order.
NAMES = {"work_assigned": "FO-1", "account_reset": LINK["url"]}


def test_every_template_is_tested():
    assert set(FACTS) == set(TEXTS)


@pytest.mark.parametrize("template", TEXTS)
def test_every_template_says_all_it_has_to_say(template):
    text = compose(template, FACTS[template])

    assert "{" not in text.subject + text.body
    assert "None" not in text.subject + text.body
    assert text.body.endswith("\n\nOnward, for your marketplace")
    name = NAMES.get(template, "Ada Lind" if template.startswith("account") else "A-1")
    assert name in text.subject + text.body


def test_a_marketplace_with_a_name_invites_and_signs_by_it():
    text = compose("account_invitation", FACTS["account_invitation"], "Hearth & Pine")

    assert text.subject == "Teo Marin invites you to Hearth & Pine"
    assert text.body.endswith("\n\nHearth & Pine")


def test_a_parcel_of_a_carrier_nobody_can_link_to_has_no_link():
    text = compose("order_shipped", FACTS["order_shipped"] | {"link": None, "promised": None})

    assert text.body == (
        "Hello Ada Lind,\n\na parcel of order A-1 has left with FedEx, number 449044304137821."
        "\n\nOnward, for your marketplace"
    )


def test_a_promise_is_written_as_people_say_it():
    assert "for Sunday, November 29, and it has not come" in compose("order_late", CUSTOMER).body


@pytest.mark.parametrize(
    ("change", "subject", "because"),
    [
        ({}, "12.50 EUR back", "Your order came late."),
        ({"rule": "lost"}, "12.50 EUR back", "Your order has not come."),
        ({"currency": "JPY"}, "1250 JPY back", "Your order came late."),
    ],
)
def test_an_offer_names_its_amount_and_its_reason(change, subject, because):
    text = compose("compensation_offered", FACTS["compensation_offered"] | change)

    assert text.subject == f"For the trouble with order A-1: {subject}"
    assert because in text.body


def test_words_of_a_customer_are_never_read_as_a_template():
    text = compose("order_received", {"number": "{name}", "name": "{0.__class__}"})

    assert text.subject == "We have your order {name}"
    assert text.body.startswith("Hello {0.__class__},")


def test_a_subject_is_one_line():
    assert "\n" not in compose("order_received", {"number": "A\n1", "name": "Ada"}).subject
