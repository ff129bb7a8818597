"""Mails about notices in the background."""

from __future__ import annotations

from app.accounts.told import mail
from workers.job import IsTimeUp, job


@job
def mail_notices(is_time_up: IsTimeUp) -> int:
    """Mail people what they are to know by now."""
    return mail(is_time_up=is_time_up)
