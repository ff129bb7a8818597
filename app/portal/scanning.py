"""What the pages with a scan box share: what was sent, and how lines, answers and scans look."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app.doors.guard import may
from app.orders.queries import UNDONE
from app.shared import ids
from app.shared.errors import DomainError, InvalidInput
from app.shared.language import _, later
from app.shipments import pack_rules, pick_rules, pick_words
from app.shipments.models import Scan
from app.shipments.pack_rules import Instruction
from app.shipments.pick_queries import PICKABLE
from app.shipments.pick_rules import place
from app.shipments.pick_words import Said
from app.shipments.picking import Told
from app.web.deadlines import Deadline, deadline
from app.web.words import PACKINGS, when

# A page's own script asks so; it is given the page at once, without a way round by another.
BY_SCRIPT = "X-Scan"
# Where a page's script goes on instead of taking an answer over.
GO = "X-Go"
LAST_DIGITS = 4
ORDER = re.compile(r"FO-[0-9A-Z]{10}", re.ASCII)

# What must be seen to before a parcel is closed, and how it looks.
INSTRUCTIONS = {
    "gift_wrap": ("gift", later("Gift wrap")),
    "gift_message": ("envelope", later("Gift message")),
    "fragile": ("exclamation-diamond", PACKINGS["fragile"]),
    "upright": ("arrow-up", PACKINGS["upright"]),
    "custom_packaging": ("box-seam", PACKINGS["custom_packaging"]),
    "insert": ("journal-text", PACKINGS["insert"]),
}
NOTE = ("chat-left-text", later("Packing note"))


def told(now: datetime) -> Told:
    """Return what was scanned or tapped, as the form says it; a form without a name has a new one.

    `scan` names it: sent twice it counts once.
    """
    g.scan = _sent("scan") or ids.new()
    return Told(g.scan, request.form.get("code", ""), current_user.name, now)


def _sent(name: str) -> UUID | None:
    try:
        return UUID(request.values.get(name, ""))
    except ValueError:
        return None


def named() -> str | None:
    """Return the order whose own code was scanned, off a pick list or a slip."""
    typed = pick_rules.shown(request.form.get("code", "")).upper()
    return typed if ORDER.fullmatch(typed) else None


def go_to(reference: str) -> ResponseReturnValue:
    """Go on with another order."""
    url = url_for("portal.pick", reference=reference)
    return Response(headers={GO: url}) if is_by_script() else redirect(url, 303)


def answered() -> UUID | None:
    """Return the scan that a page answers: the one that was sent, or that its address names."""
    found: UUID | None = g.get("scan")
    return found or _sent("scan")


def units() -> int:
    """Return the units a form says; InvalidInput where it says none."""
    words = request.form.get("units", "").strip()
    digits = words.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > len("999"):
        raise InvalidInput(_("Enter how many units."), units=_("Enter how many units."))
    return int(words)


def is_by_script() -> bool:
    """Return whether a page's script asks, which stays on its page."""
    return BY_SCRIPT in request.headers


def back(reference: str, key: UUID | None = None) -> ResponseReturnValue:
    """Go back to where the form stood, a walk or an order, and answer the scan there."""
    if wave := request.form.get("wave"):
        return redirect(url_for("portal.wave", reference=wave, scan=key), 303)
    return redirect(url_for("portal.pick", reference=reference, scan=key), 303)


def refused(refusal: DomainError) -> Said:
    """Return a refusal as a scan is answered."""
    return Said("crit", "x-octagon-fill", _("Not counted"), (_(refusal.detail),))


def due(row: Row[Any], now: datetime) -> Deadline:
    """Return when an order must have left."""
    by = _("ship by {moment}", moment=when(row.ship_by))
    return deadline(row.ship_by, now, by, since=row.assigned_at)


def on_the_way(rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return lines in the order in which one walks past their bins."""
    return sorted(rows, key=lambda row: (*place(row.bin, row.sku), row.ship_by))


def lines(rows: Sequence[Row[Any]], totes: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
    """Return lines as a page draws them: by bin, the first that is not picked is the one now."""
    shown = [_line(row, totes or {}) for row in on_the_way(rows)]
    now = next((line for line in shown if line["left"]), None)
    if now:
        now["state"] = "now"
    return shown


def _line(row: Row[Any], totes: Mapping[str, int]) -> dict[str, Any]:
    left = row.confirmed - row.picked
    return {
        "name": row.line,
        "fo": row.fo,
        "tote": totes.get(row.fo),
        "bin": row.bin,
        "title": row.title,
        "sku": row.sku,
        "own_code": row.own_code,
        "ends": row.gtin[-LAST_DIGITS:] if row.gtin else None,
        "options": row.options or {},
        "units": row.confirmed,
        "picked": row.picked,
        "back": row.picked - row.shipped,
        "left": left,
        "is_open": row.status in PICKABLE,
        "state": "todo" if left else "done",
    }


def scans(rows: Sequence[Scan]) -> list[dict[str, Any]]:
    """Return the last scans as a page lists them."""
    return [
        {
            "at": row.at,
            "said": pick_words.said(row),
            "words": pick_words.in_short(row),
            "is_counted": bool(row.counted) and row.undone_at is None,
            "by": row.by,
            "id": row.id,
        }
        for row in rows
    ]


def said(rows: Sequence[Scan], totes: Mapping[str, int] | None = None) -> Said | None:
    """Return the answer to the scan that the page was asked for, of the last ones."""
    wanted = answered()
    found = next((row for row in rows if row.id == wanted), None)
    return pick_words.said(found, dict(totes or {})) if found else None


def to_undo(rows: Sequence[Scan]) -> UUID | None:
    """Return the last scan that has counted and can be put back."""
    return next((r.id for r in rows if r.counted and r.undone_at is None), None)


def frame() -> dict[str, Any]:
    """Return what every page with a scan box needs."""
    return {"once": ids.new(), "may_scan": may("portal.pick")}


def before(
    asked: Sequence[Instruction], ticks: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the instructions of an order as they are shown, with who has seen to each."""
    done = {tick["code"]: tick for tick in ticks}
    return [_instruction(one, done.get(one.code)) for one in asked]


def _instruction(one: Instruction, tick: Mapping[str, Any] | None) -> dict[str, Any]:
    icon, word = INSTRUCTIONS.get(one.code, NOTE)
    at = datetime.fromisoformat(tick["at"]) if tick else None
    return {
        "code": one.code,
        "icon": icon,
        "word": _(word),
        "items": one.items,
        "words": one.words,
        "by": tick["by"] if tick else None,
        "at": at,
    }


def instructions(row: Row[Any], goods: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Return what must be seen to before an order's parcels are closed; nothing once it is over."""
    if row.status not in UNDONE:
        return []
    return before(pack_rules.instructions(row.preferences, goods), row.ticks)


def grouped(rows: Sequence[Row[Any]], places: Mapping[UUID, Any]) -> Iterator[dict[str, Any]]:
    """Return orders by the place they lie in."""
    for key in dict.fromkeys(row.location_id for row in rows):
        place_ = places.get(key)
        yield {
            "id": key,
            "name": place_.name if place_ else None,
            "rows": [row for row in rows if row.location_id == key],
        }
