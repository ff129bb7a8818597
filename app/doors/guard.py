"""The guard: before every request, who stands there and whether this door is theirs."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, after_this_request, current_app, g, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import MethodNotAllowed, Unauthorized

from app.accounts import sessions
from app.accounts.contract import VENDOR_ROLES, Origin, Person, Stage
from app.accounts.keys import Principal, principal_of
from app.accounts.sign_in import device_token
from app.accounts.throttle import place
from app.audit.contract import nobody
from app.audit.service import record
from app.doors.table import Audience, Door, door_of
from app.shared.errors import InvalidInput, NotAllowed, NotFound
from app.shared.language import _
from app.shared.work import ACCOUNTS, transaction
from app.timeline.contract import Source
from app.timeline.service import behind
from app.web import errors, languages, rates, zones

READING = {"GET", "HEAD"}
# Nobody need have signed in: what a shop sends is verified when it is read.
SIGNED_OR_PUBLIC = {Audience.PUBLIC, Audience.SHOP}
# Where somebody goes who has not come all the way in.
NEXT_STEP = {Stage.CODE: "/signin/code", Stage.ENROL: "/account/second-factor"}
# A browser that has signed in is known again for a year.
DEVICE_SECONDS = 365 * 24 * 3600


def register(app: Flask) -> None:
    """Put the guard before every request, and tell templates which doors are open."""
    app.before_request(_ask)
    app.register_error_handler(NotAllowed, _denied)
    app.jinja_env.globals["may"] = may


def known(token: str) -> Person | None:
    """Return who holds a session's token, at the address they ask from now."""
    is_page_alone = request.blueprint == "live" or "X-Live" in request.headers
    who = sessions.find(token, is_sign_of_life=not is_page_alone)
    if who is None:
        return None
    zones.prefer(who.preferences.zone)
    languages.prefer(who.preferences.language)
    return replace(who, address=origin().address)


def still(token: str) -> Person | None:
    """Return who holds a session's token, for what goes on after their request."""
    return sessions.find(token, is_sign_of_life=False)


def person() -> Person | None:
    """Return who has signed in here, however far; themselves, not Flask-Login's stand-in."""
    found = current_user._get_current_object()  # noqa: SLF001 - the stand-in changes on signing out
    return found if isinstance(found, Person) else None


def may(endpoint: str, method: str = "POST") -> bool:
    """Return whether a door is open to whoever is signed in, so that a button can be shown."""
    door, who = door_of(endpoint, method), person()
    return door is not None and who is not None and _is_theirs(door, who, method)


def origin() -> Origin:
    """Return where this request comes from."""
    device = request.cookies.get(_device_cookie())
    return Origin(request.remote_addr or "", request.headers.get("User-Agent", ""), device)


def let_in(token: str) -> Person:
    """Give this browser a session's token; what it carried before belongs to nobody any more."""
    who = known(token)
    if who is None:
        raise Unauthorized
    session.clear()
    login_user(who, force=True)
    if who.stage is Stage.IN:
        _remember_device(who)
    return who


def let_out() -> None:
    """Take the token from this browser."""
    logout_user()
    session.clear()


def _device_cookie() -> str:
    return "__Host-device" if current_app.config["SESSION_COOKIE_SECURE"] else "device"


def _remember_device(who: Person) -> None:
    name, is_secure = _device_cookie(), bool(current_app.config["SESSION_COOKIE_SECURE"])

    @after_this_request
    def remember(response: Response) -> Response:
        response.set_cookie(
            name,
            device_token(who),
            max_age=DEVICE_SECONDS,
            secure=is_secure,
            httponly=True,
            samesite="Lax",
        )
        return response


def widen(app: Flask) -> None:
    """Let those whose door it is send more than strangers may; before any form is read."""
    app.before_request(_widen)


def _widen() -> None:
    door, who = door_of(request.endpoint, request.method), person()
    if (
        door
        and door.most_bytes
        and who
        and who.stage is Stage.IN
        and _is_theirs(door, who, request.method)
    ):
        request.max_content_length = door.most_bytes


def _ask() -> ResponseReturnValue | None:
    """Return where somebody must go instead, or nothing; refusals are raised."""
    if request.routing_exception is not None:
        return None
    door = door_of(request.endpoint, request.method)
    if door is None and request.method == "OPTIONS":
        # Flask would answer this at every address by itself.
        raise MethodNotAllowed
    if door is None:
        raise NotAllowed(_("This door is in no table, so it is opened to nobody."))
    if any("\0" in str(value) for value in (request.view_args or {}).values()):
        raise NotFound(_("Nothing here has such a name."))
    if door.audience is Audience.KEY:
        _ask_key(door)
        return None
    rates.count(door.rate, _whose_pace())
    if request.method not in READING and door.is_form:
        _require_own_page()
        _require_readable_form()
    return None if door.audience in SIGNED_OR_PUBLIC else _ask_person(door)


def _whose_pace() -> str:
    """Return whose requests are counted together: nobody is slowed by a stranger's."""
    who = person()
    if who is None:
        return place(origin().address)
    return str(who.id if who.stage is Stage.IN else who.session_id)


def _require_own_page() -> None:
    """Refuse what another site's page sends, before its token is even looked at."""
    theirs, ours = request.headers.get("Origin"), urlsplit(current_app.config["PUBLIC_URL"])
    is_ours = theirs in {None, f"{ours.scheme}://{ours.netloc}", request.host_url.rstrip("/")}
    is_elsewhere = request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}
    if is_elsewhere or not is_ours:
        raise NotAllowed(_("This came from a page of another site."))


def _require_readable_form() -> None:
    """Refuse what no keyboard types and no table holds."""
    for name, value in request.form.items(multi=True):
        if "\0" in name or "\0" in value:
            raise InvalidInput(_("The form holds a NUL character. Type it again."))


def _ask_key(door: Door) -> None:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    found = principal_of(token) if scheme.lower() == "bearer" and token else None
    if found is None:
        _note_wrong_key()
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer"))
    rates.count(door.rate, str(found.id))
    g.principal = found
    behind(Source.KEY if found.vendor_id is None else Source.VENDOR_KEY)
    _require_right(door, found)


def _note_wrong_key() -> None:
    where = place(origin().address)
    rates.count("wrong_key", where)
    if request.headers.get("Authorization") and rates.is_first("refusal", f"key {where}"):
        with transaction(ACCOUNTS):
            record("key_refused", nobody(origin().address), is_done=False)


def _require_right(door: Door, key: Principal) -> None:
    if door.is_marketplace and not key.is_marketplace:
        raise NotAllowed("This key is a vendor's; only the marketplace's own keys may do this.")
    if door.is_vendors and key.is_marketplace:
        raise NotAllowed("This key is the marketplace's; only a vendor's own keys may do this.")
    if door.right not in key.rights:
        raise NotAllowed(f"This key lacks the right '{door.right}'; make one that has it.")


def _ask_person(door: Door) -> ResponseReturnValue | None:
    who = person()
    if who is None:
        return _to_sign_in()
    if who.stage not in door.stages:
        return redirect(NEXT_STEP.get(who.stage, who.home))
    if not _is_theirs(door, who, request.method):
        raise _refusal(_why(door, who), (who.home, _("Go to your own pages")))
    behind(Source.PERSON if who.is_ops else Source.VENDOR)
    return _ask_presence(door, who)


def _to_sign_in() -> ResponseReturnValue:
    if errors.wants_json():
        raise Unauthorized
    # Only a page can be gone back to; a button must be pressed again.
    wanted = request.full_path.rstrip("?") if request.method in READING else None
    return redirect("/signin" + (f"?{urlencode({'next': wanted}, safe='/?')}" if wanted else ""))


def _is_theirs(door: Door, who: Person, method: str) -> bool:
    if door.audience is Audience.VENDOR and who.viewing:
        # A vendor's work, not its team and its keys.
        return method in READING and set(VENDOR_ROLES) <= door.roles
    return who.role in door.roles


def _why(door: Door, who: Person) -> str:
    if door.audience is Audience.VENDOR and who.viewing:
        return _(
            "You see what {vendor} sees; nothing can be changed from here.",
            vendor=who.viewing.name,
        )
    return _("Your role does not open this; an administrator can tell whose it is.")


def _ask_presence(door: Door, who: Person) -> ResponseReturnValue | None:
    if not door.is_fresh or who.is_fresh:
        return None
    is_page = request.method in READING
    back = request.full_path.rstrip("?") if is_page else who.home
    confirm = f"/signin/confirm?{urlencode({'next': back}, safe='/?')}"
    if is_page:
        return redirect(confirm)
    raise _refusal(_("Show first that it is still you."), (confirm, _("Show that it is you")))


def _refusal(why: str, step: tuple[str, str]) -> NotAllowed:
    refusal = NotAllowed(why)
    refusal.step = step
    return refusal


def _denied(error: NotAllowed) -> Response:
    """Write a refusal down, whoever raised it, and answer it."""
    key, who = g.get("principal"), person()
    actor = nobody(origin().address)
    if isinstance(key, Principal):
        actor = key.actor(actor.address)
    elif who is not None:
        actor = sessions.actor_of(who)
    door = f"{request.method} {request.endpoint}"
    if rates.is_first("refusal", f"{actor.id or place(actor.address)} {door}"):
        with transaction(ACCOUNTS):
            record("access_denied", actor, subject=door, is_done=False)
    return errors.refusal(error)
