"""The pages about people: who they are, what they may do, and what is done about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app.accounts import people, words
from app.accounts.contract import OPS_ROLES, VENDOR_ROLES
from app.desk.desk import Desk, ago
from app.desk.forms import Invite, Role
from app.shared.language import _, inside
from app.shared.work import ACCOUNTS, transaction
from app.web.forms import page_of, refusals
from app.web.paging import link

LONGEST_WORD = 120
# Which people a view shows; invitations are nobody yet.
SHOWN: dict[str, Callable[[Row[Any]], bool]] = {
    "ops": lambda row: row.is_active and row.vendor_id is None,
    "vendors": lambda row: row.is_active and row.vendor_id is not None,
    "team": lambda row: bool(row.is_active),
    "off": lambda row: not row.is_active,
}


class People:
    """The pages about people at one desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def mount(self, blueprint: Blueprint, path: str) -> None:
        """Add the routes."""
        add = blueprint.add_url_rule
        one, invitation = f"{path}/<uuid:user_id>", "/invitations/<uuid:link_id>"
        add(path, self.desk.people, self.index)
        add(f"{path}/invite", "invite", self.invite, methods=["GET", "POST"])
        add(one, "person", self.person)
        add(f"{one}/role", "change_role", self.change_role, methods=["POST"])
        add(f"{one}/active", "set_active", self.set_active, methods=["POST"])
        add(f"{one}/factor", "forget_factor", self.forget_factor, methods=["POST"])
        add(f"{one}/sign-out", "sign_out_person", self.sign_out, methods=["POST"])
        add(f"{invitation}/renew", "renew_invitation", self.renew_invitation, methods=["POST"])
        add(f"{invitation}/revoke", "revoke_invitation", self.revoke_invitation, methods=["POST"])

    def _home(self, view: str | None = None) -> str:
        return url_for(f"{self.desk.face}.{self.desk.people}", view=view)

    # The list ------------------------------------------------------------------------------

    def index(self) -> ResponseReturnValue:
        """Show who there is, and who is invited."""
        q = _printable(request.args.get("q", ""))
        view = request.args.get("view", "")
        view = view if view in self.desk.views else next(iter(self.desk.views))
        with transaction(ACCOUNTS):
            found = people.people(self.desk.whose(), q)
            invited = [row for row in people.invitations(self.desk.whose()) if _is_like(row, q)]
        listed = {
            name: [r for r in found if SHOWN[name](r)] for name in self.desk.views if name in SHOWN
        }
        return self.desk.page(
            "people/people.html",
            people=[_listed(row) for row in listed.get(view, ())],
            invitations=[_invited(row) for row in invited] if view == "invited" else [],
            tabs=self._tabs(
                view, q, {**{n: len(r) for n, r in listed.items()}, "invited": len(invited)}
            ),
            view=view,
            wanted=q,
            is_cut=len(found) == people.MOST,
        )

    def _tabs(self, current: str, q: str, counts: dict[str, int]) -> list[dict[str, Any]]:
        return [
            {
                "label": _(label),
                "href": link(self._home(), {}, view=name, q=q or None),
                "current": name == current,
                "count": counts[name],
            }
            for name, label in self.desk.views.items()
        ]

    # Invitations ---------------------------------------------------------------------------

    def invite(self) -> ResponseReturnValue:
        """Ask whom to invite, and send the invitation; an address may name the vendor and role."""
        form = Invite(self.desk.roles, self.desk.vendors(), request.args)
        if form.validate_on_submit():
            with refusals(form):
                self._send(form)
                said = _(
                    "{name} has an invitation. It is good for three days.", name=form.name.data
                )
                flash(said, "good")
                return redirect(self._home(view="invited"))
        return page_of(form, "people/invite.html", **self.desk.context(sentences=words.sentences()))

    def _send(self, form: Invite) -> None:
        vendor = self.desk.whose() or form.vendor_id()
        with transaction(ACCOUNTS):
            people.invite(form.email.data, form.name.data, form.role.data, vendor, current_user)

    def renew_invitation(self, link_id: UUID) -> ResponseReturnValue:
        """Send an invitation again."""
        with transaction(ACCOUNTS):
            people.renew_invitation(link_id, current_user)
        flash(
            _("The invitation is sent again. The link of the mail before opens nothing now."),
            "good",
        )
        return redirect(self._home(view="invited"))

    def revoke_invitation(self, link_id: UUID) -> ResponseReturnValue:
        """Take an invitation back."""
        with transaction(ACCOUNTS):
            people.revoke_invitation(link_id, current_user)
        flash(_("The invitation is taken back. Its link opens nothing now."), "good")
        return redirect(self._home(view="invited"))

    # One person ----------------------------------------------------------------------------

    def person(self, user_id: UUID) -> ResponseReturnValue:
        """Show somebody, and what can be done about them."""
        with transaction(ACCOUNTS):
            row = people.person(user_id, current_user)
        return self._person(row, Role(_roles_like(row), row.role))

    def _person(self, row: Row[Any], form: Role) -> ResponseReturnValue:
        context = self.desk.context(
            person=_listed(row) | {"created": row.created_at, "sessions": row.sessions},
            is_barred=row.is_barred and self.desk.whose() is not None,
            sentences=words.sentences(),
            history=self.desk.history(row.id),
        )
        return page_of(form, "people/person.html", **context)

    def change_role(self, user_id: UUID) -> ResponseReturnValue:
        """Give somebody another role."""
        with transaction(ACCOUNTS):
            row = people.person(user_id, current_user)
        form = Role(_roles_like(row), row.role)
        if not form.validate_on_submit():
            return self._person(row, form)
        role = form.role.data
        said = _("{name} is {role} now.", name=row.name, role=inside(words.role(role)))
        return self._act(row, form, lambda: people.change_role(user_id, role, current_user), said)

    def set_active(self, user_id: UUID) -> ResponseReturnValue:
        """Switch somebody off or on."""
        is_on = request.form.get("active") == "1"
        said = _("They are signed out and cannot sign in.")
        if is_on:
            said = _("They can sign in again.")
        return self._do(user_id, lambda: people.set_active(user_id, is_on, current_user), said)

    def forget_factor(self, user_id: UUID) -> ResponseReturnValue:
        """Let somebody enrol another second factor."""
        said = _("Their second factor is forgotten. They set up another when they sign in next.")
        return self._do(user_id, lambda: people.forget_factor(user_id, current_user), said)

    def sign_out(self, user_id: UUID) -> ResponseReturnValue:
        """End all sessions of somebody."""
        said = _("They are signed out everywhere.")
        return self._do(user_id, lambda: people.sign_out_person(user_id, current_user), said)

    def _do(self, user_id: UUID, do: Callable[[], object], said: str) -> ResponseReturnValue:
        with transaction(ACCOUNTS):
            row = people.person(user_id, current_user)
        # The page behind a refusal shows the role as it is: this form did not ask for one.
        return self._act(row, Role(_roles_like(row), row.role, formdata=None), do, said)

    def _act(
        self, row: Row[Any], form: Role, do: Callable[[], object], said: str
    ) -> ResponseReturnValue:
        """Do something about somebody; a refusal is shown where it was asked."""
        with refusals(form):
            with transaction(ACCOUNTS):
                do()
            flash(said, "good")
            return redirect(url_for(f"{self.desk.face}.person", user_id=row.id))
        return self._person(row, form)


def _printable(word: str) -> str:
    return "".join(c for c in word.strip() if c.isprintable())[:LONGEST_WORD]


def _is_like(row: Row[Any], q: str) -> bool:
    return q.lower() in f"{row.name} {row.email}".lower()


def _roles_like(row: Row[Any]) -> tuple[str, ...]:
    """Return the roles somebody can change between: nobody moves between ops and vendors."""
    return VENDOR_ROLES if row.role in VENDOR_ROLES else OPS_ROLES


def _listed(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "email": row.email,
        "role": words.role(row.role),
        "vendor": row.vendor_name,
        "has_factor": row.has_factor,
        "seen": ago(row.seen_at, _("not signed in")),
        "is_active": row.is_active,
        "is_me": row.id == current_user.id,
    }


def _invited(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "email": row.email,
        "role": words.role(row.role),
        "vendor": row.vendor_name,
        "by": row.made_by,
        "at": row.made_at,
        "until": row.expires_at,
        "is_over": row.is_over,
    }


def no_history(_user_id: UUID) -> Sequence[dict[str, Any]]:
    """Return nothing: the trail is for ops."""
    return ()
