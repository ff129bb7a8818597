"""Roles and rights in words, each with the one sentence that whoever gives it should read."""

from __future__ import annotations

from app.accounts.contract import MARKETPLACE_RIGHTS, VENDOR_RIGHTS
from app.shared.language import _, later

ROLES = {
    "ops_agent": (
        later("Ops agent"),
        later("Works the queue, sees orders and messages, and looks at what a vendor sees."),
    ),
    "ops_lead": (
        later("Ops lead"),
        later(
            "Does what an agent does, is told when nobody takes a case, and reads the audit trail."
        ),
    ),
    "senior_management": (
        later("Senior management"),
        later("Sees the console and the audit trail, and is told last when nobody takes a case."),
    ),
    "administrator": (
        later("Administrator"),
        later("Does all of this, and looks after people, keys and settings."),
    ),
    "vendor_owner": (
        later("Vendor owner"),
        later("Sees one vendor's work, and looks after its people and its keys."),
    ),
    "vendor_staff": (
        later("Vendor staff"),
        later("Sees one vendor's work: what to send where, and by when."),
    ),
}
RIGHTS = {
    "orders:read": (later("See orders"), later("Each with its parcels, promises and messages.")),
    "orders:write": (
        later("Place and cancel orders"),
        later("What a shop does when somebody buys."),
    ),
    "payments:write": (
        later("Say what was paid"),
        later("Authorized, captured, failed, paid back."),
    ),
    "fulfillment:read": (
        later("See fulfillment orders"),
        later("What is to be sent where, and by when."),
    ),
    "fulfillment:write": (
        later("Work on fulfillment orders"),
        later("Confirm, pick, pack and ship them."),
    ),
    "stock:write": (later("Count stock"), later("Say how much of each product is on the shelf.")),
    "webhooks:read": (
        later("See webhooks"),
        later("Where its programs listen, and what became of each delivery."),
    ),
    "webhooks:write": (
        later("Change webhooks"),
        later("Say where its programs listen, make their secrets, send events again."),
    ),
    "catalog:read": (
        later("See the catalog"),
        later("Vendors, their calendars, what they sell, and how much they have."),
    ),
    "catalog:write": (
        later("Change the catalog"),
        later("Vendors, their locations, and what they sell."),
    ),
    "policies:write": (
        later("Change the rules"),
        later("Routing, promises, escalation, compensation."),
    ),
    "clock:read": (later("Read the world clock"), later("What time it is for every rule.")),
    "clock:write": (later("Move the world clock"), later("For demonstrations and tests alone.")),
    "metrics:read": (
        later("Read the numbers"),
        later("What a monitoring system collects from /metrics."),
    ),
}
# What a key is most often made for: a shop that sends orders, a vendor's own system.
PRESETS = {
    MARKETPLACE_RIGHTS: ("orders:read", "orders:write", "payments:write"),
    VENDOR_RIGHTS: ("fulfillment:read", "fulfillment:write", "stock:write"),
}
# A call that shows whether a key works, by a right it may have; the first that fits.
FIRST_CALLS = {
    "fulfillment:read": "/api/v1/fulfillment-orders",
    "clock:read": "/api/v1/clock",
    "orders:read": "/api/v1/orders/A-1001?channel=webshop",
    "catalog:read": "/api/v1/listings",
    "metrics:read": "/metrics",
    "webhooks:read": "/api/v1/webhooks",
}


def role(code: str) -> str:
    """Return a role's name."""
    return _(ROLES[code][0])


def right(code: str) -> str:
    """Return what a right allows, as one says it; an unknown one is its code."""
    return _(RIGHTS[code][0]) if code in RIGHTS else code


def first_call(rights: tuple[str, ...]) -> str | None:
    """Return an address that a key may read, to try it with; nothing for one that only writes."""
    return next((path for name, path in FIRST_CALLS.items() if name in rights), None)


def choices(codes: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return roles or rights as a form offers them."""
    known = ROLES | RIGHTS
    return [(code, _(known[code][0])) for code in codes]


def sentences() -> dict[str, str]:
    """Return what each role and each right means, as a form explains it."""
    return {code: _(words[1]) for code, words in (ROLES | RIGHTS).items()}
