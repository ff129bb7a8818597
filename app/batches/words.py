"""Bulk changes in words: what is done to how many, and why a row was left as it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.batches.contract import Act
from app.shared.language import _, _n, later
from app.web.words import happened, span

# What somebody did with a thing after it was chosen.
DID = {
    "order_canceled": later("canceled {units}"),
    "order_held": later("held it for review"),
    "order_released": later("released it after review"),
    "order_readdressed": later("changed the address"),
    "order_units_changed": later("changed the units"),
    "order_wishes_changed": later("changed the wishes"),
    "parcel_shipped": later("handed a parcel over"),
    "fulfillment_order_confirmed": later("confirmed it"),
    "fulfillment_order_confirmed:rejected": later("declined it"),
    "fulfillment_order_picking": later("began to pick it"),
    "fulfillment_order_picked_short": later("could not find part of it"),
    "fulfillment_order_packed": later("packed it"),
    "fulfillment_order_made_ready": later("made it ready for the carrier"),
    "fulfillment_order_put_on_hold": later("put it on hold"),
    "fulfillment_order_released": later("released it"),
    "fulfillment_order_shipped": later("shipped it"),
    "escalation_acknowledged": later("acknowledged it"),
    "escalation_unacknowledged": later("gave it back"),
    "escalation_resolved": later("resolved it"),
    "escalation_reopened": later("opened it again"),
    "escalation_closed": later("closed it, for its cause went away"),
    "dead_letter_closed": later("dealt with it"),
}
# Why a row of any act may be left as it is.
ANY = {
    "gone": later("It is not there any more."),
    "failed": later(
        "Something went wrong with it, and nothing of it was changed. It has been noted."
    ),
    "changed": later("Changed since it was chosen."),
    "changed_again": later("Changed again since it was done."),
    "said": later("It does not allow this."),
}


def what(act: Act, number: int) -> str:
    """Return how many of what: "12 orders"."""
    return act.thing.some(number)


def asked(act: Act, number: int) -> str:
    """Return the question before: "Put 12 orders on hold?"."""
    return _(act.ask, what=what(act, number))


def doing(act: Act, number: int) -> str:
    """Return what goes on: "Putting 12 orders on hold"."""
    return _(act.doing, what=what(act, number))


def why(act: Act, code: str) -> str:
    """Return what a code says of every row that has it."""
    known = act.whys.get(code)
    return _(known.sentence if known else ANY.get(code, ANY["failed"]))


def reason(act: Act, told: Mapping[str, Any] | None, now: datetime) -> str | None:
    """Return why one row was left as it was, from what was written down of it."""
    if not told or not told.get("code"):
        return None
    if told["code"] == "said":
        return str(told["sentence"])
    if told["code"] == "changed" and "event" in told:
        return _("Changed since you chose it: {change}.", change=_change(told, now))
    if told["code"] == "changed_again":
        return _("Changed again since it was done: {change}.", change=_change(told, now))
    return why(act, told["code"])


def _change(told: Mapping[str, Any], now: datetime) -> str:
    ago = span(now - datetime.fromisoformat(told["at"]))
    who = "Onward" if told["who"] == "onward" else told["who"]
    did = _did(told["event"], told.get("facts") or {})
    return _("{who} {did} {ago} ago", who=who, did=did, ago=ago)


def _did(event: str, facts: Mapping[str, Any]) -> str:
    template = DID.get(f"{event}:{facts.get('status')}") or DID.get(event)
    if template is None:
        return _("changed it ({event})", event=happened(event, facts)["title"])
    return _(template, units=_n("{n} unit", "{n} units", facts.get("units", 1)))
