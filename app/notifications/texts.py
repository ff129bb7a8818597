"""What each message says: subject and body, plain words, from the facts in its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.shared.money import Money


@dataclass(frozen=True, slots=True)
class Text:
    """A message as people read it."""

    subject: str
    body: str


# What a marketplace is called until somebody says so in its settings.
UNNAMED = "Onward"
SIGNED_UNNAMED = f"{UNNAMED}, for your marketplace"

NOT_YOU = (
    " If it was not you, tell whoever looks after accounts at once: somebody else may be in it."
)

TEXTS: dict[str, tuple[str, str]] = {
    "order_received": (
        "We have your order {number}",
        ("Hello {name},\n\nwe have your order {number}. We write again when a parcel leaves."),
    ),
    "order_shipped": (
        "A parcel of your order {number} is on its way",
        (
            "Hello {name},\n\na parcel of order {number} has left with {carrier},"
            " number {tracking_number}.{track}{expect}"
        ),
    ),
    "order_late": (
        "Your order {number} is late",
        (
            "Hello {name},\n\nwe promised order {number} for {promised}, and it has not come."
            " We are sorry. We are asking the carrier and the vendor now, and write again when"
            " we know more."
        ),
    ),
    "order_delivered": (
        "Your order {number} has arrived",
        (
            "Hello {name},\n\nall of order {number} has been delivered. If something is missing or"
            " wrong, answer this message."
        ),
    ),
    "order_canceled": (
        "Your order {number} is canceled",
        ("Hello {name},\n\norder {number} is canceled. Nothing more will be sent."),
    ),
    "compensation_offered": (
        "For the trouble with order {number}: {amount} back",
        (
            "Hello {name},\n\n{because} We would like to give you {amount} back. To take it, answer"
            " this message. This takes away none of your other rights."
        ),
    ),
    "work_assigned": (
        "New work: {fulfillment_order}",
        "Fulfillment order {fulfillment_order} is yours. Please hand it over by {ship_by}.",
    ),
    "escalation_step": (
        "{case} needs {level}: {kind}",
        "Case {case} of order {number} ({kind}) is critical and nobody has acknowledged it.",
    ),
    "account_notices": (
        "{about}",
        (
            "Hello {name},\n\n{lines}\n\nSee them here: {url}\n\nWhat you are mailed you choose"
            " under your account."
        ),
    ),
    "account_digest": (
        "Your day: {about}",
        (
            "Hello {name},\n\nsince the last digest:\n\n{lines}\n\nSee them here: {url}\n\nWhat"
            " you are mailed you choose under your account."
        ),
    ),
    "account_invitation": (
        "{by} invites you to {marketplace}",
        (
            "Hello {name},\n\n{by} invites you to work in {marketplace}. Open this link within"
            " three days and choose a password:\n\n{url}\n\nIf you did not expect this, do"
            " nothing; no account is made."
        ),
    ),
    "account_reset": (
        "A new password for {marketplace}",
        (
            "Hello,\n\nsomebody, most likely you, asked for a new password. Open this link within"
            " 30 minutes and choose one:\n\n{url}\n\nIf it was not you, do nothing; your password"
            " stays as it is."
        ),
    ),
    "account_email_confirm": (
        "Is this your new e-mail address?",
        (
            "Hello {name},\n\nopen this link within 30 minutes to sign in with this address from"
            " now on:\n\n{url}\n\nIf you did not ask for this, do nothing."
        ),
    ),
    "account_email_changed": (
        "Your e-mail address was changed",
        f"Hello {{name}},\n\nyour account has another e-mail address now.{NOT_YOU}",
    ),
    "account_password_changed": (
        "Your password was changed",
        f"Hello {{name}},\n\nthe password of your account was changed.{NOT_YOU}",
    ),
    "account_factor_added": (
        "A second factor was added",
        f"Hello {{name}},\n\nyour account asks for a second factor now.{NOT_YOU}",
    ),
    "account_factor_removed": (
        "A second factor was removed",
        f"Hello {{name}},\n\na second factor of your account was removed.{NOT_YOU}",
    ),
    "account_guessed": (
        "Somebody is guessing at your account",
        (
            "Hello {name},\n\nsomebody who knows your password entered many wrong codes or"
            " passwords where you sign in. If it was not you, choose another password now, and"
            " tell whoever looks after accounts."
        ),
    ),
    "account_email_asked": (
        "Somebody wants to change your e-mail address",
        f"Hello {{name}},\n\nyour account is about to get another e-mail address.{NOT_YOU}",
    ),
    "account_recovery_codes": (
        "You have new recovery codes",
        f"Hello {{name}},\n\nnew recovery codes were made; the old ones are dead.{NOT_YOU}",
    ),
}

LEVELS = {"ops": "ops", "ops_lead": "the ops lead", "senior_management": "senior management"}


def compose(template: str, facts: Mapping[str, Any], marketplace: str = UNNAMED) -> Text:
    """Return the words of a message; the template's table decides, the facts fill in."""
    subject, body = TEXTS[template]
    words = dict(facts) | _derived(facts) | {"marketplace": marketplace}
    one_line = " ".join(subject.format_map(words).split())
    signed = SIGNED_UNNAMED if marketplace == UNNAMED else marketplace
    return Text(one_line, f"{body.format_map(words)}\n\n{signed}")


def _derived(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the facts that need wording."""
    words = {"track": "", "expect": ""}
    if facts.get("link"):
        words["track"] = f"\n\nFollow it here: {facts['link']}"
    if facts.get("promised"):
        words["promised"] = f"{date.fromisoformat(facts['promised']):%A, %B %-d}"
        words["expect"] = f"\n\nWe promised all of it by {words['promised']}."
    if "minor" in facts:
        words["amount"] = f"{Money(facts['minor'], facts['currency'])} {facts['currency']}"
        is_lost = facts.get("rule") == "lost"
        words["because"] = "Your order has not come." if is_lost else "Your order came late."
    if "kind" in facts:
        words["kind"] = facts["kind"].replace("_", " ")
        words["level"] = LEVELS[facts["level"]]
    return words
