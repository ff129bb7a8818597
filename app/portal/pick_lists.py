"""Pick lists on paper: of one order, and of a walk through several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response
from sqlalchemy import Row

from app.documents import pick_list as drawing
from app.documents.paper import CODE, Paper
from app.documents.pick_list import PickLine, PickList, PickOrder
from app.portal import page, scanning
from app.portal.page import blueprint
from app.shared.language import _
from app.shared.work import transaction
from app.shipments import pick_queries as queries
from app.web.words import when

SIZE = "a4"


@blueprint.get("/orders/<reference>/pick-list.pdf")
def pick_list(reference: str) -> Response:
    """Print what is to be picked for an order."""
    with transaction(page.scope()) as now:
        shell = page.shell(now)
        row = queries.order(reference)
        goods = queries.goods([row.id])
    title = _("Pick {reference}", reference=row.reference)
    return _printed(title, row.location_id, goods, [_order(row, goods, None)], {}, shell)


@blueprint.get("/waves/<reference>/pick-list.pdf")
def wave_list(reference: str) -> Response:
    """Print what is to be picked on a walk."""
    with transaction(page.scope()) as now:
        shell = page.shell(now)
        row = queries.wave(reference)
        fos = [fo for fo in queries.in_wave(row.id) if fo.status in queries.PICKABLE]
        goods = queries.goods([fo.id for fo in fos])
    title = _("Wave {reference}", reference=row.reference)
    orders = [_order(fo, goods, fo.tote) for fo in fos]
    totes = {fo.reference: fo.tote for fo in fos}
    return _printed(title, row.location_id, goods, orders, totes, shell)


def _order(row: Row[Any], goods: Sequence[Row[Any]], tote: int | None) -> PickOrder:
    return PickOrder(
        reference=row.reference,
        units=sum(g.confirmed for g in goods if g.fo == row.reference),
        due=_("ship by {moment}", moment=when(row.ship_by)),
        tote=tote,
        wish=_("Gift wrap") if row.preferences.get("gift_wrap") else "",
    )


def _printed(  # noqa: PLR0913, PLR0917 - what one paper is made of
    title: str,
    location_id: Any,
    goods: Sequence[Row[Any]],
    orders: Sequence[PickOrder],
    totes: Mapping[str, int],
    shell: Mapping[str, Any],
) -> Response:
    place = shell["places"].get(location_id)
    facts = PickList(
        title=title,
        vendor=shell["vendor"],
        place=place.name if place else "",
        printed=when(shell["now"]),
        lines=[_line(row, totes) for row in scanning.on_the_way(goods)],
        orders=orders,
    )
    paper = Paper(title, shell["vendor"])
    drawing.draw(paper, facts, SIZE)
    return Response(
        paper.pdf(), mimetype="application/pdf", headers={"Content-Disposition": "inline"}
    )


def _line(row: Row[Any], totes: Mapping[str, int]) -> PickLine:
    options = " · ".join(f"{name}: {value}" for name, value in (row.options or {}).items())
    # What stands on the goods; bars say capital letters only, and a scan is read in any case.
    own = row.own_code or row.sku
    code = row.gtin or (own.upper() if CODE.fullmatch(own.upper()) else own)
    return PickLine(
        bin=row.bin or "",
        title=row.title,
        sku=row.sku,
        code=code,
        units=row.confirmed,
        about=options,
        tote=totes.get(row.fo),
    )
