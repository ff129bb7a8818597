"""Who may do what in the console; everybody who signs in may read."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask_login import current_user

from app.shared.errors import NotAllowed

P = ParamSpec("P")
R = TypeVar("R")

ALL_ROLES = frozenset({"ops_agent", "ops_lead", "senior_management", "administrator"})
RIGHTS = {
    "acknowledge a case": ALL_ROLES,
    "resolve a case": ALL_ROLES,
    "close a dead letter": ALL_ROLES,
}


def may(right: str) -> bool:
    """Return whether whoever is signed in has a right."""
    return current_user.role in RIGHTS[right]


def needs(right: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Refuse a view to everybody whose role lacks the right."""

    def wrap(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            if not may(right):
                raise NotAllowed(f"Your role may not {right}; ask an ops lead to do it.")
            return view(*args, **kwargs)

        return wrapper

    return wrap
