"""Roles and rights in words, each with the one sentence that whoever gives it should read."""

from __future__ import annotations

from app.accounts.contract import MARKETPLACE_RIGHTS, VENDOR_RIGHTS

ROLES = {
    "ops_agent": (
        "Ops agent",
        "Works the queue, sees orders and messages, and looks at what a vendor sees.",
    ),
    "ops_lead": (
        "Ops lead",
        "Does what an agent does, is told when nobody takes a case, and reads the audit trail.",
    ),
    "senior_management": (
        "Senior management",
        "Sees the console and the audit trail, and is told last when nobody takes a case.",
    ),
    "administrator": (
        "Administrator",
        "Does all of this, and looks after people, keys and settings.",
    ),
    "vendor_owner": (
        "Vendor owner",
        "Sees one vendor's work, and looks after its people and its keys.",
    ),
    "vendor_staff": ("Vendor staff", "Sees one vendor's work: what to send where, and by when."),
}
RIGHTS = {
    "orders:read": ("See orders", "Each with its parcels, promises and messages."),
    "orders:write": ("Place and cancel orders", "What a shop does when somebody buys."),
    "payments:write": ("Say what was paid", "Authorized, captured, failed, paid back."),
    "fulfillment:read": ("See fulfillment orders", "What is to be sent where, and by when."),
    "fulfillment:write": ("Work on fulfillment orders", "Confirm, pick, pack and ship them."),
    "stock:write": ("Count stock", "Say how much of each product is on the shelf."),
    "catalog:write": ("Change the catalog", "Vendors, their locations, and what they sell."),
    "policies:write": ("Change the rules", "Routing, promises, escalation, compensation."),
    "clock:read": ("Read the world clock", "What time it is for every rule."),
    "clock:write": ("Move the world clock", "For demonstrations and tests alone."),
    "metrics:read": ("Read the numbers", "What a monitoring system collects from /metrics."),
}
# What a key is most often made for: a shop that sends orders, a vendor's own system.
PRESETS = {
    MARKETPLACE_RIGHTS: ("orders:read", "orders:write", "payments:write"),
    VENDOR_RIGHTS: VENDOR_RIGHTS,
}
# A call that shows whether a key works, by a right it may have; the first that fits.
FIRST_CALLS = {
    "fulfillment:read": "/api/v1/fulfillment-orders",
    "clock:read": "/api/v1/clock",
    "orders:read": "/api/v1/orders/A-1001?channel=webshop",
    "metrics:read": "/metrics",
}


def role(code: str) -> str:
    """Return a role's name."""
    return ROLES[code][0]


def right(code: str) -> str:
    """Return what a right allows, as one says it; an unknown one is its code."""
    return RIGHTS[code][0] if code in RIGHTS else code


def first_call(rights: tuple[str, ...]) -> str | None:
    """Return an address that a key may read, to try it with; nothing for one that only writes."""
    return next((path for name, path in FIRST_CALLS.items() if name in rights), None)


def choices(codes: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return roles or rights as a form offers them."""
    known = ROLES | RIGHTS
    return [(code, known[code][0]) for code in codes]


SENTENCES = {code: words[1] for code, words in (ROLES | RIGHTS).items()}
