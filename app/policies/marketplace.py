"""What this marketplace is called, looks like and takes for granted, for every page of a process.

Read once in a few seconds: a page costs no statement for it, and needs no database to have it.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from app.policies.documents import Marketplace
from app.policies.queries import InForce, in_force
from app.shared.work import PLATFORM, transaction

logger = logging.getLogger(__name__)
NAME = "marketplace"
# So old may another process's picture be after somebody has saved the settings.
LASTS_SECONDS = 5.0
SHIPPED = InForce(0, Marketplace())


@dataclass(frozen=True, slots=True)
class Known:
    """What was read, and when by the machine's own clock."""

    found: InForce[Marketplace]
    read_at: float


def current() -> InForce[Marketplace]:
    """Return the settings as this process knows them; what the product ships with before that."""
    known: Known | None = current_app.extensions.get(NAME)
    return known.found if known else SHIPPED


def read(now: datetime) -> InForce[Marketplace]:
    """Return the settings in force; what today's rules would refuse counts as not decided.

    A color that was once good enough must not keep mails from leaving, or pages from opening.
    """
    try:
        return in_force(Marketplace, now)
    except ValidationError:
        logger.warning("settings refused", exc_info=True)
        return SHIPPED


def zone() -> str:
    """Return the time zone in which days are shown and promised where nothing else is said."""
    return current().document.zone or str(current_app.config["TZ_DEFAULT"])


def currency() -> str:
    """Return the currency of what names none."""
    return current().document.currency or str(current_app.config["CURRENCY_DEFAULT"])


def look(*, at_once: bool = False) -> None:
    """Read the settings again when they are old; where they cannot be read they stay as they are.

    Opens its own transaction.
    """
    known: Known | None = current_app.extensions.get(NAME)
    if known and not at_once and time.monotonic() - known.read_at < LASTS_SECONDS:
        return
    found = known.found if known else SHIPPED
    try:
        with transaction(PLATFORM) as now:
            found = read(now)
    except SQLAlchemyError:
        # The page itself will say so if it needs the database; an error page must not.
        logger.warning("settings not read", exc_info=True)
    current_app.extensions[NAME] = Known(found, time.monotonic())
