"""All that shows itself: the faces, their error pages and headers, and the commands."""

from __future__ import annotations

from flask import Flask
from flask_bootstrap import Bootstrap5
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf import CSRFProtect

from app import commands
from app.accounts.service import user_by_id
from app.api.views import blueprint as api
from app.console.views import blueprint as console
from app.extensions import db
from app.signin.views import blueprint as signin
from app.web import errors, headers, health, words

csrf = CSRFProtect()
login_manager = LoginManager()


def register(app: Flask) -> None:
    """Add everything to an application."""
    Migrate(app, db, directory="migrations")
    Bootstrap5(app)
    csrf.init_app(app)
    # Programs carry a key in a header that no browser sends by itself.
    csrf.exempt(api)
    login_manager.init_app(app)
    login_manager.user_loader(user_by_id)
    login_manager.login_view = "signin.signin"
    login_manager.login_message = None

    for blueprint in (health.blueprint, api, console, signin):
        app.register_blueprint(blueprint)
    words.register(app)
    errors.register(app)
    headers.register(app)
    commands.register(app)
