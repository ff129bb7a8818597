"""The slips of a parcel: what is in it, and what comes back in it."""

from __future__ import annotations

from app.documents.contract import Parcel
from app.documents.paper import Paper, clean
from app.documents.sheet import Column, Sheet
from app.shared.language import _, _n


def draw(paper: Paper, parcel: Parcel, size: str, copies: int = 1) -> None:
    """Draw a parcel's packing slip, each copy on pages of its own; it names no price."""
    for copy in range(1, copies + 1):
        _slip(
            paper,
            parcel,
            size,
            _("copy {n} of {total}", n=copy, total=copies) if copies > 1 else "",
        )


def _slip(paper: Paper, parcel: Parcel, size: str, copy: str) -> None:
    order = _("Order {number}", number=clean(parcel.order, 60))
    sheet = Sheet(paper, size, _("Packing slip"), f"{order} · {copy}" if copy else order)
    _heads(sheet, parcel)
    many = _("Parcel {number} of {total}", number=parcel.number, total=parcel.total)
    sheet.write(f"{many} · {parcel.reference} · {parcel.work}")
    if parcel.tracking_number:
        sheet.write(f"{clean(parcel.carrier, 40)} {parcel.tracking_number}")
    if parcel.service:
        sheet.write(_("Service: {service}", service=clean(parcel.service, 40)))
    sheet.gap(0.5)
    columns = (
        Column(_("Units"), 0, 0.12, is_number=True),
        Column(_("Item"), 0.16, 0.52),
        Column(_("SKU"), 0.7, 0.3),
    )
    sheet.head(columns)
    for item in parcel.items:
        sheet.row(columns, (str(item.quantity), _titled(item.title, item.about), item.sku))
    units = sum(item.quantity for item in parcel.items)
    sheet.gap(0.5)
    sheet.write(_n("{n} unit in this parcel.", "{n} units in this parcel.", units), bold=True)
    if parcel.is_gift and parcel.gift_message:
        sheet.write(_("A gift note lies in the parcel."))


def _heads(sheet: Sheet, parcel: Parcel) -> None:
    sender = (parcel.vendor, *parcel.sender)
    sheet.beside([(_("From"), sender), (_("To"), parcel.recipient)])


def _titled(title: str, about: str) -> str:
    return f"{title} ({about})" if about else title


def draw_return(paper: Paper, parcel: Parcel, size: str) -> None:
    """Draw the slip that a customer puts in a parcel that comes back."""
    order = _("Order {number}", number=clean(parcel.order, 60))
    sheet = Sheet(paper, size, _("Return slip"), order)
    sheet.beside([(_("Back to"), (parcel.vendor, *parcel.sender)), (_("From"), parcel.recipient)])
    sheet.write(_("Ask for the return first. Then tick what comes back, and put this slip in."))
    sheet.gap(0.5)
    columns = (
        Column("", 0, 0.08),
        Column(_("Units"), 0.08, 0.1, is_number=True),
        Column(_("Item"), 0.22, 0.46),
        Column(_("SKU"), 0.7, 0.3),
    )
    sheet.head(columns)
    for item in parcel.items:
        cells = ("", str(item.quantity), _titled(item.title, item.about), item.sku)
        if sheet.need(sheet.letters * 6):
            sheet.head(columns)
        paper.box(sheet.edge, sheet.top - sheet.letters * 0.8, sheet.letters)
        sheet.row(columns, cells)
    sheet.gap()
    sheet.write(_("Why does it come back?"), bold=True)
    reasons = (
        _("It is damaged"),
        _("It is not what I ordered"),
        _("It came too late"),
        _("I do not need it any more"),
    )
    for reason in reasons:
        sheet.need(sheet.letters * 2)
        paper.box(sheet.edge, sheet.top - sheet.letters * 0.8, sheet.letters)
        paper.text(sheet.edge + sheet.letters * 1.8, sheet.top, reason, sheet.letters)
        sheet.gap(1.2)
    sheet.need(80)
    paper.bars(sheet.edge, sheet.top, sheet.room, 30, parcel.reference)
