"""The route census: every endpoint and method, who may open it, and at what pace.

A route that is not in here is opened to nobody, and a test fails the build for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from app.accounts.contract import OPS_ROLES, ROLES, VENDOR_ROLES, Stage
from app.intake.files import MOST_BYTES as WITH_FILE
from app.shipments.labels.vendors_own import WITH_FORM as WITH_LABEL
from app.threads.forms import MOST_BYTES as WITH_PHOTOS


class Audience(StrEnum):
    """Who stands before a door."""

    PUBLIC = "public"
    PERSON = "person"
    OPS = "ops"
    VENDOR = "vendor"
    KEY = "key"
    SHOP = "shop"


@dataclass(frozen=True, slots=True)
class Door:
    """Who may open an endpoint by a method.

    `stages`: how far they have come in; `right` is what a key needs, `is_marketplace` that no
    vendor's key will do, `is_vendors` that no other will; `names` is what the address names;
    `is_fresh`: they prove again that they are there; `is_form`: a browser sends it, with a token
    against forged forms; `most_bytes`: more than other doors take, from those whose door it is.
    """

    audience: Audience
    roles: frozenset[str] = frozenset()
    stages: frozenset[Stage] = frozenset({Stage.IN})
    right: str | None = None
    is_marketplace: bool = False
    is_vendors: bool = False
    names: str | None = None
    rate: str = "page"
    is_fresh: bool = False
    is_form: bool = True
    most_bytes: int | None = None


EVERYBODY = frozenset(ROLES)
ALL_OPS = frozenset(OPS_ROLES)
ALL_VENDOR = frozenset(VENDOR_ROLES)
ADMINISTRATOR = frozenset({"administrator"})
READERS = frozenset({"administrator", "senior_management", "ops_lead"})
SUPPORT = frozenset({"administrator", "ops_agent", "ops_lead"})
LEADS = frozenset({"administrator", "ops_lead"})
OWNER = frozenset({"vendor_owner"})

PUBLIC = Door(Audience.PUBLIC)
# Its deliveries are signed; who sent one is known when it has been read.
SHOP = Door(Audience.SHOP, rate="source", is_form=False)
STATIC = replace(PUBLIC, rate="static", is_form=False)
GUESS = replace(PUBLIC, rate="sign_in")
PERSON = Door(Audience.PERSON, EVERYBODY)
# Somebody whose password was right, with the second factor still to be shown or enrolled.
ARRIVING = replace(PERSON, stages=frozenset(Stage), rate="sign_in")
WITHOUT_A_CODE = frozenset({Stage.ENROL, Stage.IN})
SENSITIVE = replace(PERSON, is_fresh=True)
OPS = Door(Audience.OPS, ALL_OPS)
LEAD = Door(Audience.OPS, LEADS)
ADMIN = Door(Audience.OPS, ADMINISTRATOR)
ADMIN_SENSITIVE = replace(ADMIN, is_fresh=True)
VENDOR = Door(Audience.VENDOR, ALL_VENDOR)
VENDOR_OWNER = Door(Audience.VENDOR, OWNER)
OWNER_SENSITIVE = replace(VENDOR_OWNER, is_fresh=True)
KEY = Door(Audience.KEY, rate="api", is_form=False)


def _key(right: str, names: str | None = None) -> Door:
    """Return the door of a key of anybody who has rows: marketplace or vendor."""
    return replace(KEY, right=right, names=names)


def _vendor(right: str, names: str | None = None) -> Door:
    """Return the door of a vendor's key alone: the marketplace has nothing of that kind."""
    return replace(KEY, right=right, names=names, is_vendors=True)


def _marketplace(right: str, names: str | None = None) -> Door:
    return replace(KEY, right=right, names=names, is_marketplace=True)


# One line a door: the methods and the endpoint, then who.
CENSUS: dict[str, Door] = {
    # Operators, machines and files
    "GET static": STATIC,
    "GET bootstrap.static": STATIC,
    "GET brand.css": STATIC,
    "GET health.healthz": replace(PUBLIC, rate="probe", is_form=False),
    "GET health.readyz": replace(PUBLIC, rate="probe", is_form=False),
    "GET metrics.show": _marketplace("metrics:read"),
    "GET docs.openapi docs.show": PUBLIC,
    "POST reports.csp": replace(PUBLIC, rate="report", is_form=False),
    # Shops
    "POST hooks.receive": SHOP,
    # The front door
    "GET signin.start": PUBLIC,
    "GET POST signin.signin": GUESS,
    "GET POST signin.ask_reset": GUESS,
    "GET POST signin.reset": replace(GUESS, names="link"),
    "GET POST signin.invitation": replace(GUESS, names="link"),
    "GET POST signin.confirm_email": replace(GUESS, names="link"),
    "POST signin.passkey_options signin.passkey": GUESS,
    "GET POST signin.code": replace(ARRIVING, stages=frozenset({Stage.CODE})),
    "POST signin.signout": ARRIVING,
    # One's own account
    "GET POST signin.confirm": replace(PERSON, stages=WITHOUT_A_CODE, rate="sign_in"),
    "GET signin.account signin.sessions": PERSON,
    "POST signin.change_name signin.end_sessions": PERSON,
    "GET POST signin.display": PERSON,
    "POST signin.change_theme": PERSON,
    "POST signin.end_session": replace(PERSON, names="session"),
    "GET POST signin.change_password": replace(SENSITIVE, rate="sign_in"),
    "GET POST signin.change_email": SENSITIVE,
    "GET POST signin.second_factor": replace(SENSITIVE, stages=WITHOUT_A_CODE),
    "POST signin.remove_factor signin.recovery_codes": SENSITIVE,
    "POST signin.new_passkey_options signin.new_passkey": replace(SENSITIVE, stages=WITHOUT_A_CODE),
    "POST signin.remove_passkey": replace(SENSITIVE, names="passkey"),
    # What changed, for open pages
    "GET live.stream live.since": PERSON,
    "GET console.notices console.notice_news": OPS,
    "POST console.see_notices": OPS,
    "GET portal.notices portal.notice_news": VENDOR,
    "POST portal.see_notices": VENDOR,
    "GET POST signin.told": PERSON,
    # The console
    "GET console.queue console.escalations console.offers console.messages console.system": OPS,
    "GET console.dead_letters": OPS,
    "GET console.components": OPS,
    "POST console.try_component": OPS,
    "GET console.orders console.find": replace(OPS, rate="search"),
    "GET console.list_counts": replace(OPS, names="list", rate="search"),
    "GET console.export": replace(OPS, names="list", rate="export"),
    "POST console.arrange_list console.save_view": replace(OPS, names="list"),
    "POST console.change_view console.delete_view": replace(OPS, names="view"),
    "GET console.order": replace(OPS, names="order"),
    "GET console.change_order": Door(Audience.OPS, SUPPORT, names="order"),
    "POST console.change_address console.change_units console.change_wishes": (
        Door(Audience.OPS, SUPPORT, names="order")
    ),
    "POST console.hold_order console.release_order console.cancel_order": (
        Door(Audience.OPS, SUPPORT, names="order")
    ),
    "GET console.moving": Door(Audience.OPS, SUPPORT, names="fulfillment order"),
    "POST console.move": Door(Audience.OPS, SUPPORT, names="fulfillment order"),
    "GET console.compare_services": Door(Audience.OPS, SUPPORT, names="fulfillment order"),
    "POST console.choose_service": Door(Audience.OPS, SUPPORT, names="fulfillment order"),
    "POST console.write_note": replace(OPS, names="order", most_bytes=WITH_PHOTOS, rate="upload"),
    "GET console.photo": replace(OPS, names="photo"),
    "GET console.case": replace(OPS, names="case"),
    "POST console.acknowledge console.resolve": replace(OPS, names="case"),
    "POST console.close_dead_letter": replace(OPS, names="dead letter"),
    "POST console.reopen_dead_letter": replace(OPS, names="dead letter"),
    "POST console.unacknowledge console.reopen_case": replace(OPS, names="case"),
    "GET console.batches": OPS,
    "GET console.batch": replace(OPS, names="bulk change"),
    "GET console.batch_results": replace(OPS, names="bulk change", rate="export"),
    "POST console.draft_batch": Door(Audience.OPS, SUPPORT, rate="draft"),
    "POST console.start_batch console.cancel_batch console.undo_batch": (
        Door(Audience.OPS, SUPPORT, names="bulk change")
    ),
    "GET console.vendors": replace(OPS, rate="search"),
    "GET console.vendor": replace(OPS, names="vendor"),
    "GET POST console.onboard": LEAD,
    "GET POST console.change_vendor console.move_vendor": replace(LEAD, names="vendor"),
    "GET POST console.new_location": replace(LEAD, names="vendor"),
    "GET POST console.change_location": replace(LEAD, names="location"),
    "POST console.add_closure console.remove_closure": replace(LEAD, names="location"),
    "GET console.vendor_inbox": OPS,
    "GET console.numbers": OPS,
    "POST console.void_label": Door(Audience.OPS, SUPPORT, names="package"),
    "POST console.keep_number": Door(Audience.OPS, SUPPORT, names="claim"),
    "GET console.vendor_questions": replace(OPS, names="vendor"),
    "POST console.answer_vendor": replace(
        OPS, names="vendor", most_bytes=WITH_PHOTOS, rate="upload"
    ),
    "GET console.catalog": replace(OPS, rate="search"),
    "GET console.product": replace(OPS, names="product"),
    "GET POST console.change_product": replace(LEAD, names="product"),
    "GET POST console.change_listing": replace(LEAD, names="listing"),
    "POST console.view_as": Door(Audience.OPS, SUPPORT, names="vendor"),
    "POST console.leave_view": OPS,
    "GET console.people": replace(ADMIN, rate="search"),
    "GET POST console.invite": ADMIN_SENSITIVE,
    "GET console.person": replace(ADMIN_SENSITIVE, names="person"),
    "POST console.change_role console.set_active console.forget_factor console.sign_out_person": (
        replace(ADMIN_SENSITIVE, names="person")
    ),
    "POST console.renew_invitation console.revoke_invitation": replace(
        ADMIN_SENSITIVE, names="invitation"
    ),
    "GET console.keys": ADMIN,
    "GET POST console.new_key": ADMIN_SENSITIVE,
    "POST console.revoke_key": replace(ADMIN_SENSITIVE, names="key"),
    "GET console.audit": Door(Audience.OPS, READERS, rate="search"),
    "POST console.verify_audit": Door(Audience.OPS, READERS, rate="export"),
    "GET POST console.settings": ADMIN_SENSITIVE,
    "GET console.choices": OPS,
    "POST console.answer_choice": Door(Audience.OPS, SUPPORT, names="choice"),
    "GET console.policies": OPS,
    "GET console.policy": replace(OPS, names="policy"),
    "POST console.change_policy": Door(
        Audience.OPS, frozenset({"administrator", "ops_lead"}), names="policy"
    ),
    "GET console.imports": OPS,
    "GET console.one_import": replace(OPS, names="import"),
    "GET console.import_refusals": replace(OPS, names="import", rate="export"),
    "GET POST console.new_import": (
        Door(Audience.OPS, SUPPORT, most_bytes=WITH_FILE, rate="upload")
    ),
    "POST console.try_import console.change_import console.start_import console.cancel_import": (
        Door(Audience.OPS, SUPPORT, names="import")
    ),
    "GET console.sources": OPS,
    "GET console.source": replace(OPS, names="source"),
    "GET POST console.new_source": ADMIN_SENSITIVE,
    "POST console.change_secret console.pause_source": replace(ADMIN_SENSITIVE, names="source"),
    "POST console.try_delivery": Door(Audience.OPS, SUPPORT, names="source"),
    # The portal
    "GET portal.work": VENDOR,
    "GET portal.find": replace(VENDOR, rate="search"),
    "GET portal.fulfillment_order": replace(VENDOR, names="fulfillment order"),
    "GET POST portal.confirm": replace(VENDOR, names="fulfillment order"),
    "GET POST portal.confirm_many": VENDOR,
    "POST portal.write_note": replace(
        VENDOR, names="fulfillment order", most_bytes=WITH_PHOTOS, rate="upload"
    ),
    "GET POST portal.picking": VENDOR,
    "GET POST portal.pick": replace(VENDOR, names="fulfillment order"),
    "POST portal.pick_by_hand portal.undo_scan portal.pick_short portal.set_bin": (
        replace(VENDOR, names="fulfillment order")
    ),
    "GET portal.pick_list": replace(VENDOR, names="fulfillment order"),
    "GET portal.wave_list": replace(VENDOR, names="wave"),
    "GET portal.packing": VENDOR,
    "GET portal.pack": replace(VENDOR, names="fulfillment order"),
    "POST portal.pack": replace(
        VENDOR, names="fulfillment order", most_bytes=WITH_PHOTOS, rate="pack"
    ),
    "GET POST portal.wave": replace(VENDOR, names="wave"),
    "POST portal.undo_wave_scan": replace(VENDOR, names="wave"),
    "GET portal.shipping portal.ship_many portal.manifest": VENDOR,
    "GET portal.check_number": replace(VENDOR, rate="search"),
    "POST portal.ship_list": replace(VENDOR, rate="search"),
    "GET portal.manifest_pdf portal.many_papers": replace(VENDOR, rate="search"),
    "POST portal.print_many": replace(VENDOR, rate="search"),
    "GET portal.ship": replace(VENDOR, names="fulfillment order"),
    "POST portal.hand_over portal.make_labels": replace(VENDOR, names="fulfillment order"),
    "GET portal.order_papers portal.receipt portal.gift_note": (
        replace(VENDOR, names="fulfillment order", rate="search")
    ),
    "POST portal.print_papers": replace(VENDOR, names="fulfillment order", rate="search"),
    "GET portal.label portal.packing_slip portal.return_slip": (
        replace(VENDOR, names="package", rate="search")
    ),
    "POST portal.print_label portal.void_label": replace(VENDOR, names="package"),
    "POST portal.make_label": replace(
        VENDOR, names="package", most_bytes=WITH_LABEL, rate="upload"
    ),
    "POST portal.book_pickup": VENDOR,
    "POST portal.cancel_pickup portal.pickup_came": replace(VENDOR, names="pickup"),
    "GET portal.photo": replace(VENDOR, names="photo"),
    "GET portal.stock": replace(VENDOR, rate="search"),
    "GET portal.stock_file": replace(VENDOR, rate="export"),
    "GET portal.count_many": VENDOR,
    "POST portal.count_list": replace(VENDOR, rate="search"),
    "GET portal.listing": replace(VENDOR, names="listing"),
    "POST portal.count_listing portal.change_listing": replace(VENDOR, names="listing"),
    "GET portal.help": VENDOR,
    "POST portal.write_question": replace(VENDOR, most_bytes=WITH_PHOTOS, rate="upload"),
    "GET portal.trouble": replace(VENDOR, names="fulfillment order"),
    "POST portal.go_on": replace(VENDOR, names="fulfillment order"),
    "POST portal.trouble": replace(
        VENDOR, names="fulfillment order", most_bytes=WITH_PHOTOS, rate="upload"
    ),
    "GET portal.team portal.keys": VENDOR_OWNER,
    "GET POST portal.invite portal.new_key": OWNER_SENSITIVE,
    "GET portal.person": replace(OWNER_SENSITIVE, names="person"),
    "POST portal.change_role portal.set_active portal.forget_factor portal.sign_out_person": (
        replace(OWNER_SENSITIVE, names="person")
    ),
    "POST portal.renew_invitation portal.revoke_invitation": replace(
        OWNER_SENSITIVE, names="invitation"
    ),
    "POST portal.revoke_key": replace(OWNER_SENSITIVE, names="key"),
    "GET portal.calendar": VENDOR,
    "POST portal.go_away portal.come_back": VENDOR_OWNER,
    "GET POST portal.change_calendar": replace(VENDOR_OWNER, names="location"),
    "POST portal.close_days portal.open_days": replace(VENDOR_OWNER, names="location"),
    "GET portal.webhooks": VENDOR_OWNER,
    "GET POST portal.new_webhook": OWNER_SENSITIVE,
    "GET portal.webhook": replace(VENDOR_OWNER, names="webhook"),
    "POST portal.rotate_webhook": replace(OWNER_SENSITIVE, names="webhook"),
    "POST portal.change_webhook portal.stop_webhook portal.delete_webhook": (
        replace(VENDOR_OWNER, names="webhook")
    ),
    "POST portal.test_webhook portal.replay_failed portal.replay_delivery": (
        replace(VENDOR_OWNER, names="webhook")
    ),
    # The API
    "POST api.place api.place_many": _marketplace("orders:write"),
    "GET api.show": _marketplace("orders:read", "order"),
    "POST api.cancel api.readdress api.change": _marketplace("orders:write", "order"),
    "POST api.choose_service": _marketplace("orders:write", "fulfillment order"),
    "POST api.pay": _marketplace("payments:write", "order"),
    "POST api.pay_many": _marketplace("payments:write"),
    "PUT api.save_vendors api.save_products api.save_listings": _marketplace("catalog:write"),
    "PUT api.save_vendor api.save_location": _marketplace("catalog:write", "vendor"),
    "PUT api.close_days": _marketplace("catalog:write", "location"),
    "DELETE api.open_days": _marketplace("catalog:write", "location"),
    "GET api.show_vendor": _marketplace("catalog:read", "vendor"),
    "GET api.listings": _marketplace("catalog:read"),
    "PUT api.publish": _marketplace("policies:write", "policy"),
    "GET api.show_clock": _marketplace("clock:read"),
    "PUT api.step": _marketplace("clock:write"),
    "GET api.index": _key("fulfillment:read"),
    "GET api.show_one": _key("fulfillment:read", "fulfillment order"),
    "GET api.show_label": _key("fulfillment:read", "package"),
    "POST api.label_one": _key("fulfillment:write", "fulfillment order"),
    "POST api.confirm_one api.pick_one api.pack_one api.ship_one api.act": (
        _key("fulfillment:write", "fulfillment order")
    ),
    "POST api.confirm_many api.ship_many": _key("fulfillment:write"),
    "POST api.stock": _key("stock:write"),
    "GET api.webhooks": _vendor("webhooks:read"),
    "GET api.show_webhook api.webhook_deliveries": _vendor("webhooks:read", "webhook"),
    "POST api.add_webhook": _vendor("webhooks:write"),
    "PUT api.change_webhook": _vendor("webhooks:write", "webhook"),
    "DELETE api.delete_webhook": _vendor("webhooks:write", "webhook"),
    "POST api.rotate_webhook api.test_webhook api.replay_webhook": (
        _vendor("webhooks:write", "webhook")
    ),
}


def _lines() -> Iterator[tuple[tuple[str, str], Door]]:
    for words, door in CENSUS.items():
        methods = [word for word in words.split() if word.isupper()]
        endpoints = [word for word in words.split() if not word.isupper()]
        for endpoint in endpoints:
            for method in methods:
                yield (endpoint, method), door


DOORS: dict[tuple[str, str], Door] = dict(_lines())


def door_of(endpoint: str | None, method: str) -> Door | None:
    """Return the door of an endpoint and a method; looking at its head is reading it."""
    reading = "GET" if method == "HEAD" else method
    return DOORS.get((endpoint or "", reading))
