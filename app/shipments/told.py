"""Telling that parcels have left: in their orders' stories, and to customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.carriers.registry import CARRIERS
from app.notifications.service import Message, tell
from app.orders.queries import contacts, facts_of
from app.timeline.service import Happened, record


def shipped(rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Tell of parcels that are new."""
    record(
        [
            Happened(
                r["order_id"],
                r["cohort"],
                "parcel_shipped",
                subject_id=r["id"],
                facts={"carrier": r["carrier"], "number": r["tracking_number"]},
            )
            for r in rows
        ],
        now,
    )
    people = contacts(r["order_id"] for r in rows)
    tell(
        [
            Message(
                r["order_id"],
                r["cohort"],
                "customer",
                people[r["order_id"]].email,
                "order_shipped",
                r["reference"],
                facts_of(people[r["order_id"]]) | _parcel_facts(r),
            )
            for r in rows
        ],
        now,
    )


def _parcel_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    carrier = CARRIERS.get(row["carrier"])
    return {
        "carrier": carrier.title if carrier else row["carrier"],
        "tracking_number": row["tracking_number"],
        "link": carrier.tracking_url(row["tracking_number"]) if carrier else None,
    }
