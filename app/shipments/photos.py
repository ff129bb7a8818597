"""Photos of packed parcels: how it was packed can be shown when it arrives broken."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.orders.locks import lock_fulfillment_orders
from app.shared import bulk, ids
from app.shared.errors import InvalidInput, NotFound
from app.shared.language import _
from app.shipments.packages import packages_of
from app.threads.contract import Drawn
from app.threads.models import Photo

# Its sides, and what lies in it.
MOST_PHOTOS = 4
KNOWN = text(
    "SELECT package_id, encode(sha256(content), 'hex') AS digest FROM photos"
    " WHERE package_id = ANY(:packages)"
)


def add(reference: str, taken: Mapping[int, Sequence[Drawn]], *, by: str, now: datetime) -> int:
    """Keep photos of packages, by their numbers; the same photo again changes nothing.

    Return how many are new.
    """
    fo = lock_fulfillment_orders([reference]).get(reference)
    if fo is None:
        detail = f"There is no fulfillment order '{reference}'."
        raise NotFound(detail)
    packages = {one.package.number: one.package for one in packages_of([fo.id]).get(fo.id, [])}
    known: dict[UUID, set[str]] = {}
    for row in db.session.execute(KNOWN, {"packages": [one.id for one in packages.values()]}):
        known.setdefault(row.package_id, set()).add(row.digest)
    rows: list[dict[str, Any]] = []
    for number, photos in taken.items():
        package = packages[number]
        digests = {hashlib.sha256(photo.content).hexdigest(): photo for photo in photos}
        fresh = [d for d in digests if d not in known.get(package.id, ())]
        if len(known.get(package.id, ())) + len(fresh) > MOST_PHOTOS:
            said = _("{package} has {n} photos at most.", package=package.reference, n=MOST_PHOTOS)
            raise InvalidInput(said, photos=said)
        rows += [_row(package, digests[digest], by, now) for digest in fresh]
    bulk.insert(Photo, rows)
    return len(rows)


def _row(package: Any, photo: Drawn, by: str, now: datetime) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "package_id": package.id,
        "vendor_id": package.vendor_id,
        "name": photo.name,
        "media_type": photo.media_type,
        "width": photo.width,
        "height": photo.height,
        "content": photo.content,
        "taken_at": now,
        "taken_by": by,
    }
