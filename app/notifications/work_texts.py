"""How mails to vendors tell of their work. They go to shared addresses: always English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

Facts = Mapping[str, Any]
# What a reminder asks for: in its subject, and in its sentence.
REMINDERS = {
    "confirm": ("Waits for your word", "Please confirm or decline"),
    "ship": ("Soon to be handed over", "Please hand over"),
    "cancel": ("Will be canceled unless it leaves", "Please hand over"),
}
ENDS = "What has not left by then is canceled, and the customer is paid back."
OVER = "It was called off or given to somebody else meanwhile: there is nothing to do."
RULE = "\n\n----------\n\n"


def of_work(facts: Facts) -> dict[str, str]:
    """Return the words of a mail about fulfillment orders, one or many; none of another."""
    if "works" in facts:
        return _letters(facts["works"])
    return _letter(facts) if "fulfillment_order" in facts else {}


def _letter(facts: Facts) -> dict[str, str]:
    work = facts.get("work")
    words = dict(zip(("soon", "please"), REMINDERS.get(facts.get("asks", ""), ()), strict=False))
    due = facts.get("due_at") or facts.get("ship_by")
    if due:
        words["due"] = _moment(due, work["zone"] if work else None)
    parts = [ENDS] if facts.get("asks") == "cancel" and not (work and work["is_over"]) else []
    parts += _parts(work) if work else []
    words["work"] = "".join(f"\n\n{part}" for part in parts)
    return words


def _letters(works: Sequence[Facts]) -> dict[str, str]:
    told = [_of_many(facts) for facts in works]
    return {"n": str(len(told)), "works": "".join(f"{RULE}{words}" for words in told)}


def _of_many(facts: Facts) -> str:
    words = _letter(facts)
    asks = words.get("please", "Please hand over")
    return f"{asks} {facts['fulfillment_order']} by {words['due']}.{words['work']}"


def _parts(work: Facts) -> Iterator[str]:
    """Return what a fulfillment order is, part by part."""
    if work["is_over"]:
        yield OVER
        return
    if work["confirm_by"]:
        yield f"Confirm by {_moment(work['confirm_by'], work['zone'])}."
    yield f"Order {work['number']}, from {work['place']}:\n{_lines(work)}"
    if work["address"]:
        yield _list("Ship to:", work["address"])
    if work["wishes"]:
        yield _list("Please note:", work["wishes"])
    yield f"Open it here: {work['url']}"


def _lines(work: Facts) -> str:
    more = [f"and {work['more']} more lines"] if work["more"] else []
    return "\n".join([*work["items"], *more])


def _list(title: str, lines: Sequence[str]) -> str:
    return "\n".join([title, *lines])


def _moment(words: str, zone: str | None) -> str:
    """Return a moment as people at a place read it; in UTC where no place is known."""
    local = datetime.fromisoformat(words).astimezone(ZoneInfo(zone) if zone else UTC)
    return f"{local:%A, %B} {local.day}, {local:%H:%M} ({zone or 'UTC'})"
