"""Bulk changes in words: what is done to how many, and why a row was left as it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.batches.contract import Act
from app.web.words import count, happened, span

# What somebody did with a thing after it was chosen.
DID = {
    "order_canceled": "canceled {units}",
    "parcel_shipped": "handed a parcel over",
    "fulfillment_order_confirmed": "confirmed it",
    "fulfillment_order_confirmed:rejected": "declined it",
    "fulfillment_order_picking": "began to pick it",
    "fulfillment_order_packed": "packed it",
    "fulfillment_order_made_ready": "made it ready for the carrier",
    "fulfillment_order_put_on_hold": "put it on hold",
    "fulfillment_order_released": "released it",
    "fulfillment_order_shipped": "shipped it",
    "escalation_acknowledged": "acknowledged it",
    "escalation_unacknowledged": "gave it back",
    "escalation_resolved": "resolved it",
    "escalation_reopened": "opened it again",
    "escalation_closed": "closed it, for its cause went away",
    "dead_letter_closed": "dealt with it",
}
# Why a row of any act may be left as it is.
ANY = {
    "gone": "It is not there any more.",
    "failed": "Something went wrong with it, and nothing of it was changed. It has been noted.",
    "changed": "Changed since it was chosen.",
    "said": "It does not allow this.",
}


def what(act: Act, number: int) -> str:
    """Return how many of what: "12 orders"."""
    return count(number, act.thing.noun)


def asked(act: Act, number: int) -> str:
    """Return the question before: "Put 12 orders on hold?"."""
    return act.ask.format(what=what(act, number))


def doing(act: Act, number: int) -> str:
    """Return what goes on: "Putting 12 orders on hold"."""
    return act.doing.format(what=what(act, number))


def why(act: Act, code: str) -> str:
    """Return what a code says of every row that has it."""
    known = act.whys.get(code)
    return known.sentence if known else ANY.get(code, ANY["failed"])


def reason(act: Act, told: Mapping[str, Any] | None, now: datetime) -> str | None:
    """Return why one row was left as it was, from what was written down of it."""
    if not told or not told.get("code"):
        return None
    if told["code"] == "said":
        return str(told["sentence"])
    if told["code"] == "changed" and "event" in told:
        return f"Changed since you chose it: {_change(told, now)}."
    return why(act, told["code"])


def _change(told: Mapping[str, Any], now: datetime) -> str:
    ago = span(now - datetime.fromisoformat(told["at"]))
    who = "Onward" if told["who"] == "onward" else told["who"]
    return f"{who} {_did(told['event'], told.get('facts') or {})} {ago} ago"


def _did(event: str, facts: Mapping[str, Any]) -> str:
    template = DID.get(f"{event}:{facts.get('status')}") or DID.get(event)
    if template is None:
        return f"changed it ({happened(event, facts)['title']})"
    return template.format(units=count(facts.get("units", 1), "unit"))
