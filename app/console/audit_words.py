"""The audit trail in words: what somebody did, or was refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from app.accounts.words import ROLES, right, role
from app.web.words import count, plain


@dataclass(frozen=True, slots=True)
class Act:
    """What an act is called when it was done and when it was refused, and what is told of it."""

    done: str
    refused: str | None = None
    detail: str = ""


ACTS = {
    # Coming in
    "signed_in": Act("Signed in", "Tried to sign in"),
    "password_shown": Act("Showed the right password"),
    "confirmed": Act("Proved again who they are", "Failed to prove who they are"),
    "signed_out": Act("Signed out"),
    "session_ended": Act("Ended one of their sessions"),
    "sessions_ended": Act("Ended all their other sessions"),
    "guessing_slowed": Act("Guessing was slowed down"),
    "key_refused": Act("Key refused", "Carried a key that is nobody's"),
    "access_denied": Act("Access denied", "Was not let in at"),
    # One's own account
    "name_changed": Act("Changed their name", detail="was {was}"),
    "email_change_asked": Act("Asked for another e-mail address"),
    "email_changed": Act("Changed their e-mail address"),
    "password_changed": Act("Changed their password", "Gave a wrong current password"),
    "password_reset": Act("Chose a new password by mail"),
    "reset_asked": Act("Asked for a new password", "Asked for a password nobody has"),
    "factor_enrolled": Act("Set up a second factor"),
    "factor_removed": Act("Removed their second factor"),
    "recovery_codes_renewed": Act("Made new recovery codes"),
    "passkey_added": Act("Added a passkey"),
    "passkey_removed": Act("Removed a passkey"),
    # Lists
    "list_exported": Act("Took a list along as a file"),
    # Looking after people
    "invitation_sent": Act("Sent an invitation", detail="as {role}"),
    "invitation_accepted": Act("Accepted an invitation", detail="as {role}"),
    "invitation_revoked": Act("Took an invitation back"),
    "role_changed": Act("Changed a role", detail="from {was} to {now}"),
    "person_switched_off": Act("Switched somebody off"),
    "person_switched_on": Act("Switched somebody on"),
    "person_signed_out": Act("Signed somebody out everywhere"),
    "factor_forgotten": Act("Forgot somebody's second factor"),
    "view_as_vendor_began": Act("Opened the portal of"),
    "view_as_vendor_ended": Act("Left the portal of"),
    # Programs, settings, the trail itself
    "key_made": Act("Made a key", detail="may {rights}"),
    "key_revoked": Act("Revoked a key"),
    "vendors_saved": Act("Changed vendors"),
    "policy_published": Act("Changed a rule", detail="version {version}"),
    "settings_changed": Act("Changed the settings", detail="{changed}"),
    "bulk_change_started": Act("Started a bulk change", detail="{act}, {rows}"),
    "bulk_change_canceled": Act("Stopped a bulk change", detail="{act}"),
    "bulk_change_exported": Act("Took along what a bulk change did"),
    "bulk_change_undone": Act("Took a bulk change back", detail="{act}"),
    "factors_resealed": Act("Sealed second factors with a new key", detail="{count}"),
}


def _role(word: str) -> str:
    """Return a role in words; a name is told as it is."""
    return role(word).lower() if word in ROLES else word


# How a fact reads; the others are told as they are.
FACTS: dict[str, Callable[[Any], str]] = {
    "role": _role,
    "was": _role,
    "now": _role,
    "rights": lambda codes: ", ".join(right(code).lower() for code in codes),
    "changed": ", ".join,
    "rows": lambda number: count(number, "row"),
    "count": lambda number: count(number, "seal"),
}
# Who acted: an icon and its word.
KINDS = {
    "person": ("person", "A person"),
    "key": ("key", "A program's key"),
    "platform": ("cpu", "The platform"),
    "nobody": ("person-dash", "Somebody not signed in"),
}


def title(action: str, outcome: str = "done") -> str:
    """Return what an act is called; an unknown one by its own name."""
    act = ACTS.get(action, Act(plain(action)))
    return (act.refused or act.done) if outcome == "refused" else act.done


def told(row: Row[Any]) -> dict[str, Any]:
    """Return a row of the trail as a page shows it."""
    icon, kind = KINDS.get(row.actor_kind, KINDS["nobody"])
    return {
        "position": row.position,
        "at": row.at,
        "who": row.actor,
        "vendor": row.vendor,
        "icon": icon,
        "kind": kind,
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
        return template.format_map(known)
    except KeyError:
        return ""
