"""Mails about somebody's own account, in the language they chose."""

from __future__ import annotations

from app.accounts.contract import Person
from app.notifications.service import tell_person


def tell(template: str, person: Person) -> None:
    """Queue a message that names nobody but whom it tells."""
    language = person.preferences.language
    tell_person(template, person.email, {"name": person.name}, language)
