"""Labels of parcels: made, and fetched as files in JSON."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, request

from app.api.access import caller
from app.api.forms import LabelForm, LabelsForm, read
from app.api.idempotency import Answer, acted
from app.orders.documents import fulfillment_order_documents, pick
from app.orders.queries import fulfillment_order
from app.shared.errors import InvalidInput
from app.shared.work import transaction
from app.shipments import labeling, papers
from app.shipments.claims import noted
from app.shipments.contract import PDF, PNG, ZPL, Asked, File
from app.shipments.labeling import Wanted
from app.shipments.labels.vendors_own import checked
from app.shipments.packages import Packed
from app.shipments.registry import PROVIDERS

FORMS = ("pdf", "zpl")
JSON = "application/json"
# What is answered as a file: which form it is.
FILES = {PDF: "pdf", ZPL: "zpl"}


def mount(blueprint: Blueprint) -> None:
    """Add the routes."""
    add = blueprint.add_url_rule
    add("/fulfillment-orders/<reference>/label", view_func=label_one, methods=["POST"])
    add("/packages/<package>/label", view_func=show_label, methods=["GET"])


def label_one(reference: str) -> Answer:
    """Make labels for the parcels of one that is packed, and have it ready.

    Nothing named: our own label for each parcel that has none.
    """
    said = read(LabelsForm)
    is_vendor = caller().vendor_id is not None
    # Before a transaction: looking at files takes its time.
    wanted = [_wanted(form) for form in said.parcels or []]

    def make(now: datetime) -> dict[str, Any]:
        packed = labeling.make(reference, wanted, actor=caller().name, now=now)
        found = [fulfillment_order(reference)]
        (document,) = fulfillment_order_documents(found, to_vendor_at=now if is_vendor else None)
        return document | {"labels": [_label(one) for one in packed if one.label]}

    with noted(caller().name):
        return acted(caller().scope, said, make)


def _wanted(form: LabelForm) -> Wanted:
    file = None
    if form.file:
        try:
            file = checked(base64.b64decode(form.file, validate=True))
        except ValueError:
            raise InvalidInput("The file is not base64.", file="base64 of a PDF or PNG") from None
    asked = Asked(form.carrier, form.tracking_number, form.service, file)
    return Wanted(form.package, form.provider, asked)


def _label(one: Packed) -> dict[str, Any]:
    label, name = one.label, one.package.reference
    address = f"{current_app.config['PUBLIC_URL']}/api/v1/packages/{name}/label"
    forms = PROVIDERS[label.provider].formats if label else ()
    return {
        "package": name,
        **pick(label, "provider", "carrier", "tracking_number", "service", "made_at"),
        "links": {form: f"{address}?form={form}" for form in forms},
    }


def show_label(package: str) -> dict[str, Any] | Response:
    """Return the label of a parcel: in JSON, or as the file itself.

    In JSON `content` is its base64. With `Accept: application/pdf` or `application/zpl` the answer
    is the file, for whoever sends it straight to a printer.
    """
    wanted = request.accept_mimetypes.best_match([JSON, *FILES]) or JSON
    form = request.args.get("form") or FILES.get(wanted, "pdf")
    if form not in FORMS:
        raise InvalidInput(f"'{form[:20]}' is no form of a label.", form=", ".join(FORMS))
    with transaction(caller().scope) as now:
        file = papers.label(package, form, now)
        if wanted == PDF and file.media_type == PNG:
            file = papers.on_paper(package, file)
    if wanted in FILES:
        return _as_it_is(package, form, file)
    content = base64.b64encode(file.content).decode()
    return {"package": package, "media_type": file.media_type, "content": content}


def _as_it_is(package: str, form: str, file: File) -> Response:
    answer = Response(file.content, mimetype=file.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{package}-label.{form}"'
    answer.headers["Vary"] = "Accept"
    return answer
