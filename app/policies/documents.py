"""The documents, field by field, with the defaults a new marketplace starts from."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from app.policies.rules import COLOR, complaint
from app.shared.money import CURRENCIES

Hours = Annotated[int, Field(ge=0, le=24 * 365)]
Days = Annotated[int, Field(ge=0, le=365)]
Weekday = Annotated[int, Field(ge=1, le=7)]
Place = Annotated[str, StringConstraints(pattern=r"^(\*|[A-Z]{2})$")]
BasisPoints = Annotated[int, Field(ge=0, le=10_000)]


class Document(BaseModel):
    """A policy document: unknown fields are refused, so a typing error cannot pass as a rule."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# Hundredths of one unit of the order's currency, so that one policy serves every currency.
Hundredths = Annotated[int, Field(ge=0, le=10**9)]


class Routing(Document):
    """How a vendor is chosen; what is worth how much is in hundredths of the currency's unit."""

    strategy: str = "balanced"
    # What a further parcel of an order costs in the customer's patience, beside its freight.
    split: Hundredths = 200
    # A line that comes a day later than wanted, or than the fastest could bring it.
    late_day: Hundredths = 300
    # A line given to a vendor that is never on time; how often vendors are is learned.
    standing: Hundredths = 1_000
    usual_on_time_bp: BasisPoints = 9_500
    # A line given to a vendor under review.
    review: Hundredths = 500
    most_parcels: Annotated[int, Field(ge=1, le=50)] = 10
    # The customer's need-by date: a vendor that would miss it is not chosen, or only if all would.
    need_by: Literal["insist", "prefer"] = "insist"
    # Units that nobody has: bought in where a vendor can, else waited for; only waited for; or
    # put to a person.
    when_short: Literal["backorder", "wait", "person"] = "backorder"
    # Hours after its confirm-by from which work goes to the next best vendor; None: it stays.
    take_back_unconfirmed_hours: Hours | None = 0


class Promises(Document):
    """What is promised where neither the order nor the vendor says otherwise."""

    # None: vendors need not confirm by a time.
    confirm_within_hours: Hours | None = 24
    transit_days: Days = 5
    # Hours before its deadline at which a vendor is reminded, or at half of a time that is shorter
    # than twice as long; None: never.
    remind_confirm_hours: Hours | None = 2
    remind_ship_hours: Hours | None = 4
    # Open days of its place after ship-by that work which never left is waited for; then it ends.
    # Its vendor is told an open day before. None: it is waited for until a person ends it. (Amazon
    # and TikTok Shop: seven business days; Shopee: three days.)
    cancel_unshipped_days: Annotated[int, Field(ge=1, le=90)] | None = 7
    # What happens then: the customer has the money back; or others send what they can, first.
    when_unshipped: Literal["cancel", "others"] = "cancel"


class LaneRule(Document):
    """What is known of a way: from and to a country (ISO 3166) by a service; "*" stands for any.

    `days` are those on which parcels move (ISO weekdays, Monday is 1), without the destination's
    public holidays if it `keeps_holidays`. What a parcel and its kilogram cost is in hundredths of
    the currency's unit.
    """

    origin: Place = "*"
    destination: Place = "*"
    service: Annotated[str, StringConstraints(min_length=1, max_length=64)] = "*"
    days: Days
    moves_on: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = (1, 2, 3, 4, 5)
    keeps_holidays: bool = True
    parcel: Hundredths = 500
    kilo: Hundredths = 0


class Lanes(Document):
    """The ways parcels go; the first rule that fits counts, and where none does `promises`."""

    lanes: Annotated[tuple[LaneRule, ...], Field(max_length=1_000)] = ()
    # A parcel's freight where no rule fits.
    parcel: Hundredths = 500
    kilo: Hundredths = 0


class Doubts(Document):
    """What has a person look at an order before any vendor is given it.

    Wrong addresses, SKUs that nobody sells and currencies that do not exist always do.
    """

    # Units of one SKU on a line that are still usual; a product may say another number.
    most_units: Annotated[int, Field(ge=1, le=100_000)] = 100
    # What the items of an order may be worth, in minor units of its currency; None: anything.
    most_value_minor: Annotated[int, Field(ge=0, le=10**12)] | None = None
    review_every_order: bool = False
    review_channels: Annotated[tuple[str, ...], Field(max_length=100)] = ()


class Tracking(Document):
    """How often a carrier is asked about a parcel; moments lie on a grid of that many hours."""

    every_hours: Annotated[int, Field(ge=1, le=24)] = 6
    out_for_delivery_every_hours: Annotated[int, Field(ge=1, le=24)] = 1
    # Days without a scan after which a parcel is asked about no more; None: never.
    give_up_days: Days | None = 90


class Watch(Document):
    """When something is wrong, and when it is critical."""

    late_dispatch_critical_hours: Hours = 48
    late_delivery_critical_days: Days = 3
    # Longer without a scan than this is a stall (AfterShip and Wonderment: 3 to 7 days).
    stalled_days: Days = 5
    # A carrier that does not answer is waited for this long before its silence counts as lateness.
    patience_hours: Hours = 12


class Rung(Document):
    """One step of the climb, counted from the opening of the escalation."""

    after_hours: Hours
    level: Annotated[str, Field(pattern="^(ops|ops_lead|senior_management)$")]


class Escalation(Document):
    """Who is told, and when, while nobody has acknowledged."""

    rungs: Annotated[tuple[Rung, ...], Field(min_length=1)] = (
        Rung(after_hours=0, level="ops"),
        Rung(after_hours=24, level="ops_lead"),
        Rung(after_hours=72, level="senior_management"),
    )

    @field_validator("rungs")
    @classmethod
    def _climbs(cls, rungs: tuple[Rung, ...]) -> tuple[Rung, ...]:
        hours = [rung.after_hours for rung in rungs]
        if hours != sorted(set(hours)):
            message = "each rung must come later than the one before"
            raise ValueError(message)
        return rungs


class Tier(Document):
    """What is given back from this many calendar days late on; the last tier that fits counts."""

    from_days: Annotated[int, Field(ge=1, le=365)]
    freight_bp: BasisPoints
    items_bp: BasisPoints


class Compensation(Document):
    """What a late or lost order is worth."""

    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)] = (
        Tier(from_days=1, freight_bp=5_000, items_bp=0),
        Tier(from_days=4, freight_bp=10_000, items_bp=0),
        Tier(from_days=8, freight_bp=10_000, items_bp=1_000),
    )
    # Days after the promise from which an order that has not come counts as lost.
    lost_after_days: Days = 30
    lost_freight_bp: BasisPoints = 10_000
    lost_items_bp: BasisPoints = 10_000


class Messages(Document):
    """Who is told what; a template that is not named here is not sent."""

    customer: tuple[str, ...] = (
        "order_received",
        "order_confirmed",
        "order_shipped",
        "order_late",
        "order_delivered",
        "order_changed",
        "order_canceled",
        "compensation_offered",
    )
    vendor: tuple[str, ...] = (
        "work_assigned",
        "work_changed",
        "work_taken_back",
        "work_reminder",
    )
    # So many that are due for a vendor together are one mail.
    vendor_together_from: Annotated[int, Field(ge=2, le=100)] = 6
    ops: tuple[str, ...] = ("escalation_step",)
    # Where a rung's mail goes.
    addresses: dict[str, str] = {
        "ops": "ops@onward.example",
        "ops_lead": "ops-lead@onward.example",
        "senior_management": "management@onward.example",
    }


class Privacy(Document):
    """Who sees what of customers, and for how long."""

    # Days after a delivery for which its vendor still sees name and address; 0: not at all.
    vendor_sees_address_days: Days = 30


class Papers(Document):
    """What vendors print and put into parcels; a gift gets no receipt, whatever stands here."""

    slip_copies: Annotated[int, Field(ge=1, le=2)] = 1
    encloses_receipt: bool = True
    encloses_return_slip: bool = False
    # What all of them but labels are printed on; "label": the printer of labels, 4 x 6 inches.
    size: Literal["a4", "letter", "label"] = "a4"


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
# BCP 47: a language and, where it matters, a country.
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
Chosen = BeforeValidator(lambda word: word or None)


class Marketplace(Document):
    """What one marketplace is called, looks like, and takes for granted."""

    name: Name = "Onward"
    # The color of actions by theme; None: ours.
    accent_light: Annotated[str | None, Chosen] = None
    accent_dark: Annotated[str | None, Chosen] = None
    # None: the installation's own (TZ_DEFAULT, CURRENCY_DEFAULT).
    zone: Annotated[str | None, Chosen] = None
    currency: Annotated[str | None, Chosen] = None
    languages: Annotated[tuple[str, ...], Field(min_length=1, max_length=20)] = ("en",)

    @field_validator("name")
    @classmethod
    def _is_one_line(cls, name: str) -> str:
        return name if name.isprintable() else _refuse("holds a character that cannot be shown")

    @field_validator("accent_light", "accent_dark")
    @classmethod
    def _can_be_read(cls, color: str | None, info: ValidationInfo) -> str | None:
        if color is None:
            return None
        color = color.strip().lower()
        if not COLOR.fullmatch(color):
            _refuse("Write a color as # and six of 0 to 9 and a to f, like #0b6070.")
        why = complaint(color, str(info.field_name).removeprefix("accent_"))
        return _refuse(why) if why else color

    @field_validator("languages")
    @classmethod
    def _are_languages(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        for code in languages:
            if not LANGUAGE.fullmatch(code):
                _refuse(f"'{code}' is no language. Write its two letters, like en or pt-BR.")
        return tuple(dict.fromkeys(languages))

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, zone: str | None) -> str | None:
        if zone is None or zone in available_timezones():
            return zone
        return _refuse("This is no time zone. Write it like Europe/Stockholm.")

    @field_validator("currency")
    @classmethod
    def _is_a_currency(cls, currency: str | None) -> str | None:
        if currency is None or currency in CURRENCIES:
            return currency
        return _refuse("This is no currency. Write its three letters, like EUR.")


def _refuse(why: str) -> str:
    raise ValueError(why)


KINDS: dict[str, type[Document]] = {
    "routing": Routing,
    "promises": Promises,
    "lanes": Lanes,
    "doubts": Doubts,
    "tracking": Tracking,
    "watch": Watch,
    "escalation": Escalation,
    "compensation": Compensation,
    "messages": Messages,
    "privacy": Privacy,
    "papers": Papers,
    "marketplace": Marketplace,
}
