"""The receipt: what the customer paid for what one vendor sends. A gift gets none."""

from __future__ import annotations

from app.documents.contract import Receipt
from app.documents.paper import Paper, clean
from app.documents.sheet import Column, Sheet
from app.shared.language import _
from app.web.words import day, money


def draw(paper: Paper, receipt: Receipt, size: str) -> None:
    """Draw the receipt of a vendor's part of an order."""
    order = _("Order {number}", number=clean(receipt.order, 60))
    sheet = Sheet(paper, size, _("Receipt"), order)
    sheet.beside([(_("Bought from"), (receipt.marketplace,)), (_("For"), receipt.recipient)])
    vendor = clean(receipt.vendor, 80)
    sheet.write(_("Placed {day} · sent by {vendor}", day=day(receipt.placed_on), vendor=vendor))
    sheet.gap(0.5)
    columns = (
        Column(_("Units"), 0, 0.1, is_number=True),
        Column(_("Item"), 0.13, 0.47),
        Column(_("Price"), 0.6, 0.19, is_number=True),
        Column(_("Sum"), 0.8, 0.2, is_number=True),
    )
    sheet.head(columns)
    items = freight = 0
    for line in receipt.lines:
        total = line.quantity * line.unit_minor
        items, freight = items + total, freight + line.shipping_minor
        price, total_told = (money((n, receipt.currency)) for n in (line.unit_minor, total))
        sheet.row(columns, (str(line.quantity), f"{line.title} ({line.sku})", price, total_told))
    if freight:
        sheet.row(columns, ("", _("Sending it"), "", money((freight, receipt.currency))))
    sheet.gap(0.5)
    amount = money((items + freight, receipt.currency))
    sheet.write(_("Total: {amount}", amount=amount), 1.15, bold=True)
    sheet.write(
        _("Of this part of the order, as you paid for it. Other parts come with their own.")
    )
