"""Listings in a file: which location of a vendor sells what, at which cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.catalog import service as catalog
from app.catalog.forms import ListingForm
from app.catalog.queries import currencies, listing_ids, states
from app.intake.contract import Measure, Values, Verdict
from app.intake.rules import amount, capitals, code, day, field, whole, yes_no
from app.policies import marketplace
from app.shared.errors import DomainError, NotFound
from app.shared.language import later
from app.vendors.queries import location_ids
from app.web.fields import Amounts, check


class Listings:
    """Listings, as PUT /api/v1/listings takes them."""

    label = later("Listings")
    nouns = (later("listing"), later("listings"))
    roles = frozenset({"administrator", "ops_lead"})
    named_by = ("vendor", "location", "sku")
    is_grouped = False
    fixed = ("currency",)
    fields = (
        field("vendor", later("Vendor"), "vendorcode seller supplier", is_needed=True),
        field("location", later("Location"), "locationcode warehouse"),
        field(
            "sku",
            later("SKU"),
            "article productcode item artikelnummer",
            read=code,
            is_needed=True,
        ),
        field("title", later("Item"), "name product productname titel", is_needed=True),
        field("cost", later("Cost"), "unitcost buyingprice", read=amount, is_needed=True),
        field("price", later("Price"), "sellingprice retailprice", read=amount),
        field("currency", later("Currency"), read=capitals),
        field("is_active", later("Active"), "enabled available", read=yes_no),
        field("stock", later("On hand"), "onhand quantity qty units", read=whole),
        field("buy_in_days", later("Working days to buy in"), "leadtime", read=whole),
        field("restock_on", later("Stock comes on"), "restock", read=day),
        field("bin", later("Bin"), "shelf shelfmark storagebin lagerplatz fach"),
        field("own_code", later("Own code"), "internalcode internalbarcode ownlabel", read=code),
    )

    def given(self, fixed: Mapping[str, str]) -> Values:
        """Return the currency of what names none."""
        return {"currency": fixed["currency"]} if fixed.get("currency") else {}

    def fill(self, values: Values) -> None:
        """Let a vendor of one location leave its name away."""
        values.setdefault("location", "main")

    def check(self, values: Values) -> ListingForm:
        """Return a listing."""
        return check(ListingForm, values)

    def measure(self, form: ListingForm) -> Measure:
        """Return what is on hand, and what one of it costs."""
        currency = form.currency or marketplace.currency()
        wrong: dict[str, str] = {}
        cost = Amounts(currency, wrong).of("cost", form.cost)
        return Measure(form.stock, None if wrong else cost, currency)

    def take(
        self,
        forms: Sequence[ListingForm],
        fixed: Mapping[str, str],  # noqa: ARG002 - the contract's own shape
        actor: str,  # noqa: ARG002 - the same
        now: datetime,  # noqa: ARG002 - the same
    ) -> Sequence[Verdict | DomainError]:
        """Save listings and count their stock; one that stands so already is known."""
        places = location_ids((form.vendor, form.location) for form in forms)
        for form in forms:
            if (form.vendor, form.location) not in places:
                raise NotFound(f"Vendor '{form.vendor}' has no location '{form.location}'.")
        usual, own = marketplace.currency(), currencies(form.name for form in forms)
        rows = [f.to_row(places[f.vendor, f.location], usual, own.get(f.name)) for f in forms]
        known = listing_ids(form.name for form in forms)
        before = states(known.values())
        keys = catalog.save_listings(rows)
        found = [keys[row["location_id"], row["sku"]] for row in rows]
        counts = {
            key: form.stock
            for key, form in zip(found, forms, strict=True)
            if form.stock is not None
        }
        if counts:
            catalog.count_stock(counts)
        after = states(found)
        return ["known" if before.get(key) == after[key] else "taken" for key in found]


kind = Listings()
