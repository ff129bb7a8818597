"""The manifest: what a carrier was handed at one place on one day, for both to sign."""

from __future__ import annotations

from app.documents.contract import Manifest
from app.documents.paper import Paper, clean, in_kilos
from app.documents.sheet import Column, Sheet
from app.shared.language import _, _n
from app.web.words import day


def draw(paper: Paper, manifest: Manifest, size: str) -> None:
    """Draw the list of a carrier's parcels with its sums and lines to sign on."""
    about = f"{clean(manifest.carrier, 30)} · {day(manifest.day)}"
    sheet = Sheet(paper, size, _("Manifest"), about)
    places = (manifest.vendor, manifest.location)
    sheet.beside([(_("Handed over by"), places), (_("To"), (manifest.carrier,))])
    columns = (
        Column("#", 0, 0.05, is_number=True),
        Column(_("Tracking number"), 0.07, 0.33),
        Column(_("Order"), 0.41, 0.15),
        Column(_("Service"), 0.57, 0.11),
        Column(_("To"), 0.69, 0.1),
        Column(_("Time"), 0.79, 0.08),
        Column(_("Weight"), 0.87, 0.13, is_number=True),
    )
    sheet.head(columns)
    for n, one in enumerate(manifest.parcels, start=1):
        weight = in_kilos(one.weight_g) or _("not weighed")
        cells = (str(n), one.tracking_number, one.order, one.service, one.place, one.clock, weight)
        sheet.row(columns, cells)
    sheet.gap(0.5)
    parcels = _n("{n} parcel", "{n} parcels", len(manifest.parcels))
    weighed = [one.weight_g for one in manifest.parcels if one.weight_g]
    told = [parcels, in_kilos(sum(weighed))]
    if weighed and len(weighed) < len(manifest.parcels):
        told.append(_("{n} of them weighed", n=len(weighed)))
    sheet.write(", ".join(filter(None, told)), 1.15, bold=True)
    sheet.need(110)
    sheet.gap(4)
    half = sheet.room / 2 - 12
    for left, word in ((0.0, _("For the carrier: name, time")), (half + 24, _("For the sender"))):
        at = sheet.edge + left
        paper.rule(at, sheet.top, at + half, 0.7)
        paper.text(at, sheet.top + 12, word, sheet.letters * 0.85)
