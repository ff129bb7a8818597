"""What people are told on screen: the kinds of notices, whom they concern, and how they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

from app.shared.language import later

Mailed = Literal["now", "digest", "never"]
OPS: Final = ("ops_agent", "ops_lead", "senior_management", "administrator")
VENDORS: Final = ("vendor_owner", "vendor_staff")
# Kept this long; who has not looked by then never will.
KEPT_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell an audience: 'person:<id>', 'role:<role>', 'ops' or 'vendor:<id>'.

    `subject` is the reference of what it is about, `facts` are codes, numbers and references,
    `once` names the cause: the same cause again is no second notice. `vendor_id` is the vendor
    of a person who belongs to one; their open pages are told, too.
    """

    audience: str
    kind: str
    subject: str
    once: str
    facts: dict[str, Any] = field(default_factory=dict)
    vendor_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of notice.

    `about` says in the preferences what it is; `title` and `sentence` are filled from its facts,
    and a part of the sentence that lacks a fact is left out; `leads` is what its subject is.
    """

    about: str
    title: str
    sentence: tuple[str, ...]
    icon: str
    tone: str
    roles: tuple[str, ...]
    leads: str | None = None
    mail: Mailed = "never"


KINDS: Final[Mapping[str, Kind]] = {
    "mention": Kind(
        later("Somebody mentions you in a note"),
        later("{by} mentions you"),
        (later("Order {number}"),),
        "chat-left-text",
        "accent",
        (*OPS, *VENDORS),
        "order",
        "now",
    ),
    "note": Kind(
        later("The other side writes a note"),
        later("{by} wrote a note"),
        (later("Order {number}"),),
        "chat-left-text",
        "info",
        (*OPS, *VENDORS),
        "order",
    ),
    "question": Kind(
        later("A vendor asks something without an order"),
        later("{by} asks"),
        ("{vendor}",),
        "life-preserver",
        "info",
        OPS,
        "questions",
        "digest",
    ),
    "check_in": Kind(
        later("A vendor at peak should be asked how it goes"),
        later("Check in with {vendor}"),
        (
            later("{due} to hand over by tomorrow"),
            later("usually {usual} a day"),
            later("at most {most} a day"),
            later("{late} late"),
        ),
        "activity",
        "warn",
        OPS,
        "peaks",
        "digest",
    ),
    "answer": Kind(
        later("Your question is answered"),
        later("{by} answers you"),
        (),
        "life-preserver",
        "info",
        VENDORS,
        "help",
        "now",
    ),
    "escalation": Kind(
        later("A case climbs to your level"),
        later("{kind} needs {level}"),
        (later("Order {number}"), later("case {subject}"), later("nobody has acknowledged it")),
        "bell",
        "crit",
        OPS,
        "case",
    ),
    "case_critical": Kind(
        later("A case becomes critical"),
        later("{kind} is critical"),
        ("{name}", later("case {subject}")),
        "exclamation-octagon-fill",
        "crit",
        OPS,
        "case",
    ),
    "batch_done": Kind(
        later("A bulk change of yours is done"),
        later("{act} is done"),
        (later("{done} changed"), later("{refused} refused")),
        "check2-all",
        "good",
        OPS,
        "batch",
    ),
    "choice_offered": Kind(
        later("A customer is to be asked: a vendor offers something else"),
        later("{vendor} cannot send {units} of {sku}"),
        (later("Order {number}"), later("ask the customer")),
        "signpost-split",
        "warn",
        OPS,
        "order",
    ),
    "work_assigned": Kind(
        later("New work is yours"),
        later("New work: {subject}"),
        (later("Order {number}"), later("hand it over by {ship_by}")),
        "inbox",
        "accent",
        VENDORS,
        "fulfillment_order",
    ),
    "work_reminder": Kind(
        later("Work of yours is due soon"),
        "{asks}: {subject}",
        (later("Order {number}"), later("by {due_at}")),
        "alarm-fill",
        "warn",
        VENDORS,
        "fulfillment_order",
    ),
    "work_taken_back": Kind(
        later("Work of yours is given to somebody else"),
        later("Taken back: {subject}"),
        (later("Order {number}"), "{reason}"),
        "arrow-return-left",
        "warn",
        VENDORS,
        "fulfillment_order",
    ),
    "vendor_moved": Kind(
        later("How you stand in the marketplace changes"),
        later("You are {standing}"),
        ("{reason}", later("active again by yourself from {until} on")),
        "shop",
        "warn",
        VENDORS,
        mail="now",
    ),
    "webhook_stopped": Kind(
        later("A webhook of yours is stopped"),
        later("The webhook to {host} is stopped"),
        (later("It is sent nothing any more"),),
        "broadcast",
        "crit",
        ("vendor_owner",),
        "webhook",
        "now",
    ),
    "import_tried": Kind(
        later("A file of yours is tried out"),
        later("A file is tried out"),
        (later("{taken} can be taken in"), later("{refused} would be refused")),
        "upload",
        "info",
        OPS,
        "import",
    ),
    "import_done": Kind(
        later("A file of yours is taken in"),
        later("A file is taken in"),
        (later("{taken} taken in"), later("{refused} refused")),
        "upload",
        "good",
        OPS,
        "import",
    ),
    "order_refused": Kind(
        later("An order of a shop is refused"),
        later("What a shop sends is refused"),
        (later("Somebody must look at it"),),
        "plug",
        "crit",
        OPS,
        "source",
        "digest",
    ),
    "work_changed": Kind(
        later("Work of yours is changed"),
        later("Changed: {subject}"),
        (later("Order {number}"), "{changed}"),
        "arrow-repeat",
        "warn",
        VENDORS,
        "fulfillment_order",
    ),
    "number_claimed": Kind(
        later("A vendor claims a tracking number that another's parcel has"),
        later("{vendor} claims a number of another"),
        ("{carrier} {code}", "{subject}"),
        "upc",
        "warn",
        OPS,
        "numbers",
        "digest",
    ),
    "label_voided": Kind(
        later("Ops void a label of yours"),
        later("The label of {package} is void"),
        ("{reason}", later("take it off, and make another")),
        "tag",
        "warn",
        VENDORS,
        "fulfillment_order",
        "now",
    ),
    "number_free": Kind(
        later("A tracking number that another parcel had is free"),
        later("{code} is free now"),
        (later("use it for {subject}"),),
        "upc",
        "good",
        VENDORS,
        "fulfillment_order",
        "now",
    ),
    "number_kept": Kind(
        later("Ops looked at a tracking number that you typed"),
        later("{code} is another parcel's number"),
        (later("compare it with the label of {subject}"),),
        "upc",
        "warn",
        VENDORS,
        "fulfillment_order",
        "now",
    ),
    "work_held": Kind(
        later("Work of yours is put on hold"),
        later("On hold: {subject}"),
        (later("Order {number}"), "{reason}"),
        "pause-circle",
        "warn",
        VENDORS,
        "fulfillment_order",
    ),
}


def at_level(level: str) -> str:
    """Return the audience that stands at a level of the climb; the first is all of ops."""
    return "ops" if level == "ops" else f"role:{level}"


def audiences_of(user_id: UUID, role: str, vendor_id: UUID | None) -> list[str]:
    """Return the audiences that somebody belongs to."""
    return [f"person:{user_id}", f"vendor:{vendor_id}" if vendor_id else "ops", f"role:{role}"]


def kinds_of(role: str) -> dict[str, Kind]:
    """Return the kinds of notices that concern a role."""
    return {code: kind for code, kind in KINDS.items() if role in kind.roles}
