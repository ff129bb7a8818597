"""The marketplace on every page: its name, its zone, and the style sheet of its brand."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.policies import marketplace
from app.policies.documents import Marketplace
from app.policies.rules import stylesheet
from app.web import languages, zones

blueprint = Blueprint("brand", __name__)
# They show nothing of the marketplace, and must answer while the database is away.
WITHOUT = {"static", "bootstrap.static", "health.healthz", "health.readyz"}


@blueprint.before_app_request
def know_the_marketplace() -> None:
    """Know the settings before a page is made, so that no page waits for them later."""
    if request.endpoint not in WITHOUT:
        marketplace.look()
        zones.fall_back_to(marketplace.zone())
        languages.fall_back_to(marketplace.current().document.languages)


@blueprint.app_context_processor
def shown() -> dict[str, object]:
    """Return what the shell of every page shows."""
    found = marketplace.current()
    brand = found.version if has_brand(found.document) else None
    return {"marketplace": {"name": found.document.name, "brand": brand}}


def has_brand(document: Marketplace) -> bool:
    """Return whether the marketplace has a color of its own."""
    return bool(document.accent_light or document.accent_dark)


@blueprint.get("/brand.css")
def css() -> Response:
    """Serve the brand's colors; the version in the address makes them good for ever."""
    found = marketplace.current()
    colors = {"light": found.document.accent_light, "dark": found.document.accent_dark}
    answer = Response(stylesheet(colors), mimetype="text/css")
    # Another process may not know the version yet: what it serves must not be kept under its name.
    if request.args.get("v") == str(found.version):
        answer.cache_control.public = True
        answer.cache_control.max_age = 31_536_000
        answer.cache_control.immutable = True
    else:
        answer.cache_control.no_store = True
    return answer
