"""Keeping customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.customers.models import Customer
from app.shared import bulk, ids


def save(customers: Sequence[dict[str, Any]]) -> dict[tuple[str, str], UUID]:
    """Create or change customers by channel and external id; return their keys."""
    # The same customer may order twice in one batch: the later data count.
    unique = {(c["channel"], c["external_id"]): c for c in customers}
    rows = bulk.insert(
        Customer,
        [{"id": ids.new(), **unique[key]} for key in sorted(unique)],
        conflict="ON CONFLICT (channel, external_id) DO UPDATE SET name = excluded.name,"
        " email = excluded.email, phone = excluded.phone, locale = excluded.locale",
        returning="channel, external_id, id",
    )
    return {(row.channel, row.external_id): row.id for row in rows}
