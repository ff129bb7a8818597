"""Mails in the language of whom they tell, from the cause to the mailbox."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.accounts import links, mails
from app.accounts.preferences import NOBODYS, change
from app.notices import service as notices
from app.notices.contract import Notice
from app.shared.work import ACCOUNTS, OPS, transaction
from tests.factories import (
    at,
    make_order,
    make_vendor_with_stock,
    policy,
    routed_order,
    run,
    run_jobs,
    shipped_order,
)
from tests.people import HERE, make_person, person_of

LEFT = datetime.fromisoformat("2026-11-23T09:00:00+00:00")
DELIVER_BY = datetime.fromisoformat("2026-11-30T00:00:00+00:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORK = ("watch", "escalate", "compensate", "ask_carriers", "poll_shipments")


def customer(locale: str | None) -> dict[str, str | None]:
    return {"external_id": "C-1", "name": "Ada", "email": "ada@example.org", "locale": locale}


def mailed(post) -> dict[str, str]:
    """Send what is due; return the texts by subject."""
    run("send_notifications")
    return {mail.subject: mail.text for mail in post.newest()}


def test_a_customer_reads_the_whole_life_of_an_order_in_their_language(carrier, post):
    make_vendor_with_stock()
    shipped = shipped_order(number="A-1", customer=customer("sv-SE"))
    carrier.book.add(shipped.number, [(LEFT, "PU", "Picked up", "Malmö", "", "SE")])
    for days in (1, 8):
        at(DELIVER_BY + days * DAY)
        run_jobs(*WORK)
    told = mailed(post)
    came = (DELIVER_BY + 8 * DAY, "DL", "Delivered", "Malmö", "", "SE")
    carrier.book.add(shipped.number, [(LEFT, "PU", "Picked up", "Malmö", "", "SE"), came])
    at(DELIVER_BY + 9 * DAY)
    run_jobs(*WORK)
    told |= mailed(post)

    subjects = {subject for subject in told if not subject.startswith(("New work", "CA-"))}
    assert subjects == {
        "Vi har fått din beställning A-1",
        "Ett paket i din beställning A-1 är på väg",
        "Din beställning A-1 är försenad",
        "Din beställning A-1 har kommit fram",
        "För besväret med beställning A-1: 7,40 € tillbaka",
    }
    late = told["Din beställning A-1 är försenad"]
    assert "Vi lovade beställning A-1 till söndag den 29 november, och den har inte" in late


def test_an_order_that_is_canceled_is_told_in_its_customers_language(app, api, post):
    make_order("A-1", customer=customer("de-AT"))

    api("POST", "/orders/A-1/cancel?channel=webshop", {})

    assert "Ihre Bestellung A-1 ist storniert" in mailed(post)


@pytest.mark.parametrize(
    ("locale", "languages", "subject"),
    [
        ("pt-BR", ["sv"], "Recebemos o seu pedido A-1"),
        ("en-US", ["sv"], "We have your order A-1"),
        ("tlh", ["fr-CA", "sv"], "Nous avons bien reçu votre commande A-1"),
        (None, ["es"], "Hemos recibido su pedido A-1"),
        ("what they speak", ["nl"], "We have your order A-1"),
    ],
)
def test_whose_language_nobody_speaks_reads_the_marketplaces_first(
    app, post, locale, languages, subject
):
    policy("marketplace", languages=languages)
    make_order("A-1", customer=customer(locale))

    assert list(mailed(post)) == [subject]


def test_a_vendor_reads_english_whatever_its_customers_speak(app, post):
    policy("marketplace", languages=["sv"])
    make_vendor_with_stock()
    routed_order("A-1", customer=customer("sv"))

    [work] = [text for subject, text in mailed(post).items() if subject.startswith("New work")]
    assert work.endswith("\n\nOnward, for your marketplace\n")


def test_who_works_here_is_mailed_in_the_language_they_chose(app, post, sql):
    user_id = make_person(email="imani@example.org")
    sql("UPDATE users SET created_at = created_at - interval '1 day'")
    with transaction(ACCOUNTS):
        change(user_id, NOBODYS, language="de")
    person, noticed = person_of(user_id), {"by": "Noor", "number": "A-1"}
    with transaction(OPS):
        notices.tell([Notice(f"person:{user_id}", "mention", "A-1", "once", noticed)])
    sql("UPDATE notices SET at = at - interval '5 minutes'")
    with transaction(ACCOUNTS):
        mails.tell("account_password_changed", person)
    links.ask_reset("imani@example.org", HERE)
    run("mail_notices")

    told = mailed(post)
    assert {"Ihr Passwort wurde geändert", "Ein neues Passwort für Onward"} < set(told)
    assert [text for text in told.values() if "Was Sie per E-Mail bekommen, wählen Sie" in text]


def test_who_chose_no_language_is_mailed_in_english(app, post):
    policy("marketplace", languages=["sv"])
    person = person_of(make_person())
    with transaction(ACCOUNTS):
        mails.tell("account_password_changed", person)

    assert list(mailed(post)) == ["Your password was changed"]
