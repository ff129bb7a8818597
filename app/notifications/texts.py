"""What each message says: subject and body, plain words, from the facts in its row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.notifications.work_texts import of_work
from app.shared import language
from app.shared.language import _, later
from app.shared.money import Money
from app.web.words import money


@dataclass(frozen=True, slots=True)
class Text:
    """A message as people read it."""

    subject: str
    body: str


# What a marketplace is called until somebody says so in its settings.
UNNAMED = "Onward"
SIGNED_UNNAMED = later("Onward, for your marketplace")

# Texts that stand in others, where their facts are known.
TRACK = later("Follow it here: {link}")
EXPECT = later("We promised all of it by {promised}.")
ALSO = later("and more lines: {n}")
GOES_TO = later("It goes to {city}.")
TOTAL = later("All of it costs {amount}.")
FASTER = later("It goes by a faster service now, and that costs you nothing.")
AS_ORDERED = later("It goes by the service you ordered.")
EXPECTED = later("We expect it on {day}.")
EXPECTED_LATE = later("We expect it on {day}. That is later than we promised, and we are sorry.")
ANEW = later(
    "We promised it for {was}. With this change it takes longer: we promise it for {promised} now."
)
BACK = later("You get {back} back.")
LOST = later("Your order has not come.")
LATE = later("Your order came late.")
NOT_YOU = later(
    "If it was not you, tell whoever looks after accounts at once: somebody else may be in it."
)
# A day as it stands in a sentence: "for {promised}", "by {promised}".
DAY = later("{weekday}, {month} {day}")

TEXTS: dict[str, tuple[str, str]] = {
    "order_received": (
        later("We have your order {number}"),
        later(
            "Hello {name},\n\nwe have your order {number}. We write again when a parcel leaves."
            "{contents}"
        ),
    ),
    "order_confirmed": (
        later("Your order {number} is being made ready"),
        later(
            "Hello {name},\n\nthis of order {number} is confirmed:{contents}\n\nIt is meant to"
            " leave on {ship_day}. We write again when it has left.{expect}"
        ),
    ),
    "order_changed": (
        later("Your order {number} was changed"),
        later(
            "Hello {name},\n\norder {number} was changed. This is what it is now:{contents}\n\n"
            "If you did not want this, answer this message."
        ),
    ),
    "order_shipped": (
        later("A parcel of your order {number} is on its way"),
        later(
            "Hello {name},\n\na parcel of order {number} has left with {carrier},"
            " number {tracking_number}.{track}{expect}"
        ),
    ),
    "order_late": (
        later("Your order {number} is late"),
        later(
            "Hello {name},\n\nwe promised order {number} for {promised}, and it has not come."
            " We are sorry. We are asking the carrier and the vendor now, and write again when"
            " we know more."
        ),
    ),
    "order_delivered": (
        later("Your order {number} has arrived"),
        later(
            "Hello {name},\n\nall of order {number} has been delivered. If something is missing or"
            " wrong, answer this message."
        ),
    ),
    "order_canceled": (
        later("Your order {number} is canceled"),
        later("Hello {name},\n\norder {number} is canceled. Nothing more will be sent."),
    ),
    "compensation_offered": (
        later("For the trouble with order {number}: {amount} back"),
        later(
            "Hello {name},\n\n{because} We would like to give you {amount} back. To take it, answer"
            " this message. This takes away none of your other rights."
        ),
    ),
    # These go to shared addresses, whose readers nobody knows: always English.
    "work_assigned": (
        "New work: {fulfillment_order}",
        "Fulfillment order {fulfillment_order} is yours. Please hand it over by {due}.{work}",
    ),
    "work_assigned_many": (
        "New work: {n} fulfillment orders",
        "{n} fulfillment orders are yours. This is what each of them is.{works}",
    ),
    "work_reminder": (
        "{soon}: {fulfillment_order}",
        "{please} fulfillment order {fulfillment_order} by {due}.{work}",
    ),
    "work_reminder_many": (
        "Soon due: {n} fulfillment orders",
        "These {n} fulfillment orders are due soon.{works}",
    ),
    "work_changed": (
        "Changed: {fulfillment_order}",
        (
            "{what} of fulfillment order {fulfillment_order}. Please look at it before you go on"
            " with it."
        ),
    ),
    "work_taken_back": (
        "Taken back: {fulfillment_order}",
        (
            "Fulfillment order {fulfillment_order} was given to somebody else: {reason}. Do not"
            " ship it; what you have shipped of it stays yours."
        ),
    ),
    "account_vendor": (
        "{name} is {standing} in {marketplace}",
        "Hello {name},\n\nin {marketplace} you are {standing} now.{why}{ends}{work}",
    ),
    "escalation_step": (
        "{case} needs {level}: {kind}",
        "Case {case} of order {number} ({kind}) is critical and nobody has acknowledged it.",
    ),
    "account_notices": (
        "{about}",
        later(
            "Hello {name},\n\n{lines}\n\nSee them here: {url}\n\nWhat you are mailed you choose"
            " under your account."
        ),
    ),
    "account_digest": (
        later("Your day: {about}"),
        later(
            "Hello {name},\n\nsince the last digest:\n\n{lines}\n\nSee them here: {url}\n\nWhat"
            " you are mailed you choose under your account."
        ),
    ),
    "account_invitation": (
        later("{by} invites you to {marketplace}"),
        later(
            "Hello {name},\n\n{by} invites you to work in {marketplace}. Open this link within"
            " three days and choose a password:\n\n{url}\n\nIf you did not expect this, do"
            " nothing; no account is made."
        ),
    ),
    "account_reset": (
        later("A new password for {marketplace}"),
        later(
            "Hello,\n\nsomebody, most likely you, asked for a new password. Open this link within"
            " 30 minutes and choose one:\n\n{url}\n\nIf it was not you, do nothing; your password"
            " stays as it is."
        ),
    ),
    "account_email_confirm": (
        later("Is this your new e-mail address?"),
        later(
            "Hello {name},\n\nopen this link within 30 minutes to sign in with this address from"
            " now on:\n\n{url}\n\nIf you did not ask for this, do nothing."
        ),
    ),
    "account_email_changed": (
        later("Your e-mail address was changed"),
        later("Hello {name},\n\nyour account has another e-mail address now. {not_you}"),
    ),
    "account_password_changed": (
        later("Your password was changed"),
        later("Hello {name},\n\nthe password of your account was changed. {not_you}"),
    ),
    "account_factor_added": (
        later("A second factor was added"),
        later("Hello {name},\n\nyour account asks for a second factor now. {not_you}"),
    ),
    "account_factor_removed": (
        later("A second factor was removed"),
        later("Hello {name},\n\na second factor of your account was removed. {not_you}"),
    ),
    "account_guessed": (
        later("Somebody is guessing at your account"),
        later(
            "Hello {name},\n\nsomebody who knows your password entered many wrong codes or"
            " passwords where you sign in. If it was not you, choose another password now, and"
            " tell whoever looks after accounts."
        ),
    ),
    "account_email_asked": (
        later("Somebody wants to change your e-mail address"),
        later("Hello {name},\n\nyour account is about to get another e-mail address. {not_you}"),
    ),
    "account_recovery_codes": (
        later("You have new recovery codes"),
        later("Hello {name},\n\nnew recovery codes were made; the old ones are dead. {not_you}"),
    ),
}

# What is said instead where facts say why, by template and reason.
REASONED: dict[str, tuple[str, str]] = {
    "order_canceled:unshipped": (
        later("Your order {number} is canceled"),
        later(
            "Hello {name},\n\norder {number} was never handed over to the carrier, though it should"
            " have left. We do not want you to wait any longer, so we canceled it, and nothing will"
            " be sent. We are sorry.{back}"
        ),
    ),
    "order_changed:unshipped": (
        later("Your order {number} was changed"),
        later(
            "Hello {name},\n\na part of order {number} was never handed over to the carrier, though"
            " it should have left. We do not want you to wait any longer, so we canceled that part."
            " We are sorry.{back}\n\nThis is what the order is now:{contents}"
        ),
    ),
}

STANDINGS = {
    "active": "active",
    "review": "under review",
    "paused": "paused",
    "suspended": "suspended",
    "closed": "closed",
}
STANDING_WORK = {
    "finish": "Please finish the work that is open.",
    "taken_back": "Your open work is given to others; do not ship it any more.",
}
CHANGED = {
    "address": "Somebody changed the address",
    "units": "Somebody called off units",
    "wishes": "Somebody changed the wishes",
    "unshipped": "It was not handed over in time, so we canceled what had not left",
    "service": "Somebody changed the shipping service",
}
LEVELS = {"ops": "ops", "ops_lead": "the ops lead", "senior_management": "senior management"}


def language_of(facts: Mapping[str, Any], first: str) -> str:
    """Return in which language a message is written.

    A customer's own, else the marketplace's first; whoever else's own, as far as it is known.
    """
    if "language" not in facts:
        return language.ENGLISH
    usual = language.nearest(first, language.MAILS)
    return language.nearest(facts["language"], language.MAILS, usual)


def compose(
    template: str,
    facts: Mapping[str, Any],
    marketplace: str = UNNAMED,
    code: str = language.ENGLISH,
) -> Text:
    """Return the words of a message; the template's table decides, the facts fill in."""
    subject, body = REASONED.get(f"{template}:{facts.get('why')}") or TEXTS[template]
    with language.spoken(code, language.MAILS):
        words = dict(facts) | _derived(facts) | {"marketplace": marketplace}
        one_line = " ".join(_(subject).format_map(words).split())
        signed = _(SIGNED_UNNAMED) if marketplace == UNNAMED else marketplace
        return Text(one_line, f"{_(body).format_map(words)}\n\n{signed}")


def _derived(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the facts that need wording."""
    words = {"track": "", "expect": "", "contents": "", "not_you": _(NOT_YOU)} | of_work(facts)
    words["back"] = _back(facts)
    if facts.get("link"):
        words["track"] = f"\n\n{_(TRACK, link=facts['link'])}"
    if facts.get("promised"):
        words["promised"] = _day(date.fromisoformat(facts["promised"]))
        words["expect"] = f"\n\n{_(EXPECT, promised=words['promised'])}"
    if facts.get("ship_on"):
        words["ship_day"] = _day(date.fromisoformat(facts["ship_on"]))
    if "minor" in facts:
        words["amount"] = _amount(facts["minor"], facts["currency"])
        words["because"] = _(LOST) if facts.get("rule") == "lost" else _(LATE)
    if "items" in facts:
        words["contents"] = "\n\n".join(["", *_contents(facts, words.get("amount"))])
    if "changed" in facts:
        words["what"] = CHANGED[facts["changed"]]
    if "kind" in facts:
        words["kind"] = facts["kind"].replace("_", " ")
        words["level"] = LEVELS[facts["level"]]
    return words | (_standing(facts) if "standing" in facts else {})


def _back(facts: Mapping[str, Any]) -> str:
    if not facts.get("back"):
        return ""
    return f" {_(BACK, back=_amount(facts['back'], facts['currency']))}"


def _standing(facts: Mapping[str, Any]) -> dict[str, str]:
    until = f"From {_day(date.fromisoformat(facts['until']))} on you are active again by yourself."
    parts = {
        "why": facts["reason"],
        "ends": until if facts["until"] else "",
        "work": STANDING_WORK.get(facts["work"], ""),
    }
    told = {name: f"\n\n{words}" if words else "" for name, words in parts.items()}
    return told | {"standing": STANDINGS[facts["standing"]]}


def _contents(facts: Mapping[str, Any], amount: str | None) -> Iterator[str]:
    """Return what an order is: its lines, where it goes, and what it costs where that is told."""
    lines = [f"{units} \N{MULTIPLICATION SIGN} {title}" for title, units in facts["items"]]
    yield "\n".join([*lines, _(ALSO, n=facts["more"])] if facts["more"] else lines)
    told = [_(GOES_TO, city=facts["city"])]
    yield " ".join([*told, _(TOTAL, amount=amount)] if amount else told)
    if "expected" in facts:
        expected = EXPECTED_LATE if facts["is_late"] else EXPECTED
        said = _(expected, day=_day(date.fromisoformat(facts["expected"])))
        if "is_faster" in facts:
            said = f"{_(FASTER if facts['is_faster'] else AS_ORDERED)} {said}"
        yield said
    if "was_promised" in facts:
        was, promised = (date.fromisoformat(facts[x]) for x in ("was_promised", "promised"))
        yield _(ANEW, was=_day(was), promised=_day(promised))


def _day(day: date) -> str:
    locale = language.locale()
    weekday, month = locale.days["format"]["wide"][day.weekday()], locale.months["format"]["wide"]
    return _(DAY, weekday=weekday, month=month[day.month], day=day.day)


def _amount(minor: int, currency: str) -> str:
    if language.current() == language.ENGLISH:
        return f"{Money(minor, currency)} {currency}"
    return money((minor, currency))
