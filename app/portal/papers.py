"""Papers as files: looking at one changes nothing, sending one to a printer is counted before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.portal import page
from app.portal.page import blueprint
from app.shared.errors import InvalidInput
from app.shared.language import _
from app.shared.work import transaction
from app.shipments import handover, labeling, papers
from app.shipments.contract import PDF, PNG, File

ENDINGS = {PDF: "pdf", PNG: "png", "application/zpl": "zpl"}
# What somebody else drew is never run or shown in our name.
FOREIGN = "default-src 'none'; sandbox"


def answer(name: str, file: File) -> Response:
    """Return a file under a name of ours; only what we drew ourselves is shown by a browser."""
    response = Response(file.content, mimetype=file.media_type)
    is_shown = file.is_ours and file.media_type == PDF
    kind = "inline" if is_shown else "attachment"
    ending = ENDINGS[file.media_type]
    response.headers["Content-Disposition"] = f'{kind}; filename="{name}.{ending}"'
    if not file.is_ours:
        response.headers["Content-Security-Policy"] = FOREIGN
    return response


def _pdf(name: str, made: Callable[[datetime], bytes]) -> Response:
    with transaction(page.scope()) as now:
        return answer(name, File(PDF, made(now), is_ours=True))


# Of one parcel ------------------------------------------------------------------------------


@blueprint.get("/packages/<package>/label.<any(pdf,zpl):form>")
def label(package: str, form: str) -> Response:
    """Return a parcel's label, ours or the carrier's, as a PDF or for a printer that speaks ZPL."""
    with transaction(page.scope()) as now:
        return answer(f"{package}-label", papers.label(package, form, now))


@blueprint.get("/packages/<package>/slip.pdf")
def packing_slip(package: str) -> Response:
    """Return what lies in a parcel."""
    return _pdf(f"{package}-slip", lambda now: papers.packing_slip(package, now))


@blueprint.get("/packages/<package>/return.pdf")
def return_slip(package: str) -> Response:
    """Return what a customer puts in a parcel that comes back."""
    return _pdf(f"{package}-return", lambda now: papers.return_slip(package, now))


@blueprint.post("/packages/<package>/print")
def print_label(package: str) -> ResponseReturnValue:
    """Count that a label is printed (again), and go on to it."""
    with transaction(page.scope()) as now:
        papers.label(package, "pdf", now)
        labeling.count_printed([package])
    return redirect(url_for("portal.label", package=package, form="pdf"), 303)


# Of one order -------------------------------------------------------------------------------


@blueprint.get("/orders/<reference>/papers.pdf")
def order_papers(reference: str) -> Response:
    """Return all that goes on and into the parcels of a fulfillment order."""
    return _pdf(f"{reference}-papers", lambda now: papers.papers([reference], now))


@blueprint.get("/orders/<reference>/receipt.pdf")
def receipt(reference: str) -> Response:
    """Return what the customer paid; a gift has none."""
    return _pdf(f"{reference}-receipt", lambda now: papers.sales_receipt(reference, now))


@blueprint.get("/orders/<reference>/gift.pdf")
def gift_note(reference: str) -> Response:
    """Return the note of a gift."""
    return _pdf(f"{reference}-gift", lambda now: papers.gift_note(reference, now))


@blueprint.post("/orders/<reference>/print")
def print_papers(reference: str) -> ResponseReturnValue:
    """Make labels where there are none, count them as printed, and go on to all papers."""
    with transaction(page.scope()) as now:
        _prepare([reference], now)
    return redirect(url_for("portal.order_papers", reference=reference), 303)


# Of many orders -----------------------------------------------------------------------------


@blueprint.get("/ship/papers.pdf")
def many_papers() -> Response:
    """Return the papers of several fulfillment orders, one after the other."""
    names = _asked(request.args)
    return _pdf("papers", lambda now: papers.papers(names, now))


@blueprint.post("/ship/print")
def print_many() -> ResponseReturnValue:
    """Make the labels that are missing, count them as printed, and go on to all papers."""
    names = _asked(request.form)
    with transaction(page.scope()) as now:
        _prepare(names, now)
    return redirect(url_for("portal.many_papers", of=names), 303)


def _asked(sent: Any) -> list[str]:
    # No table holds a NUL: what is called so is nobody's, like any other name that is not known.
    names = list(dict.fromkeys(name.replace("\0", "") for name in sent.getlist("of")))
    if not names:
        raise InvalidInput(_("Choose at least one order whose papers are printed."))
    if len(names) > papers.MOST_AT_ONCE:
        most = papers.MOST_AT_ONCE
        said = _("Print the papers of {most} orders at once at most.", most=most)
        raise InvalidInput(said)
    return names


def _prepare(names: list[str], now: datetime) -> None:
    """Make labels for what is packed and has none; what is on its way keeps its own."""
    # Refuses what is another vendor's, and whose address is not shown, before anything is made.
    found = papers.known(names, now)
    for one in found:
        if one.fo.status in handover.LEAVING:
            labeling.make(one.fo.reference, (), actor=current_user.name, now=now)
    packed = [one for known in papers.known(names, now) for one in known.packed]
    labeling.count_printed([one.package.reference for one in packed])
