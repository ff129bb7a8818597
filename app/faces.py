"""All that shows itself: the faces, their error pages and headers, and the commands."""

from __future__ import annotations

from flask import Flask
from flask_bootstrap import Bootstrap5
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf import CSRFProtect

from app import commands
from app.api.docs import blueprint as docs
from app.api.views import blueprint as api
from app.console.views import blueprint as console
from app.doors import guard
from app.extensions import db
from app.hooks.views import blueprint as hooks
from app.policies.views import blueprint as brand
from app.portal.views import blueprint as portal
from app.signin.views import blueprint as signin
from app.web import (
    assets,
    errors,
    headers,
    health,
    languages,
    live,
    marks,
    metrics,
    rates,
    reports,
    toasts,
    words,
)

csrf = CSRFProtect()
login_manager = LoginManager()


def register(app: Flask) -> None:
    """Add everything to an application."""
    # First: a refusal, too, is counted, and has its request's name and its headers.
    metrics.register(app)
    headers.register(app)
    languages.register(app)
    live.register(app, guard.still)
    Migrate(app, db, directory="migrations")
    Bootstrap5(app)
    # Before tokens are looked for, which reads the form.
    guard.widen(app)
    csrf.init_app(app)
    # Programs carry a key in a header that no browser sends by itself.
    csrf.exempt(api)
    # Shops sign what they send.
    csrf.exempt(hooks)
    # Browsers report without a form, and a report changes nothing.
    csrf.exempt(reports.blueprint)
    login_manager.init_app(app)
    login_manager.user_loader(guard.known)
    # A phone changes its address all day; a session ends on the server.
    login_manager.session_protection = None

    own = (health.blueprint, metrics.blueprint, reports.blueprint)
    for blueprint in (brand, *own, api, docs, hooks, console, portal, signin):
        app.register_blueprint(blueprint)
    guard.register(app)
    rates.register(app)
    assets.register(app)
    app.jinja_env.globals["draw"] = marks
    toasts.register(app)
    words.register(app)
    errors.register(app)
    commands.register(app)
