"""Labels of packages: made, voided, printed; one is live, and the others stay as what was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text

from app.extensions import db
from app.notices.contract import Notice
from app.notices.service import tell
from app.orders import service as orders
from app.orders.contract import Action, FoStatus
from app.orders.locks import lock_fulfillment_orders
from app.orders.models import FulfillmentOrder
from app.orders.rules import move
from app.shared import ids
from app.shared.errors import Conflict, DomainError, IllegalMove, InvalidInput, NotFound
from app.shared.language import _
from app.shared.work import PLATFORM, acting_as, acts_for
from app.shipments import claims, entered
from app.shipments.contract import Asked
from app.shipments.models import Label, Package
from app.shipments.packages import Packed, ensure_packages, fo_of, is_outdated, package
from app.shipments.registry import provider
from app.timeline.service import Happened, record

OWN, VENDORS_OWN = "own", "vendors_own"
LONGEST_REASON = 300
NOTHING_KNOWN = Asked()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A label somebody wants for a package, by its reference (None: the only one there is)."""

    package: str | None = None
    provider: str = OWN
    asked: Asked = NOTHING_KNOWN


def make(reference: str, wanted: Sequence[Wanted], *, actor: str, now: datetime) -> list[Packed]:
    """Make labels for a packed fulfillment order, and have it ready; return its packages.

    Nothing named: our own label for each package that has none, or one of ours for the service
    before. A package's label takes the place of the one before it; the same again changes nothing.
    """
    fo = _locked(reference)
    move(fo.reference, FoStatus(fo.status), Action.LABEL, fo.held_from)
    packed = ensure_packages(fo, actor=actor, now=now)
    waiting = [one for one in packed if one.waits]
    asked = wanted or [Wanted(p.package.reference) for p in waiting if lacks_ours(p, fo)]
    for one in asked:
        _make(fo, _find(fo, one, packed, waiting), one, actor, now)
    db.session.flush()
    (outcome,) = orders.act([reference], Action.LABEL, actor=actor, now=now)
    if isinstance(outcome, DomainError):
        raise outcome
    return ensure_packages(fo, actor=actor, now=now)


def lacks_ours(packed: Packed, fo: FulfillmentOrder) -> bool:
    """Return whether our own label is wanted: never in the place of a carrier's."""
    live = packed.label
    return live is None or (live.provider == OWN and is_outdated(live, fo))


def _locked(reference: str) -> FulfillmentOrder:
    fo = lock_fulfillment_orders([reference]).get(reference)
    if fo is None:
        detail = f"There is no fulfillment order '{reference}'."
        raise NotFound(detail)
    return fo


def _find(
    fo: FulfillmentOrder, wanted: Wanted, packed: Sequence[Packed], waiting: Sequence[Packed]
) -> Packed:
    """Return the package that a label is for."""
    if wanted.package is None:
        if len(waiting) != 1:
            said = _(
                "{name} is packed in {n} parcels; say which one the label is for.",
                name=fo.reference,
                n=len(waiting),
            )
            raise InvalidInput(said, package=said)
        return waiting[0]
    found = next((one for one in packed if one.package.reference == wanted.package), None)
    if found is None:
        said = _("{name} has no parcel {package}.", name=fo.reference, package=wanted.package)
        raise InvalidInput(said, package=said)
    if found.has_left:
        said = _("{package} has left; its label stays as it is.", package=wanted.package)
        raise Conflict(said)
    return found


def _make(fo: FulfillmentOrder, packed: Packed, wanted: Wanted, actor: str, now: datetime) -> None:
    asked = _checked(packed, wanted.asked, now)
    live = packed.label
    told = (wanted.provider, asked.carrier, asked.tracking_number, asked.service)
    if live and not asked.file and told == _facts(live) and not is_outdated(live, fo):
        return
    kept = provider(wanted.provider).make(asked)
    if live:
        live.voided_at, live.voided_by, live.void_reason = now, actor, _("replaced by a new label")
        # Before the new one: of live ones there is at most one.
        db.session.flush()
        if live.tracking_number != asked.tracking_number:
            claims.free(live, now)
    db.session.add(
        Label(
            id=ids.new(),
            vendor_id=packed.package.vendor_id,
            package_id=packed.package.id,
            provider=wanted.provider,
            carrier=asked.carrier,
            tracking_number=asked.tracking_number,
            service=asked.service,
            made_for=fo.service,
            made_at=now,
            made_by=actor,
            media_type=kept.media_type if kept else None,
            content=kept.content if kept else None,
        )
    )
    facts = {"fulfillment_order": fo.reference, "number": asked.tracking_number}
    _note(packed.package, "label_made", actor, now, **facts)


def _facts(live: Label) -> tuple[str, str | None, str | None, str | None]:
    return live.provider, live.carrier, live.tracking_number, live.service


def _checked(packed: Packed, asked: Asked, now: datetime) -> Asked:
    """Return what is asked for with its number as carriers write it; refuse a wrong one."""
    if not asked.tracking_number:
        return asked
    judged = entered.judge(asked.carrier, asked.tracking_number)
    if judged.is_refused:
        raise InvalidInput(judged.sentence, tracking_number=judged.sentence)
    number, carrier = judged.number, judged.carrier or ""
    owner = entered.owners([number], now).get((carrier, number))
    if owner and owner.package_id != packed.package.id:
        mine = packed.package
        raise entered.refusal(carrier, number, owner, mine.fo_id, mine.vendor_id)
    return Asked(carrier, number, asked.service, asked.file)


def void(reference: str, reason: str, *, actor: str, now: datetime) -> None:
    """Void a package's label with a reason; what has left keeps its own."""
    why = " ".join(reason.split())[:LONGEST_REASON]
    if not why:
        said = _("Say why the label is void.")
        raise InvalidInput(said, reason=said)
    fo = fo_of(reference)
    # Nobody ships it meanwhile.
    lock_fulfillment_orders([fo])
    found = package(reference)
    live = _live(found)
    if found.shipment_id is not None:
        raise IllegalMove(_("{package} has left; its label stays as it is.", package=reference))
    if live is None:
        raise Conflict(_("{package} has no label; nothing was changed.", package=reference))
    live.voided_at, live.voided_by, live.void_reason = now, actor, why
    facts = {"fulfillment_order": fo, "number": live.tracking_number, "reason": why}
    _note(found, "label_voided", actor, now, **facts)
    if acts_for() is None:
        _tell_voided(live, fo, reference, why)
    claims.free(live, now)


def _tell_voided(live: Label, fo: str, package: str, why: str) -> None:
    """Tell a vendor that somebody else has voided its label."""
    told = Notice(
        audience=f"vendor:{live.vendor_id}",
        kind="label_voided",
        subject=fo,
        once=f"label voided {live.id}",
        facts={"package": package, "reason": why},
    )
    tell([told])


def count_printed(references: Sequence[str]) -> None:
    """Count that the live labels of packages were sent to a printer once more."""
    db.session.execute(
        text(
            "UPDATE labels l SET printed = printed + 1 FROM packages p WHERE p.id = l.package_id"
            " AND p.reference = ANY(:names) AND l.voided_at IS NULL"
        ),
        {"names": sorted(references)},
    )


def _live(found: Package) -> Label | None:
    query = select(Label).where(Label.package_id == found.id, Label.voided_at.is_(None))
    return db.session.scalar(query)


def _note(found: Package, event: str, actor: str, now: datetime, **facts: str | None) -> None:
    told = {"package": found.reference} | {name: fact for name, fact in facts.items() if fact}
    entry = Happened(
        found.order_id,
        found.cohort,
        f"fulfillment_order_{event}",
        actor,
        found.fo_id,
        told,
    )
    with acting_as(PLATFORM):
        record([entry], now)
