"""Packages: which there are of a fulfillment order, what they hold, and which of them have left.

Reading them, and making the one that holds everything for vendors who pack without telling us how.
Packing itself, parcel by parcel, is in `packing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal_column, select, text
from sqlalchemy.orm import defer

from app.extensions import db
from app.orders.models import FulfillmentOrder
from app.shared import ids
from app.shared.errors import Conflict, NotFound
from app.shared.language import _
from app.shipments.models import Label, Package, PackageLine

PHOTOS = (
    "(SELECT json_agg(json_build_object('id', h.id, 'package', packages.reference,"
    " 'width', h.width, 'height', h.height) ORDER BY h.id) FROM photos h"
    " WHERE h.package_id = packages.id)"
)
OUT = (
    "unnest(CAST(:packages AS uuid[]), CAST(:lines AS uuid[]), CAST(:units AS integer[]))"
    " v(package_id, fo_line_id, units)"
    " WHERE l.package_id = v.package_id AND l.fo_line_id = v.fo_line_id"
)
TAKE_OUT = (
    text(f"DELETE FROM package_lines l USING {OUT} AND l.quantity <= v.units"),
    text(f"UPDATE package_lines l SET quantity = quantity - v.units FROM {OUT}"),
)


@dataclass(frozen=True, slots=True)
class Packed:
    """A package, its units by key of their line, its live label, and how it looked when packed.

    A photo is {id, package, width, height}; the pictures themselves are fetched one by one.
    """

    package: Package
    units: Mapping[UUID, int]
    label: Label | None
    photos: Sequence[Mapping[str, Any]] = ()

    @property
    def has_left(self) -> bool:
        """Return whether it is with its carrier."""
        return self.package.shipment_id is not None

    @property
    def waits(self) -> bool:
        """Return whether it has still to leave: not where nothing is in it any more."""
        return not self.has_left and bool(self.units)


def packages_of(fo_ids: Sequence[UUID]) -> dict[UUID, list[Packed]]:
    """Return the packages of fulfillment orders in order of their numbers, by fulfillment order."""
    units = select(func.json_object_agg(PackageLine.fo_line_id, PackageLine.quantity))
    query = select(
        Package,
        Label,
        units.where(PackageLine.package_id == Package.id).scalar_subquery(),
        literal_column(PHOTOS),
    ).outerjoin(Label, (Label.package_id == Package.id) & Label.voided_at.is_(None))
    query = query.where(Package.fo_id.in_(fo_ids)).order_by(Package.fo_id, Package.number)
    found: dict[UUID, list[Packed]] = {}
    # Whoever has locked the orders since they looked must see what others shipped meanwhile.
    rows = db.session.execute(
        query.options(defer(Label.content)), execution_options={"populate_existing": True}
    )
    for package, label, held, photos in rows:
        holds = {UUID(line): quantity for line, quantity in (held or {}).items()}
        one = Packed(package, holds, label, photos or ())
        found.setdefault(package.fo_id, []).append(one)
    return found


def is_outdated(label: Label | None, fo: FulfillmentOrder) -> bool:
    """Return whether a label was made before its fulfillment order went by another service."""
    return label is not None and label.made_for != fo.service


def require_its_service(packed: Iterable[Packed], fo: FulfillmentOrder) -> None:
    """Refuse a package that would go by another service than the one that is in force."""
    for one in packed:
        if one.waits and is_outdated(one.label, fo):
            said = _(
                "The label of {package} is for another service: {name} goes by '{service}' now."
                " Make a new label, and take the old one off.",
                package=one.package.reference,
                name=fo.reference,
                service=fo.sent_by,
            )
            raise Conflict(said)


def package(reference: str) -> Package:
    """Return one package that the scope may see."""
    query = select(Package).where(Package.reference == reference)
    found: Package | None = db.session.scalar(query)
    if found is None:
        raise NotFound(_("There is no parcel '{name}'.", name=reference))
    return found


def fo_of(reference: str) -> str:
    """Return the reference of the fulfillment order that a package is part of."""
    query = select(FulfillmentOrder.reference).join(Package, Package.fo_id == FulfillmentOrder.id)
    found = db.session.scalar(query.where(Package.reference == reference))
    if found is None:
        raise NotFound(_("There is no parcel '{name}'.", name=reference))
    return found


def ensure_packages(fo: FulfillmentOrder, *, actor: str, now: datetime) -> list[Packed]:
    """Return a locked fulfillment order's packages.

    Where there is none, one is made of all that is confirmed and has not left.
    """
    found = packages_of([fo.id]).get(fo.id, [])
    left = {line.id: n for line in fo.lines if (n := line.confirmed - line.shipped)}
    if found or not left:
        return found
    made = Package(
        id=ids.new(),
        vendor_id=fo.vendor_id,
        order_id=fo.order_id,
        fo_id=fo.id,
        cohort=fo.cohort,
        reference=ids.reference("PK"),
        number=1,
        packed_at=now,
        packed_by=actor,
    )
    db.session.add(made)
    db.session.flush()
    for line_id, quantity in left.items():
        db.session.add(
            PackageLine(
                package_id=made.id,
                fo_line_id=line_id,
                vendor_id=fo.vendor_id,
                quantity=quantity,
            )
        )
    db.session.flush()
    return packages_of([fo.id])[fo.id]


def leave(shipments: Mapping[str, UUID]) -> None:
    """Write down which packages, by reference, have left as which shipments."""
    if not shipments:
        return
    db.session.execute(
        text(
            "UPDATE packages p SET shipment_id = v.shipment FROM"
            " unnest(CAST(:names AS text[]), CAST(:shipments AS uuid[])) v(reference, shipment)"
            " WHERE p.reference = v.reference"
        ),
        {"names": list(shipments), "shipments": list(shipments.values())},
    )


def take_out(loose: Sequence[tuple[UUID, UUID, int]]) -> None:
    """Take units out of packages: (package, line, units); what is empty waits no more."""
    if not loose:
        return
    packages, lines, units = (list(column) for column in zip(*loose, strict=True))
    values = {"packages": packages, "lines": lines, "units": units}
    for sql in TAKE_OUT:
        db.session.execute(sql, values)
