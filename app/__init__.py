"""Onward: the fulfillment platform of a multi-vendor marketplace."""

from __future__ import annotations

from flask import Flask

from app import commands, extensions
from app.accounts.service import user_by_id
from app.api.views import blueprint as api
from app.console.views import blueprint as console
from app.shared import logs
from app.signin.views import blueprint as signin
from app.web import errors, headers, health, words
from config import Config


def create_app(config: Config) -> Flask:
    """Return the application: extensions, faces, error pages, commands."""
    app = Flask(__name__)
    app.config.from_mapping(config.for_flask())
    logs.set_up(config.LOG_LEVEL)

    extensions.db.init_app(app)
    extensions.valkey.init_app(app)
    extensions.migrate.init_app(app, extensions.db, directory="migrations")
    extensions.bootstrap.init_app(app)
    extensions.csrf.init_app(app)
    extensions.login_manager.init_app(app)
    extensions.login_manager.user_loader(user_by_id)
    extensions.login_manager.login_view = "signin.signin"
    extensions.login_manager.login_message = None

    for blueprint in (health.blueprint, api, console, signin):
        app.register_blueprint(blueprint)
    # Programs carry a key in a header that no browser sends by itself.
    extensions.csrf.exempt(api)

    words.register(app)
    errors.register(app)
    headers.register(app)
    commands.register(app)
    return app
