"""Who a program is: the key it carries and what that lets it do."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from app.accounts.service import Principal, principal_of
from app.api.forms import CONTROL
from app.shared.errors import InvalidInput, NotAllowed

P = ParamSpec("P")
R = TypeVar("R")


def identify() -> None:
    """Find out whose key a request carries; none, or a wrong one, is 401."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    principal = principal_of(token) if scheme.lower() == "bearer" and token else None
    if principal is None:
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer"))
    g.principal = principal


def refuse_control_characters() -> None:
    """Refuse addresses with control characters: no name of ours has any."""
    told = [*(request.view_args or {}).values(), *request.args.values()]
    if any(CONTROL.search(str(value)) for value in told):
        raise InvalidInput("The address holds a control character.", address="plain text only")


def caller() -> Principal:
    """Return who asks."""
    return cast("Principal", g.principal)


def marketplace_only(view: Callable[P, R]) -> Callable[P, R]:
    """Refuse a vendor's key."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if not caller().is_marketplace:
            raise NotAllowed("This key is a vendor's; only the marketplace's own keys may do this.")
        return view(*args, **kwargs)

    return wrapper
