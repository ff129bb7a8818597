"""Keeping customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.customers.models import Customer
from app.shared import bulk, ids, work

# A customer as a channel knows it, and what it says of it.
Name = tuple[str, str]
TOLD = ("name", "email", "phone", "locale")
KNOWN = (
    "SELECT c.id, c.channel, c.external_id, c.name, c.email, c.phone, c.locale FROM customers c"
    " JOIN unnest((SELECT CAST(%(channels)s AS text[])), (SELECT CAST(%(names)s AS text[])))"
    " v(channel, name) ON (c.channel, c.external_id) = (v.channel, v.name)"
)
SAVED = bulk.Ties(
    "ON CONFLICT (channel, external_id) DO UPDATE SET name = excluded.name,"
    " email = excluded.email, phone = excluded.phone, locale = excluded.locale",
    shown="id, channel, external_id",
)
# What refers to a customer who is written in the same block, by `buyer` and `channel`.
BUYER = bulk.LookedUp(
    "customer_id",
    "id",
    Customer.__tablename__,
    "(customers.channel, customers.external_id) = (v.channel, v.buyer)",
)


def name_of(customer: Mapping[str, Any]) -> Name:
    """Return by what a customer is known."""
    return customer["channel"], customer["external_id"]


def who_is_known(customers: Sequence[Mapping[str, Any]]) -> work.Question[dict[Name, Any]]:
    """Ask for those of these customers whom we know, by channel and external id."""
    names = [name_of(one) for one in customers]
    values = {"channels": [a for a, _ in names], "names": [b for _, b in names]}
    return work.Question(
        KNOWN, values, lambda rows: {(row.channel, row.external_id): row for row in rows}
    )


def save(customers: Sequence[dict[str, Any]], known: Mapping[Name, Any]) -> dict[Name, UUID]:
    """Write down who is new or known otherwise; return everybody's keys.

    `known` is what was found of them. Somebody else may have written down one of the new ones
    since, under another key: what refers to them in this statement looks theirs up (`BUYER`).
    """
    # The same customer may order twice in one batch: the later data count.
    unique = {name_of(one): one for one in customers}
    keys = {name: UUID(known[name].id) if name in known else ids.new() for name in sorted(unique)}
    bulk.insert_tied(
        Customer,
        [
            {"id": key, **unique[name]}
            for name, key in keys.items()
            if name not in known or any(unique[name][of] != getattr(known[name], of) for of in TOLD)
        ],
        SAVED,
    )
    return keys
