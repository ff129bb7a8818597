"""The API as OpenAPI 3.1, made of what there is: routes, doors, forms and answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any, Literal

from flask import current_app
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from werkzeug.routing import Rule

from app.api import answers as a
from app.api import catalog_forms as c
from app.api import forms as f
from app.api import webhook_forms as w
from app.api.examples import Json, example
from app.api.fulfillment import MOVES
from app.api.idempotency import LONGEST_KEY
from app.api.labels import FILES, FORMS
from app.doors.table import DOORS, Door
from app.intake.forms import OrderForm
from app.orders.contract import FoStatus
from app.policies.documents import KINDS
from app.web.fields import PLAIN
from app.web.rates import RATES

SCHEMAS, RESPONSES = "#/components/schemas/", "#/components/responses/"
TYPE, PROBLEM = "application/json", "application/problem+json"
# An argument in a route: its name, whatever it converts.
ARGUMENT = re.compile(r"<(?:[^<>]+:)?(\w+)>")
UUID: Json = {"type": "string", "format": "uuid"}
TEXT: Json = {"type": "string", "minLength": 1, "pattern": PLAIN}


@dataclass(frozen=True, slots=True)
class Operation:
    """What an endpoint takes and answers.

    `form` is what its body says (of several forms one), `asks` what its address says behind the
    "?"; `is_once`: it needs an Idempotency-Key, where every other POST may have one; `files`: what
    it answers, too, for an Accept.
    """

    answer: type[a.Answer]
    form: type[BaseModel] | tuple[type[BaseModel], ...] = ()
    asks: tuple[str, ...] = ()
    status: int = 200
    is_once: bool = False
    files: tuple[str, ...] = ()

    @property
    def forms(self) -> tuple[type[BaseModel], ...]:
        """Return the forms of its body; none where it has none."""
        return self.form if isinstance(self.form, tuple) else (self.form,)


def _of_order(form: type[BaseModel] | tuple[()] = ()) -> Operation:
    return Operation(a.Order, form, asks=("channel",))


OPERATIONS: dict[str, dict[str, Operation]] = {
    "Orders": {
        "place": Operation(a.Order, OrderForm, status=201, is_once=True),
        "place_many": Operation(a.TakenOrders, f.BatchForm),
        "show": _of_order(),
        "cancel": _of_order(f.CancelForm),
        "readdress": _of_order(f.AddressChangeForm),
        "change": _of_order(f.ChangesForm),
        "pay": _of_order(f.PaymentForm),
        "pay_many": Operation(a.Noted, f.PaymentsForm),
    },
    "Fulfillment": {
        "index": Operation(a.FulfillmentOrders, asks=("status", "due_before", "after")),
        "show_one": Operation(a.FulfillmentOrder),
        "confirm_one": Operation(a.FulfillmentOrder, f.ConfirmForm),
        "confirm_many": Operation(a.MovedOrders, f.ConfirmsForm),
        "pick_one": Operation(a.FulfillmentOrder, f.PickForm),
        "pack_one": Operation(a.FulfillmentOrder, f.PackForm),
        "label_one": Operation(a.LabeledOrder, f.LabelsForm),
        "show_label": Operation(a.LabelFile, asks=("form",), files=tuple(FILES)),
        "act": Operation(a.FulfillmentOrder, f.ReasonForm),
        "choose_service": Operation(a.FulfillmentOrder, f.ServiceForm),
        "ship_one": Operation(a.FulfillmentOrder, f.ShipForm),
        "ship_many": Operation(a.MovedOrders, f.ShipsForm),
        "stock": Operation(a.Counted, c.StockForm),
    },
    "Webhooks": {
        "webhooks": Operation(w.Webhooks),
        "add_webhook": Operation(w.MadeWebhook, w.WebhookForm, status=201),
        "show_webhook": Operation(w.Webhook),
        "change_webhook": Operation(w.Webhook, w.WebhookChangeForm),
        "rotate_webhook": Operation(w.MadeWebhook),
        "test_webhook": Operation(w.WebhookDelivery),
        "webhook_deliveries": Operation(w.WebhookDeliveries, asks=("only", "after")),
        "replay_webhook": Operation(w.WebhookDelivery),
        "delete_webhook": Operation(w.DeletedWebhook),
    },
    "Vendors": {
        "save_vendors": Operation(a.Saved, c.VendorsForm),
        "save_vendor": Operation(a.SavedVendor, c.VendorForm),
        "show_vendor": Operation(a.Vendor),
        "save_location": Operation(a.SavedLocation, c.LocationForm),
        "close_days": Operation(a.Closure, c.ClosureForm),
        "open_days": Operation(a.Days, asks=("first_day", "last_day")),
    },
    "Catalog": {
        "save_products": Operation(a.Saved, c.ProductsForm),
        "save_listings": Operation(a.Saved, c.ListingsForm),
        "listings": Operation(a.Listings, asks=("sku", "vendor", "after")),
    },
    "Marketplace": {
        "publish": Operation(a.Policy, tuple(KINDS.values())),
        "show_clock": Operation(a.Clock),
        "step": Operation(a.Stepped, f.ClockForm),
    },
}
KNOWN = {
    f"api.{name}": (group, operation)
    for group, found in OPERATIONS.items()
    for name, operation in found.items()
}
ORDER = list(KNOWN)
# What an address names: what that is, its schema, and one that could be.
NAMES: dict[str, tuple[str, Json, str]] = {
    "number": (
        "The order's number on its channel; without a channel our own reference, OR-….",
        TEXT,
        "A-1001",
    ),
    "reference": ("The fulfillment order's own name.", TEXT, "FO-7K2M9QX4TD"),
    "move": ("What is done.", {"enum": list(MOVES)}, "hold"),
    "package": ("The parcel's own name.", TEXT, "PK-4Q8ZC1W2NB"),
    "code": ("The vendor's code.", TEXT, "kiln"),
    "location": ("The code of one of the vendor's locations.", TEXT, "main"),
    "endpoint_id": ("The webhook's own id.", UUID, "01931f5e-8a1c-7c3e-9f43-5b6d2a8e0c11"),
    "delivery_id": ("The delivery's own id.", UUID, "01931f60-2b7d-7a90-8e15-c4f7d9013b52"),
    "kind": ("Which policy.", {"enum": list(KINDS)}, "routing"),
}
# What is shown in an example, though it need not be there: our own references know no channel.
SHOWN_ONLY = {"channel"}
# What it may ask: what that is, its schema, and one that must be there; None: it need not.
DAY: Json = {"type": "string", "format": "date"}
ASKED: dict[str, tuple[str, Json, str | None]] = {
    "channel": ("The channel of the order's number.", TEXT, "webshop"),
    "status": ("Only those that stand like this.", {"enum": list(FoStatus)}, None),
    "due_before": (
        "Only those to be shipped before this moment.",
        {"type": "string", "format": "date-time"},
        None,
    ),
    "after": ("What the last page answered as `after`.", TEXT, None),
    "only": ("Only those that failed.", {"enum": ["failed"]}, None),
    "sku": ("Only this SKU.", TEXT, None),
    "form": ("As what it is wanted.", {"enum": list(FORMS)}, None),
    "vendor": ("Only what the vendor of this code sells.", TEXT, None),
    "first_day": ("The closure's first day.", DAY, "2026-12-24"),
    "last_day": ("The closure's last day.", DAY, "2026-12-26"),
}
ERRORS = {
    400: "The body is not JSON.",
    401: "No key, or one that is nobody's.",
    403: "The key may not do this.",
    404: "Nothing of that name exists for this key.",
    409: "It contradicts what is so; nothing was changed.",
    413: "The body is too large.",
    415: "The body is not called JSON.",
    422: "Something in it is wrong; `errors` names every field.",
    429: "Too many requests; Retry-After says how many seconds to wait.",
    503: "Not available just now; nothing was changed, send it again.",
}
ALWAYS, WITH_BODY = {401, 403, 422, 429, 503}, {400, 404, 409, 413, 415}
ABOUT = (
    "Orders in, the vendors' moves, and what programs may read. Send your key as"
    " `Authorization: Bearer …`; a vendor's key reaches that vendor's rows only. Amounts are texts"
    " with a decimal point, moments carry their zone. Fields that are not listed are refused."
)


class Untitled(GenerateJsonSchema):
    """Leaves away titles that only say a field's name again."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's own shape
        """Return that it should not."""
        return False


@cache
def document() -> Json:
    """Return the whole document; what it is made of does not change while a process runs."""
    paths: dict[str, Json] = {}
    rules = [rule for rule in current_app.url_map.iter_rules() if rule.endpoint.startswith("api.")]
    for rule in sorted(rules, key=lambda rule: ORDER.index(rule.endpoint)):
        paths.setdefault(ARGUMENT.sub(r"{\1}", rule.rule), {}).update(_methods(rule))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Onward", "version": "1", "description": ABOUT},
        "tags": [{"name": group} for group in OPERATIONS],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "responses": {str(status): _problem(status) for status in ERRORS},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


@cache
def _schemas() -> Json:
    models: list[type[BaseModel]] = [a.Problem]
    for _, operation in KNOWN.values():
        models += [*operation.forms, operation.answer]
    asked: list[tuple[type[BaseModel], Literal["validation"]]] = [
        (model, "validation") for model in dict.fromkeys(models)
    ]
    _, found = models_json_schema(
        asked, ref_template=SCHEMAS + "{model}", schema_generator=Untitled
    )
    schemas: Json = found["$defs"]
    return schemas


def _methods(rule: Rule) -> Json:
    group, operation = KNOWN[rule.endpoint]
    view = current_app.view_functions[rule.endpoint]
    summary, _, more = (view.__doc__ or "").partition("\n\n")
    told = {
        "tags": [group],
        "operationId": rule.endpoint.removeprefix("api."),
        "summary": summary,
        "parameters": [*_parameters(rule, operation)],
        "responses": _responses(rule, operation),
    }
    if operation.forms:
        told["requestBody"] = {"required": True, "content": _content(TYPE, _body(operation))}
    return {
        method.lower(): told | _door(DOORS[rule.endpoint, method], " ".join(more.split()))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def _door(door: Door, more: str) -> Json:
    """Return who may, and how often."""
    whose = "the marketplace or of a vendor"
    if door.is_marketplace or door.is_vendors:
        whose = "the marketplace" if door.is_marketplace else "a vendor"
    who = f"Needs a key of {whose} with the right `{door.right}`."
    pace = RATES[door.rate]
    often = f"At most {pace.amount:,} requests a minute with one key." if pace else ""
    return {
        "description": " ".join(filter(None, (more, who, often))),
        "security": [{"key": [door.right]}],
    }


def _parameters(rule: Rule, operation: Operation) -> Iterator[Json]:
    for name in ARGUMENT.findall(rule.rule):
        yield _parameter(name, "path", *NAMES[name])
    for name in operation.asks:
        told = _parameter(name, "query", *ASKED[name])
        yield told | ({"required": False} if name in SHOWN_ONLY else {})
    if "POST" in (rule.methods or ()):
        what = "The same key with the same body is answered with the first answer again."
        schema = TEXT | {"maxLength": LONGEST_KEY}
        could_be = "A-1001" if operation.is_once else None
        yield _parameter("Idempotency-Key", "header", what, schema, could_be)


def _parameter(name: str, where: str, what: str, schema: Json, could_be: str | None) -> Json:
    told = {"name": name, "in": where, "required": could_be is not None, "description": what}
    return told | {"schema": schema} | ({"example": could_be} if could_be else {})


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": SCHEMAS + model.__name__}


def _body(operation: Operation) -> Json:
    found = [_ref(form) for form in operation.forms]
    return found[0] if len(found) == 1 else {"anyOf": found}


def _content(kind: str, schema: Json) -> Json:
    return {kind: {"schema": schema, "example": example(schema, _schemas())}}


def _responses(rule: Rule, operation: Operation) -> Json:
    what = (operation.answer.__doc__ or "").partition("\n")[0]
    files = {
        kind: {"schema": {"type": "string", "contentMediaType": kind}} for kind in operation.files
    }
    good = {"description": what, "content": _content(TYPE, _ref(operation.answer)) | files}
    statuses = ALWAYS | ({404} if rule.arguments or operation.asks else set())
    statuses |= WITH_BODY if operation.forms else set()
    statuses |= {HTTPStatus.CONFLICT.value} if "POST" in (rule.methods or ()) else set()
    refused = {str(status): {"$ref": f"{RESPONSES}{status}"} for status in sorted(statuses)}
    return {str(operation.status): good} | refused


def _problem(status: int) -> Json:
    told: Json = {
        "description": ERRORS[status],
        "content": _content(PROBLEM, _ref(a.Problem)),
    }
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        told["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
    return told
