"""What is printed of fulfillment orders: labels, slips, receipts, gift notes, in one file or each.

Everything is looked up in the scope of whoever prints, so another vendor's does not exist; where to
is printed only while the vendor sees it. What the customer paid and was promised is the order's,
and is read by the platform for the papers alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.orm import selectinload, undefer

from app.carriers import numbers
from app.carriers.registry import CARRIERS
from app.documents import gift, receipt, slip
from app.documents.contract import Item, Parcel, Price, Receipt
from app.documents.paper import CODE, Paper
from app.extensions import db
from app.orders.models import FoLine, FulfillmentOrder
from app.orders.queries import address_days
from app.orders.rules import address_for_vendor
from app.policies import marketplace
from app.policies.documents import Papers
from app.policies.queries import in_force
from app.shared import language
from app.shared.errors import Conflict, NotFound
from app.shared.language import _
from app.shared.work import PLATFORM, acting_as
from app.shipments.brought import Brought
from app.shipments.contract import PDF, File
from app.shipments.labeling import OWN
from app.shipments.models import Label
from app.shipments.packages import Packed, fo_of, packages_of, require_its_service
from app.shipments.registry import provider
from app.vendors.models import Location, Vendor

# So many orders are printed in one file at most: more is more than anybody carries to a table.
MOST_AT_ONCE = 50
# How an address is written, what stands on one line belongs together.
ADDRESS = (("name",), ("company",), ("line1",), ("line2",), ("postal_code", "city"), ("region",))
ORDERS = text(
    "SELECT o.id, o.deliver_on, o.placed_at, o.currency, c.locale"
    " FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = ANY(:ids)"
)
PRICES = text(
    "SELECT id, unit_price_minor, shipping_minor, quantity FROM order_lines WHERE id = ANY(:ids)"
)


@dataclass(frozen=True, slots=True)
class Printed:
    """What is known of one fulfillment order when it is printed."""

    fo: FulfillmentOrder
    order: Row[Any]
    packed: Sequence[Packed]
    address: Mapping[str, Any]
    place: Location
    vendor: str

    @property
    def is_gift(self) -> bool:
        """Return whether it is wrapped as one."""
        return bool(self.fo.preferences.get("gift_wrap"))

    @property
    def message(self) -> str:
        """Return what stands on the gift note."""
        return str(self.fo.preferences.get("gift_message") or "")


def policy(now: datetime) -> Papers:
    """Return what the marketplace has vendors print; vendors read no policies themselves."""
    with acting_as(PLATFORM):
        return in_force(Papers, now).document


def papers(references: Sequence[str], now: datetime) -> bytes:
    """Return all that goes on and into the parcels of fulfillment orders, in one PDF."""
    said = policy(now)
    found = known(references[:MOST_AT_ONCE], now)
    for one in found:
        if not one.packed:
            why = _(
                "{name} is not packed yet; its papers come with its parcels.", name=one.fo.reference
            )
            raise Conflict(why)
        require_its_service(one.packed, one.fo)
    brought = Brought(packed for one in found for packed in _waiting(one))
    while True:
        # Twice at most: the second time it is known which files cannot be read.
        made = brought.bound(_drawn(found, brought, said))
        if made is not None:
            return made


def _drawn(found: Sequence[Printed], brought: Brought, said: Papers) -> bytes:
    paper = _paper(", ".join(one.fo.reference for one in found[:3]))
    for one in found:
        for packed in _waiting(one):
            if packed.label is None or packed.label.provider == OWN:
                _label(paper, one, packed)
            else:
                brought.draw(paper, packed.label, packed.package.reference)
            _enclosed(paper, one, packed, said)
    return paper.pdf()


def _enclosed(paper: Paper, one: Printed, packed: Packed, said: Papers) -> None:
    parcel = _parcel(one, packed)
    with _for_customer(one):
        slip.draw(paper, parcel, said.size, said.slip_copies)
        if packed is one.packed[0]:
            if said.encloses_receipt and not one.is_gift:
                receipt.draw(paper, _receipt(one), said.size)
            if one.message:
                gift.draw(paper, one.message, parcel.marketplace, said.size)
        if said.encloses_return_slip:
            slip.draw_return(paper, parcel, said.size)


def _waiting(one: Printed) -> Sequence[Packed]:
    """Return the packages to print for: those that have not left, or all where all have."""
    return [packed for packed in one.packed if packed.waits] or one.packed


def label(reference: str, form: str, now: datetime) -> File:
    """Return the live label of a package as a file ("pdf" or "zpl"); refuse where there is none."""
    one, packed = _of_package(reference, now)
    live = packed.label
    if live is None:
        raise Conflict(_("{package} has no label yet. Make one first.", package=reference))
    require_its_service([packed], one.fo)
    maker = provider(live.provider)
    if form not in maker.formats:
        said = _(
            "{package} has a label of its carrier; that is there as a PDF only.", package=reference
        )
        raise NotFound(said)
    return maker.print(_kept(live), _parcel(one, packed), form)


def on_paper(reference: str, file: File) -> File:
    """Return a package's label that is a picture as a PDF of one page."""
    paper = _paper(reference)
    paper.picture(file.content)
    return File(PDF, paper.pdf())


def _kept(live: Label) -> File | None:
    if live.media_type is None:
        return None
    query = select(Label).where(Label.id == live.id).options(undefer(Label.content))
    content = db.session.scalars(query, execution_options={"populate_existing": True}).one().content
    return File(live.media_type, content or b"")


def packing_slip(reference: str, now: datetime) -> bytes:
    """Return a package's packing slip, in as many copies as the marketplace asks for."""
    said = policy(now)
    one, packed = _of_package(reference, now)
    paper = _paper(reference)
    with _for_customer(one):
        slip.draw(paper, _parcel(one, packed), said.size, said.slip_copies)
    return paper.pdf()


def return_slip(reference: str, now: datetime) -> bytes:
    """Return the slip for what comes back of a package."""
    one, packed = _of_package(reference, now)
    paper = _paper(reference)
    with _for_customer(one):
        slip.draw_return(paper, _parcel(one, packed), policy(now).size)
    return paper.pdf()


def sales_receipt(reference: str, now: datetime) -> bytes:
    """Return what the customer paid for a fulfillment order; a gift has none."""
    (one,) = known([reference], now)
    if one.is_gift:
        raise NotFound(_("{name} is a gift: no price goes into its parcel.", name=reference))
    paper = _paper(reference)
    with _for_customer(one):
        receipt.draw(paper, _receipt(one), policy(now).size)
    return paper.pdf()


def gift_note(reference: str, now: datetime) -> bytes:
    """Return the note of a gift; refuse where nobody wrote one."""
    (one,) = known([reference], now)
    if not one.message:
        raise NotFound(_("{name} has no gift message.", name=reference))
    paper = _paper(reference)
    gift.draw(paper, one.message, _market(), policy(now).size)
    return paper.pdf()


def _market() -> str:
    return marketplace.current().document.name


def _paper(title: str) -> Paper:
    return Paper(title, _market())


def _for_customer(one: Printed) -> Any:
    """Speak the language of whoever opens the parcel, where we do."""
    return language.spoken(language.nearest(one.order.locale, otherwise=language.current()))


def _label(paper: Paper, one: Printed, packed: Packed) -> None:
    from app.documents import label as ours  # noqa: PLC0415 - this module has a label of its own

    ours.draw(paper, _parcel(one, packed))


def _of_package(reference: str, now: datetime) -> tuple[Printed, Packed]:
    (one,) = known([fo_of(reference)], now)
    return one, next(p for p in one.packed if p.package.reference == reference)


def known(references: Sequence[str], now: datetime) -> list[Printed]:
    """Return what is known of fulfillment orders, in the order they were asked for.

    NotFound where one is not the scope's, Conflict where its address is not shown any more.
    """
    query = select(FulfillmentOrder).where(FulfillmentOrder.reference.in_(references))
    rows = db.session.scalars(query.options(selectinload(FulfillmentOrder.lines))).all()
    found = {fo.reference: fo for fo in rows}
    for missing in (name for name in references if name not in found):
        detail = f"There is no fulfillment order '{missing}'."
        raise NotFound(detail)
    packed = packages_of([fo.id for fo in rows])
    places = {x.id: x for x in db.session.scalars(select(Location))}
    vendors = {row.id: row.name for row in db.session.execute(select(Vendor.id, Vendor.name))}
    with acting_as(PLATFORM):
        days = address_days(now)
        orders = {
            o.id: o for o in db.session.execute(ORDERS, {"ids": [fo.order_id for fo in rows]})
        }
    return [
        Printed(
            fo,
            orders[fo.order_id],
            packed.get(fo.id, []),
            _address(fo, now, days),
            places[fo.location_id],
            vendors[fo.vendor_id],
        )
        for fo in (found[name] for name in references)
    ]


def _address(fo: FulfillmentOrder, now: datetime, days: int) -> Mapping[str, Any]:
    seen = address_for_vendor(fo, now, days)
    if seen is None:
        said = _(
            "{name}: where it went is not shown any more, so it is not printed.", name=fo.reference
        )
        raise Conflict(said)
    return seen


def _parcel(one: Printed, packed: Packed) -> Parcel:
    fo, live = one.fo, packed.label
    number = (live.tracking_number if live else None) or ""
    carrier = (live.carrier if live else None) or ""
    return Parcel(
        reference=packed.package.reference,
        number=packed.package.number,
        total=len(one.packed),
        work=fo.reference,
        order=fo.order_number,
        marketplace=_market(),
        vendor=one.vendor,
        sender=tuple(_sender(one.place)),
        recipient=tuple(lines_of(one.address)),
        link=_link(packed.package.reference, carrier, number),
        items=tuple(_items(fo.lines, packed.units)),
        service=(live.service if live else None) or fo.sent_by,
        day=one.order.deliver_on,
        carrier=numbers.title(carrier) if carrier else "",
        tracking_number=number if CODE.fullmatch(number) else "",
        weight_g=packed.package.weight_g,
        is_gift=one.is_gift,
        gift_message=one.message,
    )


def _link(reference: str, carrier: str, number: str) -> str:
    """Return what a label's QR code says: the carrier's page of the parcel, or its reference."""
    known = CARRIERS.get(carrier)
    return known.tracking_url(number) if known and number else reference


def lines_of(address: Mapping[str, Any]) -> Iterator[str]:
    """Yield an address line by line."""
    for names in (*ADDRESS, ("country",)):
        if line := " ".join(str(address[name]) for name in names if address.get(name)):
            yield line


def _sender(place: Location) -> Iterator[str]:
    town = " ".join(filter(None, (place.postal_code, place.city)))
    yield from filter(None, (place.name, town, place.country))


def _items(lines: Sequence[FoLine], units: Mapping[UUID, int]) -> Iterator[Item]:
    for line in lines:
        if quantity := units.get(line.id):
            about = ", ".join(f"{name}: {value}" for name, value in (line.options or {}).items())
            yield Item(quantity, line.title, line.sku, about)


def _receipt(one: Printed) -> Receipt:
    fo = one.fo
    with acting_as(PLATFORM):
        ids = [line.order_line_id for line in fo.lines]
        prices = {row.id: row for row in db.session.execute(PRICES, {"ids": ids})}
    return Receipt(
        order=fo.order_number,
        placed_on=one.order.placed_at.date(),
        marketplace=_market(),
        vendor=one.vendor,
        recipient=tuple(lines_of(one.address)),
        currency=one.order.currency,
        lines=tuple(_prices(fo.lines, prices)),
    )


def _prices(lines: Sequence[FoLine], prices: Mapping[UUID, Any]) -> Iterator[Price]:
    for line in lines:
        units = line.ordered - line.declined - line.canceled
        row = prices[line.order_line_id]
        if units:
            # A line that several vendors send is paid for once: each shows its units' share.
            freight = row.shipping_minor * units // row.quantity
            yield Price(units, line.title, line.sku, row.unit_price_minor, freight)
