from __future__ import annotations

import pytest

from app.notifications.texts import REASONED, TEXTS, compose, language_of
from app.shared.language import ENGLISH, MAILS, available

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
CONTENTS = {"items": [["Mug, red", 2], ["Wool throw", 1]], "more": 3, "city": "Malmö"}
VENDOR = {"name": "Ada Lind", "standing": "paused", "until": "2026-12-24", "work": "finish"}
NOTICES = ACCOUNT | LINK | {"about": "2 notices", "lines": "- Noor Aziz mentions you. Order A-1."}
GIVEN = {"fulfillment_order": "FO-1", "ship_by": "2026-11-24T15:00:00+00:00"}
REMINDED = {"fulfillment_order": "FO-1", "asks": "ship", "due_at": "2026-11-24T15:00:00+00:00"}
# What is read of work at the moment of sending.
WHOLE = {
    "number": "A-1",
    "place": "Main",
    "zone": "Europe/Stockholm",
    "confirm_by": "2026-11-24T09:00:00+00:00",
    "is_over": False,
    "items": ["2 \N{MULTIPLICATION SIGN} Mug, red (MUG-RED), colour: red"],
    "more": 0,
    "address": ["Ada Lind", "Storgatan 1", "211 34 Malmö", "SE"],
    "wishes": ["Wrap it as a gift"],
    "url": "https://onward.example/portal/orders/FO-1",
}
# What the services put into each template's row.
FACTS = {
    "order_received": {"number": "A-1", "name": "Ada Lind"} | CONTENTS,
    "order_confirmed": CUSTOMER | CONTENTS | {"ship_on": "2026-11-24"},
    "order_changed": CUSTOMER | CONTENTS,
    "order_shipped": CUSTOMER | PARCEL,
    "order_late": CUSTOMER,
    "order_delivered": CUSTOMER,
    "order_canceled": CUSTOMER,
    "compensation_offered": CUSTOMER | MONEY,
    "work_taken_back": {"fulfillment_order": "FO-1", "reason": "not confirmed in time"},
    "work_changed": {"fulfillment_order": "FO-1", "changed": "address"},
    "work_assigned": GIVEN,
    "work_assigned_many": {"works": [GIVEN, GIVEN | {"work": WHOLE}]},
    "work_reminder": REMINDED,
    "work_reminder_many": {"works": [REMINDED, REMINDED | {"asks": "confirm", "work": WHOLE}]},
    "escalation_step": CASE,
    "account_vendor": VENDOR | {"reason": "Too much is late."},
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
WORK = dict.fromkeys((name for name in TEXTS if name.startswith("work_")), "FO-1")
NAMES = WORK | {"account_reset": LINK["url"]}


def test_every_template_is_tested():
    assert set(FACTS) == set(TEXTS)


@pytest.mark.parametrize("code", available(MAILS))
@pytest.mark.parametrize("template", TEXTS)
def test_every_template_says_all_it_has_to_say_in_every_language(template, code):
    text = compose(template, FACTS[template], code=code)

    assert "{" not in text.subject + text.body
    assert "None" not in text.subject + text.body
    name = NAMES.get(template, "Ada Lind" if template.startswith("account") else "A-1")
    assert name in text.subject + text.body


@pytest.mark.parametrize("template", TEXTS)
def test_a_marketplace_without_a_name_signs_as_onward(template):
    assert compose(template, FACTS[template]).body.endswith("\n\nOnward, for your marketplace")


@pytest.mark.parametrize("code", available(MAILS))
@pytest.mark.parametrize("variant", REASONED)
def test_a_reason_is_said_in_every_language_with_what_is_paid_back(variant, code):
    template, why = variant.split(":")
    facts = FACTS[template] | {"why": why, "back": 1250, "currency": "EUR"}

    told, plain = compose(template, facts, code=code), compose(template, FACTS[template], code=code)

    assert "A-1" in told.subject + told.body
    assert "{" not in told.subject + told.body
    assert told.body != plain.body
    assert (told.body == compose(template, facts).body) == (code == ENGLISH)
    amount = "12.50" if code == ENGLISH else "12,50"
    assert amount in told.body
    assert amount not in compose(template, facts | {"back": 0}, code=code).body


def test_a_customer_reads_that_a_parcel_left_in_their_language():
    text = compose("order_shipped", FACTS["order_shipped"], "Hearth & Pine", "sv")

    assert text.subject == "Ett paket i din beställning A-1 är på väg"
    assert text.body == (
        "Hej Ada Lind!\n\nEtt paket i beställning A-1 är på väg med FedEx, paketnummer"
        " 449044304137821.\n\nFölj det här: https://fedex.example/1\n\nVi har lovat att allt kommer"
        " senast söndag den 29 november.\n\nHearth & Pine"
    )


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("de", "für Sonntag, den 29. November zugesagt"),
        ("es", "para el domingo 29 de noviembre y no"),
        ("fr", "pour le dimanche 29 novembre, et"),
        ("pt", "para domingo, 29 de novembro, e"),
        ("sv", "till söndag den 29 november, och"),
    ],
)
def test_a_promise_is_written_as_its_language_says_days(code, day):
    assert day in compose("order_late", CUSTOMER, code=code).body


@pytest.mark.parametrize(
    ("code", "currency", "amount"),
    [
        ("de", "EUR", "12,50\N{NO-BREAK SPACE}€"),
        ("fr", "EUR", "12,50\N{NO-BREAK SPACE}€"),
        ("pt", "BRL", "R$\N{NO-BREAK SPACE}12,50"),
        ("sv", "SEK", "12,50\N{NO-BREAK SPACE}kr"),
        ("de", "JPY", "1.250\N{NO-BREAK SPACE}¥"),
    ],
)
def test_an_amount_is_written_as_its_language_writes_it(code, currency, amount):
    facts = FACTS["compensation_offered"] | {"currency": currency}

    assert amount in compose("compensation_offered", facts, code=code).body


@pytest.mark.parametrize(
    ("facts", "first", "code"),
    [
        ({"language": "pt-BR"}, "sv", "pt"),
        ({"language": "sv_SE"}, "en", "sv"),
        ({"language": "en-GB"}, "sv", ENGLISH),
        ({"language": None}, "sv-SE", "sv"),
        ({"language": "tlh"}, "sv", "sv"),
        ({"language": "what they speak"}, "sv", "sv"),
        ({"language": "xx"}, "nl", ENGLISH),
        ({}, "sv", ENGLISH),
    ],
)
def test_a_message_is_in_its_readers_language_or_the_marketplaces_first(facts, first, code):
    assert language_of(facts, first) == code


def test_who_speaks_goes_on_as_before_after_a_message():
    compose("order_late", CUSTOMER, code="sv")

    assert compose("order_late", CUSTOMER).subject == "Your order A-1 is late"


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


@pytest.mark.parametrize("code", ["en", "sv"])
def test_words_of_a_customer_are_never_read_as_a_template(code):
    facts = {"number": "{name}", "name": "{0.__class__}", "link": "{name}", "promised": None}
    text = compose("order_shipped", PARCEL | facts, code=code)

    assert "{name}" in text.subject
    assert "{0.__class__}" in text.body
    assert "{name}\n\nOnward" in text.body


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (
            {"is_faster": True, "expected": "2026-11-27", "is_late": False},
            "and that costs you nothing. We expect it on Friday, November 27.",
        ),
        (
            {"is_faster": True, "expected": "2026-11-30", "is_late": True},
            "on Monday, November 30. That is later than we promised, and we are sorry.",
        ),
        (
            {"is_faster": False, "expected": "2026-11-29", "is_late": False},
            "It goes by the service you ordered. We expect it on Sunday, November 29.",
        ),
        (
            {"expected": "2026-12-03", "is_late": True},
            "\n\nWe expect it on Thursday, December 3. That is later than we promised",
        ),
        (
            {"was_promised": "2026-11-26", "promised": "2026-12-03"},
            (
                "\n\nWe promised it for Thursday, November 26. With this change it takes longer:"
                " we promise it for Thursday, December 3 now."
            ),
        ),
    ],
)
def test_a_customer_reads_by_which_service_it_comes_and_when(sent, said):
    body = compose("order_changed", CUSTOMER | CONTENTS | sent).body

    assert said in body
    assert "2 \N{MULTIPLICATION SIGN} Mug, red" in body


def test_a_vendor_reads_that_its_work_goes_by_another_service():
    body = compose("work_changed", {"fulfillment_order": "FO-1", "changed": "service"}).body

    assert body.startswith("Somebody changed the shipping service of fulfillment order FO-1.")


def test_a_vendor_reads_the_whole_of_its_new_work():
    text = compose("work_assigned", GIVEN | {"work": WHOLE}, "Hearth & Pine")

    assert text.subject == "New work: FO-1"
    assert text.body == (
        "Fulfillment order FO-1 is yours. Please hand it over by Tuesday, November 24, 16:00"
        " (Europe/Stockholm).\n\nConfirm by Tuesday, November 24, 10:00 (Europe/Stockholm).\n\n"
        "Order A-1, from Main:\n2 \N{MULTIPLICATION SIGN} Mug, red (MUG-RED), colour: red\n\n"
        "Ship to:\nAda Lind\nStorgatan 1\n211 34 Malmö\nSE\n\nPlease note:\nWrap it as a gift\n\n"
        "Open it here: https://onward.example/portal/orders/FO-1\n\nHearth & Pine"
    )


def test_work_that_is_over_asks_for_nothing():
    over = WHOLE | {"is_over": True}

    body = compose("work_reminder", REMINDED | {"work": over}).body

    assert "there is nothing to do" in body
    assert "Ada Lind" not in body


def test_a_subject_is_one_line():
    assert "\n" not in compose("order_received", {"number": "A\n1", "name": "Ada"}).subject
