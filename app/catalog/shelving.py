"""Where a vendor's goods lie, and what its own labels say: the vendor itself says both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.shared import live
from app.shared.errors import NotFound
from app.shared.language import _
from app.shared.seen import require_unchanged

# What a vendor itself says of a listing beside how much there is.
OWN: Final = ("bin", "own_code")
LOCK = text("SELECT sku, bin, own_code FROM listings WHERE id = :id FOR NO KEY UPDATE")
CHANGE = text("UPDATE listings SET bin = :bin, own_code = :own_code WHERE id = :id")


def change(listing_id: UUID, values: Mapping[str, Any], *, seen: str) -> bool:
    """Note bin and own code of a listing; return whether anything is different.

    Overtaken if somebody else has changed either since they were seen, and not to the same.
    """
    row = db.session.execute(LOCK, {"id": listing_id}).first()
    if row is None:
        raise NotFound(_("You sell nothing of that name."))
    before = {name: getattr(row, name) for name in OWN}
    wanted = {name: values[name] for name in OWN}
    if wanted == before:
        return False
    require_unchanged(row.sku, seen, before)
    db.session.execute(CHANGE, wanted | {"id": listing_id})
    live.changed("catalog")
    return True
