"""Orders in a file: one row a line, the rows of one order together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.intake import service
from app.intake.contract import Measure, Values, Verdict, Way
from app.intake.forms import OrderForm
from app.intake.reading import guest
from app.intake.rules import amount, capitals, code, country, day, field, moment, whole, yes_no
from app.orders.contract import NewOrder
from app.orders.intake import Placed
from app.shared.errors import DomainError
from app.shared.language import later
from app.web.fields import Amounts, check

# What shops call where an order's money stands.
PAID = {
    "paid": "captured",
    "captured": "captured",
    "complete": "captured",
    "completed": "captured",
    "processing": "captured",
    "refunded": "captured",
    "partially_refunded": "captured",
    "authorized": "authorized",
    "authorised": "authorized",
    "pending": "pending",
    "unpaid": "pending",
    "open": "pending",
    "failed": "failed",
    "voided": "failed",
}


def paid(cell: str, _way: Way) -> str:
    """Return where an order's money stands, in our word for it."""
    word = PAID.get(cell.strip().lower())
    if word is None:
        message = f"'{cell[:40]}' is none of paid, authorized, pending, failed."
        raise ValueError(message)
    return word


class Orders:
    """Orders, as POST /api/v1/orders takes them."""

    label = later("Orders")
    nouns = (later("order"), later("orders"))
    roles = frozenset({"administrator", "ops_lead", "ops_agent"})
    named_by = ("number",)
    is_grouped = True
    fixed = ("channel", "currency", "tells")
    fields = (
        field(
            "number",
            later("Order number"),
            "order orderno orderid ordernr bestellnummer reference name",
            read=code,
            is_needed=True,
        ),
        field(
            "placed_at",
            later("Ordered at"),
            "createdat date orderdate ordered datetime paidat bestelldatum",
            read=moment,
            is_needed=True,
        ),
        field("currency", later("Currency"), "wahrung", read=capitals),
        field(
            "customer.name",
            later("Customer"),
            "customername buyer buyername billingname kunde name",
            is_needed=True,
        ),
        field("customer.external_id", later("Customer number"), "customerid buyerid", read=code),
        field("customer.email", later("E-mail"), "customeremail emailaddress buyeremail"),
        field(
            "customer.phone",
            later("Phone"),
            "phonenumber billingphone shippingphone",
            read=code,
        ),
        field("customer.locale", later("Language"), "locale"),
        field(
            "ship_to.name",
            later("Recipient"),
            "shippingname shipto recipientname deliveryname",
        ),
        field("ship_to.company", later("Company"), "shippingcompany"),
        field(
            "ship_to.line1",
            later("Street"),
            "address address1 addressline1 shippingaddress1 shippingstreet",
            is_needed=True,
        ),
        field("ship_to.line2", later("Street, second line"), "address2 shippingaddress2"),
        field("ship_to.city", later("City"), "town shippingcity ort", is_needed=True),
        field("ship_to.region", later("Region"), "state province shippingprovince"),
        field(
            "ship_to.postal_code",
            later("Postal code"),
            "zip postcode shippingzip plz",
            read=code,
        ),
        field(
            "ship_to.country",
            later("Country"),
            "countrycode shippingcountry land",
            read=country,
            is_needed=True,
        ),
        field("lines.external_id", later("Line number"), "line lineid lineitemid", read=code),
        field(
            "lines.sku",
            later("SKU"),
            "lineitemsku itemsku article productcode item artikelnummer",
            read=code,
            is_needed=True,
        ),
        field("lines.title", later("Item"), "title product lineitemname itemname"),
        field(
            "lines.quantity",
            later("Quantity"),
            "qty units pieces lineitemquantity menge",
            read=whole,
            is_needed=True,
        ),
        field(
            "lines.unit_price",
            later("Unit price"),
            "price itemprice lineitemprice einzelpreis preis",
            read=amount,
            is_needed=True,
        ),
        field("lines.shipping_price", later("Shipping of the line"), read=amount),
        field("lines.vendor", later("Vendor"), "vendorcode seller"),
        field("lines.ship_by", later("Ship by"), read=moment),
        field("shipping.service", later("Shipping service"), "shippingmethod service"),
        field(
            "shipping.price",
            later("Shipping"),
            "shippingcost shippingprice freight versand",
            read=amount,
        ),
        field("preferences.gift_wrap", later("Gift wrap"), read=yes_no),
        field("preferences.gift_message", later("Gift message"), "giftnote"),
        field(
            "preferences.delivery_instructions",
            later("Delivery instructions"),
            "notes note instructions comment",
        ),
        field("preferences.deliver_by", later("Wanted by"), "deliverydate", read=day),
        field("promise.deliver_by", later("Promised for"), "promised", read=day),
        field("payment.status", later("Payment"), "financialstatus paymentstatus", read=paid),
        field("payment.amount", later("Amount paid"), "total paid amount", read=amount),
        field("payment.reference", later("Payment reference"), "transactionid", read=code),
    )

    def given(self, fixed: Mapping[str, str]) -> Values:
        """Return the channel and the currency of what names none."""
        return {name: fixed[name] for name in ("channel", "currency") if fixed.get(name)}

    def fill(self, values: Values) -> None:
        """Let a recipient be the customer, and lines be called by their place and SKU."""
        customer, ship_to = values.setdefault("customer", {}), values.setdefault("ship_to", {})
        name = ship_to.get("name") or customer.get("name")
        if name:
            customer.setdefault("name", name)
            ship_to.setdefault("name", name)
        number = str(values.get("number", ""))
        customer.setdefault("external_id", guest(customer.get("email"), number)[:64])
        for n, line in enumerate(values.get("lines", []), 1):
            line.setdefault("external_id", str(n))
            if "sku" in line:
                line.setdefault("title", line["sku"])
        if not values.get("payment", {}).get("status"):
            # An amount alone says nothing of whether it was paid.
            values.pop("payment", None)

    def check(self, values: Values) -> OrderForm:
        """Return an order."""
        return check(OrderForm, values)

    def measure(self, form: OrderForm) -> Measure:
        """Return an order's units, and what they and their shipping cost."""
        wrong: dict[str, str] = {}
        minor = Amounts(form.currency, wrong)
        worth = minor.of("shipping.price", form.shipping.price)
        for line in form.lines:
            worth += line.quantity * minor.of("unit_price", line.unit_price)
            worth += minor.of("shipping_price", line.shipping_price)
        units = sum(line.quantity for line in form.lines)
        return Measure(units, None if wrong else worth, form.currency)

    def take(
        self, forms: Sequence[OrderForm], fixed: Mapping[str, str], actor: str, now: datetime
    ) -> Sequence[Verdict | DomainError]:
        """Take orders in; one that is known with this content is known."""
        parsed = [_order(form, now) for form in forms]
        good = [order for order in parsed if isinstance(order, NewOrder)]
        is_told = bool(fixed.get("tells"))
        placed = iter(service.place(good, actor=actor, now=now, is_told=is_told))
        return [_verdict(next(placed)) if isinstance(p, NewOrder) else p for p in parsed]


def _order(form: OrderForm, now: datetime) -> NewOrder | DomainError:
    try:
        return form.to_order(now)
    except DomainError as refusal:
        return refusal


def _verdict(placed: Placed | DomainError) -> Verdict | DomainError:
    if isinstance(placed, DomainError):
        return placed
    if not placed.is_new:
        return "known"
    return "held" if placed.is_held else "taken"


kind = Orders()
