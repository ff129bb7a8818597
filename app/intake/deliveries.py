"""What shops send us: verified, read, and done once, however often and in whatever order it comes.

A refusal is kept for a person to try again and answered like anything else: a shop can mend nothing
of it, and would switch its webhook off.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from app.extensions import db
from app.intake import shop_orders
from app.intake.contract import Gone, Heard, Sent, Told
from app.intake.registry import source_of, sources
from app.intake.shop_orders import Result, digests
from app.notices.contract import Notice
from app.notices.service import tell
from app.shared import clock, live, signed
from app.shared.errors import DomainError, NotFound
from app.shared.work import OPS, part, transaction
from app.timeline.contract import Source as Behind
from app.timeline.service import behind

# A shop that nobody knows is answered as late as one whose signature is wrong.
NOBODY = "a secret that nobody has"
# What was refused can be tried again for so long; then what it says of people is forgotten.
KEPT_BODIES = timedelta(days=30)
# Which order of ours a shop's order is, is known for so long; the same delivery never comes later.
KEPT = timedelta(days=730)

SHOP = text("SELECT * FROM order_sources WHERE code = :code")
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:words, 0))")
DONE = text("SELECT * FROM source_deliveries WHERE source_id = :shop AND delivery = :delivery")
# How this order of the shop was told before: as which of ours, as of when, with which digests, and
# what spoke against it the last time. What was refused, also once more, was not heard.
BEFORE = text(
    "SELECT (array_agg(order_id) FILTER (WHERE order_id IS NOT NULL))[1] AS order_id,"
    " max(as_of) FILTER (WHERE problem IS NULL OR outcome = 'ignored') AS as_of,"
    " (array_agg(told ORDER BY id DESC)"
    "  FILTER (WHERE told IS NOT NULL AND problem IS NULL))[1] AS told,"
    " (array_agg(problem ORDER BY id DESC))[1] AS problem,"
    # What was called off before it came, unless the shop has told of it since.
    " coalesce(jsonb_agg(told->'gone' ORDER BY id) FILTER (WHERE told->'gone' IS NOT NULL"
    "  AND coalesce(received_at >= CAST(:as_of AS timestamptz), true)), '[]') AS gone"
    " FROM source_deliveries WHERE source_id = :shop AND subject = :subject"
)
KEEP = text(
    "INSERT INTO source_deliveries (source_id, delivery, topic, received_at, outcome, subject,"
    " as_of, told, order_id, number, problem, errors, body) VALUES (:shop, :delivery, :topic, :at,"
    " :outcome, :subject, :as_of, CAST(:told AS jsonb), :order_id, :number, :problem,"
    " CAST(:errors AS jsonb), :body)"
)
# What is refused once more is what is tried again: an order's newest word.
NEWEST = text(
    "UPDATE source_deliveries SET body = :body, as_of = :as_of WHERE source_id = :shop"
    " AND subject = :subject AND body IS NOT NULL AND coalesce(as_of <= :as_of, true)"
)
REFUSED = text(
    "SELECT * FROM source_deliveries WHERE source_id = :shop AND delivery = :delivery"
    " AND body IS NOT NULL FOR NO KEY UPDATE"
)
ANEW = text(
    "UPDATE source_deliveries SET outcome = :outcome, subject = :subject, as_of = :as_of,"
    " told = CAST(:told AS jsonb), order_id = :order_id, number = :number, problem = :problem,"
    " errors = CAST(:errors AS jsonb), body = :body WHERE id = :id"
)
FORGET = text(
    "UPDATE source_deliveries SET body = NULL WHERE body IS NOT NULL AND received_at < :before"
)
DROP = text("DELETE FROM source_deliveries WHERE received_at < :before")


def is_ping(sent: Sent) -> bool:
    """Return whether this only asks if anybody is there; whoever asks, whatever shop it names."""
    return any(kind.is_ping(sent) for kind in sources().values())


def verified(code: str, sent: Sent) -> Row[Any] | None:
    """Return the shop of a code if it signed this, else None. Opens its own transaction."""
    with transaction(OPS):
        shop = db.session.execute(SHOP, {"code": code}).first()
    now = clock.machine_now()
    if shop is None:
        _is_signed("onward", signed.seal(NOBODY), sent, now)
        return None
    found = [_is_signed(shop.kind, shop.secret, sent, now)]
    if shop.old_secret and shop.old_until > now:
        found.append(_is_signed(shop.kind, shop.old_secret, sent, now))
    return shop if any(found) else None


def _is_signed(kind: str, secret: str, sent: Sent, now: datetime) -> bool:
    return source_of(kind).is_genuine(sent, signed.unseal(secret), now)


def receive(shop: Row[Any], sent: Sent) -> Result:
    """Do what a verified delivery says, once; a refusal is written down and never raised.

    Opens its own transaction.
    """
    delivery, topic = source_of(shop.kind).name(sent)
    # One without a name is called by what it says.
    delivery = delivery or hashlib.sha256(sent.body).hexdigest()
    heard = _heard(shop.kind, sent.body, topic)
    with transaction(OPS) as now:
        _take_turn(shop, heard, delivery)
        done = db.session.execute(DONE, {"shop": shop.id, "delivery": delivery}).first()
        if done is not None:
            return Result(done.outcome, done.order_id, done.number, done.problem, done.errors or {})
        result = _result(shop, heard, now) if shop.is_active else _paused(shop)
        at, body = clock.machine_now(), signed.seal(sent.body.decode("latin-1"))
        named = {"shop": shop.id, "delivery": delivery, "topic": topic, "at": at}
        kept = _row(result, heard, body)
        if result.outcome == "known" and result.problem:
            db.session.execute(NEWEST, kept | {"shop": shop.id, "body": body})
        db.session.execute(KEEP, named | kept)
        if result.outcome == "refused":
            _tell(shop, at)
        live.changed("sources")
    return result


def again(shop: Row[Any], delivery: str) -> Result:
    """Try a shop's refused delivery again, in the open transaction; NotFound if it is not kept."""
    kept = db.session.execute(REFUSED, {"shop": shop.id, "delivery": delivery}).first()
    if kept is None:
        raise NotFound("This delivery has been taken in, or is not kept any more.")
    heard = _heard(shop.kind, signed.unseal(kept.body).encode("latin-1"), kept.topic)
    _take_turn(shop, heard, kept.delivery)
    result = _result(shop, heard, clock.now(), is_again=True)
    db.session.execute(ANEW, _row(result, heard, kept.body) | {"id": kept.id})
    live.changed("sources")
    return result


def put_away(now: datetime) -> None:
    """Forget what refused deliveries say of people, and deliveries of long ago."""
    db.session.execute(FORGET, {"before": now - KEPT_BODIES})
    db.session.execute(DROP, {"before": now - KEPT})


def _heard(kind: str, body: bytes, topic: str) -> Heard | DomainError:
    try:
        return source_of(kind).read(body, topic)
    except DomainError as refusal:
        return refusal


def _take_turn(shop: Row[Any], heard: Heard | DomainError, delivery: str) -> None:
    """Wait for others that tell of the same order: it must not be told twice at once."""
    db.session.execute(LOCK, {"words": f"{shop.id} {_subject(heard) or delivery}"})


def _subject(heard: Heard | DomainError) -> str | None:
    return heard.subject if isinstance(heard, Told | Gone) else None


def _row(result: Result, heard: Heard | DomainError, body: str) -> dict[str, Any]:
    told = heard if isinstance(heard, Told) else None
    kept = digests(told) if told and told.units is not None else None
    if isinstance(heard, Gone) and result.outcome == "ignored":
        kept = {"gone": {"lines": heard.lines, "reason": heard.reason}}
    return {
        "outcome": result.outcome,
        "subject": _subject(heard),
        "as_of": told.as_of if told else None,
        "told": json.dumps(kept) if kept else None,
        "order_id": result.order_id,
        "number": result.number,
        "problem": result.problem,
        "errors": json.dumps(dict(result.errors)) if result.errors else None,
        "body": body if result.outcome == "refused" else None,
    }


def _paused(shop: Row[Any]) -> Result:
    return Result("refused", problem=f"{shop.code} is paused. Try this again when it is not.")


def _tell(shop: Row[Any], at: datetime) -> None:
    """Tell ops that something was refused: once an hour and shop, for where one is, others are."""
    once = f"order_refused {shop.id} {at:%Y-%m-%dT%H}"
    tell([Notice("ops", "order_refused", shop.code, once)])


def _result(
    shop: Row[Any], heard: Heard | DomainError, now: datetime, *, is_again: bool = False
) -> Result:
    """Do what was heard; what is refused leaves nothing behind, and is a refusal once."""
    behind(Behind.KEY)
    as_of = heard.as_of if isinstance(heard, Told) else None
    values = {"shop": shop.id, "subject": _subject(heard), "as_of": as_of}
    before = db.session.execute(BEFORE, values).one()
    number = heard.number if isinstance(heard, Told | Gone) else None
    try:
        if isinstance(heard, DomainError):
            raise heard
        with part():
            result = shop_orders.act(shop, heard, before, now)
    except DomainError as refusal:
        result = Result("refused", before.order_id, None, refusal.detail, refusal.fields)
    result = replace(result, number=number)
    is_said = result.outcome == "refused" and result.problem == before.problem
    return replace(result, outcome="known") if is_said and not is_again else result
