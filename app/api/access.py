"""Who a program is (the guard has asked), and what its addresses may hold."""

from __future__ import annotations

from typing import cast

from flask import g, request

from app.accounts.keys import Principal
from app.audit.contract import Actor
from app.shared.errors import InvalidInput
from app.web.fields import CONTROL


def refuse_control_characters() -> None:
    """Refuse addresses with control characters: no name of ours has any."""
    told = [*(request.view_args or {}).values(), *request.args.values()]
    if any(CONTROL.search(str(value)) for value in told):
        raise InvalidInput("The address holds a control character.", address="plain text only")


def caller() -> Principal:
    """Return who asks."""
    return cast("Principal", g.principal)


def actor() -> Actor:
    """Return who asks, as the audit trail names it."""
    return caller().actor(request.remote_addr or "")
