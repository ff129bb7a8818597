"""The console's desk for people: everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.accounts.contract import OPS_ROLES, VENDOR_ROLES
from app.audit.queries import latest_of
from app.console import page
from app.console.audit_words import told
from app.console.page import blueprint
from app.desk.desk import Desk
from app.desk.notices import Notices
from app.desk.people import People
from app.shared.language import later
from app.shared.work import OPS, transaction

# What somebody did last, on their page; the rest is in the trail.
LATEST = 8


def frame() -> dict[str, Any]:
    """Return what the console's shell shows."""
    with transaction(OPS) as now:
        return page.shell(page.numbers(), now)


def _history(user_id: UUID) -> Sequence[dict[str, Any]]:
    with transaction(OPS):
        return [told(row) for row in latest_of(user_id, LATEST)]


DESK = Desk(
    face="console",
    people="people",
    whose=lambda: None,
    frame=frame,
    history=_history,
    roles=(*OPS_ROLES, *VENDOR_ROLES),
    views={
        "ops": later("Ops"),
        "vendors": later("Vendors' people"),
        "invited": later("Invited"),
        "off": later("Switched off"),
    },
)
People(DESK).mount(blueprint, "/people")
Notices(DESK).mount(blueprint, "/notices")
