"""How somebody wants to see and be told things: one document a person, read with their session."""

from __future__ import annotations

import json
import logging
from datetime import time
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy import text

from app.extensions import db
from app.shared import clock, language
from app.shared.errors import InvalidInput
from app.shared.language import _
from app.web import zones

logger = logging.getLogger(__name__)

Mailed = Literal["now", "digest", "never"]
PAGE_SIZES = (25, 50, 100)
# Only what changes is written: two windows of one person change two things without losing one.
SAVE = text(
    "INSERT INTO preferences AS p (user_id, document, changed_at)"
    " VALUES (:id, CAST(:document AS jsonb), :now) ON CONFLICT (user_id) DO UPDATE"
    " SET document = p.document || excluded.document, changed_at = excluded.changed_at"
)


class Preferences(BaseModel):
    """What somebody chose; what they did not choose has our default.

    `columns` and `sizes` are by list; `mail` and `quiet_on_screen` by kind of notice. `zone` is
    None where the browser's is taken, as `language` is. Quiet hours and the digest are in their
    zone.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    theme: Literal["system", "light", "dark"] = "system"
    density: Literal["comfortable", "compact"] = "comfortable"
    language: str | None = None
    zone: str | None = None
    has_keys: bool = True
    columns: dict[str, list[str]] = Field(default_factory=dict)
    sizes: dict[str, int] = Field(default_factory=dict)
    mail: dict[str, Mailed] = Field(default_factory=dict)
    quiet_on_screen: list[str] = Field(default_factory=list)
    quiet_from: time | None = None
    quiet_until: time | None = None
    digest_at: time = time(8)

    @field_validator("language")
    @classmethod
    def _spoken(cls, code: str | None) -> str | None:
        if code is not None and code not in {*language.available(), *language.PSEUDO}:
            raise ValueError("is no language we speak")
        return code

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in zones.known():
            raise ValueError("is no time zone we know")
        return zone

    def size(self, name: str) -> int:
        """Return how many rows a page of a list shows."""
        wanted = self.sizes.get(name)
        return wanted if wanted in PAGE_SIZES else 50


NOBODYS = Preferences()


def read(document: dict[str, Any] | None) -> Preferences:
    """Return stored preferences; what another release wrote and we cannot read is our default."""
    if not document:
        return NOBODYS
    try:
        return Preferences.model_validate(document)
    except ValidationError as refusal:
        unread = {error["loc"][0] for error in refusal.errors()}
        logger.warning("preferences could not be read", extra={"fields": sorted(map(str, unread))})
        kept = {name: value for name, value in document.items() if name not in unread}
        return Preferences.model_validate(kept)


def change(user_id: UUID, before: Preferences, **changes: Any) -> Preferences:
    """Store somebody's preferences with some of them changed; InvalidInput names what is wrong."""
    try:
        wanted = Preferences.model_validate(before.model_dump() | changes)
    except ValidationError as refusal:
        wrong = {
            str(e["loc"][0]): _("Choose one of those that are offered.") for e in refusal.errors()
        }
        raise InvalidInput(_("These preferences cannot be kept."), **wrong) from refusal
    document = json.dumps(wanted.model_dump(mode="json", include=set(changes)))
    values = {"id": user_id, "document": document, "now": clock.machine_now()}
    db.session.execute(SAVE, values)
    return wanted
