"""The audit trail in words: what somebody did, or was refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from app.accounts.words import ROLES, right, role
from app.shared.language import _, _n, inside, later
from app.web.words import ANSWERS, plain


@dataclass(frozen=True, slots=True)
class Act:
    """What an act is called when it was done and when it was refused, and what is told of it."""

    done: str
    refused: str | None = None
    detail: str = ""


ACTS = {
    # Coming in
    "signed_in": Act(later("Signed in"), later("Tried to sign in")),
    "password_shown": Act(later("Showed the right password")),
    "confirmed": Act(later("Proved again who they are"), later("Failed to prove who they are")),
    "signed_out": Act(later("Signed out")),
    "session_ended": Act(later("Ended one of their sessions")),
    "sessions_ended": Act(later("Ended all their other sessions")),
    "guessing_slowed": Act(later("Guessing was slowed down")),
    "key_refused": Act(later("Key refused"), later("Carried a key that is nobody's")),
    "access_denied": Act(later("Access denied"), later("Was not let in at")),
    # One's own account
    "name_changed": Act(later("Changed their name"), detail=later("was {was}")),
    "email_change_asked": Act(later("Asked for another e-mail address")),
    "email_changed": Act(later("Changed their e-mail address")),
    "password_changed": Act(
        later("Changed their password"), later("Gave a wrong current password")
    ),
    "password_reset": Act(later("Chose a new password by mail")),
    "reset_asked": Act(later("Asked for a new password"), later("Asked for a password nobody has")),
    "factor_enrolled": Act(later("Set up a second factor")),
    "factor_removed": Act(later("Removed their second factor")),
    "recovery_codes_renewed": Act(later("Made new recovery codes")),
    "passkey_added": Act(later("Added a passkey")),
    "passkey_removed": Act(later("Removed a passkey")),
    # Lists
    "list_exported": Act(later("Took a list along as a file")),
    # Looking after people
    "invitation_sent": Act(later("Sent an invitation"), detail=later("as {role}")),
    "invitation_accepted": Act(later("Accepted an invitation"), detail=later("as {role}")),
    "invitation_revoked": Act(later("Took an invitation back")),
    "role_changed": Act(later("Changed a role"), detail=later("from {was} to {now}")),
    "person_switched_off": Act(later("Switched somebody off")),
    "person_switched_on": Act(later("Switched somebody on")),
    "person_signed_out": Act(later("Signed somebody out everywhere")),
    "factor_forgotten": Act(later("Forgot somebody's second factor")),
    "view_as_vendor_began": Act(later("Opened the portal of")),
    "view_as_vendor_ended": Act(later("Left the portal of")),
    # Programs, settings, the trail itself
    "key_made": Act(later("Made a key"), detail=later("may {rights}")),
    "key_revoked": Act(later("Revoked a key")),
    "vendors_saved": Act(later("Changed vendors")),
    "vendor_onboarded": Act(later("Took a vendor in")),
    "vendor_changed": Act(later("Changed a vendor")),
    "vendor_put_under_review": Act(later("Put a vendor under review"), detail="{reason}"),
    "vendor_cleared": Act(later("Ended a vendor's review"), detail="{reason}"),
    "vendor_paused": Act(later("Paused a vendor"), detail="{reason}"),
    "vendor_suspended": Act(later("Suspended a vendor"), detail="{reason}"),
    "vendor_reopened": Act(later("Reopened a vendor"), detail="{reason}"),
    "vendor_closed": Act(later("Closed a vendor"), detail="{reason}"),
    "location_saved": Act(later("Changed a location")),
    "closure_added": Act(later("Closed a location"), detail=later("{first} to {last}")),
    "closure_removed": Act(later("Took a closure back"), detail=later("{first} to {last}")),
    "product_changed": Act(later("Described a product")),
    "listing_changed": Act(later("Changed a listing")),
    "stock_counted": Act(later("Counted stock"), detail=later("from {was} to {now}")),
    "stock_list_counted": Act(later("Counted stock from a list"), detail="{count}"),
    "choice_answered": Act(later("Noted a customer's choice"), detail="{answer}"),
    "label_voided": Act(later("Voided a vendor's label"), detail="{reason}"),
    "number_kept": Act(later("Said whose a tracking number is")),
    "policy_published": Act(later("Changed a rule"), detail=later("version {version}")),
    "settings_changed": Act(later("Changed the settings"), detail="{changed}"),
    "bulk_change_started": Act(later("Started a bulk change"), detail="{act}, {rows}"),
    "bulk_change_canceled": Act(later("Stopped a bulk change"), detail="{act}"),
    "bulk_change_exported": Act(later("Took along what a bulk change did")),
    "bulk_change_undone": Act(later("Took a bulk change back"), detail="{act}"),
    "import_started": Act(later("Took in a file")),
    "import_canceled": Act(later("Stopped taking in a file")),
    "import_refusals_exported": Act(later("Took along what was refused of a file")),
    "source_made": Act(later("Made an order source")),
    "source_paused": Act(later("Paused an order source")),
    "source_resumed": Act(later("Let an order source go on")),
    "source_secret_changed": Act(later("Changed the secret of an order source")),
    "delivery_tried_again": Act(later("Tried a shop's delivery again")),
    "webhook_added": Act(later("Added a webhook")),
    "webhook_changed": Act(later("Changed a webhook")),
    "webhook_secret_changed": Act(later("Changed the secret of a webhook")),
    "webhook_stopped": Act(later("Stopped a webhook")),
    "webhook_resumed": Act(later("Let a webhook go on")),
    "webhook_deleted": Act(later("Deleted a webhook")),
    "webhook_replayed": Act(later("Had a webhook's deliveries sent again")),
    "factors_resealed": Act(later("Sealed second factors with a new key"), detail="{count}"),
}


def _role(word: str) -> str:
    """Return a role in words; a name is told as it is."""
    return inside(role(word)) if word in ROLES else word


def _changed(words: Sequence[str]) -> str:
    return ", ".join(map(_, words))


# How a fact reads; the others are told as they are.
FACTS: dict[str, Callable[[Any], str]] = {
    "role": _role,
    "answer": lambda code: _(ANSWERS[code]) if code in ANSWERS else plain(code),
    "was": _role,
    "now": _role,
    "rights": lambda codes: ", ".join(inside(right(code)) for code in codes),
    "changed": _changed,
    "act": _,
    "rows": lambda n: _n("{n} row", "{n} rows", n),
    "count": lambda n: _n("{n} seal", "{n} seals", n),
}
# Who acted: an icon and its word.
KINDS = {
    "person": ("person", later("A person")),
    "key": ("key", later("A program's key")),
    "platform": ("cpu", later("The platform")),
    "nobody": ("person-dash", later("Somebody not signed in")),
}


def title(action: str, outcome: str = "done") -> str:
    """Return what an act is called; an unknown one by its own name."""
    act = ACTS.get(action)
    if act is None:
        return plain(action)
    return _(act.refused or act.done) if outcome == "refused" else _(act.done)


def told(row: Row[Any]) -> dict[str, Any]:
    """Return a row of the trail as a page shows it."""
    icon, kind = KINDS.get(row.actor_kind, KINDS["nobody"])
    return {
        "position": row.position,
        "at": row.at,
        "who": row.actor,
        "vendor": row.vendor,
        "icon": icon,
        "kind": _(kind),
        "what": title(row.action, row.outcome),
        "detail": _detail(row.action, row.facts),
        "subject": row.subject,
        "address": row.address,
        "is_refused": row.outcome == "refused",
    }


def _detail(action: str, facts: Mapping[str, Any]) -> str:
    template = ACTS[action].detail if action in ACTS else ""
    known = {name: FACTS.get(name, str)(value) for name, value in facts.items() if value}
    try:
        return (_(template) if template else "").format_map(known)
    except KeyError:
        return ""
