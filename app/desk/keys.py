"""The pages about programs' keys: which there are, a new one, and the end of one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app.accounts import keys, words
from app.accounts.contract import MARKETPLACE_RIGHTS, VENDOR_RIGHTS
from app.desk.desk import Desk, ago
from app.desk.forms import Key
from app.shared.errors import Conflict
from app.shared.language import _
from app.shared.work import ACCOUNTS, transaction
from app.web.forms import page_of, refusals


class Keys:
    """The pages about keys at one desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def mount(self, blueprint: Blueprint, path: str) -> None:
        """Add the routes."""
        add = blueprint.add_url_rule
        add(path, "keys", self.index)
        add(f"{path}/new", "new_key", self.new, methods=["GET", "POST"])
        add(f"{path}/<uuid:key_id>/revoke", "revoke_key", self.revoke, methods=["POST"])

    def index(self) -> ResponseReturnValue:
        """Show the keys, those in use first."""
        with transaction(ACCOUNTS):
            found = [_listed(row) for row in keys.keys(self.desk.whose())]
        return self.desk.page(
            "people/keys.html",
            keys=[row for row in found if not row["revoked"]],
            revoked=[row for row in found if row["revoked"]],
            is_all=self.desk.whose() is None,
        )

    def new(self) -> ResponseReturnValue:
        """Ask what a key is for, and show it this once."""
        is_vendors = self.desk.whose() is not None or request.args.get("whose") == "vendor"
        vendors = self.desk.vendors() if is_vendors else None
        form = Key(VENDOR_RIGHTS if is_vendors else MARKETPLACE_RIGHTS, vendors)
        if form.validate_on_submit():
            with refusals(form):
                return self._made(form, self._create(form))
        context = self.desk.context(
            sentences=words.sentences(),
            whose="vendor" if is_vendors else "marketplace",
            is_all=self.desk.whose() is None,
        )
        return page_of(form, "people/new_key.html", **context)

    def _create(self, form: Key) -> str:
        vendor = self.desk.whose()
        if "vendor" in form:
            vendor = UUID(form.vendor.data)
        with transaction(ACCOUNTS):
            return keys.create(form.name.data, form.rights.data, vendor, current_user)

    def _made(self, form: Key, token: str) -> ResponseReturnValue:
        """Show the token in the answer itself: it is kept nowhere, so no reload shows it again."""
        return self.desk.page(
            "people/key_made.html",
            name=form.name.data,
            token=token,
            rights=[words.right(code) for code in form.rights.data],
            public_url=current_app.config["PUBLIC_URL"],
            first_call=words.first_call(tuple(form.rights.data)),
        )

    def revoke(self, key_id: UUID) -> ResponseReturnValue:
        """Make a key nobody's."""
        try:
            with transaction(ACCOUNTS):
                keys.revoke(key_id, current_user)
        except Conflict as refusal:
            flash(_(refusal.detail), "warn")
        else:
            said = _("The key is revoked. Programs that carry it are refused from now on.")
            flash(said, "good")
        return redirect(url_for(f"{self.desk.face}.keys"))


def _listed(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "vendor": row.vendor,
        "rights": [words.right(code) for code in row.rights],
        "hint": row.hint,
        "used": ago(row.used_at, _("never used")),
        "by": row.made_by,
        "at": row.created_at,
        "revoked": row.revoked_at,
    }
