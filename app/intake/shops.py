"""Looking after the shops that push orders: a new one, its secret, a pause."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, text

from app.accounts.contract import Person
from app.accounts.sessions import actor_of
from app.audit.service import record
from app.extensions import db
from app.intake import deliveries
from app.intake.models import Delivery, OrderSource
from app.intake.registry import source_of
from app.intake.shop_orders import Result
from app.shared import bulk, chance, clock, ids, live, signed
from app.shared.errors import Conflict, InvalidInput, NotFound
from app.web.fields import CONTROL, Code, check
from app.web.fields import Form as Fields
from app.web.paging import Cut

# So long the secret before is still good, while a shop's webhooks are told the new one.
OVERLAP = timedelta(hours=24)
CODE = re.compile(r"[a-z][a-z0-9-]{1,40}", re.ASCII)
SHORTEST_SECRET, LONGEST_SECRET = 16, 255

SHOPS = text(
    "SELECT s.*, d.received_at AS last_at, d.outcome AS last_outcome, r.refused"
    " FROM order_sources s LEFT JOIN LATERAL (SELECT received_at, outcome FROM source_deliveries"
    "  WHERE source_id = s.id ORDER BY received_at DESC, id LIMIT 1) d ON true"
    " LEFT JOIN LATERAL (SELECT count(*) AS refused FROM source_deliveries"
    "  WHERE source_id = s.id AND body IS NOT NULL) r ON true ORDER BY s.code"
)
LOCK = text("SELECT * FROM order_sources WHERE code = :code FOR NO KEY UPDATE")
DELIVERIES = (
    "SELECT d.*, o.reference FROM source_deliveries d LEFT JOIN orders o ON o.id = d.order_id"
    " WHERE d.source_id = :shop AND {which} AND {where} ORDER BY {order} LIMIT :size"
)
# Only what was refused keeps its body.
REFUSED = "d.body IS NOT NULL"


class Channel(Fields):
    """On which channel a shop's orders are ours."""

    channel: Code


def shops() -> Sequence[Row[Any]]:
    """Return every shop, with its last delivery and how many are refused and kept."""
    return db.session.execute(SHOPS).all()


def shop(code: str) -> Row[Any]:
    """Return one shop of those; NotFound where there is none."""
    found = next((row for row in shops() if row.code == code), None)
    if found is None:
        raise NotFound(f"There is no order source '{code}'.")
    return found


def deliveries_of(shop_id: Any, cut: Cut, *, is_refused: bool) -> Sequence[Row[Any]]:
    """Return what a shop has sent, newest first: all of it, or what is refused and kept."""
    where, order = cut.order("d.received_at", "d.id", newest_first=True)
    sql = DELIVERIES.format(which=REFUSED if is_refused else "true", where=where, order=order)
    return db.session.execute(text(sql), {"shop": shop_id} | cut.values()).all()


def make(code: str, kind: str, channel: str, secret: str, who: Person) -> str:
    """Make a source; return its secret, made here where it is ours to make.

    InvalidInput names what is wrong; Conflict where another source has the code.
    """
    wrong = {} if CODE.fullmatch(code) else {"code": "Use 2 to 41 small letters, figures and -."}
    try:
        channel = check(Channel, {"channel": channel}).channel
    except InvalidInput as refusal:
        wrong |= refusal.fields
    made, problem = _secret(kind, secret)
    if problem:
        wrong["secret"] = problem
    if wrong:
        raise InvalidInput("The source was not made.", **wrong)
    row = {"id": ids.new(), "code": code, "kind": kind, "channel": channel}
    row |= {"secret": signed.seal(made), "made_at": clock.machine_now(), "made_by": who.name}
    made_row = bulk.insert(
        OrderSource, [row], conflict="ON CONFLICT (code) DO NOTHING", returning="id"
    )
    if not made_row:
        raise Conflict("The source was not made.", code=f"'{code}' is another source's.")
    _note("source_made", code, who, kind=source_of(kind).label, channel=channel)
    return made


def rotate(code: str, secret: str, who: Person) -> str:
    """Give a source another secret and return it; the one before stays good for a day."""
    found = _locked(code)
    made, problem = _secret(found.kind, secret)
    if problem:
        raise InvalidInput("The secret was not changed.", secret=problem)
    until = clock.machine_now() + OVERLAP
    db.session.execute(
        text(
            "UPDATE order_sources SET old_secret = secret, old_until = :until, secret = :secret"
            " WHERE id = :id"
        ),
        {"id": found.id, "until": until, "secret": signed.seal(made)},
    )
    _note("source_secret_changed", code, who)
    return made


def set_active(code: str, who: Person, *, is_active: bool) -> None:
    """Pause a source, or let it go on; again changes nothing."""
    found = _locked(code)
    if found.is_active == is_active:
        return
    db.session.execute(
        text("UPDATE order_sources SET is_active = :is_active WHERE id = :id"),
        {"id": found.id, "is_active": is_active},
    )
    _note("source_resumed" if is_active else "source_paused", code, who)


def try_again(code: str, delivery: str, who: Person) -> Result:
    """Try a refused delivery of a source again; NotFound where it is not kept any more."""
    found = _locked(code)
    result = deliveries.again(found, delivery)
    _note("delivery_tried_again", code, who, outcome=result.outcome)
    return result


def reseal() -> int:
    """Seal secrets and kept bodies with the newest field key; return how many. Safe again."""
    columns = ((OrderSource, "secret"), (OrderSource, "old_secret"), (Delivery, "body"))
    return sum(_reseal(model, name) for model, name in columns)


def _reseal(model: type[OrderSource | Delivery], name: str) -> int:
    column = getattr(model, name)
    sealed = db.session.execute(
        select(model.id, column.label("sealed")).where(column.is_not(None)).with_for_update()
    ).all()
    rows = [{"id": row.id, name: signed.seal(signed.unseal(row.sealed))} for row in sealed]
    bulk.update(model, rows, key="id")
    return len(rows)


def _secret(kind: str, given: str) -> tuple[str, str | None]:
    """Return a source's new secret, made or given, and what is wrong with it."""
    if source_of(kind).makes_secret:
        return f"whsec_{base64.b64encode(chance.secret().encode()).decode()}", None
    given = given.strip()
    if not SHORTEST_SECRET <= len(given) <= LONGEST_SECRET or CONTROL.search(given):
        return "", f"Enter the whole secret: {SHORTEST_SECRET} characters at least."
    return given, None


def _locked(code: str) -> Row[Any]:
    found = db.session.execute(LOCK, {"code": code}).first()
    if found is None:
        raise NotFound(f"There is no order source '{code}'.")
    return found


def _note(action: str, code: str, who: Person, **facts: Any) -> None:
    record(action, actor_of(who), subject=code, **facts)
    live.changed("sources")
