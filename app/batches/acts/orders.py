"""Orders: put on hold, release, cancel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row as SqlRow
from sqlalchemy import text

from app.batches.contract import LEADS, Act, Outcome, Row, Subjects, Thing, Why
from app.extensions import db
from app.orders import review
from app.orders import service as orders
from app.orders.contract import Action
from app.orders.locks import lock_orders
from app.shared.errors import DomainError
from app.shared.language import _n, later
from app.shared.who import Who

# What people and vendors do to an order; routing, carriers and the watch change nothing that
# somebody who chose it would have to look at again. That a vendor goes on with its work is no news
# either: what is being packed can be held as well as what is confirmed.
MOVES = (
    "t.event IN ('order_canceled', 'parcel_shipped', 'fulfillment_order_shipped',"
    " 'fulfillment_order_put_on_hold', 'fulfillment_order_released', 'order_released',"
    " 'order_readdressed', 'order_units_changed', 'order_wishes_changed')"
    " OR t.event = 'fulfillment_order_confirmed' AND t.facts ? 'declined'"
    " OR t.event = 'order_held' AND t.actor <> 'onward'"
)
SEEN = (
    "(SELECT coalesce(max(t.id), 0)::text FROM timeline t"
    f" WHERE t.order_id = o.id AND t.cohort = o.cohort AND ({MOVES}))"
)
CHANGES = (
    "SELECT DISTINCT ON (o.id) o.reference, t.event, t.actor, t.at, t.facts, t.source,"
    " v.name AS vendor"
    " FROM unnest(CAST(:subjects AS text[]), CAST(:seen AS bigint[])) s(subject, seen)"
    " JOIN orders o ON o.reference = s.subject"
    " JOIN timeline t ON t.order_id = o.id AND t.cohort = o.cohort AND t.id > s.seen"
    " LEFT JOIN shipments p ON p.id = t.subject_id"
    " LEFT JOIN fulfillment_orders f ON f.id = t.subject_id"
    " LEFT JOIN vendors v ON v.id = coalesce(f.vendor_id, p.vendor_id)"
    " WHERE {moves} ORDER BY o.id, t.id DESC"
)
CHANGED = text(CHANGES.format(moves=MOVES))
# What was held or released by a bulk change, and by somebody again after that.
CHANGED_AGAIN = text(
    CHANGES.format(
        moves="t.event IN ('fulfillment_order_put_on_hold', 'fulfillment_order_released')"
        " AND f.reference = ANY(:parts)"
    )
)
REVIEWED_AGAIN = text(CHANGES.format(moves="t.event IN ('order_held', 'order_released')"))
NEWEST = text(
    "SELECT o.reference, max(t.id) AS entry FROM orders o"
    " JOIN timeline t ON t.order_id = o.id AND t.cohort = o.cohort"
    " WHERE o.reference = ANY(:subjects) GROUP BY 1"
)
# What ops may do, too; all else is told by the vendor's name, whoever of it or for it said it.
BY_ANYBODY = {"fulfillment_order_put_on_hold", "fulfillment_order_released"}
KEYS = text("SELECT id, reference FROM orders WHERE reference = ANY(:subjects)")
PARTS = text(
    "SELECT o.reference AS subject, f.reference FROM orders o"
    " JOIN fulfillment_orders f ON f.order_id = o.id"
    " WHERE o.reference = ANY(:subjects) AND f.status = ANY(:statuses) ORDER BY f.id"
)

HOLDABLE = ("assigned", "confirmed", "picking", "packed", "ready")


def _has(statuses: Iterable[str]) -> str:
    named = ", ".join(f"'{status}'" for status in statuses)
    return (
        "EXISTS (SELECT FROM fulfillment_orders f WHERE f.order_id = o.id"
        f" AND f.status IN ({named}))"
    )


HAS_SHIPPED = "EXISTS (SELECT FROM fo_lines l WHERE l.order_id = o.id AND l.shipped > 0)"
HAS_UNROUTED = "EXISTS (SELECT FROM order_lines l WHERE l.order_id = o.id AND l.unrouted > 0)"
IS_OPEN = f"({HAS_UNROUTED} OR {_has([*HOLDABLE, 'on_hold'])})"


def _lock(subjects: Subjects, _now: datetime) -> None:
    lock_orders(list(_keys(subjects)))


def _keys(subjects: Subjects) -> dict[UUID, str]:
    rows = db.session.execute(KEYS, {"subjects": list(subjects)})
    return {row.id: row.reference for row in rows}


def _changes(seen: Mapping[str, str]) -> Mapping[str, Mapping[str, Any]]:
    values = {"subjects": list(seen), "seen": [int(token) for token in seen.values()]}
    return {row.reference: _facts(row) for row in db.session.execute(CHANGED, values)}


def _facts(row: SqlRow[Any]) -> dict[str, Any]:
    is_anybodys = row.event in BY_ANYBODY or row.event.startswith("order_")
    is_vendors = not is_anybodys or (row.source or "").startswith("vendor")
    who = row.vendor or row.actor if is_vendors else row.actor
    return {"event": row.event, "who": who, "at": row.at.isoformat(), "facts": row.facts}


ORDER = Thing(
    nouns=(later("order"), later("orders")),
    some=lambda n: _n("{n} order", "{n} orders", n),
    lists=("orders",),
    source="orders o",
    id="o.id",
    subject="o.reference",
    name="o.number",
    seen=SEEN,
    lock=_lock,
    changes=_changes,
)


def _parts(subjects: Subjects, statuses: Sequence[str]) -> dict[str, list[str]]:
    """Return the fulfillment orders of orders that are in one of these states."""
    found: dict[str, list[str]] = {}
    values = {"subjects": list(subjects), "statuses": list(statuses)}
    for row in db.session.execute(PARTS, values):
        found.setdefault(row.subject, []).append(row.reference)
    return found


def _hold(
    rows: Sequence[Row], arguments: Mapping[str, str], who: Who, now: datetime
) -> Mapping[str, Outcome]:
    reason = arguments.get("reason", "")
    return _act(rows, HOLDABLE, Action.HOLD, reason=reason, who=who, now=now)


def _release(
    rows: Sequence[Row], _arguments: Mapping[str, str], who: Who, now: datetime
) -> Mapping[str, Outcome]:
    return _act(rows, ["on_hold"], Action.RELEASE, who=who, now=now)


def _act(  # noqa: PLR0913 - one act on many orders: what, to which, why, by whom, when
    rows: Sequence[Row],
    statuses: Sequence[str],
    action: Action,
    *,
    reason: str = "",
    who: Who,
    now: datetime,
) -> Mapping[str, Outcome]:
    """Act on the fulfillment orders in these states; taking back, on those touched before."""
    parts = _parts([row.subject for row in rows], statuses)
    undone = _undone(rows)
    for subject, told in undone.items():
        parts[subject] = [x for x in parts.get(subject, []) if x in told["touched"]]
    again = _changed_again(undone, parts)
    for subject in again:
        del parts[subject]
    references = [part for found in parts.values() for part in found]
    outcomes = orders.act(references, action, actor=who.name, now=now, reason=reason)
    refused = {
        reference: outcome.detail
        for reference, outcome in zip(references, outcomes, strict=True)
        if isinstance(outcome, DomainError)
    }
    newest = {row.reference: row.entry for row in _newest(parts)}
    return again | {
        subject: _outcome(found, refused, newest[subject]) for subject, found in parts.items()
    }


def _undone(rows: Sequence[Row]) -> dict[str, Mapping[str, Any]]:
    """Return what the change that is taken back wrote down, by row."""
    return {row.subject: row.undone for row in rows if row.undone is not None}


def _changed_again(
    undone: Mapping[str, Mapping[str, Any]], parts: Mapping[str, Sequence[str]]
) -> dict[str, Outcome]:
    """Refuse to take back what somebody did once more: it looks the same, and is theirs."""
    until = {subject: told["until"] for subject, told in undone.items() if "until" in told}
    values = {
        "subjects": list(until),
        "seen": list(until.values()),
        "parts": [part for subject in until for part in parts[subject]],
    }
    rows = db.session.execute(CHANGED_AGAIN, values) if values["parts"] else ()
    return {row.reference: Outcome("refused", "changed_again", _facts(row)) for row in rows}


def _review(
    rows: Sequence[Row], arguments: Mapping[str, str], who: Who, now: datetime
) -> Mapping[str, Outcome]:
    """Hold whole orders."""
    again, keys = _reviewed_again(rows)
    outcomes = review.hold(list(keys), reason=arguments["reason"], actor=who.name, now=now)
    refused = {
        keys[key]: Outcome("refused", "said", {"sentence": outcome.detail})
        for key, outcome in outcomes.items()
        if isinstance(outcome, DomainError)
    }
    return again | _done(keys.values()) | refused


def _clear(
    rows: Sequence[Row], arguments: Mapping[str, str], who: Who, now: datetime
) -> Mapping[str, Outcome]:
    """Release whole orders; taking back, only what was held by hand."""
    again, keys = _reviewed_again(rows)
    codes = [review.MANUAL] if _undone(rows) else None
    review.release(list(keys), note=arguments["reason"], actor=who.name, now=now, codes=codes)
    return again | _done(keys.values())


def _reviewed_again(rows: Sequence[Row]) -> tuple[dict[str, Outcome], dict[UUID, str]]:
    """Refuse to take back what somebody has held or released again since; return the others."""
    undone = _undone(rows)
    values = {"subjects": list(undone), "seen": [told["until"] for told in undone.values()]}
    found = db.session.execute(REVIEWED_AGAIN, values) if undone else ()
    again = {row.reference: Outcome("refused", "changed_again", _facts(row)) for row in found}
    return again, _keys([row.subject for row in rows if row.subject not in again])


def _done(subjects: Iterable[str]) -> dict[str, Outcome]:
    return {r.reference: Outcome("done", facts={"until": r.entry}) for r in _newest(subjects)}


def _newest(subjects: Iterable[str]) -> Iterable[SqlRow[Any]]:
    """Return the newest entry in the timelines of orders: what comes later was done since."""
    return db.session.execute(NEWEST, {"subjects": list(subjects)})


def _outcome(parts: Sequence[str], refused: Mapping[str, str], newest: int) -> Outcome:
    if not parts:
        return Outcome("unchanged", "moved_on")
    if told := [refused[part] for part in parts if part in refused]:
        return Outcome("refused", "said", {"sentence": " ".join(told)})
    return Outcome("done", facts={"touched": list(parts), "until": newest})


def _cancel(
    rows: Sequence[Row], arguments: Mapping[str, str], who: Who, now: datetime
) -> Mapping[str, Outcome]:
    reason, outcomes = arguments.get("reason", ""), {}
    for key, subject in sorted(_keys([row.subject for row in rows]).items()):
        try:
            with db.session.begin_nested():
                orders.cancel(key, None, actor=who.name, reason=reason, now=now)
        except DomainError as refusal:
            outcomes[subject] = Outcome("refused", "said", {"sentence": refusal.detail})
    return outcomes


NOT_LIVE = {
    "moved_on": Why("unchanged", later("What had been changed has been changed again since.")),
    "canceled": Why("refused", later("It is canceled.")),
    "left": Why("refused", later("All of it has left.")),
    "rest": Why("refused", later("What has a vendor has left; the rest has no vendor yet.")),
    "no_vendor": Why("refused", later("No vendor has it yet.")),
    "review": Why("refused", later("The whole order waits for review; release it after that.")),
}
WHY_NOT_LIVE = (
    f" WHEN o.status = 'canceled' THEN 'canceled' WHEN NOT {HAS_SHIPPED} THEN 'no_vendor'"
    f" WHEN {HAS_UNROUTED} THEN 'rest' ELSE 'left' END"
)
ACTS = (
    Act(
        code="orders.review",
        thing=ORDER,
        label=later("Hold for review"),
        ask=later("Hold {what} for review?"),
        doing=later("Holding {what} for review"),
        did=later("held for review"),
        reason_label=later("Why are they held?"),
        foresee="CASE WHEN o.status = 'canceled' THEN 'canceled'"
        " WHEN o.status IN ('shipped', 'delivered') THEN 'left'"
        f" WHEN EXISTS (SELECT FROM order_holds h WHERE h.order_id = o.id"
        f" AND h.code = '{review.MANUAL}' AND h.released_at IS NULL) THEN 'held' END",
        whys={
            "canceled": Why("refused", later("It is canceled.")),
            "left": Why("refused", later("All of it has left.")),
            "held": Why("unchanged", later("It is held already.")),
        },
        do=_review,
        undo="orders.clear",
        undo_label=later("Release them again"),
    ),
    Act(
        code="orders.clear",
        thing=ORDER,
        label=later("Release after review"),
        ask=later("Release {what} after review?"),
        doing=later("Releasing {what} after review"),
        did=later("released after review"),
        reason_label=later("What did you find?"),
        foresee="CASE WHEN o.held_since IS NULL THEN 'free' END",
        whys={"free": Why("unchanged", later("It is not held for review."))},
        do=_clear,
        undo="orders.review",
        undo_label=later("Hold them again"),
    ),
    Act(
        code="orders.hold",
        thing=ORDER,
        label=later("Put on hold"),
        ask=later("Put {what} on hold?"),
        doing=later("Putting {what} on hold"),
        did=later("put on hold"),
        reason_label=later("Why are they put on hold?"),
        foresee=f"CASE WHEN {_has(HOLDABLE)} THEN NULL WHEN {_has(['on_hold'])} THEN 'held'"
        f"{WHY_NOT_LIVE}",
        whys=NOT_LIVE | {"held": Why("unchanged", later("It is on hold already."))},
        do=_hold,
        undo="orders.release",
        undo_label=later("Release them again"),
    ),
    Act(
        code="orders.release",
        thing=ORDER,
        label=later("Release"),
        ask=later("Release {what}?"),
        doing=later("Releasing {what}"),
        did=later("released"),
        foresee="CASE WHEN o.held_since IS NOT NULL THEN 'review'"
        f" WHEN {_has(['on_hold'])} THEN NULL WHEN {_has(HOLDABLE)} THEN 'free'"
        f"{WHY_NOT_LIVE}",
        whys=NOT_LIVE | {"free": Why("unchanged", later("It is not on hold."))},
        do=_release,
        undo="orders.hold",
        undo_label=later("Put them on hold again"),
    ),
    Act(
        code="orders.cancel",
        thing=ORDER,
        label=later("Cancel"),
        ask=later("Cancel {what}?"),
        doing=later("Canceling {what}"),
        did=later("canceled"),
        reason_label=later("Why are they canceled?"),
        warning=later("Customers and vendors are told at once. This cannot be undone."),
        foresee="CASE WHEN o.status = 'canceled' THEN 'canceled'"
        f" WHEN {HAS_SHIPPED} THEN CASE WHEN {IS_OPEN} THEN 'part' ELSE 'left' END END",
        whys={
            "canceled": Why("unchanged", later("It is canceled already.")),
            "left": Why("refused", later("All of it has left. Open a return instead.")),
            "part": Why("refused", later("A part of it has left. Cancel the lines that have not.")),
        },
        do=_cancel,
        roles=LEADS,
    ),
)
