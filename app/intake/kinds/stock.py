"""Stock in a file: what a location of a vendor has of each SKU, counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.catalog.forms import CountForm
from app.catalog.queries import listing_ids, states
from app.catalog.service import count_stock
from app.intake.contract import Measure, Values, Verdict
from app.intake.rules import code, field, whole
from app.shared.errors import DomainError, InvalidInput, NotFound
from app.shared.language import later
from app.web.fields import check


class Stock:
    """Absolute counts, as POST /api/v1/stock takes them."""

    label = later("Stock")
    nouns = (later("count"), later("counts"))
    roles = frozenset({"administrator", "ops_lead"})
    named_by = ("vendor", "location", "sku")
    is_grouped = False
    fixed = ()
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
        field(
            "on_hand",
            later("On hand"),
            "onhand stock quantity qty units count bestand",
            read=whole,
            is_needed=True,
        ),
    )

    def given(self, fixed: Mapping[str, str]) -> Values:  # noqa: ARG002 - the contract's own shape
        """Return nothing: each count says all of it."""
        return {}

    def fill(self, values: Values) -> None:
        """Let a vendor of one location leave its name away."""
        values.setdefault("location", "main")

    def check(self, values: Values) -> CountForm:
        """Return a count, of a vendor that is named."""
        form = check(CountForm, values)
        if form.vendor is None:
            raise InvalidInput("The count was not taken.", vendor="needed")
        return form

    def measure(self, form: CountForm) -> Measure:
        """Return what was counted."""
        return Measure(form.on_hand)

    def take(
        self,
        forms: Sequence[CountForm],
        fixed: Mapping[str, str],  # noqa: ARG002 - the contract's own shape
        actor: str,  # noqa: ARG002 - the same
        now: datetime,  # noqa: ARG002 - the same
    ) -> Sequence[Verdict | DomainError]:
        """Count stock; what was counted so already is known."""
        names = [(form.vendor or "", form.location, form.sku) for form in forms]
        keys = listing_ids(names)
        for vendor, location, sku in names:
            if (vendor, location, sku) not in keys:
                raise NotFound(f"There is no listing of {sku} at {location} of {vendor}.")
        before = states(keys.values())
        count_stock({keys[n]: form.on_hand for n, form in zip(names, forms, strict=True)})
        after = states(keys.values())
        return ["known" if before[keys[n]] == after[keys[n]] else "taken" for n in names]


kind = Stock()
